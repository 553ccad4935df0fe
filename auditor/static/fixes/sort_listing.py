"""`kind = "sort-listing"`: put the names of a directory in order where they are listed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.finding import Finding
from auditor.model.lean import replace
from auditor.model.patch import Applicability
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import Call, Known, ModuleFacts
from auditor.static.fixes.changes import Change, InsertStatement, ReplaceExpression
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import call_at
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect
from auditor.static.unordered.order import ordered_use
from auditor.static.unordered.ordertrail import Kind

_BY_NAME = "sorted({0}, key=lambda entry: entry.name)"
_WALKS = frozenset({"os.walk", "os.fwalk", "pathlib.Path.walk"})
_LISTS = frozenset(
    {"os.listdir", "glob.glob", "glob.iglob", "pathlib.Path.iterdir", "pathlib.Path.glob", "pathlib.Path.rglob"}
)
_OWN_LISTS = ("fastai.",)
"""Beginnings of the names of what gives a list of a class of its own, which can do more than `sorted` leaves."""

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _read(table: Table) -> None:
    """No options."""


class SortListingFix(WithFixOptions[None]):
    """`sorted(…)` around the listing; for a walk, its names are sorted in place."""

    kind = "sort-listing"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        call = _listing(target, finding) if isinstance(target, ModuleFacts) else None
        if call is None or not isinstance(target, ModuleFacts):
            return Refusal(reason="the listing is not written as a call here")
        found: list[Change] = []
        for each in (call, *_beside(target, call)):
            changes = _changes(target, each)
            if isinstance(changes, Refusal):
                return changes
            found.extend(changes)
        proposal = Proposal(
            title="take the names in sorted order",
            applicability=applicability(rule),
            changes=tuple(sorted(found, key=repr)),
            effect=effect(rule),
        )
        if call.callee and not call.callee.startswith(_OWN_LISTS):
            return proposal
        # A method is known by its name alone: what it gives may have no order.
        return replace(proposal, applicability=Applicability.UNSAFE)


def _beside(module: ModuleFacts, call: Call) -> list[Call]:
    """The other listings of the same function whose order counts.

    Images and masks are listed side by side: one in order and the other not would be other pairs than before.
    """
    return [
        each
        for each in module.calls
        if each.callee in _LISTS
        and each.function is call.function
        and each.node is not call.node
        and ordered_use(module, each.node, Kind.LISTING) is not None
    ]


def _changes(module: ModuleFacts, call: Call) -> tuple[Change, ...] | Refusal:
    if call.callee in _WALKS or (call.callee is None and call.method == "walk"):
        return _walk(module, call)
    return _scan(module, call) if call.callee == "os.scandir" else _list(module, call)


def _listing(module: ModuleFacts, finding: Finding) -> Call | None:
    """The listing: the call that was found, else the only listing among its arguments."""
    call = call_at(module, finding.location)
    if call is None or call.callee not in ("datasets.load_dataset", "load_dataset"):
        return call
    value = call.argument("data_files", 3)
    return next((each for each in module.calls if each.node is value), None)


def _list(module: ModuleFacts, call: Call) -> tuple[Change, ...] | Refusal:
    detail = module.constant(call.argument("detail"))
    if call.method == "ls" and detail != Known(False):
        return Refusal(reason="`ls` gives dictionaries, which have no order, unless `detail=False` is passed")
    parent = module.parent(call.node)
    if isinstance(parent, ast.Call) and module.resolve(parent.func) in ("list", "tuple") and parent.args == [call.node]:
        if module.resolve(parent.func) == "list":
            return (ReplaceExpression(expression=module.location(parent.func), text="sorted"),)
        return (ReplaceExpression(expression=module.location(call.node), text="sorted({0})"),)
    if _is_stepped(module, call.node):
        return (ReplaceExpression(expression=module.location(call.node), text="iter(sorted({0}))"),)
    return (ReplaceExpression(expression=module.location(call.node), text="sorted({0})"),)


def _is_stepped(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether `next` is called on it, there or under the name that it gets."""
    parent = module.parent(node)
    if isinstance(parent, ast.Call) and module.resolve(parent.func) == "next":
        return True
    names = {
        target.id
        for target in (parent.targets if isinstance(parent, ast.Assign) else ())
        if isinstance(target, ast.Name)
    }
    return any(
        isinstance(argument, ast.Name) and argument.id in names
        for call in module.calls_to({"next"})
        for argument in call.node.args[:1]
    )


def _scan(module: ModuleFacts, call: Call) -> tuple[Change, ...] | Refusal:
    parent = module.parent(call.node)
    if not isinstance(parent, ast.withitem):
        return (ReplaceExpression(expression=module.location(call.node), text=_BY_NAME),)
    block = module.parent(parent)
    name = parent.optional_vars.id if isinstance(parent.optional_vars, ast.Name) else None
    uses = [
        node
        for node in ast.walk(block if block is not None else call.node)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]
    if not uses or not all(_is_looped(module, use) for use in uses):
        return Refusal(reason="the entries are used in another way than by a loop: sort them there, by `entry.name`")
    return tuple(ReplaceExpression(expression=module.location(use), text=_BY_NAME) for use in uses)


def _is_looped(module: ModuleFacts, node: ast.expr) -> bool:
    parent = module.parent(node)
    return isinstance(parent, ast.For | ast.comprehension) and parent.iter is node


def _walk(module: ModuleFacts, call: Call) -> tuple[Change, ...] | Refusal:
    loop, wrapped = module.parent(call.node), False
    while isinstance(loop, ast.Call) and not isinstance(loop.func, ast.Attribute):
        # tqdm(os.walk(…)), enumerate(os.walk(…)): only a wrapper that gives the triples on as they are.
        if module.resolve(loop.func) not in ("tqdm.tqdm", "tqdm.auto.tqdm", "list"):
            return Refusal(reason="the walk is not looped over here: sort its names where it is")
        loop, wrapped = module.parent(loop), True
    if not isinstance(loop, ast.For | ast.comprehension) or not isinstance(loop.target, ast.Tuple):
        return Refusal(reason="the walk is not looped over here: sort its names where it is")
    names = [each.id if isinstance(each, ast.Name) else "_" for each in loop.target.elts]
    if len(names) < 3:
        return Refusal(reason="the loop does not take the walk apart: sort its names where they are used")
    if isinstance(loop, ast.comprehension):
        return tuple(_walk_in_comprehension(module, call, loop, names))
    return _walk_in_loop(module, call, loop, names, wrapped=wrapped)


def _walk_in_loop(
    module: ModuleFacts, call: Call, loop: ast.For, names: list[str], *, wrapped: bool
) -> tuple[Change, ...] | Refusal:
    first = loop.body[0]
    if first.lineno == loop.lineno:
        return Refusal(reason="the body stands in the line of the `for`: sort the names of the walk there")
    changes: list[Change] = []
    in_place = [name for name in names[1:3] if not name.startswith("_")]
    if names[1].startswith("_") and not wrapped and call.callee != "os.fwalk":
        changes.append(ReplaceExpression(expression=module.location(call.node), text="sorted({0})"))
    elif names[1].startswith("_"):
        return Refusal(reason="the folders have no name in the loop: give them one, and sort it first thing")
    used = {node.id for statement in loop.body for node in ast.walk(statement) if isinstance(node, ast.Name)}
    lines = [f"{name}.sort()" for name in in_place if name == names[1] or name in used]
    if lines:
        changes.append(InsertStatement(statement=module.location(first), text="\n".join(lines), where="before"))
    return tuple(changes)


def _walk_in_comprehension(
    module: ModuleFacts, call: Call, loop: ast.comprehension, names: list[str]
) -> Iterator[Change]:
    yield ReplaceExpression(expression=module.location(call.node), text="sorted({0})")
    owner = module.parent(loop)
    if isinstance(owner, _COMPREHENSIONS):
        for each in owner.generators:
            if isinstance(each.iter, ast.Name) and each.iter.id == names[2]:
                yield ReplaceExpression(expression=module.location(each.iter), text="sorted({0})")


FIX = SortListingFix(_read)
