"""Rows of a table that come in no defined order: whether all that is done with them comes to the same in any order.

Followed are the names that the table is given in one function or file, and the columns that are taken of it. Whatever
is not known here counts on the order: `head`, `to_numpy`, a function of the project, a `return`.
"""

from __future__ import annotations

import ast
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.flow import is_shown, uses
from auditor.static.resolution.targets import only_target
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_USES = 50
"""Places that read one name."""

_SIZES = frozenset({"columns", "dtypes", "height", "schema", "shape", "width"})
_REDUCING = frozenset({"all", "any", "is_empty", "len", "max", "median", "min", "n_unique", "quantile"})
"""Methods of a table or a column whose answer is the same in any order; sums of floats are not, in their last bits."""

_ADDING = frozenset({"mean", "std", "sum", "var"})
_COUNTS = frozenset({"count", "len"})
"""Columns that hold how many rows each group has: whole numbers."""

_SORTING = frozenset({"sort", "sort_by"})
_GROUPED = frozenset({"agg", "count", "len", "max", "mean", "median", "min", "n_unique", "quantile", "sum"})
"""Methods of groups that give a table with a row for each; the rows of one group keep their order."""

_GROUPED_ANEW = _GROUPED - {"mean", "sum"}

_ROWWISE = frozenset({"filter", "select", "with_columns"})
"""Methods that give another table, row by row where `_SINGLE` alone stands in their arguments."""

_SAME = frozenset({"cast", "clone", "collect", "drop", "drop_nulls", "get_column", "lazy", "rename", "to_series"})
"""Methods that give the same rows."""

_SINGLE = frozenset(
    {
        "abs", "alias", "all", "between", "cast", "ceil", "col", "count", "eq", "exp", "fill_nan", "fill_null", "floor",
        "ge", "gt", "is_between", "is_finite", "is_in", "is_nan", "is_not_nan", "is_not_null", "is_null", "le", "len",
        "lit", "log", "lt", "max", "median", "min", "n_unique", "ne", "not_", "otherwise", "quantile", "round", "sqrt",
        "then", "when",
    }
)  # fmt: skip
"""Calls in an expression on columns that look at one row, or at all of them in any order."""

_ROWS = frozenset({"iter_rows", "rows", "to_dicts", "to_list"})
"""Methods that give the rows to Python."""

_ASKING = frozenset({"frozenset", "len", "set", "sorted"})
_PLAIN = frozenset({"bool", "float", "int", "len", "list", "round", "str", "tuple"})
"""Calls that are the same for a row wherever it stands; a draw or a counter is not."""


def comes_to_the_same(module: ModuleFacts, call: ast.Call) -> bool:
    """Whether nothing that is done with the rows which a call gives depends on where they stand; it must be done here.

    `known = table.group_by("id").len().filter(pl.col("len") > 3)["id"]`, `table.filter(pl.col("id").is_in(known))`.
    """
    return _Rows(module, call).come_to_the_same(call)


class _Rows:
    """One call that gives rows in no defined order."""

    def __init__(self, module: ModuleFacts, made: ast.Call) -> None:
        self._module = module
        self._made = made
        self._seen: set[str] = set()
        """Names that are looked at already: `rows = rows.filter(…)` comes back to them."""

    def come_to_the_same(self, table: ast.expr) -> bool:
        """Whether what is done with an expression is the same in any order of its rows."""
        above = self._module.parent(table)
        if isinstance(above, ast.Attribute):
            return self._asked(above)
        if isinstance(above, ast.Subscript) and above.value is table:
            return isinstance(above.slice, ast.Constant | ast.List) and self._is_column(above)
        if isinstance(above, ast.Call):
            return self._is_only_asked(above, table)
        if isinstance(above, ast.Assign):
            return self._named(only_target(above))
        return isinstance(above, ast.Expr | ast.Compare) and is_membership(above, table)

    def _is_column(self, taken: ast.Subscript) -> bool:
        names = taken.slice.elts if isinstance(taken.slice, ast.List) else [taken.slice]
        texts = all(isinstance(name, ast.Constant) and isinstance(name.value, str) for name in names)
        return texts and self.come_to_the_same(taken)

    def _asked(self, attribute: ast.Attribute) -> bool:
        call = self._module.parent(attribute)
        name = attribute.attr
        if not isinstance(call, ast.Call) or call.func is not attribute:
            return name in _SIZES
        if self._is_of_groups(attribute):
            return name in _GROUPED and self.come_to_the_same(call)
        if name in _REDUCING or name in _SORTING or (name in _ADDING and _is_count(attribute.value)):
            return True
        if name in _SAME or (name in _ROWWISE and _looks_at_one_row(call)):
            return self.come_to_the_same(call)
        if name == "group_by":
            return self._is_summed_up(call)
        return name in _ROWS and self._gives_values(call)

    def _is_of_groups(self, attribute: ast.Attribute) -> bool:
        """Whether a method is asked of the groups themselves: `table.group_by("id").agg(…)`."""
        return attribute.value is self._made and getattr(self._made.func, "attr", "") == "group_by"

    def _is_summed_up(self, grouped: ast.Call) -> bool:
        """Whether rows are grouped anew, which the rule tells by itself, and each group is reduced."""
        attribute = self._module.parent(grouped)
        call = self._module.parent(attribute) if isinstance(attribute, ast.Attribute) else None
        if not isinstance(attribute, ast.Attribute) or not isinstance(call, ast.Call):
            return False
        if any(word.arg in (None, "maintain_order") for word in grouped.keywords):
            return False  # the groups come in the order of the rows, and the rule leaves them alone
        is_gathered = attribute.attr == "agg" and not all(_is_reduced(each) for each in _given(call))
        return attribute.attr in _GROUPED_ANEW and _looks_at_one_row(call) and not is_gathered

    def _is_only_asked(self, call: ast.Call, table: ast.expr) -> bool:
        """`pl.col("id").is_in(known)`, `set(known)`, `table.join(known, on="id", how="semi")`."""
        if is_shown(self._module, table):
            return True
        if table not in call.args[:1]:
            return False
        name = getattr(call.func, "attr", "")
        if name == "join":
            words = {word.arg: getattr(word.value, "value", None) for word in call.keywords}
            return words.get("how") in ("anti", "semi")
        if any(word.arg == "key" for word in call.keywords):
            return False  # what has the same key stays in the order of the rows
        return name == "is_in" or (isinstance(call.func, ast.Name) and self._module.resolve(call.func) in _ASKING)

    def _gives_values(self, call: ast.Call) -> bool:
        """Whether values in a list are only counted, looked for, or become entries that are looked up by the group."""
        above = self._module.parent(call)
        if isinstance(above, ast.Call):
            return self._is_only_asked(above, call)
        if not isinstance(above, ast.comprehension) or above.iter is not call or above.ifs:
            return isinstance(above, ast.Compare) and is_membership(above, call)
        entries = self._module.parent(above)
        return isinstance(entries, ast.DictComp) and self._is_by_group(entries) and self._is_looked_up(entries)

    def _is_by_group(self, entries: ast.DictComp) -> bool:
        """`{row["id"]: row for row in …}` of rows that were grouped by `"id"`: no key comes twice."""
        key = entries.key.slice if isinstance(entries.key, ast.Subscript) else None
        by = self._made.args[0] if len(self._made.args) == 1 and not self._made.keywords else None
        return (
            len(entries.generators) == 1
            and getattr(self._made.func, "attr", "") == "group_by"
            and isinstance(key, ast.Constant)
            and isinstance(by, ast.Constant)
            and key.value == by.value
            and all(
                self._module.resolve(node.func) in _PLAIN for node in walk(entries.value) if isinstance(node, ast.Call)
            )
        )

    def _is_looked_up(self, entries: ast.DictComp) -> bool:
        target = only_target(self._module.parent(entries))
        places = self._places(target)
        return bool(places) and all(is_looked_up(self._module, place) for place in places)

    def _named(self, target: ast.expr | None) -> bool:
        if not isinstance(target, ast.Name):
            return False
        if target.id in self._seen:
            return True
        self._seen.add(target.id)
        places = self._places(target)
        return bool(places) and all(self.come_to_the_same(place) for place in places)

    def _places(self, target: ast.expr | None) -> list[ast.expr]:
        """The places that read a name; none where others may: it is global in a file that is imported, or too often."""
        if not isinstance(target, ast.Name):
            return []
        module = self._module
        function = module.enclosing_function(target)
        scope = module.index.scopes.get(function) if function is not None else None
        is_global = function is None or (scope is not None and target.id in scope.elsewhere)
        if is_global and (function is not None or module.project.is_imported(module.path)):
            return []
        places = list(islice(uses(module, target), MAX_USES + 1))
        return places if len(places) <= MAX_USES else []


def _is_count(column: ast.expr) -> bool:
    """`sizes["len"]`."""
    name = column.slice if isinstance(column, ast.Subscript) else None
    return isinstance(name, ast.Constant) and name.value in _COUNTS


def is_membership(above: ast.AST, value: ast.expr) -> bool:
    """`name in value`."""
    return (
        isinstance(above, ast.Compare) and value in above.comparators and isinstance(above.ops[-1], ast.In | ast.NotIn)
    )


def is_looked_up(module: ModuleFacts, place: ast.expr) -> bool:
    """`entries[key]`, `entries.get(key)`, `key in entries`, `len(entries)`."""
    above = module.parent(place)
    if isinstance(above, ast.Subscript):
        return above.value is place and isinstance(above.ctx, ast.Load)
    if isinstance(above, ast.Attribute):
        return above.attr == "get" and isinstance(module.parent(above), ast.Call)
    if isinstance(above, ast.Call):
        return place in above.args and module.resolve(above.func) == "len"
    return is_membership(above, place) if above is not None else False


def _given(call: ast.Call) -> list[ast.expr]:
    """What a method is given, one by one or in lists."""
    given = [*call.args, *(word.value for word in call.keywords)]
    return [part for each in given for part in (each.elts if isinstance(each, ast.List | ast.Tuple) else [each])]


def _is_reduced(expression: ast.expr) -> bool:
    """`pl.col("item").max()`; `pl.col("item")` alone gives the values of a group one behind the other."""
    return any(
        getattr(node.func, "attr", "") in _REDUCING | {"count"}
        for node in walk(expression)
        if isinstance(node, ast.Call)
    )


def _looks_at_one_row(call: ast.Call) -> bool:
    """Whether the expressions that a method is given look at each row alone, or at all rows in any order."""
    for given in _given(call):
        if isinstance(given, ast.Name):
            return False  # maybe a column of its own, whose values go to the rows by their places
        for node in walk(given):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") not in _SINGLE:
                return False
            if isinstance(node, ast.Starred | ast.Lambda | ast.Await):
                return False
    return True
