"""Findings → patches: what each rule's kind of fix proposes, checked to be writable; bytes and diffs of any subset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from difflib import SequenceMatcher, unified_diff

from auditor.errors import ConflictError, ProjectError
from auditor.model.finding import Finding
from auditor.model.lean import dataclass, replace
from auditor.model.location import Location
from auditor.model.patch import Applicability, Edit
from auditor.model.rule import Rule, RuleId
from auditor.static.documents.document import Document
from auditor.static.documents.kinds import Kind, document_kind
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import Change
from auditor.static.fixes.compose import Composer, Conflict, path_of
from auditor.static.fixes.named_files import NamedFiles
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixes.registry import fix_of
from auditor.static.matcher import registry
from auditor.static.project import Project
from auditor.static.syntax.source import SourceFile, decoded, encoding_of
from auditor.static.text.linelength import line_length

KEY_LENGTH = 6
"""Characters of a finding's key in the id of its patch, more where two would be the same."""

_STRICTNESS = (Applicability.SAFE, Applicability.UNSAFE, Applicability.DISPLAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPatch:
    """Changes that belong together: all or none."""

    id: str
    """Short, and stable over line shifts: `RA301-4f09ab`."""

    title: str
    """What it does, one line in the imperative."""

    rule_ids: tuple[RuleId, ...]
    finding_keys: tuple[str, ...]
    """The findings that it removes, in the order of the report."""

    location: Location
    """Of the first of them."""

    applicability: Applicability
    effect: str
    """What else changes; empty where nothing does."""

    files: tuple[str, ...]
    diff: str
    """Unified, of this patch alone."""

    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A finding that gets no patch."""

    finding_key: str
    rule_id: RuleId
    location: Location
    reason: str
    """Half a sentence: why there is no patch."""

    advice: str
    """What a person can do."""


NO_KIND = "no rule can tell here what is right: a person has to decide"
"""The reason where a rule gives advice only."""


class Sources:
    """The files of a project as they were when the patches were planned."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._named = NamedFiles(project)
        self._composers: dict[str, Composer] = {}

    def composer(self, path: str) -> Composer:
        """What writes changes of a file. Raises `ProjectError` where it cannot be read."""
        if path not in self._composers:
            length = line_length(self._project.root, path)
            raw = self._project.source(path).raw()
            self._composers[path] = Composer(path, raw, length, is_program=self._is_program(path))
        return self._composers[path]

    def _is_program(self, path: str) -> bool:
        """Whether a file is started, and nothing of it is read by another file."""
        is_started = path in self._project.programs.entry_points and not self._project.is_imported(path)
        return is_started and not self._named.may_read(path)

    def has_name(self, path: str) -> bool:
        """Whether the file's name can be written as text; what cannot be decoded is replaced in paths."""
        return "\ufffd" not in path or (self._project.root / path).exists()

    def texts(self, changes: Iterable[Change]) -> dict[str, bytes]:
        """New bytes of every file that the changes are made in, by path. Raises `Conflict`."""
        by_path: dict[str, list[Change]] = {}
        for change in changes:
            by_path.setdefault(path_of(change), []).append(change)
        found = {}
        for path, own in sorted(by_path.items()):
            found[path] = self._composed(path, own)
        return found

    def _composed(self, path: str, changes: list[Change]) -> bytes:
        try:
            return self.composer(path).compose(changes)
        except ProjectError as error:
            raise Conflict(f"{path}: {error}", changes) from None

    def diff(self, texts: Mapping[str, bytes]) -> str:
        """The files as they were against `texts`, as one unified diff."""
        return "".join(file_diff(path, self.composer(path).raw, new) for path, new in sorted(texts.items()))


def plan_patches(
    findings: Iterable[Finding],
    rules: Mapping[RuleId, Rule],
    project: Project,
    sources: Sources,
    step: Callable[[int], None] = lambda done: None,
) -> tuple[tuple[PlannedPatch, ...], tuple[Refused, ...]]:
    """The patches for findings, in their order, and those that get none. Raises `RuleError` for a broken `[fix]`."""
    planned: dict[frozenset[Change], PlannedPatch] = {}
    refused: list[Refused] = []
    for number, finding in enumerate(findings):
        step(number)
        rule = rules[finding.rule_id]
        answer = _proposal(finding, rule, project)
        if isinstance(answer, Proposal):
            same = planned.get(frozenset(answer.changes))
            made = _joined(same, answer, finding) if same else _patch(answer, finding, sources)
            if isinstance(made, PlannedPatch):
                planned[frozenset(answer.changes)] = made
                continue
            answer = made
        refused.append(
            Refused(
                finding_key=finding.key,
                rule_id=finding.rule_id,
                location=finding.location,
                reason=answer.reason,
                advice=finding.advice,
            )
        )
    return tuple(_with_ids(planned.values())), tuple(refused)


def _proposal(finding: Finding, rule: Rule, project: Project) -> Proposal | Refusal:
    fix = fix_of(rule)
    if fix is None:
        return Refusal(reason=NO_KIND)
    try:
        target = _target(finding, rule, project)
        if target is None:
            return Refusal(reason=f"{finding.location.path} cannot be read any more")
        if not _is_as_scanned(finding, target):
            return Refusal(reason=f"{finding.location.path} changed while it was scanned; scan again")
        return fix.propose(finding, rule, target, project)
    except ProjectError as error:
        return Refusal(reason=f"{finding.location.path}: {error}")


def _target(finding: Finding, rule: Rule, project: Project) -> ModuleFacts | Document | None:
    path = finding.location.path
    kind = Kind.NOTEBOOK if path.endswith(".ipynb") else document_kind(path.rpartition("/")[2])
    is_document = registry()[rule.match.kind].scope == "document"
    if kind is not None and (is_document or kind is not Kind.NOTEBOOK):
        return Document(SourceFile(path, project.root / path), kind)
    return project.module(path)


def _is_as_scanned(finding: Finding, target: ModuleFacts | Document) -> bool:
    first = target.text_line(finding.location)
    return target.lines[first - 1 : first - 1 + len(finding.source_lines)] == finding.source_lines


def _patch(proposal: Proposal, finding: Finding, sources: Sources) -> PlannedPatch | Refusal:
    """The patch, if it can be written and does something."""
    try:
        texts = sources.texts(proposal.changes)
    except Conflict as conflict:
        return Refusal(reason=conflict.reason)
    changed = {path: new for path, new in texts.items() if new != sources.composer(path).raw}
    if not changed:
        return Refusal(reason="the source is already as the patch would make it")
    nameless = next((path for path in sorted(changed) if not sources.has_name(path)), None)
    if nameless is not None:
        return Refusal(reason=f"the name of {nameless} is not UTF-8, and a patch names its files; rename it")
    return PlannedPatch(
        id=f"{finding.rule_id}-{finding.key}",
        title=proposal.title,
        rule_ids=(finding.rule_id,),
        finding_keys=(finding.key,),
        location=finding.location,
        applicability=proposal.applicability,
        effect=proposal.effect,
        files=tuple(sorted(changed)),
        diff=sources.diff(changed),
        changes=proposal.changes,
    )


def _joined(patch: PlannedPatch, proposal: Proposal, finding: Finding) -> PlannedPatch:
    """One patch for findings whose changes are the same; it is as safe as the least safe of them."""
    effects = [patch.effect, proposal.effect] if proposal.effect not in patch.effect else [patch.effect]
    return replace(
        patch,
        rule_ids=tuple(dict.fromkeys((*patch.rule_ids, finding.rule_id))),
        finding_keys=tuple(dict.fromkeys((*patch.finding_keys, finding.key))),
        applicability=max(patch.applicability, proposal.applicability, key=_STRICTNESS.index),
        effect="; ".join(effect for effect in effects if effect),
    )


def _with_ids(patches: Collection[PlannedPatch]) -> Iterator[PlannedPatch]:
    """Shorten the ids, as far as they stay different."""
    counts: dict[int, Counter[str]] = {}
    for patch in patches:
        begun = len(patch.rule_ids[0]) + 1
        for length in range(begun + KEY_LENGTH, max(len(patch.id), begun + KEY_LENGTH) + 1):
            if length not in counts:
                counts[length] = Counter(other.id[:length] for other in patches)
            if counts[length][patch.id[:length]] == 1:
                break
        yield replace(patch, id=patch.id[:length])


def conflicting(conflict: Conflict, patches: Iterable[PlannedPatch]) -> ConflictError:
    """The error that names the patches whose changes cannot be made together."""
    guilty = [patch for patch in patches if any(change in patch.changes for change in conflict.changes)]
    names = " and ".join(patch.id for patch in guilty)
    return ConflictError(
        f"{names} cannot be applied together: {conflict.reason}", patches=tuple(patch.id for patch in guilty)
    )


def edits_between(path: str, before: bytes, after: bytes) -> tuple[Edit, ...]:
    """What changes in a file, stretch by stretch, each without the text that stays at its ends."""
    old, new = _lines(_text(before)), _lines(_text(after))
    found = []
    for tag, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            gone, come = "".join(old[start:end]), "".join(new[new_start:new_end])
            head = _common(gone, come)
            tail = _common(gone[head:][::-1], come[head:][::-1])
            place = _stretch(path, start + 1, gone[:head], gone[: len(gone) - tail])
            found.append(Edit(span=place, replacement=come[head : len(come) - tail]))
    return tuple(found)


def _common(first: str, second: str) -> int:
    """How many characters two texts begin with in common."""
    pairs = zip(first, second, strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(first), len(second)))


def _stretch(path: str, first: int, head: str, whole: str) -> Location:
    """From the end of `head` to the end of `whole`, both from the beginning of line `first` on."""
    return Location(
        path=path,
        line=first + head.count("\n"),
        column=len(head) - (head.rfind("\n") + 1) + 1,
        end_line=first + whole.count("\n"),
        end_column=len(whole) - (whole.rfind("\n") + 1) + 1,
    )


def file_diff(path: str, before: bytes, after: bytes) -> str:
    """The unified diff of one file as `git apply` and `patch -p1` take it; empty where nothing changed."""
    if before == after:
        return ""
    old, new = (_lines(_mark(each) + _text(each)) for each in (before, after))
    end = "\t" if " " in path else ""  # where patch(1) takes the name to end; git writes it too
    lines = unified_diff(old, new, f"a/{path}{end}", f"b/{path}{end}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _text(raw: bytes) -> str:
    """The text of a file, without a byte order mark: columns do not count it."""
    try:
        return decoded(raw, encoding_of(raw))
    except ProjectError:
        return raw.decode("latin-1")


def _mark(raw: bytes) -> str:
    return "\ufeff" if raw.startswith(b"\xef\xbb\xbf") else ""


def _lines(text: str) -> list[str]:
    """Lines with their ends, cut at line feeds alone, as other tools cut them."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
