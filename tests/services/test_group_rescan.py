"""What is kept for the programs of a group alone is left as it is where only comments were edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.report import render
from auditor.services import scan_parts
from auditor.services.scan import scan
from auditor.services.settings import Settings

LIBRARY = "import random\n\n\ndef draw(source=None):\n    return source() if source else random.random()\n"
PROGRAM = "import random\nfrom lib import draw\n\nif __name__ == '__main__':\n{}    print(draw(random.random))\n"


def report(root: Path, *, cached: bool) -> str:
    return render(scan([root], Settings(), root=root, cached=cached), "json")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "lib.py").write_text(LIBRARY)
    (root / "open.py").write_text(PROGRAM.format(""))
    (root / "seeded.py").write_text(PROGRAM.format("    random.seed(3)\n"))
    report(root, cached=True)
    return root


@pytest.fixture
def views(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is read of what is relevant for groups."""
    found: list[object] = []
    real = scan_parts._unpack_answer

    def unpack(libraries: object, answer: object) -> object:
        made = real(libraries, answer)  # type: ignore[arg-type]
        found.extend([made] if isinstance(made, dict) else [])
        return made

    monkeypatch.setattr(scan_parts, "_unpack_answer", unpack)
    return found


def test_a_comment_needs_nothing_of_what_was_relevant(root: Path, views: list[object]) -> None:
    (root / "lib.py").write_text(f"# a comment\n\n{LIBRARY}")
    assert report(root, cached=True) == report(root, cached=False)
    assert views == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lib.py", LIBRARY.replace("random.random()", "3")),
        ("seeded.py", PROGRAM.format("    random.seed()\n")),
        ("open.py", PROGRAM.format("    random.seed(3)\n")),
        ("lib.py", LIBRARY.replace("random\n", "broken (\n", 1)),
    ],
)
def test_an_edit_after_a_comment_is_compared_with_what_was_relevant(
    name: str, text: str, root: Path, views: list[object]
) -> None:
    (root / "lib.py").write_text(f"# a comment\n\n{LIBRARY}")
    report(root, cached=True)
    (root / name).write_text(text)
    assert report(root, cached=True) == report(root, cached=False)
    assert views or name == "lib.py"
    (root / name).write_text(f"# a comment\n{text}")
    (root / "lib.py").write_text(LIBRARY if name != "lib.py" else f"# a comment\n{text}")
    assert report(root, cached=True) == report(root, cached=False)
