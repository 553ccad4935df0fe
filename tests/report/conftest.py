"""Reports as literals: what renderers are tried on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.model.divergence import (
    Cell,
    Closeup,
    Comparison,
    Difference,
    Divergence,
    Kernel,
    Magnitude,
    OutputDifference,
    Replay,
    Spread,
    Weights,
)
from auditor.model.environment import Environment
from auditor.model.finding import Finding, Related, Skipped, Suppressed
from auditor.model.guideline import GuidelineFact, GuidelinePoint, GuidelineReport, Standing
from auditor.model.location import Location
from auditor.model.overhead import Dominance, EffectSize, Interval, OverheadReport, Ratio, Timing
from auditor.model.patch import Applicability, Edit, Patch
from auditor.model.proof import Likeness, MetricSpread, Need, PatchProof, Proof, ProofRound, Training
from auditor.model.report import AuditReport, ScanSummary
from auditor.model.rule import Category, Confidence, Example, FixAdvice, Match, Rule, RuleId, Severity
from auditor.model.run import Ending, ExitStatus, ProcessRecord, RunRecord
from auditor.model.trace import EventKind, Fingerprint, Identity, Phase, Role, TraceEvent
from auditor.model.verdict import Cause, Status, Verdict


def rule(number: str, name: str, severity: Severity = Severity.WARNING) -> Rule:
    return Rule(
        id=RuleId(number),
        name=name,
        title=f"Title of {name}",
        category=Category.DATA_ORDER,
        severity=severity,
        confidence=Confidence.MEDIUM,
        explanation="Draws come from the *global* generator.",
        references=("https://docs.pytorch.org/docs/stable/notes/randomness.html",),
        match=Match(kind="call", options={"callee": ["torch.utils.data.DataLoader"], "arguments": {"shuffle": True}}),
        fix=FixAdvice(summary="Pass a generator.", options={}),
        examples=(Example(source="x = 1\n", finds=()),),
        sources=("S1",),
        path=f"rules/data-order/{number}.toml",
    )


SHUFFLE = Finding(
    rule_id=RuleId("RA301"),
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    message="A shuffling DataLoader draws its order from the global generator.",
    advice="Pass generator=torch.Generator().manual_seed(0).",
    location=Location(path="src/data.py", line=41, column=12, end_line=42, end_column=36),
    related=(
        Related(location=Location(path="train.py", line=62, column=5), message="is reached from here", is_step=True),
        Related(location=Location(path="src/data.py", line=50, column=5), message="draws: randperm"),
    ),
    entry_points=("train.py",),
    key="key-1",
    source_lines=("    return DataLoader(data, batch,", "                      shuffle=True)"),
    patch=Patch(
        title="Give the loader a generator",
        applicability=Applicability.UNSAFE,
        edits=(
            Edit(
                span=Location(path="src/data.py", line=42, column=34, end_line=42, end_column=34),
                replacement=", generator=torch.Generator().manual_seed(0)",
            ),
        ),
    ),
)
NOTEBOOK = Finding(
    rule_id=RuleId("RA102"),
    severity=Severity.WARNING,
    confidence=Confidence.LOW,
    message="numpy.random is drawn from and never seeded.",
    advice="Call numpy.random.seed(0) first.",
    location=Location(path="nb/explore one.ipynb", line=2, column=5, end_line=2, end_column=21, cell=3),
    key="key-2",
    source_lines=("x = np.random.rand(3)",),
)


@pytest.fixture
def scan_report() -> AuditReport:
    """Two findings in two files, one allowed, one file skipped."""
    return AuditReport(
        tool="repro-audit 0.1.0",
        project="demo",
        scan=ScanSummary(files=38, entry_points=("train.py",), rules=61),
        findings=(SHUFFLE, NOTEBOOK),
        suppressed=(Suppressed(finding=NOTEBOOK, reason="only a plot"),),
        skipped=(Skipped(subject="old/broken.py", reason="syntax error in line 3"),),
        notes=("src/x.py:3: nothing needs this suppression of RA101.",),
        rules=(rule("RA102", "unseeded-numpy"), rule("RA301", "dataloader-shuffle-without-generator", Severity.ERROR)),
    )


def run(name: str, *, events: int = 10_400_000, ending: Ending = Ending.FINISHED, code: int = 0) -> RunRecord:
    environment = Environment(
        python="3.11.7",
        torch="2.13.0",
        platform="Linux-x86_64",
        cpu="Some CPU",
        threads=2,
        devices=(),
        flags={"deterministic_algorithms": "False"},
        variables={"OMP_NUM_THREADS": "2"},
        packages={"numpy": "2.4.6", "torch": "2.13.0"},
    )
    process = ProcessRecord(
        name="0-0",
        pid=4711,
        parent_pid=4710,
        rank=None,
        complete=True,
        events=events,
        steps=1000,
        problems=(),
        environment=environment,
    )
    return RunRecord(
        id=name,
        argv=("/home/someone/venv/bin/python", "train.py", "--data", "/home/someone/demo/data"),
        cwd="/home/someone/demo",
        project="/home/someone/demo",
        changes={"PYTHONPATH": "/opt/auditor/probe/bootstrap"},
        started_at="2026-01-02T03:04:05+00:00",
        duration_s=192.4,
        status=ExitStatus(ending=ending, code=code),
        processes=(process,),
        files_written=("out/last.pt",),
    )


def event(digest: int) -> TraceEvent:
    return TraceEvent(
        index=1204,
        process="0-0",
        kind=EventKind.OP,
        identity=Identity(
            thread=0, step=3, phase=Phase.FORWARD, module="Net.embed.pool", op="aten::index_add_", occurrence=0
        ),
        site=Location(path="src/model/embed.py", line=88, function="forward"),
        tensors=(
            Fingerprint(
                digest=digest, dtype="torch.float32", shape=(512, 64), device="cuda:0", role=Role.MUTATED, position=0
            ),
        ),
        input_count=3,
        inputs=1,
        arguments=2,
        outputs=digest,
        state=0,
        random=False,
        reads_uninitialised=False,
    )


MAGNITUDE = Magnitude(
    differing=1877, total=32768, max_absolute=1.2e-7, max_relative=3e-6, max_ulp=2, rms=1e-8, rerun=True
)
COMPARISON = Comparison(
    first=Divergence(
        difference=Difference.VALUE,
        process="0-0",
        reference=event(0xC41F9BE000000001),
        candidate=event(0x5D02A7F300000002),
        tensor="mutated[0]",
        inputs_agree=True,
        closeup=Closeup(
            magnitude=MAGNITUDE,
            replay=Replay(calls=8, distinct=8, magnitude=MAGNITUDE),
            kernels=(Kernel(name="indexFuncLargeIndex", device="cuda:0", stream=7, duration_us=12.5),),
            kernels_missing="",
            note="",
        ),
        before=(event(5),),
    ),
    equal_before=1204,
    compared_events=20000,
    differing_events=18100,
    compared_tensors=30000,
    steps=24,
    by_step=(Spread(label="3", compared=400, differing=300), Spread(label="2", compared=400, differing=0)),
    by_module=(Spread(label="Net.encoder", compared=62, differing=62),),
    by_phase=(Spread(label="forward", compared=400, differing=300),),
    weights=Weights(compared=62, differing=62),
    not_compared=(Skipped(subject="3 tensors", reason="no digest for this kind of tensor (aten::x 3)"),),
    grid=(Cell(step=3, phase=Phase.FORWARD, compared=400, differing=300),),
    output=(OutputDifference(line=4, reference="loss 5.812488", candidate="loss 5.812489", metric=True),),
)


@pytest.fixture
def divergent_report(scan_report: AuditReport) -> AuditReport:
    """Two runs, a first divergence with a cause that a finding tells too."""
    return AuditReport(
        tool="repro-audit 0.1.0",
        project="demo",
        findings=(SHUFFLE, NOTEBOOK),
        rules=scan_report.rules,
        runs=(run("r1"), run("r2", events=200_000, ending=Ending.STOPPED)),
        verdict=Verdict(
            status=Status.DIVERGENT,
            comparison=COMPARISON,
            causes=(
                Cause(
                    kind="nondeterministic-op",
                    title="Float additions land in an order the GPU chooses",
                    category=Category.OPERATORS,
                    confidence=Confidence.HIGH,
                    evidence=("Run again 8 times on the same inputs: 8 different results.",),
                    location=Location(path="src/model/embed.py", line=88),
                    findings=("key-1",),
                    remedy="Call torch.use_deterministic_algorithms(True).",
                ),
            ),
            reasons=(
                "1,204 events before the first difference are equal bit for bit.",
                "18,100 of 20,000 compared events differ.",
            ),
        ),
    )


@pytest.fixture
def reproducible_report() -> AuditReport:
    comparison = Comparison(
        first=None,
        equal_before=20000,
        compared_events=20000,
        differing_events=0,
        compared_tensors=30000,
        steps=1000,
        by_step=(),
        by_module=(),
        by_phase=(),
        weights=Weights(compared=62, differing=0),
        not_compared=(),
    )
    return AuditReport(
        tool="repro-audit 0.1.0",
        project="demo",
        runs=(run("r1"), run("r2")),
        verdict=Verdict(
            status=Status.REPRODUCIBLE,
            comparison=comparison,
            causes=(),
            reasons=(
                "Equal bit for bit over 1,000 steps: 20,000 events, 30,000 tensors.",
                "Says nothing about other machines, GPU counts or versions.",
            ),
        ),
    )


@pytest.fixture
def inconclusive_report() -> AuditReport:
    return AuditReport(
        tool="repro-audit 0.1.0",
        project="demo",
        runs=(run("r1"), run("r2", ending=Ending.INTERRUPTED, code=-2)),
        verdict=Verdict(
            status=Status.INCONCLUSIVE,
            comparison=None,
            causes=(),
            reasons=("equal for 412 steps, then you stopped it.", "Run it again without stopping it."),
        ),
    )


@pytest.fixture
def overhead_report() -> AuditReport:
    def interval(low: float, high: float) -> Interval:
        return Interval(low=low, high=high, level=0.95)

    def timing(label: str, median: float) -> Timing:
        return Timing(
            label=label,
            runs=10,
            steps=40,
            median_step_s=median,
            interval_s=interval(median * 0.99, median * 1.01),
            wall_s=12.3,
            peak_memory_bytes=812_000_000,
            peak_device_memory_bytes=None,
        )

    return AuditReport(
        tool="repro-audit 0.1.0",
        project="demo",
        overhead=OverheadReport(
            baseline=timing("as is", 0.1821),
            variants=(timing("deterministic mode", 0.2513),),
            ratios=(
                Ratio(
                    label="deterministic mode",
                    ratio=1.38,
                    interval=interval(1.35, 1.42),
                    conclusive=True,
                    dominance=Dominance(rank_sum_p=1.08e-5, exact=True, cliffs_delta=1.0, effect=EffectSize.LARGE),
                ),
            ),
            method="10 interleaved runs of each, 3 warm-up steps left out, bootstrap of 2,000 resamples, seed 0.",
            notes=("GPU memory was not measured: no GPU.",),
        ),
    )


def patch_proof(name: str, need: Need, reason: str, **more: object) -> PatchProof:
    values: dict[str, object] = {
        "id": name,
        "title": f"do what `{name}` says",
        "rule_ids": (RuleId(name[:5]),),
        "files": ("train.py",),
        "applicability": Applicability.SAFE,
        "effect": "",
        "need": need,
        "reason": reason,
    }
    return PatchProof(**{**values, **more})  # type: ignore[arg-type]


@pytest.fixture
def proof_report(reproducible_report: AuditReport, overhead_report: AuditReport) -> AuditReport:
    """Two patches of seven are needed, with everything that a proof can say."""
    price = overhead_report.overhead
    assert price is not None
    ratio = replace(price.ratios[0], label="RA103-0a1b2c")
    spread = MetricSpread(
        name="final loss",
        unpatched=(0.31, 0.33, 0.3, 0.32),
        patched=(0.315,),
        interval=Interval(low=0.27, high=0.36, level=0.95),
        likeness=Likeness.SAME,
        reason="final loss 0.315 patched, 0.3 to 0.33 in 4 unpatched runs: within what one more such run would give.",
    )
    training = Training(likeness=Likeness.SAME, metrics=(spread,), reason=spread.reason)
    cause = Cause(
        kind="unseeded-rng",
        title="torch's CPU generator is never seeded",
        category=Category.SEEDING,
        confidence=Confidence.HIGH,
        evidence=(),
        location=None,
        findings=(),
        remedy="seed it",
    )
    first = COMPARISON.first
    rounds = (
        ProofRound(added=(), patches=(), runs=6, status=Status.DIVERGENT, first=first, cause=cause, rate=0.66),
        ProofRound(
            added=("RA103-0a1b2c", "PYTHONHASHSEED=0"),
            patches=("PYTHONHASHSEED=0", "RA103-0a1b2c"),
            runs=6,
            status=Status.REPRODUCIBLE,
            first=None,
            cause=None,
        ),
    )
    patches = (
        patch_proof("RA103-0a1b2c", Need.NEEDED, "without it, runs differ", price=ratio, training=training),
        patch_proof("RA102-0a1b2c", Need.NOT_NEEDED, "6 runs without it are equal"),
        patch_proof("RA104-0a1b2c", Need.UNKNOWN, "not tried: it was stopped before"),
        patch_proof("RA105-0a1b2c", Need.BREAKS, "the program fails with it; left out", log=("KeyError: <b>|x|",)),
        patch_proof("RA106-0a1b2c", Need.NOT_EXERCISED, "this run never loaded evaluate.py"),
        patch_proof("RA107-0a1b2c", Need.NOT_TRIED, "a person has to decide", applicability=Applicability.DISPLAY),
    )
    proof = Proof(
        status=Status.REPRODUCIBLE,
        reasons=("6 runs with 1 patch and PYTHONHASHSEED=0 in the launcher are equal, bit for bit.", "Ruled out: x."),
        command=("python", "train.py", "--epochs", "1"),
        steps=20,
        confidence=0.95,
        runs=6,
        launches=31,
        rounds=rounds,
        patches=patches,
        minimal=("PYTHONHASHSEED=0", "RA103-0a1b2c"),
        diff="--- a/train.py\n+++ b/train.py\n@@ -1,2 +1,3 @@\n import torch\n+torch.manual_seed(0)\n x = 1\n",
        launcher=("PYTHONHASHSEED=0",),
        price=replace(price, ratios=(ratio,)),
        training=training,
    )
    return replace(reproducible_report, proof=proof)


@pytest.fixture
def guideline_report() -> AuditReport:
    """A point of each standing; texts that would be markup."""
    facts = {
        Standing.MET: GuidelineFact(standing=Standing.MET, text="Commit 0a1b2c3d4e5f: 3 tracked files.", source="git"),
        Standing.NOT_MET: GuidelineFact(
            standing=Standing.NOT_MET, text="The runs differ: <b>|x|</b> & `y`.", source="e3"
        ),
        Standing.NOT_SHOWN: GuidelineFact(standing=Standing.NOT_SHOWN, text="Stale: changed since: train.py."),
        Standing.TOLD: GuidelineFact(standing=Standing.TOLD, text="No GPU was used.", source="e3"),
    }
    points = tuple(
        GuidelinePoint(
            number=number,
            title=f"Title of {number}",
            standing=standing,
            facts=(facts[standing], facts[Standing.TOLD]),
            commands=() if standing is Standing.MET else ("repro-audit run 'a b.py' --twice && echo <x>",),
        )
        for number, standing in enumerate((Standing.MET, Standing.NOT_MET, Standing.NOT_SHOWN), 1)
    )
    return AuditReport(
        tool="repro-audit 0.1.0",
        project="demo",
        guideline=GuidelineReport(
            program="train.py",
            source="0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            files=3,
            evidence=(
                "e3: run --twice, 2026-01-31: current",
                "e1: variance, 2026-01-30: stale: changed since: train.py",
            ),
            points=points,
            required=(1, 2),
            again="repro-audit run train.py --twice && repro-audit report --script train.py",
        ),
    )
