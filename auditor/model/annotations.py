"""The names of `typing` that our modules write, without loading it: 3 ms, for what only type checkers read.

Type checkers see `typing` itself. When a program runs, what is here is as good for annotations that nobody evaluates;
whoever evaluates them (`report.schema`) meets `typing` in its own module.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generic, Literal, NewType, Protocol, TextIO, TypeAlias, TypeGuard, TypeVar, cast
else:

    class _Written:
        """What can be written in an annotation, with or without brackets."""

        def __class_getitem__(cls, item):
            return cls

    class Any(_Written):
        pass

    class Literal(_Written):
        pass

    class TypeGuard(_Written):
        pass

    class Generic(_Written):
        pass

    class Protocol(_Written):
        pass

    TextIO = TypeAlias = _Written

    def TypeVar(name, **limits):  # noqa: N802
        return _Written

    def NewType(name, base):  # noqa: N802
        def made(value):
            return value

        made.__name__ = name
        made.__supertype__ = base
        return made

    def cast(kind, value):
        return value


__all__ = [
    "TYPE_CHECKING", "Any", "Generic", "Literal", "NewType", "Protocol", "TextIO", "TypeAlias", "TypeGuard", "TypeVar",
    "cast",
]  # fmt: skip
