"""Verdicts: what is enough to call runs reproducible, and what is not."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from auditor.dynamic.compare import compare
from auditor.dynamic.doubts import Facts
from auditor.dynamic.judge import judge, not_finite_from
from auditor.dynamic.leak import Leak
from auditor.dynamic.summary import Outcome
from auditor.model.divergence import OutputDifference
from auditor.model.environment import Environment
from auditor.model.run import Ending, ExitStatus, ProcessRecord, RunRecord
from auditor.model.verdict import Status, Verdict
from auditor.probe import wire
from auditor.runs.namesfile import Loss


def process(name: str = "0-0", **more: Any) -> ProcessRecord:
    environment = Environment(
        python="3", torch="2", platform="", cpu="", threads=1, devices=(), flags={}, variables={}, packages={}
    )
    fields = {"pid": 1, "parent_pid": 0, "rank": None, "complete": True, "events": 3, "steps": 2, "problems": ()}
    return ProcessRecord(name=name, environment=environment, **{**fields, **more})


def record(run_id: str = "r1", ending: Ending = Ending.FINISHED, processes: Any = None, **more: Any) -> RunRecord:
    return RunRecord(
        id=run_id,
        argv=("python", "train.py"),
        cwd="/p",
        project="/p",
        changes=more.pop("changes", {}),
        started_at="2025-01-01T00:00:00+00:00",
        duration_s=1.0,
        status=ExitStatus(ending=ending, code=0),
        processes=(process(),) if processes is None else processes,
        files_written=(),
    )


def outcome(runs: Any, reference: Any, candidate: Any) -> Outcome:
    return compare(runs.open(reference), runs.open(candidate))


def agreeing(runs: Any) -> Outcome:
    return outcome(runs, *(runs.trace().event("aten::add", 1).end_step().weights(w=1) for _ in range(2)))


def verdict(found: Outcome, second: RunRecord | None = None, **facts: Any) -> Verdict:
    return judge(found, (), Facts(records=(record(), second or record("r2")), **facts))


def test_equal_and_complete_runs_are_reproducible_with_what_that_covers(runs: Any) -> None:
    found = verdict(agreeing(runs))
    assert found.status is Status.REPRODUCIBLE
    assert found.reasons == (
        "Equal bit for bit over 1 step: 3 events, 2 tensors, 1 final parameters and buffers.",
        "Says nothing about other machines, GPU counts or versions.",
    )


def test_a_difference_is_divergent_and_says_how_far_it_got(runs: Any) -> None:
    found = verdict(outcome(runs, *(runs.trace().event("aten::add", n).weights(w=0) for n in range(2))))
    assert found.status is Status.DIVERGENT
    assert "1 of 2 compared events differ." in found.reasons
    assert "All 1 final parameters and buffers are equal all the same." in found.reasons
    assert "No cause could be shown from the traces." in found.reasons


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (record("r2", Ending.INTERRUPTED), "you stopped it after 2 steps"),
        (record("r2", Ending.TIMED_OUT), "ran out of time"),
        (record("r2", processes=(process(complete=False),)), "its trace has no end"),
        (record("r2", processes=(process("1-0.x2", complete=False),)), "process 1-0.x2: its trace has no end"),
        (record("r2", processes=(process(problems=("writer: the trace ends here: OSError",)),)), "lack of space"),
    ],
)
def test_equal_traces_prove_nothing_where_one_is_cut_short(runs: Any, second: RunRecord, reason: str) -> None:
    found = verdict(agreeing(runs), second)
    assert found.status is Status.INCONCLUSIVE
    assert any(reason in each for each in found.reasons)


def test_a_worker_that_was_killed_after_its_batches_were_used_is_no_doubt(runs: Any) -> None:
    worker = process("0-0.1", complete=False, steps=0)
    assert verdict(agreeing(runs), record("r2", processes=(process(), worker))).status is Status.REPRODUCIBLE


@pytest.mark.parametrize(
    ("processes", "reason"),
    [
        ((), "No process left a trace"),
        ((replace(process(), environment=replace(process().environment, torch=None)),), "never imported torch"),
        ((process(),), "ran no operator"),
    ],
)
def test_no_evidence_is_never_reproducible(runs: Any, processes: Any, reason: str) -> None:
    nothing = outcome(runs, [], [])
    facts = Facts(records=(record(processes=processes), record("r2", processes=processes)))
    found = judge(nothing, (), facts)
    assert found.status is Status.INCONCLUSIVE
    assert reason in found.reasons[0]


def test_other_digests_are_inconclusive_with_the_reason(runs: Any) -> None:
    traces = [runs.trace(algorithm=name).event("aten::add", 1) for name in ("xxh3_64", "crc32+adler32")]
    found = verdict(outcome(runs, *traces))
    assert found.status is Status.INCONCLUSIVE
    assert any("digests of different kinds" in reason for reason in found.reasons)


def printed(metric: bool) -> OutputDifference:
    return OutputDifference(line=3, reference="loss 1", candidate="loss 2", metric=metric)


@pytest.mark.parametrize(
    ("lines", "unseeded", "status"),
    [
        (("spread 0.25", "spread 0.75"), ("RA110 at train.py:4",), Status.INCONCLUSIVE),
        (("spread 0.25", "spread 0.75"), (), Status.REPRODUCIBLE),
        (("took 0.25 s", "took 0.75 s"), ("RA110 at train.py:4",), Status.REPRODUCIBLE),
        (("done in 0.25", "done in 0.75"), ("RA110 at train.py:4",), Status.REPRODUCIBLE),
        (("run brave-fox", "run calm-owl"), ("RA110 at train.py:4",), Status.REPRODUCIBLE),
    ],
)
def test_figures_of_any_name_count_where_the_source_draws_unseeded(
    runs: Any, lines: tuple[str, str], unseeded: tuple[str, ...], status: Status
) -> None:
    """Without a draw it may be a time, or a count of something that is no result."""
    found = agreeing(runs)
    other = OutputDifference(line=3, reference=lines[0], candidate=lines[1], metric=False)
    judged = verdict(replace(found, comparison=replace(found.comparison, output=(other,))), unseeded=unseeded)
    assert judged.status is status
    assert any("The source draws unseeded: RA110 at train.py:4." in each for each in judged.reasons) == (
        status is Status.INCONCLUSIVE
    )
    assert sum(lines[0] in each for each in judged.reasons) == 1


def test_figures_of_no_name_say_nothing_of_a_program_that_prints_by_the_clock(runs: Any) -> None:
    found = agreeing(runs)
    other = OutputDifference(line=3, reference="seen 17", candidate="seen 19", metric=False)
    more = replace(other, line=4, candidate="")
    changed = replace(found, comparison=replace(found.comparison, output=(other, more)))
    assert verdict(changed, unseeded=("RA110 at train.py:4",)).status is Status.REPRODUCIBLE


@pytest.mark.parametrize(("metric", "status"), [(True, Status.INCONCLUSIVE), (False, Status.REPRODUCIBLE)])
def test_equal_tensors_with_other_printed_figures_are_in_doubt(runs: Any, metric: bool, status: Status) -> None:
    found = agreeing(runs)
    found = replace(found, comparison=replace(found.comparison, output=(printed(metric),)))
    judged = verdict(found)
    assert judged.status is status
    assert any("`loss 1`" in reason and "`loss 2`" in reason for reason in judged.reasons)


def test_steps_that_were_asked_for_are_enough_and_told(runs: Any) -> None:
    stopped = record("r2", Ending.STOPPED)
    found = judge(agreeing(runs), (), Facts(records=(record(ending=Ending.STOPPED), stopped), asked_steps=2))
    assert found.status is Status.REPRODUCIBLE
    assert "Both runs were stopped after 2 steps, as asked; what comes later did not run." in found.reasons


def test_a_python_program_that_ran_without_the_probe_leaves_equal_traces_inconclusive(runs: Any) -> None:
    told = "children: a Python program runs unseen: started with -I, which ignores the environment"
    records = [record(name, processes=(process(problems=(told,)),)) for name in ("r1", "r2")]
    found = judge(agreeing(runs), (), Facts(records=(records[0], records[1])))
    assert found.status is Status.INCONCLUSIVE
    (reason,) = found.reasons[1:]
    assert reason == (
        "Process 0-0 started a Python program that ran without the probe (started with -I, which ignores the "
        "environment): what it computed was not seen."
    )


def test_a_run_that_left_no_trace_beside_one_that_did_is_no_divergence(runs: Any) -> None:
    silent = record("r2", processes=())
    found = verdict(outcome(runs, runs.trace().event("aten::add", 1), []), silent)
    assert found.status is Status.INCONCLUSIVE
    assert "Run r2 left no trace, though run r1 of the same command did." in found.reasons


def test_results_in_files_that_differ_leave_equal_traces_inconclusive(runs: Any) -> None:
    told = ("accuracy is 0.5 in the reference and 0.6 in the candidate (in m.json)", "the array w differs (in w.npy)")
    found = verdict(agreeing(runs), results_differing=told)
    assert found.status is Status.INCONCLUSIVE
    assert f"results that the program wrote do: {told[0]}. Nor do results in 1 more file" in found.reasons[1]


def test_leaks_and_files_and_blind_spots_are_told_with_every_verdict(runs: Any) -> None:
    blind = record("r2", processes=(process(problems=("digest: not covered: Foo",)),))
    leak = Leak(path="last.pt", process="0-0", event=0, site=None)
    found = verdict(agreeing(runs), blind, leaks=(leak,), files_differing=("log.csv",))
    text = " ".join(found.reasons)
    assert "State leaks between runs: last.pt" in text
    assert "Files written with other contents: log.csv." in text
    assert "not everything was seen (digest: not covered: Foo)" in text


def test_runs_that_agree_although_memory_was_read_unwritten_say_that_this_is_luck(runs: Any) -> None:
    flags = wire.READS_UNINITIALISED
    lucky = outcome(runs, *(runs.trace().event("aten::add_", 1, flags=flags, line=8) for _ in range(2)))
    found = verdict(lucky)
    assert found.status is Status.REPRODUCIBLE
    assert any("aten::add_ at train.py:8 reads memory that was never written" in reason for reason in found.reasons)
    assert not any("never written" in reason for reason in verdict(agreeing(runs)).reasons)


def test_a_buffer_that_a_collective_receives_into_is_no_luck(runs: Any) -> None:
    flags = wire.READS_UNINITIALISED
    each = [runs.trace().event("c10d::broadcast_", 1, flags=flags).event("aten::add_", 1, line=8) for _ in range(2)]
    assert not any("never written" in reason for reason in verdict(outcome(runs, *each)).reasons)
    each = [each.event("aten::mul_", 1, flags=flags, line=9) for each in each]
    assert any("aten::mul_ at train.py:9 reads" in reason for reason in verdict(outcome(runs, *each)).reasons)


@pytest.mark.parametrize(
    ("values", "first"),
    [((1.0, math.nan, math.inf), 1), ((1.0, math.nan, 2.0), None), ((1.0, 0.5, 0.2), None), ((), None)],
)
def test_equal_runs_whose_loss_became_nan_say_that_this_is_weak(
    runs: Any, values: tuple[float, ...], first: int | None
) -> None:
    assert not_finite_from([Loss(step=step, value=value) for step, value in enumerate(values)]) == first
    found = verdict(agreeing(runs), not_finite_from=first)
    assert found.status is Status.REPRODUCIBLE
    assert any("The loss is not finite from step 1" in reason for reason in found.reasons) is (first is not None)


def test_eager_regions_are_told(runs: Any) -> None:
    found = verdict(agreeing(runs), record("r2", changes={"TORCHDYNAMO_DISABLE": "1"}))
    assert any("--compile eager" in reason for reason in found.reasons)


def broken() -> RunRecord:
    problem = "backend: AttributeError: 'Writer' object has no attribute 'op'"
    return record("r2", processes=(process(problems=(problem,)),))


def test_a_probe_that_broke_makes_missing_events_inconclusive(runs: Any) -> None:
    whole = runs.trace().event("aten::add", 1).event("aten::mul", 2).end_step().weights(w=1)
    found = outcome(runs, whole, runs.trace().end_step().weights(w=1))
    assert verdict(found).status is Status.DIVERGENT
    doubtful = verdict(found, broken())
    assert doubtful.status is Status.INCONCLUSIVE
    assert "the probe failed, so operators are missing from the trace (AttributeError" in doubtful.reasons[0]


def test_a_probe_that_broke_never_proves_that_runs_are_equal(runs: Any) -> None:
    assert verdict(agreeing(runs), broken()).status is Status.INCONCLUSIVE


def test_values_that_differ_are_divergent_even_where_the_probe_broke(runs: Any) -> None:
    found = outcome(runs, *(runs.trace().event("aten::add", value).end_step() for value in (1, 2)))
    assert verdict(found, broken()).status is Status.DIVERGENT
