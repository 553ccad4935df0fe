"""The data loaders of a program, and what has to hold so that their workers get the same seeds in every run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import Change, SetArgument
from auditor.static.fixes.seeding.repetition import repeats
from auditor.static.fixes.seeding.source import seed_in_scope
from auditor.static.project import Project
from auditor.static.resolution.library_verdict import SeedStatus
from auditor.static.resolution.values import ClassRef, Instance
from auditor.static.scanning.program import programs
from auditor.static.syntax.elements import Call

LOADERS = frozenset(
    {
        "torch.utils.data.DataLoader", "torch_geometric.loader.DataLoader",
        "torchdata.stateful_dataloader.StatefulDataLoader",
    }
)  # fmt: skip


def loaders_of(module: ModuleFacts, project: Project, owner: ast.ClassDef) -> Iterator[tuple[ModuleFacts, Call, bool]]:
    """Loaders in the programs that reach `module`; whether what they are given is surely an object of `owner`."""
    found = {each.path: each for _, modules in programs(module, project, frozenset({"DataLoader"})) for each in modules}
    for _, each in sorted({**found, module.path: module}.items()):
        for call in each.calls_to(LOADERS):
            given = call.argument("dataset", 0)
            value = each.names.value(given) if given is not None else None
            made = isinstance(value, Instance) and isinstance(value.of, ClassRef) and value.of.node is owner
            yield each, call, made


def with_generator(module: ModuleFacts, call: Call, project: Project) -> tuple[Change, ...] | str:
    """What a loader needs for its workers to get the same seeds in every run: nothing, or a generator.

    A sentence where neither can be given.
    """
    if call.argument("generator") is not None or _torch_is_seeded(module, project):
        return ()
    why = repeats(module, call.node)
    if why is not None:
        return f"the loader {why}, and torch, from which workers get their seeds, is not seeded: seed it first"
    value = f"{{torch.Generator}}().manual_seed({seed_in_scope(module, call.node)})"
    return (SetArgument(call=module.location(call.node), name="generator", value=value),)


def _torch_is_seeded(module: ModuleFacts, project: Project) -> bool:
    entries = [project.module(path) for path in project.programs.reaching(module.path)]
    found = [
        verdict.status is SeedStatus.SEEDED
        for entry in entries
        if entry is not None
        for verdict in project.programs.verdicts(entry)
        if verdict.library.id == "torch"
    ]
    return bool(found) and all(found)


def top_statement(module: ModuleFacts, node: ast.AST) -> ast.stmt:
    """The statement of the module that holds a node."""
    statement = module.statement(node)
    while not isinstance(parent := module.parent(statement), ast.Module):
        assert parent is not None
        statement = module.statement(parent)
    return statement


def has_hints(module: ModuleFacts) -> bool:
    """Whether the file writes types at its functions."""
    return any(
        node.returns is not None or any(each.annotation is not None for each in node.args.args)
        for node in module.index.functions
        if isinstance(node, ast.FunctionDef)
    )
