"""From a finding to a patch that is applied, tried, taken back: each key of it, pressed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from auditor.errors import ProjectError
from auditor.model.known import Earlier, EarlierKind
from auditor.model.verdict import Status, Verdict
from auditor.services.journal import AppliedPatch
from auditor.tui.app import AuditApp
from auditor.tui.screens.findings import FindingsScreen
from auditor.tui.screens.modal import Question
from auditor.tui.screens.run_dialog import RunDialog
from auditor.tui.widgets.pane import Pane

Text = Callable[[AuditApp], str]
UNSEEDED, SHUFFLE, LISTING, WORDS, CHECKPOINT = "RA101", "RA301", "RA306", "RA305", "RA601"

STOPPED = Verdict(status=Status.INCONCLUSIVE, comparison=None, causes=(), reasons=("it was stopped",))


def screen_of(app: AuditApp) -> FindingsScreen:
    frame = app.frame("findings")
    assert isinstance(frame, FindingsScreen)
    return frame


async def go_to(app: AuditApp, pilot: Any, settle: Any, rule: str) -> None:
    screen = screen_of(app)
    at = next(at for at, finding in enumerate(screen.listed) if finding.rule_id == rule)
    screen.query_one("#list", Pane).view.move_cursor(at)
    await settle(pilot)


async def test_patch_of_the_finding_is_on_the_screen_without_a_key(
    make_app: Any, settle: Any, screen_text: Text
) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, SHUFFLE)
        text = screen_text(app)
        assert "patch 1 of 5  unsafe: the sample order changes once" in text
        assert "+                       generator=torch.Generator().manual_seed(0)," in text
        (line,) = (line for line in text.splitlines() if "error RA301" in line)
        assert line.endswith(" unsafe")


async def test_finding_without_a_patch_says_why(make_app: Any, settle: Any, screen_text: Text) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "none: no rule can tell here what is right" in screen_text(app)
        await pilot.press("a")
        assert app.message[0] == "No patch: no rule can tell here what is right: a person has to decide."
        await pilot.resize_terminal(120, 40)
        await settle(pilot)
        assert "No patch: no rule can tell here what is right" in screen_text(app)


async def test_explanation_that_was_hidden_is_laid_out_for_the_width_that_it_comes_back_with(
    make_app: Any, settle: Any, screen_text: Text
) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, SHUFFLE)  # its patch takes the place of the explanation
        await pilot.press("tab", "tab", "tab")
        await settle(pilot)
        assert "fix        pass `generator=torch.Generator().manual_seed(0)`" in screen_text(app)


async def test_plan_is_made_once_a_scan(make_app: Any, settle: Any, fakes: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("j", "j", "k")
        await settle(pilot)
        assert fakes.plans == 1
        await pilot.press("R")
        await settle(pilot)
        assert fakes.plans == 2


async def test_findings_stay_usable_where_no_plan_can_be_made(make_app: Any, settle: Any, fakes: Any) -> None:
    fakes.plan_error = ValueError("no such column")
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("a")
        assert app.message[0].startswith("No patch: a bug in repro-audit kept patches from being planned (ValueError")
        assert len(screen_of(app).listed) == 8


async def test_a_applies_a_safe_patch_at_once_and_u_takes_it_back(make_app: Any, settle: Any, fakes: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, LISTING)
        await pilot.press("a")
        await settle(pilot)
        assert app.message[0] == "Applied RA306-4f09ab to src/data.py; u takes it back. 7 findings now."
        assert LISTING not in {finding.rule_id for finding in screen_of(app).listed}
        await pilot.press("u")
        await settle(pilot)
        assert app.message[0] == "Took back RA306-4f09ab: src/data.py is as before. 8 findings now."
        assert [call for call in fakes.calls if call != "scan"] == ["apply RA306-4f09ab", "undo p1"]


async def test_cursor_stays_where_it_was_after_a_patch(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, WORDS)
        screen = screen_of(app)
        after = screen.listed[screen.listed.index(screen.current) + 1]
        await pilot.press("a")
        await settle(pilot)
        assert screen.current is not None
        assert screen.current.key == after.key


@pytest.mark.parametrize(("answer", "applied"), [("y", True), ("n", False), ("escape", False)])
async def test_unsafe_patch_asks_with_its_effect(
    make_app: Any, settle: Any, fakes: Any, screen_text: Text, answer: str, applied: bool
) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, SHUFFLE)
        await pilot.press("a")
        await settle(pilot)
        assert isinstance(app.screen, Question)
        text = screen_text(app)
        assert "Apply RA301-4f09ab?" in text
        assert "Unsafe: the sample order changes once." in text
        assert "Writes to src/data.py. u takes it back." in text
        await pilot.press(answer)
        await settle(pilot)
        assert ("apply RA301-4f09ab" in fakes.calls) is applied


async def test_patch_to_look_at_is_never_applied(make_app: Any, settle: Any, fakes: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, CHECKPOINT)
        for key in ("a", "A", "v"):
            await pilot.press(key)
            await settle(pilot)
            assert "only to look at" in app.message[0]
        assert fakes.calls == ["scan"]


async def test_capital_a_asks_once_for_all_of_the_rule(
    make_app: Any, settle: Any, fakes: Any, screen_text: Text
) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, LISTING)
        await pilot.press("A")
        await settle(pilot)
        assert "Apply the only patch of RA306?" in screen_text(app)
        await pilot.press("y")
        await settle(pilot)
        assert "apply RA306-4f09ab" in fakes.calls


async def test_marked_patches_are_one_step(make_app: Any, settle: Any, fakes: Any, screen_text: Text) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, SHUFFLE)
        await pilot.press("space")
        await go_to(app, pilot, settle, WORDS)
        await pilot.press("space")
        await settle(pilot)
        assert "2 marked" in screen_text(app)
        assert "●error RA301" in screen_text(app)
        await pilot.press("a")
        await settle(pilot)
        assert "Apply 2 patches as one step?" in screen_text(app)
        assert "Unsafe, 1 patch: the sample order changes once." in screen_text(app)
        await pilot.press("y")
        await settle(pilot)
        assert "apply RA301-4f09ab RA305-4f09ab" in fakes.calls
        assert "Applied 2 patches to src/data.py, src/model/embed.py" in app.message[0]
        assert not app.session.desk.marked


async def test_asterisk_marks_what_the_filter_lists_and_escape_unmarks(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("slash", "i", "s", "colon", *"safe", "enter")
        await settle(pilot)
        assert {finding.rule_id for finding in screen_of(app).listed} == {LISTING, WORDS}
        await pilot.press("asterisk")
        assert app.message[0] == "Marked: 2 patches."
        await pilot.press("escape", "escape")
        await settle(pilot)
        assert not app.session.desk.marked


async def test_patches_that_exclude_each_other_are_refused_together(make_app: Any, settle: Any, fakes: Any) -> None:
    fakes.excluding = {"RA301-4f09ab", "RA306-4f09ab"}
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for rule in (SHUFFLE, LISTING):
            await go_to(app, pilot, settle, rule)
            await pilot.press("space")
        for key in ("a", "v"):
            await pilot.press(key)
            await settle(pilot)
            assert app.message[0].startswith("RA301-4f09ab and RA306-4f09ab cannot be applied together")
        assert fakes.calls == ["scan"]


async def test_file_that_changed_since_the_scan_is_left_alone(
    make_app: Any, settle: Any, fakes: Any, shared_project: Any
) -> None:
    path: Path = shared_project.root / "src/data.py"
    before = path.read_bytes()
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, LISTING)
        try:
            path.write_bytes(before + b"# mine\n")
            await pilot.press("a")
            await settle(pilot)
        finally:
            path.write_bytes(before)
        assert app.message[0] == "src/data.py changed since the scan; R rescans. Nothing was applied."
        assert fakes.calls == ["scan"]
        assert app.job is None


async def test_step_of_an_earlier_day_is_taken_back_after_a_question(
    make_app: Any, settle: Any, fakes: Any, screen_text: Text, journal_step: Any
) -> None:
    fakes.journal.append(journal_step("p1", (AppliedPatch(id="RA305-4f09ab", title="sort the words"),), ("embed.py",)))
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("u")
        await settle(pilot)
        assert "Take back p1, applied 2026-03-02 10:12 UTC?" in screen_text(app)
        assert "RA305-4f09ab: sort the words" in screen_text(app)
        await pilot.press("y")
        await settle(pilot)
        assert "undo p1" in fakes.calls


async def test_undo_with_nothing_applied_says_so(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("u")
        assert app.message[0] == "Nothing to undo: no patch of this project is applied, and nothing was accepted here."


async def test_refused_undo_is_told_in_its_own_words(make_app: Any, settle: Any, fakes: Any, journal_step: Any) -> None:
    fakes.journal.append(journal_step("p1", (AppliedPatch(id="RA305-4f09ab", title="sort the words"),), ("embed.py",)))
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        fakes.error = ProjectError("embed.py changed since p1 was applied; undo your own changes first")
        await pilot.press("u", "y")
        await settle(pilot)
        assert app.message == ("embed.py changed since p1 was applied; undo your own changes first", "error")


async def test_v_runs_the_last_program_twice_and_shows_the_result_at_the_finding(
    make_app: Any, settle: Any, fakes: Any, screen_text: Text, shared_project: Any
) -> None:
    fakes.tried = replace(shared_project.verdict(), status=Status.REPRODUCIBLE)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, LISTING)
        await pilot.press("v")
        await settle(pilot)
        assert "verify RA306-4f09ab" in fakes.calls
        assert fakes.requests[-1].command == shared_project.runs[0].argv
        assert app.message[0].startswith("RA306-4f09ab: verified: 2 of 2 runs equal over 24 steps (")
        assert app.message[0].endswith(" a applies it.")
        assert "safe   = verified" in screen_text(app)
        await pilot.press("slash", "i", "s", "colon", *"verified", "enter")
        await settle(pilot)
        assert [finding.rule_id for finding in screen_of(app).listed] == [LISTING]


async def test_v_asks_what_to_run_where_nothing_ran_yet(
    make_app: Any, settle: Any, fakes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fakes, "stored_runs", lambda root: ())
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, LISTING)
        await pilot.press("v")
        await settle(pilot)
        assert isinstance(app.screen, RunDialog)
        assert app.screen.query_one("#command", Input).value == "train.py"
        assert not app.screen.query("#isolate"), "it always runs in a copy"
        await pilot.press("enter")
        await settle(pilot)
        assert "verify RA306-4f09ab" in fakes.calls


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (None, "RA306-4f09ab: the program fails with it: KeyError: 'lr'"),
        (STOPPED, "could not be told: it was stopped"),
    ],
)
async def test_trial_that_shows_nothing_claims_nothing(
    make_app: Any, settle: Any, fakes: Any, screen_text: Text, verdict: Verdict | None, sentence: str
) -> None:
    fakes.tried = verdict
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, LISTING)
        await pilot.press("v")
        await settle(pilot)
        assert sentence in app.message[0]
        assert "verified" not in screen_text(app)


async def test_trial_leaves_the_rest_usable_and_nothing_is_written_meanwhile(
    make_app: Any, settle: Any, until: Any, fakes: Any
) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, LISTING)
        fakes.hold = True
        await pilot.press("v")
        await until(pilot, lambda: app.job is not None)
        await pilot.press("a")
        assert app.message[0] == "Verifying RA306-4f09ab: ctrl+c stops it first."
        await pilot.press("j", "2", "1")
        await pilot.press("ctrl+c")
        await settle(pilot)
        assert app.job is None


async def test_capital_v_marks_the_patches_that_are_needed_and_shows_their_price(
    make_app: Any, settle: Any, fakes: Any, screen_text: Text
) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, LISTING)
        await pilot.press("V")
        await settle(pilot)
        assert isinstance(app.screen, RunDialog), "it takes many runs, so it asks first"
        await pilot.press("enter")
        await settle(pilot)
        assert app.message[0].startswith("REPRODUCIBLE: 6 runs with 1 patch are equal. It is marked; a applies. (")
        assert app.session.desk.marked == {"RA306:src/data.py"}
        assert "= needed" in screen_text(app)
        await pilot.press("tab", "tab", "g")
        await settle(pilot)
        assert "Needed: without it 2 of 3 runs differ; time of a step 1.04×" in screen_text(app)
        await pilot.press("3")
        await settle(pilot)
        assert "time of a step, with patches" in screen_text(app)
        assert "RA306-4f09ab" in screen_text(app)


async def test_d_shows_old_and_new_side_by_side(make_app: Any, settle: Any, screen_text: Text) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, LISTING)
        await pilot.press("d")
        await settle(pilot)
        (line,) = (line for line in screen_text(app).splitlines() if "sorted(os.listdir(root))" in line)
        assert line.index("files = os.listdir(root)") < line.index("│") < line.index("sorted(")
        await pilot.press("d")
        await settle(pilot)
        assert "12    -     files = os.listdir(root)" in screen_text(app)


async def test_d_in_a_narrow_terminal_says_what_it_needs(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("d")
        assert app.message[0] == "Side by side needs 120 columns; these are 80."


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40), (160, 48), (100, 50)])
async def test_tab_reaches_all_four_panes_at_every_size(make_app: Any, settle: Any, size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        seen = []
        for _ in range(4):
            await pilot.press("tab")
            await settle(pilot)
            pane = screen_of(app).active_pane
            assert pane is not None
            assert pane.display
            seen.append(pane.id)
        assert seen == ["source", "patch", "why", "list"]


async def test_enter_on_a_line_of_the_patch_shows_the_source_there(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, SHUFFLE)
        await pilot.press("tab", "tab", "G", "enter")
        await settle(pilot)
        place = screen_of(app).place()
        assert place is not None
        assert place.path == "src/data.py"


async def test_findings_of_the_baseline_are_left_out_and_b_lists_them(
    make_app: Any, settle: Any, fakes: Any, screen_text: Text
) -> None:
    fakes.known = {"RA306:src/data.py": "sorted later", "RA101:train.py": ""}
    earlier = Earlier(kind=EarlierKind.BASELINE, name="repro-audit-baseline.json", known=2)
    fakes.report = replace(fakes.report, earlier=(earlier,))
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "6 findings, 2 more known" in screen_text(app)
        await pilot.press("b")
        await settle(pilot)
        assert "8 findings, 2 known" in screen_text(app)
        assert [line for line in screen_text(app).splitlines() if "RA101" in line and line.endswith("known")]
        await pilot.press("slash", "i", "s", "colon", *"known", "enter")
        await settle(pilot)
        assert {finding.rule_id for finding in screen_of(app).listed} == {LISTING, UNSEEDED}
        await pilot.press("escape", "b")
        await settle(pilot)
        assert len(screen_of(app).listed) == 6


async def test_b_without_a_baseline_says_how_to_make_one(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("b")
        assert app.message[0].startswith("No baseline: the settings name none")


async def test_markdown_of_a_finding_has_its_patch(make_app: Any, settle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    copied: list[str] = []
    monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go_to(app, pilot, settle, LISTING)
        await pilot.press("Y")
        assert "Patch RA306-4f09ab (safe):" in copied[0]
        assert "```diff" in copied[0]
        assert "+    files = sorted(os.listdir(root))" in copied[0]
