"""`kind = "move-seed"`: seed before the first draw, by moving what seeds, or by seeding there as well."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from auditor.model.finding import Finding
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import Change, InsertStatement, RemoveStatement, SeedProgram
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixes.seeding.place import Way, lifted, statement_at, way_to
from auditor.static.fixes.seeding.program import by_helper, place_for
from auditor.static.fixes.seeding.repetition import repeats
from auditor.static.fixes.seeding.seed_helper import only_seeds
from auditor.static.project import Project
from auditor.static.resolution.library_verdict import LibraryVerdict, SeedStatus
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect

CALLS = {
    "random": "random.seed",
    "numpy.random": "numpy.random.seed",
    "torch": "torch.manual_seed",
    "tensorflow": "tensorflow.random.set_seed",
    "cupy.random": "cupy.random.seed",
}
"""What seeds each library by itself."""

_SIMPLE = ("int", "abs")


def _read(table: Table) -> None:
    """No options."""


class MoveSeedFix(WithFixOptions[None]):
    """Moved where everything that the seed needs is known before the first draw; else seeded there as well."""

    kind = "move-seed"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        for path in finding.entry_points:
            program = project.module(path)
            if program is None:
                continue
            concerned = [
                verdict
                for verdict in project.programs.verdicts(program)
                if verdict.status is SeedStatus.TOO_LATE
                and verdict.first_seed is not None
                and verdict.first_seed.location == finding.location
            ]
            if concerned:
                return _early(program, concerned, rule, project)
        return Refusal(reason="the call that seeds was not found again")


def _early(
    program: ModuleFacts, concerned: Sequence[LibraryVerdict], rule: Rule, project: Project
) -> Proposal | Refusal:
    draws = [way_to(draw) for verdict in concerned for draw in verdict.draws]
    seed = concerned[0].first_seed
    assert seed is not None
    changes = _moved(project, way_to(seed), draws)
    if changes is not None:
        return Proposal(
            title="seed before the first draw: move the call up",
            applicability=applicability(rule),
            changes=changes,
            effect=effect(rule),
        )
    place = place_for(program, draws)
    if isinstance(place, str):
        return Refusal(reason=place)
    helped = by_helper(program, project, place, {verdict.library.id for verdict in concerned})
    if helped is not None:
        title, calls = helped
        return Proposal(title=title, applicability=applicability(rule), changes=calls, effect=effect(rule))
    ids = [verdict.library.id for verdict in concerned if verdict.library.id in CALLS]
    if not ids:
        return Refusal(reason="the library has no seed call that could be put before the first draw")
    return Proposal(
        title=f"seed with `{place.seed}` before the first draw too",
        applicability=applicability(rule),
        changes=tuple(
            SeedProgram(path=program.path, before=place.location, library=each, seed=place.seed, call=CALLS[each])
            for each in ids
        ),
        effect=effect(rule),
    )


def _moved(project: Project, seed: Way, draws: Sequence[Way]) -> tuple[Change, ...] | None:
    """Move the statement that leads to the seed in front of the first statement that leads to a draw."""
    depth = _parting(seed, draws)
    module = project.module(seed[depth].path) if depth is not None else None
    if depth is None or module is None:
        return None
    late = statement_at(module, seed[depth])
    early = [statement_at(module, way[depth]) for way in draws]
    if not isinstance(late, ast.Expr) or not only_seeds(module, late, project) or None in early:
        return None
    block = module.parent(late)
    body = getattr(block, "body", None)
    if not isinstance(body, list) or late not in body or repeats(module, late) is not None:
        return None
    indices = [index for each in early if each is not None and (index := _index(module, body, each)) is not None]
    if len(indices) < len(early) or min(indices) >= body.index(late):
        return None
    first = body[min(indices)]
    numbers = _numbers(module, late, body[min(indices) : body.index(late)])
    if isinstance(first, ast.Import | ast.ImportFrom) or not _is_known(module, late, body[: min(indices)], numbers):
        return None
    moved = [*numbers, late]
    text = "\n".join(lifted(module, each) for each in moved)
    return (
        InsertStatement(statement=module.location(first), text=text, where="before"),
        *(RemoveStatement(statement=module.location(each)) for each in moved),
    )


def _numbers(module: ModuleFacts, late: ast.Expr, between: Sequence[ast.stmt]) -> list[ast.stmt]:
    """`SEED = 3` between the two places, where the seed is made of it: it moves along."""
    names = {node.id for node in ast.walk(late) if isinstance(node, ast.Name)}
    scope = module.index.scopes[module.enclosing_function(late) or module.tree]
    return [
        each
        for each in between
        if isinstance(each, ast.Assign)
        and isinstance(each.value, ast.Constant)
        and len(each.targets) == 1
        and isinstance(each.targets[0], ast.Name)
        and each.targets[0].id in names
        and len(scope.bindings.get(each.targets[0].id, ())) == 1
    ]


def _parting(seed: Way, draws: Sequence[Way]) -> int | None:
    """The step at which the way to the seed leaves all ways to the draws."""
    for depth, step in enumerate(seed):
        others = [way[depth] if depth < len(way) else None for way in draws]
        if all(other == step for other in others):
            continue
        same_frame = all(
            other is not None and (other.path, other.function) == (step.path, step.function) and other != step
            for other in others
        )
        return depth if same_frame else None
    return None


def _index(module: ModuleFacts, body: Sequence[ast.stmt], statement: ast.stmt) -> int | None:
    return next((body.index(node) for node in (statement, *module.around(statement)) if node in body), None)


def _is_known(module: ModuleFacts, statement: ast.stmt, before: Sequence[ast.stmt], moving: Sequence[ast.stmt]) -> bool:
    """Whether every name of the statement has its meaning before the place to which it goes."""
    function = module.enclosing_function(statement)
    inner = {node.id for each in before for node in ast.walk(each) if isinstance(node, ast.Name)}
    inner |= {bound.asname or bound.name.partition(".")[0] for each in before for node in ast.walk(each)
              if isinstance(node, ast.Import | ast.ImportFrom) for bound in node.names}  # fmt: skip
    inner |= {each.name for each in before if isinstance(each, ast.FunctionDef | ast.ClassDef)}
    if function is not None:
        arguments = function.args
        inner |= {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        inner |= set(module.index.root.bindings)
    names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    names -= {target.id for each in moving for target in ast.walk(each) if isinstance(target, ast.Name)}
    local = _bound_later(module, statement, before)
    return names - set(_SIMPLE) <= inner and not names & local


def _bound_later(module: ModuleFacts, statement: ast.stmt, before: Sequence[ast.stmt]) -> set[str]:
    """Names that are bound between the two places."""
    body = getattr(module.parent(statement), "body", [])
    between = body[len(before) : body.index(statement)]
    return {
        node.id
        for each in between
        for node in ast.walk(each)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


FIX = MoveSeedFix(_read)
