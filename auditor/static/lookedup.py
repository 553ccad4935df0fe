"""What is looked up by a name that is put together, in a module, a class or an object: `getattr(self, "run_" + x)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.importcalls import Text
from auditor.static.members import MAX_BASES, bases, defined_in
from auditor.static.values import ClassRef, FunctionRef, Instance, ModuleRef, Value

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_METHODS = 200
"""Methods of one class among which one is looked up."""


def looked_up(module: ModuleFacts, base: Value, texts: Sequence[Text], at: ast.expr) -> Iterator[Value]:
    """What `getattr(base, name)` may be, of a name that is one of some texts and a base of the project.

    Of an object nothing, where nothing is known of the name: what configurations name is mostly not called at once.
    `at`: where it stands; a method that looks others up is none of them.
    """
    for text in texts:
        if text.end is None:
            yield module.names.attribute(base, text.begin)
    open_ = [text for text in texts if text.end is not None]
    if open_ and isinstance(base, ModuleRef):
        for value in defined_in(module, base) or ():
            if isinstance(value, FunctionRef | ClassRef) and any(
                text.fits(getattr(value.node, "name", "")) for text in open_
            ):
                yield value
    cls = base.of if isinstance(base, Instance) else base
    partly = [text for text in open_ if text.begin or text.end]
    if partly and isinstance(cls, ClassRef):
        around = module.enclosing_function(at)
        for method in _methods(cls):
            if any(text.fits(method) for text in partly) and method != getattr(around, "name", None):
                yield module.names.attribute(base, method)


def _methods(cls: ClassRef) -> list[str]:
    """Names of the methods of a class and of those of the project that it extends."""
    found: dict[str, None] = {}
    pending, seen = [cls], {cls}
    for each in pending:
        functions = (child for child in each.node.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))
        found.update(dict.fromkeys(child.name for child in functions))
        above = [base for base in bases(each) if isinstance(base, ClassRef) and base not in seen]
        seen.update(above)
        pending += above[: MAX_BASES - len(pending)] if len(pending) < MAX_BASES else []
    return list(found)[:MAX_METHODS]
