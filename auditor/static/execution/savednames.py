"""Random numbers that only name what is saved: `torch.save(net, f"{folder}/{number}.pt")`, `os.remove(f"…")`."""

from __future__ import annotations

import ast
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.flow import MAX_READS, uses
from auditor.static.resolution.targets import only_target

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_PATHS = {
    "numpy.save": 0, "numpy.savez": 0, "os.makedirs": 0, "os.mkdir": 0, "os.remove": 0, "os.unlink": 0,
    "shutil.rmtree": 0, "torch.save": 1,
}  # fmt: skip
"""Calls that write under a name, or take away what is there, and where they have it; none that reads."""


def only_names_what_is_saved(module: ModuleFacts, statement: ast.stmt) -> bool:
    """Whether all that is done with what a statement draws is to put it into the paths of such calls."""
    target = only_target(statement)
    if not isinstance(target, ast.Name) or not isinstance(statement, ast.Assign):
        return False
    function = module.enclosing_function(statement)
    if function is None and module.project.is_imported(module.path):
        return False
    if any(module.enclosing_function(each.node) is not function for each in module.lookup.bindings_of(target)):
        return False  # `global number`
    scope = module.index.scopes.get(function) if function is not None else None
    if scope is not None and target.id in scope.elsewhere:
        return False
    reads = list(islice(uses(module, target), MAX_READS + 1))
    return 0 < len(reads) <= MAX_READS and all(_is_in_path(module, read) for read in reads)


def _is_in_path(module: ModuleFacts, read: ast.expr) -> bool:
    """`f"{folder}/{number}.pt"` as an argument."""
    inserted = module.parent(read)
    text = module.parent(inserted) if isinstance(inserted, ast.FormattedValue) else None
    call = module.parent(text) if isinstance(text, ast.JoinedStr) else None
    if not isinstance(text, ast.JoinedStr) or not isinstance(call, ast.Call) or text not in call.args:
        return False
    is_path = any(isinstance(part, ast.Constant) and "/" in str(part.value) for part in text.values)
    return is_path and _PATHS.get(module.resolve(call.func) or "") == call.args.index(text)
