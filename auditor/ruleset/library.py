"""RNG libraries as data: who draws from them, who seeds them, how their state is saved and restored.

`rules/libraries/<name>.toml` describes one generator that a program shares (`random`, numpy's global state, torch's
default generators); `rules/seeders.toml` lists the framework functions that seed several of them at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from fnmatch import fnmatchcase

from auditor.model.lean import dataclass, field
from auditor.ruleset.table import Table

SCOPES = ("process", "device", "object")


class NoneMeaning(Enum):
    """What a seed call does when its seed is missing or None."""

    ENTROPY = "entropy"
    """Seeds from the operating system: another stream in each run."""

    FIXED = "fixed"
    """Falls back to a constant, so the call still makes runs repeat."""

    NOTHING = "nothing"
    """Leaves the generators as they are."""

    INVALID = "invalid"
    """Raises, so the case need not be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedCall:
    """A function that seeds one or more libraries."""

    call: str
    """Fully qualified, as imports resolve."""

    argument: str | None
    """Keyword of the seed; None where the call takes none: `missing` then says what the call does."""

    position: int | None
    """Position of the seed, from 0; None where it is keyword-only or there is none."""

    missing: NoneMeaning
    """What the call does without a seed argument: `TrainingArguments()` has 42."""

    none: NoneMeaning
    """What the call does with None as seed."""

    seeds: tuple[str, ...]
    """Ids of the libraries that it seeds."""

    off: bool = False
    """With False as seed it seeds nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalDraw:
    """Calls that draw only with certain arguments: `DataLoader(shuffle=True)`, `train_test_split()` without a state."""

    callees: tuple[str, ...]
    """Fully qualified; `*` stands for any part of a name between two dots: `torchvision.models.*`."""

    excluding: tuple[str, ...]
    """Names that a `*` would cover but that draw nothing; with `*`, too."""

    given: frozenset[str]
    """Keywords of which one must be given and not None; empty where none is needed."""

    unless: Mapping[str, int | None]
    """Arguments (name → position or None) that, given and not None, make the call draw from elsewhere or not at all."""

    when: Mapping[str, tuple[int | None, object, object]]
    """Arguments (name → (position or None, value, default)) that must be known to have this value."""

    needs: Mapping[str, int | None]
    """Arguments (name → position or None) that must be given, and be neither None nor known to be 0."""

    off: Mapping[str, tuple[int | None, object, object]]
    """Arguments (as in `when`) that, known to have this value, make the call draw nothing."""
    idle: Mapping[str, int | None]
    """Arguments (name → position or None) that, known to be 0, leave what is drawn without effect."""

    amounts: Mapping[str, int | None]
    """Arguments (name → position or None) of which one must be given, not known to be 0; empty where none is."""

    ranges: Mapping[str, int | None]
    """Arguments (name → position or None) that, written as one number, leave nothing to draw between."""

    fixed_by: frozenset[str]
    """Keywords of initialisers: all given, and drawing nothing from the library, they make the call draw nothing."""

    later: Mapping[str, str]
    """What gives the object that the call makes a state of its own: methods, with the keyword that all their calls
    give; an attribute, with `=`, that is stored there."""

    deferred: bool
    """The call itself draws nothing; what it returns does, later (a DataLoader when it is iterated)."""

    def covers(self, name: str) -> bool:
        """Whether this entry speaks about a call of `name`."""
        return _is_named(name, self.callees) and not _is_named(name, self.excluding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """One shared generator of random numbers."""

    id: str
    title: str
    """What people call it: `numpy's global generator`."""

    module: str
    scope: str
    """`process`: one state; `device`: one state a device; `object`: whoever draws holds the state."""

    advice: str
    """The statement that seeds it: `numpy.random.seed(0)`."""

    seed_calls: tuple[SeedCall, ...]
    draw_prefixes: tuple[str, ...]
    draw_names: frozenset[str]
    draw_methods: frozenset[str]
    """Methods that draw whatever object they are called on (`normal_`); only names that nothing else carries."""

    not_draws: frozenset[str]
    """Names under a prefix that do not draw (constructors, state functions)."""

    own_generator: frozenset[str]
    """Keywords that, given and not None, make any draw independent of this library (`generator`)."""

    conditional: tuple[ConditionalDraw, ...]
    state_get: tuple[str, ...]
    state_set: tuple[str, ...]
    """Calls that restore a kept state; they count as seeding with something that is the same in every run."""

    worker_seeded_by: str | None
    """Library from whose state this one is seeded in DataLoader workers (`torch`); None where it is not."""

    tokens: tuple[str, ...]
    """Words of which at least one stands in every file that draws from or seeds this library; the module's name where
    the file says nothing."""

    path: str
    returns: Mapping[str, str] = field(default_factory=dict)
    """Type that a factory returns: `numpy.random.default_rng` → `numpy.random.Generator`.

    `X[]`: what parts of an X are; `X.apply()`: with what that calls the function that it is handed.
    """

    loaders: tuple[str, ...] = ()
    """Classes that iterate the dataset they are given, in worker processes where `num_workers` asks for them."""

    run_in_loaders: tuple[str, ...] = ()
    """Beginnings of names whose objects call what they are given when a loader asks for items: transforms."""

    if_imported: tuple[str, ...] = ()
    """Beginnings of names that are of this library only where the program imports it: layers with several backends."""

    not_inside: tuple[str, ...] = ()
    """Decorators of functions in which its names stand for generators of somebody else: Numba compiles them."""

    generators: tuple[str, ...] = ()
    """Calls that give a generator of its own, and never None."""

    older: tuple[str, ...] = ()
    """Names that only releases have which `older_advice` seeds; beginnings of such, where they end so."""

    newer: tuple[str, ...] = ()
    """Names that none of these releases has, whatever else stands beside them."""

    older_advice: str = ""

    def seeded_by(self, callees: Iterable[str]) -> str | None:
        """The statement that seeds a release in which these are called; None where it is `advice`."""
        known = frozenset(callees)
        is_older = any(_is_among(name, self.older) for name in known)
        return self.older_advice if is_older and not any(_is_among(name, self.newer) for name in known) else None

    def is_draw(self, name: str) -> bool:
        """True where a call of `name` draws whatever its arguments are; conditional draws are not included."""
        if name in self.not_draws:
            return False
        if name in self.draw_names:
            return True
        return any(name.startswith(prefix) and "." not in name[len(prefix) :] for prefix in self.draw_prefixes)


def _is_among(name: str, names: tuple[str, ...]) -> bool:
    """Whether it is one of these, or begins as one that is only a beginning."""
    return name in names or name.startswith(tuple(each for each in names if each.endswith((".", "_"))))


def _is_named(name: str, patterns: tuple[str, ...]) -> bool:
    return name in patterns or any(_has_form(name, pattern) for pattern in patterns if "*" in pattern)


def _has_form(name: str, pattern: str) -> bool:
    """Whether each part of a name has the form of that part of the pattern."""
    parts, forms = name.split("."), pattern.split(".")
    return len(parts) == len(forms) and all(map(fnmatchcase, parts, forms))


def read_library(table: Table) -> Library:
    """Turn one `rules/libraries/*.toml` into a Library."""
    head = table.required_table("library")
    draw = table.required_table("draw")
    state = table.table("state")
    identifier = head.string("id")
    state_set = state.strings("set", required=True) if state else ()
    library = Library(
        id=identifier,
        title=head.string("title"),
        module=head.string("module"),
        scope=head.choice("scope", SCOPES),
        advice=head.string("advice"),
        seed_calls=(*_own_seeds(table, identifier), *_restoring(state_set, identifier)),
        draw_prefixes=draw.strings("prefixes"),
        draw_names=frozenset(draw.strings("names")),
        draw_methods=frozenset(draw.strings("methods")),
        not_draws=frozenset(draw.strings("except")),
        own_generator=frozenset(draw.strings("own_generator")),
        conditional=tuple(_conditional(entry) for entry in table.tables("conditional")),
        state_get=state.strings("get", required=True) if state else (),
        state_set=state_set,
        worker_seeded_by=head.string("worker_seeded_by") if "worker_seeded_by" in head else None,
        tokens=head.strings("tokens") or (head.string("module").partition(".")[0],),
        path=table.path,
        older=head.strings("older"),
        newer=head.strings("newer"),
        older_advice=head.string("older_advice") if "older_advice" in head else "",
        returns=table.texts("returns"),
        loaders=head.strings("loaders"),
        run_in_loaders=head.strings("run_in_loaders"),
        if_imported=head.strings("if_imported"),
        not_inside=head.strings("not_inside"),
        generators=head.strings("generators"),
    )
    for part in (head, draw, state, table):
        if part:
            part.finish()
    return library


def read_seeders(table: Table, libraries: Mapping[str, Library]) -> tuple[SeedCall, ...]:
    """Turn `rules/seeders.toml` into seed calls; a function that goes by several names is listed once."""
    seeders: list[SeedCall] = []
    for entry in table.tables("seeder"):
        seeds = entry.strings("seeds", required=True)
        for identifier in seeds:
            if identifier not in libraries:
                raise entry.complain("seeds", f"`{identifier}` is no library; known: {', '.join(sorted(libraries))}")
        seeders.extend(_seed_calls(entry, seeds))
    table.finish()
    return tuple(seeders)


def _own_seeds(table: Table, identifier: str) -> Iterable[SeedCall]:
    for entry in table.tables("seed"):
        yield from _seed_calls(entry, (identifier,))


def _seed_calls(entry: Table, seeds: tuple[str, ...]) -> tuple[SeedCall, ...]:
    meanings = tuple(meaning.value for meaning in NoneMeaning)
    none = NoneMeaning(entry.choice("none", meanings, "invalid"))
    missing = NoneMeaning(entry.choice("missing", meanings, none.value))
    argument = entry.string("argument") if "argument" in entry else None
    position = entry.position("position")
    calls = entry.strings("calls", required=True)
    off = entry.boolean("off", False)
    entry.finish()
    return tuple(
        SeedCall(call=call, argument=argument, position=position, missing=missing, none=none, seeds=seeds, off=off)
        for call in calls
    )


def _restoring(calls: Iterable[str], identifier: str) -> Iterable[SeedCall]:
    fixed = NoneMeaning.FIXED
    for call in calls:
        yield SeedCall(call=call, argument=None, position=None, missing=fixed, none=fixed, seeds=(identifier,))


def _conditional(entry: Table) -> ConditionalDraw:
    unless = entry.table("unless")
    when = entry.table("when")
    needs = entry.table("needs")
    off = entry.table("off")
    idle = entry.table("idle")
    amounts = entry.table("amounts")
    ranges = entry.table("ranges")
    draw = ConditionalDraw(
        callees=entry.strings("callee", required=True),
        excluding=entry.strings("except"),
        given=frozenset(entry.strings("given")),
        unless={name: unless.position(name) for name in unless.keys()} if unless else {},  # noqa: SIM118
        when={name: _condition(when, name) for name in when.keys()} if when else {},  # noqa: SIM118
        needs={name: needs.position(name) for name in needs.keys()} if needs else {},  # noqa: SIM118
        off={name: _condition(off, name) for name in off.keys()} if off else {},  # noqa: SIM118
        idle={name: idle.position(name) for name in idle.keys()} if idle else {},  # noqa: SIM118
        amounts={name: amounts.position(name) for name in amounts.keys()} if amounts else {},  # noqa: SIM118
        ranges={name: ranges.position(name) for name in ranges.keys()} if ranges else {},  # noqa: SIM118
        fixed_by=frozenset(entry.strings("fixed_by")),
        later=entry.texts("later"),
        deferred=entry.boolean("deferred", False),
    )
    for part in (unless, when, needs, off, idle, amounts, ranges, entry):
        if part:
            part.finish()
    return draw


def _condition(when: Table, name: str) -> tuple[int | None, object, object]:
    entry = when.required_table(name)
    condition = entry.position("position"), entry.value("equals"), entry.value("default")
    entry.finish()
    return condition
