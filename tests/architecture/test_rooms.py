"""The rooms of the static stage: what they know of each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "auditor" / "static"

ROOMS = (
    "text",
    "syntax",
    "files",
    "reuse",
    "resolution",
    "evaluation",
    "unordered",
    "execution",
    "programwide",
    "scanning",
)
"""From the bottom to the top. A room imports from those below it."""

BESIDE = {("resolution", "evaluation")}
"""What a name stands for may rest on what an option is worth, and the other way round."""

FACES = {
    "__init__",
    "engine",
    "entrypoints",
    "facts",
    "matcher",
    "matchercheck",
    "names",
    "patches",
    "project",
    "seeding",
}
FACES |= {"suppress"}
"""What the whole stage is spoken of with; they stand beside the rooms, and every room may know them."""


def rooms_imported(path: Path) -> set[tuple[str, int]]:
    """The rooms that a file imports from when it is run, each with the line; imports for annotations alone left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    annotations = {
        below
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for below in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node not in annotations:
            package, _, rest = (node.module or "").partition("auditor.static.")
            room = rest.partition(".")[0]
            if not package and room in ROOMS:
                found.add((room, node.lineno))
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_from_those_below_it(room: str) -> None:
    files = sorted((STATIC / room).glob("*.py"))
    assert len(files) > 1
    upward = [
        f"{path.relative_to(ROOT).as_posix()}:{line} imports from {other}"
        for path in files
        for other, line in sorted(rooms_imported(path))
        if ROOMS.index(other) > ROOMS.index(room) and (room, other) not in BESIDE
    ]
    assert not upward


def test_every_file_of_the_stage_stands_in_a_room() -> None:
    assert {path.stem for path in STATIC.glob("*.py")} == FACES
    folders = {path.name for path in STATIC.iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert folders == {*ROOMS, "documents", "matchers", "detectors", "fixes"}


def test_the_page_tells_of_every_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert all(f"| `{room}/` |" in page for room in ROOMS)
