"""What a command line that is made of objects offers: the methods of a class, the functions of a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.members import bases
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts


def offered_methods(cls: ClassRef) -> Iterator[FunctionRef]:
    """The public methods of a class and of its bases in the project, but for those that its own methods call.

    Those could be asked for too; they are parts of the others, which prepare what they need.
    """
    seen: set[str] = set()
    parts: set[str] = set()
    pending, order = [cls], [cls]
    while pending:
        below = [base for base in bases(pending.pop()) if isinstance(base, ClassRef) and base not in order]
        pending.extend(below)
        order.extend(below)
    for owner in order:
        parts.update(each.attr for each in walk(owner.node) if isinstance(each, ast.Attribute) and _is_own(each.value))
    for owner in order:
        for child in owner.node.body:
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name not in seen:
                seen.add(child.name)
                if not child.name.startswith("_") and child.name not in parts and not child.decorator_list:
                    method = cls.module.names.attribute(Instance(cls), child.name)
                    if isinstance(method, FunctionRef):
                        yield method


def offered_functions(module: ModuleFacts) -> Iterator[FunctionRef]:
    """The public functions at the top level of a file, but for those that the file itself uses."""
    used = {each.id for each in walk(module.tree) if isinstance(each, ast.Name)}
    functions = (child for child in module.tree.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))
    for function in functions:
        if not function.name.startswith("_") and function.name not in used:
            yield FunctionRef(module, function)


def _is_own(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"
