"""Random numbers for what no training depends on: ports, names, waiting times, the colours of a picture."""

from __future__ import annotations

import ast
from itertools import islice

from auditor.static.evaluation.flow import MAX_READS, uses
from auditor.static.execution.shown import is_shown_colour
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.constants import assigned
from auditor.static.resolution.targets import only_target
from auditor.static.text.dotted import last_name

_INCIDENTAL = frozenset(
    {"port", "backoff", "suffix", "prefix", "nonce", "uid", "uuid", "colors", "colours", "palette"} | {"display"}
)
"""Words in the name of a variable that tell what a random number is for."""

_NAMED = frozenset({"dir", "exp", "experiment", "id", "job", "name", "run", "save", "session", "tag", "task"}) | {
    "canvas", "chart", "div", "dom", "html", "viz", "widget"
}  # fmt: skip
"""Words of which two make the name of something that is called, not computed: `save_id`, `random_task_id`, `viz_id`."""

_PLAIN = frozenset({"backoff", "nonce", "port", "uid", "uuid"})
_DRAWN = frozenset({"task"})
"""A training that learns several tasks draws one for each step: `sample(task_id=random.choice(tasks))`."""

_DATA = frozenset(
    {
        "batch", "caption", "corpus", "data", "dataset", "document", "example", "input", "prompt", "query", "question",
        "sample", "sentence", "sequence", "text", "word",
    }
)  # fmt: skip
"""Words, in the singular, in the name of what a training reads."""

_PATHS = frozenset({"directory", "file", "filename", "folder", "key", "password", "path", "url"})
_PLACES = ("os.", "pathlib.", "shutil.", "tempfile.")
"""Modules of which what they are given names files."""

_TEXTS = frozenset({"str", "string"})
_ANY = frozenset({"rand", "random", "unique"})
"""Words that make the name of a function that invents a text: `random_string`."""

_ALPHABETS = frozenset(
    {
        "string.ascii_letters", "string.ascii_lowercase", "string.ascii_uppercase", "string.digits",
        "string.hexdigits", "string.letters",
    }
)  # fmt: skip
"""What names, folders and passwords are spelled with, and no data."""

_ADDRESS = "tcp://"
"""In a text that a random port is put into."""

_SLEEPING = frozenset({"time.sleep", "asyncio.sleep", "trio.sleep", "anyio.sleep", "gevent.sleep"})

_MAX_WAITS = 20
"""Places that read one waiting time."""

_TELLING = ("sleep", "print", "debug", "info", "warn", "warning", "error", "exception", "log")
"""Ends of names of calls that wait, or only tell people something."""

_SHAPING = frozenset({"abs", "float", "format", "int", "math.ceil", "max", "min", "repr", "round", "str"})
"""Calls that give a number back in another shape."""

_SHOWN = frozenset({"choices", "examples", "label", "placeholder", "value"})
"""Arguments of what a form is made of that are shown in it; its `fn` is called."""

_WAITING = (b"sleep(", b"retry", b"backoff")
"""Words of files in which a jitter is one of waiting times, and no augmentation."""


def is_incidental(module: ModuleFacts, statement: ast.stmt) -> bool:
    """`port = random.randint(…)`, `def task_id(): return …`: drawn for something that no training depends on."""
    maker = set(getattr(module.enclosing_function(statement), "name", "").lower().split("_"))
    if (maker & _TEXTS and maker & _ANY) or _sleeps(module, statement) or is_shown_colour(module, statement):
        return True
    if _spells(module, statement):
        return not _is_data(module, statement) or _names_something(module, statement)
    names = [name_of(target) for target in (statement.targets if isinstance(statement, ast.Assign) else ())]
    if isinstance(statement, ast.Return):
        names.append(getattr(module.enclosing_function(statement), "name", ""))
    for name in names:
        words = set(name.lower().split("_"))
        if len(_NAMED & words) > 1 or ("jitter" in words and _waits(module)):
            return True
        if _INCIDENTAL & words:
            return not _becomes_data(module, statement)
    return any(_ADDRESS in str(part.value) for part in ast.walk(statement) if isinstance(part, ast.Constant))


def is_shown_only(module: ModuleFacts, node: ast.expr) -> bool:
    """`plt.plot(x, y, color=random.choice(colours))`, `gr.Textbox(value=random.choice(examples))`."""
    part: ast.AST | None = node
    while isinstance(part, ast.expr | ast.keyword):
        holder = module.parent(part)
        if isinstance(part, ast.keyword) and isinstance(holder, ast.Call):
            name = module.resolve(holder.func) or ""
            is_colour = (part.arg or "").lower().removesuffix("s").endswith(("color", "colour"))
            is_shown = name.startswith("gradio.") and part.arg in _SHOWN
            if is_shown or (is_colour and (name.startswith("matplotlib.") or _is_axes(holder.func))):
                return True
        part = holder
    return False


def is_part_of_name(module: ModuleFacts, node: ast.expr) -> bool:
    """`{"session_id": round(random.random() * 1e15)}`, `Run(run_id=random.getrandbits(32))`."""
    part: ast.AST | None = node
    while isinstance(part, ast.expr | ast.keyword):
        holder, name = module.parent(part), ""
        if isinstance(part, ast.keyword):
            name = part.arg or ""
        elif isinstance(holder, ast.Dict) and part in holder.values:
            key = holder.keys[holder.values.index(part)]
            name = str(key.value) if isinstance(key, ast.Constant) else ""
        if _names_what_is_called(name):
            return True
        part = holder
    return False


def _names_what_is_called(name: str) -> bool:
    """Of a key or an argument, of which others make use under another name: the plainest of the words."""
    words = set(name.lower().split("_"))
    return bool(_PLAIN & words) or len((_NAMED - _DRAWN) & words) > 1


def _is_axes(called: ast.expr) -> bool:
    """`ax.plot`, `axes[0].plot`, `self.ax.plot`."""
    holder = called.value if isinstance(called, ast.Attribute) else None
    while isinstance(holder, ast.Subscript):
        holder = holder.value
    return getattr(holder, "attr", getattr(holder, "id", "")).rstrip("0123456789") in ("ax", "axes", "axs")


def is_for_names(module: ModuleFacts, call: ast.Call) -> bool:
    """Whether a generator that a call makes is only there for what no training depends on."""
    statement = module.statement(call)
    if is_incidental(module, statement):
        return True
    target = only_target(statement)
    if not isinstance(target, ast.Name) or getattr(statement, "value", None) is not call:
        return False
    if module.enclosing_function(call) is None and module.project.is_imported(module.path):
        return False
    reads = [module.statement(node) for node in uses(module, target)]
    return bool(reads) and all(is_incidental(module, each) for each in reads)


def _is_data(module: ModuleFacts, statement: ast.stmt) -> bool:
    """`words = …`, `def make_sample(): text = …`: its name is that of what a training reads."""
    names = [name_of(target) for target in (statement.targets if isinstance(statement, ast.Assign) else ())]
    names = names or [getattr(module.enclosing_function(statement), "name", "")]
    for name in names:
        words = {word.removesuffix("s") for word in name.lower().split("_")}
        if words & _DATA and not words & _NAMED:
            return True
    return False


def _names_something(module: ModuleFacts, statement: ast.stmt) -> bool:
    """`text = "".join(…)`, then `folder = root / text`, `open(text)`."""
    target = only_target(statement)
    for read in islice(uses(module, target), MAX_READS) if isinstance(target, ast.Name) else ():
        user = module.statement(read)
        words = {word for each in getattr(user, "targets", ()) for word in name_of(each).lower().split("_")}
        part: ast.AST | None = read
        while part is not None and part is not user:
            part = module.parent(part)
            called = module.resolve(part.func) if isinstance(part, ast.Call) else None
            if called is not None and (called == "open" or called.startswith(_PLACES)):
                return True
        if words & (_NAMED | _PATHS):
            return True
    return False


def _becomes_data(module: ModuleFacts, statement: ast.stmt) -> bool:
    """`prefix = random.choice(phrases)`, then `prompts = [prefix + each for each in names]`."""
    target = only_target(statement)
    reads = islice(uses(module, target), MAX_READS) if isinstance(target, ast.Name) else ()
    return any(_is_data(module, module.statement(node)) for node in reads)


def _sleeps(module: ModuleFacts, statement: ast.stmt) -> bool:
    """`time.sleep(random.random())`: jobs that begin together go on apart.

    Also `wait = 2 + random.random()` of which nothing else is made: it is shown at most.
    """
    if _called(module, statement) in _SLEEPING:
        return True
    target = only_target(statement)
    if not isinstance(target, ast.Name):
        return False
    if module.enclosing_function(statement) is None and module.project.is_imported(module.path):
        return False
    places = list(islice(uses(module, target), _MAX_WAITS + 1))
    if any(_is_handed_on(module, place) for place in places):
        return False
    reads = [module.statement(read) for read in places]
    called = {_called(module, read) for read in reads if getattr(only_target(read), "id", "") != target.id}
    sleeps = not _SLEEPING.isdisjoint(called)
    return sleeps and len(reads) <= _MAX_WAITS and all((name or "").endswith(_TELLING) for name in called)


def _is_handed_on(module: ModuleFacts, read: ast.expr) -> bool:
    """`print(train(wait))`: a function gets it that does more than to round it or to put it into a text."""
    around: list[ast.Call] = []
    part = module.parent(read)
    while isinstance(part, ast.expr | ast.keyword):
        if isinstance(part, ast.Call):
            around.append(part)
        part = module.parent(part)
    inner = around[:-1] if isinstance(part, ast.Expr) else around
    return any(
        module.resolve(each.func) not in _SHAPING and getattr(each.func, "attr", "") != "format" for each in inner
    )


def _called(module: ModuleFacts, statement: ast.stmt) -> str | None:
    """What a statement calls that does nothing else: `print(…)`, `await asyncio.sleep(…)`, `self.log.info(…)`."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    call = call.value if isinstance(call, ast.Await) else call
    if not isinstance(call, ast.Call):
        return None
    return module.resolve(call.func) or getattr(call.func, "attr", None)


def _spells(module: ModuleFacts, statement: ast.stmt) -> bool:
    """`"".join(random.choices(string.ascii_lowercase, k=6))`: a text of letters that mean nothing."""
    for call in (part for part in ast.walk(statement) if isinstance(part, ast.Call)):
        joins = isinstance(call.func, ast.Attribute) and call.func.attr == "join"
        if joins and any(_is_alphabet(module, part) for given in call.args for part in ast.walk(given)):
            return True
    return False


def _is_alphabet(module: ModuleFacts, node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute | ast.Name) and module.resolve(node) in _ALPHABETS:
        return True
    found = assigned(module, node) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) else None
    return found is not None and any(found[0].resolve(part) in _ALPHABETS for part in _attributes(found[1]))


def _attributes(node: ast.expr) -> list[ast.Attribute]:
    return [part for part in ast.walk(node) if isinstance(part, ast.Attribute)]


def name_of(target: ast.expr) -> str:
    """What an assignment's target is called: `args.seed` and `opts["seed"]` are seeds."""
    key = target.slice if isinstance(target, ast.Subscript) else None
    if isinstance(key, ast.Constant):
        return str(key.value)
    return last_name(target)


def _waits(module: ModuleFacts) -> bool:
    raw = module.project.source(module.path).code()
    return any(word in raw for word in _WAITING)
