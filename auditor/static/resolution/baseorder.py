"""In which order the classes that one extends are asked for an attribute, also where mixins stand side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from auditor.static.resolution.values import ClassRef, External, Value

MAX_BASES = 40
"""Classes on the way up; longer hierarchies are not followed."""


def above(cls: ClassRef, bases: Callable[[ClassRef], Sequence[Value]]) -> Iterator[ClassRef | External]:
    """The classes that are known and come after `cls`; `bases`: those that a class is written with."""
    found = bases(cls)
    for _ in range(MAX_BASES):
        if len(found) != 1:
            break
        base = found[0]
        if isinstance(base, ClassRef | External):
            yield base
        found = bases(base) if isinstance(base, ClassRef) else ()
    if len(found) > 1:
        yield from _merged(found, bases)


def _merged(starts: Sequence[Value], bases: Callable[[ClassRef], Sequence[Value]]) -> list[ClassRef | External]:
    """Each class once, before those that it extends and, where that leaves it open, from left to right."""
    seen: set[Value] = set()
    found: list[ClassRef | External] = []
    for start in reversed(starts[:MAX_BASES]):
        _visit(start, bases, seen, found)
    return found[::-1]


def _visit(
    cls: Value, bases: Callable[[ClassRef], Sequence[Value]], seen: set[Value], found: list[ClassRef | External]
) -> None:
    """Add a class behind those that it extends."""
    if cls in seen or len(seen) >= MAX_BASES or not isinstance(cls, ClassRef | External):
        return
    seen.add(cls)
    for base in reversed(bases(cls) if isinstance(cls, ClassRef) else ()):
        _visit(base, bases, seen, found)
    found.append(cls)
