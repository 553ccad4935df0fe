"""What the seeding analysis says about one program and an RNG library, as findings.

Drawn but never seeded: one finding a program and library. Seeded in a way that does not count (too late, under a
condition, None by default, from entropy): one finding a program and seed, naming every library that this seed should
have covered.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from auditor.model.finding import Related
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.rule import Confidence, Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, ModuleFacts
from auditor.static.library_verdict import Draw, LibraryVerdict, Seed, SeedStatus, SeedValue
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.ruleoptions import WithOptions

_SHOWN = 8
"""Draws listed as related places."""

_INCIDENTAL = frozenset({"port", "backoff", "suffix", "prefix", "nonce"})
"""Words in the name of a variable that tell what a random number is for."""

_IN_PLACE = frozenset({"shuffle", "fit", "step", "train"})
"""Last parts of calls that draw for the sake of what they change; so do names with a trailing underscore."""

_WAITING = (b"sleep(", b"retry", b"backoff")
"""Words of files in which a jitter is one of waiting times, and no augmentation."""

_STATUS = {
    "unseeded": SeedStatus.UNSEEDED,
    "too-late": SeedStatus.TOO_LATE,
    "conditional": SeedStatus.CONDITIONAL,
    "none": SeedStatus.NONE,
    "entropy": SeedStatus.ENTROPY,
}
_VALUE = {SeedStatus.NONE: SeedValue.NONE, SeedStatus.ENTROPY: SeedValue.ENTROPY}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    status: SeedStatus
    libraries: tuple[str, ...]
    """Empty means every library."""

    leave_out: tuple[str, ...]
    """Draws by these callees are the business of other rules: prefixes of fully qualified names."""


def _read(table: Table) -> _Options:
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
        for verdict in project.verdicts(module):
            if verdict.status is not options.status or (
                options.libraries and verdict.library.id not in options.libraries
            ):
                continue
            draws = tuple(draw for draw in verdict.draws if _counts(draw, project, options))
            if draws:
                judged.append((verdict, draws))
        if options.status is SeedStatus.UNSEEDED:
            for verdict, draws in judged:
                yield _never_seeded(verdict, draws)
        else:
            yield from _by_seed(judged)


def _counts(draw: Draw, project: Project, options: _Options) -> bool:
    """Whether a draw is this rule's business and can reach the training."""
    if draw.callee.startswith(options.leave_out or "\0"):
        return False
    module = project.module(draw.location.path)
    if module is None:
        return True
    for call in module.calls_to({draw.callee}):
        if module.location(call.node) == draw.location:
            statement = module.statement(call.node)
            late = options.status is SeedStatus.TOO_LATE
            return not (_is_incidental(module, statement) or (late and _is_thrown_away(module, call, statement)))
    return True


def _is_incidental(module: ModuleFacts, statement: ast.stmt) -> bool:
    """`port = random.randint(…)`: drawn for something that no training depends on."""
    for target in statement.targets if isinstance(statement, ast.Assign) else ():
        name = getattr(target, "attr", getattr(target, "id", ""))
        words = set(name.lower().split("_"))
        if _INCIDENTAL & words or ("jitter" in words and _waits(module)):
            return True
    return False


def _is_thrown_away(module: ModuleFacts, call: Call, statement: ast.stmt) -> bool:
    """`torch.rand(1)` on its own, or kept under a name that the file never reads: a warm-up."""
    last = (call.callee or "").rpartition(".")[2]
    if last in _IN_PLACE or last.endswith("_"):
        return False
    if isinstance(statement, ast.Expr):
        return statement.value is call.node
    if not (isinstance(statement, ast.Assign) and statement.value is call.node) or last[:1].isupper():
        return False
    names = {target.id for target in statement.targets if isinstance(target, ast.Name)}
    if len(names) < len(statement.targets) or _is_public(module, statement):
        return False
    return not any(
        isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names
        for node in ast.walk(module.tree)
    )


def _is_public(module: ModuleFacts, statement: ast.stmt) -> bool:
    """What is bound there can be read elsewhere: an attribute of a class, or of a module that another one imports."""
    holder = module.parent(statement)
    if isinstance(holder, ast.ClassDef):
        return True
    return module.enclosing_function(statement) is None and module.project.is_imported(module.path)


def _waits(module: ModuleFacts) -> bool:
    raw = module.project.source(module.path).raw()
    return any(word in raw for word in _WAITING)


def _never_seeded(verdict: LibraryVerdict, draws: Sequence[Draw]) -> Hit:
    count = verdict.draw_count if len(draws) == len(verdict.draws) else len(draws)
    times = "once" if count == 1 else f"in {count} places, first here"
    first, *others = draws
    return Hit(
        location=first.location,
        message=f"{verdict.entry_point} draws from {verdict.library.title} {times}, and nothing seeds it.",
        advice=f"call `{verdict.library.advice}` at the start of {verdict.entry_point}, before anything is drawn",
        related=(*_way(first), *(_drawn(draw) for draw in others[:_SHOWN])),
        confidence=None if verdict.certain else Confidence.MEDIUM,
        entry_points=(verdict.entry_point,),
    )


def _by_seed(judged: Sequence[tuple[LibraryVerdict, tuple[Draw, ...]]]) -> Iterable[Hit]:
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
            message=_message(verdict, seed, titles, early),
            related=tuple(_drawn(draw) for draw in early[:_SHOWN]),
            confidence=None if all(member.certain for member, _, _ in members) else Confidence.LOW,
            entry_points=(entry_point,),
        )


def _blamed(verdict: LibraryVerdict) -> Seed | None:
    """The seed that the status is about."""
    if verdict.status in _VALUE:
        wanted = _VALUE[verdict.status]
        return next((seed for seed in verdict.seeds if seed.value is wanted), verdict.first_seed)
    if verdict.status is SeedStatus.CONDITIONAL:
        return next((seed for seed in verdict.seeds if seed.condition is not None), verdict.first_seed)
    return verdict.first_seed


def _message(verdict: LibraryVerdict, seed: Seed, titles: str, draws: Sequence[Draw]) -> str:
    first = f"{draws[0].location.path}:{draws[0].location.line}" if draws else "before"
    if verdict.status is SeedStatus.TOO_LATE:
        return f"{titles} seeded here, after numbers were drawn at {first}."
    if verdict.status is SeedStatus.CONDITIONAL:
        condition = verdict.condition or seed.condition or "a condition"
        return f"{titles} seeded only under `{_short(condition)}`; otherwise each run draws other numbers."
    detail = f" ({seed.detail})" if seed.detail else ""
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
