"""Files that are put into an archive which a function is handed: `ziph.write(os.path.join(root, file))`.

The members of an archive are found by their names, in whatever order they were put in. A file of text that lists paths
has something between them: who writes nothing but bare paths, or a path and the name that it gets, fills an archive.
"""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts


def is_archived(module: ModuleFacts, write: ast.Call) -> bool:
    """Whether all that a function writes to what this call writes to are files, by their paths."""
    function = module.enclosing_function(write)
    if function is None or not isinstance(write.func, ast.Attribute) or not isinstance(write.func.value, ast.Name):
        return False
    archive = write.func.value.id
    parameters = function.args
    if archive not in {each.arg for each in (*parameters.posonlyargs, *parameters.args, *parameters.kwonlyargs)}:
        return False
    uses = [node for node in walk(function) if isinstance(node, ast.Name) and node.id == archive]
    return all(_is_put_in(module, use) for use in uses)


def _is_put_in(module: ModuleFacts, use: ast.Name) -> bool:
    method = module.parent(use)
    call = module.parent(method) if isinstance(method, ast.Attribute) and method.value is use else None
    if not isinstance(method, ast.Attribute) or not isinstance(call, ast.Call) or call.func is not method:
        return False
    if method.attr == "close":
        return True
    path = call.args[0] if call.args else None
    if method.attr != "write" or not isinstance(path, ast.Call) or module.resolve(path.func) != "os.path.join":
        return False
    return all(map(_is_part, path.args))


def _is_part(node: ast.expr) -> bool:
    """Not what may end a line: `f"{file}\\n"`, `file + "\\n"`."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and "\n" not in node.value
    return isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
