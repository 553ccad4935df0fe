"""Per program and RNG library: is everything that is drawn seeded, in time, in every run, with the same value?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import replace
from auditor.static.evaluation.leftalone import without_left_alone
from auditor.static.evaluation.rngstate import Level, Rank
from auditor.static.execution.constructed import Constructed
from auditor.static.execution.ledger import RANKS, DrawRecord, Ledger
from auditor.static.execution.montecarlo import is_dropout, keeps_dropout
from auditor.static.execution.training import EVALUATING, names_training, trains
from auditor.static.execution.walk import Walk
from auditor.static.execution.weights import is_stored
from auditor.static.files.scripts import EntryPoint
from auditor.static.programwide.programs import FOLLOWED_PARTLY
from auditor.static.resolution.library_verdict import LibraryVerdict, Seed, SeedStatus, SeedValue, place_of
from auditor.static.reuse.trace import Memory
from auditor.static.syntax.places import in_words

if TYPE_CHECKING:
    from auditor.static.project import Project

MAX_DRAWS = 50
"""Draws that a verdict lists."""

_UNNAMED = "what is made at {} is found by a name, and neither the program nor any document that is read tells which"

_BEYOND = "what is made at {} is one of more things than are followed, as configurations name them"

_MORE = "what is picked at {} is one of more things than are followed"

_ORDERED = (SeedStatus.TOO_LATE, SeedStatus.CONDITIONAL)
"""What is wrong with where the seed stands, not with the seed."""

_STATUS = {
    Rank.ENTROPY: SeedStatus.ENTROPY,
    Rank.NONE: SeedStatus.NONE,
    Rank.MAYBE: SeedStatus.CONDITIONAL,
    Rank.SEEDED: SeedStatus.SEEDED,
}
_OTHER_BACKENDS = ("mxnet", "tensorflow")
_SEEDS: WeakKeyDictionary[Project, Memory[str, tuple[Seed, ...]]] = WeakKeyDictionary()
COUNTING = (SeedValue.FIXED, SeedValue.GIVEN)
_ORDER = (
    SeedStatus.UNSEEDED,
    SeedStatus.ENTROPY,
    SeedStatus.NONE,
    SeedStatus.TOO_LATE,
    SeedStatus.CONDITIONAL,
    SeedStatus.SEEDED,
)
"""The worst first."""


def judge(project: Project, entry: EntryPoint) -> tuple[LibraryVerdict, ...]:
    """One verdict per library that the program draws from, by the library's id.

    Where it is followed in part only, that is one of the project's problems.
    """
    ledgers = _ledgers(project, entry)
    cut = next((ledger.cut for ledger in ledgers if ledger.cut), "")
    unnamed = next((ledger.unnamed for ledger in ledgers if ledger.unnamed), None)
    beyond = next((ledger.beyond for ledger in ledgers if ledger.beyond), None)
    if cut:
        project.problems.setdefault(entry.path, f"{FOLLOWED_PARTLY}{cut}")
    elif unnamed is not None and not any(ledger.is_named for ledger in ledgers):
        project.problems.setdefault(entry.path, f"{FOLLOWED_PARTLY}{_UNNAMED.format(in_words(unnamed))}")
    elif beyond is not None:
        project.problems.setdefault(entry.path, f"{FOLLOWED_PARTLY}{_BEYOND.format(in_words(beyond))}")
    drawn = [record for ledger in ledgers for record in _drawn(project, entry, ledger)]
    more = next((ledger.more for ledger in ledgers if ledger.more), None)
    if more is not None and not drawn:
        project.problems.setdefault(entry.path, f"{FOLLOWED_PARTLY}{_MORE.format(in_words(more))}")
    verdicts = []
    for library in sorted(project.rng.libraries):
        records = [record for record in drawn if record.library == library]
        seeds = [seed for ledger in ledgers for (name, _, _), seed in ledger.seeds.items() if name == library]
        if records:
            verdicts.append(_verdict(project, entry, library, records, seeds, certain=not cut))
    return tuple(verdicts)


def reached_seeds(project: Project, entry: EntryPoint) -> tuple[Seed, ...]:
    """Every call that seeds anything in a program, in order; also of libraries that it does not draw from."""

    def follow() -> tuple[Seed, ...]:
        return _seeds_in(_ledgers(project, entry))

    return project.trace.once(_SEEDS.setdefault(project, {}), entry.path, follow)


def _ledgers(project: Project, entry: EntryPoint) -> list[Ledger]:
    """What is found on the ways through a program.

    Where no scan keeps what the verdict rests on, patches are planned, which ask for the seeds next: these are kept.
    """
    starts = [*([None] if entry.is_script else []), *entry.functions]
    if project.trace.is_open:
        return [_followed(project, entry, start) for start in starts]
    project.trace.start()
    try:
        ledgers = [_followed(project, entry, start) for start in starts]
    finally:
        asked, parsed = project.trace.stop()
    _SEEDS.setdefault(project, {})[entry.path] = _seeds_in(ledgers), tuple(asked), tuple(parsed)
    return ledgers


def _seeds_in(ledgers: Iterable[Ledger]) -> tuple[Seed, ...]:
    return tuple(dict.fromkeys(seed for ledger in ledgers for seed in ledger.seeds.values()))


def _followed(project: Project, entry: EntryPoint, function: str | None) -> Ledger:
    """Follow the program from its first statement to its end."""
    walk = Walk(project, entry.path)
    if function is not None or project.programs.runs_as_module(entry.path):
        for initialiser in project.programs.initialisers(entry.path):
            walk.run_module(initialiser, is_main=False)
    frame = walk.run_module(entry.path, is_main=function is None)
    if frame is not None and function is not None:
        walk.calls.call_by_name(function, frame)
    ledger = walk.ledger
    ledger.finish()
    walk.close()
    return ledger


def _drawn(project: Project, entry: EntryPoint, ledger: Ledger) -> Iterable[DrawRecord]:
    """The draws that can have an effect in a program that trains, or does not.

    What an imported module makes and nothing uses has none.

    A model that only gets stored weights does not keep its initial ones, and one that is not trained does nothing of
    what it does in training.
    """
    records = without_left_alone(
        project, entry.path, [each for each in ledger.records if _is_backend(project, entry, each)]
    )
    drawn = sorted((record for record in records if record.turn), key=lambda record: record.turn)
    initialises = project.networks.initialises
    if ledger.loads_weights or ledger.loads_some:
        # A configuration names the one of many models whose weights are stored; a training may begin without.
        train = any(record.taken for record in drawn) and names_training(project, entry.path)
        is_filled = ledger.loads_always
        drawn = [
            each for each in drawn if not each.taken or (train and not (is_filled and initialises(each.draw.callee)))
        ]
    elif ledger.is_named and not names_training(project, entry.path):
        drawn = [each for each in drawn if not (each.taken and initialises(each.draw.callee))]  # weights are stored
    is_evaluation = project.texts.are_reached(entry.path, EVALUATING)
    # A network is in training until something says otherwise.
    is_switched = is_evaluation or ledger.loads_weights or ledger.loads_some
    kept = [
        record
        for record in drawn
        if not (
            _is_initial(project, record, ledger)
            or (record.in_training and (is_switched or not is_dropout(record.draw.callee)))
            or (is_evaluation and is_stored(record.draw.callee))
        )
    ]
    if len(kept) == len(records) or trains(project, entry.path):
        return drawn
    dropped = {record.draw.callee for record in records if is_dropout(record.draw.callee)}
    on = {callee for callee in sorted(dropped) if keeps_dropout(project, entry.path, callee)}
    left = {id(record) for record in kept}
    return [record for record in records if id(record) in left or record.draw.callee in on]


def _is_backend(project: Project, entry: EntryPoint, record: DrawRecord) -> bool:
    """Whether a layer that has several backends is made in a program of this one, or of none that the text tells."""
    library = project.rng.libraries[record.library]
    if not record.draw.callee.startswith(library.if_imported):
        return True
    reached = project.texts.are_reached
    return reached(entry.path, _importing(library.module)) or not reached(entry.path, _importing(*_OTHER_BACKENDS))


def _importing(*names: str) -> tuple[bytes, ...]:
    return tuple(f"{word} {name}".encode() for name in names for word in ("import", "from"))


def _is_initial(project: Project, record: DrawRecord, ledger: Ledger) -> bool:
    """Whether it makes initial weights that stored ones replace."""
    replaced = ledger.loads_weights or (ledger.loads_some and record.picked)
    return replaced and project.networks.initialises(record.draw.callee)


def _verdict(
    project: Project,
    entry: EntryPoint,
    library: str,
    records: Sequence[DrawRecord],
    seeds: Sequence[Seed],
    *,
    certain: bool,
) -> LibraryVerdict:
    counting = [seed for seed in seeds if seed.value in COUNTING]
    # A state that is put back makes what follows repeat, and is no seed that came too late for what was drawn before.
    given = [seed for seed in counting if seed.callee not in project.rng.state_setters]
    elsewhere = any(seed.condition for seed in given)
    always = any(seed.condition is None for seed in given)
    statuses = [
        SeedStatus.SEEDED
        if always and _only_stops(record)
        else _status(record, seeded_elsewhere=elsewhere or (always and _is_beside(record)))
        for record in records
    ]
    constructed = Constructed(project, counting)
    for number, record in enumerate(records):
        if statuses[number] in _ORDERED and not given:
            statuses[number] = _without_states(statuses[number], seeds)
        elif statuses[number] in _ORDERED and constructed.seeds(record.draw.location):
            statuses[number] = SeedStatus.SEEDED
    status = min(statuses, key=_ORDER.index)
    resting = [record for record, each in zip(records, statuses, strict=True) if each is status]
    levels = {level for record in resting for level in record.levels if level.rank is Rank.MAYBE}
    return LibraryVerdict(
        entry_point=entry.path,
        library=project.rng.libraries[library],
        status=status,
        draws=tuple(
            replace(
                record.draw,
                in_spawned=record.in_spawned,
                may_be_stored=record.may_be_stored,
                is_aside=record.is_aside,
            )
            for record in resting[:MAX_DRAWS]
        ),
        draw_count=len(resting),
        unlisted=frozenset(place_of(record.draw.location) for record in resting[MAX_DRAWS:]),
        seeds=tuple(seeds),
        first_draw=records[0].draw,
        first_seed=_first_seed(given or counting or seeds, resting, status),
        condition=_condition(levels, resting, given) if status is SeedStatus.CONDITIONAL else None,
        certain=certain and all(record.certain for record in resting),
    )


def _first_seed(seeds: Sequence[Seed], records: Sequence[DrawRecord], status: SeedStatus) -> Seed | None:
    """The seed that is reached first; of one that comes too late, the first that comes after these draws."""
    late = {record.seeded_at for record in records} if status is SeedStatus.TOO_LATE else set()
    return next((seed for seed in seeds if seed.location in late), next(iter(seeds), None))


def _without_states(status: SeedStatus, seeds: Sequence[Seed]) -> SeedStatus:
    """What a program has in which nothing but states of generators is put back: perhaps seeds that are none."""
    if status is SeedStatus.CONDITIONAL:
        for value in (SeedValue.ENTROPY, SeedValue.NONE):
            if any(seed.value is value for seed in seeds):
                return _STATUS[RANKS[value]]
    return SeedStatus.UNSEEDED


def _only_stops(record: DrawRecord) -> bool:
    """Drawn on the way to an early end of the program only, of one that is seeded where it goes on."""
    return record.may_stop and not record.goes_on and record.followed_by is None


def _status(record: DrawRecord, *, seeded_elsewhere: bool) -> SeedStatus:
    """The worst that was seen at this draw; `seeded_elsewhere`: some other path of the program has a seed."""
    worst = min((level.rank for level in record.levels), default=Rank.SEEDED)
    if worst is Rank.UNSEEDED:
        follows = record.followed_by
        if follows is None:
            return SeedStatus.CONDITIONAL if seeded_elsewhere else SeedStatus.UNSEEDED
        return SeedStatus.TOO_LATE if follows is Rank.SEEDED else _STATUS[follows]
    return _STATUS[worst]


def _is_beside(record: DrawRecord) -> bool:
    """Drawn where no plain run comes only: another command of a program that seeds in the one that is the default."""
    return record.beside is not None and not record.is_in_plain_run and not record.in_spawned


def _condition(levels: Iterable[Level], records: Sequence[DrawRecord], seeds: Sequence[Seed]) -> str | None:
    found = min((level.condition for level in levels if level.condition), default=None)
    found = found or next((seed.condition for seed in seeds if seed.condition), None)
    return found or next((record.beside for record in records if record.beside), None)
