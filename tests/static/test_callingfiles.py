"""Who may call a name, over all programs at once, is what each program tells by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.static.files import texts
from auditor.static.programwide import programs
from auditor.static.project import Project
from auditor.static.resolution.callingfiles import CallingFiles

Files = dict[str, str | bytes]
MakeProject = Callable[[Files], Project]

FILES: Files = {
    "first.py": "import middle\n\nif __name__ == '__main__':\n    middle.run()\n",
    "second.py": "import far\n\nif __name__ == '__main__':\n    far.pick()\n",
    "broken.py": "import alone\n\nif __name__ == '__main__':\n    def (\n",
    "middle.py": "import near\n\ndef run():\n    return near.pick()\n",
    "near.py": "def pick():\n    return unpick()\n\npick()\n",
    "far.py": "import near\n\nnear.pick()\n",
    "alone.py": "from near import pick\n\npick()\n",
}
STARTS = ("broken.py", "first.py", "second.py")


def test_files_that_call_are_found_over_all_programs(project: MakeProject) -> None:
    scanned = project(FILES)
    assert scanned.calling_files.of(STARTS, "pick") == ("far.py", "middle.py", "near.py", "second.py")


def test_a_program_that_cannot_be_parsed_counts_for_nothing(project: MakeProject) -> None:
    scanned = project(FILES)
    assert scanned.calling_files.of(["broken.py"], "pick") == ()
    assert "broken.py" in scanned.problems


def test_of_too_many_files_those_near_are_told(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "MAX_FOLLOWED_BYTES", 60)
    monkeypatch.setattr(programs, "MAX_NEAR_BYTES", len(FILES["middle.py"]))
    scanned = project(FILES)
    few = CallingFiles(scanned, 60)
    assert few.of(["first.py"], "pick") == ("middle.py",)
    assert few.of(["first.py"], "unpick") == ("near.py",), "only one file holds the word"
    assert "near.py" not in scanned.programs.followed("first.py")


def test_words_that_are_kept_answer_as_the_bytes_do(project: MakeProject) -> None:
    scanned = project({"a.py": "picked = pick(1)\nname_2 = 'other-word'\n"})
    asked = ("pick", "picked", "ick", "name_2", "name", "other-word", "er-w", "absent", "ab sent")
    fresh = [scanned.texts.contain("a.py", (text,)) for text in asked[: texts._ASKS]]
    again = [scanned.texts.contain("a.py", (text,)) for text in asked]
    assert again[: texts._ASKS] == fresh
    assert again == [True, True, True, True, True, True, True, False, False]
    assert scanned.texts.hold_call("a.py", "pick")
    assert not scanned.texts.hold_call("a.py", "picked")
    assert not scanned.texts.hold_call("a.py", "ick")
