"""The nearest line of the program, whatever lies between it and the op."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auditor.probe.callsite import CallSites


class Writer:
    def __init__(self) -> None:
        self.sites: list[tuple[str, int, str]] = []

    def site(self, path: str, line: int, function: str) -> int:
        key = (path, line, function)
        if key not in self.sites:
            self.sites.append(key)
        return self.sites.index(key) + 1


def found(project: Path, *files: tuple[Path, str], torch: Path, boundary: str = "") -> tuple[str, int] | None:
    """Chain functions, outermost first, each in its own file and calling the next; return (path, line) of the site."""
    writer = Writer()
    sites = CallSites(writer, str(project))
    sites.install(SimpleNamespace(__file__=str(torch / "__init__.py")))
    look = sites.user_site
    call: Any = lambda: look(2)  # noqa: E731
    for path, name in reversed(files):
        path.parent.mkdir(parents=True, exist_ok=True)
        namespace: dict[str, Any] = {"inner": call}
        exec(compile(f"\ndef {name}():\n    return inner()\n", str(path), "exec"), namespace)
        if name == boundary:
            sites.mark_boundary(namespace[name].__code__)
            look = lambda depth: sites.site_below_boundary(sys._getframe(depth))  # noqa: E731
        call = namespace[name]
    number = call()
    if not number:
        return None
    path, line, _ = writer.sites[number - 1]
    return path, line


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def test_frames_of_torch_and_of_the_standard_library_are_passed_over(project: Path, tmp_path: Path) -> None:
    torch = tmp_path / "lib" / "torch"
    library = Path(sys.modules["threading"].__file__ or "")
    files = [(project / "train.py", "main"), (library, "run"), (torch / "nn.py", "forward")]
    assert found(project, *files, torch=torch) == ("train.py", 3)


def test_the_innermost_line_of_the_project_wins(project: Path, tmp_path: Path) -> None:
    torch = tmp_path / "lib" / "torch"
    files = [(project / "train.py", "main"), (project / "models" / "net.py", "forward"), (torch / "nn.py", "f")]
    assert found(project, *files, torch=torch) == ("models/net.py", 3)


def test_a_line_of_the_project_wins_over_a_nearer_one_of_a_package(project: Path, tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "lightning" / "loops.py"
    files = [(project / "train.py", "main"), (package, "loop")]
    assert found(project, *files, torch=tmp_path / "torch") == ("train.py", 3)


def test_without_a_project_line_the_innermost_package_line_is_told(project: Path, tmp_path: Path) -> None:
    outer, inner = (tmp_path / "site-packages" / name / "main.py" for name in ("launcher", "trainer"))
    found_site = found(project, (outer, "main"), (inner, "loop"), torch=tmp_path / "torch")
    assert found_site is not None
    # pytest itself runs outside of torch, further out.
    assert found_site[0] == str(inner)


@pytest.mark.parametrize("folder", [".venv/lib/python3/site-packages/x", "env/lib/x"])
def test_an_environment_inside_the_project_is_not_the_project(folder: str, project: Path, tmp_path: Path) -> None:
    (project / "env").mkdir()
    (project / "env" / "pyvenv.cfg").write_text("")
    files = [(project / "train.py", "main"), (project / folder / "module.py", "f")]
    assert found(project, *files, torch=tmp_path / "torch") == ("train.py", 3)


def test_what_the_autograd_engine_runs_is_not_its_callers_line(project: Path, tmp_path: Path) -> None:
    torch = tmp_path / "torch"
    engine = (torch / "autograd" / "graph.py", "engine")
    caller, hook = (project / "train.py", "main"), (project / "hooks.py", "hook")
    assert found(project, caller, engine, (torch / "f.py", "f"), torch=torch, boundary="engine") is None
    assert found(project, caller, engine, hook, torch=torch, boundary="engine") == ("hooks.py", 3)
