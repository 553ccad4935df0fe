"""`kind = "seed-default"`: seed in every run, by a default for the seed, or outside of the condition.

A seed that is None unless somebody gives one gets 0 as its default. Calls that seed under another condition are put in
front of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.finding import Finding
from auditor.model.location import Location
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import Change, InsertStatement, RemoveStatement
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixes.seeding.defaults import defaulted
from auditor.static.fixes.seeding.origin import origin
from auditor.static.fixes.seeding.place import Way, lifted, statement_at
from auditor.static.fixes.seeding.repetition import repeats
from auditor.static.fixes.seeding.seed_helper import only_seeds
from auditor.static.project import Project
from auditor.static.resolution.library_verdict import Seed, SeedStatus
from auditor.static.resolution.nodeplace import call_at
from auditor.static.resolution.seedvalue import ENTROPY_CALLS
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect
from auditor.static.syntax.elements import is_none

_STATUSES = (SeedStatus.NONE, SeedStatus.CONDITIONAL)


def _read(table: Table) -> None:
    """No options."""


class SeedDefaultFix(WithFixOptions[None]):
    """The seed is followed back to its default, through parameters, options and configurations."""

    kind = "seed-default"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        found: Refusal | tuple[str, tuple[Change, ...]] = Refusal(reason="the call that seeds was not found again")
        for seed in _seeds(finding, project):
            found = in_every_run(seed, project)
            if not isinstance(found, Refusal):
                break
        if isinstance(found, Refusal):
            return found
        title, changes = found
        return Proposal(title=title, applicability=applicability(rule), changes=changes, effect=effect(rule))


def _seeds(finding: Finding, project: Project) -> list[Seed]:
    """The seed that the finding is about, as each of its programs reaches it."""
    return [
        seed
        for path in finding.entry_points
        if (module := project.module(path)) is not None
        for verdict in project.programs.verdicts(module)
        if verdict.status in _STATUSES
        for seed in verdict.seeds
        if seed.location == finding.location
    ]


def in_every_run(seed: Seed, project: Project) -> tuple[str, tuple[Change, ...]] | Refusal:
    """What makes a seed that is None by default, or under a condition, count in every run: a title and changes."""
    return _default(seed, project) or _outside(seed, project)


# -- a default -------------------------------------------------------------------------------------------------------


def _default(seed: Seed, project: Project) -> tuple[str, tuple[Change, ...]] | None:
    """Where the seed is None by default: the change of that default."""
    for module, node, via, number in _suspects(seed, project):
        found = origin(module, node, via, project, lambda _, each: is_none(each))
        if found is not None and (found.option is not None or found.node is not None):
            changes = tuple(defaulted(found, number))
            if changes:
                return f"give the seed the default {number}", changes
    return None


def _suspects(seed: Seed, project: Project) -> Iterator[tuple[ModuleFacts, ast.expr, tuple[Location, ...], str]]:
    """Expressions that may be None: the seed itself, and what the conditions around it ask for; with the default."""
    module = project.module(seed.location.path)
    call = call_at(module, seed.location) if module is not None else None
    if module is None or call is None:
        return
    known = project.rng.seed_calls.get(seed.callee)
    given = call.argument(known.argument, known.position) if known is not None and known.argument else None
    way: Way = (*seed.via, seed.location)
    number = "0"
    tests = []
    for depth in range(len(way), 0, -1):
        place = project.module(way[depth - 1].path)
        for test, part in _conditions(place, way[depth - 1]) if place is not None else ():
            tests.append((place, part, way[: depth - 1]))
            if isinstance(test, ast.Name | ast.Attribute):
                number = "1"
    if given is not None:
        yield module, given, seed.via, number
    for place, part, via in tests:
        if place is not None:
            yield place, part, via, number


def _conditions(module: ModuleFacts, location: Location) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Conditions around a place in its function, each with the name that it asks for: `x is not None`, `x`."""
    node: ast.AST | None = statement_at(module, location)
    while node is not None and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        parent = module.parent(node)
        if isinstance(parent, ast.If) and node in parent.body:
            for test in parent.test.values if isinstance(parent.test, ast.BoolOp) else [parent.test]:
                part = test.left if isinstance(test, ast.Compare) else test
                if isinstance(part, ast.Name | ast.Attribute | ast.Subscript):
                    yield test, part
        node = parent


# -- outside of the condition -----------------------------------------------------------------------------------------


def _outside(seed: Seed, project: Project) -> tuple[str, tuple[Change, ...]] | Refusal:
    """Put the statements that seed in front of the condition."""
    way: Way = (*seed.via, seed.location)
    for depth in range(len(way), 0, -1):
        module = project.module(way[depth - 1].path)
        statement = statement_at(module, way[depth - 1]) if module is not None else None
        if module is None or statement is None:
            continue
        block = module.parent(statement)
        if isinstance(block, ast.If):
            return _moved(module, statement, block, project)
    return Refusal(reason="the condition is no `if` around the call: seed before it")


def _moved(
    module: ModuleFacts, statement: ast.stmt, block: ast.If, project: Project
) -> tuple[str, tuple[Change, ...]] | Refusal:
    why = repeats(module, block)
    if why is not None:
        return Refusal(reason=f"the condition {why}: a seed in front of it would be set each time")
    if not only_seeds(module, statement, project):
        return Refusal(reason="what is called under the condition does more than to seed: seed in front of it")
    body = block.body if statement in block.body else block.orelse
    moved = [each for each in body if each is statement or only_seeds(module, each, project)]
    bound = {node.id for node in ast.walk(block) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    used = {node.id for each in moved for node in ast.walk(each) if isinstance(node, ast.Name)}
    outer = block
    while isinstance(above := module.parent(outer), ast.If):
        outer = above
    if bound & used or not all(isinstance(each, ast.Expr) for each in moved) or _asks_for(outer, used):
        return Refusal(reason="the seed is made under the condition too: give it a fixed value outside of it")
    if any(_differs(module, each) for each in moved):
        return Refusal(
            reason="what is seeded with under the condition is another value in each run: write a number there"
        )
    text = "\n".join(lifted(module, each) for each in moved)
    changes: list[Change] = [InsertStatement(statement=module.location(outer), text=text, where="before")]
    if outer is block and not block.orelse:
        gone: list[ast.stmt] = [block] if len(moved) == len(block.body) else list(moved)
        changes.extend(RemoveStatement(statement=module.location(each)) for each in gone)
    return "seed in every run, not only under the condition", tuple(changes)


def _asks_for(block: ast.If, used: set[str]) -> bool:
    """Whether the condition asks if what the seed is made of is there: `if config is not None: seed(config.seed)`."""
    tests = [node for node in ast.walk(block) if isinstance(node, ast.If)]
    return any(
        isinstance(part, ast.Compare)
        and any(isinstance(each, ast.Constant) and each.value is None for each in part.comparators)
        and any(isinstance(name, ast.Name) and name.id in used for name in ast.walk(part.left))
        for node in tests
        for part in ast.walk(node.test)
    )


def _differs(module: ModuleFacts, statement: ast.stmt) -> bool:
    """Whether a value that differs from run to run is made in a statement."""
    names = (module.resolve(node.func) for node in ast.walk(statement) if isinstance(node, ast.Call))
    return any(name == "hash" or name in ENTROPY_CALLS for name in names)


FIX = SeedDefaultFix(_read)
