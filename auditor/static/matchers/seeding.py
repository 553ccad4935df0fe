"""What the seeding analysis says about one program and an RNG library, as findings.

Drawn but never seeded: one finding a program and library. Seeded in a way that does not count (too late, under a
condition, None by default, from entropy): one finding a program and seed, naming every library that this seed should
have covered.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from itertools import islice

from auditor.model.finding import Related
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.rule import Confidence, Rule
from auditor.ruleset.table import Table
from auditor.static.execution.incidental import name_of
from auditor.static.facts import ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.programwide.forlooking import is_for_looking
from auditor.static.programwide.olderrelease import seeded_by
from auditor.static.programwide.withouteffect import is_without_effect
from auditor.static.project import Project
from auditor.static.resolution.library_verdict import Draw, LibraryVerdict, Seed, SeedStatus, SeedValue, place_of
from auditor.static.scanning.allowedplaces import Allower
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.syntax.places import in_words

_SHOWN = 8
"""Draws listed as related places."""

_MAX_UNLISTED = 50
"""Draws beyond those of a verdict that are looked at, each among all calls of its file."""

_STATUS = {
    "unseeded": SeedStatus.UNSEEDED,
    "too-late": SeedStatus.TOO_LATE,
    "conditional": SeedStatus.CONDITIONAL,
    "none": SeedStatus.NONE,
    "entropy": SeedStatus.ENTROPY,
}
_DRAWING_SEEDS = (SeedStatus.UNSEEDED, SeedStatus.TOO_LATE)
"""Of a library that the seed of another one, or its own, is drawn from."""

_VALUE = {SeedStatus.NONE: SeedValue.NONE, SeedStatus.ENTROPY: SeedValue.ENTROPY}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    status: SeedStatus
    libraries: tuple[str, ...]
    """Empty means every library."""

    leave_out: tuple[str, ...]
    """Draws by these callees are the business of other rules: prefixes of fully qualified names."""


def _read(table: Table) -> _Options:
    table.strings("unless_launched_with")  # for the engine, which sees to it when all findings are there
    return _Options(
        status=_STATUS[table.choice("status", _STATUS)],
        libraries=table.strings("libraries"),
        leave_out=table.strings("leave_out"),
    )


class SeedingMatcher(WithOptions[_Options]):
    """`kind = "seeding"`."""

    kind = "seeding"
    scope: Scope = "entry-point"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return None

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        judged: list[tuple[LibraryVerdict, tuple[Draw, ...]]] = []
        for verdict in project.programs.verdicts(module):
            if _status(verdict, project) is not options.status or (
                options.libraries and verdict.library.id not in options.libraries
            ):
                continue
            draws = tuple(draw for draw in verdict.draws if _counts(draw, project, verdict.entry_point, options))
            if draws:
                judged.append((verdict, draws))
        if options.status is SeedStatus.UNSEEDED:
            for verdict, draws in judged:
                for some in _by_allower(rule, verdict, draws, options, project):
                    yield _never_seeded(verdict, some, project)
        else:
            yield from _by_seed(_but_seeds(judged, project), options.status, project)


def _but_seeds(
    judged: list[tuple[LibraryVerdict, tuple[Draw, ...]]], project: Project
) -> list[tuple[LibraryVerdict, tuple[Draw, ...]]]:
    """Without the libraries that only the seed of another one is drawn from; all of them where that leaves none."""
    kept = [
        (verdict, draws)
        for verdict, draws in judged
        if verdict.status is not SeedStatus.ENTROPY or not all(_is_for_seed(draw, project) for draw in draws)
    ]
    return kept or judged


def _by_allower(
    rule: Rule, verdict: LibraryVerdict, draws: tuple[Draw, ...], options: _Options, project: Project
) -> Iterable[tuple[Draw, ...]]:
    """The draws that each comment, or the settings, allow, and those that nothing does: these are still to be told."""
    groups: dict[Allower | None, list[Draw]] = {}
    for draw in draws:
        groups.setdefault(project.allowed.allower(rule, draw.location), []).append(draw)
    if None not in groups and verdict.unlisted:
        open_ = (draw for draw in _unlisted(verdict, project) if project.allowed.allower(rule, draw.location) is None)
        left = [draw for draw in islice(open_, _MAX_UNLISTED) if _counts(draw, project, verdict.entry_point, options)]
        groups |= {None: left} if left else {}
    return [tuple(group) for group in groups.values()]


def _unlisted(verdict: LibraryVerdict, project: Project) -> Iterable[Draw]:
    """The reached draws that a verdict does not list, by file."""
    for path in sorted({path for path, _, _ in verdict.unlisted}):
        if (module := project.module(path)) is None:
            continue
        for call in module.calls:
            location, callee = module.location(call.node), call.callee or ""
            drawn = (each.library.id for each in project.rng.candidates(callee))
            if place_of(location) in verdict.unlisted and verdict.library.id in drawn:
                yield Draw(location=location, callee=callee)


def _status(verdict: LibraryVerdict, project: Project) -> SeedStatus:
    """The verdict's; where all that was drawn early became the seed, that seed is entropy, and not too late.

    Nothing seeds a program in which only a sampler sets a seed, for its own order, where there is one.
    """
    if verdict.status is SeedStatus.CONDITIONAL and all(_is_of_sampler(seed, project) for seed in verdict.seeds):
        return SeedStatus.UNSEEDED
    if verdict.status in _DRAWING_SEEDS and all(_is_for_seed(draw, project) for draw in verdict.draws):
        if all(_is_asked_for(draw, project) for draw in verdict.draws):
            return SeedStatus.SEEDED
        return verdict.status if verdict.status is SeedStatus.UNSEEDED else SeedStatus.ENTROPY
    return verdict.status


def _is_asked_for(draw: Draw, project: Project) -> bool:
    """`if args.seed == -1: args.seed = random.randint(…)`, where the default is 1: who gives that wants any seed."""
    return draw.is_aside and isinstance(_statement(draw, project), ast.Assign)


def _is_for_seed(draw: Draw, project: Project) -> bool:
    """`seed = np.random.randint(2**31)`, where none was given; `seed += random.randint(0, 9)`."""
    statement = _statement(draw, project)
    targets = statement.targets if isinstance(statement, ast.Assign) else ()
    if isinstance(statement, ast.AugAssign):
        targets = [statement.target]
    return any("seed" in name_of(each).lower() for each in targets)


def _statement(draw: Draw, project: Project) -> ast.stmt | None:
    """The statement that a draw stands in."""
    module = project.module(draw.location.path)
    for call in module.calls_to({draw.callee}) if module is not None else ():
        if module is not None and module.location(call.node) == draw.location:
            return module.statement(call.node)
    return None


def _is_of_sampler(seed: Seed, project: Project) -> bool:
    module = project.module(seed.location.path)
    for call in module.calls_to({seed.callee}) if module is not None else ():
        if module is not None and module.location(call.node) == seed.location:
            holder = module.enclosing_class(call.node)
            names = (holder.name, *module.base_classes(holder)) if holder is not None else ()
            return any(name.endswith("Sampler") for name in names)
    return False


def _counts(draw: Draw, project: Project, program: str, options: _Options) -> bool:
    """Whether a draw is this rule's business and can reach the training of a program."""
    late = options.status is SeedStatus.TOO_LATE
    if draw.callee.startswith(options.leave_out or "\0") or (late and is_for_looking(draw, project)):
        return False
    return not is_without_effect(draw, project, program, late=late)


def _never_seeded(verdict: LibraryVerdict, draws: Sequence[Draw], project: Project) -> Hit:
    count = verdict.draw_count if len(draws) == len(verdict.draws) else len(draws)
    times = "once" if count == 1 else f"in {count} places, first here"
    first, *others = draws
    seeds, advice = "nothing seeds it", seeded_by(verdict, project) or verdict.library.advice
    where = f"the start of {verdict.entry_point}, before anything is drawn"
    source = project.rng.libraries.get(verdict.library.worker_seeded_by or "")
    if source is not None and verdict.is_left_to_workers:
        seeds = f"loader workers seed it from {source.title}, which nothing seeds"
        advice = source.advice
    elif verdict.seeds and all(draw.in_spawned for draw in draws):
        seeds = "nothing seeds it in the processes that are spawned, which inherit no state"
        where = "the start of what these processes run, with a seed for each"
    return Hit(
        location=first.location,
        message=f"{verdict.entry_point} draws from {verdict.library.title} {times}, and {seeds}.",
        advice=f"call `{advice}` at {where}",
        related=(*_way(first), *(_drawn(draw) for draw in others[:_SHOWN])),
        confidence=None if verdict.certain else Confidence.MEDIUM,
        entry_points=(verdict.entry_point,),
    )


def _by_seed(
    judged: Sequence[tuple[LibraryVerdict, tuple[Draw, ...]]], status: SeedStatus, project: Project
) -> Iterable[Hit]:
    groups: dict[tuple[Location, str], list[tuple[LibraryVerdict, Seed, tuple[Draw, ...]]]] = {}
    for verdict, draws in judged:
        if (seed := _blamed(verdict)) is not None:
            groups.setdefault((seed.location, verdict.entry_point), []).append((verdict, seed, draws))
    for (location, entry_point), members in groups.items():
        verdict, seed, _ = members[0]
        titles = _subject([member.library.title for member, _, _ in members])
        found = {draw.location: draw for _, _, each in members for draw in each}
        early = sorted(found.values(), key=_place)
        yield Hit(
            location=location,
            message=_message(verdict, seed, titles, early, status, project),
            related=tuple(_drawn(draw) for draw in early[:_SHOWN]),
            confidence=_confidence([member for member, _, _ in members], seed, status, early),
            entry_points=(entry_point,),
        )


def _confidence(
    verdicts: Sequence[LibraryVerdict], seed: Seed, status: SeedStatus, draws: Sequence[Draw]
) -> Confidence | None:
    if not all(verdict.certain for verdict in verdicts):
        return Confidence.LOW
    if status is SeedStatus.TOO_LATE and all(draw.may_be_stored for draw in draws):
        return Confidence.MEDIUM
    if seed.value in _VALUE.values() and seed.condition is not None:
        return Confidence.MEDIUM  # a run may never come there
    # Whether a seed is given instead is for who starts the program.
    return Confidence.MEDIUM if any(verdict.status is not status for verdict in verdicts) else None


def _blamed(verdict: LibraryVerdict) -> Seed | None:
    """The seed that the status is about."""
    if verdict.status in _VALUE:
        wanted = _VALUE[verdict.status]
        return next((seed for seed in verdict.seeds if seed.value is wanted), verdict.first_seed)
    if verdict.status is SeedStatus.CONDITIONAL:
        return next((seed for seed in verdict.seeds if seed.condition is not None), verdict.first_seed)
    return verdict.first_seed


def _message(
    verdict: LibraryVerdict, seed: Seed, titles: str, draws: Sequence[Draw], status: SeedStatus, project: Project
) -> str:
    first = in_words(draws[0].location) if draws else "before"
    if verdict.status is SeedStatus.TOO_LATE and status is SeedStatus.ENTROPY:
        text = f"`{_short(seed.text)}`" if seed.text else "a number"
        if any(isinstance(_statement(draw, project), ast.AugAssign) for draw in draws):
            return f"{titles} seeded with {text}, to which a number is added that is drawn from it at {first}."
        return f"{titles} seeded with {text}, which is drawn from it at {first} where none is given."
    if verdict.status is SeedStatus.TOO_LATE:
        return f"{titles} seeded here, after numbers were drawn at {first}."
    if verdict.status is SeedStatus.CONDITIONAL:
        condition = verdict.condition or seed.condition
        where = f"under `{_short(condition)}`" if condition else "on some ways through the program"
        return f"{titles} seeded only {where}; otherwise each run draws other numbers."
    detail = f" ({seed.detail})" if seed.detail and seed.detail != seed.text else ""
    detail += f" under `{_short(seed.condition)}`" if seed.condition is not None else ""
    text = f"`{_short(seed.text)}`" if seed.text else "nothing"
    if verdict.status is SeedStatus.NONE:
        return f"{titles} seeded with {text}{detail}, so each run starts from fresh entropy."
    return f"{titles} seeded with {text}{detail}, which is another value in each run."


def _subject(titles: Sequence[str]) -> str:
    """`A is`, `A and B are`, `A, B and C are`."""
    if len(titles) == 1:
        return f"{titles[0][:1].upper()}{titles[0][1:]} is"
    text = f"{', '.join(titles[:-1])} and {titles[-1]} are"
    return text[:1].upper() + text[1:]


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else flat[:57] + "…"


def _way(draw: Draw) -> tuple[Related, ...]:
    """How the program gets there, where that is not in front of one's eyes."""
    return tuple(Related(location=step, message="reached through this", is_step=True) for step in draw.via)


def _drawn(draw: Draw) -> Related:
    where = "draws in a DataLoader worker" if draw.in_worker else "draws"
    return Related(location=draw.location, message=f"{where}: {draw.callee.rpartition('.')[2]}")


def _place(draw: Draw) -> tuple[str, int, int, int]:
    return draw.location.path, draw.location.cell or 0, draw.location.line, draw.location.column


MATCHER = SeedingMatcher(_read)
