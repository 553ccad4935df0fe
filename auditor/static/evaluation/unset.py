"""Arguments that are None as nobody gives them, or another value in each run: options, parameters of functions."""

from __future__ import annotations

import ast
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.collected import collected_in, is_only_read, is_spread_without, key_looked_up
from auditor.static.evaluation.commandline import declaring_option, default_of, typer_default
from auditor.static.evaluation.commandstate import is_state_unset
from auditor.static.evaluation.fieldsgiven import is_field_given
from auditor.static.evaluation.givenbefore import is_asked_for, is_given_there, stored_in_attribute, stored_values
from auditor.static.evaluation.givenbyname import is_given_by_name
from auditor.static.evaluation.unchanged import is_handed_on_as_it_is
from auditor.static.resolution.callers import calls_named, calls_seen, passed_to
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.subclasscalls import SeenCall, calls_through
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import FunctionRef
from auditor.static.syntax.bindings import BindingKind, Function, every_argument
from auditor.static.syntax.elements import Known, call_of, is_none
from auditor.static.syntax.nodes import walk
from auditor.static.syntax.pairs import pairs_of

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

_KEPT: WeakKeyDictionary[Project, Memory[tuple[str, int, str, int], bool]] = WeakKeyDictionary()
"""By the file, the line of the class, the attribute and the steps left."""

_GIVEN_BY_NONE: WeakKeyDictionary[Project, Memory[tuple[str, int, int, str, int], bool]] = WeakKeyDictionary()
"""By the file, the place of the function, its parameter and the steps left."""

_VALUE, _OPAQUE = BindingKind.VALUE, BindingKind.OPAQUE
_LEAVING_CALLS = frozenset(
    {
        "classmethod", "contextlib.asynccontextmanager", "contextlib.contextmanager", "functools.cache",
        "functools.lru_cache", "staticmethod", "torch.enable_grad", "torch.inference_mode", "torch.no_grad",
    }
)  # fmt: skip
"""Decorators that hand the arguments of calls on as they are."""

MAX_HANDED = 5
"""Functions that hand a parameter on that is open in all calls, each of which is asked once."""

MAX_STEPS = 2
"""The same where each call may have another answer."""

MAX_CALLS = 50
"""Calls of one function that are looked at; one that is called more often is somebody's library."""


def is_unset(given: ast.expr, module: ModuleFacts, steps: int = MAX_HANDED) -> bool:
    """Whether an argument is `args.seed` or `config["seed"]`, None by default, or a parameter that nobody gives more.

    A parameter without a default counts where all calls hand on what is None in the same way.
    """
    collector = collected_in(given, module)
    if collector is not None:
        is_whole = is_called_as_written(module, collector)
        return is_whole and is_given_by_none(module, collector, key_looked_up(given), steps)
    if (
        isinstance(given, ast.Attribute | ast.Subscript)
        or _is_variable(given, module)
        or looked_into(given) is not None
    ):
        is_unknown = module.seed_value(given) is not SeedValue.NONE
        if is_unknown and is_state_unset(given, module, lambda value: is_unset(value, module, steps)):
            return not is_given_there(given, module)
        if is_unknown and _is_kept_unset(given, module, steps):
            return not is_given_there(given, module)
        if is_unknown and not _is_put_into_empty(given, module):
            from auditor.static.evaluation.unsetparts import is_part_unset  # which asks this module for calls

            return is_part_unset(given, module)
        return not is_given_there(given, module) and not is_field_given(given, module)
    if isinstance(given, ast.Name) and _is_open_option(given, module):
        return True
    if _is_computed(given, module):
        return module.seed_value(given) is SeedValue.NONE
    if isinstance(given, ast.Name) and (stored := stored_once(given, module)) is not None:
        if is_asked_for(given, module):
            return False
        is_part = isinstance(stored, ast.Call) and _is_none_in_result(given, stored, module)
        return is_part or (steps > 0 and is_unset(stored, module, steps - 1))
    if isinstance(given, ast.Name) and _is_stored_in_arms(given, module):
        return module.seed_value(given) is SeedValue.NONE and not is_asked_for(given, module)
    function = handed_on(given, module)
    if function is None or not isinstance(given, ast.Name):
        return False
    default = default_of(function, given.id)
    if not (default is None or is_none(default)):
        return False
    return is_given_by_none(module, function, given.id, steps)


def is_given_by_none(
    module: ModuleFacts, function: ast.FunctionDef | ast.Lambda, name: str, steps: int = MAX_STEPS
) -> bool:
    """Whether a function is called, and no call of it gives a parameter, or a keyword that it collects."""

    def ask() -> bool:
        calls = calls_reaching(module, function)
        return 0 < len(calls) <= MAX_CALLS and not any(
            _gives(caller, call, function, name, skipped, steps) for caller, call, skipped in calls
        )

    known = _GIVEN_BY_NONE.setdefault(module.project, {})
    return module.project.trace.once(known, (module.path, function.lineno, function.col_offset, name, steps), ask)


def calls_reaching(module: ModuleFacts, function: Function) -> list[SeenCall]:
    """The calls of a function; of a constructor those too that reach it through classes that extend its own.

    None at all where these are too many.
    """
    calls = list(islice(calls_seen(module, function), MAX_CALLS + 1))
    holder = module.parent(function)
    if not (isinstance(holder, ast.ClassDef) and isinstance(function, ast.FunctionDef)) or function.name != "__init__":
        return calls
    through = calls_through(module, holder, function)
    return [*calls, *through] if through is not None else []


def is_differing(given: ast.expr, module: ModuleFacts, steps: int = MAX_STEPS) -> bool:
    """Whether an argument differs from run to run: `time.time()`, or a parameter that every call gives such a value."""
    if module.seed_value(given) is SeedValue.ENTROPY:
        return not _may_be_given(given, module, steps)
    function = handed_on(given, module)
    if function is None or not isinstance(given, ast.Name):
        return False
    calls = calls_reaching(module, function)
    values = [
        (caller, given_to(call, function, given.id, skipped))
        for caller, call, skipped in calls
        if len(calls) <= MAX_CALLS
    ]
    return bool(values) and all(
        value is not None
        and (caller.seed_value(value) is SeedValue.ENTROPY or (steps > 0 and is_differing(value, caller, steps - 1)))
        for caller, value in values
    )


def _may_be_given(given: ast.expr, module: ModuleFacts, steps: int) -> bool:
    """Whether the clock only stands in for a parameter that some call gives: `seed if seed is not None else time()`."""
    function = module.enclosing_function(given)
    if not isinstance(function, ast.FunctionDef):
        return False
    asked = _stood_in_for(given, module)
    for name in sorted(asked & set(module.written.signature(function).names)):
        default = default_of(function, name)
        if default is None or not is_none(default):
            continue
        calls = (calls_reaching(module, function) or list(islice(calls_seen(module, function), MAX_CALLS)))[:MAX_CALLS]
        if any(
            _gives(caller, call, function, name, skipped, MAX_STEPS)
            and not (steps > 0 and _gives_differing(caller, given_to(call, function, name, skipped), steps - 1))
            for caller, call, skipped in calls
        ):
            return True
    return False


def _gives_differing(caller: ModuleFacts, value: ast.expr | None, steps: int) -> bool:
    """Whether what a call gives is the clock too: `Sampler(items, seed=int(time.time()))`."""
    return value is not None and is_differing(value, caller, steps)


def _stood_in_for(given: ast.expr, module: ModuleFacts) -> set[str]:
    """The names in whose place the clock is put: `seed` of `seed or time()`, not of `time() + seed`."""
    source = module.origin(given)
    found = {source.id} if isinstance(source, ast.Name) else set()
    for node in walk(source):
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            asked, others = node.values[0], node.values[1:]
        elif isinstance(node, ast.IfExp):
            asked, others = node.test, [node.body, node.orelse]
        else:
            continue
        if any(module.seed_value(each) is SeedValue.ENTROPY for each in others):
            found |= {part.id for part in walk(asked) if isinstance(part, ast.Name)}
    return found


def handed_on(given: ast.expr, module: ModuleFacts) -> ast.FunctionDef | ast.Lambda | None:
    """The function of which an argument is a parameter, as its callers give it."""
    function = module.enclosing_function(given) if isinstance(given, ast.Name) else None
    if not isinstance(given, ast.Name) or not isinstance(function, ast.FunctionDef | ast.Lambda):
        return None
    if isinstance(function, ast.FunctionDef) and not is_called_as_written(module, function):
        return None
    is_own = given.id in module.written.signature(function).names
    return function if is_own and is_handed_on_as_it_is(function, given.id, module, given) else None


def is_called_as_written(module: ModuleFacts, function: ast.FunctionDef) -> bool:
    """Whether nothing above a function may give it other arguments than its calls do."""
    called = (each.func if isinstance(each, ast.Call) else each for each in function.decorator_list)
    return all(module.resolve(each) in _LEAVING_CALLS for each in called)


def _is_open_option(given: ast.Name, module: ModuleFacts) -> bool:
    """Whether a name is an option that a decorator declares, or `typer.Option(None)`, without a default."""
    function = module.enclosing_function(given)
    if not isinstance(function, ast.FunctionDef) or given.id not in module.written.signature(function).names:
        return False
    default = default_of(function, given.id)
    is_option = default is not None and typer_default(module, default) is not None
    if not is_option and declaring_option(module, function, given.id) is None:
        return False
    return module.seed_value(given) is SeedValue.NONE and is_handed_on_as_it_is(function, given.id, module)


def _is_variable(given: ast.expr, module: ModuleFacts) -> bool:
    """`os.environ.get("SEED")`."""
    return isinstance(given, ast.Call) and module.resolve(given.func) in ("os.environ.get", "os.getenv")


def _is_computed(given: ast.expr, module: ModuleFacts) -> bool:
    """`args.seed or None`, `int(sys.argv[1]) if len(sys.argv) > 1 else None`, `get_seed()` of the project."""
    if isinstance(given, ast.Call):
        return isinstance(module.names.value(given.func), FunctionRef)
    return isinstance(given, ast.BoolOp | ast.IfExp)


def stored_once(given: ast.Name, module: ModuleFacts) -> ast.expr | None:
    """The one expression that a name is bound to where it is used, or of which it is bound to a part."""
    bindings = module.lookup.in_force(given)
    node = bindings[0].node if len(bindings) == 1 else None
    if not isinstance(node, ast.Assign | ast.AnnAssign) or bindings[0].kind not in (_VALUE, _OPAQUE):
        return None
    return bindings[0].value or node.value


def _is_stored_in_arms(given: ast.Name, module: ModuleFacts) -> bool:
    """Whether a name has one of several values: `seed = None`, `if args.fixed: seed = 3`."""
    bindings = module.lookup.in_force(given)
    return len(bindings) > 1 and all(binding.kind is _VALUE for binding in bindings)


def _is_none_in_result(given: ast.Name, stored: ast.Call, module: ModuleFacts) -> bool:
    """Whether `rate, seed = config()` of the project gives None there."""
    statement = module.parent(stored)
    target = only_target(statement)
    called = module.names.value(stored.func)
    if not isinstance(target, ast.Tuple | ast.List) or not isinstance(called, FunctionRef):
        return False
    returned = called.module.returns(called.node)
    parts = pairs_of(target, returned[0]) if len(returned) == 1 else []
    found = [value for part, value in parts if getattr(part, "id", "") == given.id]
    return (
        len(found) == 1 and called.module.seed_value(found[0]) is SeedValue.NONE and not _is_parameter(found[0], called)
    )


def _is_parameter(node: ast.expr, function: FunctionRef) -> bool:
    return isinstance(node, ast.Name) and node.id in function.module.written.signature(function.node).names


def _is_put_into_empty(given: ast.expr, module: ModuleFacts) -> bool:
    """Whether `config.seed` is what was put there, None by default, after `config = SimpleNamespace()`."""
    from auditor.static.resolution.mappings import MAKING  # which few files need

    made = module.origin(given.value) if isinstance(given, ast.Attribute) else None
    if not isinstance(made, ast.Call) or made.args or made.keywords or module.resolve(made.func) not in MAKING:
        return False
    stored = stored_values(given, module)
    return 0 < len(stored) <= MAX_CALLS and all(module.seed_value(each) is SeedValue.NONE for each in stored)


def looked_into(node: ast.expr) -> ast.expr | None:
    """`config` of `config.get("seed")`."""
    called = node.func if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords else None
    return called.value if isinstance(called, ast.Attribute) and called.attr == "get" else None


def _is_kept_unset(given: ast.expr, module: ModuleFacts, steps: int) -> bool:
    """Whether `self.seed` is a parameter of the constructor that nobody gives; asked once for each class."""
    holder = module.enclosing_class(given) if isinstance(given, ast.Attribute) else None
    if holder is None or not isinstance(given, ast.Attribute) or getattr(given.value, "id", "") != "self":
        return False

    def ask() -> bool:
        kept = kept_parameter(given, holder, module)
        return kept is not None and is_unset(kept, module, steps)

    known = _KEPT.setdefault(module.project, {})
    return module.project.trace.once(known, (module.path, holder.lineno, given.attr, steps), ask)


def kept_parameter(given: ast.Attribute, holder: ast.ClassDef, module: ModuleFacts) -> ast.Name | None:
    """The parameter of the constructor that `self.seed` is, where nothing else in the file is stored under that name.

    Files that make such objects might; they say the name.
    """
    stored = stored_in_attribute(module, given.attr)
    if len(stored) != 1 or not isinstance(stored[0], ast.Name):
        return None
    constructor = module.enclosing_function(stored[0])
    if (
        constructor is None
        or module.parent(constructor) is not holder
        or getattr(constructor, "name", "") != "__init__"
    ):
        return None
    callers = [caller for caller, _ in islice(calls_named(module, holder.name), MAX_CALLS)]
    is_stored = any(stored_in_attribute(caller, given.attr) for caller in callers if caller is not module)
    is_put = is_stored or any(is_given_by_name(each, holder, given.attr) for each in dict.fromkeys((module, *callers)))
    return None if is_put else stored[0]


def _gives(
    caller: ModuleFacts, node: ast.Call, function: ast.FunctionDef | ast.Lambda, name: str, skipped: int, steps: int
) -> bool:
    """Whether a call gives the parameter, or may do so."""
    passed = passed_to(node, function, name, skipped)
    if passed is None and call_of(node, None).opaque:
        positional = [each.arg for each in (*function.args.posonlyargs, *function.args.args)][skipped:]
        place = positional.index(name) if name in positional else None
        return steps == 0 or not _collects_without(caller, node, name, place, steps - 1)
    if passed is None:
        is_collected = all(argument.arg != name for argument in every_argument(function.args))
        return default_of(function, name) is None and not is_collected
    is_open = is_none(passed) or (isinstance(passed, ast.Name) and caller.constant(passed) == Known(None))
    if not is_open and is_own(passed, caller, function, name):
        return False
    return not is_open and not (steps > 0 and is_unset(passed, caller, steps - 1))


def is_own(passed: ast.expr, caller: ModuleFacts, constructor: Function, name: str) -> bool:
    """Whether an object gives one of its class what it got itself: `Loader(self.seed)` in a method of `Loader`."""
    if not isinstance(passed, ast.Attribute) or getattr(passed.value, "id", "") != "self":
        return False
    holder = caller.enclosing_class(passed)
    if holder is None or caller.parent(constructor) is not holder:
        return False
    kept = kept_parameter(passed, holder, caller)
    return kept is not None and kept.id == name and caller.enclosing_function(kept) is constructor


def _collects_without(caller: ModuleFacts, node: ast.Call, name: str, place: int | None, steps: int) -> bool:
    """Whether a call hands on nothing but `*rest` and `**options` in which nothing is given by that name."""
    spread = [word.value for word in node.keywords if word.arg is None]
    starred = any(isinstance(part, ast.Starred) for part in node.args)
    function = caller.enclosing_function(node)
    if not isinstance(function, ast.FunctionDef):
        return is_spread_without(node, name, caller)
    if starred and not _ends_before(caller, node, function, place):
        return False
    if starred and not spread:
        return not function.decorator_list
    if function.args.kwarg is None or len(spread) != 1:
        return is_spread_without(node, name, caller)
    options = function.args.kwarg.arg
    if not isinstance(spread[0], ast.Name) or spread[0].id != options:
        return is_spread_without(node, name, caller)
    if function.decorator_list or name in caller.written.signature(function).names:
        return False
    if not is_only_read(caller, spread[0], name):
        return False
    return is_given_by_none(caller, function, name, steps)


def _ends_before(caller: ModuleFacts, node: ast.Call, function: ast.FunctionDef, place: int | None) -> bool:
    """Whether a call hands on by position what `*rest` of the function around it collects, and that is never enough."""
    last, rest = node.args[-1], function.args.vararg
    own = last.value if isinstance(last, ast.Starred) and isinstance(last.value, ast.Name) else None
    if rest is None or own is None or own.id != rest.arg or len(caller.lookup.bindings_of(own)) != 1:
        return False
    calls = calls_reaching(caller, function)
    written = [*node.args[:-1], *(part for _, call, _ in calls for part in call.args)]
    if not 0 < len(calls) <= MAX_CALLS or any(isinstance(part, ast.Starred) for part in written):
        return False
    taken = len(function.args.posonlyargs) + len(function.args.args)
    longest = max(len(call.args) - (taken - skipped) for _, call, skipped in calls)
    return place is None or len(node.args) - 1 + max(longest, 0) <= place


def given_to(node: ast.Call, function: Function, name: str, skipped: int) -> ast.expr | None:
    """What a call gives a parameter; None where it leaves that out, or may give it with others."""
    return None if call_of(node, None).opaque else passed_to(node, function, name, skipped)
