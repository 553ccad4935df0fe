"""Every key of the divergence screen, pressed, on two runs with real trace files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from auditor.model.verdict import Status, Verdict
from auditor.tui.app import AuditApp
from auditor.tui.screens.divergence import DivergenceScreen
from auditor.tui.screens.findings import FindingsScreen
from auditor.tui.step_view import StepView
from auditor.tui.trace_evidence import TraceEvidence
from auditor.tui.widgets.pane import Pane

Text = Callable[[AuditApp], str]


def parts(app: AuditApp) -> tuple[DivergenceScreen, StepView]:
    assert isinstance(app.screen, DivergenceScreen)
    assert app.screen.view is not None
    return app.screen, app.screen.view


def event_op(screen: DivergenceScreen) -> str:
    """The op under the cursor."""
    assert screen.view is not None
    assert screen.view.pairs is not None
    pair = screen.view.pairs.pair(screen.query_one("#events", Pane).view.cursor)
    return pair.event.identity.op if pair else "fold"


@pytest.fixture
def compared(make_app: Any, shared_project: Any) -> AuditApp:
    app: AuditApp = make_app(shared_project.report())
    return app


async def test_opens_on_the_first_divergence(compared: AuditApp, settle: Any, screen_text: Text) -> None:
    async with compared.run_test(size=(160, 48)) as pilot:
        await settle(pilot)
        screen, view = parts(compared)
        assert isinstance(view.evidence, TraceEvidence)
        assert (view.step, event_op(screen)) == (3, "aten::index_add_")
        text = screen_text(compared)
        assert "DIVERGENT at step 3, forward, Net.embed.pool" in text
        assert "forward   = = = ≠ ≠ ≠" in text
        assert "data      = = = = = =" in text
        assert "agree, bit for bit (3 of 3): this op makes the difference" in text
        assert "1,877 of 32,768 elements differ, by at most 2 ulp" in text
        assert "not traced: no CUPTI on this machine" in text
        assert "called 8 times on the same inputs: 8 different results" in text
        assert "why        aten::index_add_ gives another result for the same inputs" in text


async def test_reference_and_candidate_digests_stand_side_by_side(
    compared: AuditApp, settle: Any, screen_text: Text, shared_project: Any
) -> None:
    async with compared.run_test(size=(160, 48)) as pilot:
        await settle(pilot)
        first = shared_project.first
        line = next(line for line in screen_text(compared).splitlines() if "aten::index_add_ " in line)
        assert f"{first.reference.outputs:016x}"[:8] in line
        assert f"{first.candidate.outputs:016x}"[:8] in line


async def test_h_and_l_change_the_step_and_f_returns(compared: AuditApp, settle: Any, screen_text: Text) -> None:
    async with compared.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen, view = parts(compared)
        await pilot.press("h", "h")
        await settle(pilot)
        assert view.step == 1
        assert "modules at step 1" in screen_text(compared)
        await pilot.press("l", "right", "l")
        await settle(pilot)
        assert view.step == 4
        await pilot.press("f")
        await settle(pilot)
        assert (view.step, event_op(screen)) == (3, "aten::index_add_")


async def test_n_visits_differences_across_steps(compared: AuditApp, settle: Any) -> None:
    async with compared.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        screen, view = parts(compared)
        await pilot.press("n")
        await settle(pilot)
        assert event_op(screen) == "aten::native_layer_norm"
        await pilot.press("N")
        await settle(pilot)
        assert event_op(screen) == "aten::index_add_"
        await pilot.press("G", "n")
        await settle(pilot)
        assert view.step == 4
        await pilot.press("f", "N")
        await settle(pilot)
        assert compared.message[0] == "No further difference before this one."


async def test_equals_sign_unfolds_equal_events(compared: AuditApp, settle: Any, screen_text: Text) -> None:
    async with compared.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        _, view = parts(compared)
        await pilot.press("h", "h", "h")
        await settle(pilot)
        assert len(view.folding) == 46  # nothing differs at step 0, so nothing is folded
        await pilot.press("f", "equals_sign")
        await settle(pilot)
        assert not view.folded
        assert event_op(parts(compared)[0]) == "aten::index_add_"


async def test_module_under_the_cursor_narrows_the_events(compared: AuditApp, settle: Any) -> None:
    async with compared.run_test(size=(160, 48)) as pilot:
        await settle(pilot)
        screen, view = parts(compared)
        await pilot.press("shift+tab")
        assert screen.front == "modules"
        modules = screen.query_one("#modules", Pane).view
        modules.move_cursor(view.modules.index("Net.encoder"))
        await settle(pilot)
        assert view.module == "Net.encoder"
        assert view.pairs is not None
        ops = {pair.event.identity.module for row in range(len(view.pairs)) if (pair := view.pairs.pair(row))}
        assert ops == {f"Net.encoder.{layer}.{part}" for layer in (0, 1) for part in ("attention", "linear")}
        await pilot.press("enter")
        assert screen.front == "events"


async def test_enter_opens_the_finding_of_the_line(compared: AuditApp, settle: Any) -> None:
    async with compared.run_test(size=(160, 48)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(compared.screen, FindingsScreen)
        assert compared.screen.current is not None
        assert compared.screen.current.rule_id == "RA204"


async def test_enter_without_a_finding_says_where_one_is(compared: AuditApp, settle: Any) -> None:
    async with compared.run_test(size=(160, 48)) as pilot:
        await settle(pilot)
        await pilot.press("j", "j", "enter")
        await settle(pilot)
        assert compared.message[0] == "No finding at train.py:26. e opens the line in your editor."


async def test_p_changes_the_process(compared: AuditApp, settle: Any, screen_text: Text) -> None:
    async with compared.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        _, view = parts(compared)
        assert view.process == "0-0"
        await pilot.press("p")
        await settle(pilot)
        assert view.process == "0-0.1"
        assert "Process 0-0.1, 2 of 2." in screen_text(compared)


async def test_a_click_on_the_grid_goes_to_the_step(compared: AuditApp, settle: Any) -> None:
    async with compared.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen, view = parts(compared)
        await pilot.click(screen.query_one("#grid", Pane).view, offset=(11 + 2 * 7, 1))
        await settle(pilot)
        assert view.step == 7


async def test_causes_are_below_the_event_where_there_is_no_room_for_a_pane(compared: AuditApp, settle: Any) -> None:
    async with compared.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen, _ = parts(compared)
        assert not screen.query_one("#causes", Pane).display
        rows = screen.query_one("#event", Pane).view.rows
        text = "\n".join(rows.row(at, 80).text for at in range(len(rows)))
        assert "aten::index_add_ gives another result" in text
        assert "confidence low" in text
        await pilot.resize_terminal(130, 40)
        await settle(pilot)
        assert screen.query_one("#causes", Pane).display


async def test_without_runs_says_what_to_press(make_app: Any, settle: Any, screen_text: Text) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("2")
        await settle(pilot)
        assert "No two runs were compared yet. t runs a program twice" in screen_text(app)
        await pilot.press("f")
        assert app.message[0] == "No two runs were compared yet; t runs a program twice."


async def test_agreeing_runs_show_a_grid_of_equals(
    make_app: Any, settle: Any, screen_text: Text, shared_project: Any
) -> None:
    comparison = shared_project.comparison
    cells = tuple(replace(cell, differing=0) for cell in comparison.grid)
    equal = replace(comparison, first=None, grid=cells, differing_events=0)
    verdict = Verdict(status=Status.REPRODUCIBLE, comparison=equal, causes=(), reasons=("All events are equal.",))
    report = replace(shared_project.report(), verdict=verdict)
    app = make_app(report)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        text = screen_text(app)
        assert "2 Divergence = equal" in text
        assert "REPRODUCIBLE over 24 steps" in text
        assert "≠" not in text.split("modules at step")[0]
        await pilot.press("n")
        assert app.message[0] == "The runs do not part anywhere."


async def test_nothing_to_compare_shows_the_reasons(
    make_app: Any, settle: Any, screen_text: Text, shared_project: Any
) -> None:
    verdict = Verdict(status=Status.INCONCLUSIVE, comparison=None, causes=(), reasons=("You stopped the first run.",))
    app = make_app(replace(shared_project.report(), verdict=verdict))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "INCONCLUSIVE" in screen_text(app)
        assert "You stopped the first run." in screen_text(app)


async def test_traces_that_cannot_be_read_leave_the_report(
    make_app: Any, settle: Any, screen_text: Text, shared_project: Any, fakes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from auditor.errors import TraceFormatError

    def broken(*_: object) -> None:
        raise TraceFormatError("r2/trace/0-0.events: damaged at byte 64")

    monkeypatch.setattr(fakes, "open_evidence", broken)
    app = make_app(shared_project.report())
    async with app.run_test(size=(160, 48)) as pilot:
        await settle(pilot)
        text = screen_text(app)
        assert "the traces cannot be read: r2/trace/0-0.events: damaged at byte 64" in text
        assert "aten::index_add_" in text


async def test_markdown_of_the_verdict_is_copied(
    compared: AuditApp, settle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[str] = []
    monkeypatch.setattr(compared, "copy_to_clipboard", copied.append)
    async with compared.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("y", "Y")
        assert copied[0] == "src/model/embed.py:8"
        assert copied[1].startswith("**DIVERGENT at step 3, forward, Net.embed.pool**")
        assert "repro-audit run --twice -- python train.py --epochs 1" in copied[1]


async def test_enter_on_the_first_divergence_opens_what_its_cause_names(
    make_app: Any, settle: Any, shared_project: Any
) -> None:
    """The line that hands a tensor in and the line that drew the numbers are seldom the same."""
    report = shared_project.report()
    best, *rest = report.verdict.causes
    named = next(finding for finding in report.findings if finding.rule_id == "RA101")
    findings = tuple(finding for finding in report.findings if finding.rule_id != "RA204")
    verdict = replace(report.verdict, causes=(replace(best, findings=(named.key,)), *rest))
    app = make_app(replace(report, findings=findings, verdict=verdict))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, FindingsScreen)
        assert app.screen.current is not None
        assert app.screen.current.rule_id == "RA101"
