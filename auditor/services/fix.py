"""Plan patches for what a scan finds; nothing is written. `apply` writes what was planned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from auditor.errors import ConflictError, UsageError
from auditor.model.lean import dataclass, field, replace
from auditor.model.patch import Applicability, Patch
from auditor.model.report import AuditReport
from auditor.ruleset import nearest
from auditor.services.check import check
from auditor.services.progress import Progress, Silent
from auditor.services.rule_choice import chosen_rules, load_rules
from auditor.services.scan import scan
from auditor.services.settings import Settings
from auditor.static.engine import Engine, find_files
from auditor.static.files.discovery import find_root
from auditor.static.fixes.compose import Conflict
from auditor.static.fixes.registry import check_fixes
from auditor.static.patches import PlannedPatch, Refused, Sources, conflicting, edits_between, plan_patches

__all__ = ["FixPlan", "PlannedPatch", "Refused", "plan_fixes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixPlan:
    """The patches of a project, none of them applied."""

    report: AuditReport
    """Of the scan that they were planned for."""

    root: Path
    """The folder that all paths are relative to; absolute."""

    patches: tuple[PlannedPatch, ...]
    """In the order of the findings."""

    refused: tuple[Refused, ...]
    """Findings without a patch."""

    sources: Sources = field(repr=False, compare=False)
    """The files as they were scanned."""

    def patch(self, patch_id: str) -> PlannedPatch:
        """The patch with this id. Raises `UsageError` naming the nearest one."""
        for patch in self.patches:
            if patch.id == patch_id:
                return patch
        near = nearest(patch_id, [patch.id for patch in self.patches])
        hint = f"; did you mean `{near}`?" if near else ""
        raise UsageError(f"no patch is called `{patch_id}`{hint}")

    def only(self, ids: Collection[str]) -> FixPlan:
        """The plan with none but these patches, and the report with none but their findings."""
        chosen = tuple(self.patch(each) for each in dict.fromkeys(ids))
        keys = {key for patch in chosen for key in patch.finding_keys}
        findings = tuple(finding for finding in self.report.findings if finding.key in keys)
        return replace(self, patches=chosen, refused=(), report=replace(self.report, findings=findings))

    def ids(self, *, unsafe: bool = False) -> tuple[str, ...]:
        """Ids of the patches that are safe, and of the unsafe ones where asked for; never of those to look at."""
        allowed = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
        return tuple(patch.id for patch in self.patches if patch.applicability in allowed)

    def texts(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """New contents of every file that these patches change, by path.

        Whichever subset is asked for, each file is whole. Raises `ConflictError` naming the patches that cannot be
        applied together.
        """
        by_id = {patch.id: patch for patch in self.patches}
        chosen = [by_id.get(each) or self.patch(each) for each in sorted(set(ids))]
        try:
            texts = self.sources.texts(change for patch in chosen for change in patch.changes)
        except Conflict as conflict:
            raise conflicting(conflict, chosen) from None
        return {path: new for path, new in texts.items() if new != self.original(path)}

    def compatible(self, ids: Collection[str]) -> tuple[tuple[str, ...], Mapping[str, str]]:
        """Those of these patches that can be applied together, and the others with the reason.

        Of two that exclude each other the first of the plan is taken.
        """
        wanted = frozenset(ids)
        order = [patch.id for patch in self.patches if patch.id in wanted]
        left_out: dict[str, str] = {}
        while True:
            chosen = tuple(each for each in order if each not in left_out)
            try:
                self.texts(chosen)
            except ConflictError as error:
                last = max(error.patches, key=order.index)
                left_out[last] = str(error)
            else:
                return chosen, left_out

    def diff(self, ids: Collection[str]) -> str:
        """The patches together, as one unified diff. Raises as `texts`."""
        return self.sources.diff(self.texts(ids))

    def original(self, path: str) -> bytes:
        """A file as it was when the patches were planned."""
        return self.sources.composer(path).raw


def plan_fixes(
    paths: Sequence[Path],
    settings: Settings,
    progress: Progress | None = None,
    *,
    root: Path | None = None,
) -> FixPlan:
    """Scan, and plan a patch for every finding whose rule has one. Nothing is written, nothing of it is executed.

    `root` is the folder that paths in the plan are relative to; None means the project that `paths` lie in. Cancelled,
    it has the patches of the first findings. Raises what `scan` raises, and `RuleError` for a rule whose `[fix]` is
    malformed.
    """
    progress = progress or Silent()
    ours = find_root(paths)
    root = ours if root is None else root.absolute()
    report = check(paths, settings, progress=progress) if root == ours else scan(paths, settings, progress, root=root)
    return plan_for(report, paths, settings, progress, root=root)


def plan_for(
    report: AuditReport,
    paths: Sequence[Path],
    settings: Settings,
    progress: Progress | None = None,
    *,
    root: Path | None = None,
) -> FixPlan:
    """Plan patches for the findings of a scan of these paths; one whose source changed since gets none."""
    progress = progress or Silent()
    root = find_root(paths) if root is None else root.absolute()
    progress.stage("patches", len(report.findings))
    ruleset = load_rules(settings)
    rules = chosen_rules(ruleset, settings)
    check_fixes(rules)
    project = Engine(ruleset, rules).project(find_files(root, paths, settings.exclude, progress.cancelled))
    sources = Sources(project)
    by_id = {rule.id: rule for rule in rules}
    findings = takewhile(lambda _: not progress.cancelled(), report.findings)
    patches, refused = plan_patches(findings, by_id, project, sources, progress.update)
    return FixPlan(report=report, root=root, patches=patches, refused=refused, sources=sources)


def with_patches(plan: FixPlan) -> AuditReport:
    """The report, each finding with its patch."""
    by_key = {key: _as_model(plan, patch) for patch in plan.patches for key in patch.finding_keys}
    findings = tuple(replace(finding, patch=by_key.get(finding.key)) for finding in plan.report.findings)
    return replace(plan.report, findings=findings)


def _as_model(plan: FixPlan, patch: PlannedPatch) -> Patch:
    edits = [
        edit
        for path, new in sorted(plan.texts([patch.id]).items())
        for edit in edits_between(path, plan.original(path), new)
    ]
    return Patch(
        id=patch.id,
        title=patch.title,
        applicability=patch.applicability,
        effect=patch.effect,
        edits=tuple(edits),
    )
