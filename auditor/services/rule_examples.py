"""Run the examples of rules: `bad` must be found on its lines, `good` and `fixed` must be silent."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from auditor.errors import RuleError, UsageError
from auditor.model.lean import dataclass
from auditor.model.rule import Example, Rule
from auditor.ruleset import Ruleset, load
from auditor.ruleset.locate import bundled_rules
from auditor.static.discovery import find_files
from auditor.static.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleOutcome:
    """One piece of source and what its rule said."""

    number: int
    """Of the example in its file, from 1."""

    kind: str
    """`bad`, `good` or `fixed`."""

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
    for number, example in enumerate(rule.examples, 1):
        kind = "bad" if example.finds else "good"
        yield _outcome(engine, rule, number, kind, example, example.source, example.finds)
        if example.fixed is not None:
            yield _outcome(engine, rule, number, "fixed", example, example.fixed, ())


def _outcome(
    engine: Engine, rule: Rule, number: int, kind: str, example: Example, source: str, expected: tuple[int, ...]
) -> ExampleOutcome:
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
        analysis = engine.analyse(find_files(root, [root], ()))
    wanted = example.confidence
    others = {finding.confidence.value for finding in analysis.findings if wanted and finding.confidence is not wanted}
    return ExampleOutcome(
        number=number,
        kind=kind,
        expected=tuple(sorted(expected)),
        found=tuple(sorted(finding.location.line for finding in analysis.findings)),
        surprise=f"confidence {', '.join(sorted(others))}, not {wanted.value}" if wanted and others else "",
        unread="; ".join(f"{item.subject}: {item.reason}" for item in analysis.skipped),
    )
