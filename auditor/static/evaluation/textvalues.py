"""Whether an expression is text, whose `hash()` is another number in each process, or a number, whose hash is not."""

from __future__ import annotations

import ast
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.commandline import FLAG_CALLS, STORED_WITHOUT_VALUE, option_call
from auditor.static.evaluation.wholenumbers import is_number
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.seedvalue import Seen, Shape
from auditor.static.resolution.values import External, FunctionRef
from auditor.static.syntax.bindings import BindingKind, Function, every_argument

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

MAX_DEPTH = 6
"""Names and operators that one question follows."""

_TEXT_CALLS = frozenset(
    {
        *("str", "repr", "ascii", "format", "str.format", "str.join", "input", "bytes", "json.dumps", "os.getcwd"),
        *("os.path.abspath", "os.path.basename", "os.path.dirname", "os.path.join", "os.path.normpath"),
        *("os.path.realpath", "os.path.relpath", "os.fspath", "os.getenv", "os.environ.get", "getpass.getuser"),
        *("socket.gethostname", "platform.node", "pathlib.Path"),
    }
)
_TEXT_METHODS = frozenset(
    {
        *("as_posix", "capitalize", "casefold", "decode", "encode", "hexdigest", "isoformat", "lower", "lstrip"),
        *("removeprefix", "removesuffix", "rstrip", "strip", "title", "tobytes", "upper", "zfill"),
    }
)
"""Methods that texts and few other objects have, and that give texts, or bytes, which are hashed as texts are."""

_MADE_OF_TEXT = frozenset({"format", "join", "replace"})
"""Methods of a text that is written: `",".join(names)`."""

_Told = dict[ast.expr, bool | None]
"""What one question has asked before: names in tuples in names may lead to one expression in thousands of ways."""

MAX_ELEMENTS = 16
"""Elements of a display that are looked at."""

OF_PASSED = 2
"""The same for what calls give a parameter, and no parameter of those who call."""

_GIVEN: WeakKeyDictionary[Project, Memory[tuple[str, int, int], bool | None]] = WeakKeyDictionary()
"""By the file and the place of a parameter: whether calls give it text."""

TEXTS = frozenset({"sys.argv", "os.environ"})
"""What holds texts and nothing else."""

_NUMBER_CALLS = frozenset({"int", "float", "bool", "id", "len", "ord", "os.getpid", "os.getppid", "os.getuid", "round"})
_OF_FLAGS = {"string": True, "enum": True, "integer": False, "float": False, "bool": False, "boolean": False}


def is_text(evaluator: Evaluator, node: ast.expr, frame: Frame) -> bool | None:
    """Whether it is text, or a tuple with text in it; False where it is numbers, None where that is not known."""
    return _asked(evaluator, node, frame, MAX_DEPTH, {})


def _asked(evaluator: Evaluator, node: ast.expr, frame: Frame, depth: int, told: _Told) -> bool | None:
    if depth <= 0:
        return None
    if node not in told:
        told[node] = None  # what leads back to itself says nothing
        told[node] = _found(evaluator, node, frame, depth, told)
    return told[node]


def _found(evaluator: Evaluator, node: ast.expr, frame: Frame, depth: int, told: _Told) -> bool | None:
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.Tuple):
        # (seed, epoch, index) is the usual tuple: numbers, unless one of them is known to be text.
        return any(_asked(evaluator, each, frame, depth - 1, told) for each in node.elts)
    if isinstance(node, ast.IfExp):
        one, other = (_asked(evaluator, arm, frame, depth - 1, told) for arm in (node.body, node.orelse))
        return one if one is other else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        sides = node.left, *([node.right] if isinstance(node.op, ast.Add) else [])
        return any(_asked(evaluator, side, frame, depth - 1, told) for side in sides) or None
    plain = _by_itself(evaluator, node, frame)
    if plain is not None:
        return plain
    if is_number(frame.module, node):
        return False
    if isinstance(node, ast.Attribute) and evaluator.value(node.value, frame).shape is Shape.OPTIONS:
        return _of_option(frame.module, node.attr)
    if isinstance(node, ast.Name) and depth > OF_PASSED and frame.parent is None and node.id not in frame.values:
        passed = _of_parameter(evaluator, node, frame)
        if passed is not None:
            return passed
    found = [_asked(evaluator, each, inside, depth - 1, told) for each, inside in _sources(evaluator, node, frame)]
    return found[0] if found and len(set(found)) == 1 else None


def _by_itself(evaluator: Evaluator, node: ast.expr, frame: Frame) -> bool | None:
    """What a call, an annotation or a known value tells."""
    if isinstance(node, ast.Call):
        called = _of_call(node, frame)
        if called is not None:
            return called
    if isinstance(node, ast.Subscript):
        holder = frame.resolve(node.value)
        if isinstance(holder, External) and holder.name in TEXTS:
            return True
    declared = _declared(node, frame)
    return declared if declared is not None else of_value(evaluator.value(node, frame))


def _sources(evaluator: Evaluator, node: ast.expr, frame: Frame) -> list[tuple[ast.expr, Frame]]:
    """What a name or an attribute of the object itself is bound to; the elements of what a loop goes through."""
    module = frame.module
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        holder = module.enclosing_class(node)
        stored = module.self_attributes(holder).get(node.attr, []) if holder is not None else []
        return [(each, evaluator.nested.frame(module, module.enclosing_function(each))) for each in stored]
    if isinstance(node, ast.Name):
        elements: list[tuple[ast.expr, Frame]] = []
        for binding in module.lookup.bindings_of(node):
            if binding.kind is BindingKind.ELEMENT and isinstance(binding.value, ast.List | ast.Tuple | ast.Set):
                elements.extend((each, frame) for each in binding.value.elts[:MAX_ELEMENTS])
        if elements:
            return elements
    origin = module.origin(node)
    return [] if origin is node else [(origin, frame)]


def _of_parameter(evaluator: Evaluator, node: ast.Name, frame: Frame) -> bool | None:
    """Whether calls give a parameter text; None of other names, and where calls are many, or one leaves it out."""
    from auditor.static.resolution.callers import calls_seen, passed_to  # which ask of programs, and these of values

    module = frame.module
    bindings = module.lookup.bindings_of(node)
    argument = bindings[0].node if len(bindings) == 1 and bindings[0].kind is BindingKind.PARAMETER else None
    if not isinstance(argument, ast.arg):
        return None

    def ask() -> bool | None:
        function = module.function_of_parameter(argument)
        if argument is function.args.vararg:
            return _of_further(evaluator, module, function)
        found: set[bool | None] = set()
        for number, (caller, call, skipped) in enumerate(calls_seen(module, function)):
            given = passed_to(call, function, argument.arg, skipped)
            if given is None or number == MAX_ELEMENTS:
                return None
            found.add(_asked(evaluator, given, Frame(caller, caller.enclosing_function(given)), OF_PASSED, {}))
        return found.pop() if len(found) == 1 else None

    known = _GIVEN.setdefault(module.project, {})
    return module.project.trace.once(known, (module.path, argument.lineno, argument.col_offset), ask)


def _of_further(evaluator: Evaluator, module: ModuleFacts, function: Function) -> bool | None:
    """Whether text is among what calls give a function with `*args`, which are numbers else, as a tuple's parts are."""
    from auditor.static.resolution.callers import calls_seen

    before = len(function.args.posonlyargs) + len(function.args.args)
    for number, (caller, call, skipped) in enumerate(calls_seen(module, function)):
        given = call.args[before - skipped :]
        if number == MAX_ELEMENTS or any(isinstance(part, ast.Starred) for part in call.args):
            return None
        frames = ((part, Frame(caller, caller.enclosing_function(part))) for part in given)
        if any(_asked(evaluator, part, frame, OF_PASSED, {}) for part, frame in frames):
            return True
    return False


def of_value(seen: Seen) -> bool | None:
    """The same of a value that is known."""
    if seen.shape is Shape.TEXT:
        return True
    return _holds_text(seen.constant) if seen.is_constant and seen.constant is not None else None


def _holds_text(value: object) -> bool:
    if isinstance(value, tuple | frozenset):
        return any(_holds_text(each) for each in value)
    return isinstance(value, str | bytes)


def _of_call(node: ast.Call, frame: Frame) -> bool | None:
    value = frame.resolve(node.func)
    if isinstance(value, External) and value.name in _TEXT_CALLS:
        return True
    if isinstance(value, External) and value.name in _NUMBER_CALLS:
        return False
    if not isinstance(node.func, ast.Attribute) or isinstance(value, FunctionRef):
        return None
    of_text = isinstance(node.func.value, ast.JoinedStr) or isinstance(getattr(node.func.value, "value", None), str)
    is_text_made = node.func.attr in _TEXT_METHODS or (of_text and node.func.attr in _MADE_OF_TEXT)
    return True if is_text_made else None


def _declared(node: ast.expr, frame: Frame) -> bool | None:
    """What the annotation of a parameter says."""
    arguments = every_argument(frame.function.args) if frame.function is not None and isinstance(node, ast.Name) else []
    annotations = (each.annotation for each in arguments if each.arg == getattr(node, "id", None))
    name = getattr(next(annotations, None), "id", "")
    return True if name in ("str", "bytes") else False if name in _NUMBER_CALLS else None


def _of_option(module: ModuleFacts, name: str) -> bool | None:
    """What the one declaration of an option says, where it is in the same file."""
    call = option_call(module, name)
    if call is None:
        return None
    callee = module.resolve(call.func) or ""
    if callee.startswith(FLAG_CALLS):
        return _OF_FLAGS.get(callee.removeprefix(FLAG_CALLS))
    words = {word.arg: word.value for word in call.keywords}
    action = getattr(words.get("action"), "value", "store")
    if "nargs" in words or action not in ("store", *STORED_WITHOUT_VALUE):
        return None
    if action != "store" or "type" not in words:
        return action == "store"
    kind = getattr(words["type"], "id", "")
    return True if kind == "str" else False if kind in _NUMBER_CALLS else None
