"""A unified diff as rows, at each width."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auditor.model.verdict import Status, Verdict
from auditor.services.trial import Trial
from auditor.tui.drawing.patch import PatchRows, heading, parse_diff, trial_sentence, trial_word
from auditor.tui.signs import UNICODE

TWO_FILES = """--- a/train.py
+++ b/train.py
@@ -1,3 +1,4 @@
 import torch
--- a comment that looks like a header
++++ and one more
+x = 1
 y
@@ -10 +11 @@
-old()
+new()
--- a/src/data.py
+++ b/src/data.py
@@ -0,0 +1 @@
+import os
\\ No newline at end of file
"""


def text(rows: PatchRows, width: int) -> list[str]:
    return [rows.row(at, width).text.rstrip() for at in range(len(rows))]


@pytest.fixture
def listing(fake_plan: Any) -> Any:
    return next(patch for patch in fake_plan.patches if patch.id == "RA306-4f09ab")


def test_lines_that_look_like_headers_stay_lines_of_the_patch() -> None:
    found = [(line.sign, line.path, line.old, line.new) for line in parse_diff(TWO_FILES)]
    assert found == [
        ("f", "train.py", 1, 1),
        (" ", "train.py", 1, 1),
        ("-", "train.py", 2, 2),
        ("+", "train.py", 3, 2),
        ("+", "train.py", 3, 3),
        (" ", "train.py", 3, 4),
        ("@", "train.py", 10, 11),
        ("-", "train.py", 10, 11),
        ("+", "train.py", 11, 11),
        ("f", "src/data.py", 1, 1),
        ("+", "src/data.py", 0, 1),
    ]


def test_unified_rows_number_both_files(listing: Any) -> None:
    rows = PatchRows(listing, (), beside=False, signs=UNICODE)
    shown = text(rows, 80)
    assert " 12    -     files = os.listdir(root)" in shown
    assert "    12 +     files = sorted(os.listdir(root))" in shown
    assert shown[rows.first_change].endswith("files = os.listdir(root)")
    assert not any("src/data.py" in line for line in shown), "the title of a patch to one file says which"


def test_rows_lead_to_the_line_as_it_is_now(listing: Any) -> None:
    rows = PatchRows(listing, (), beside=False, signs=UNICODE)
    targets = [rows.row(at, 80).target for at in range(len(rows))]
    assert all(target is not None and target.path == "src/data.py" for target in targets)
    assert [target.line for target in targets if target][rows.first_change] == 12


def test_old_and_new_stand_side_by_side(listing: Any) -> None:
    rows = PatchRows(listing, (), beside=True, signs=UNICODE)
    line = text(rows, 120)[rows.first_change]
    left, right = line.split("│")
    assert left.strip() == "12 -     files = os.listdir(root)"
    assert right.strip() == "12 +     files = sorted(os.listdir(root))"
    assert all(len(each) <= 120 for each in text(rows, 120))


def test_patches_to_several_files_name_each(listing: Any) -> None:
    both = replace(listing, files=("src/data.py", "train.py"), diff=TWO_FILES)
    for beside in (False, True):
        shown = text(PatchRows(both, (), beside=beside, signs=UNICODE), 100)
        assert " train.py" in shown
        assert " src/data.py" in shown


def test_heading_says_how_far_it_may_be_trusted(fake_plan: Any) -> None:
    assert [heading(patch).text for patch in fake_plan.patches] == [
        "unsafe: the sample order changes once",
        "unsafe: convolutions may take longer",
        "safe",
        "safe",
        "to look at: checkpoints grow",
    ]


def test_trials_are_told_for_what_they_are(shared_project: Any) -> None:
    differs = shared_project.verdict()
    first = shared_project.first
    equal = Verdict(status=Status.REPRODUCIBLE, comparison=differs.comparison, causes=(), reasons=())
    unclear = Verdict(status=Status.INCONCLUSIVE, comparison=None, causes=(), reasons=("it was stopped",))
    other = replace(first, reference=first.before[0])
    cases = [
        (Trial(patches=("p",), verdict=equal), first, "verified: 2 of 2 runs equal over 24 steps", "= verified"),
        (Trial(patches=("p",), verdict=differs), None, "runs still differ, at step 3, ", "≠ differs"),
        (Trial(patches=("p",), verdict=differs), first, "no change: runs still part at step 3, ", "≠ differs"),
        (Trial(patches=("p",), verdict=differs), other, "moved: runs now part at step 3, ", "≠ differs"),
        (Trial(patches=("p",), verdict=unclear), first, "could not be told: it was stopped", "? unclear"),
        (Trial(patches=("p",), verdict=None, failure="boom"), first, "the program fails with it: boom", "  fails"),
    ]
    for trial, before, sentence, word in cases:
        assert trial_sentence(trial, before)[0].startswith(sentence)
        assert trial_word(trial, UNICODE).text == word
