"""What is known of patches, without a screen."""

from __future__ import annotations

from typing import Any

from auditor.model.verdict import Status, Verdict
from auditor.services.trial import Trial
from auditor.tui.patch_desk import PatchDesk

EQUAL = Verdict(status=Status.REPRODUCIBLE, comparison=None, causes=(), reasons=())


def test_each_finding_has_its_patch_or_the_reason_for_none(fake_plan: Any) -> None:
    desk = PatchDesk()
    assert desk.why_none("RA301:src/data.py") == "patches are still being planned"
    desk.take(fake_plan)
    keys = ("RA301:src/data.py", "RA306:src/data.py", "RA601:train.py", "RA101:train.py")
    assert [desk.word(key) for key in keys] == ["unsafe", "safe", "look", ""]
    assert desk.why_none("RA301:src/data.py") == ""
    assert "a person has to decide" in desk.why_none("RA101:train.py")
    assert desk.why_none("RA999:elsewhere.py") == "it lies outside of what was scanned"


def test_patches_of_findings_come_once_and_in_the_order_of_the_plan(fake_plan: Any) -> None:
    desk = PatchDesk()
    desk.take(fake_plan)
    keys = ["RA306:src/data.py", "RA101:train.py", "RA301:src/data.py", "RA306:src/data.py"]
    assert [patch.id for patch in desk.of_findings(keys)] == ["RA301-4f09ab", "RA306-4f09ab"]
    assert [desk.number(patch) for patch in desk.of_findings(keys)] == [1, 3]


def test_another_scan_forgets_plan_and_trials_and_keeps_marks_of_what_is_still_found(fake_plan: Any) -> None:
    desk = PatchDesk()
    desk.take(fake_plan)
    desk.keep_trial(Trial(patches=("RA306-4f09ab",), verdict=EQUAL))
    assert desk.is_verified("RA306:src/data.py")
    desk.marked = {"RA306:src/data.py", "RA305:src/model/embed.py"}
    desk.forget(["RA305:src/model/embed.py"])
    assert desk.plan is None
    assert not desk.is_planned
    desk.take(fake_plan)
    assert not desk.is_verified("RA306:src/data.py")
    assert desk.marked == {"RA305:src/model/embed.py"}


def test_a_failed_or_unclear_trial_verifies_nothing(fake_plan: Any) -> None:
    desk = PatchDesk()
    desk.take(fake_plan)
    for verdict in (None, Verdict(status=Status.INCONCLUSIVE, comparison=None, causes=(), reasons=())):
        desk.keep_trial(Trial(patches=("RA306-4f09ab",), verdict=verdict))
        assert not desk.is_verified("RA306:src/data.py")
        assert desk.was_tried
