"""Functions of the project that seed generators, and that a program could call."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.lean import dataclass
from auditor.static.evaluation.commandline import default_of
from auditor.static.facts import ModuleFacts
from auditor.static.files.importpath import ImportPath
from auditor.static.fixes.seeding.zero import seeds_with_zero
from auditor.static.project import Project
from auditor.static.resolution.values import FunctionRef, ModuleRef
from auditor.static.syntax.elements import Call

_WORDS = (
        "def set_seed", "def seed_everything", "def seed_all", "def set_random_seed", "def fix_seed", "def setup_seed",
        "def set_all_seeds", "def set_seeds", "def init_seed", "def set_global_seed", "def fix_random", "def set_rng",
    )  # fmt: skip
"""What a file holds that no import leads to and that may hold the project's helper all the same."""

_RELUCTANT = frozenset({"worker", "test", "env", "item", "epoch"})
"""Words in the names of functions that seed something smaller than a program."""


_WORKS = (ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Await, ast.Yield, ast.YieldFrom)
_MAKERS = ("torch.nn.", "torch.optim.", "torch.utils.data.", "torchvision.", "transformers.Auto", "sklearn.")
"""How names of what a seed helper does not call begin, besides functions of the project."""


@dataclass(frozen=True, slots=True)
class SeedHelper:
    """A function at the top level of a module that seeds with its first parameter."""

    module: ModuleFacts
    node: ast.FunctionDef
    libraries: frozenset[str]
    parameter: str | None
    default: bool
    """The parameter has a number as default: the project's own choice of a seed."""

    last: Call
    """Its last call that seeds."""

    takes_zero: bool
    """Called as a patch does where nobody chose a seed, it seeds: it does not ask `if seed:`."""


def helpers(program: ModuleFacts, project: Project) -> Iterator[SeedHelper]:
    """The helpers that a program can import, those that seed most first."""
    found = [helper for module in _modules(program, project) for helper in _in_module(module, project)]
    found.sort(
        key=lambda each: (-len(each.libraries), each.module.path != program.path, each.module.path, each.node.lineno)
    )
    return iter(found)


def name_in(program: ModuleFacts, helper: SeedHelper, project: Project) -> str | None:
    """How the program calls a helper, as text of a change; None where it cannot import it."""
    if helper.module is program:
        return helper.node.name
    target = f".{helper.module.name}.{helper.node.name}"
    for bound in program.imports:
        if bound.target == target and bound.function is None:
            return bound.name
        if bound.function is None and _holds(program, bound.name, helper):
            return f"{bound.name}.{helper.node.name}"
    dotted = _dotted(program, helper.module.path, project)
    return f"{{{dotted}.{helper.node.name}}}" if dotted else None


def _holds(program: ModuleFacts, name: str, helper: SeedHelper) -> bool:
    """Whether `name`, a module that the program imports, gives the helper as an attribute."""
    value = program.names.export(name)
    if not isinstance(value, ModuleRef):
        return False
    found = program.names.attribute(value, helper.node.name)
    return isinstance(found, FunctionRef) and found.node is helper.node


def _modules(program: ModuleFacts, project: Project) -> list[ModuleFacts]:
    reached = list(project.programs.modules_reached(program, frozenset({"seed"})))
    known = {module.path for module in reached}
    for path in sorted(project.files):
        if path in known or not path.endswith(".py") or project.is_test(path) or path in project.programs.entry_points:
            continue
        if project.texts.contain(path, _WORDS) and (module := project.module(path)) is not None:
            reached.append(module)
    return reached


def _in_module(module: ModuleFacts, project: Project) -> Iterator[SeedHelper]:
    for node in module.tree.body:
        if not isinstance(node, ast.FunctionDef) or _RELUCTANT & set(node.name.lower().split("_")):
            continue
        parameters = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
        calls = [call for call in module.calls if call.function is node and _seeds(call, project)]
        seeding = [call for call in calls if _given(call, project) in (*parameters[:1], None) or not parameters]
        if not seeding or ("seed" not in node.name.lower() and len(seeding) < 2):
            continue
        if any(default_of(node, name) is None for name in parameters[1:]) or not _only_prepares(module, node, project):
            continue
        default = default_of(node, parameters[0]) if parameters else None
        number = isinstance(default, ast.Constant) and isinstance(default.value, int)
        is_other = isinstance(default, ast.Constant) and bool(default.value)
        nodes = [call.node for call in seeding]
        takes_zero = is_other or not parameters or seeds_with_zero(module, node, parameters[0], nodes)
        libraries = {library for call in seeding for library in project.rng.seed_calls[call.callee or ""].seeds}
        first = parameters[0] if parameters else None
        yield SeedHelper(module, node, frozenset(libraries), first, number, seeding[-1], takes_zero)


def only_seeds(module: ModuleFacts, statement: ast.stmt, project: Project) -> bool:
    """Whether a statement calls a function that seeds, or a helper of the project that does no more."""
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return False
    name = module.resolve(statement.value.func)
    known = project.rng.seed_calls.get(name or "")
    # `YOLO.train` seeds too: only what takes the seed as its first argument does no more.
    return (known is not None and known.position == 0) or name in {
        f".{helper.module.name}.{helper.node.name}" for helper in helpers(module, project)
    }


def _only_prepares(module: ModuleFacts, node: ast.FunctionDef, project: Project) -> bool:
    """Whether calling a function does no more than to seed and to switch: `def train(args)` may seed and then train.

    One that draws, or keeps a state to put it back, is at work: it seeds for itself.
    """
    if any(isinstance(part, _WORKS) for part in ast.walk(node)):
        return False
    names = {call.callee for call in module.calls if call.function is node and call.callee is not None}
    states = project.rng.state_getters.keys() | project.rng.state_setters
    is_at_work = any(name in states or project.rng.candidates(name) for name in names)
    return not is_at_work and not any(name.startswith((".", *_MAKERS)) for name in names)


def _seeds(call: Call, project: Project) -> bool:
    return call.callee in project.rng.seed_calls and not (call.callee or "").rpartition(".")[2][:1].isupper()


def _given(call: Call, project: Project) -> str | None:
    """The plain name that a call seeds with; None where that is a constant."""
    seed = project.rng.seed_calls[call.callee or ""]
    node = call.argument(seed.argument, seed.position) if seed.argument else None
    if isinstance(node, ast.Constant):
        return None
    names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)] if node else []
    return names[-1] if names else ""


def _dotted(program: ModuleFacts, path: str, project: Project) -> str | None:
    """The name under which `program` can import the file at `path`, when it is run as a script.

    Beside its own folder only what it imports from already is known to be found.
    """
    look_up = ImportPath(project.root)
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    above = program.path.split("/")[:-1]
    known = _imported_tops(program)
    candidates = []
    if parts[: len(above)] == above:
        candidates.append(parts[len(above) :])
    beside = [parts, parts[1:]] if parts[0] == "src" else [parts]
    candidates += [each for each in beside if each and each[0] in known]
    for candidate in candidates:
        dotted = ".".join(candidate)
        if (
            dotted
            and all(part.isidentifier() for part in candidate)
            and look_up.find_module(dotted, program.path) == path
        ):
            return dotted
    return None


def _imported_tops(program: ModuleFacts) -> set[str]:
    """The top-level names of what a program imports."""
    found: set[str] = set()
    for node, _ in program.index.imports:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        found.update(name.partition(".")[0] for name in names)
    return found
