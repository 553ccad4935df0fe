"""Sample projects with a planted fault, and copies of them to try things on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.lean import dataclass

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DEFAULT = "digits_embed"
NEEDS = ("torch", "numpy", "sklearn")
_PACKAGE = Path(__file__).resolve().parents[1]
_PLACES = (_PACKAGE / "_demo", _PACKAGE.parent / "sample_projects")
"""In a wheel, in a checkout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A small training program with a fault that is known."""

    name: str
    story: str
    """What is wrong with it, in a sentence."""

    command: tuple[str, ...]
    folder: Path


def sample_names() -> tuple[str, ...]:
    """Return the samples that can be shown, sorted."""
    return tuple(sorted({file.parent.name for place in _PLACES for file in place.glob("*/expected.toml")}))


def copy_sample(name: str, target: Path) -> Sample:
    """Copy a sample into the folder `target`; raises `UsageError` for a name that is none."""
    if name not in sample_names():
        raise UsageError(f"no sample is called `{name}`; there are: {', '.join(sample_names()) or 'none'}")
    source = next(place / name for place in _PLACES if (place / name / "expected.toml").is_file())
    folder = target / name
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    expected = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
    (folder / "expected.toml").unlink()  # the answer is not part of the question
    (folder / "pyproject.toml").write_text(f'[project]\nname = "{name}"\nversion = "0"\n', encoding="utf-8")
    return Sample(name=name, story=expected["story"], command=tuple(expected["command"]), folder=folder)


def missing_packages(python: Path | None = None) -> tuple[str, ...]:
    """Return what a sample needs and the interpreter does not have."""
    code = f"import importlib.util, sys; print(*[name for name in {NEEDS!r} if importlib.util.find_spec(name) is None])"
    result = subprocess.run([str(python or sys.executable), "-c", code], capture_output=True, text=True, check=False)
    if result.returncode:
        raise UsageError(f"{python or sys.executable}: does not run: {result.stderr.strip().splitlines()[-1:]}")
    return tuple(result.stdout.split())
