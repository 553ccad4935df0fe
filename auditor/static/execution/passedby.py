"""Functions of the project that are called and not entered: nothing that they do can count, or be told of."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.written import given_by
from auditor.static.execution.handedback import hands_back_seed, makes_of_given, names_seed, none_in
from auditor.static.resolution.classfactories import makes_class_at_hand
from auditor.static.resolution.mappings import entries_of, is_copy_of_name, writes_seed
from auditor.static.resolution.seedvalue import GIVEN, Seen
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance, Value
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.elements import call_of

if TYPE_CHECKING:
    from auditor.static.execution.walk import Walk
    from auditor.static.resolution.frame import Frame


class PassedBy:
    """Which functions one program passes by, and what these give."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._gives: dict[tuple[Function, bool], Seen | None] = {}
        """What functions give whatever they are given; None of those of which that has to be looked at."""

    def can_matter(self, ref: FunctionRef, values: Iterable[Value]) -> bool:
        """Whether the function, or anything of the project that it is given, can lead to a draw or a seed."""
        relevance = self._walk.relevance
        if relevance.is_relevant(ref.node):
            return True
        for value in values:
            if relevance.registries.is_table(value):
                return True
            if isinstance(value, External) and self._walk.project.rng.is_known(value.name):
                return True
            made = value.of if isinstance(value, Instance) else value
            is_other = made != ref.owner or makes_class_at_hand(ref)
            if is_other and isinstance(made, FunctionRef | ClassRef) and relevance.is_relevant(made.node):
                return True
        return False

    def may_tell(self, ref: FunctionRef, node: ast.Call | None, inside: Frame) -> bool:
        """Whether something that becomes a seed may come out of a function: a clock's number, what an object keeps."""
        if getattr(ref.node, "name", "") == "__init__":
            held = [entries_of(value) for value in inside.values.values()]
            if any(entries is not None and names_seed(entries) for entries in held):
                return True
            evaluator = self._walk.evaluator
            return any(evaluator.kept.names_seed(evaluator, value) for value in names_of(inside))
        if node is None:
            return False
        return self._walk.relevance.may_differ(ref.node) or hands_back_seed(ref, inside) or makes_of_given(ref, inside)

    def written(self, ref: FunctionRef, inside: Frame) -> Seen:
        """What a function gives that only returns `_C.clone()`, `0.1, None`, or a mapping or namespace with a seed."""
        returned = ref.module.returns(ref.node)
        if len(returned) == 1 and _is_read(returned[0]):
            return self._walk.evaluator.value(returned[0], inside)
        return _as_written(ref)

    def told(self, ref: FunctionRef, node: ast.Call | None, frame: Frame) -> Seen | None:
        """The same before anything is worked out that the call gives; None where that may count.

        Two of three calls are such ones, and what they are given takes a tenth of the time of following a program.
        """
        key = ref.node, ref.owner is not None
        if key not in self._gives:
            self._gives[key] = _as_written(ref) if self._gives_the_same(ref) else None
        gives = self._gives[key]
        if gives is None or (node is not None and call_of(node, None).opaque):
            return None
        return None if self.can_matter(ref, self._values(ref, node, frame)) else gives

    def _gives_the_same(self, ref: FunctionRef) -> bool:
        """Whether neither `can_matter` nor `may_tell` nor `written` asks what the parameters are worth."""
        if self._walk.relevance.is_relevant(ref.node) or self._walk.relevance.may_differ(ref.node):
            return False
        returned = ref.module.returns(ref.node)
        return getattr(ref.node, "name", "") != "__init__" and not any(
            isinstance(each, ast.Name)
            or (isinstance(each, ast.Call) and any(word.arg is None for word in each.keywords))
            or (len(returned) == 1 and _is_read(each))
            for each in returned
        )

    def _values(self, ref: FunctionRef, node: ast.Call | None, frame: Frame) -> Iterator[Value]:
        """What the parameters of a call stand for that gives them one by one."""
        signature = ref.module.written.signature(ref.node)
        positional = signature.positional
        is_own = ref.bound or signature.kind == "class"
        if ref.owner is not None and signature.kind != "static" and positional and is_own:
            own = self._walk.calls.functions.frames.own_object
            yield ref.owner if signature.kind == "class" else own(ref.owner, node, frame)
            positional = positional[1:]
        for given in given_by(node, positional, signature.keyword_only).values():
            yield frame.resolve(given)


def names_of(frame: Frame) -> tuple[Value, ...]:
    """What the parameters of the frame's own function stand for."""
    return tuple(value for (function, _), value in frame.arguments.items() if function is frame.function)


def _is_read(returned: ast.expr) -> bool:
    return is_copy_of_name(returned) or writes_seed(returned)


def _as_written(ref: FunctionRef) -> Seen:
    returned = ref.module.returns(ref.node)
    if len(returned) != 1 or ref.owner is not None or isinstance(ref.node, ast.Lambda):
        return GIVEN
    return none_in(returned[0])
