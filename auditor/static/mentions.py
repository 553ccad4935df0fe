"""Whether a file can mean one of some fully qualified names, from its bytes: nine in ten that hold the word do not.

Each place where the last part of a name stands is read backwards to its first part, and that is looked up among what
the file imports. Where the bytes do not tell, the answer is yes. Strings and comments count as code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from auditor.model.lean import dataclass, field
from auditor.model.pattern import lazy_pattern
from auditor.static.names import BUILTINS
from auditor.static.sketch import BY_NAME, Sketch

_CHAIN = lazy_pattern(rb"([A-Za-z_\x80-\xff][\w\x80-\xff]*(?:\.[A-Za-z_\x80-\xff][\w\x80-\xff]*)*)\.$")
_BLANKS = b" \t\f\r\n\\"
_REACH = 300
"""Bytes before a word in which its first part is looked for."""

_BROKEN = b"?"
_MODULE = lazy_pattern(rb"[ \t(]*[A-Za-z_][\w.]*[ \t)]*(?:$|[#;\r\n]|if\b|or\b)", re.MULTILINE)
"""The rest of an assignment of a name, with or without an alternative."""

_CALLED = lazy_pattern(rb"(?:[\s\\]|#[^\n]*\n)*\(")
_GIVING = lazy_pattern(rb"(?:(?<![=!<>])=|:=|\b(?:return|else|or|and|await|if|as|in|lambda[^:\n]*:))$")
_PAIRED = lazy_pattern(rb"^[^=()\n]*[^=!<>()\n]=[^=()\n]*,$")
_PASSING = lazy_pattern(rb"\b(?:partial|wraps|compile|script|DataParallel|getattr)\b")


@dataclass(frozen=True)
class Names:
    """Fully qualified names that a rule is about."""

    full: frozenset[str]
    prefixes: tuple[str, ...] = ()
    """`package.module.`: every name directly in there."""

    called: bool = False
    """Only where they are called, or given to something that may be called."""

    @property
    def of_objects(self) -> bool:
        """Whether some are methods, which are called on objects of any name."""
        return any(_is_method(name) for name in self.full) or any(_is_method(f"{each}x") for each in self.prefixes)

    def hold(self, name: str) -> bool:
        """Whether a full name is one of these, or the module of a prefix, or anything in there."""
        return name in self.full or any(f"{name}.".startswith(prefix) for prefix in self.prefixes)

    def is_renamed(self, name: str, local: bytes) -> bool:
        """Whether a name that is bound here means one of these and cannot be found by the last part of any."""
        return self.hold(name) and (name not in self.full or name.rpartition(".")[2].encode() != local)


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


def mentions(raw: bytes, bound: Imported, names: Names) -> bool:
    """Whether one of `names` can be meant anywhere in the bytes."""
    for local, targets in bound.names.items():
        if any(each is not None and names.is_renamed(each, local) for each in targets):
            return True
    passing: bool | None = None
    for word in _last_parts(names):
        for match in _word(word).finditer(raw):
            start = match.start()
            before = raw[max(0, start - _REACH) : start]
            if before[-1:] in (b'"', b"'") and raw[match.end() : match.end() + 1] == before[-1:] and b"getattr" in raw:
                return True
            chain, before = _chain(before)
            if names.called and word not in _modules(names) and not _CALLED.match(raw, match.end()):
                if passing is None:
                    passing = _PASSING.search(raw) is not None
                if not _is_given(before, passing=passing):
                    continue
            if _can_be(chain, word, raw, bound, names):
                return True
    return False


def _chain(before: bytes) -> tuple[bytes | None, bytes]:
    """What stands before the last part, `a.b` in `a.b.c`, and what stands before that.

    Empty where the name stands alone, `_BROKEN` where it stands in pieces, None where it is part of an expression that
    is no name.
    """
    match = _CHAIN.search(before)
    rest = before[: match.start()] if match else before
    code = rest.rstrip(_BLANKS)
    if b"\n" in rest[len(code) :] and b"#" in code.rpartition(b"\n")[2]:
        return (match[1] if match else _BROKEN), rest
    if not code.endswith(b"."):
        return (match[1] if match else b""), rest
    inner = code[:-1].rstrip(_BLANKS)[-1:]
    return (_BROKEN if inner.isalnum() or inner == b"_" else None), rest


def _is_given(before: bytes, *, passing: bool) -> bool:
    """Whether a name that is not called gets another name here, or is handed to what returns it."""
    code = before.rstrip(b" \t(")
    if _GIVING.search(code) or _PAIRED.search(code.rpartition(b"\n")[2]):
        return True
    return (passing and before.rstrip(_BLANKS)[-1:] in (b"(", b",", b'"', b"'", b"=")) or b"\\" in before[-4:]


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


def _assignment(name: bytes) -> re.Pattern[bytes]:
    """Plain text first, which is what can be searched for fast."""
    text = re.escape(name)
    return re.compile(text + rb"(?<![\w.]" + text + rb")[ \t]*(?::[^=\n]*)?=(?!=)")


@cache
def _last_parts(names: Names) -> tuple[bytes, ...]:
    parts = {name.rpartition(".")[2] for name in names.full} | {
        each.rstrip(".").rpartition(".")[2] for each in names.prefixes
    }
    return tuple(sorted(part.encode() for part in parts))


@cache
def _modules(names: Names) -> frozenset[bytes]:
    """Last parts of the prefixes: what stands after them is called."""
    return frozenset(each.rstrip(".").rpartition(".")[2].encode() for each in names.prefixes)


@cache
def _word(word: bytes) -> re.Pattern[bytes]:
    # Plain text first, which is what can be searched for fast.
    return re.compile(re.escape(word) + rb"(?<!\w" + re.escape(word) + rb")(?!\w)")


def _is_method(name: str) -> bool:
    owner = name.rpartition(".")[0].rpartition(".")[2]
    return owner[:1].isupper() or owner.lstrip("_")[:1].isupper() or owner in BUILTINS
