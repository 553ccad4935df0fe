"""What calls give inside one question: names in calls in names lead to one call in thousands of ways.

`x = layer(x)` ten times in turn asks at each layer what `x` is worth and whether it is text, and each of these asks
again what the layer before gives. Within one question nothing is executed, so that the answers are the same.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.seedvalue import Seen
from auditor.static.syntax.bindings import Function

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

_Place = tuple[ast.Call, Frame, int]
_Around = tuple["ModuleFacts", Function | None, Frame | None, int]


class NestedCalls:
    """What an `Evaluator` remembers until the question that it was asked is answered."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._given: Memory[_Place, Seen] | None = None
        """By the call, the frame and how deep the question was then; None where no question is open."""

        self._frames: dict[_Around, Frame] = {}
        """Frames in which names are read where they stand: nothing is ever bound in them."""

    def within(self, ask: Callable[[], Seen]) -> Seen:
        """What `ask()` gives, which may ask the same of one call many times."""
        if self._given is not None:
            return ask()
        self._given = {}
        try:
            return ask()
        finally:
            self._given = None
            self._frames.clear()

    def once(self, node: ast.Call, frame: Frame, depth: int, work: Callable[[], Seen]) -> Seen:
        """What a call gives, found by `work()` once for each question."""
        if self._given is None:
            return work()
        return self._project.trace.once(self._given, (node, frame, depth), work)

    def forget(self) -> None:
        """Something is known that was taken for GIVEN while it was being found out."""
        if self._given is not None:
            self._given.clear()

    def frame(
        self, module: ModuleFacts, function: Function | None, parent: Frame | None = None, like: Frame | None = None
    ) -> Frame:
        """A frame of which no more is known, with the results of calls in another one: one for all that ask so."""
        key = module, function, parent, id(like.results) if like is not None else 0
        found = self._frames.get(key)
        if found is None:
            found = Frame(module, function, parent)
            if like is not None:
                found.results = like.results
            if self._given is not None:
                self._frames[key] = found
        return found
