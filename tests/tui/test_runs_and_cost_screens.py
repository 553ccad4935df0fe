"""Every key of the runs and cost screens, pressed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from auditor.model.environment import Environment
from auditor.model.overhead import OverheadReport
from auditor.tui.app import AuditApp
from auditor.tui.drawing.cost import cost_rows, memory_rows
from auditor.tui.drawing.runs import run_rows
from auditor.tui.screens.divergence import DivergenceScreen
from auditor.tui.screens.findings import FindingsScreen
from auditor.tui.screens.runs import RunsScreen
from auditor.tui.signs import UNICODE

Text = Callable[[AuditApp], str]


async def test_runs_are_listed_newest_first(make_app: Any, settle: Any, screen_text: Text) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        text = screen_text(app)
        assert "4 Runs 2" in text
        assert text.index("r2  2026-03-02 10:12") < text.index("r1  2026-03-01 10:12")
        assert "NVIDIA H200" in text


async def test_two_marked_runs_are_compared_older_first(
    make_app: Any, settle: Any, screen_text: Text, fakes: Any
) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("enter")
        assert app.message[0] == "Mark two runs with space first."
        await pilot.press("space", "space")
        await settle(pilot)
        assert "2 of 2 marked" in screen_text(app)
        await pilot.press("enter")
        await settle(pilot)
        assert fakes.calls == ["scan", "compare r1 r2"]
        assert isinstance(app.screen, DivergenceScreen)


async def test_space_takes_a_mark_back(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("space", "k", "space")
        assert isinstance(app.screen, RunsScreen)
        assert app.screen.marked == []


async def test_y_copies_the_run(make_app: Any, settle: Any, monkeypatch: Any) -> None:
    app = make_app()
    copied: list[str] = []
    monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("y")
        assert copied == ["r2  python train.py --epochs 1"]


async def test_one_named_run_opens_the_list_on_it(make_app: Any, settle: Any) -> None:
    app = make_app(wanted_runs=("r1",))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, RunsScreen)
        assert app.screen.current is not None
        assert app.screen.current.id == "r1"


async def test_two_named_runs_are_compared_at_once(make_app: Any, settle: Any, fakes: Any) -> None:
    app = make_app(wanted_runs=("r1", "r2"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert fakes.calls == ["compare r1 r2"]
        assert isinstance(app.screen, DivergenceScreen)


async def test_runs_that_were_compared_last_are_shown_at_once_beside_the_findings(
    make_app: Any, settle: Any, screen_text: Text, fakes: Any, shared_project: Any
) -> None:
    fakes.newest = shared_project.runs
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert fakes.calls == ["scan", "compare r1 r2"]
        assert isinstance(app.screen, FindingsScreen)
        assert "2 Divergence ≠ step 3" in screen_text(app)
        await pilot.press("R")
        await settle(pilot)
        assert fakes.calls[2:] == ["scan"]


def test_environment_changes_between_two_runs_come_first(shared_project: Any) -> None:
    reference, candidate = shared_project.runs
    other: Environment = replace(reference.processes[0].environment, threads=4)
    changed = replace(candidate, processes=(replace(candidate.processes[0], environment=other),))
    text = "\n".join(each.text for each in run_rows(changed, reference, 90))
    assert "environment against r1" in text
    assert "threads: 4, there 8" in text
    assert text.index("threads: 4") < text.index("3.11.7")


async def test_cost_is_measured_and_shown(make_app: Any, settle: Any, screen_text: Text, fakes: Any) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("3")
        await settle(pilot)
        assert "Not measured yet. r runs a program as it is and in deterministic mode" in screen_text(app)
        await pilot.press("r")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        text = screen_text(app)
        assert fakes.requests[-1].command == ("python", "train.py", "--epochs", "1")
        assert fakes.requests[-1].runs == 10
        assert "3 Cost 1.38×" in text
        assert "182.1 ±0.9 ms" in text
        assert "1.38× (1.35-1.42)" in text
        assert "3 warm-up steps left out" in text


def test_an_interval_that_spans_one_is_inconclusive(overhead: OverheadReport) -> None:
    ratio = replace(overhead.ratios[0], ratio=1.01, conclusive=False)
    rows = cost_rows(replace(overhead, ratios=(ratio,)), 100, UNICODE)
    assert "1.01× (1.35-1.42) inconclusive" in rows[1].text


def test_bars_go_where_there_is_no_room_and_figures_stay(overhead: OverheadReport) -> None:
    text = "\n".join(each.text for each in cost_rows(overhead, 44, UNICODE))
    assert "█" not in text
    assert "182.1 ±0.9 ms" in text
    assert "no GPU" not in "\n".join(each.text for each in memory_rows(overhead, 80, UNICODE))
