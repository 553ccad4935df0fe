"""Small projects made of literals, for the tests of the static stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import pytest

from auditor.ruleset import Ruleset, load
from auditor.static.engine import Engine, find_files
from auditor.static.files.discovery import Discovery
from auditor.static.project import Project

Files = Mapping[str, str | bytes]
CASES = Path(__file__).parent / "cases"


@dataclass
class Case:
    """One entry of a file in `cases/`: `=== title | field | …`, then per file `--- name` and its text."""

    title: str
    expected: tuple[str, ...]
    files: dict[str, str] = field(default_factory=dict)


def read_cases(name: str) -> Iterator[Case]:
    case: Case | None = None
    current = ""
    for line in (CASES / name).read_text().splitlines():
        if line.startswith("=== "):
            if case is not None:
                yield case
            title, *expected = (part.strip() for part in line[4:].split(" | "))
            case = Case(title, tuple(expected))
        elif line.startswith("--- ") and case is not None:
            current = line[4:].strip()
            case.files[current] = ""
        elif case is not None:
            case.files[current] += line + "\n"
    if case is not None:
        yield case


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "cases(name): run once for every case of a file in tests/static/cases")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for marker in metafunc.definition.iter_markers("cases"):
        cases = list(read_cases(marker.args[0]))
        metafunc.parametrize("case", cases, ids=[case.title for case in cases])


@pytest.fixture(scope="session")
def ruleset() -> Ruleset:
    return load()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Files], Path]:
    """Write files below a fresh folder; text is dedented."""

    def write_files(files: Files) -> Path:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else dedent(content).lstrip("\n").encode())
        return tmp_path

    return write_files


@pytest.fixture
def discover(write: Callable[[Files], Path]) -> Callable[..., Discovery]:
    def discover_files(files: Files, *below: str, exclude: tuple[str, ...] = ()) -> Discovery:
        root = write(files)
        return find_files(root, [root / part for part in below] or [root], exclude)

    return discover_files


@pytest.fixture
def project(discover: Callable[..., Discovery], ruleset: Ruleset) -> Callable[[Files], Project]:
    """The project that consists of these files; no rule is in force, every RNG library is known."""

    def make_project(files: Files) -> Project:
        return Engine(ruleset, ()).project(discover(files))

    return make_project
