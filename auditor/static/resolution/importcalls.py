"""Which modules of the project a call imports by a name that is put together: `import_module("models." + name)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import product
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.static.evaluation.commandline import option_call
from auditor.static.syntax.bindings import BindingKind
from auditor.static.syntax.elements import Known, call_of
from auditor.static.text.computedimports import EVERY

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

IMPORTING = frozenset({"importlib.import_module", "__import__"})
IMPORTING_WORDS = frozenset({"import_module", "__import__"})
"""The last parts of these names, under which nearly all call them."""

MAX_TEXTS = 40
"""Texts that one expression may be."""

MAX_STEPS = 8
"""Names, and parts of texts, on the way to what is written out."""


@dataclass(frozen=True, slots=True)
class Text:
    """What is known of a text: how it begins and ends; all of it where there is no end."""

    begin: str
    end: str | None = None

    def __add__(self, other: Text) -> Text:
        if self.end is None:
            return Text(self.begin + other.begin, other.end)
        return Text(self.begin, self.end + other.begin if other.end is None else other.end)

    def fits(self, name: str) -> bool:
        """Whether it may be a name; one that begins with an underscore only where that is written."""
        if self.end is None:
            return name == self.begin
        begins = name.startswith(self.begin) if self.begin else not name.startswith("_")
        return begins and name.endswith(self.end)


ANY = Text("", "")

_FOUND: WeakKeyDictionary[ModuleFacts, dict[object, tuple[str, ...]]] = WeakKeyDictionary()
"""By the call, and by what it is given: thousands may be given the same."""


def may_import(node: ast.Call) -> bool:
    """Whether a call is written as one that imports a module by its name."""
    return getattr(node.func, "attr", getattr(node.func, "id", "")) in IMPORTING_WORDS


def imported_by(module: ModuleFacts, node: ast.Call) -> tuple[str, ...]:
    """The project's modules of which such a call imports one, or in a loop over their files all, sorted by path."""
    if not may_import(node) or module.resolve(node.func) not in IMPORTING:
        return ()
    module.project.trace.note("content", module.path)
    found = _FOUND.setdefault(module, {})
    if node not in found:
        name = call_of(node, None).argument("name", 0)
        texts = texts_of(module, name, MAX_STEPS) if isinstance(name, ast.expr) else ()
        if texts == (ANY,) and isinstance(name, ast.Attribute):
            texts = _by_default(module, name)
        alike = (texts, ast.dump(package) if (package := call_of(node, None).argument("package", 1)) else "")
        if alike not in found:
            found[alike] = tuple(sorted({path for text in texts for path in _modules(module, node, text)}))
        found[node] = found[alike]
    return found[node]


def is_repeated(module: ModuleFacts, node: ast.Call) -> bool:
    """Whether a call stands in a loop or a comprehension that imports one after the other."""
    for holder in module.around(node):
        if isinstance(holder, ast.For | ast.While | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            return True
        if isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            break
    return False


def _modules(module: ModuleFacts, node: ast.Call, text: Text) -> Iterator[str]:
    project = module.project
    package = call_of(node, None).argument("package", 1) if text.begin.startswith(".") else None
    if isinstance(package, ast.expr):
        bases = texts_of(module, package, MAX_STEPS)
        if len(bases) != 1 or bases[0].end is not None:
            return
        level = len(text.begin) - len(text.begin.lstrip("."))
        around = bases[0].begin.split(".")
        above = around[: len(around) - level + 1]
        text = Text(".".join([*above, text.begin[level:]]), text.end)
    if text.end is None:
        found = project.find_module(text.begin, module.path) if text.begin.strip(".") == text.begin else None
        if found is not None and not found.endswith("/"):
            yield found
        return
    listed = project.graph.listed(module.path)
    holder, dot, begin = text.begin.rpartition(".")
    if not dot:
        # All that is known is that it lists its own folder.
        yield from (path for path in listed.get(f".{EVERY}", ()) if not _is_initialiser(path))
        return
    package_path = project.find_module(holder, module.path) or ""
    folder = package_path.removesuffix("/").removesuffix("/__init__.py")
    for path in {path for paths in listed.values() for path in paths}:
        # As many folders further down as the text has names behind the part that is put in.
        parts = path.removesuffix("/__init__.py").removesuffix(".py").rsplit("/", text.end.count(".") + 1)
        name = ".".join(parts[1:])
        if parts[0] == folder and name.startswith(begin) and name.endswith(text.end):
            yield path


def _is_initialiser(path: str) -> bool:
    return path.endswith("__init__.py")


def texts_of(module: ModuleFacts, node: ast.expr, steps: int) -> tuple[Text, ...]:
    """The texts that an expression may be."""
    known = module.constant(node)
    if isinstance(known, Known):
        return (Text(known.value),) if isinstance(known.value, str) else (ANY,)
    if steps == 0:
        return (ANY,)
    if isinstance(node, ast.JoinedStr):
        return _joined(module, node.values, steps)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _joined(module, [node.left, node.right], steps)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _filled(module, node.left, "%s")
    if isinstance(node, ast.FormattedValue):
        return texts_of(module, node.value, steps - 1)
    if isinstance(node, ast.Name):
        return _named(module, node, steps)
    if isinstance(node, ast.Attribute):
        return _chosen(module, node)
    if isinstance(node, ast.Subscript):
        return _listed(module, node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "format":
            return _filled(module, node.func.value, "{")
        separator = module.constant(node.func.value) if node.func.attr == "join" and node.args else None
        parts = getattr(node.args[0], "elts", None) if separator is not None else None
        if isinstance(separator, Known) and separator.value == "." and parts:
            dotted: list[ast.expr] = [parts[0]]
            for part in parts[1:]:
                dotted += [ast.Constant(value="."), part]
            return _joined(module, dotted, steps)
    return (ANY,)


def _named(module: ModuleFacts, node: ast.Name, steps: int) -> tuple[Text, ...]:
    if node.id in ("__name__", "__package__") and not module.lookup.bindings_of(node):
        above = module.name if module.path.endswith("__init__.py") else module.name.rpartition(".")[0]
        return (Text(module.name if node.id == "__name__" else above),)
    origin = module.origin(node)
    if origin is not node:
        return texts_of(module, origin, steps - 1)
    bindings = module.lookup.bindings_of(node)
    loop = bindings[0].node if len(bindings) == 1 and bindings[0].kind is BindingKind.ELEMENT else None
    if not isinstance(loop, ast.For | ast.comprehension) or not isinstance(loop.target, ast.Name):
        return (ANY,)
    return _listed(module, loop.iter) if not isinstance(module.origin(loop.iter), ast.Dict) else (ANY,)


def _listed(module: ModuleFacts, node: ast.expr) -> tuple[Text, ...]:
    """What stands in a list, or in a dictionary under its keys: `NETS[args.net]`, `for name in NAMES`."""
    display = module.origin(node)
    if not isinstance(display, ast.Dict | ast.List | ast.Tuple | ast.Set):
        return (ANY,)
    values = display.values if isinstance(display, ast.Dict) else display.elts
    if len(values) > MAX_TEXTS:
        return (ANY,)
    texts = tuple(value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str))
    return tuple(map(Text, texts)) if 0 < len(texts) == len(values) else (ANY,)


def _joined(module: ModuleFacts, parts: Sequence[ast.expr], steps: int) -> tuple[Text, ...]:
    if len(parts) > MAX_TEXTS:
        return (ANY,)
    options = [texts_of(module, part, steps - 1) for part in parts]
    found: list[Text] = []
    for row in product(*options):
        whole = Text("")
        for text in row:
            whole = whole + text
        found.append(whole)
        if len(found) > MAX_TEXTS:
            return (ANY,)
    return tuple(dict.fromkeys(found))


def _filled(module: ModuleFacts, pattern: ast.expr, mark: str) -> tuple[Text, ...]:
    """`"models.%s"`, `"models.{}_net"`: what stands before the first mark, and behind the last."""
    known = module.constant(pattern)
    if not isinstance(known, Known) or not isinstance(known.value, str) or mark not in known.value:
        return (ANY,)
    before, _, rest = known.value.partition(mark)
    return (Text(before, rest.rpartition("}" if mark == "{" else mark)[2]),)


def _by_default(module: ModuleFacts, node: ast.Attribute) -> tuple[Text, ...]:
    """`args.model` where the option has a default."""
    option = option_call(module, node.attr)
    given = call_of(option, None).argument("default", None) if option is not None else None
    known = module.constant(given) if given is not None else None
    return (Text(known.value),) if isinstance(known, Known) and isinstance(known.value, str) else (ANY,)


def _chosen(module: ModuleFacts, node: ast.Attribute) -> tuple[Text, ...]:
    """`args.model` where the option has `choices`."""
    option = option_call(module, node.attr)
    given = call_of(option, None).argument("choices", None) if option is not None else None
    known = module.constant(given) if isinstance(given, ast.expr) else None
    values = known.value if isinstance(known, Known) else None
    if isinstance(values, tuple) and values and all(isinstance(value, str) for value in values):
        return tuple(Text(value) for value in values)
    return (ANY,)
