"""A loop that trains and ends by the clock: `while time.time() - start < limit`, `if elapsed > limit: break`.

A matcher cannot say it: what counts is the loop around a comparison, and that training goes on in it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.model.rule import Confidence, Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.syntax.nodes import walk

_TRAINING = frozenset(
    {
        "backward", "fit", "learn", "partial_fit", "train", "train_batch", "train_epoch", "train_model",
        "train_one_epoch", "train_step", "training_step",
    }
)  # fmt: skip
"""What is called where a model is trained; `model.train()` without arguments only switches a mode."""

_MESSAGE = "Training ends when a time is over: each run makes another number of steps."

Loop = ast.For | ast.AsyncFor | ast.While


def _read(table: Table) -> frozenset[str]:
    return frozenset(table.strings("clocks", required=True))


class TimedTrainingDetector(WithOptions[frozenset[str]]):
    """`kind = "timed-training"`; `clocks`: what tells the time."""

    kind = "timed-training"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset(name.rpartition(".")[2] for name in self._options.of(rule))

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        return (naming(self._options.of(rule), frozenset({"while", "break", "return"}), _TRAINING, called=True),)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        told: set[ast.AST] = set()
        for call in module.calls_to(self._options.of(rule)):
            for test, loop in _ends(module, call):
                if test not in told and _trains(module, loop):
                    told.add(test)
                    # Where something else ends the loop as well, the time may be a safety net.
                    bounded = not isinstance(loop, ast.While)
                    confidence = Confidence.LOW if bounded else Confidence.MEDIUM
                    yield Hit(location=module.location(test), message=_MESSAGE, confidence=confidence)


def _ends(module: ModuleFacts, call: Call) -> Iterator[tuple[ast.expr, Loop]]:
    """The conditions that a reading of the clock decides, each with the loop that it ends."""
    statement = module.statement(call.node)
    if isinstance(statement, ast.While | ast.If):
        yield from _ended(module, statement, call.node)
    elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        loop = _loop_around(module, statement)
        name = statement.targets[0].id
        for node in walk(loop) if loop is not None else ():
            if isinstance(node, ast.If) and node.lineno > statement.lineno:
                used = [part for part in walk(node.test) if isinstance(part, ast.Name) and part.id == name]
                yield from (end for part in used[:1] for end in _ended(module, node, part))


def _ended(module: ModuleFacts, statement: ast.While | ast.If, read: ast.expr) -> Iterator[tuple[ast.expr, Loop]]:
    if not any(isinstance(part, ast.Compare) and read in walk(part) for part in walk(statement.test)):
        return
    if isinstance(statement, ast.While):
        yield statement.test, statement
        return
    loop = _loop_around(module, statement)
    if loop is not None and any(isinstance(each, ast.Break | ast.Return) for each in statement.body):
        yield statement.test, loop


def _loop_around(module: ModuleFacts, node: ast.AST) -> Loop | None:
    """The innermost loop of the same function."""
    for holder in module.around(node):
        if isinstance(holder, ast.For | ast.AsyncFor | ast.While):
            return holder
        if isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            break
    return None


def _trains(module: ModuleFacts, loop: Loop) -> bool:
    for node in (part for statement in loop.body for part in walk(statement)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in _TRAINING and (node.args or node.keywords or name != "train"):
            return True
    return False


DETECTOR = TimedTrainingDetector(_read)
