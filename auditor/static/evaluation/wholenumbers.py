"""Whether an expression certainly is a number, or holds nothing but numbers: their hashes are not salted."""

from __future__ import annotations

import ast

from auditor.static.evaluation.annotatedkinds import NUMBERS, holds_only
from auditor.static.evaluation.filledtables import EMPTY_TABLES, Part, is_table, table_holds
from auditor.static.evaluation.flow import uses
from auditor.static.facts import Known, ModuleFacts
from auditor.static.syntax.bindings import Binding, BindingKind

INTEGERS = frozenset({"int", "len", "range", "ord", "round"})
"""Builtins that give whole numbers."""

_DRAWN = frozenset(
    {"random.betavariate", "random.gauss", "random.getrandbits", "random.randint", "random.random", "random.randrange"}
    | {"random.uniform"}
)
"""Functions that draw one number."""

_OF_PARTS = frozenset({"frozenset", "hash", "tuple"})
"""Functions whose result is as good as a number where what they are given is: its hash is made of theirs."""

_ONE_OF = frozenset({"max", "min", "random.choice", "sum"})
"""Functions that give one of the numbers that they are given, or a number made of them."""

_NUMPY = frozenset(
    {
        *("arange", "argmax", "argmin", "argpartition", "argsort", "argwhere", "bincount", "digitize", "flatnonzero"),
        *("linspace", "nonzero", "ones", "searchsorted", "zeros"),
        *("random.randint", "random.rand", "random.randn", "random.uniform", "random.normal"),
    }
)
"""Functions of NumPy whose result holds numbers, whatever they are given."""

_TORCH = frozenset({"arange", "argmax", "argsort", "bincount", "linspace", "nonzero", "randint", "randperm", "unique"})
"""Functions of torch that give a tensor; its elements are numbers once they are out of it."""

_KEEPING = frozenset(
    {
        *("list", "tuple", "sorted", "reversed", "set", "frozenset"),
        *("numpy.array", "numpy.asarray", "numpy.sort", "numpy.unique", "random.sample", "numpy.random.choice"),
        *("numpy.random.permutation", "random.choices"),
        *(f"numpy.random.{kind}.{how}" for kind in ("Generator", "RandomState") for how in ("choice", "permutation")),
    }
)
"""Functions whose result holds what their first argument holds, or whole numbers below it."""

_REARRANGING = frozenset({"frozenset", "list", "reversed", "set", "sorted", "tuple"})
_SAME = frozenset({"copy", "flatten", "ravel", "reshape", "squeeze", "tolist"})
"""Methods of an array whose result holds the same."""

_LEAVING_OUT = frozenset({"difference", "intersection"})
"""Methods of a set whose result holds nothing that is not in it."""

_RANKING = frozenset({"argmax", "argmin", "argpartition", "argsort", "nonzero", "searchsorted"})
"""Methods of an array, a tensor or a column that give positions in it."""

_LABELLING = frozenset({"argmax", "argmin", "argpartition", "argsort", "fit_predict"})
"""Methods whose result holds positions, or the numbers that a clustering gives its parts."""

_OUT_OF_TENSOR = frozenset({"numpy", "tolist"})
_BESIDE_TENSOR = frozenset({"cpu", "detach", "flatten", "long", "reshape", "squeeze", "view"})
_MAX_DEPTH = 8
ONLY_WITH_NUMBERS = (ast.Add, ast.Sub, ast.FloorDiv, ast.Pow)
"""Operators of which one side is a number only where the other is."""

_MAX_WRITTEN = 100
"""Elements of a list that stands in the text; longer ones are not asked about."""

_MAX_ADDITIONS = 20
"""Places that put something into one list; longer ones are not asked about."""

_Told = dict[tuple[ast.AST, str], bool]
"""What is said of names in one answer, each asked once: `x = x + y` may stand there a hundred times."""


def holds_numbers(module: ModuleFacts, node: ast.expr, depth: int = 0, told: _Told | None = None) -> bool:
    """Whether a list, an array or another iterable certainly holds numbers and nothing else."""
    if depth > _MAX_DEPTH:
        return False
    named, node = node, _taken_apart(module, module.origin(node))
    if isinstance(named, ast.Name) and (isinstance(node, ast.Name) or _is_empty_list(module, node)):
        told = {} if told is None else told
        is_list = holds_only(module, named, NUMBERS) or _is_collected(module, named, depth, told)
        return is_list or _always_holds(module, named, depth, told)
    if isinstance(node, ast.Attribute):
        return node.attr in ("shape", "labels_") or _fills(module, node, Part.KEYS, depth, told)
    if isinstance(node, ast.Dict | ast.DictComp) and isinstance(named, ast.Name):
        return _fills(module, named, Part.KEYS, depth, told)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return 0 < len(node.elts) <= _MAX_WRITTEN and all(
            is_number(module, each, depth + 1, told) for each in node.elts
        )
    if isinstance(node, ast.Subscript):
        if is_table(module, node.value):
            return _fills(module, node.value, Part.ITEMS, depth, told)
        return holds_numbers(module, node.value, depth + 1, told)
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return is_number(module, node.elt, depth + 1, told)
    if isinstance(node, ast.BinOp):
        return _combines_numbers(module, node, depth, told)
    return isinstance(node, ast.Call) and _gives_numbers(module, node, named, depth, told)


def _gives_numbers(module: ModuleFacts, node: ast.Call, named: ast.expr, depth: int, told: _Told | None) -> bool:
    """Whether what a call gives, which goes by the name `named`, holds numbers and nothing else."""
    if holds_only(module, node, NUMBERS):
        return True
    name = module.resolve(node.func) or ""
    library, _, function = name.partition(".")
    if name in EMPTY_TABLES and isinstance(named, ast.Name):
        return _fills(module, named, Part.KEYS, depth, told)
    if name == "map" and node.args:
        each = node.args[0]  # `map(int, words)`, `map(lambda word: int(word), words)`
        is_given = isinstance(each, ast.Lambda) and is_number(module, each.body, depth + 1, told)
        return is_given or module.resolve(each) in INTEGERS
    if name in ("enumerate", "zip"):
        return bool(node.args) and all(holds_numbers(module, each, depth + 1, told) for each in node.args)
    if name == "range" or (library == "numpy" and function in _NUMPY):
        return True
    if name in ("numpy.genfromtxt", "numpy.loadtxt"):
        kind = next((word.value for word in node.keywords if word.arg == "dtype"), None)
        return len(node.args) == 1 and (_is_type(module, kind) if kind is not None else name == "numpy.loadtxt")
    if name == "numpy.where":
        return len(node.args) == 1 and not node.keywords
    if name in _KEEPING and node.args:
        first = node.args[0]
        return holds_numbers(module, first, depth + 1, told) or (
            name.startswith("numpy.random.") and is_number(module, first, depth + 1, told)
        )
    if not isinstance(node.func, ast.Attribute) or library in ("numpy", "torch"):
        return False
    return _method_gives_numbers(module, node, node.func, depth, told)


def _method_gives_numbers(
    module: ModuleFacts, node: ast.Call, func: ast.Attribute, depth: int, told: _Told | None
) -> bool:
    """Whether what a method gives holds numbers and nothing else, by its name and what it is called on."""
    if func.attr in ("keys", "values") and not node.args:
        part = Part.KEYS if func.attr == "keys" else Part.VALUES
        return _fills(module, func.value, part, depth, told)
    if func.attr in _LEAVING_OUT:
        return holds_numbers(module, func.value, depth + 1, told)
    if func.attr == "astype":
        return bool(node.args) and _is_type(module, node.args[0])
    if func.attr in _OUT_OF_TENSOR and (
        _is_tensor(module, func.value) or _leaves_torch(module, node) or _ranks(module, func.value)
    ):
        return True
    if func.attr in _LABELLING:
        return True
    return func.attr in _SAME and holds_numbers(module, func.value, depth + 1, told)


def _combines_numbers(module: ModuleFacts, node: ast.BinOp, depth: int, told: _Told | None) -> bool:
    """`array + 1`, `set(range(n)) - known`, `ids + others`: what lists, sets or arrays hold together."""
    sides = (node.left, node.right)
    if isinstance(node.op, ast.Add | ast.Sub) and any(_is_constant(module, side) for side in sides):
        # Only a number, or an array of numbers, can be added to a number.
        return True
    if isinstance(node.op, ast.Sub):
        return holds_numbers(module, node.left, depth + 1, told)
    if isinstance(node.op, ast.BitAnd):
        return any(holds_numbers(module, side, depth + 1, told) for side in sides)
    is_joined = isinstance(node.op, ast.Add | ast.BitOr | ast.BitXor)
    return is_joined and all(holds_numbers(module, side, depth + 1, told) for side in sides)


def _fills(module: ModuleFacts, table: ast.expr, part: Part, depth: int, told: _Told | None) -> bool:
    """Whether a dictionary has nothing but numbers in that part of it, as what is put into it shows."""
    told = {} if told is None else told
    written = table.id if isinstance(table, ast.Name) else getattr(table, "attr", "")
    bindings = module.lookup.bindings_of(table) if isinstance(table, ast.Name) else ()
    key = bindings[0].node if bindings else module.tree, f"{written} {part.value}"
    if key not in told:
        told[key] = False  # what leads back to itself says nothing
        told[key] = table_holds(
            module,
            table,
            part,
            lambda file, value: is_number(file, value, depth + 1, told),
            lambda file, value: holds_numbers(file, value, depth + 1, told),
        )
    return told[key]


def _is_collected(module: ModuleFacts, node: ast.Name, depth: int, told: _Told) -> bool:
    """Whether a name is a list that begins empty and gets numbers and nothing else: `found += x.numpy().tolist()`."""
    bindings = module.lookup.bindings_of(node)
    key = (bindings[0].node, node.id) if bindings else None
    if key is None or len(bindings) > _MAX_ADDITIONS:
        return False
    if key in told:
        return told[key]
    told[key] = False  # what leads back to itself says nothing
    added = [_added(module, use) for use in uses(module, node)]
    parts = [each for each in added if each is not None]
    parts += [(binding.node.value, True) for binding in bindings if isinstance(binding.node, ast.AugAssign)]
    begun = [binding.value for binding in bindings if not isinstance(binding.node, ast.AugAssign)]
    joined = [_joined_to(each, node.id) for each in begun]
    parts += [(each, True) for each in joined if each is not None]
    begun = [
        each for each, more in zip(begun, joined, strict=True) if more is None and not _is_kept(module, each, node)
    ]
    if not begun or not parts or len(parts) > _MAX_ADDITIONS or not all(_is_empty_list(module, each) for each in begun):
        return False
    told[key] = all(
        holds_numbers(module, part, depth + 1, told) if is_whole else is_number(module, part, depth + 1, told)
        for part, is_whole in parts
    )
    return told[key]


def _always_holds(module: ModuleFacts, node: ast.Name, depth: int, told: _Told) -> bool:
    """Whether a name that is bound in several places is bound to numbers in each of them."""
    bindings = module.lookup.bindings_of(node)
    if not 1 < len(bindings) <= _MAX_ADDITIONS or any(each.kind is not BindingKind.VALUE for each in bindings):
        return False
    key = bindings[0].node, f"{node.id} always"
    if key not in told:
        told[key] = False  # what leads back to itself says nothing
        values = [each.value for each in bindings if not isinstance(each.node, ast.AugAssign)]
        is_plain = len(values) == len(bindings)
        told[key] = is_plain and all(
            each is not None and holds_numbers(module, each, depth + 1, told) for each in values
        )
    return told[key]


def _joined_to(value: ast.expr | None, name: str) -> ast.expr | None:
    """What comes to a list in `found = found + more`."""
    if not (isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add)):
        return None
    return value.right if isinstance(value.left, ast.Name) and value.left.id == name else None


def _is_kept(module: ModuleFacts, value: ast.expr | None, name: ast.Name) -> bool:
    """`found = list(set(found))[:9]`: what a name holds already, put into another order, told apart, or some of it."""
    is_kept = False
    while True:
        if isinstance(value, ast.Call) and len(value.args) == 1 and module.resolve(value.func) in _REARRANGING:
            value, is_kept = value.args[0], True
        elif isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice):
            value, is_kept = value.value, True
        else:
            break
    return is_kept and isinstance(value, ast.Name) and value.id == name.id


def _added(module: ModuleFacts, use: ast.expr) -> tuple[ast.expr, bool] | None:
    """What is put into a list there, and whether that is a collection: `found.append(x)`, `found.extend(x)`."""
    attribute = module.parent(use)
    call = module.parent(attribute) if isinstance(attribute, ast.Attribute) else None
    if not (isinstance(call, ast.Call) and isinstance(attribute, ast.Attribute) and call.args):
        return None
    return (call.args[-1], attribute.attr == "extend") if attribute.attr in ("append", "extend", "insert") else None


def _is_empty_list(module: ModuleFacts, node: ast.expr | None) -> bool:
    if isinstance(node, ast.Call):
        return module.resolve(node.func) == "list" and not node.args
    return isinstance(node, ast.List) and not node.elts


def _given_beside(assignment: ast.Assign, name: str) -> ast.expr | None:
    """What a name gets in `a, b = x, y`."""
    target, value = assignment.targets[0], assignment.value
    if not isinstance(target, ast.Tuple | ast.List) or not isinstance(value, ast.Tuple):
        return None
    if len(target.elts) != len(value.elts):
        return None
    pairs = zip(target.elts, value.elts, strict=True)
    return next((given for each, given in pairs if getattr(each, "id", "") == name), None)


def _taken_apart(module: ModuleFacts, node: ast.expr) -> ast.expr:
    """`b` is `y` in `a, b = x, y`, where the name is bound nowhere else."""
    if not isinstance(node, ast.Name):
        return node
    bindings = module.lookup.bindings_of(node)
    made = bindings[0].node if len(bindings) == 1 else None
    if not isinstance(made, ast.Assign) or len(made.targets) != 1:
        return node
    given = _given_beside(made, node.id)
    return node if given is None else module.origin(given)


def _is_tensor(module: ModuleFacts, node: ast.expr) -> bool:
    node = module.origin(node)
    if isinstance(node, ast.Subscript):
        return _is_tensor(module, node.value)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and node.func.attr in _BESIDE_TENSOR:
        return _is_tensor(module, node.func.value)
    name = module.resolve(node.func) or ""
    return name.startswith("torch.") and name.removeprefix("torch.") in _TORCH


def _leaves_torch(module: ModuleFacts, node: ast.expr) -> bool:
    """`x[mask].cpu().numpy().tolist()`: only a tensor of torch has these methods, and it holds no text."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in ("cpu", "detach"):
            return True
        if node.func.attr == "numpy":
            return not any(each.target.startswith("tensorflow") for each in module.imports)
        node = node.func.value
    return False


def _ranks(module: ModuleFacts, node: ast.expr) -> bool:
    """`scores.argsort()[:10]`."""
    node = module.origin(node)
    while isinstance(node, ast.Subscript):
        node = node.value
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _RANKING


def _is_type(module: ModuleFacts, node: ast.expr) -> bool:
    """`int`, `np.int64`, `"int32"`."""
    name = node.value if isinstance(node, ast.Constant) else (module.resolve(node) or "")
    last = str(name).removeprefix("numpy.")
    return last in NUMBERS or last.rstrip("0123456789_") in ("int", "uint", "float", "bool")


def _is_constant(module: ModuleFacts, node: ast.expr) -> bool:
    value = module.constant(node)
    return isinstance(value, Known) and isinstance(value.value, int | float)


def is_number(module: ModuleFacts, node: ast.expr, depth: int = 0, told: _Told | None = None) -> bool:
    """Whether an expression certainly is a number, or a tuple of numbers."""
    if depth > _MAX_DEPTH:
        return False
    told = {} if told is None else told
    if isinstance(node, ast.Tuple):
        return all(is_number(module, each, depth + 1, told) for each in node.elts)
    if _is_constant(module, node):
        return True
    if isinstance(node, ast.Call):
        name = module.resolve(node.func)
        if name in _OF_PARTS and len(node.args) == 1:
            return any(holds(module, node.args[0], depth + 1, told) for holds in (is_number, holds_numbers))
        if name in _ONE_OF and len(node.args) == 1:
            return holds_numbers(module, node.args[0], depth + 1, told)
        return name in _DRAWN or name in INTEGERS - {"range"}
    if isinstance(node, ast.Subscript):
        table = module.origin(node.value)  # `labels[name]` of `{name: label for label, name in enumerate(names)}`
        if isinstance(table, ast.DictComp):
            return is_number(module, table.value, depth + 1, told)
        if is_table(module, node.value):
            return _fills(module, node.value, Part.VALUES, depth, told)
        return not isinstance(node.slice, ast.Slice) and holds_numbers(module, node.value, depth + 1, told)
    if isinstance(node, ast.BinOp):
        sides = [is_number(module, side, depth + 1, told) for side in (node.left, node.right)]
        is_single = not any(is_collection(module, side) for side in (node.left, node.right))
        return any(sides) if is_single and isinstance(node.op, ONLY_WITH_NUMBERS) else all(sides)
    if not isinstance(node, ast.Name):
        return False
    bindings = module.lookup.bindings_of(node)
    return bool(bindings) and all(_binds_number(module, binding, node.id, depth, told) for binding in bindings)


def is_collection(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether a side of an operator is a tuple or a set, to which one of texts may be added."""
    node = module.origin(node)
    is_made = isinstance(node, ast.Call) and module.resolve(node.func) in _OF_PARTS - {"hash"}
    return is_made or isinstance(node, ast.Tuple | ast.Set | ast.Subscript)


def _binds_number(module: ModuleFacts, binding: Binding, name: str, depth: int, told: _Told) -> bool:
    key = binding.value or binding.node, name
    if key not in told:
        told[key] = False  # what leads back to itself says nothing
        told[key] = _gives_number(module, binding, name, depth, told)
    return told[key]


def _gives_number(module: ModuleFacts, binding: Binding, name: str, depth: int, told: _Told) -> bool:
    if binding.kind is BindingKind.VALUE and binding.value is not None:
        return is_number(module, binding.value, depth + 1, told)
    if binding.kind is BindingKind.ELEMENT and binding.value is not None:
        return holds_numbers(module, binding.value, depth + 1, told)
    node = binding.node
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Tuple | ast.List):
        if (given := _given_beside(node, name)) is not None:
            return is_number(module, given, depth + 1, told)  # `user, items = ids[0], ids[1:]`
        return holds_numbers(module, node.value, depth + 1, told)  # `pid, camera = map(int, text.split("_"))`
    if not isinstance(node, ast.For | ast.comprehension) or not isinstance(node.target, ast.Tuple):
        return False
    counted, *_ = node.target.elts
    is_counting = isinstance(node.iter, ast.Call) and module.resolve(node.iter.func) == "enumerate"
    return is_counting and isinstance(counted, ast.Name) and counted.id == name
