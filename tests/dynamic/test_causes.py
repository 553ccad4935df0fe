"""Each cause on traces that show it, and the near misses at which it must stay silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from auditor.dynamic.causes import control_flow
from auditor.dynamic.classify import classify, is_settled, known_causes
from auditor.dynamic.compare import compare
from auditor.dynamic.evidence import ONE_TAPE, Asked, Case, Intervention, Unseeded, case_of
from auditor.model.divergence import Closeup, Magnitude, Replay
from auditor.model.environment import Environment
from auditor.model.finding import Finding
from auditor.model.location import Location
from auditor.model.report import AuditReport
from auditor.model.rule import Category, Confidence, FixAdvice, Match, Rule, RuleId, Severity
from auditor.model.run import Ending, ExitStatus, ProcessRecord, RunRecord
from auditor.model.verdict import Cause
from auditor.probe import wire


def case(runs: Any, reference: Any, candidate: Any, **more: Any) -> Case:
    opened = runs.open(reference), runs.open(candidate)
    comparison = compare(*opened).comparison
    closeup = more.pop("closeup", None)
    if closeup is not None:
        assert comparison.first is not None
        comparison = replace(comparison, first=replace(comparison.first, closeup=closeup))
    return case_of(comparison, opened, **more)


def causes(runs: Any, reference: Any, candidate: Any, **more: Any) -> dict[str, Cause]:
    return {cause.kind: cause for cause in classify(case(runs, reference, candidate, **more))}


def best(runs: Any, reference: Any, candidate: Any, **more: Any) -> Cause:
    return classify(case(runs, reference, candidate, **more))[0]


def finding(name: str, category: Category, line: int, path: str = "train.py") -> tuple[Finding, Rule]:
    rule = Rule(
        id=RuleId(f"RA9{line:02}"),
        name=name,
        title=name,
        category=category,
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        explanation="",
        references=(),
        match=Match(kind="call", options={}),
        fix=FixAdvice(summary="", options={}),
        examples=(),
        sources=(),
        path="rules/x.toml",
    )
    found = Finding(
        rule_id=rule.id,
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        message="",
        advice="",
        location=Location(path=path, line=line),
        key=f"key-{name}",
    )
    return found, rule


def scanned(*pairs: tuple[Finding, Rule]) -> AuditReport:
    return AuditReport(
        tool="t", project="p", findings=tuple(f for f, _ in pairs), rules=tuple(rule for _, rule in pairs)
    )


def record(files_written: Sequence[str] = (), run_id: str = "r1") -> RunRecord:
    environment = Environment(
        python="3", torch="2", platform="", cpu="", threads=1, devices=(), flags={}, variables={}, packages={}
    )
    process = ProcessRecord(
        name="0-0",
        pid=1,
        parent_pid=0,
        rank=None,
        complete=True,
        events=1,
        steps=0,
        problems=(),
        environment=environment,
    )
    return RunRecord(
        id=run_id,
        argv=("python", "train.py"),
        cwd="/p",
        project="/p",
        changes={},
        started_at="2025-01-01T00:00:00+00:00",
        duration_s=1.0,
        status=ExitStatus(ending=Ending.FINISHED, code=0),
        processes=(process,),
        files_written=tuple(files_written),
    )


# RNG libraries


def test_a_draw_from_a_generator_that_nobody_seeds_is_a_proven_cause(runs: Any) -> None:
    traces = [runs.trace().draw("aten::normal_", f"w{n}", f"state{n}", line=11) for n in range(2)]
    found = best(runs, *traces)
    assert (found.kind, found.confidence) == ("unseeded-rng", Confidence.HIGH)
    assert found.location is not None
    assert found.location.line == 11
    assert "torch's CPU generator differs right before aten::normal_ at train.py:11" in found.evidence[0]
    assert "No call seeded" in found.evidence[1]


def test_a_seed_that_comes_after_the_first_draw_names_both_lines(runs: Any) -> None:
    traces = [
        runs.trace().draw("aten::normal_", n, f"s{n}", line=11).seed("torch", "torch.manual_seed", "0", line=20)
        for n in range(2)
    ]
    found = best(runs, *traces)
    assert (found.kind, found.confidence) == ("seeded-too-late", Confidence.HIGH)
    assert "train.py:20" in found.title
    assert "train.py:11" in found.title


def test_seeds_that_differ_are_quoted_and_recognised_as_the_time(runs: Any) -> None:
    traces = []
    for seed, start in ((1735787045, "2025-01-02T03:04:05+00:00"), (1735787049, "2025-01-02T03:04:09+00:00")):
        trace = runs.trace(started_at=start).seed("torch", "torch.manual_seed", str(seed), line=3)
        traces.append(trace.draw("aten::normal_", seed, f"s{seed}", line=11))
    found = best(runs, *traces)
    assert (found.kind, found.confidence) == ("seed-differs", Confidence.HIGH)
    assert "1735787045" in found.evidence[1]
    assert "1735787049" in found.evidence[1]
    assert found.evidence[-1] == "Both are the time of the run in seconds."
    assert found.location is not None
    assert found.location.line == 3


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ((4000, 4001), "Both are the process ids of the runs."),
        ((3_000_000_000, 3_000_000_000 + 4_000_100), "as a clock in microseconds does"),
        ((17, 99), None),
    ],
)
def test_what_a_differing_seed_looks_like(runs: Any, seeds: tuple[int, int], said: str | None) -> None:
    starts = ("2025-01-02T03:04:05+00:00", "2025-01-02T03:04:09+00:00")
    traces = []
    for seed, start, pid in zip(seeds, starts, (4000, 4001), strict=True):
        trace = runs.trace(started_at=start, pid=pid).seed("torch", "torch.manual_seed", str(seed))
        traces.append(trace.draw("aten::normal_", seed, f"s{seed}"))
    evidence = " ".join(best(runs, *traces).evidence)
    assert (said in evidence) if said else ("clock" not in evidence and "process id" not in evidence)


def test_an_object_that_takes_its_seed_from_entropy_is_blamed_and_not_the_seeded_default(runs: Any) -> None:
    traces = []
    for side in range(2):
        trace = runs.trace().seed("torch", "torch.manual_seed", "0", line=2)
        trace.seed("torch.Generator", "torch.Generator.seed", "entropy", line=3)
        trace.seed("torch.Generator", "torch.Generator.manual_seed", "7", line=4)
        traces.append(trace.draw("aten::uniform_", side, f"s{side}", line=11))
    found = best(runs, *traces)
    assert (found.kind, found.title) == ("unseeded-rng", "a `torch.Generator` is seeded from the system's entropy")
    assert found.location is not None
    assert found.location.line == 3


def test_equal_seeds_and_other_states_mean_that_more_was_drawn_in_one_run(runs: Any) -> None:
    traces = [
        runs.trace().seed("torch", "torch.manual_seed", "0", line=2).draw("aten::uniform_", n, f"s{n}")
        for n in range(2)
    ]
    found = best(runs, *traces)
    assert (found.kind, found.confidence) == ("generator-shifted", Confidence.MEDIUM)
    assert "torch.manual_seed at train.py:2 seeds it with 0 in both runs" in found.evidence[1]


def outside(runs: Any, side: int, *, seeded: bool = False, drawn: bool = True, library: str = "numpy.random") -> Any:
    """A tensor from numpy, between two looks at numpy's generator."""
    trace = runs.trace().state("random", f"random{side}")
    if seeded:
        trace.seed(library, f"{library}.seed", "0", line=2)
    trace.state(library, "fixed" if seeded else f"first{side}")
    trace.event("aten::add", 1).outside(f"batch{side}", line=15).event("aten::mul", f"m{side}", inputs=f"b{side}")
    trace.end_step()
    if drawn:
        trace.state(library, f"second{side}")
    return trace


def test_a_tensor_from_an_unseeded_numpy_is_traced_to_it(runs: Any) -> None:
    found = best(runs, outside(runs, 0), outside(runs, 1))
    assert (found.kind, found.confidence) == ("unseeded-rng", Confidence.MEDIUM)
    assert "NumPy's global generator" in found.title
    assert "around a tensor that came from outside torch at train.py:15" in found.evidence[0]


def test_run_and_scan_together_make_an_unseeded_library_sure(runs: Any) -> None:
    report = scanned(finding("unseeded-numpy", Category.SEEDING, 15))
    found = best(runs, outside(runs, 0), outside(runs, 1), report=report)
    assert found.confidence is Confidence.HIGH
    assert found.findings == ("key-unseeded-numpy",)


def test_a_generator_that_nothing_draws_from_is_not_blamed(runs: Any) -> None:
    found = causes(runs, outside(runs, 0, drawn=False), outside(runs, 1, drawn=False))
    assert "unseeded-rng" not in found
    assert found["outside-source"].confidence is Confidence.LOW


def test_a_seeded_generator_is_not_blamed(runs: Any) -> None:
    assert "unseeded-rng" not in causes(runs, outside(runs, 0, seeded=True), outside(runs, 1, seeded=True))


def test_a_generator_made_without_a_seed_is_blamed_at_the_line_that_makes_it(runs: Any) -> None:
    traces = []
    for side in range(2):
        trace = runs.trace().seed("numpy.random.Generator", "numpy.random.default_rng", "entropy", line=4)
        trace.outside(f"batch{side}", line=15)
        trace.end_step().state("numpy.random.Generator#0", f"moved{side}")
        traces.append(trace)
    found = best(runs, *traces)
    assert found.kind == "unseeded-rng"
    assert found.location is not None
    assert found.location.line == 4


def test_a_generator_whose_draws_are_not_watched_is_suspected_where_it_was_made_without_a_seed(runs: Any) -> None:
    traces = []
    for side in range(2):
        trace = runs.trace().seed("numpy.random", "numpy.random.SeedSequence", "entropy", line=4)
        for _ in range(300):
            trace.event("aten::add", 1)
        traces.append(trace.outside(f"batch{side}", line=95))
    found = best(runs, *traces)
    assert (found.kind, found.confidence) == ("unseeded-rng", Confidence.LOW)
    assert found.location is not None
    assert found.location.line == 4
    assert "its draws are not watched" in found.evidence[0]


def test_two_unseeded_libraries_are_both_suspect_and_neither_is_sure(runs: Any) -> None:
    traces = []
    for side in range(2):
        trace = outside(runs, side)
        trace.state("random", f"random-moved{side}")
        traces.append(trace)
    report = scanned(finding("unseeded-numpy", Category.SEEDING, 15))
    found = best(runs, *traces, report=report)
    assert found.kind == "unseeded-rng"
    assert found.confidence is Confidence.MEDIUM
    assert "1 other" in found.evidence[-1]


def test_an_unseeded_generator_in_a_worker_is_the_workers(runs: Any) -> None:
    sides = []
    for side in range(2):
        worker = runs.trace("0-0.1")
        worker.phase = wire.DATA
        worker.seed("torch", "torch.manual_seed", "7").event("aten::zeros", 0)
        worker.seed("numpy.random.Generator", "numpy.random.default_rng", "entropy", line=30)
        worker.outside(f"item{side}", line=31)
        main = runs.trace().seed("torch", "torch.manual_seed", "0").batch(f"batch{side}", line=50)
        sides.append([main, worker])
    found = best(runs, *sides)
    assert found.kind == "worker-rng"
    assert "worker process 0-0.1" in found.evidence[0]
    assert found.location is not None
    assert found.location.line == 30


@pytest.mark.parametrize(
    ("process", "kind"), [("0-0.x1", "unseeded-rng"), ("0-0.s1", "unseeded-rng"), ("0-0.1", "generator-shifted")]
)
def test_only_a_forked_process_inherits_the_seeds_of_its_parent(runs: Any, process: str, kind: str) -> None:
    sides = []
    for side in range(2):
        parent = runs.trace("0-0").seed("torch", "torch.manual_seed", "0", line=3)
        child = runs.trace(process).draw("aten::rand", ("draw", side), ("state", side), line=1)
        sides.append([parent.event("aten::mul", "same", line=7), child])
    assert best(runs, *sides).kind == kind


# data order


ROWS = [f"row{n}" for n in range(32)]


def test_the_same_rows_in_another_order_are_proven(runs: Any) -> None:
    traces = [runs.trace().batch(str(rows), rows=rows, line=8) for rows in (ROWS, ROWS[::-1])]
    found = best(runs, *traces)
    assert (found.kind, found.confidence) == ("data-order", Confidence.HIGH)
    assert found.evidence == ("The batch holds the same 32 rows in both runs; 32 of them in another place.",)


def test_rows_that_are_shared_out_to_other_batches_are_proven_over_the_epoch(runs: Any) -> None:
    def epoch(order: Sequence[str], batches: int) -> Any:
        trace = runs.trace()
        for n in range(batches):
            part = order[8 * n : 8 * n + 8]
            trace.batch(str(part), rows=part, line=8)
        return trace

    mixed = ROWS[1::2] + ROWS[::2]
    found = best(runs, epoch(ROWS, 4), epoch(mixed, 2))
    assert found.kind == "data-order"
    assert found.evidence[0].startswith("All 16 rows of the candidate's 2 batches since then are among the reference's")


def test_whole_batches_in_another_order_are_told_so(runs: Any) -> None:
    def epoch(*order: int) -> Any:
        trace = runs.trace()
        for n in order:
            trace.batch(n, rows=ROWS[8 * n : 8 * n + 8], line=8)
        return trace

    found = causes(runs, epoch(0, 1, 2, 3), epoch(1, 0, 3, 2))["data-order"]
    assert "The same 4 batches came in another order" in found.evidence[0]


def test_other_rows_are_no_other_order(runs: Any) -> None:
    other = [*ROWS[:-1], "augmented"]
    assert "data-order" not in causes(runs, *(runs.trace().batch(str(rows), rows=rows) for rows in (ROWS, other[::-1])))


def test_labels_that_are_among_any_others_prove_nothing(runs: Any) -> None:
    labels = [["a", "b", "a", "b"], ["b", "b", "a", "b"]]
    long = runs.trace().batch(1, rows=labels[0]).batch(2, rows=["b"] * 8)
    assert "data-order" not in causes(runs, long, runs.trace().batch(3, rows=labels[1]))


def test_a_folder_in_another_order_is_sure_where_the_rows_are_too(runs: Any) -> None:
    names = ["a", "b", "c"]
    traces = [
        runs.trace().listing("data", order, line=5).outside(str(rows), rows=rows, line=9)
        for order, rows in ((names, ROWS), (names[::-1], ROWS[::-1]))
    ]
    report = scanned(finding("listdir-order", Category.DATA_ORDER, 5))
    found = best(runs, *traces, report=report)
    assert (found.kind, found.confidence) == ("directory-order", Confidence.HIGH)
    assert found.evidence[0] == "data was listed at train.py:5 with the same 3 names in another order."
    assert found.findings == ("key-listdir-order",)


def test_a_folder_with_other_names_is_no_other_order(runs: Any) -> None:
    traces = [runs.trace().listing("data", names).outside(str(names)) for names in (["a", "b"], ["b", "c"])]
    assert "directory-order" not in causes(runs, *traces)


# hashes


def hashed(runs: Any, **more: Any) -> list[Any]:
    return [runs.trace(**more).outside(f"ids{side}", line=6) for side in range(2)]


def test_a_set_order_is_suspected_where_the_scan_saw_one_and_hashes_are_open(runs: Any) -> None:
    report = scanned(finding("set-iteration-order", Category.DATA_ORDER, 3))
    found = best(runs, *hashed(runs), report=report)
    assert (found.kind, found.confidence) == ("hash-order", Confidence.MEDIUM)
    assert not is_settled((found,))
    assert "hash-order" not in causes(runs, *hashed(runs, hash_seed="0"), report=report)
    assert "hash-order" not in causes(runs, *hashed(runs))


def test_two_runs_that_agree_with_a_fixed_hash_secret_prove_it(runs: Any) -> None:
    tried = Intervention(kind="hash-seed", agreed=True, note="They part later.")
    found = best(runs, *hashed(runs), interventions=(tried,))
    assert (found.kind, found.confidence) == ("hash-order", Confidence.HIGH)
    assert is_settled((found,))


def test_two_runs_that_still_differ_with_a_fixed_hash_secret_clear_it(runs: Any) -> None:
    report = scanned(finding("set-iteration-order", Category.DATA_ORDER, 3))
    tried = Intervention(kind="hash-seed", agreed=False)
    assert "hash-order" not in causes(runs, *hashed(runs), report=report, interventions=(tried,))


def test_text_in_buckets_by_its_hash_is_not_called_the_order_of_a_set(runs: Any) -> None:
    report = scanned(finding("string-hash-bucket", Category.DATA_ORDER, 3))
    found = best(runs, *hashed(runs), report=report)
    assert found.title == "`hash()` of text follows Python's hash secret"
    assert "crc32" in found.remedy


# workers


@pytest.mark.parametrize(("lines", "confidence"), [((4,), Confidence.HIGH), ((4, 7), Confidence.MEDIUM)])
def test_randomness_from_the_system_is_named_where_runs_that_are_given_the_same_agree(
    runs: Any, lines: tuple[int, ...], confidence: Confidence
) -> None:
    asked = tuple(
        Asked(call="os.urandom", site=Location(path="train.py", line=line, function="main"), times=40) for line in lines
    )
    of_tempfile = Asked(call="random.seed", site=Location(path="train.py", line=2, function="main"), times=2)
    tried = Intervention(kind=ONE_TAPE, agreed=True, asked=(of_tempfile, *asked))
    traces = [runs.trace().outside(("mask", side), line=9) for side in range(2)]
    found = best(runs, *traces, interventions=(tried,))
    assert (found.kind, found.confidence) == ("system-entropy", confidence)
    assert found.title == "randomness is taken from the system at train.py:4"
    assert "os.urandom is asked for randomness at train.py:4 (40 times)." in found.evidence


@pytest.mark.parametrize(("asked", "confidence"), [(False, Confidence.HIGH), (True, Confidence.MEDIUM)])
def test_a_process_that_draws_unseeded_is_named_where_runs_that_are_given_the_same_agree(
    runs: Any, asked: bool, confidence: Confidence
) -> None:
    """Its number is passed to an op of the parent, which torch sees; the draw itself it does not see."""
    child = Unseeded(process="0-0.x1", argv=("/usr/bin/python3", "draw.py"), library="random")
    own = Unseeded(process="0-0", argv=("python", "train.py"), library="random")
    line = Asked(call="os.urandom", site=Location(path="train.py", line=4, function="main"), times=1)
    tried = Intervention(kind=ONE_TAPE, agreed=True, asked=(line,) if asked else (), unseeded=(own, child))
    traces = [runs.trace().outside(("scale", side), line=9) for side in range(2)]
    found = causes(runs, *traces, interventions=(tried,))["unseeded-process"]
    assert found.confidence is confidence
    assert found.title == "Python's `random` is never seeded in a process that the program starts"
    told = "Process 0-0.x1 (`python3 draw.py`) drew from Python's `random`, and no call in it seeds that."
    assert told in found.evidence


def test_randomness_from_the_system_is_not_named_beside_a_generator_that_explains_the_event(runs: Any) -> None:
    asked = (Asked(call="os.urandom", site=Location(path="train.py", line=4, function="main"), times=1),)
    tried = Intervention(kind=ONE_TAPE, agreed=True, asked=asked)
    assert "system-entropy" not in causes(runs, outside(runs, 0), outside(runs, 1), interventions=(tried,))


def test_results_taken_as_workers_finish_are_suspected_and_sure_where_rows_are_reordered(runs: Any) -> None:
    report = scanned(finding("completion-order", Category.DATA_ORDER, 3))
    other = [runs.trace().outside(f"x{side}", line=9) for side in range(2)]
    moved = [runs.trace().outside(str(rows), rows=rows, line=9) for rows in (ROWS, ROWS[::-1])]
    for traces, confidence in ((other, Confidence.MEDIUM), (moved, Confidence.HIGH)):
        found = best(runs, *traces, report=report)
        assert (found.kind, found.confidence) == ("completion-order", confidence)
        assert found.location is not None
        assert found.location.line == 3
    assert "completion-order" not in causes(runs, *other)


def test_an_op_with_equal_inputs_follows_no_order_of_workers(runs: Any) -> None:
    report = scanned(finding("completion-order", Category.DATA_ORDER, 3))
    traces = [runs.trace().event("aten::index_put", f"y{side}", inputs="same") for side in range(2)]
    assert "completion-order" not in causes(runs, *traces, report=report)


# shared memory


def hogwild(runs: Any, side: int, *, trainers: int = 2, flags: int = wire.SHARED) -> list[Any]:
    """The first of some processes reads weights that the others may have written to."""
    traces = [runs.trace(name=f"0-0.{number}") for number in range(3)]
    traces[0].outside(f"weights{side}", flags=flags, line=9)
    for trace in traces[:trainers]:
        trace.event("aten::add_", "sum").end_step()
    return traces


def test_weights_in_memory_that_several_processes_train_are_raced_for(runs: Any) -> None:
    found = best(runs, *(hogwild(runs, side) for side in range(2)))
    assert (found.kind, found.confidence) == ("shared-memory", Confidence.HIGH)
    assert found.evidence[1].startswith("2 processes take optimizer steps")
    assert is_settled((found,))


@pytest.mark.parametrize("more", [{"trainers": 1}, {"flags": 0}])
def test_shared_memory_that_one_process_trains_or_memory_of_its_own_is_no_race(runs: Any, more: dict[str, int]) -> None:
    assert "shared-memory" not in causes(runs, *(hogwild(runs, side, **more) for side in range(2)))


def test_the_hash_secret_is_not_suspected_of_a_race_for_shared_memory(runs: Any) -> None:
    tried = Intervention(kind="hash-seed", agreed=True)
    assert "hash-order" not in causes(runs, *(hogwild(runs, side) for side in range(2)), interventions=(tried,))


# operators


def racing(runs: Any, op: str = "aten::index_put_", **more: Any) -> list[Any]:
    return [runs.trace().event(op, f"sum{side}", inputs="same", line=7, **more) for side in range(2)]


def closeup(distinct: int = 1, inputs_agree: bool | None = None) -> Closeup:
    magnitude = Magnitude(differing=1, total=4, max_absolute=0.0, max_relative=0.0, max_ulp=1, rms=0.0, rerun=True)
    return Closeup(
        magnitude=magnitude,
        replay=Replay(calls=8, distinct=distinct, magnitude=None),
        kernels=(),
        kernels_missing="",
        note="",
        inputs_agree=inputs_agree,
    )


def test_equal_inputs_and_other_outputs_point_at_the_op(runs: Any) -> None:
    found = best(runs, *racing(runs))
    assert (found.kind, found.confidence) == ("nondeterministic-op", Confidence.MEDIUM)
    assert "agree bit for bit" in found.evidence[0]
    assert "outputs[0] does not" in found.evidence[0]


def test_a_replay_with_many_results_makes_it_sure(runs: Any) -> None:
    found = best(runs, *racing(runs), closeup=closeup(distinct=8))
    assert found.confidence is Confidence.HIGH
    assert found.evidence[0] == "Called again 8 times on the same inputs: 8 different results."


def test_inputs_whose_bytes_differ_clear_the_op_and_accuse_a_hidden_write(runs: Any) -> None:
    found = causes(runs, *racing(runs), closeup=closeup(inputs_agree=False))
    assert "nondeterministic-op" not in found
    assert found["unseen-write"].confidence is Confidence.HIGH


def test_an_op_of_ones_own_that_may_draw_inside_is_less_sure_than_the_generator(runs: Any) -> None:
    traces = []
    for side in range(2):
        trace = runs.trace().state("random", f"first{side}")
        trace.event("my::noisy", f"y{side}", inputs="same", line=12).end_step().state("random", f"second{side}")
        traces.append(trace)
    found = causes(runs, *traces, closeup=closeup(distinct=8))
    assert found["unseeded-rng"].confidence is Confidence.MEDIUM
    assert found["nondeterministic-op"].confidence is Confidence.MEDIUM
    assert "none of torch" not in found["nondeterministic-op"].remedy
    assert "no operator of torch's own" in found["nondeterministic-op"].remedy


@pytest.mark.parametrize(
    ("choice", "expected"),
    [({"inputs": ""}, True), ({"inputs": "", "arguments": "n"}, False), ({"inputs": "", "op": "c10d::send"}, False)],
)
def test_other_tensors_of_the_same_ones_are_told_as_a_choice(runs: Any, choice: dict[str, str], expected: bool) -> None:
    traces = []
    for side in range(2):
        trace = runs.trace().event("aten::randn", "a", line=3).event("aten::randn", "b", line=4)
        more = {key: f"{value}{side}" for key, value in choice.items() if key != "op"}
        traces.append(trace.event(choice.get("op", "aten::mm"), f"y{side}", line=9, **more))
    found = causes(runs, *traces)
    assert ("tensor-choice" in found) is expected
    if expected:
        assert found["tensor-choice"].title == "aten::mm at train.py:9 is given another one of the same tensors"


def test_another_number_beside_equal_tensors_is_told(runs: Any) -> None:
    traces = [runs.trace().event("aten::add_", f"w{n}", inputs="w", arguments=f"lr{n}", line=8) for n in range(2)]
    found = best(runs, *traces)
    assert (found.kind, found.title) == ("argument-differs", "aten::add_ at train.py:8 is passed another number")


def test_tensors_of_a_kind_without_a_digest_may_differ_unseen(runs: Any) -> None:
    traces = []
    for side in range(2):
        trace = runs.trace().event("aten::_nested_tensor", runs.tensor("n", flags=wire.NOT_COVERED), line=3)
        traces.append(trace.event("aten::mm", f"y{side}", inputs=f"x{side}", line=9))
    assert "tensor-choice" not in causes(runs, *traces)


def test_a_likely_root_stands_before_a_sure_appearance(runs: Any) -> None:
    traces = []
    for side in range(2):
        trace = runs.trace().state("numpy.random", f"first{side}").event("aten::add", 1)
        if side:
            trace.event("aten::neg", 2, line=15)
        traces.append(trace.event("aten::mul", 3).end_step().state("numpy.random", f"second{side}"))
    found = classify(case(runs, *traces))
    assert [cause.kind for cause in found] == ["unseeded-rng", "control-flow"]
    assert [cause.confidence for cause in found] == [Confidence.MEDIUM, Confidence.HIGH]


@pytest.mark.parametrize("op", ["c10d::allreduce_", "_c10d_functional::all_reduce"])
def test_a_collective_is_not_blamed_for_what_other_ranks_sent(runs: Any, op: str) -> None:
    assert "nondeterministic-op" not in causes(runs, *racing(runs, op))


def test_an_op_whose_inputs_differ_is_not_blamed(runs: Any) -> None:
    traces = [runs.trace().event("aten::mm", side, inputs=f"x{side}") for side in range(2)]
    assert "nondeterministic-op" not in causes(runs, *traces)


def test_a_compiled_region_is_named_as_one(runs: Any) -> None:
    found = best(runs, *racing(runs, "region", kind=wire.REGION))
    assert (found.kind, found.confidence) == ("compiled-region", Confidence.HIGH)


def test_uninitialised_memory_is_blamed_at_the_line_that_allocates_it(runs: Any) -> None:
    traces = []
    for side in range(2):
        trace = runs.trace().event("aten::empty", runs.tensor(0, flags=wire.UNINITIALISED), line=3)
        unread = runs.tensor(0, flags=wire.UNINITIALISED)
        trace.event("aten::add_", unread, kind=wire.OUTSIDE, flags=wire.READS_UNINITIALISED, line=3)
        trace.event("aten::add_", f"sum{side}", flags=wire.READS_UNINITIALISED, inputs="same", line=9)
        traces.append(trace)
    found = best(runs, *traces)
    assert (found.kind, found.confidence) == ("uninitialized-memory", Confidence.HIGH)
    assert found.location is not None
    assert found.location.line == 3
    assert "train.py:9" in found.evidence[0]


# circumstances


def test_another_number_of_threads_is_told_but_not_proven(runs: Any) -> None:
    traces = [
        runs.trace(environment={"threads": threads}).event("aten::sum", threads, inputs="same") for threads in (1, 8)
    ]
    found = causes(runs, *traces)["thread-count"]
    assert found.confidence is Confidence.MEDIUM
    assert "1 threads in the reference and 8 in the candidate" in found.evidence[0]
    assert "environment-differs" not in causes(runs, *traces)


def test_other_versions_and_switches_are_listed(runs: Any) -> None:
    traces = [
        runs.trace(environment={"cpu": cpu, "flags": {"cudnn.benchmark": cpu}}).event("aten::sum", cpu, inputs="same")
        for cpu in ("AVX2", "AVX512")
    ]
    evidence = " ".join(causes(runs, *traces)["environment-differs"].evidence)
    assert "cpu: AVX2 in the reference, AVX512 in the candidate." in evidence
    assert "cudnn.benchmark" in evidence


def test_a_checkpoint_that_the_first_run_left_is_a_leak(runs: Any) -> None:
    reference = runs.trace().event("aten::zeros", 1).event("aten::mul", 2)
    candidate = runs.trace().event("aten::zeros", 1).file("last.pt", line=12).outside("loaded", line=12)
    found = best(runs, reference, candidate, records=(record(["last.pt"]), record()))
    assert (found.kind, found.confidence) == ("state-leak", Confidence.HIGH)
    assert found.title == "state leaks between runs: last.pt"
    assert found.location is not None
    assert found.location.line == 12


def test_a_file_outside_the_project_may_be_a_cache_that_does_no_harm(runs: Any) -> None:
    reference = runs.trace().file("/home/me/.cache/x.bin", "w").event("aten::zeros", 1).event("aten::mul", 2)
    candidate = runs.trace().file("/home/me/.cache/x.bin").event("aten::zeros", 1).event("aten::mul", 3)
    assert causes(runs, reference, candidate)["state-leak"].confidence is Confidence.MEDIUM
    own = runs.trace().file("/home/me/.cache/x.bin", "w").file("/home/me/.cache/x.bin").event("aten::zeros", 3)
    assert "state-leak" not in causes(runs, reference, own)


def test_a_file_that_the_candidate_wrote_itself_is_no_leak(runs: Any) -> None:
    reference = runs.trace().event("aten::zeros", 1)
    candidate = runs.trace().file("last.pt", "w").file("last.pt").event("aten::zeros", 2)
    assert "state-leak" not in causes(runs, reference, candidate, records=(record(["last.pt"]), record()))


def test_a_file_that_is_read_after_the_divergence_did_not_cause_it(runs: Any) -> None:
    reference = runs.trace().event("aten::zeros", 1).event("aten::mul", 2)
    candidate = runs.trace().event("aten::zeros", 3)
    candidate.event("aten::mul", 4).file("last.pt")
    assert "state-leak" not in causes(runs, reference, candidate, records=(record(["last.pt"]), record()))


def test_different_ways_are_told_with_both_lines(runs: Any) -> None:
    reference, candidate = runs.trace(), runs.trace()
    for number in range(10):
        reference.event(f"aten::op{number}", number, line=number + 1)
        if number == 4:
            candidate.event("aten::dropout", 0, line=77)
        candidate.event(f"aten::op{number}", number, line=number + 1)
    found = causes(runs, reference, candidate)["control-flow"]
    assert found.evidence == (
        "The candidate runs aten::dropout at train.py:77; the reference does not, there.",
        "The reference goes on with aten::op4 at train.py:5.",
    )


# ranking and the registry


def test_a_proven_root_stands_before_a_proven_appearance(runs: Any) -> None:
    traces = []
    for side, rows in enumerate((ROWS, ROWS[::-1])):
        trace = runs.trace().state("numpy.random", f"a{side}").batch(str(rows), rows=rows, line=8)
        traces.append(trace.end_step().state("numpy.random", f"b{side}"))
    report = scanned(finding("unseeded-numpy", Category.SEEDING, 2))
    kinds = [cause.kind for cause in classify(case(runs, *traces, report=report))]
    assert kinds == ["unseeded-rng", "data-order"]


def test_every_cause_in_the_folder_is_known_once() -> None:
    names = [cause.name for cause in known_causes()]
    assert names == sorted(set(names))
    assert {"unseeded-rng", "control-flow", "state-leak", "worker-rng"} <= set(names)


def test_a_cause_without_its_constant_is_an_error_with_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_flow, "CAUSE", "not a cause")
    known_causes.cache_clear()
    try:
        with pytest.raises(TypeError, match=r"control_flow\.py:1: a cause needs a CauseRule"):
            known_causes()
    finally:
        monkeypatch.undo()
        known_causes.cache_clear()


def ranks(runs: Any, side: str, *, given: str = "same", op: str = "c10d::allreduce_") -> list[Any]:
    """Two ranks that add up gradients; the second one computes `given` before that."""
    first = runs.trace("0-0.x1").event("aten::mm", "same").event(op, ("sum", side), line=9)
    second = runs.trace("1-0.x2").event("aten::mm", given).event(op, ("sum", side), line=9)
    return [first.end_step(), second.end_step()]


def test_a_collective_that_alone_differs_was_not_waited_for(runs: Any) -> None:
    found = causes(runs, *(ranks(runs, side) for side in "ab"))["collective-race"]
    assert found.confidence is Confidence.MEDIUM
    assert found.location is not None
    assert found.location.line == 9
    assert "No traced tensor of any rank differs before c10d::allreduce_ at train.py:9." in found.evidence


def test_a_collective_that_passes_on_what_a_rank_computed_is_no_race(runs: Any) -> None:
    assert "collective-race" not in causes(runs, *(ranks(runs, side, given=side) for side in "ab"))
    assert "collective-race" not in causes(runs, *(ranks(runs, side, op="aten::add_") for side in "ab"))


def items(runs: Any, *order: int) -> Any:
    """Each item is drawn from a generator that is seeded with its number."""
    trace = runs.trace()
    for item in order:
        trace.seed("torch", "torch.manual_seed", str(item), line=13)
        trace.draw("aten::randn", ("item", item), ("state", item), line=14)
    return trace


def test_seeds_that_both_runs_use_are_no_other_seeds(runs: Any) -> None:
    found = causes(runs, items(runs, 0, 1, 2), items(runs, 2, 0, 1))
    assert "seed-differs" not in found
    assert found["seed-order"].confidence is Confidence.HIGH
    assert "in another order" in found["seed-order"].title


def test_a_seed_that_one_run_alone_uses_is_another_seed(runs: Any) -> None:
    found = causes(runs, items(runs, 0, 1, 2), items(runs, 3, 0, 1))
    assert "seed-order" not in found
    assert "seed-differs" in found


def test_a_program_started_beside_another_one_has_not_its_seeds(runs: Any) -> None:
    def run(side: int) -> list[Any]:
        seeded = runs.trace("0-0").seed("random", "random.seed", "1", line=2).event("aten::mm", "same")
        unseeded = runs.trace("0-0~2", pid=4001, argv=["train.py", "--other"]).state("random", f"start{side}")
        unseeded.outside(f"x{side}", line=5)
        return [seeded, unseeded.state("random", f"moved{side}")]

    found = causes(runs, run(0), run(1))
    assert found["unseeded-rng"].title == "Python's `random` is never seeded"
