"""What must be true of a file before a call that a rule asks for can stand in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.static.scanning.arguments import Argument
from auditor.static.scanning.conditions import CallCondition
from auditor.static.scanning.prerequisites import Prerequisite, packages_of
from auditor.static.text.mentions import Names


def call_prerequisites(
    condition: CallCondition, *, unseeded: Iterable[str] = (), in_program: bool = False
) -> tuple[Prerequisite, ...]:
    """One for the listed functions and one for the listed methods, with the words that their arguments need."""
    arguments = (*_argument_words(condition), *((condition.inside,) if condition.inside else ()))
    found: list[Prerequisite] = []
    names = (*condition.callees, *condition.prefixes)
    if names:
        found.append(
            Prerequisite(
                literals=((condition.given_words,) if condition.given_words else ()) + (_last_parts(names), *arguments),
                names=Names(condition.callees, condition.prefixes, called=not condition.decorators),
                packages=packages_of(names),
                unseeded=frozenset(unseeded),
                in_program=in_program,
            )
        )
    if condition.methods:
        found.append(
            Prerequisite(
                literals=((condition.given_words,) if condition.given_words else ()) + arguments,
                methods=condition.methods,
                unseeded=frozenset(unseeded),
                in_program=in_program,
            )
        )
    return tuple(found)


def _last_parts(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.rstrip(".").rpartition(".")[2] for name in names)


def _argument_words(condition: CallCondition) -> Iterator[frozenset[str]]:
    """Groups of words of which one must stand where the arguments are as they have to be."""
    groups = [tuple(_words_of(argument)) for argument in condition.arguments]
    if not condition.any_argument:
        for found in groups:
            yield from found
    elif groups and all(groups):
        yield frozenset(word for found in groups for word in found[0])


def _words_of(argument: Argument) -> Iterator[frozenset[str]]:
    if argument.holds_when_left_out:
        return
    if argument.position is None:
        yield frozenset({argument.name})
    for names in (argument.resolves, argument.calls, argument.is_call):
        if names:
            yield _last_parts(names)
