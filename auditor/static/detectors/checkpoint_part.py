"""Checkpoints with the optimizer but without the scheduler or the gradient scaler that the same file steps.

A matcher cannot say it: what is stepped and what is saved are the same name in two places, and what a checkpoint holds
is in the dictionary that is saved.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.detectors.checkpoint_state import has_optimizer, restores_optimizer, saved_keys
from auditor.static.facts import Call, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.program import programs
from auditor.static.scanning.ruleoptions import WithOptions

_START = "last_epoch"
"""Whoever gives a scheduler its start needs no state of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    made_by: tuple[str, ...]
    """Names, or beginnings of names that end in a dot."""

    words: tuple[str, ...]
    """Words of the keys and names under which its state may be kept in another way."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    save: frozenset[str]
    load: frozenset[str]
    parts: tuple[_Part, ...]


def _read(table: Table) -> _Options:
    return _Options(
        save=frozenset(table.strings("save", required=True)),
        load=frozenset(table.strings("load", required=True)),
        parts=tuple(_read_part(entry) for entry in table.tables("part")),
    )


def _read_part(table: Table) -> _Part:
    part = _Part(
        made_by=tuple(name.removesuffix("*") for name in table.strings("made_by", required=True)),
        words=table.strings("words", required=True),
        message=table.string("message"),
    )
    table.finish()
    return part


class CheckpointPartDetector(WithOptions[_Options]):
    """`kind = "checkpoint-part"`."""

    kind = "checkpoint-part"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset(name.rpartition(".")[2] for name in self._options.of(rule).save)

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        options = self._options.of(rule)
        words = frozenset(name.rstrip(".").rpartition(".")[2] for part in options.parts for name in part.made_by)
        return (naming(options.save, words, called=True),)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        calls = module.call_index.candidates(options.save, (), ())
        saves = [call.node for call in calls if has_optimizer(saved_keys(module, call.node))]
        kept = {key.lower() for node in saves for key in saved_keys(module, node)}
        if not saves or not module.calls_to(options.load) or not restores_optimizer(module):
            return
        for part in options.parts:
            if any(word in key for word in part.words for key in kept) or not _is_lost(module, part):
                continue
            paths = tuple(path for path, _ in programs(module, project))
            if paths:
                yield Hit(location=module.location(saves[0]), message=part.message, entry_points=paths)


def _is_lost(module: ModuleFacts, part: _Part) -> bool:
    """Whether such an object is made and stepped here, neither started at an epoch nor saved anywhere in the file."""
    made = [call for call in module.calls if _makes(call, part)]
    names = {name for call in made for name in _names(module, call)}
    if not names or any(call.argument(_START) is not None or call.opaque for call in made):
        return False
    on_them = [call for call in module.calls if call.receiver is not None and module.text(call.receiver) in names]
    stepped = any(call.method == "step" and _is_told_no_epoch(call) for call in on_them)
    return stepped and not any(call.method in ("state_dict", "load_state_dict") for call in on_them)


def _is_told_no_epoch(call: Call) -> bool:
    """`scheduler.step(epoch)` says itself where it stands; `scaler.step(optimizer)` does not."""
    return not any("epoch" in ast.unparse(argument) for argument in call.node.args)


def _makes(call: Call, part: _Part) -> bool:
    return call.callee is not None and any(
        call.callee == name or (name.endswith(".") and call.callee.startswith(name)) for name in part.made_by
    )


def _names(module: ModuleFacts, call: Call) -> Iterator[str]:
    statement = module.parent(call.node)
    if isinstance(statement, ast.Assign):
        yield from (module.text(target) for target in statement.targets)


DETECTOR = CheckpointPartDetector(_read)
