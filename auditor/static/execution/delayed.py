"""What is made by a call and runs when it is used: generators, coroutines, `map`.

`batches = stream(items)` executes nothing of `stream`; the first use of `batches` does.
"""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.values import External, FunctionRef

if TYPE_CHECKING:
    from auditor.static.execution.walk import Walk

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
        if isinstance(node.value, ast.GeneratorExp) or self._is_of_coroutines(node.value, frame):
            return node.targets[0].id
        if not isinstance(node.value, ast.Call):
            return None
        return node.targets[0].id if self._runs_later(node.value, frame) else None

    def _runs_later(self, node: ast.Call, frame: Frame) -> bool:
        made = frame.resolve(node.func)
        if not isinstance(made, FunctionRef):
            return isinstance(made, External) and made.name in _LAZY
        return made.module.written.is_delayed(made.node)

    def _is_of_coroutines(self, node: ast.expr, frame: Frame) -> bool:
        """`[work(n) for n in numbers]`, `[one(), other()]`, which are gathered later."""
        parts = [node.elt] if isinstance(node, ast.ListComp) else node.elts if isinstance(node, ast.List) else []
        return bool(parts) and all(isinstance(each, ast.Call) and self._runs_later(each, frame) for each in parts)

    def make(self, node: ast.expr, frame: Frame) -> tuple[ast.expr, ...]:
        """Execute what making a generator executes: the arguments of its call, the first iterable of its clauses.

        Gives what runs when it is used: itself, after the generators that it is given.
        """
        now = [node.generators[0].iter] if isinstance(node, ast.GeneratorExp | ast.ListComp) else []
        if isinstance(node, ast.Call):
            now = [*node.args, *(word.value for word in node.keywords)]
        given: tuple[ast.expr, ...] = ()
        for part in now:
            if isinstance(part, ast.Name):
                given += frame.delayed.pop(part.id, ())
            elif isinstance(part, ast.Call) and self._runs_later(part, frame):
                given += self.make(part, frame)
            else:
                self._walk.expression(part, frame)
        return (*given, node)

    def run(self, name: str, frame: Frame) -> None:
        """Something that was made before is used for the first time, or for the first time in this arm."""
        nodes = frame.delayed.pop(name, ())
        for node in nodes:
            if isinstance(node, ast.Call):
                self._walk.calls.call(node, frame)
            elif isinstance(node, ast.GeneratorExp | ast.ListComp):
                self._walk.comprehension(node, frame)
            elif isinstance(node, ast.List):
                for part in node.elts:
                    self._walk.expression(part, frame)
        if self._walk.tests and nodes:
            frame.delayed[name] = nodes

    def run_all(self, frame: Frame) -> None:
        """At the end of a function or module: what was made in it is used elsewhere, if at all."""
        for name in sorted(frame.delayed):
            self.run(name, frame)
        frame.delayed.clear()
