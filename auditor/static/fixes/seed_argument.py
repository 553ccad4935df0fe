"""`kind = "seed-argument"`: give a call its own seed, `random_state=0`, `generator=torch.Generator().manual_seed(0)`.

Never a constant where the call is made again and again; there, and where the program has to be seeded for other draws
of the same library anyway, the program is seeded instead.
"""

from __future__ import annotations

import ast

from auditor.model.finding import Finding
from auditor.model.lean import dataclass, replace
from auditor.model.patch import Applicability
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.ruleset.versions import Bound, parse_bounds
from auditor.static.facts import Call, ModuleFacts
from auditor.static.files.pinned import fits
from auditor.static.fixes.call_fix import CallFix
from auditor.static.fixes.changes import Change, InsertStatement, ReplaceExpression, SetArgument
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixes.seed_default import in_every_run
from auditor.static.fixes.seed_program import seeded
from auditor.static.fixes.seeding.defaults import filled
from auditor.static.fixes.seeding.program import place_for
from auditor.static.fixes.seeding.repetition import repeats
from auditor.static.fixes.seeding.source import seed_in_scope
from auditor.static.project import Project
from auditor.static.resolution.library_verdict import SeedStatus
from auditor.static.resolution.nodeplace import written
from auditor.static.scanning.fixoptions import applicability, effect
from auditor.static.syntax.elements import is_none

GENERATORS = frozenset({"numpy.random.default_rng", "numpy.random.RandomState", "random.Random"})
SHARED = {
    "numpy.random": "{numpy.random.randint}(2**31)",
    "torch": "{torch.randint}(2**31, ()).item()",
    "random": "{random.getrandbits}(32)",
}
"""How a seed is drawn from each library."""

DATASETS = ("torch.utils.data.", "torchvision.datasets.")

SEED = "$seed"
"""Where the seed goes in a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Argument:
    name: str
    position: int | None
    value: str
    callees: tuple[str, ...]
    """Full names, or `package.*` for everything below a package; of methods their name. Empty: whatever was found."""

    versions: tuple[Bound, ...]
    """Versions that have the argument; where the project's are not known the patch is not safe."""

    since: str
    """The same, as the rule writes it."""

    instead: str
    """What stands in place of the call, `{0}`, where it takes no seed as an argument."""

    program: str
    """A statement at the start of the program, where the library seeds nothing by an argument: `{dgl.seed}($seed)`."""

    given: str
    """Only for calls that have this argument; `!name`: that do not."""

    def is_for(self, call: Call, project: Project) -> bool:
        if self.versions and fits(self.versions, project) is False:
            return False
        if self.given and (call.argument(self.given.lstrip("!")) is None) is not self.given.startswith("!"):
            return False
        name = call.callee or ""
        return not self.callees or any(
            name == each or (each.endswith(".*") and name.startswith(each[:-1])) or (not name and call.method == each)
            for each in self.callees
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    arguments: tuple[_Argument, ...]
    library: str
    """What is drawn from without the argument; empty where that is a generator of its own."""

    call: str
    apart: tuple[str, ...]
    """Beginnings of names whose draws get seeds of their own; other draws of the library need the program seeded."""


def _read(table: Table) -> _Options:
    return _Options(
        arguments=tuple(_read_argument(entry) for entry in table.tables("arguments")),
        library=table.string("library", ""),
        call=table.string("call", ""),
        apart=table.strings("apart"),
    )


def _read_argument(entry: Table) -> _Argument:
    argument = _Argument(
        name=entry.string("name", ""),
        position=entry.position("position"),
        value=entry.string("value", SEED),
        callees=entry.strings("callee"),
        versions=_versions(entry),
        since=entry.string("versions", ""),
        instead=entry.string("instead", ""),
        program=entry.string("program", ""),
        given=entry.string("given", ""),
    )
    entry.finish()
    return argument


def _versions(entry: Table) -> tuple[Bound, ...]:
    try:
        return parse_bounds(entry.string("versions")) if "versions" in entry else ()
    except ValueError as error:
        raise entry.complain("versions", str(error)) from error


class SeedArgumentFix(CallFix[_Options]):
    """`arguments`: what to pass to which callees; `library`, `call`, `apart`: how the program is seeded instead."""

    kind = "seed-argument"
    refusal = "the place is no call that could be given a seed"

    def propose_for(
        self, call: Call, finding: Finding, rule: Rule, target: ModuleFacts, project: Project
    ) -> Proposal | Refusal:
        options = self._options.of(rule)
        argument = next((each for each in options.arguments if each.is_for(call, project)), None)
        if argument is not None and argument.program:
            return _at_start(argument, finding, rule, target, project)
        why = _unfit(target, call, argument)
        if options.library and (own := _by_own_seed(finding, rule, project, options.library)) is not None:
            return own
        if options.library and (why is not None or _is_drawn_elsewhere(finding, project, options)):
            return seeded(finding, rule, target, project, options.library, options.call)
        if why is not None and argument is not None and call.callee in GENERATORS and "handed on" not in why:
            return _from_shared(finding, rule, target, call, project)
        if why is not None or argument is None:
            return Refusal(reason=why or "the call takes no seed")
        return _passed(argument, target, call, rule, project)


def _passed(argument: _Argument, module: ModuleFacts, call: Call, rule: Rule, project: Project) -> Proposal:
    level, told = applicability(rule), effect(rule)
    if argument.versions and fits(argument.versions, project) is None and level is Applicability.SAFE:
        level, told = Applicability.UNSAFE, f"the argument exists since {argument.since}"
    seed = _of_worker(module, call) or seed_in_scope(module, call.node)
    value = argument.value.replace(SEED, seed)
    given = call.argument(argument.name, argument.position)
    if given is not None and not is_none(given) and argument.value == SEED and not argument.instead:
        return _in_place_of(given, module, project, level, told)
    place = module.location(call.node)
    position = _position(argument, call, project)
    change: Change = SetArgument(call=place, name=argument.name, value=value, position=position)
    shown = f"{argument.name}={value}"
    if argument.instead:
        shown = argument.instead.replace(SEED, seed)
        change = ReplaceExpression(expression=place, text=shown)
        shown = shown.replace("{0}", module.text(call.node))
    elif argument.position == 0 and not call.node.args and not call.node.keywords:
        change = ReplaceExpression(expression=place, text=f"{written(module, call.node.func)}({value})")
        shown = value
    return Proposal(
        title=f"pass `{shown.replace('{', '').replace('}', '')}`",
        applicability=level,
        changes=(change,),
        effect=told,
    )


def _in_place_of(given: ast.expr, module: ModuleFacts, project: Project, level: Applicability, told: str) -> Proposal:
    """Give what is passed on a default where it is made; else a person has to say what becomes of it."""
    changes = filled(module, given, project)
    if changes:
        return Proposal(title="give the seed the default 0", applicability=level, changes=changes, effect=told)
    text = module.text(given)
    return Proposal(
        title=f"pass `0` in place of `{text}`",
        applicability=Applicability.DISPLAY,
        changes=(ReplaceExpression(expression=module.location(given), text="0"),),
        effect=f"a seed that is given in `{text}` is no longer heard",
    )


def _position(argument: _Argument, call: Call, project: Project) -> int | None:
    """Its place among positional arguments, as the rule or the library's data say: None may stand there."""
    if argument.position is not None or call.callee is None:
        return argument.position
    conditions = (each.condition for each in project.rng.candidates(call.callee))
    places = (each.unless.get(argument.name) for each in conditions if each is not None)
    return next((place for place in places if place is not None), None)


def _from_shared(finding: Finding, rule: Rule, module: ModuleFacts, call: Call, project: Project) -> Proposal | Refusal:
    """Seed a generator that is made again and again from one that the program seeds once."""
    program = project.module(finding.entry_points[0]) if finding.entry_points else None
    if program is None:
        return Refusal(reason="the generator is made again and again: make it once, with a seed, and hand it on")
    verdicts = project.programs.verdicts(program)
    seeded_ones = {verdict.library.id for verdict in verdicts if verdict.status is SeedStatus.SEEDED}
    library = next((each for each in SHARED if each in seeded_ones), "numpy.random")
    value = SHARED[library]
    change = ReplaceExpression(
        expression=module.location(call.node), text=f"{written(module, call.node.func)}({value})"
    )
    proposal = Proposal(
        title=f"seed it with `{value.replace('{', '').replace('}', '')}`",
        applicability=Applicability.UNSAFE,
        changes=(change,),
        effect="each time it takes a number from the program's own generator",
    )
    if library in seeded_ones:
        return proposal
    seeds = seeded(finding, rule, module, project, library, "numpy.random.seed")
    return seeds if isinstance(seeds, Refusal) else replace(proposal, changes=(change, *seeds.changes))


def _at_start(
    argument: _Argument, finding: Finding, rule: Rule, module: ModuleFacts, project: Project
) -> Proposal | Refusal:
    changes: list[Change] = []
    text = ""
    for path in finding.entry_points:
        program = project.module(path)
        place = place_for(program, [(finding.location,)]) if program is not None else ""
        if isinstance(place, str):
            return Refusal(reason=place)
        text = argument.program.replace(SEED, place.seed)
        changes.append(InsertStatement(statement=place.location, text=text, where="before"))
    if not changes:
        return Refusal(reason="no program of the project leads here, and only a program knows when it begins")
    return Proposal(
        title=f"call `{text.replace('{', '').replace('}', '')}` at the start of the program",
        applicability=applicability(rule),
        changes=tuple(changes),
        effect=effect(rule),
    )


def _of_worker(module: ModuleFacts, call: Call) -> str | None:
    """The seed of a generator that a data set makes while it is read: torch's, which loaders set in each worker."""
    owner = module.enclosing_class(call.node)
    function = call.function
    if owner is None or getattr(function, "name", "") in ("", "__init__") or call.callee not in GENERATORS:
        return None
    if not any(base.startswith(DATASETS) for base in module.base_classes(owner)):
        return None
    node: ast.AST | None = call.node
    while node is not None and node is not function:
        node = module.parent(node)
        if isinstance(node, ast.If) and any(isinstance(each, ast.Is | ast.Not) for each in ast.walk(node.test)):
            return "{torch.initial_seed}()" + (" % 2**32" if call.callee == "numpy.random.RandomState" else "")
    return "{torch.randint}(2**31, ()).item()"


def _unfit(module: ModuleFacts, call: Call, argument: _Argument | None) -> str | None:
    """Why a constant cannot be passed to this call."""
    if argument is None:
        return f"`{call.callee or call.method}` takes no seed that is known for the project's versions"
    if call.callee is None and not argument.callees:
        return "what is called is picked among several, of which some may not take it"
    if call.opaque and call.argument(argument.name, argument.position) is None:
        return f"the call takes `*args` or `**kwargs`, which may hold `{argument.name}`: seed it there"
    if _of_worker(module, call) is not None:
        return None
    why = repeats(module, call.node)
    return f"the call {why}: a constant seed would repeat the same numbers each time" if why else None


def _by_own_seed(finding: Finding, rule: Rule, project: Project, library: str) -> Proposal | None:
    """Make the program's own seed count in every run, where it is None by default or stands under a condition."""
    for path in finding.entry_points:
        module = project.module(path)
        for verdict in project.programs.verdicts(module) if module else ():
            if verdict.library.id != library or verdict.status not in (SeedStatus.NONE, SeedStatus.CONDITIONAL):
                continue
            for seed in verdict.seeds:
                found = in_every_run(seed, project)
                if not isinstance(found, Refusal):
                    title, changes = found
                    return Proposal(title=title, applicability=applicability(rule), changes=changes, effect="")
    return None


def _is_drawn_elsewhere(finding: Finding, project: Project, options: _Options) -> bool:
    """Whether a program that is concerned draws from the library for other things too, and nothing seeds it."""
    if not options.apart:
        return False
    for path in finding.entry_points:
        module = project.module(path)
        for verdict in project.programs.verdicts(module) if module else ():
            if verdict.library.id == options.library and verdict.status is SeedStatus.UNSEEDED:
                return any(not draw.callee.startswith(options.apart) for draw in verdict.draws)
    return False


FIX = SeedArgumentFix(_read)
