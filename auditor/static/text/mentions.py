"""Whether a file can mean one of some fully qualified names, from its bytes: nine in ten that hold the word do not.

Each place where the last part of a name stands is read backwards to its first part, and that is looked up among what
the file imports. Where the bytes do not tell, the answer is yes. Strings and comments count as code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache

from auditor.model.lean import dataclass, field
from auditor.model.pattern import lazy_pattern
from auditor.static.text.builtinnames import BUILTINS, own_name
from auditor.static.text.sketch import BY_NAME, Sketch

_DIGITS = b"0123456789"
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
_WORD = frozenset(_LETTERS + _DIGITS)
_IN_CHAINS = _LETTERS + _DIGITS + b"." + bytes(range(128, 256))
_BLANKS = b" \t\f\r\n\\"
_REACH = 300
"""Bytes before a word in which its first part is looked for."""

_MAX_KEPT = 4096
"""Expressions for assignments that are kept compiled: most files assign the same few names."""

_BROKEN = b"?"
_MODULE = lazy_pattern(rb"[ \t(]*[A-Za-z_][\w.]*[ \t)]*(?:$|[#;\r\n]|if\b|or\b)", re.MULTILINE)
"""The rest of an assignment of a name, with or without an alternative."""

_DEFINED = lazy_pattern(rb"(?:^|[\s;:])def[ \t]+$")
_CALLED = lazy_pattern(rb"(?:[\s\\]|#[^\n]*\n)*\(")
_EXTENDED = lazy_pattern(rb"\bclass[ \t]+\w+[ \t]*\([^()\n]*$")
"""Before a class that another one extends, whose constructor may call the one of that."""

_GIVING = lazy_pattern(rb"\b(?:return|else|or|and|await|if|as|in|lambda[^:\n]*:)$")
_COMPARING = (b"==", b"!=", b"<=", b">=")
_PAIRED = lazy_pattern(rb"^[^=()\n]*[^=!<>()\n]=[^=()\n]*,$")
_PASSING_WORDS = (b"partial", b"wraps", b"compile", b"script", b"DataParallel", b"getattr")
_PASSING = lazy_pattern(rb"\b(?:" + b"|".join(_PASSING_WORDS) + rb")\b")


@dataclass(frozen=True)
class Names:
    """Fully qualified names that a rule is about."""

    full: frozenset[str]
    prefixes: tuple[str, ...] = ()
    """`package.module.`: every name directly in there."""

    beginnings: tuple[str, ...] = ()
    """`package.name`: every name that begins so."""

    called: bool = False
    """Only where they are called, extended, or given to something that may be called."""

    @property
    def of_objects(self) -> bool:
        """Whether some are methods, which are called on objects of any name."""
        return any(_is_method(name) for name in self.full) or any(_is_method(f"{each}x") for each in self.prefixes)

    def hold(self, name: str) -> bool:
        """Whether a full name is one of these, or the module of a prefix, or anything in there."""
        name = own_name(name)
        if name in self.full or name.startswith(self.beginnings or "\0"):
            return True
        return any(f"{name}.".startswith(prefix) for prefix in self.prefixes)

    def is_renamed(self, name: str, local: bytes) -> bool:
        """Whether a name that is bound here means one of these and cannot be found by the last part of any."""
        if not self.hold(name):
            return False
        last = name.rpartition(".")[2].encode()
        return last != local or not (name in self.full or last.startswith(first_parts(self) or b"\0"))


@dataclass(frozen=True, slots=True)
class Imported:
    """What the import statements of a file bind."""

    names: dict[bytes, tuple[str | None, ...]]
    """Local name → full names outside the project; None for what is the project's."""

    has_stars: bool
    by_text: bool
    """Imports modules by a text."""

    assigned: dict[bytes, bool] = field(default_factory=dict)
    aliases: dict[bytes, bool] = field(default_factory=dict)
    """What was found out of local names so far."""

    passing: list[bool] = field(default_factory=list)
    """Whether something is handed on under another name, once that is known."""


def imported(sketch: Sketch, is_project: Callable[[str], bool]) -> Imported:
    """Read a file's import statements; `is_project`: whether a module is one of the project's."""
    found: dict[bytes, list[str | None]] = {}
    has_stars = by_text = False
    for origin, names in sketch.imports:
        by_text = by_text or origin == BY_NAME
        for name, alias in names:
            if name == "*":
                has_stars = True
            elif origin == "":
                target = name if alias else name.partition(".")[0]
                found.setdefault((alias or target).encode(), []).append(None if is_project(target) else target)
            elif origin != BY_NAME:
                own = origin.startswith(".") or is_project(origin)
                found.setdefault((alias or name).encode(), []).append(None if own else f"{origin}.{name}")
    return Imported({name: tuple(targets) for name, targets in found.items()}, has_stars, by_text)


def mentions(raw: bytes, bound: Imported, names: Names, words: Iterable[bytes] | None = None) -> bool:
    """Whether one of `names` can be meant anywhere in the bytes; `words`: those of `last_parts` that stand there."""
    for local, targets in bound.names.items():
        if any(each is not None and names.is_renamed(each, local) for each in targets):
            return True
    found = last_parts(names) if words is None else words
    for part in (*found, *first_parts(names)):
        begins = part in first_parts(names)
        called = names.called and not begins and part not in _modules(names)
        for start, end in places(part, raw, begins=begins):
            word = raw[start:end]
            before = raw[max(0, start - _REACH) : start]
            if before[-1:] in (b'"', b"'") and raw[end : end + 1] == before[-1:] and b"getattr" in raw:
                return True
            chain, before = _chain(before)
            is_used = not called or _CALLED.match(raw, end) or _is_given(before, passing=_passes(raw, bound))
            if not is_used and not _EXTENDED.search(before):
                continue
            if _can_be(chain, word, raw, bound, names):
                return True
    return False


def places(word: bytes, raw: bytes, *, begins: bool = False) -> Iterator[tuple[int, int]]:
    """Begin and end of a word, wherever it stands by itself, or of every word that `begins` with it."""
    start, size = raw.find(word), len(word)
    while start >= 0:
        end = start + size
        if start == 0 or raw[start - 1] not in _WORD:
            while begins and end < len(raw) and raw[end] in _WORD:
                end += 1
            if end == len(raw) or raw[end] not in _WORD:
                yield start, end
        start = raw.find(word, end)


def calls(raw: bytes, name: bytes) -> bool:
    """Whether a name that stands by itself is called anywhere in the bytes; its own definition is no call."""
    return any(
        _CALLED.match(raw, end) and not _DEFINED.search(raw[max(0, start - _REACH) : start])
        for start, end in places(name, raw)
    )


def _passes(raw: bytes, bound: Imported) -> bool:
    """Whether a call may stand in the file that hands on what it is given."""
    if not bound.passing:
        bound.passing.append(any(word in raw for word in _PASSING_WORDS) and _PASSING.search(raw) is not None)
    return bound.passing[0]


def _chain(before: bytes) -> tuple[bytes | None, bytes]:
    """What stands before the last part, `a.b` in `a.b.c`, and what stands before that.

    Empty where the name stands alone, `_BROKEN` where it stands in pieces, None where it is part of an expression that
    is no name.
    """
    near = before[:-1] if before.endswith(b".\n") else before
    chain = _dotted(near)
    rest = near[: -len(chain) - 1] if chain else before
    code = rest.rstrip(_BLANKS)
    if b"\n" in rest[len(code) :] and b"#" in code.rpartition(b"\n")[2]:
        return (chain or _BROKEN), rest
    if not code.endswith(b"."):
        return chain, rest
    inner = code[:-1].rstrip(_BLANKS)[-1:]
    return (_BROKEN if inner.isalnum() or inner == b"_" else None), rest


def _dotted(before: bytes) -> bytes:
    """`a.b` where `before` ends with `a.b.`: the longest dotted name there; empty where there is none."""
    if before[-1:] != b".":
        return b""
    run = before[len(before.rstrip(_IN_CHAINS)) : -1]
    start = len(run)
    for part in reversed(run.split(b".")):
        name = part.lstrip(_DIGITS)
        if not name:
            break
        start -= len(name) + (start < len(run))
        if name != part:
            break
    return run[start:]


def _is_given(before: bytes, *, passing: bool) -> bool:
    """Whether a name that is not called gets another name here, or is handed to what returns it."""
    code = before.rstrip(b" \t(")
    if _gives(code[:-1] if code.endswith(b"\n") else code):
        return True
    if code.endswith(b",") and _PAIRED.search(code.rpartition(b"\n")[2]):
        return True
    return (passing and before.rstrip(_BLANKS)[-1:] in (b"(", b",", b'"', b"'", b"=")) or b"\\" in before[-4:]


def _gives(code: bytes) -> bool:
    """Whether what stands before a name ends with an assignment, or with a word behind which a value stands."""
    if code.endswith(b"="):
        return not code.endswith(_COMPARING)
    line = code.rpartition(b"\n")[2]
    near = line if line.endswith(b":") else line[-7:]  # long enough for the longest word and what stands before it
    return _GIVING.search(near) is not None


def _can_be(chain: bytes | None, word: bytes, raw: bytes, bound: Imported, names: Names) -> bool:
    if chain == _BROKEN:
        return True
    if chain is None:
        return names.of_objects or bound.by_text
    first, _, rest = chain.partition(b".")
    first = first or word
    targets = bound.names.get(first)
    if targets is None:
        if not chain and word.decode() in BUILTINS and word.decode() in names.full:
            return True
        if bound.has_stars:
            return True
        return bool(chain) and (names.of_objects or _is_alias(first, raw, bound))
    tail = ".".join(part.decode("utf-8", "replace") for part in ((rest, word) if rest else (word,)) if chain)
    for target in targets:
        if target is None or names.hold(f"{target}.{tail}" if tail else target):
            return True
    return _is_assigned(first, raw, bound)


def _is_alias(name: bytes, raw: bytes, bound: Imported) -> bool:
    """Whether a name is assigned something that may be a module."""
    if bound.by_text:
        return True
    if name not in bound.aliases:
        bound.aliases[name] = _is_assigned(name, raw, bound) and any(
            _MODULE.match(raw, match.end()) for match in _assignment(name).finditer(raw)
        )
    return bound.aliases[name]


def _is_assigned(name: bytes, raw: bytes, bound: Imported) -> bool:
    if name not in bound.assigned:
        bound.assigned[name] = _assignment(name).search(raw) is not None
    return bound.assigned[name]


@lru_cache(maxsize=_MAX_KEPT)
def _assignment(name: bytes) -> re.Pattern[bytes]:
    """Plain text first, which is what can be searched for fast."""
    text = re.escape(name)
    return re.compile(text + rb"(?<![\w.]" + text + rb")[ \t]*(?::[^=\n]*)?=(?!=)")


@cache
def last_parts(names: Names) -> tuple[bytes, ...]:
    """The words of which one stands wherever one of `names` is meant by its own name."""
    parts = {name.rpartition(".")[2] for name in names.full} | {
        each.rstrip(".").rpartition(".")[2] for each in names.prefixes
    }
    return tuple(sorted(part.encode() for part in parts))


@cache
def first_parts(names: Names) -> tuple[bytes, ...]:
    """What a word begins with wherever one of the `beginnings` is meant."""
    return tuple(sorted({each.rpartition(".")[2].encode() for each in names.beginnings}))


@cache
def _modules(names: Names) -> frozenset[bytes]:
    """Last parts of the prefixes: what stands after them is called."""
    return frozenset(each.rstrip(".").rpartition(".")[2].encode() for each in names.prefixes)


def _is_method(name: str) -> bool:
    owner = name.rpartition(".")[0].rpartition(".")[2]
    return owner[:1].isupper() or owner.lstrip("_")[:1].isupper() or owner in BUILTINS
