"""`demo digits`: one training program from suspicion to report, told in chapters with the figures of real runs."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.experiments.repetition import settling_runs
from auditor.experiments.variants import ALGORITHMIC, CONTROL, IMPLEMENTATION
from auditor.model.lean import dataclass
from auditor.model.report import AuditReport
from auditor.report import RenderOptions, render
from auditor.report.prose.numbers import count
from auditor.services.apply import apply
from auditor.services.demo import Sample, copy_sample
from auditor.services.demo_words import (
    cost_words,
    guideline_words,
    margin_words,
    proof_words,
    scan_words,
    variance_words,
    verdict_words,
)
from auditor.services.fix import FixPlan, plan_fixes
from auditor.services.progress import Progress
from auditor.services.scan import scan
from auditor.services.settings import Settings

if TYPE_CHECKING:
    from auditor.model.margin import MarginReport
    from auditor.model.proof import Proof

NAME = "digits"
SAMPLE = "digits_embed"
REPORT = "report.html"
QUOTED = "    "
"""What lines begin with that are told as they are."""

_DIFF_LINES = 16
_VARIANTS = (ALGORITHMIC, IMPLEMENTATION, CONTROL)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryOptions:
    """How much is run."""

    epochs: int = 1
    replicas: int = 2
    confidence: float = 0.8
    """Of the proof; with less of it fewer runs are enough, which the story says."""

    timed_runs: int = 2
    python: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One step of the story."""

    title: str
    why: str
    """A sentence before it begins."""

    command: str
    """What a person would type for it."""

    work: Callable[[], list[str]]
    """Does it, and tells what came of it: sentences, and lines that begin with `QUOTED`."""


@dataclass(kw_only=True)
class Story:
    """The chapters, and what earlier ones leave to later ones."""

    sample: Sample
    settings: Settings
    options: StoryOptions
    progress: Progress
    plan: FixPlan | None = None
    margins: MarginReport | None = None
    proof: Proof | None = None

    @classmethod
    def begin(cls, folder: Path, options: StoryOptions, progress: Progress) -> Story:
        """Copy the sample below `folder`; its runs are kept beside it."""
        sample = copy_sample(SAMPLE, folder)
        return cls(sample=sample, settings=Settings(store=folder / "runs"), options=options, progress=progress)

    @property
    def report(self) -> Path:
        """Where the last chapter writes."""
        return self.sample.folder.parent / REPORT

    def chapters(self) -> Iterator[Chapter]:
        """Yield them in order; each rests on those before it."""
        epochs = count(self.options.epochs, "epoch")
        script, arguments = "train.py", f" -- {shlex.join(self._command[2:])}"
        yield Chapter(
            title="A suspicion",
            why="The source is read; nothing runs.",
            command="repro-audit scan .",
            work=lambda: scan_words(scan([self.sample.folder], self.settings, self.progress)),
        )
        varied = f"--variants {','.join(variant.name for variant in _VARIANTS)} --vary-seeds global"
        yield Chapter(
            title="Where the spread comes from",
            why="The same training again: with other seeds, with operators as they are, with neither.",
            command=f"repro-audit variance {script} --runs {self.options.replicas} {varied}{arguments}",
            work=self._variants,
        )
        yield Chapter(
            title="The first tensor that differs",
            why="Two runs, all seeds set, compared operator by operator, bit for bit; what the layers put out is kept.",
            command=f"repro-audit run {script} --twice --margins{arguments}",
            work=self._divergence,
        )
        yield Chapter(
            title="A patch",
            why="What the finding's rule proposes.",
            command="repro-audit fix . --unsafe",
            work=self._patch,
        )
        sure = f"--confidence {self.options.confidence:g}"
        yield Chapter(
            title="A proof",
            why="With and without the patch, in a copy, as often as it takes.",
            command=f"repro-audit fix --unsafe {sure} --verify {shlex.quote(script + arguments)}",
            work=self._prove,
        )
        yield Chapter(
            title="What it costs",
            why="Step times of patched and unpatched runs in turns.",
            command=f"repro-audit overhead {script}{arguments}   # the same for deterministic mode as a whole",
            work=self._cost,
        )
        yield Chapter(
            title="Does it matter?",
            why=f"The two runs again, layer by layer, beside the noise that each layer tolerates after {epochs}.",
            command="repro-audit margin last",
            work=lambda: margin_words(self.margins),
        )
        yield Chapter(
            title="The report",
            why="The patch is applied to the copy, and all that was shown is held against it.",
            command=f"repro-audit fix . --apply --unsafe && repro-audit report -o {REPORT}",
            work=self._report,
        )

    @property
    def _command(self) -> tuple[str, ...]:
        return ("python", "train.py", "--epochs", str(self.options.epochs))

    def _variants(self) -> list[str]:
        from auditor.runs.measures import MetricSource
        from auditor.services.replica_results import Sources
        from auditor.services.variance import VarianceOptions, measure_variance

        accuracy = MetricSource(name="accuracy", pattern=r"accuracy ([0-9.]+)")
        options = VarianceOptions(
            runs=self.options.replicas,
            variants=_VARIANTS,
            sources=Sources(metrics=(accuracy,)),
            vary="global",
            python=self.options.python,
        )
        report = measure_variance(
            self._command, cwd=self.sample.folder, settings=self.settings, options=options, progress=self.progress
        )
        return variance_words(report.variance) if report.variance is not None else []

    def _divergence(self) -> list[str]:
        from auditor.services.margin import MarginOptions
        from auditor.services.twice import TwiceOptions, run_twice

        options = TwiceOptions(python=self.options.python, quiet_program=True, margins=MarginOptions())
        report = run_twice(
            self._command, cwd=self.sample.folder, settings=self.settings, options=options, progress=self.progress
        )
        self.margins = report.margins
        return verdict_words(report.verdict) if report.verdict is not None else []

    def _patch(self) -> list[str]:
        self.plan = plan_fixes([self.sample.folder], self.settings, self.progress)
        if not self.plan.patches:
            return ["No rule proposes a patch here."]
        first = self.plan.patches[0]
        lines = [f"{QUOTED}{line}" for line in first.diff.splitlines() if line[:1] in "+-"][:_DIFF_LINES]
        return [f"{first.id}, {first.applicability.value}: {first.title}.", *lines]

    def _prove(self) -> list[str]:
        from auditor.services.verify import VerifyOptions, verify

        if self.plan is None or not self.plan.patches:
            return ["Without a patch there is nothing to prove."]
        options = VerifyOptions(
            max_runs=settling_runs(self.options.confidence),
            confidence=self.options.confidence,
            timed_runs=self.options.timed_runs,
            python=self.options.python,
        )
        report = verify(
            self._command,
            self.plan,
            cwd=self.sample.folder,
            settings=self.settings,
            options=options,
            progress=self.progress,
        )
        self.proof = report.proof
        return proof_words(report.proof) if report.proof is not None else []

    def _cost(self) -> list[str]:
        return cost_words(self.proof) if self.proof is not None else ["Nothing was proven, so nothing was timed."]

    def _report(self) -> list[str]:
        from auditor.services.guideline.report import guideline

        told = []
        if self.plan is not None and self.proof is not None and self.proof.minimal:
            ids = [each for each in self.proof.minimal if "=" not in each]
            applied = apply(self.plan, ids, store=self.settings.store)
            told.append(f"Applied to the copy: {', '.join(applied.patches)}.")
        report = guideline(self.sample.folder, settings=self.settings, progress=self.progress)
        self._write(report)
        return [*told, *(guideline_words(report.guideline) if report.guideline is not None else [])]

    def _write(self, report: AuditReport) -> None:
        self.report.write_text(render(report, "html", RenderOptions()), encoding="utf-8")
