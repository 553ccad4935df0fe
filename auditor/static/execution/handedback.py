"""What functions hand back that are followed for the sake of that alone: a seed in what they got, or made of it."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.givenattributes import attributes_of
from auditor.static.resolution.constants import assigned
from auditor.static.resolution.mappings import entries_of
from auditor.static.resolution.seedvalue import GIVEN, IS_NONE, MAX_PARTS, OPTIONS, OVER_OTHERS, Entries, Seen, holding
from auditor.static.syntax.elements import is_none
from auditor.static.text.seednames import may_name_seed

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.frame import Frame
    from auditor.static.resolution.values import FunctionRef


def none_in(returned: ast.expr) -> Seen:
    """What is written as None, itself or in a tuple; of all else no more is known."""
    if is_none(returned):
        return IS_NONE
    if not isinstance(returned, ast.Tuple) or not any(map(is_none, returned.elts)) or len(returned.elts) > MAX_PARTS:
        return GIVEN
    return holding(GIVEN, parts=tuple(IS_NONE if is_none(part) else GIVEN for part in returned.elts))


def hands_back_seed(ref: FunctionRef, inside: Frame) -> bool:
    """Whether a function returns what it is given, and that holds a seed: `args`, `config = vars(args)`."""
    held = [name for name, value in inside.values.items() if (entries := entries_of(value)) and names_seed(entries)]
    names = [each for each in ref.module.returns(ref.node) if isinstance(each, ast.Name)] if held else []
    return any(each.id in held or _is_made_of(ref.module, each, held) for each in names)


def makes_of_given(ref: FunctionRef, inside: Frame) -> bool:
    """Whether a function makes an object of a dictionary that it is given: `return cls(**values)`."""
    if not any(entries_of(value) for value in inside.values.values()):
        return False
    made = [each for each in ref.module.returns(ref.node) if isinstance(each, ast.Call)]
    return any(word.arg is None for each in made for word in each.keywords)


def _is_made_of(module: ModuleFacts, node: ast.Name, names: list[str]) -> bool:
    found = assigned(module, node)
    return found is not None and getattr(attributes_of(found[1]), "id", "") in names


def names_seed(entries: Entries) -> bool:
    return entries.rest in (OPTIONS, OVER_OTHERS) or any(map(may_name_seed, entries.known))
