"""Folding, the grid, and evidence from traces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.lean import replace
from auditor.model.run import Ending, ExitStatus
from auditor.model.trace import Phase
from auditor.probe import wire
from auditor.runs.tracefile import open_run
from auditor.tui.evidence import ABSENT, DIFFERS, EQUAL, Folding, ReportEvidence, grid_of
from auditor.tui.step_view import StepView
from auditor.tui.trace_evidence import ProcessPair, TraceEvidence, open_evidence


@st.composite
def stretches(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    differs = draw(st.lists(st.booleans(), max_size=80))
    runs = []
    start = None
    for at, unequal in enumerate([*differs, False]):
        if unequal and start is None:
            start = at
        elif not unequal and start is not None:
            runs.append((start, at))
            start = None
    return len(differs), runs


@given(stretches(), st.booleans())
def test_folding_loses_no_pair_and_folds_no_difference(case: tuple[int, list[tuple[int, int]]], fold: bool) -> None:
    total, runs = case
    folding = Folding(total, runs, fold=fold)
    covered = [folding.at(row) for row in range(len(folding))]
    assert [pair for start, stop in covered for pair in range(start, stop)] == list(range(total))
    unequal = {pair for start, stop in runs for pair in range(start, stop)}
    assert all(stop - start == 1 for start, stop in covered if unequal & set(range(start, stop)))
    assert all(start <= pair < stop for pair in range(total) for start, stop in [folding.at(folding.row_of(pair))])


def test_nothing_is_folded_where_nothing_differs() -> None:
    assert len(Folding(50, [])) == 50
    assert len(Folding(50, [(20, 21)])) == 1 + 3 + 1 + 3 + 1


def test_grid_is_that_of_the_comparison(shared_project: Any) -> None:
    grid = grid_of(shared_project.comparison)
    rows = dict(grid.rows)
    assert grid.steps == 24
    assert set(rows[Phase.DATA.value]) == {EQUAL}
    assert list(rows[Phase.FORWARD.value]) == [EQUAL] * 3 + [DIFFERS] * 21
    assert Phase.OTHER.value not in rows
    assert grid.state(rows[Phase.FORWARD.value], 0, 6) == DIFFERS
    assert grid.state(rows[Phase.FORWARD.value], 24, 30) == ABSENT


def test_traces_agree_with_the_comparison_on_every_step(shared_project: Any) -> None:
    evidence = shared_project.evidence()
    cells = shared_project.comparison.grid
    for step in (0, 2, 3, 4, 23):
        events = evidence.read("0-0", step)
        differing = sum(each.differing for each in events.modules)
        assert differing == sum(cell.differing for cell in cells if cell.step == step)
        assert evidence.known("0-0", step) is events


def test_first_divergence_is_found_in_the_traces(shared_project: Any) -> None:
    view = StepView(shared_project.comparison)
    view.take_evidence(shared_project.evidence())
    assert not view.refresh()
    view.evidence.read(view.process, view.step)
    assert view.refresh()
    pair = view.pairs.pair(view.first_row()) if view.pairs else None
    assert pair is not None
    assert view.is_first(pair)
    assert [each.path for each in view.events.modules if each.has_first] == ["Net.embed.pool"]  # type: ignore[union-attr]


def test_report_alone_shows_the_first_divergence_and_what_was_before(shared_project: Any) -> None:
    evidence = ReportEvidence(shared_project.comparison)
    events = evidence.read("0-0", 3)
    selected = events.select(None)
    last = events.pair(selected[-1])
    assert last.differs
    assert last.event.identity.op == "aten::index_add_"
    assert not any(events.pair(number).differs for number in selected[:-1])
    assert list(evidence.read("0-0", 7).select(None)) == []


@pytest.fixture
def inserted(tmp_path: Path, trace_writer: Any) -> tuple[Any, Any]:
    """The candidate has one op more in the middle, and one value differs after it."""
    for name, ops in (("a", ["p", "q", "r", "s"]), ("b", ["p", "q", "new", "r", "s"])):
        trace = trace_writer()
        for op in ops:
            trace.add(f"aten::{op}", (op, name if op == "s" else ""), step=0)
        trace.write(tmp_path / name)
    return tuple(open_run(tmp_path / name).processes["0-0"] for name in ("a", "b"))  # type: ignore[return-value]


@pytest.mark.parametrize("lined_up", [4_000, 0])
def test_an_inserted_event_stands_alone_and_shifts_nothing(
    inserted: tuple[Any, Any], lined_up: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.tui.trace_evidence._LINED_UP", lined_up)
    events = ProcessPair(*inserted, (False, False)).step(0, None)
    pairs = [events.pair(number) for number in events.select(None)]
    ops = {
        (pair.event.identity.op, pair.reference is not None, pair.candidate is not None, pair.differs) for pair in pairs
    }
    assert ops == {
        ("aten::p", True, True, False),
        ("aten::q", True, True, False),
        ("aten::new", False, True, True),
        ("aten::r", True, True, False),
        ("aten::s", True, True, True),
    }
    assert len(pairs) == 5


def test_generator_states_are_shown_and_not_counted(tmp_path: Path, trace_writer: Any) -> None:
    for name in ("a", "b"):
        trace = trace_writer()
        trace.add("random", name, step=0, kind=wire.STATE, phase=wire.OTHER)
        trace.add("aten::p", 1, step=0)
        trace.write(tmp_path / name)
    traces = [open_run(tmp_path / name).processes["0-0"] for name in ("a", "b")]
    events = ProcessPair(traces[0], traces[1], (False, False)).step(0, None)
    assert [events.pair(number).compared for number in events.select(None)] == [False, True]
    assert events.differing_runs(events.select(None)) == []


@pytest.mark.parametrize(("code", "shown"), [(0, 3), (1, 2)])
def test_a_run_that_failed_on_its_way_out_is_cut_as_it_was_in_the_comparison(
    shared_project: Any, tmp_path: Path, trace_writer: Any, code: int, shown: int
) -> None:
    """We stopped it at a step; what it did after its last whole step, until it failed, is its own."""
    for name in ("a", "b"):
        trace = trace_writer()
        trace.add("aten::p", 1, step=0)
        trace.add("", 0, step=0, kind=wire.STEP)
        trace.add("aten::q", 2, step=0)
        trace.write(tmp_path / name)
    status = ExitStatus(ending=Ending.STOPPED, code=code)
    runs = [replace(shared_project.runs[0], folder=str(tmp_path / name), status=status) for name in ("a", "b")]
    evidence = open_evidence(runs[0], runs[1], None)
    assert len(evidence.read("0-0", 0).select(None)) == shown


def test_processes_of_one_run_only_are_left_to_the_causes(shared_project: Any, tmp_path: Path) -> None:
    reference, candidate = (open_run(Path(run.folder)) for run in shared_project.runs)
    lonely = {name: trace for name, trace in candidate.processes.items() if name == "0-0"}
    candidate._processes = lonely
    assert TraceEvidence(reference, candidate, None).processes == ("0-0",)
