"""Keep what an experiment has shown, with the source and the surroundings that it is about."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from auditor.errors import ReproAuditError
from auditor.model.annotations import TYPE_CHECKING, Any
from auditor.model.environment import Environment
from auditor.model.evidence import Evidence, EvidenceKind
from auditor.model.lean import dataclass, replace
from auditor.model.run import Ending
from auditor.runs import snapshot
from auditor.runs.environment import differences
from auditor.runs.evidencefile import keep_evidence, read_evidence
from auditor.runs.store import Store, open_store
from auditor.runs.surroundings import Asking
from auditor.services.program import script_of
from auditor.services.sourcedigest import (
    content_digest,
    data_digests,
    listing_digest,
    newer_files,
    source_digests,
    written_in,
)
from auditor.static.files.discovery import find_root

if TYPE_CHECKING:
    from typing import ParamSpec

    from auditor.model.proof import Proof
    from auditor.model.report import AuditReport
    from auditor.model.run import RunRecord
    from auditor.services.laboratory import Plan
    from auditor.services.touched import Touched

    P = ParamSpec("P")


def leaves_evidence(kind: EvidenceKind) -> Callable[[Callable[P, AuditReport]], Callable[P, AuditReport]]:
    """Give a service that runs a program a memory: what its report says is kept in the project's store.

    The service takes the command, or an object with `command`, `cwd` and `python`, as its first argument, and a plan of
    patches, if it has one, as its second; `cwd`, `settings`, `python` and `options` by name. That evidence cannot be
    written is a note in the report, never an error.
    """

    def decorate(service: Callable[P, AuditReport]) -> Callable[P, AuditReport]:
        @functools.wraps(service)
        def keeping(*positional: P.args, **named: P.kwargs) -> AuditReport:
            inquiry = _inquiry(kind, positional, named)
            return inquiry.keep(service(*positional, **named))

        return keeping

    return decorate


def _inquiry(kind: EvidenceKind, positional: Sequence[Any], named: Mapping[str, Any]) -> Inquiry:
    first = positional[0] if positional else named["command"]
    told = first if hasattr(first, "command") else None
    python = getattr(told, "python", None) or named.get("python") or getattr(named.get("options"), "python", None)
    settings = named.get("settings")
    inquiry = Inquiry.begin(
        kind,
        tuple(told.command if told is not None else first),
        Path(told.cwd if told is not None else named["cwd"]),
        store=None if settings is None else settings.store,
        python=python,
        plan=positional[1] if len(positional) > 1 else named.get("plan"),
    )
    inquiry.surroundings.answer()  # nothing else shall run while a program is timed
    eager = getattr(named.get("options"), "compile", "keep") == "eager"
    return replace(inquiry, altered="torch.compile was switched off (`--compile eager`)") if eager else inquiry


@dataclass(frozen=True, kw_only=True)
class Inquiry:
    """What is known before the first run."""

    kind: EvidenceKind
    command: tuple[str, ...]
    cwd: Path
    project: Path
    store: Path
    """Where the project's evidence goes."""

    runs: Store
    """Where runs are kept: by where the user is, which may be in another project."""

    interpreter: str
    sources: Mapping[str, str]
    surroundings: Asking
    """Asked when the inquiry begins, and waited for when it ends."""

    began_at: float
    """Seconds since the epoch."""

    there: frozenset[str]
    """Files of the project."""

    plan: Plan | None = None
    """The patches that are tried."""

    altered: str = ""
    """What we have the runs do otherwise than the program does by itself."""

    @classmethod
    def begin(
        cls,
        kind: EvidenceKind,
        command: Sequence[str],
        cwd: Path,
        *,
        store: Path | None,
        python: Path | None = None,
        plan: Plan | None = None,
    ) -> Inquiry:
        """Look at the source as it is now."""
        cwd = cwd.resolve()
        project = find_root([script_of(command, cwd) or cwd]).resolve()
        interpreter = str(python or sys.executable)
        place = open_store(project, store).root
        return cls(
            kind=kind,
            command=tuple(command),
            cwd=cwd,
            project=project,
            store=place,
            runs=open_store(find_root([cwd]), store),
            interpreter=interpreter,
            sources=source_digests(project, place),
            surroundings=Asking(interpreter),
            began_at=time.time(),
            there=frozenset(snapshot.take(project).files),
            plan=plan,
        )

    def keep(self, report: AuditReport) -> AuditReport:
        """Keep what the report says; return it, with a note where that failed."""
        try:
            keep_evidence(self.store, self.evidence(report))
        except (OSError, ReproAuditError) as error:
            return replace(report, notes=(*report.notes, not_kept(error)))
        return report

    def keep_answer(self, answer: str) -> str:
        """Keep an answer of one line that no report goes with; return what went wrong, or nothing."""
        try:
            found = self._about(answer, self._written(()))
            keep_evidence(self.store, self._with_inputs_of_earlier_runs(found))
        except OSError as error:
            return not_kept(error)
        return ""

    def evidence(self, report: AuditReport) -> Evidence:
        """Return the report's answer with what it is about."""
        from auditor.report.prose.answer import one_line  # a replay has no report
        from auditor.services.report_gist import apart_replicas, criteria_of
        from auditor.services.touched import touched

        seen = touched(report.runs) if report.verdict is not None and report.runs else None
        edited = frozenset() if seen is None else self._edited(report.runs, seen)
        written = self._written(report.runs) - edited
        found = replace(self._about(one_line(report), written), criteria=criteria_of(report), altered=self.altered)
        if report.variance is not None:
            set_up = report.variance.set_up
            changed = () if set_up is None else set_up.changed  # kept replicas may be older than we
            unstable = tuple(sorted({*found.unstable, *changed}))
            found = replace(found, apart=apart_replicas(report.variance.groups), unstable=unstable)
        if seen is not None:
            found = self._with_runs(found, report, seen, written)
        else:
            found = self._with_inputs_of_earlier_runs(found)
        return found if report.proof is None else self._with_proof(found, report.proof)

    def _about(self, answer: str, written: frozenset[str]) -> Evidence:
        """The answer, and the source before and after."""
        after = source_digests(self.project, self.store)
        unstable = {path for path in self.sources if after.get(path) != self.sources[path]}
        unstable |= {path for path in after.keys() - self.sources.keys() if path.endswith(".py")}
        return Evidence(
            id="",
            kind=self.kind,
            command=self.command,
            cwd=str(self.cwd),
            project=str(self.project),
            interpreter=self.interpreter,
            kept_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            sources={path: digest for path, digest in self.sources.items() if path not in written},
            unstable=tuple(sorted(unstable - written)),
            surroundings=self.surroundings.answer(),
            answer=answer,
            written=tuple(sorted(written)),
        )

    def _with_proof(self, found: Evidence, proof: Proof) -> Evidence:
        from auditor.services.report_gist import apart_in_proof

        ids = [each for each in proof.minimal if "=" not in each]
        texts = self.plan.texts(ids) if self.plan is not None and ids else {}
        return replace(
            found,
            status=proof.status,
            runs=(),  # those of a copy, of which few are kept
            steps=proof.steps or 0,
            is_whole=proof.steps is None,
            apart=apart_in_proof(proof),
            variables=proof.launcher,
            patched={path: content_digest(text) for path, text in sorted(texts.items())},
        )

    def _edited(self, runs: Sequence[RunRecord], seen: Touched) -> frozenset[str]:
        """Files that another changed meanwhile: the program read them, and they changed in one of the runs alone."""
        each = [frozenset(run.files_written) for run in runs]
        partly = frozenset.union(*each) - frozenset.intersection(*each)
        return (partly & self.there & seen.read) - seen.wrote

    def _with_runs(self, found: Evidence, report: AuditReport, seen: Touched, written: frozenset[str]) -> Evidence:
        from auditor.report.prose.margin import summary as margin_summary
        from auditor.services.report_gist import kept_cause

        assert report.verdict is not None
        runs = report.runs
        comparison = report.verdict.comparison
        environments = [_environment(run) for run in runs if run.processes]
        data = (seen.read | (seen.loaded or set())) - set(found.sources) - written
        edited = newer_files(self.project, (path for path in data if not path.startswith("/")), self.began_at)
        apart = differences(*environments[:2]) if len(environments) > 1 else ()
        return replace(
            found,
            status=report.verdict.status,
            runs=tuple(run.id for run in runs),
            steps=min((max((process.steps for process in run.processes), default=0) for run in runs), default=0),
            is_whole=len(runs) > 1 and all(run.status.ending is Ending.FINISHED for run in runs),
            compared=comparison.compared_events if comparison is not None else 0,
            environment=environments[0] if environments else None,
            differences=tuple(f"{name}: {one} and {other}" for name, one, other in apart),
            cause=kept_cause(report.verdict.causes),
            margins=margin_summary(report.margins) if report.margins is not None else "",
            unstable=tuple(sorted({*found.unstable, *edited})),
            loaded=None if seen.loaded is None else tuple(sorted(seen.loaded)),
            data=data_digests(self.project, data),
            listings=self._listings(seen.listed, written),
            unseen=seen.unseen,
            trained=seen.trained,
            artifacts=data_digests(self.project, written),
        )

    def _with_inputs_of_earlier_runs(self, found: Evidence) -> Evidence:
        """What is not traced reads what two traced runs of the same command have read, as far as anybody knows."""
        kept, _ = read_evidence(self.store)
        same = [each for each in kept if (each.project, each.cwd, each.command) == self._subject]
        traced = next((each for each in reversed(same) if each.kind is EvidenceKind.TWICE and each.loaded), None)
        if traced is None:
            return found
        return replace(
            found,
            data=data_digests(self.project, set(traced.data) - set(found.written)),
            listings=self._listings(traced.listings, frozenset(found.written)),
        )

    @property
    def _subject(self) -> tuple[str, str, tuple[str, ...]]:
        return str(self.project), str(self.cwd), self.command

    def _listings(self, folders: Iterable[str], written: frozenset[str]) -> dict[str, str]:
        return {each: listing_digest(self.project / each, written_in(each, written)) for each in sorted(folders)}

    def _written(self, runs: Sequence[RunRecord]) -> frozenset[str]:
        """Files that these runs wrote, or if there are none, runs of this command are known to write.

        They are no source, whatever they are called.
        """
        stored = () if runs else self.runs.list()
        known = [run for run in stored if run.argv == self.command and run.project == str(self.project)]
        return frozenset(path for run in (*known, *runs) for path in run.files_written if not path.endswith(".py"))


def not_kept(error: Exception) -> str:
    """Return the note that goes with an answer which is not kept."""
    return f"This is not kept as evidence for `repro-audit report`: {error}"


def _environment(run: RunRecord) -> Environment:
    """That of the process that trained: a launcher has none of torch's."""
    return max(run.processes, key=lambda process: (process.steps, process.events)).environment
