"""What is made by a call and runs when it is used: generators, coroutines, `map`.

`batches = stream(items)` executes nothing of `stream`; the first use of `batches` does.
"""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.frame import Frame
from auditor.static.values import External, FunctionRef

if TYPE_CHECKING:
    from auditor.static.walk import Walk

_LAZY = frozenset({"filter", "itertools.starmap", "map"})
"""What of the standard library calls a function when its result is used."""


class Delayed:
    """What was made in the frames of one program and not used yet."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk

    def name(self, node: ast.stmt, frame: Frame) -> str | None:
        """The name that a statement gives to something that runs when it is used; None where all of it runs now."""
        if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
            return None
        if isinstance(node.value, ast.GeneratorExp):
            return node.targets[0].id
        if not isinstance(node.value, ast.Call):
            return None
        made = frame.resolve(node.value.func)
        if isinstance(made, FunctionRef):
            runs_later = made.module.written.is_delayed(made.node)
        else:
            runs_later = isinstance(made, External) and made.name in _LAZY
        return node.targets[0].id if runs_later else None

    def make(self, node: ast.expr, frame: Frame) -> tuple[ast.expr, ...]:
        """Execute what making a generator executes: the arguments of its call, the first iterable of its clauses.

        Gives what runs when it is used: itself, after the generators that it is given.
        """
        now = [node.generators[0].iter] if isinstance(node, ast.GeneratorExp) else []
        if isinstance(node, ast.Call):
            now = [*node.args, *(word.value for word in node.keywords)]
        given: tuple[ast.expr, ...] = ()
        for part in now:
            if isinstance(part, ast.Name):
                given += frame.delayed.pop(part.id, ())
            else:
                self._walk.expression(part, frame)
        return (*given, node)

    def run(self, name: str, frame: Frame) -> None:
        """Something that was made before is used for the first time, or for the first time in this arm."""
        nodes = frame.delayed.pop(name, ())
        for node in nodes:
            if isinstance(node, ast.Call):
                self._walk.calls.call(node, frame)
            elif isinstance(node, ast.GeneratorExp):
                self._walk.comprehension(node, frame)
        if self._walk.tests and nodes:
            frame.delayed[name] = nodes

    def run_all(self, frame: Frame) -> None:
        """At the end of a function or module: what was made in it is used elsewhere, if at all."""
        for name in sorted(frame.delayed):
            self.run(name, frame)
        frame.delayed.clear()
