"""One project that everything in here looks at: source files, findings, two runs with real trace files, a verdict."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.dynamic.compare import compare
from auditor.errors import ConflictError
from auditor.model.divergence import Closeup, Comparison, Divergence, Magnitude, Replay
from auditor.model.environment import Environment
from auditor.model.finding import Finding, Related, Skipped
from auditor.model.location import Location
from auditor.model.overhead import Dominance, EffectSize, Interval, OverheadReport, Ratio, Timing
from auditor.model.patch import Applicability
from auditor.model.profile import OperatorProfile
from auditor.model.proof import Need, PatchProof, Proof
from auditor.model.report import AuditReport, ScanSummary
from auditor.model.rule import Category, Confidence, FixAdvice, Match, Rule, RuleId, Severity
from auditor.model.run import Ending, ExitStatus, ProcessRecord, RunRecord
from auditor.model.verdict import Cause, Status, Verdict
from auditor.probe import wire
from auditor.runs.tracefile import EVENT_DTYPE, TENSOR_DTYPE, open_run
from auditor.services import acceptance
from auditor.services.apply import Applied, Undone
from auditor.services.journal import AppliedPatch, ChangedFile, Step
from auditor.services.progress import Progress, Silent
from auditor.services.trial import Trial
from auditor.static.patches import PlannedPatch, Refused, file_diff
from auditor.tui.app import AuditApp
from auditor.tui.evidence import Evidence
from auditor.tui.gateway import ProgramRequest, ScanAnswer, Services
from auditor.tui.session import Session
from auditor.tui.trace_evidence import TraceEvidence

TRAIN = '''"""Train a text classifier."""
import os
import random

import numpy as np
import torch

from src.data import build_loader
from src.model.embed import Embed

torch.backends.cudnn.benchmark = True


def augment(sample):
    return sample + np.random.normal(0, 0.1, sample.shape)


def main(epochs=3, seed=0):
    random.seed(seed)
    torch.manual_seed(seed)
    loader = build_loader("corpus", batch=64)
    net = Embed(4096, 64)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-4)
    for epoch in range(epochs):
        for batch, labels in loader:
            loss = net(augment(batch)).loss(labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()


if __name__ == "__main__":
    main()
'''
DATA = """import os

from torch.utils.data import DataLoader


class Corpus:
    def __init__(self, root, files):
        self.paths = [os.path.join(root, name) for name in files]


def build_loader(root, batch):
    files = os.listdir(root)
    data = Corpus(root, files)
    return DataLoader(data, batch,
                      shuffle=True,
                      num_workers=4)
"""
EMBED = """import torch
from torch import nn


class Pool(nn.Module):
    def forward(self, words, owners, count):
        out = torch.zeros(count, words.shape[1], device=words.device)
        return out.index_add_(0, owners, words)


class Embed(nn.Module):
    def __init__(self, size, width):
        super().__init__()
        self.table = nn.Embedding(size, width)
        self.pool = Pool()
        self.vocabulary = {word for word in open("words.txt")}
"""
SOURCES = {"train.py": TRAIN, "src/data.py": DATA, "src/model/embed.py": EMBED}

# id, name, title, severity, path, line, message, advice
FOUND = (
    ("RA101", "unseeded-numpy", "NumPy's global generator is drawn from and never seeded", "error", "train.py", 15,
     "numpy.random is drawn from and never seeded; train.py seeds random and torch only",
     "call `numpy.random.seed(seed)` beside the other seed calls"),
    ("RA204", "index-add-on-cuda", "index_add_ adds in an order that the GPU chooses", "error", "src/model/embed.py", 8,
     "index_add_ of floats: the order of the additions is not fixed on a GPU",
     "call `torch.use_deterministic_algorithms(True)`, or sort by owner and use segment_reduce"),
    ("RA301", "dataloader-shuffle-without-generator", "A shuffling DataLoader draws from the global generator",
     "error", "src/data.py", 14, "a shuffling DataLoader draws its order from the global generator",
     "pass `generator=torch.Generator().manual_seed(0)`"),
    ("RA201", "cudnn-benchmark", "cuDNN may choose another algorithm in each run", "warning", "train.py", 11,
     "cudnn.benchmark chooses convolution algorithms by timing them", "set it to False"),
    ("RA302", "worker-seed-missing", "Workers of a DataLoader share NumPy's state", "warning", "src/data.py", 14,
     "four workers start with the same NumPy state", "pass a `worker_init_fn` that seeds numpy"),
    ("RA305", "set-iteration-order", "The order of a set of strings changes with each process", "warning",
     "src/model/embed.py", 16, "the order of a set of strings changes with each process", "sort the words"),
    ("RA306", "listdir-order", "os.listdir returns names in any order", "warning", "src/data.py", 12,
     "os.listdir returns names in an order that the file system chooses", "wrap it in sorted()"),
    ("RA601", "checkpoint-without-rng-state", "A checkpoint leaves the generators' states out", "note", "train.py", 28,
     "the checkpoint has weights and optimizer, no generator states", "save and restore them as well"),
)  # fmt: skip

EXPLANATION = """Every earlier draw from the global generator shifts all later ones: one more line of code, one more
sample in another part of the program, and the order of the data changes.

- `torch.manual_seed` does not help against draws in between.
- A generator of its own makes the order depend on its seed alone."""

ENVIRONMENT = Environment(
    python="3.11.7",
    torch="2.13.0",
    platform="Linux-6.1 x86_64",
    cpu="AMD EPYC 9654",
    threads=8,
    devices=("NVIDIA H200",),
    flags={"cudnn.benchmark": "True", "deterministic_algorithms": "False"},
    variables={"OMP_NUM_THREADS": "8"},
    packages={"numpy": "2.4.0"},
)

STEPS = 24
FIRST_STEP = 3


def make_rules() -> tuple[Rule, ...]:
    return tuple(
        Rule(
            id=RuleId(rule_id),
            name=name,
            title=title,
            category=Category.SEEDING,
            severity=Severity(severity),
            confidence=Confidence.HIGH,
            explanation=EXPLANATION,
            references=("docs.pytorch.org/docs/stable/notes/randomness",),
            match=Match(kind="call", options={}),
            fix=FixAdvice(summary=advice, options={}),
            examples=(),
            sources=(),
            path=f"rules/{rule_id}.toml",
        )
        for rule_id, name, title, severity, _, _, _, advice in FOUND
    )


def make_findings() -> tuple[Finding, ...]:
    return tuple(
        Finding(
            rule_id=RuleId(rule_id),
            severity=Severity(severity),
            confidence=Confidence.HIGH,
            message=message,
            advice=advice,
            location=Location(path=path, line=line, column=5),
            related=(Related(location=Location(path="src/data.py", line=12), message="also drawn from here"),)
            if rule_id == "RA101"
            else (),
            entry_points=("train.py",),
            key=f"{rule_id}:{path}",
            source_lines=(SOURCES[path].splitlines()[line - 1],),
        )
        for rule_id, _, _, severity, path, line, message, advice in FOUND
    )


def make_scan_report(findings: tuple[Finding, ...] | None = None) -> AuditReport:
    return AuditReport(
        tool="repro-audit 0.1.0",
        project="classifier",
        scan=ScanSummary(files=38, entry_points=("train.py",), rules=61),
        findings=make_findings() if findings is None else findings,
        skipped=(Skipped(subject="src/broken.py", reason="syntax error in line 3"),),
        rules=make_rules(),
    )


# traces


def digest(*parts: object) -> int:
    data = repr(parts).encode()
    return zlib.crc32(data) << 32 | zlib.adler32(data)


@dataclass
class TraceWriter:
    """One process's trace: `add` events, then `write` the files."""

    events: list[tuple[int, ...]] = field(default_factory=list)
    tensors: list[tuple[int, ...]] = field(default_factory=list)
    names: list[dict[str, Any]] = field(default_factory=list)
    _ids: dict[object, int] = field(default_factory=lambda: {"": 0})

    def _id(self, key: object, **record: object) -> int:
        if key not in self._ids:
            self._ids[key] = len(self._ids)
            self.names.append({**record, "id": self._ids[key]})
        return self._ids[key]

    def text(self, text: str) -> int:
        return self._id(text, record="name", text=text)

    def add(
        self, op: str, value: object, *, step: int, phase: int = wire.FORWARD, module: str = "", kind: int = wire.OP,
        site: tuple[str, int] | None = None, inputs: object = 0, thread: int = 0,
    ) -> None:  # fmt: skip
        place = self._id(site, record="site", path=site[0], line=site[1], function="main") if site else 0
        count = 0 if kind in (wire.STEP, wire.STATE) else 1
        outputs = digest(op, value) if count else 0
        if count:
            spec = self._id("spec", record="spec", dtype="torch.float32", shape=[512, 64], device="cuda:0")
            self.tensors.append((outputs, spec, 0, 0, 0, 0, 0))
        row = (kind, phase, 0, step, self.text(op), self.text(module), place, thread, count, len(self.tensors) - count)
        self.events.append((*row, 3, 0, digest(inputs), 0, outputs, 0 if count else digest(value)))

    def write(self, run: Path, name: str = "0-0") -> None:
        folder = run / "trace"
        folder.mkdir(parents=True, exist_ok=True)
        np.array(self.events, EVENT_DTYPE).tofile(folder / f"{name}.events")
        np.array(self.tensors, TENSOR_DTYPE).tofile(folder / f"{name}.tensors")
        (folder / f"{name}.rows").write_bytes(b"")
        header = {"record": "header", "format": wire.FORMAT, "version": wire.VERSION, "digest": wire.XXH3_64}
        header |= {"pid": 1, "parent_pid": 0, "place": "0", "rank": None, "argv": [], "cwd": "", "started_at": ""}
        header |= {"python": "3.11", "executable": "python", "hash_seed": None, "probe": "0.1.0"}
        end = {"record": "end", "events": len(self.events), "tensors": len(self.tensors), "rows": 0, "steps": STEPS}
        lines = [json.dumps(record) for record in (header, *self.names, end)]
        (folder / f"{name}.names.jsonl").write_text("\n".join(lines) + "\n")


FORWARD_OPS = (
    ("aten::embedding", "Net.embed", ("src/model/embed.py", 15)),
    ("aten::zeros", "Net.embed.pool", ("src/model/embed.py", 7)),
    ("aten::index_add_", "Net.embed.pool", ("src/model/embed.py", 8)),
    ("aten::native_layer_norm", "Net.embed.norm", ("src/model/embed.py", 15)),
    *((f"aten::{op}", f"Net.encoder.{layer}.{part}", ("train.py", 26))
      for layer in (0, 1) for part, op in (("attention", "bmm"), ("attention", "softmax"), ("linear", "addmm"))),
    ("aten::addmm", "Net.head", ("train.py", 26)),
    ("aten::nll_loss_forward", "", ("train.py", 26)),
)  # fmt: skip
AT_FIRST = 2  # index of the op above at which the candidate parts


def write_run(run: Path, *, is_candidate: bool) -> None:
    trace = TraceWriter()
    for parameter in range(12):
        trace.add("aten::normal_", parameter, step=0, phase=wire.OTHER, module="Net.embed")
    for step in range(STEPS):
        trace.add("batch", step, step=step, phase=wire.DATA, kind=wire.BATCH, site=("train.py", 25))
        parts = is_candidate and step >= FIRST_STEP
        for number, (op, module, site) in enumerate(FORWARD_OPS):
            other = parts and op != "aten::zeros" and (step > FIRST_STEP or number >= AT_FIRST)
            fed = parts and (step > FIRST_STEP or number > AT_FIRST)
            trace.add(op, (step, number, other), step=step, module=module, site=site, inputs=fed)
        for number, (op, module, site) in enumerate(reversed(FORWARD_OPS)):
            trace.add(f"{op}_backward", (step, number, parts), step=step, phase=wire.BACKWARD, module=module, site=site)
        for number in range(8):
            trace.add("aten::lerp_", (step, number, parts), step=step, phase=wire.OPTIMIZER, site=("train.py", 28))
        trace.add("", 0, step=step, phase=wire.OPTIMIZER, kind=wire.STEP)
    trace.write(run)
    if not is_candidate:
        worker = TraceWriter()
        worker.add("aten::stack", 0, step=0, phase=wire.DATA)
        worker.write(run, "0-0.1")
        return
    worker = TraceWriter()
    worker.add("aten::stack", 0, step=0, phase=wire.DATA)
    worker.write(run, "0-0.1")


def make_run(run_id: str, folder: Path, **changes: Any) -> RunRecord:
    process = ProcessRecord(
        name="0-0",
        pid=4000,
        parent_pid=3999,
        rank=None,
        complete=True,
        events=840,
        steps=STEPS,
        problems=(),
        environment=ENVIRONMENT,
    )
    record = RunRecord(
        id=run_id,
        argv=("python", "train.py", "--epochs", "1"),
        cwd="/home/ada/classifier",
        project="/home/ada/classifier",
        changes={"PYTHONHASHSEED": "not set"},
        started_at=f"2026-03-0{run_id[1:]}T10:12:05+01:00",
        duration_s=192.4,
        status=ExitStatus(ending=Ending.FINISHED, code=0),
        processes=(process,),
        files_written=("checkpoints/last.pt",),
        folder=str(folder),
    )
    return replace(record, **changes)


def make_causes(findings: Sequence[Finding]) -> tuple[Cause, ...]:
    pool = next(finding for finding in findings if finding.rule_id == "RA204")
    order = Cause(
        kind="data-order",
        title="the data came in another order",
        category=Category.DATA_ORDER,
        confidence=Confidence.LOW,
        evidence=("No batch differs, so this is unlikely.",),
        location=None,
        findings=(),
        remedy="give the loader its own generator",
    )
    racing = Cause(
        kind="nondeterministic-op",
        title="aten::index_add_ gives another result for the same inputs",
        category=Category.OPERATORS,
        confidence=Confidence.HIGH,
        evidence=(
            "All three inputs, the arguments and the generator states agree bit for bit; outputs[0] does not.",
            "Called 8 times more on the same inputs, it gave 8 different results.",
        ),
        location=pool.location,
        findings=(pool.key,),
        remedy="torch.use_deterministic_algorithms(True), or sort by owner and use segment_reduce",
    )
    return racing, order


CLOSEUP = Closeup(
    magnitude=Magnitude(
        differing=1877, total=32768, max_absolute=1.2e-07, max_relative=2.4e-07, max_ulp=2, rms=1e-08, rerun=True
    ),
    replay=Replay(calls=8, distinct=8, magnitude=None),
    kernels=(),
    kernels_missing="no CUPTI on this machine",
    note="",
)


def make_overhead() -> OverheadReport:
    def interval(low: float, high: float) -> Interval:
        return Interval(low=low, high=high, level=0.95)

    def timing(label: str, median: float, half: float) -> Timing:
        return Timing(
            label=label,
            runs=10,
            steps=200,
            median_step_s=median,
            interval_s=interval(median - half, median + half),
            wall_s=median * 200 + 4,
            peak_memory_bytes=2_340_000_000,
            peak_device_memory_bytes=11_200_000_000,
        )

    return OverheadReport(
        baseline=timing("as it is", 0.1821, 0.0009),
        variants=(timing("deterministic mode", 0.2513, 0.0016),),
        ratios=(
            Ratio(
                label="deterministic mode",
                ratio=1.38,
                interval=interval(1.35, 1.42),
                conclusive=True,
                dominance=Dominance(rank_sum_p=1.08e-5, exact=True, cliffs_delta=1.0, effect=EffectSize.LARGE),
            ),
        ),
        method="10 runs each in turns, 3 warm-up steps left out, median of run medians, 10,000 resamples, seed 0.",
        notes=("aten::index_add_ has no faster deterministic kernel.",),
    )


# the project on disk


@dataclass
class Project:
    root: Path
    runs: tuple[RunRecord, RunRecord]
    comparison: Comparison
    first: Divergence

    def verdict(self) -> Verdict:
        return Verdict(
            status=Status.DIVERGENT,
            comparison=self.comparison,
            causes=make_causes(make_findings()),
            reasons=("Everything before event 92 of process 0-0 is equal, bit for bit.",),
        )

    def report(self) -> AuditReport:
        return replace(make_scan_report(), runs=self.runs, verdict=self.verdict())

    def evidence(self) -> TraceEvidence:
        return TraceEvidence(*(open_run(Path(run.folder)) for run in self.runs), self.first)


@pytest.fixture(scope="session")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Read-only: the same for all tests of a worker."""
    root = tmp_path_factory.mktemp("classifier")
    for path, text in SOURCES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    runs = []
    for run_id, is_candidate in (("r1", False), ("r2", True)):
        folder = root / ".runs" / run_id
        write_run(folder, is_candidate=is_candidate)
        runs.append(make_run(run_id, folder))
    outcome = compare(*(open_run(Path(run.folder)) for run in runs))
    assert outcome.comparison.first is not None
    first = replace(outcome.comparison.first, closeup=CLOSEUP)
    return Project(root, (runs[0], runs[1]), replace(outcome.comparison, first=first), first)


# the app


# key of the finding, title, applicability, effect, old line → new lines
PATCHED = (
    ("RA301:src/data.py", "pass a seeded generator to the DataLoader", Applicability.UNSAFE,
     "the sample order changes once",
     "                      shuffle=True,\n",
     "                      shuffle=True,\n                      generator=torch.Generator().manual_seed(0),\n"),
    ("RA201:train.py", "set cudnn.benchmark to False", Applicability.UNSAFE, "convolutions may take longer",
     "torch.backends.cudnn.benchmark = True\n", "torch.backends.cudnn.benchmark = False\n"),
    ("RA306:src/data.py", "sort what os.listdir returns", Applicability.SAFE, "",
     "    files = os.listdir(root)\n", "    files = sorted(os.listdir(root))\n"),
    ("RA305:src/model/embed.py", "sort the words", Applicability.SAFE, "",
     "        self.vocabulary = {word for word in open(\"words.txt\")}\n",
     "        self.vocabulary = sorted({word for word in open(\"words.txt\")})\n"),
    ("RA601:train.py", "save the states of the generators", Applicability.DISPLAY, "checkpoints grow",
     "            optimizer.zero_grad()\n", "            optimizer.zero_grad()\n            save_states()\n"),
)  # fmt: skip
REASON = "no rule can tell here what is right: a person has to decide"


def make_patches() -> tuple[PlannedPatch, ...]:
    found = {finding.key: finding for finding in make_findings()}
    return tuple(
        PlannedPatch(
            id=f"{found[key].rule_id}-4f09ab",
            title=title,
            rule_ids=(found[key].rule_id,),
            finding_keys=(key,),
            location=found[key].location,
            applicability=applicability,
            effect=effect,
            files=(found[key].location.path,),
            diff=file_diff(
                found[key].location.path,
                SOURCES[found[key].location.path].encode(),
                SOURCES[found[key].location.path].replace(old, new).encode(),
            ),
            changes=(),
        )
        for key, title, applicability, effect, old, new in PATCHED
    )


class FakePlan:
    """Patches of the findings that a report has, by plain replacement of lines."""

    def __init__(self, report: AuditReport, root: Path, excluding: Collection[str] = ()) -> None:
        self._excluding = set(excluding)
        keys = {finding.key for finding in report.findings}
        self.report, self.root = report, root
        self.patches = tuple(patch for patch in make_patches() if set(patch.finding_keys) <= keys)
        with_patch = {key for patch in self.patches for key in patch.finding_keys}
        self.refused = tuple(
            Refused(finding_key=each.key, rule_id=each.rule_id, location=each.location, reason=REASON, advice="")
            for each in report.findings
            if each.key not in with_patch
        )

    def texts(self, ids: Collection[str]) -> dict[str, bytes]:
        if self._excluding and self._excluding <= set(ids):
            names = " and ".join(sorted(self._excluding))
            raise ConflictError(f"{names} cannot be applied together: both write line 14")
        files = {path for patch in self.patches if patch.id in ids for path in patch.files}
        return {path: self.original(path) for path in files}

    def original(self, path: str) -> bytes:
        return SOURCES[path].encode()


def make_proof(patches: Sequence[PlannedPatch]) -> Proof:
    """The sorted listing is needed, the sorted words are not, the rest was not tried."""
    needs = {"RA306-4f09ab": Need.NEEDED, "RA305-4f09ab": Need.NOT_NEEDED}
    reasons = {"RA306-4f09ab": "without it 2 of 3 runs differ", "RA305-4f09ab": "6 runs are equal without it"}
    price = replace(make_overhead(), variants=(replace(make_overhead().variants[0], label="RA306-4f09ab"),))
    return Proof(
        status=Status.REPRODUCIBLE,
        reasons=("6 runs with 1 patch are equal.",),
        command=("python", "train.py"),
        steps=None,
        confidence=0.95,
        runs=6,
        launches=20,
        rounds=(),
        patches=tuple(
            PatchProof(
                id=patch.id,
                title=patch.title,
                rule_ids=patch.rule_ids,
                files=patch.files,
                applicability=patch.applicability,
                effect=patch.effect,
                need=needs.get(patch.id, Need.NOT_TRIED),
                reason=reasons.get(patch.id, "a person has to decide about it"),
                price=Ratio(
                    label=patch.id, ratio=1.04, interval=Interval(low=1.03, high=1.05, level=0.95), conclusive=True
                )
                if patch.id in needs
                else None,
            )
            for patch in patches
        ),
        minimal=("RA306-4f09ab",),
        diff="",
        launcher=(),
        price=price,
    )


def make_step(step_id: str, patches: tuple[AppliedPatch, ...], files: tuple[str, ...]) -> Step:
    return Step(
        id=step_id,
        applied_at="2026-03-02T10:12:05+00:00",
        patches=patches,
        files=tuple(ChangedFile(path=path, before="0" * 64, after="1" * 64) for path in files),
    )


@dataclass
class FakeServices:
    """Answers at once; `hold` keeps a job running until it is released or cancelled."""

    project: Project
    report: AuditReport
    calls: list[str] = field(default_factory=list)
    requests: list[ProgramRequest] = field(default_factory=list)
    editor: list[str] = field(default_factory=list)
    error: Exception | None = None
    plans: int = 0
    excluding: set[str] = field(default_factory=set)
    plan_error: Exception | None = None
    known: dict[str, str] = field(default_factory=dict)
    journal: list[Step] = field(default_factory=list)
    removed: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    tried: Verdict | None = None
    hold: bool = False
    newest: tuple[RunRecord, RunRecord] | None = None
    released: threading.Event = field(default_factory=threading.Event)

    def _job(self, name: str, progress: Progress) -> None:
        self.calls.append(name)
        progress.stage(name, 10)
        progress.update(4, "step 4")
        while self.hold and not progress.cancelled() and not self.released.wait(0.01):
            pass
        if self.error is not None:
            raise self.error

    def scan(self, paths: Sequence[Path], baseline: Path | None, shows_known: bool, progress: Progress) -> ScanAnswer:
        self._job("scan with known" if shows_known else "scan", progress)
        report = replace(self.report, verdict=None, runs=())
        if shows_known:
            return ScanAnswer(report=replace(report, earlier=()), known=self.known)
        left = tuple(finding for finding in report.findings if finding.key not in self.known)
        return ScanAnswer(report=replace(report, findings=left))

    def plan(self, paths: Sequence[Path], report: AuditReport, root: Path, progress: Progress) -> FakePlan:
        self.plans += 1
        if isinstance(self.plan_error, Exception):
            raise self.plan_error
        return FakePlan(report, root, self.excluding)

    def apply(self, plan: FakePlan, ids: Collection[str]) -> Applied:
        self._job("apply " + " ".join(ids), Silent())
        texts = plan.texts(ids)
        step = f"p{len(self.journal) + 1}"
        patches = tuple(AppliedPatch(id=each.id, title=each.title) for each in plan.patches if each.id in ids)
        self.journal.append(make_step(step, patches, tuple(sorted(texts))))
        fixed = {key for patch in plan.patches if patch.id in ids for key in patch.finding_keys}
        self.removed[step] = tuple(each for each in self.report.findings if each.key in fixed)
        self.report = replace(
            self.report, findings=tuple(each for each in self.report.findings if each.key not in fixed)
        )
        return Applied(step=step, patches=tuple(each.id for each in patches), files=tuple(sorted(texts)))

    def undo(self, root: Path, step_id: str | None) -> Undone:
        self._job(f"undo {step_id}", Silent())
        (at,) = (at for at, step in enumerate(self.journal) if step.id == step_id)
        step = self.journal[at]
        self.journal[at] = replace(step, undone_at="2026-03-03T10:00:00+00:00")
        self.report = replace(self.report, findings=self.report.findings + self.removed.get(step.id, ()))
        files = tuple(file.path for file in step.files)
        return Undone(step=step.id, patches=tuple(each.id for each in step.patches), files=files)

    def steps(self, root: Path) -> tuple[Step, ...]:
        return tuple(self.journal)

    def verify(self, plan: FakePlan, ids: Collection[str], request: ProgramRequest, progress: Progress) -> Trial:
        self.requests.append(request)
        self._job("verify " + " ".join(ids), progress)
        return Trial(patches=tuple(sorted(ids)), verdict=self.tried, failure="KeyError: 'lr'")

    def prove(self, plan: FakePlan, request: ProgramRequest, progress: Progress) -> AuditReport:
        self.requests.append(request)
        self._job("prove", progress)
        return AuditReport(tool="repro-audit 0.1.0", project="classifier", proof=make_proof(plan.patches))

    def run_twice(self, request: ProgramRequest, progress: Progress) -> AuditReport:
        self.requests.append(request)
        self._job("twice", progress)
        return self.project.report()

    def compare(self, reference: RunRecord, candidate: RunRecord, progress: Progress) -> AuditReport:
        self._job(f"compare {reference.id} {candidate.id}", progress)
        return self.project.report()

    def measure_overhead(self, request: ProgramRequest, progress: Progress) -> AuditReport:
        self.requests.append(request)
        self._job("overhead", progress)
        return AuditReport(tool="repro-audit 0.1.0", project="classifier", overhead=make_overhead())

    def profile(self, run: RunRecord, progress: Progress) -> AuditReport:
        self._job("profile", progress)
        return AuditReport(
            tool="repro-audit 0.1.0",
            project="p",
            runs=(run,),
            profile=OperatorProfile(uses=(), operators=7, calls=1_204, listed=0),
        )

    def stored_runs(self, root: Path) -> tuple[RunRecord, ...]:
        return tuple(reversed(self.project.runs))

    def find_run(self, name: str, root: Path) -> RunRecord:
        return next(run for run in self.project.runs if run.id == name)

    def open_evidence(self, reference: RunRecord, candidate: RunRecord, first: Divergence | None) -> Evidence:
        return self.project.evidence()

    def open_editor(self, command: Sequence[str]) -> int:
        self.editor += command
        return 0

    def gateway(self) -> Services:
        return Services(
            scan=self.scan,
            accept=acceptance.accept,
            take_out=acceptance.take_out,
            take_back=acceptance.take_back,
            plan=self.plan,  # type: ignore[arg-type]  # a plan without LibCST
            apply=self.apply,  # type: ignore[arg-type]
            undo=self.undo,
            steps=self.steps,
            verify=self.verify,  # type: ignore[arg-type]
            profile=self.profile,
            prove=self.prove,  # type: ignore[arg-type]
            run_twice=self.run_twice,
            compare=self.compare,
            measure_overhead=self.measure_overhead,
            stored_runs=lambda root: self.stored_runs(root),
            newest_pair=lambda root: self.newest,
            find_run=self.find_run,
            log_tail=lambda run: tuple(f"{run.id} printed line {number}" for number in range(1, 41)),
            open_evidence=self.open_evidence,
            open_editor=self.open_editor,
        )


@pytest.fixture
def fakes(shared_project: Project) -> Iterator[FakeServices]:
    services = FakeServices(shared_project, shared_project.report())
    yield services
    services.released.set()


@pytest.fixture
def fake_plan(shared_project: Project) -> FakePlan:
    return FakePlan(make_scan_report(), shared_project.root)


@pytest.fixture
def journal_step() -> Callable[..., Step]:
    return make_step


@pytest.fixture
def make_app(shared_project: Project, fakes: FakeServices) -> Callable[..., AuditApp]:
    """An app on the project: empty, or with `report`."""

    def make(report: AuditReport | None = None, **options: Any) -> AuditApp:
        session = Session(root=shared_project.root, paths=(shared_project.root,))
        if report is not None:
            session.accept(report)
        return AuditApp(session, fakes.gateway(), **options)

    return make


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the terminal that the tests run in."""
    for name in ("NO_COLOR", "TMUX", "VISUAL", "EDITOR", "REPRO_AUDIT_THEME", "REPRO_AUDIT_ASCII", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("auditor.tui.screens.frame.SETTLE_S", 0.001)


@pytest.fixture
def trace_writer() -> type[TraceWriter]:
    return TraceWriter


@pytest.fixture
def overhead() -> OverheadReport:
    return make_overhead()


@pytest.fixture
def screen_text() -> Callable[[AuditApp], str]:
    """What is on the screen, as text without trailing spaces."""

    def text(app: AuditApp) -> str:
        strips = app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips) + "\n"

    return text


PATIENCE = 15_000
"""Looks at an app before a test gives up: five minutes, and longer where the machine is busy."""


@pytest.fixture
def settle() -> Callable[[Any], Any]:
    """Wait until workers have ended, nothing is queued and delayed drawing is done, three looks long."""

    async def wait(pilot: Any) -> None:
        quiet = 0
        for _ in range(PATIENCE):
            await pilot.app.workers.wait_for_complete()
            await pilot.pause(0.02)
            quiet = quiet + 1 if is_quiet(pilot.app) else 0
            if quiet == 3:
                return
        raise AssertionError("the app does not come to rest")

    return wait


def is_quiet(app: AuditApp) -> bool:
    """No message waits anywhere, and no drawing was put off."""
    if any(worker.is_running for worker in app.workers):
        return False
    for screen in app.screen_stack:
        timer = getattr(screen, "_timer", None)  # of `soon`
        if timer is not None and timer._task is not None and not timer._task.done():
            return False
        if screen._callbacks or any(not node._message_queue.empty() for node in screen.walk_children(with_self=True)):
            return False
    return app._message_queue.empty()


@pytest.fixture
def until() -> Callable[..., Any]:
    """`await until(pilot, condition)` while a job is held: wait for what it shows."""

    async def wait(pilot: Any, condition: Callable[[], bool]) -> None:
        for _ in range(PATIENCE):
            await pilot.pause(0.02)
            if condition():
                return
        raise AssertionError("it did not come to that")

    return wait
