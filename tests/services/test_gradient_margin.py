"""Differences of gradients and weights beside their spread over replicas, where both are known beforehand."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.model.margin import GradientMargin, MarginState
from auditor.model.run import Ending, ExitStatus, RunRecord
from auditor.probe.gradients.keeping import Keeper
from auditor.report.prose.parameter_margin import gradient_summary
from auditor.runs.gradients import keep_gradients
from auditor.runs.replicas import Conditions, Kept, new_experiment
from auditor.services.gradient_margin import gradient_margin, why_none
from auditor.services.replica_choice import check_name

pytest.importorskip("numpy")

COMMAND = ("python", "train.py")
Steps = Sequence[Sequence[float] | None]


def leave(folder: Path, **gradients: Steps) -> Path:
    """What a process leaves of the gradients of some parameters, a tuple of numbers a step; None for no gradient."""
    keeper = Keeper(keep_gradients(folder, whole=True), lambda: "0-0")
    for step, rows in enumerate(zip(*gradients.values(), strict=True)):
        parts, missing = [], []
        for name, row in zip(gradients, rows, strict=True):
            about = ("Net", name, "float32", (len(row or (0,)),))
            if row is None:
                missing.append(about)
            else:
                parts.append((about, repr(row), struct.pack(f"<{len(row)}f", *row), "float32"))
        assert keeper.keeps(step)
        keeper.step(step, 0, parts, missing, [])
    keeper.finish(1)
    return folder


def record(folder: Path) -> RunRecord:
    return RunRecord(
        id=folder.name,
        argv=("/usr/bin/python3", *COMMAND[1:]),
        cwd="/p",
        project="/p",
        changes={},
        started_at="",
        duration_s=1.0,
        status=ExitStatus(ending=Ending.FINISHED, code=0),
        processes=(),
        files_written=(),
        folder=str(folder),
    )


def replicas(store: Path, *gradients: Steps, variant: str = "algo+impl", vary: str = "global") -> None:
    conditions = Conditions(command=COMMAND, cwd="/p", python="3", threads=2, vary=vary)
    experiment = new_experiment(store, conditions, "0")
    for number, rows in enumerate(gradients, 1):
        folder = experiment.replica(variant, number)
        if rows:
            leave(folder, w=rows)
        seeds = ("torch.manual_seed(0) at train.py:1",)
        experiment.keep(
            Kept(
                variant=variant,
                number=number,
                folder=folder,
                duration_s=1.0,
                seeds=seeds,
                files={},
                written=(),
                notes=(),
            )
        )


Pair = tuple[RunRecord, RunRecord]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """The gradient of `w` differs by 3e-4 and 4e-4 in step 1; that of `b` never."""
    one = leave(tmp_path / "r1", w=[(1.0, 2.0), (0.5, 0.25)], b=[(1.0,), (2.0,)])
    other = leave(tmp_path / "r2", w=[(1.0, 2.0), (0.5003, 0.2496)], b=[(1.0,), (2.0,)])
    return record(one), record(other)


def measured(pair: Pair, store: Path, name: str | None = None) -> GradientMargin:
    found, _ = gradient_margin(pair, [store], name)
    assert found is not None
    return found


def test_a_known_difference_has_the_known_ratio_to_a_known_spread(pair: Pair, tmp_path: Path) -> None:
    """Deviations of 3 and 4 over three replicas, rms 3.54; the runs are 3.54e-4 apart."""
    replicas(
        tmp_path,
        [(0.0, 0.0), (-3.0, 4.0)],
        [(0.0, 0.0), (0.0, 0.0)],
        [(0.0, 0.0), (3.0, -4.0)],
    )
    found = measured(pair, tmp_path)
    w, b = found.parameters
    assert (w.parameter, b.parameter) == ("w", "b")
    assert (w.state, b.state) == (MarginState.MEASURED, MarginState.IDENTICAL)
    assert w.nearest is not None
    assert (w.nearest.step, w.nearest.replicas) == (1, 3)
    assert w.nearest.rms == pytest.approx(math.sqrt((3e-4**2 + 4e-4**2) / 2), rel=1e-3)
    assert w.nearest.spread == pytest.approx(math.sqrt((9 + 16) / 2))
    assert w.decades == pytest.approx(4, abs=1e-3)
    assert w.decades_interval is not None
    assert w.decades_interval.low == pytest.approx(4 + math.log10(0.5207), abs=1e-3)
    assert w.decades_interval.high == pytest.approx(4 + math.log10(6.2847), abs=1e-3)
    assert [step.differs for step in w.steps] == [False, True]
    assert w.steps[0].decades is None
    assert found.source == "3 replicas of v1, algo+impl"
    assert found.notes == ("a spread of 3 replicas is known roughly, which the intervals tell; --resume adds replicas",)
    assert gradient_summary(found) == (
        "Gradients beside their spread over 3 replicas of v1, algo+impl: nearest 4.00 (3.72–4.80) decades below it "
        "(w, step 1), over 2 steps measured"
    )


def test_without_replicas_no_spread_was_measured_and_no_number_is_made_up(pair: Pair, tmp_path: Path) -> None:
    found = measured(pair, tmp_path)
    w = found.parameters[0]
    assert (w.state, w.decades, w.decades_interval) == (MarginState.UNKNOWN, None, None)
    assert all((step.spread, step.decades, step.replicas) == (None, None, 0) for step in w.steps)
    assert w.note == "no spread measured: repro-audit variance train.py --vary-seeds --gradients"
    assert gradient_summary(found) == (
        "Gradients: greatest difference 3.5e-04 rms (w, step 1), over 2 steps measured; no spread measured: "
        "repro-audit variance train.py --vary-seeds --gradients"
    )


@pytest.mark.parametrize(
    "kept", [[[(0.0, 0.0), (1.0, 1.0)]], [[(0.0, 0.0), (1.0, 1.0)], []], [[(0.0,), (1.0,)], [(0.0,), (2.0,)]]]
)
def test_one_replica_with_gradients_or_of_another_shape_gives_no_spread(
    pair: Pair, tmp_path: Path, kept: list[Steps]
) -> None:
    replicas(tmp_path, *kept)
    w = measured(pair, tmp_path).parameters[0]
    assert (w.decades, w.state) == (None, MarginState.UNKNOWN)
    assert all(step.spread is None for step in w.steps)


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        ((1.0, 1.0), "the replicas do not spread there"),
        ((math.nan, 1.0), "a replica has numbers there that are infinite or NaN"),
        (None, "fewer than two replicas have it there"),
    ],
)
def test_a_spread_of_nothing_or_of_no_numbers_gives_no_ratio(
    pair: Pair, tmp_path: Path, rows: tuple[float, float] | None, note: str
) -> None:
    replicas(tmp_path, [(0.0, 0.0), rows], [(0.0, 1.0), rows])
    w = measured(pair, tmp_path).parameters[0]
    assert (w.decades, w.note) == (None, note)


def test_replicas_that_are_all_the_same_are_no_spread(pair: Pair, tmp_path: Path) -> None:
    replicas(tmp_path, [(0.0, 0.0), (-1.0, 1.0)], [(0.0, 0.0), (1.0, 1.0)])
    replicas(tmp_path, *[[(0.0, 0.0), (1.0, 1.0)]] * 3)
    assert measured(pair, tmp_path).source == "2 replicas of v1, algo+impl"
    named = measured(pair, tmp_path, "v2")
    assert (named.replicas, named.parameters[0].decades) == (0, None)
    assert named.source.startswith("the replicas of v2, algo+impl, all have the same gradients: no spread measured: ")


def test_the_newest_replicas_with_gradients_count_unless_others_are_named(pair: Pair, tmp_path: Path) -> None:
    replicas(tmp_path, [(0.0, 0.0), (0.0, 0.0)], [(0.0, 0.0), (1.0, 1.0)])
    replicas(tmp_path, [(0.0, 0.0), (0.0, 0.0)], [(0.0, 0.0), (9.0, 9.0)], variant="impl", vary="none")
    replicas(tmp_path, [], [])
    assert measured(pair, tmp_path).source == "2 replicas of v1, algo+impl"
    named = measured(pair, tmp_path, "v2/impl")
    assert named.source == "2 replicas of v2, impl, all with the seeds that the program sets"
    assert named.parameters[0].nearest is not None
    assert named.parameters[0].nearest.spread == pytest.approx(9 / math.sqrt(2))
    assert measured(pair, tmp_path, "v3").source.startswith("v3 kept none: no spread measured: ")
    with pytest.raises(UsageError, match=r"--replicas v4: no experiment v4; there are v1, v2, v3"):
        check_name("v4", [tmp_path])
    with pytest.raises(UsageError, match=r"--replicas v2: v2 has no whole replica of algo\+impl or algo"):
        check_name("v2", [tmp_path])


def test_what_has_no_size_is_told_and_missing_gradients_are_a_difference(tmp_path: Path) -> None:
    one = record(leave(tmp_path / "r1", w=[(1.0,), None, None], v=[(math.inf,), (1.0,), (1.0,)]))
    other = record(leave(tmp_path / "r2", w=[(1.0,), None, (1.0,)], v=[(2.0,), (1.0,), (1.0,)]))
    parameters = {each.parameter: each for each in measured((one, other), tmp_path).parameters}
    assert parameters["w"].state is MarginState.UNMEASURED
    assert [step.step for step in parameters["w"].steps] == [0, 2]
    assert parameters["w"].note == "it is there in one run only"
    assert parameters["v"].note == "a difference is infinite or NaN"
    assert parameters["v"].decades is None


def test_a_difference_that_grows_tells_when_it_reaches_the_spread(tmp_path: Path) -> None:
    """A decade a step from 1e-6 on, spread 1: after step 4 (1e-2) two more."""
    one = record(leave(tmp_path / "r1", w=[(1.0,)] * 5))
    other = record(leave(tmp_path / "r2", w=[(1.0,), *((1.0 + 10.0**-n,) for n in (5, 4, 3, 2))]))
    replicas(tmp_path, [(0.0,)] * 5, [(math.sqrt(2),)] * 5)
    (w,) = measured((one, other), tmp_path).parameters
    assert w.growth is not None
    assert w.growth.decades_per_step == pytest.approx(1, abs=0.01)
    assert w.growth.steps_to_tolerance == pytest.approx(2, abs=0.05)


def test_runs_without_gradients_say_why(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "r3").mkdir()
    runs = pair[0], record(tmp_path / "r3")
    assert gradient_margin(runs, [tmp_path]) == (None, None)
    assert why_none(runs) == "Gradients: none were seen in run r3: no optimizer of torch took a step."
