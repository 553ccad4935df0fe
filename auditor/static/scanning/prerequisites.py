"""What must be true of a file before a rule can hold in it, as far as its bytes and its imports tell.

Whatever is given must hold; a rule that can hold in several ways has several prerequisites, of which one is enough.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model.annotations import Protocol, cast
from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern
from auditor.model.rule import Rule
from auditor.ruleset.library import Library
from auditor.static.matcher import Matcher
from auditor.static.text.builtinnames import BUILTINS, with_wrapping
from auditor.static.text.mentions import Names

_CALLED = lazy_pattern(rb"(?:[\s\\]|#[^\n]*\n)*\(")
"""What stands behind a name that is called."""

_REACH = 200
"""Bytes before a name in which its dot is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prerequisite:
    """One way in which a rule can hold."""

    literals: tuple[frozenset[str], ...] = ()
    """Of each group one word or text must stand in the file."""

    methods: frozenset[str] = frozenset()
    """One of these must be called on something: `.to(`."""

    names: Names | None = None
    """One of these must be meant somewhere; their last parts are among `literals`."""

    packages: frozenset[str] = frozenset()
    """One of these top-level packages must be imported, by the file or by what it imports."""

    unseeded: frozenset[str] = frozenset()
    """A program must reach the file that does not seed one of these libraries as it should."""

    in_program: bool = False
    """A program must reach the file."""


class _Demanding(Protocol):
    """A matcher that knows more than words."""

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...] | None:
        """What must be true of a file; None: nothing in particular."""


def prerequisites(matcher: Matcher, rule: Rule) -> tuple[Prerequisite, ...] | None:
    """What a matcher asks of a file for a rule; None: nothing in particular."""
    if hasattr(matcher, "prerequisites"):
        return cast("_Demanding", matcher).prerequisites(rule)
    literals = matcher.literals(rule)
    return None if literals is None else (Prerequisite(literals=(literals,)),)


def naming(names: Iterable[str], *literals: frozenset[str], called: bool = False) -> Prerequisite:
    """One of some fully qualified names must be meant (`called`: called), and of each group one literal stand there."""
    full = frozenset(names)
    last = frozenset(name.rpartition(".")[2] for name in full)
    return Prerequisite(literals=(last, *literals), names=Names(full, called=called), packages=packages_of(full))


def packages_of(names: Iterable[str]) -> frozenset[str]:
    """The packages without which none of these names can come up; empty where one of them needs none."""
    found = {name.partition(".")[0] for name in names}
    return frozenset() if not found.isdisjoint(BUILTINS) else frozenset(with_wrapping(found))


def calls_method(raw: bytes, methods: frozenset[str]) -> bool:
    """Whether one of the methods is called in the bytes of a file."""
    for method in sorted(methods):
        word = method.encode()
        start = raw.find(word)
        while start >= 0:
            end = start + len(word)
            if _CALLED.match(raw, end) and _follows_dot(raw[max(0, start - _REACH) : start]):
                return True
            start = raw.find(word, end)
    return False


def _follows_dot(before: bytes) -> bool:
    """Whether what stands before a name ends with a dot, blanks and comments left aside."""
    code = before.rstrip(b" \t\f\r\n\\")
    return code.endswith(b".") or (b"\n" in before[len(code) :] and b"#" in code.rpartition(b"\n")[2])


def _fixed_part(pattern: str) -> str:
    """What stands before the first part that holds a `*`, with its dot."""
    return pattern[: pattern.rfind(".", 0, pattern.index("*")) + 1]


def drawing(libraries: Iterable[Library]) -> tuple[Prerequisite, ...]:
    """What must be true of a file in which a call may draw from one of these RNG libraries."""
    found: list[Prerequisite] = []
    for library in libraries:
        callees = [name for draw in library.conditional for name in draw.callees]
        full = library.draw_names.union(name for name in callees if "*" not in name)
        # Of `transformers.*Model` only the package is known.
        prefixes = (*library.draw_prefixes, *(_fixed_part(name) for name in callees if "*" in name))
        last = frozenset(name.rstrip(".").rpartition(".")[2] for name in (*full, *prefixes))
        names = Names(full, tuple(sorted(set(prefixes))))
        found.append(Prerequisite(literals=(last,), names=names, packages=packages_of((*full, *prefixes))))
        if library.draw_methods:
            found.append(Prerequisite(methods=library.draw_methods))
    return tuple(found)
