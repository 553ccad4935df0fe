"""What is known of a value that may become a seed.

`Seen` is deliberately coarse: the same in every run (with the constant where it is known), given from outside, None, or
different in every run. `static_seed_value` answers for an expression alone; following calls is `walk.py`'s.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import reduce

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass, replace
from auditor.static.resolution.library_verdict import SeedValue

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.frame import Frame

ENTROPY_CALLS = {
    "time.time": "the time of day", "time.time_ns": "the time of day", "time.perf_counter": "a clock",
    "time.perf_counter_ns": "a clock", "time.monotonic": "a clock", "time.monotonic_ns": "a clock",
    "time.process_time": "a clock", "time.localtime": "the time of day", "time.gmtime": "the time of day",
    "time.strftime": "the time of day", "time.ctime": "the time of day",
    "datetime.datetime.now": "the time of day", "datetime.datetime.utcnow": "the time of day",
    "datetime.datetime.today": "the time of day", "datetime.date.today": "the date",
    "os.getpid": "the process id", "os.getppid": "a process id", "os.urandom": "the operating system's entropy",
    "os.getrandom": "the operating system's entropy", "threading.get_ident": "a thread id",
    "threading.get_native_id": "a thread id", "multiprocessing.current_process": "the process",
    "uuid.uuid1": "a fresh UUID", "uuid.uuid4": "a fresh UUID", "uuid.uuid6": "a fresh UUID",
    "uuid.uuid7": "a fresh UUID", "uuid.uuid8": "a fresh UUID", "uuid.getnode": "the host's address",
    "id": "an object's address",
    "secrets.randbelow": "the operating system's entropy", "secrets.randbits": "the operating system's entropy",
    "secrets.token_bytes": "the operating system's entropy", "secrets.token_hex": "the operating system's entropy",
    "secrets.choice": "the operating system's entropy", "random.SystemRandom": "the operating system's entropy",
    "socket.gethostname": "the host's name", "platform.node": "the host's name",
    "torch.seed": "the operating system's entropy", "torch.random.seed": "the operating system's entropy",
}  # fmt: skip
"""Calls whose result differs from run to run, with what it is."""

MAX_SIZE = 1000
"""Values in one dictionary or tuple; of larger ones it is not known what they hold."""

MAX_PARTS = 12
"""Elements of a tuple that are told apart."""


class Shape(Enum):
    """What kind of object a value is, where that decides how its attributes are read."""

    PLAIN = "plain"
    OPTIONS = "options"
    """The result of `parse_args()`."""

    TEXT = "text"
    """A string of which no more is known."""

    UNSEEDED_STATE = "unseeded-state"
    """The state of a generator that was not seeded when it was asked for."""

    OBJECT = "object"
    """Something that was made here, such as a generator: it is not None, and counts as true."""


@dataclass(frozen=True, slots=True)
class Entries:
    """What a dictionary holds by its keys, a namespace by its attributes."""

    known: Mapping[str, Seen]
    rest: Seen | None = None
    """What it may hold under any other key: GIVEN, or OPTIONS; None: it has no others."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A value as far as seeding cares."""

    kind: SeedValue
    constant: object = None
    """The value, where `kind` is FIXED and `is_constant`."""

    is_constant: bool = False
    detail: str = ""
    """For people, to follow the expression: `None by default`, `the time of day`."""

    shape: Shape = Shape.PLAIN
    entries: Entries | None = None
    """What a dictionary or a namespace holds, where that is known."""

    parts: tuple[Seen, ...] = ()
    """What a tuple or a list consists of, where that is written."""

    size: int = 1
    """Values in it, all the way down."""

    is_written: bool = False
    """A constant that the text puts into a dictionary, and no option changes."""

    def __hash__(self) -> int:
        return hash((self.kind, repr(self.constant), self.is_constant, self.detail, self.shape))


GIVEN = Seen(SeedValue.GIVEN)
FIXED = Seen(SeedValue.FIXED)
OPTIONS = Seen(SeedValue.GIVEN, shape=Shape.OPTIONS)
OVER_OTHERS = Seen(SeedValue.GIVEN, shape=Shape.OPTIONS, detail="options over what was there before")
"""The rest of a dictionary that the options of the command line were put over: it may hold more than these."""

OBJECT = Seen(SeedValue.GIVEN, shape=Shape.OBJECT)
UNSEEDED_STATE = Seen(SeedValue.GIVEN, shape=Shape.UNSEEDED_STATE)
IS_NONE = Seen(SeedValue.NONE, None, True, "None")


def constant(value: object, detail: str = "") -> Seen:
    """A value that is known."""
    if value is None:
        return Seen(SeedValue.NONE, None, True, detail or "None")
    return Seen(SeedValue.FIXED, value, True, detail)


def written(node: ast.expr, seen: Seen, frame: Frame) -> Seen:
    """The value of an expression that is put into a dictionary: whether it is a constant that stands there.

    A parameter of which the call says the value is one too.
    """
    is_written = isinstance(node, ast.Constant) or frame.is_settled(node)
    return replace(seen, is_written=True) if is_written and seen.is_constant else seen


def entropy(detail: str) -> Seen:
    return Seen(SeedValue.ENTROPY, detail=detail)


def holding(seen: Seen, *, entries: Entries | None = None, parts: tuple[Seen, ...] = ()) -> Seen:
    """A value with what it holds, unless that is too much to be compared."""
    inside = (*(entries.known.values() if entries is not None else ()), *parts)
    size = 1 + sum(each.size for each in inside)
    if size > MAX_SIZE:
        return replace(seen, entries=None, parts=(), size=1)
    return replace(seen, entries=entries, parts=parts, size=size)


def parts_of(seen: Seen) -> tuple[Seen, ...]:
    """What a tuple consists of: `(0.1, None)`."""
    known = seen.constant if isinstance(seen.constant, tuple) and len(seen.constant) <= MAX_PARTS else ()
    return seen.parts or tuple(map(constant, known))


def mixed(parts: Iterable[Seen]) -> Seen:
    """A value computed from several: as unpredictable as the worst of them."""
    found = list(parts)
    for part in found:
        if part.kind is SeedValue.ENTROPY:
            return part
    for kind in (SeedValue.GIVEN, SeedValue.NONE):
        if any(part.kind is kind for part in found):
            return GIVEN
    return FIXED


def either(one: Seen, other: Seen) -> Seen:
    """A value that is one or the other, and it is not known which; the harmless one counts."""
    if one == other:
        return one
    if one.is_written is not other.is_written and replace(one, is_written=other.is_written) == other:
        return other if one.is_written else one
    if one.entries is not None and other.entries is not None:
        return holding(GIVEN, entries=_either_entries(one.entries, other.entries))
    parts = tuple(map(either, one.parts, other.parts)) if len(one.parts) == len(other.parts) else ()
    kinds = {one.kind, other.kind}
    if SeedValue.GIVEN in kinds or SeedValue.FIXED in kinds:
        return holding(GIVEN, parts=parts) if parts else GIVEN
    if parts:
        return holding(entropy(one.detail), parts=parts)
    return one if one.kind is SeedValue.ENTROPY else other


def maybe_nothing(seen: Seen) -> Seen:
    """What a function gives that may also come to its end, or to a `return` alone, and give None."""
    return GIVEN if seen.shape is Shape.OBJECT else seen


def given_back(results: Sequence[Seen], ends: int) -> Seen:
    """What a function gives that returned these, and came to an end so many times: where to no `return`, it is None."""
    result = reduce(either, results) if results else GIVEN
    return result if len(results) >= ends else maybe_nothing(result)


def _either_entries(one: Entries, other: Entries) -> Entries:
    keys = sorted({*one.known, *other.known})
    known = {key: either(one.known.get(key, GIVEN), other.known.get(key, GIVEN)) for key in keys}
    return Entries(known, one.rest if one.rest == other.rest else GIVEN)


def static_seed_value(module: ModuleFacts, node: ast.expr) -> SeedValue:
    """What the text alone tells of a seed, in the program that `module` is or belongs to."""
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.resolution.frame import Frame

    frame = Frame(module, module.enclosing_function(node))
    evaluator = Evaluator(module.project)
    evaluator.taken = {}
    try:
        return evaluator.value(node, frame).kind
    finally:
        evaluator.close()


Evaluate = Callable[[ast.expr], Seen]
