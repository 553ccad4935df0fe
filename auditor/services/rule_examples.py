"""Run the examples of rules: `bad` is found on its lines, `good` and `fixed` are not, the patch of `bad` is `fixed`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path, PurePosixPath

from auditor.errors import RuleError, UsageError
from auditor.model.lean import dataclass
from auditor.model.rule import Example, Rule
from auditor.ruleset import Ruleset, load
from auditor.ruleset.locate import bundled_rules
from auditor.static.engine import Engine
from auditor.static.files.discovery import Discovery, find_files
from auditor.static.fixes.registry import check_fixes


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleOutcome:
    """One piece of source and what its rule said."""

    number: int
    """Of the example in its file, from 1."""

    kind: str
    """`bad`, `good`, `fixed`, or `patch`: what the patches for `bad` yield."""

    expected: tuple[int, ...]
    found: tuple[int, ...]
    surprise: str = ""
    """What else is not as the example says; empty where nothing is."""

    unread: str = ""
    """Why the source could not be looked at; empty where it could."""

    @property
    def passed(self) -> bool:
        return self.found == self.expected and not self.surprise and not self.unread


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutcome:
    rule: Rule
    examples: tuple[ExampleOutcome, ...]

    @property
    def passed(self) -> bool:
        return all(example.passed for example in self.examples)


def try_rules(folder: Path) -> tuple[RuleOutcome, ...]:
    """Try the rules of a folder, sorted by id; libraries and seeders of the folder are known to them.

    Raises `UsageError` for a folder without rules, `RuleError` for a rule that is malformed.
    """
    if not folder.is_dir():
        what = "is a file; name its folder" if folder.exists() else "no such folder"
        raise UsageError(f"{folder}: {what}")
    ours = folder.resolve() == bundled_rules().resolve()
    ruleset = load() if ours else load([folder])
    bundled = set() if ours else {rule.id for rule in load().rules}
    rules = [rule for rule in ruleset.rules if rule.id not in bundled]
    if not rules:
        raise UsageError(f"{folder}: holds no rules; a rule is a .toml file, `repro-audit explain RA301` shows one")
    return tuple(RuleOutcome(rule=rule, examples=tuple(_outcomes(rule, ruleset))) for rule in rules)


def _outcomes(rule: Rule, ruleset: Ruleset) -> Iterator[ExampleOutcome]:
    engine = Engine(ruleset, [rule])
    check_fixes([rule])
    for number, example in enumerate(rule.examples, 1):
        kind = "bad" if example.finds else "good"
        yield _outcome(engine, rule, number, kind, example, example.source, example.finds)
        if example.fixed is not None:
            yield _outcome(engine, rule, number, "fixed", example, example.fixed, ())
        if example.fixed is not None and "kind" in rule.fix.options:
            yield _patch_outcome(engine, rule, number, example)


@contextmanager
def _laid_out(rule: Rule, number: int, example: Example, source: str) -> Iterator[Discovery]:
    """The files of an example, in a folder of their own."""
    path = PurePosixPath(example.path)
    if path.is_absolute() or ".." in path.parts:
        raise RuleError(f"{rule.path}: example[{number}].path: expected a path below a folder, found `{path}`")
    with tempfile.TemporaryDirectory(prefix="repro-audit-") as folder:
        root = Path(folder).resolve()
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
        if example.requirements:
            (root / "requirements.txt").write_text(example.requirements, encoding="utf-8")
        yield find_files(root, [root], ())


def _outcome(
    engine: Engine, rule: Rule, number: int, kind: str, example: Example, source: str, expected: tuple[int, ...]
) -> ExampleOutcome:
    with _laid_out(rule, number, example, source) as found:
        analysis = engine.analyse(found)
    wanted = example.confidence
    others = {finding.confidence.value for finding in analysis.findings if wanted and finding.confidence is not wanted}
    return ExampleOutcome(
        number=number,
        kind=kind,
        expected=tuple(sorted(expected)),
        found=tuple(sorted(finding.location.line for finding in analysis.findings)),
        surprise=f"found with confidence {', '.join(sorted(others))}, not {wanted.value}" if wanted and others else "",
        unread="; ".join(f"{item.subject}: {item.reason}" for item in analysis.skipped),
    )


def _patch_outcome(engine: Engine, rule: Rule, number: int, example: Example) -> ExampleOutcome:
    """What the patches for `bad` yield, all of them together, against `fixed`; and that `fixed` needs none of them."""
    with _laid_out(rule, number, example, example.source) as found:
        plan = _Planned(engine, rule, found)
        patched = plan.patched(example.path)
    return ExampleOutcome(
        number=number,
        kind="patch",
        expected=(),
        found=(),
        surprise="" if patched == example.fixed else _unlike(example.fixed or "", patched, plan.reasons),
    )


class _Planned:
    """The patches of one example; nothing of it is written."""

    def __init__(self, engine: Engine, rule: Rule, found: Discovery) -> None:
        from auditor.static.patches import Sources, plan_patches  # LibCST, which most of `rules test` does without

        findings = engine.analyse(found).findings
        project = engine.project(found)
        self._sources = Sources(project)
        self._patches, self._refused = plan_patches(findings, {rule.id: rule}, project, self._sources)

    def patched(self, path: str) -> str:
        """The file with all patches."""
        texts = self._sources.texts(change for patch in self._patches for change in patch.changes)
        return texts.get(path, self._sources.composer(path).raw).decode("utf-8")

    @property
    def reasons(self) -> str:
        """Why there are findings without a patch."""
        return "; ".join(dict.fromkeys(refused.reason for refused in self._refused))


def _unlike(expected: str, found: str, reasons: str) -> str:
    if reasons:
        return f"no patch: {reasons}"
    pairs = zip_longest(expected.split("\n"), found.split("\n"))
    line, (wanted, got) = next((number, pair) for number, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    return f"another patch than `fixed` says: line {line} is `{got or ''}`, not `{wanted or ''}`"
