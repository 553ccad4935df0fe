"""How a program comes to seed a library: beside what it seeds already, by a helper, by its framework, or plainly."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import Change, InsertStatement, SeedProgram
from auditor.static.fixes.seeding.place import (
    Level,
    Way,
    chooses_imports,
    comes_before,
    is_docstring,
    is_in_new_process,
    is_out_of_reach,
    levels,
    started,
    way_to,
    whole_program,
)
from auditor.static.fixes.seeding.preamble import DEFINITIONS, is_setting
from auditor.static.fixes.seeding.seed_helper import SeedHelper, helpers, name_in
from auditor.static.fixes.seeding.source import DEFAULT, constant_of_module, seed_source
from auditor.static.project import Project
from auditor.static.resolution.library_verdict import LibraryVerdict, Seed, SeedStatus
from auditor.static.resolution.nodeplace import call_at, written
from auditor.static.seeding import COUNTING, reached_seeds
from auditor.static.text.marimo import made_of_cells

ORDER = ("random", "numpy.random", "cupy.random", "tensorflow", "torch", "torch.cuda")
"""The order in which people seed libraries."""

FRAMEWORKS = {
    "pytorch_lightning": ("pytorch_lightning.seed_everything", ", workers=True"),
    "lightning.pytorch": ("lightning.pytorch.seed_everything", ", workers=True"),
    "lightning": ("lightning.seed_everything", ", workers=True"),
    "transformers": ("transformers.set_seed", ""),
    "accelerate": ("accelerate.utils.set_seed", ""),
}
"""Seeders by the package that the program imports, the one that seeds most first."""

_DISTRIBUTED = (
    "init_process_group",
    "DistributedDataParallel",
    "DistributedSampler",
    "FullyShardedDataParallel",
    "Accelerator",
    "fully_shard",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is put that has to come before the first draw, and the seed that is known there."""

    module: ModuleFacts
    statement: ast.stmt
    seed: str
    is_ranked: bool = False
    """The seed is another one in each process."""

    @property
    def location(self) -> Location:
        return self.module.location(self.statement)


@dataclass(frozen=True, slots=True)
class Seeding:
    """What seeds one library in one program."""

    title: str
    changes: tuple[Change, ...]
    is_distributed: bool = False


def seed_program(module: ModuleFacts, project: Project, library: str, call: str, found: Location) -> Seeding | str:
    """Seed `library` in the program `module`, by `call` where nothing better is there; else why that cannot be done.

    `found`: a place that draws, for programs whose draws are not known otherwise.
    """
    verdicts = project.programs.verdicts(module)
    if any(
        is_out_of_reach(draw, project) for each in verdicts if each.library.id == library for draw in each.draws[:1]
    ):
        return "other processes draw, which inherit no seed: seed in the function or object that they run"
    draws = first_draws(verdicts, library)
    ways = draws or [(found,)]
    entry = project.programs.entry_points.get(module.path)
    seeds = reached_seeds(project, entry) if entry is not None else ()
    if any(each.library.id == library and all(draw.in_spawned for draw in each.draws) for each in verdicts):
        seeds = tuple(seed for seed in seeds if is_in_new_process(seed, project))
    beside = _beside_other_seed(seeds, draws, project, library, call)
    if beside is not None:
        return beside
    open_ = {verdict.library.id for verdict in verdicts if verdict.status is SeedStatus.UNSEEDED} | {library}
    place = place_for(module, [way for each in sorted(open_) for way in first_draws(verdicts, each)] or ways)
    if isinstance(place, str):
        return place
    ranks = not place.is_ranked and project_is_distributed(module, project)
    helped = by_helper(module, project, place, {library}, call)
    if helped is not None:
        return Seeding(*helped, ranks)
    for package, (seeder, more) in FRAMEWORKS.items():
        if library in project.rng.seed_calls[seeder].seeds and imports_package(module, package):
            text = f"{{{seeder}}}({place.seed}{more})"
            change = InsertStatement(statement=place.location, text=text, where="before")
            return Seeding(f"call `{seeder}({place.seed}{more})` before anything is drawn", (change,))
    change_ = SeedProgram(path=module.path, before=place.location, library=library, seed=place.seed, call=call)
    return Seeding(f"call `{call}({place.seed})` before anything is drawn", (change_,), ranks)


def first_draws(verdicts: Sequence[LibraryVerdict], library: str) -> list[Way]:
    """The ways to the first draws of a library, whatever they stand for."""
    for verdict in verdicts:
        if verdict.library.id == library:
            return [way_to(verdict.first_draw), *(way_to(draw) for draw in verdict.draws)]
    return []


def place_for(module: ModuleFacts, ways: Sequence[Way]) -> Place | str:
    """The statement before which a program seeds; a sentence where it draws before it can."""
    if made_of_cells(module.lines):
        return "marimo keeps nothing outside of cells: seed in the cell that imports the library"
    entry = module.project.programs.entry_points.get(module.path)
    if len(started(module, ways)) > 1 and entry is not None and not entry.is_script:
        return "several functions are started by themselves: seed in each of them"
    blocks = levels(module, ways) or whole_program(module)
    if not blocks:
        return "the program has no statement before which it could be seeded"
    outermost = blocks[0]
    leading = outermost.body[outermost.index]
    if isinstance(leading, ast.Import | ast.ImportFrom):
        # What is imported draws while it is imported: the seed has to stand above.
        return Place(module, leading, DEFAULT)
    if any(level.is_spawned for level in blocks):
        return _in_process(module, next(level for level in blocks if level.is_spawned))
    for level in blocks:
        source = seed_source(module, level)
        if source is not None and source.known_after <= level.index:
            return Place(module, level.body[_past_definitions(module, level, source.known_after)], source.text)
    constant = constant_of_module(module, outermost.index)
    seed = constant.text if constant else DEFAULT
    level = next((each for each in reversed(blocks) if each.is_main or each.function is None), outermost)
    if level.function is None and not level.is_guard:
        index = max(level.first(), constant.known_after if constant else 0)
        return Place(module, level.body[min(_past_definitions(module, level, index), level.index)], seed)
    start = 1 if is_docstring(level.body[0]) and level.index else 0
    return Place(module, level.body[_past_definitions(module, level, start)], seed)


def _past_definitions(module: ModuleFacts, level: Level, index: int) -> int:
    """Imports and definitions at the beginning stay together, with the settings that stand between imports.

    What the environment or the import path is told before an import has to be told before one that a patch adds, too.
    """
    behind = index
    while index < level.index:
        statement = level.body[index]
        index += 1
        is_import = isinstance(statement, ast.Import | ast.ImportFrom) or chooses_imports(statement)
        if is_import or (behind == index - 1 and isinstance(statement, DEFINITIONS)):
            behind = index
        elif not is_setting(module, statement):
            break
    return behind


def _in_process(module: ModuleFacts, level: Level) -> Place:
    """At the start of a function that several processes run: each gets a seed of its own."""
    source = seed_source(module, level)
    seed = source.text if source else DEFAULT
    arguments = level.function.args.args if level.function is not None else []
    rank = arguments[0].arg if arguments else ""
    is_ranked = "rank" in rank.lower()
    if is_ranked:
        seed = rank if seed == DEFAULT else f"{seed} + {rank}"
    start = 1 if is_docstring(level.body[0]) and level.index else 0
    return Place(module, level.body[start], seed, is_ranked)


def project_is_distributed(module: ModuleFacts, project: Project) -> bool:
    """Whether several processes run the program at once, each with its own generators."""
    return any(project.texts.contain(path, _DISTRIBUTED) for path in sorted(project.graph.reached(module.path)))


def imports_package(module: ModuleFacts, package: str) -> bool:
    return any(
        each.function is None and (each.target == package or each.target.startswith(f"{package}."))
        for each in module.imports
    )


# -- beside what is seeded already ------------------------------------------------------------------------------------


def _beside_other_seed(
    seeds: Sequence[Seed], ways: Sequence[Way], project: Project, library: str, call: str
) -> Seeding | None:
    """Next to a call that seeds another library in time, with the same seed."""
    usable = []
    for seed in seeds:
        known = project.rng.seed_calls.get(seed.callee)
        if known is None or known.position is None or len(known.seeds) > 1 or library in known.seeds:
            continue
        is_certain = seed.condition is None or known.seeds == ("torch.cuda",)
        if seed.value not in COUNTING or not is_certain or not _is_in_time(seed, ways):
            continue
        text = _seed_text(seed, project, known.argument, known.position)
        if text is not None:
            usable.append((_rank(known.seeds[0]), way_to(seed), seed, text))
    if not usable:
        return None
    own = _rank(library)
    before = [each for each in usable if each[0] < own]
    _, _, seed, text = max(before, key=lambda each: each[0]) if before else min(usable, key=lambda each: each[0])
    module = project.module(seed.location.path)
    assert module is not None
    found = call_at(module, seed.location)
    assert found is not None
    text = f"{text} % 2**32" if library == "numpy.random" and _may_be_large(text) else text
    statement = module.statement(found.node)
    if seed.condition is not None:
        before, statement = [], _outside(module, statement)
    change = InsertStatement(
        statement=module.location(statement), text=f"{{{call}}}({text})", where="after" if before else "before"
    )
    return Seeding(f"call `{call}({_plain(text)})` beside `{seed.callee}`", (change,))


def _outside(module: ModuleFacts, statement: ast.stmt) -> ast.stmt:
    """The outermost condition around a statement."""
    while isinstance(above := module.parent(statement), ast.If):
        statement = above
    return statement


def _rank(library: str) -> int:
    return ORDER.index(library) if library in ORDER else len(ORDER)


def _is_in_time(seed: Seed, ways: Sequence[Way]) -> bool:
    return all(comes_before(way_to(seed), way) for way in ways)


def _seed_text(seed: Seed, project: Project, argument: str | None, position: int) -> str | None:
    """The seed as text of a change, where it may be written twice and the call is a statement of its own."""
    module = project.module(seed.location.path)
    found = call_at(module, seed.location) if module else None
    if module is None or found is None or found.callee not in project.rng.seed_calls:
        return None
    if not isinstance(module.parent(found.node), ast.Expr):
        return None
    node = found.argument(argument or "seed", position)
    if node is None or (isinstance(node, ast.Constant) and not isinstance(node.value, int)):
        return None
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and module.resolve(part.func) not in {
            "int",
            "abs",
            "os.environ.get",
            "os.getenv",
        }:
            return None
        if isinstance(part, ast.NamedExpr | ast.Await | ast.Yield):
            return None
    return written(module, node)


def _may_be_large(text: str) -> bool:
    return text.isdigit() and int(text) >= 2**32


def _plain(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")


# -- by the project's own helper --------------------------------------------------------------------------------------


def by_helper(
    module: ModuleFacts, project: Project, place: Place, libraries: set[str], call: str | None = None
) -> tuple[str, tuple[Change, ...]] | None:
    """A call of the helper that the project has.

    One that does not seed all of `libraries` is made to, with `call`; where there is no `call` it does not count.
    """
    for helper in helpers(module, project):
        name = name_in(module, helper, project)
        if name is None or (helper.module is module and not _is_defined(place, helper)):
            continue
        missing = libraries - helper.libraries
        if (missing and call is None) or (place.seed == DEFAULT and not helper.takes_zero):
            continue
        given = "" if helper.parameter is None or (helper.default and place.seed == DEFAULT) else place.seed
        changes: list[Change] = [InsertStatement(statement=place.location, text=f"{name}({given})", where="before")]
        title = f"call the project's own `{helper.node.name}({given})` before anything is drawn"
        if missing and call is not None:
            changes.append(_extension(helper, call))
            title += f", and let it call `{call}` too"
        return title, tuple(changes)
    return None


def _is_defined(place: Place, helper: SeedHelper) -> bool:
    """Whether a function of the same file exists when the place is reached."""
    return place.module.enclosing_function(place.statement) is not None or helper.node.lineno < place.statement.lineno


def _extension(helper: SeedHelper, call: str) -> InsertStatement:
    statement = helper.module.statement(helper.last.node)
    node = next((arg for arg in (*helper.last.node.args, *(k.value for k in helper.last.node.keywords))), None)
    seed = written(helper.module, node) if node is not None else helper.parameter or DEFAULT
    return InsertStatement(statement=helper.module.location(statement), text=f"{{{call}}}({seed})", where="after")
