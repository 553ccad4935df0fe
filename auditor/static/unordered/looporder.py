"""Does the body of a loop depend on the order in which the loop runs?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TypeGuard
from auditor.model.lean import dataclass
from auditor.model.rule import Confidence
from auditor.static.facts import ModuleFacts
from auditor.static.syntax.elements import is_none
from auditor.static.syntax.nodes import walk
from auditor.static.unordered.addedtext import adds_text
from auditor.static.unordered.alphabet import is_alphabet
from auditor.static.unordered.archived import is_archived
from auditor.static.unordered.dealtout import HOW, Comprehension, comprehension_deals_out, deals_out
from auditor.static.unordered.equalitems import without_equals
from auditor.static.unordered.orderless import uses_index
from auditor.static.unordered.ordertrail import NUMBERED, Kind, Trail

_COLLECTING = frozenset({"append", "appendleft", "extend", "insert"})
_WRITING = frozenset({"write", "writelines", "writerow", "put", "write_row"})
_FILING = frozenset(
    {"copy", "copy2", "copyfile", "imsave", "imwrite", "link", "move", "rename", "save", "savez", "symlink", "write"}
)
"""What makes a file of the name that it is given, or puts a text into one."""

_SHOWN = frozenset({"sys.stderr", "sys.stdout"})


@dataclass(frozen=True, slots=True)
class LoopEffect:
    """How the order counts."""

    how: str
    confidence: Confidence


def loop_effect(module: ModuleFacts, loop: ast.For | ast.AsyncFor, trail: Trail) -> LoopEffect | tuple[ast.expr, ...]:
    """Return how the body depends on the order of what `trail` led to, else the containers that it fills in that order.

    A container is not yet a use: it may be sorted afterwards.
    """
    numbered, sums = trail.numbered, trail.kind is Kind.COMPLETION
    body = tuple(_inside(loop))
    own, fresh = _assigned_names(loop, body), _fresh(loop)
    if _sorts_directories(loop, body):
        return ()
    for node in body:
        effect = _effect(module, loop, node, own, fresh, numbered=numbered, sums=sums)
        if effect is not None:
            return effect
    is_asked = any(_mentions(node, frozenset(_names(loop.target))) for node in loop.body)
    if is_asked and deals_out(module, body, own, below=trail.kind is not Kind.LISTING):
        return LoopEffect(HOW, Confidence.MEDIUM)
    counters = frozenset(_counters(loop, numbered)) - fresh
    if _numbers_files(loop, body, counters):
        return LoopEffect("files are numbered in that order", Confidence.MEDIUM)
    filling = body if numbered else without_equals(module, loop, body)
    return (*_containers(filling, own - (_added_to(body) - fresh)), *_rows(body, own, counters))


def comprehension_effect(
    module: ModuleFacts, owner: Comprehension, clause: ast.comprehension, trail: Trail
) -> LoopEffect | None:
    """Return how what is made for each depends on the order; what a list holds is followed by its own way."""
    if (
        isinstance(owner, ast.DictComp)
        and trail.numbered
        and uses_index(clause.target, owner.key, owner.value)
        and not is_alphabet(module, owner)
    ):
        return LoopEffect(NUMBERED, Confidence.HIGH)
    is_dealt = comprehension_deals_out(module, owner, clause, below=trail.kind is not Kind.LISTING)
    return LoopEffect(HOW, Confidence.MEDIUM) if is_dealt else None


def loop_over_positions(module: ModuleFacts, item: ast.Subscript) -> ast.For | None:
    """The loop `for i in range(len(files))` around `files[i]` that does nothing else with its positions."""
    if not isinstance(item.slice, ast.Name):
        return None
    index, of = item.slice.id, ast.dump(item.value)
    loop: ast.AST | None = item
    while loop is not None and not (isinstance(loop, ast.For) and getattr(loop.target, "id", "") == index):
        loop = module.parent(loop)
    if not isinstance(loop, ast.For) or not _counts_all(loop.iter, of):
        return None
    for node in (each for statement in loop.body for each in walk(statement)):
        if isinstance(node, ast.Name) and node.id == index:
            holder = module.parent(node)
            if isinstance(holder, ast.Subscript) and holder.slice is node and ast.dump(holder.value) == of:
                if not isinstance(holder.ctx, ast.Load):
                    return None
            elif not (isinstance(holder, ast.Call) and getattr(holder.func, "id", "") == "print"):
                return None
    return loop


def _counts_all(node: ast.expr, of: str) -> bool:
    """`range(len(files))`, also `tqdm(range(len(files)))`."""
    while isinstance(node, ast.Call) and node.args and getattr(node.func, "id", "") != "range":
        node = node.args[0]
    if not isinstance(node, ast.Call) or len(node.args) > 2 or not _is_len(node.args[-1]):
        return False
    begins = node.args[0] if len(node.args) > 1 else None
    if begins is not None and not (isinstance(begins, ast.Constant) and begins.value == 0):
        return False
    return ast.dump(node.args[-1].args[0]) == of


def _effect(
    module: ModuleFacts,
    loop: ast.For | ast.AsyncFor,
    node: ast.AST,
    own: frozenset[str],
    fresh: frozenset[str],
    *,
    numbered: bool,
    sums: bool,
) -> LoopEffect | None:
    if isinstance(node, ast.Yield | ast.YieldFrom):
        return LoopEffect("they are yielded in that order", Confidence.MEDIUM)
    if isinstance(node, ast.Assign) and _gives_out_numbers(loop, node, numbered):
        return LoopEffect(NUMBERED, Confidence.HIGH)
    if isinstance(node, ast.Return) and node.value is not None and _mentions(node.value, own):
        return LoopEffect("the first one that fits is taken", Confidence.MEDIUM)
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id not in fresh:
        if _mentions(node.value, own) and adds_text(module, node):
            return LoopEffect("they are appended in that order", Confidence.MEDIUM)
        return _accumulation(node, sums)
    if isinstance(node, ast.Call):
        name = module.resolve(node.func)
        if name == "print" and _prints_to_file(module, node, own):
            return LoopEffect("they are written in that order", Confidence.MEDIUM)
        if name is None and isinstance(node.func, ast.Attribute) and node.func.attr in _WRITING:
            outside = not _mentions(node.func.value, own) and not is_archived(module, node)
            return LoopEffect("they are written in that order", Confidence.MEDIUM) if outside else None
    return None


def _prints_to_file(module: ModuleFacts, node: ast.Call, own: frozenset[str]) -> bool:
    """`print(word, file=out)`, of what the loop gave, into what it did not make."""
    file = next((word.value for word in node.keywords if word.arg == "file"), None)
    if file is None or is_none(file) or module.resolve(file) in _SHOWN or _mentions(file, own):
        return False
    return any(_mentions(given, own) for given in node.args)


def _accumulation(node: ast.AugAssign, sums: bool) -> LoopEffect | None:
    if not isinstance(node.op, ast.Add):
        return None
    if isinstance(node.value, ast.List | ast.ListComp):
        # A list that is filled, and may be sorted afterwards.
        return None
    if isinstance(node.value, ast.JoinedStr | ast.Tuple):
        return LoopEffect("they are appended in that order", Confidence.MEDIUM)
    if isinstance(node.value, ast.Constant):
        is_text = isinstance(node.value.value, str)
        return LoopEffect("they are appended in that order", Confidence.MEDIUM) if is_text else None
    return LoopEffect("floating point numbers are added in that order", Confidence.MEDIUM) if sums else None


def _gives_out_numbers(loop: ast.For | ast.AsyncFor, node: ast.Assign, numbered: bool) -> bool:
    """`ids[x] = len(ids)`, `ids[x] = n` with `n += 1` in the loop, `ids[x] = i` with the loop's own index."""
    stores = [target for target in node.targets if isinstance(target, ast.Subscript)]
    if not stores:
        return False
    measured = [ast.dump(each.args[0]) for each in walk(node.value) if _is_len(each)]
    if any(ast.dump(store.value).replace("Store", "Load") in measured for store in stores):
        return True
    return isinstance(node.value, ast.Name) and node.value.id in _counters(loop, numbered)


def _numbers_files(loop: ast.For | ast.AsyncFor, body: tuple[ast.AST, ...], counters: frozenset[str]) -> bool:
    """`imwrite(f"{n}.png", image)` with `n += 1` in the loop, also by a name: `label = str(n)`, `file.write(label)`.

    A text that says whose number it is, `f"{name}_{n}.png"`, does not count.
    """
    if not counters:
        return False
    own = frozenset(_names(loop.target)) - counters
    spelled = {
        node.targets[0].id
        for node in body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and _spells(node.value, counters)
        and not _mentions(node.value, own)
    }
    return any(
        not _mentions(given, own) and (_spells(given, counters) or getattr(given, "id", "") in spelled)
        for node in body
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in _FILING
        for given in node.args
    )


def _spells(node: ast.expr, numbers: frozenset[str]) -> bool:
    """Whether one of these numbers is part of a text: `f"{n}"`, `str(n)`, `"{}".format(n)`, `"%d" % n`."""
    return any(_mentions(given, numbers) for part in walk(node) for given in _put_into_text(part))


def _put_into_text(node: ast.AST) -> list[ast.expr]:
    """What an expression puts into a text."""
    if isinstance(node, ast.FormattedValue):
        return [node.value]
    if isinstance(node, ast.Call):
        is_spelling = getattr(node.func, "attr", getattr(node.func, "id", "")) in ("str", "format")
        return node.args if is_spelling else []
    is_text = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant)
    return [node.right] if is_text and isinstance(node, ast.BinOp) else []


def _is_len(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len" and bool(node.args)


def _counters(loop: ast.For | ast.AsyncFor, numbered: bool) -> set[str]:
    """Names that count the turns."""
    counters = {
        node.target.id
        for node in walk(loop)
        if isinstance(node, ast.AugAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    target = loop.target
    if numbered and isinstance(target, ast.Tuple) and target.elts and isinstance(target.elts[0], ast.Name):
        counters.add(target.elts[0].id)
    return counters


def _containers(body: tuple[ast.AST, ...], own: frozenset[str]) -> Iterator[ast.expr]:
    """What the body appends to and did not make itself."""
    seen: set[str] = set()
    for node in body:
        held = _filled(node, own)
        if held is not None and not _mentions(held, own):
            key = ast.dump(held)
            if key not in seen:
                seen.add(key)
                yield held


def _rows(body: tuple[ast.AST, ...], own: frozenset[str], counters: frozenset[str]) -> Iterator[ast.expr]:
    """What gets a row a turn: `x` of `x[n] = load(name)` and `x[n, :] = …`, with `n` that counts the turns."""
    seen: set[str] = set()
    for node in body if counters else ():
        if not isinstance(node, ast.Assign) or not _mentions(node.value, own - counters):
            continue
        for target in node.targets:
            if isinstance(target, ast.Subscript) and _mentions(target.slice, counters):
                key = ast.dump(target.value)
                if key not in seen and not _mentions(target.value, own):
                    seen.add(key)
                    yield target.value


def _filled(node: ast.AST, own: frozenset[str]) -> ast.expr | None:
    """`files.append(…)`, `files += […]`, `files += found` of something that the loop gave."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.value if node.func.attr in _COLLECTING else None
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        is_list = isinstance(node.value, ast.List | ast.ListComp)
        return node.target if is_list or (isinstance(node.value, ast.Name) and node.value.id in own) else None
    return None


def _sorts_directories(loop: ast.For | ast.AsyncFor, body: tuple[ast.AST, ...]) -> bool:
    """`for root, dirs, files in os.walk(…)` with `dirs.sort()` or `dirs[:] = sorted(dirs)`: the walk is in order."""
    target = loop.target
    if not isinstance(target, ast.Tuple) or len(target.elts) != 3 or not isinstance(target.elts[1], ast.Name):
        return False
    name = target.elts[1].id
    for node in body:
        if isinstance(node, ast.Call) and _is_method(node, name, "sort"):
            return True
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            store = node.targets[0].value
            if isinstance(store, ast.Name) and store.id == name and isinstance(node.value, ast.Call):
                return isinstance(node.value.func, ast.Name) and node.value.func.id == "sorted"
    return False


def _is_method(call: ast.Call, name: str, method: str) -> bool:
    """Whether it is `name.method(…)`."""
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr != method:
        return False
    return isinstance(func.value, ast.Name) and func.value.id == name


def _inside(loop: ast.For | ast.AsyncFor) -> Iterator[ast.AST]:
    """The nodes of the body in source order, without the bodies of functions defined there."""
    pending: list[ast.AST] = list(reversed(loop.body))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            pending.extend(reversed(list(ast.iter_child_nodes(node))))


def _assigned_names(loop: ast.For | ast.AsyncFor, body: tuple[ast.AST, ...]) -> frozenset[str]:
    """Names that are new in every turn, the loop's variables and what the body assigns, and those that it adds to."""
    return frozenset(_names(loop.target)) | frozenset(
        node.id for node in body if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )


def _added_to(body: tuple[ast.AST, ...]) -> frozenset[str]:
    """Names that the body adds to: `found += [path]`."""
    targets = (node.target for node in body if isinstance(node, ast.AugAssign))
    return frozenset(target.id for target in targets if isinstance(target, ast.Name))


def _fresh(loop: ast.For | ast.AsyncFor) -> frozenset[str]:
    """Names that a plain assignment in the body makes anew in every turn."""
    targets = (target for node in _inside(loop) if isinstance(node, ast.Assign) for target in node.targets)
    stored = (part for target in targets for part in walk(target) if isinstance(part, ast.Name))
    return frozenset(part.id for part in stored if isinstance(part.ctx, ast.Store))


def _names(node: ast.AST) -> Iterator[str]:
    for each in walk(node):
        if isinstance(each, ast.Name):
            yield each.id


def _mentions(node: ast.AST, names: frozenset[str]) -> bool:
    return any(name in names for name in _names(node))
