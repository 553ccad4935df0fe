"""Which process is which, where places in the process tree are left to chance."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.dynamic.compare import compare
from auditor.dynamic.matching import counterparts, matched


def trained(runs: Any, name: str, value: object, **header: Any) -> Any:
    trace = runs.trace(name, **header).event("aten::mm", ("start", 0))
    return trace.event("aten::mul", value).end_step()


def sweep(runs: Any, *places: tuple[str, float]) -> Any:
    """A driver, and a program for each learning rate."""
    programs = [trained(runs, place, rate, argv=["python", "train.py", "--lr", str(rate)]) for place, rate in places]
    return runs.open([runs.trace(), *programs])


def test_programs_that_threads_start_are_told_by_their_command_lines(runs: Any) -> None:
    one = sweep(runs, ("0-0.x1", 0.1), ("0-0.x2", 0.2), ("0-0.x3", 0.3))
    two = sweep(runs, ("0-0.x2", 0.1), ("0-0.x2~2", 0.3), ("0-0.x3", 0.2))
    assert counterparts(one, two) == {"0-0": "0-0", "0-0.x2": "0-0.x1", "0-0.x3": "0-0.x2", "0-0.x2~2": "0-0.x3"}
    assert compare(one, matched(one, two)).comparison.first is None


def test_a_command_line_that_differs_keeps_its_place(runs: Any) -> None:
    assert counterparts(sweep(runs, ("0-0.x1", 0.1)), sweep(runs, ("0-0.x1", 0.2)))["0-0.x1"] == "0-0.x1"


def test_forked_children_are_told_by_what_they_did(runs: Any) -> None:
    one = runs.open([runs.trace(), *(trained(runs, f"0-0.{place}", place) for place in (1, 2, 3))])
    two = runs.open(
        [runs.trace(), *(trained(runs, f"0-0.{place}", value) for place, value in ((1, 3), (2, 1), (3, 2)))]
    )
    assert compare(one, two).comparison.first is None
    assert counterparts(one, two) == {"0-0": "0-0", "0-0.1": "0-0.3", "0-0.2": "0-0.1", "0-0.3": "0-0.2"}


def test_the_one_that_differs_is_left_for_the_one_that_differs(runs: Any) -> None:
    one = runs.open([runs.trace(), *(trained(runs, f"0-0.{place}", place) for place in (1, 2))])
    two = runs.open([runs.trace(), trained(runs, "0-0.1", 2), trained(runs, "0-0.2", "else")])
    first = compare(one, matched(one, two)).comparison.first
    assert first is not None
    assert (first.process, first.reference.identity.op) == ("0-0.1", "aten::mul")  # type: ignore[union-attr]


def test_children_go_with_their_parents(runs: Any) -> None:
    def run(*rates: float) -> Any:
        traces = [runs.trace()]
        for number, rate in enumerate(rates, 1):
            argv = ["python", "train.py", str(rate)]
            traces.append(trained(runs, f"0-0.x{number}", rate, argv=argv, pid=number))
            traces.append(trained(runs, f"0-0.x{number}.1", ("loader", rate), argv=argv, parent_pid=number))
        return runs.open(traces)

    one, two = run(0.1, 0.2), run(0.2, 0.1)
    assert counterparts(one, two)["0-0.x1.1"] == "0-0.x2.1"
    assert compare(one, matched(one, two)).comparison.first is None


def test_ranks_never_change_places(runs: Any) -> None:
    one = runs.open([trained(runs, "0-0.x1", "a"), trained(runs, "1-0.x2", "b")])
    two = runs.open([trained(runs, "0-0.x1", "b"), trained(runs, "1-0.x2", "a")])
    assert all(name == other for name, other in counterparts(one, two).items())
    assert compare(one, matched(one, two)).comparison.first is not None


def test_where_nothing_moved_the_candidate_is_left_as_it_is(runs: Any) -> None:
    one, two = (sweep(runs, ("0-0.x1", 0.1), ("0-0.x2", 0.1)) for _ in range(2))
    assert matched(one, two) is two


@pytest.mark.parametrize("extra", ["0-0.x1", "0-0.x9"])
def test_a_process_without_a_counterpart_gets_no_name_of_another(runs: Any, extra: str) -> None:
    one = sweep(runs, ("0-0.x1", 0.1))
    two = sweep(runs, ("0-0.x2", 0.1), (extra, 0.7))
    names = matched(one, two).processes
    assert len(names) == 3
    assert compare(one, matched(one, two)).comparison.first is not None
