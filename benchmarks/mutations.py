"""Mutations of programs: what people do that breaks a seeded program, that mends one, and that changes nothing.

`scan_mutations.py` makes them in real projects and says whether the scan notices.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

LARGEST = 400_000
BREAK, MEND, SAME = "break", "mend", "same"

SEEDS = {
    "random": r"(?<![\w.])random\.seed$",
    "numpy": r"(?:np|numpy)\.random\.seed$",
    "torch": r"(?:torch|th)\.(?:random\.)?manual_seed$",
    "cuda": r"torch\.cuda\.manual_seed(?:_all)?$",
    "tensorflow": r"tf\.(?:random\.set_seed|set_random_seed|compat\.v1\.set_random_seed)$",
}
DRAWS = {
    "random": r"(?<![\w.])random\.(?!seed|getstate|setstate)[a-z]\w*\(|(?:from|import) random (?:import|as)",
    "numpy": r"\b(?:np|numpy)\.random\.(?!seed|RandomState|default_rng|get_state|set_state|Generator)\w+|sklearn",
    "torch": r"\btorch\b",
    "cuda": r"(?!)",
    "tensorflow": r"\btensorflow\b",
}
SEEDER = re.compile(
    r"(?:^|\.)(?:\w*(?:set|fix|setup|init|make|same)\w*seeds?\w*|seed_\w+|seed_?all|set_determin\w+)$", re.I
)
KEYWORDS = ("random_state", "generator", "seed", "rng")
LISTINGS = ("os.listdir", "listdir", "glob.glob", "glob", "glob.iglob", "os.scandir", "set", "iterdir", "rglob")

Edit = tuple[int, int, bytes]


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One change of a project, and what it should do to the report."""

    kind: str
    expected: str
    path: str
    files: dict[str, bytes]
    """New contents of all files that it touches."""

    unclear: str = ""
    """Why nobody can tell from here; empty where the expectation holds."""


@dataclass(frozen=True)
class Module:
    """A file with what mutations ask for."""

    path: str
    raw: bytes
    tree: ast.Module
    starts: tuple[int, ...]

    def at(self, row: int, column: int) -> int:
        return self.starts[row - 1] + column

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno or 0, node.end_col_offset or 0)

    def text(self, node: ast.expr | ast.stmt) -> bytes:
        start, end = self.span(node)
        return self.raw[start:end]

    def with_edits(self, edits: Iterable[Edit]) -> bytes:
        raw = self.raw
        for start, end, new in sorted(edits, reverse=True):
            raw = raw[:start] + new + raw[end:]
        return raw

    def indent(self, node: ast.stmt) -> bytes:
        return self.raw[self.at(node.lineno, 0) : self.at(node.lineno, node.col_offset)]

    def is_alone(self, node: ast.stmt) -> bool:
        """Whether nothing else stands in the lines of a statement."""
        end = self.span(node)[1]
        return not self.indent(node).strip() and self.raw[end : self.raw.find(b"\n", end)].split(b"#")[0].strip() == b""


def module_of(path: str, raw: bytes) -> Module | None:
    """None for what does not parse, and for line ends that would shift columns."""
    if b"\r" in raw or b"\x0c" in raw or len(raw) > LARGEST:
        return None
    try:
        tree = ast.parse(raw)
    except (SyntaxError, ValueError, RecursionError):
        return None
    starts = [0]
    for line in raw.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    return Module(path, raw, tree, tuple(starts))


def dotted(node: ast.expr) -> str:
    return ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""


def seeded_by(call: ast.expr) -> str:
    """The library that a call seeds, `all` for a function that is called like a seeder, else nothing."""
    if not isinstance(call, ast.Call):
        return ""
    name = dotted(call.func)
    return next((key for key, form in SEEDS.items() if re.search(form, name)), "all" if SEEDER.search(name) else "")


def seed_statements(module: Module) -> Iterator[tuple[ast.Expr, ast.Call, str]]:
    for node in ast.walk(module.tree):
        call = node.value if isinstance(node, ast.Expr) else None
        if isinstance(node, ast.Expr) and isinstance(call, ast.Call) and module.is_alone(node) and seeded_by(call):
            yield node, call, seeded_by(call)


def functions(module: Module) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef)]


def block_of(module: Module, statement: ast.stmt) -> tuple[ast.AST, list[ast.stmt]] | None:
    for node in ast.walk(module.tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and statement in block:
                return node, block
    return None


def replaced(module: Module, kind: str, expected: str, edits: Sequence[Edit], unclear: str = "") -> Mutation:
    files = {module.path: module.with_edits(edits)}
    return Mutation(kind=kind, expected=expected, path=module.path, files=files, unclear=unclear)


def why_unclear(key: str, module: Module, statement: ast.stmt, project: Sequence[Module]) -> str:
    """Why a seed may be left out without harm, as far as text tells."""
    text = b"\n".join(each.raw for each in project).decode("utf-8", "replace")
    if key in DRAWS and not re.search(DRAWS[key], text):
        return "nothing draws there"
    owner = next((each for each in functions(module) if statement in ast.walk(each)), None)
    if owner and len(re.findall(rf"\b{re.escape(owner.name)}\b", text)) < 2 and owner.name != "__init__":
        return "nobody names the function"
    others = [other for each in project for _, _, other in seed_statements(each)]
    if sum(other in (key, "all") for other in others) > 1 + ("all" in others and key != "all"):
        return "seeded elsewhere too"
    return ""


def broken_seeds(module: Module, project: Sequence[Module]) -> Iterator[Mutation]:
    for statement, call, key in seed_statements(module):
        start, end = module.span(statement)
        unclear = why_unclear(key, module, statement, project)
        kind = "seeder not called" if key == "all" else "seed left out"
        yield replaced(module, kind, BREAK, [(start, end, b"pass")], unclear)
        if call.args and not isinstance(call.args[0], ast.Starred):
            first, last = module.span(call.args[0])
            if key in ("random", "numpy"):
                yield replaced(module, "seed None", BREAK, [(first, last, b"None")], unclear)
            clock = [(first, last, b"int(clock.time())"), (start, start, b"import time as clock; ")]
            yield replaced(module, "seed from the clock", BREAK, clock, unclear)
        found = block_of(module, statement)
        if found and isinstance(found[0], ast.FunctionDef | ast.Module) and len(found[1]) > 1:
            owner, block = found
            last_one = block[-1]
            if statement is last_one or isinstance(last_one, ast.Return) or not module.is_alone(last_one):
                continue
            if (isinstance(owner, ast.FunctionDef) and "seed" in owner.name.lower()) or seeded_by(
                getattr(last_one, "value", None) or ast.Name("")
            ):
                continue
            end_of_block = module.span(last_one)[1]
            line_end = module.raw.find(b"\n", end_of_block)
            line_end = len(module.raw) if line_end < 0 else line_end
            moved = b"\n" + module.indent(statement) + module.text(statement)
            yield replaced(
                module, "seed at the end", BREAK, [(start, end, b"pass"), (line_end, line_end, moved)], unclear
            )


def broken_calls(module: Module, project: Sequence[Module]) -> Iterator[Mutation]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            for keyword in node.keywords:
                given = keyword.arg or ""
                is_none = isinstance(keyword.value, ast.Constant) and keyword.value.value is None
                if given in (*KEYWORDS, "worker_init_fn") and not is_none and not seeded_by(node):
                    kind = "worker_init_fn left out" if given == "worker_init_fn" else f"{given}= left out"
                    unclear = why_given_elsewhere(node, given, project)
                    yield replaced(module, kind, BREAK, [without(module, keyword)], unclear)
            if name == "sorted" and len(node.args) == 1 and isinstance(node.args[0], ast.Call) and not node.keywords:
                inner = node.args[0]
                last = inner.func.attr if isinstance(inner.func, ast.Attribute) else ""
                if dotted(inner.func) in LISTINGS or last in ("glob", "rglob", "iterdir"):
                    kind = "set not sorted" if dotted(inner.func) == "set" else "listing not sorted"
                    yield replaced(module, kind, BREAK, [(*module.span(node), module.text(inner))])
            if name.endswith("use_deterministic_algorithms") and node.args and ast.unparse(node.args[0]) == "True":
                yield replaced(module, "deterministic algorithms off", BREAK, [(*module.span(node.args[0]), b"False")])
                if len(node.args) + len(node.keywords) == 1:
                    end = module.span(node.args[0])[1]
                    yield replaced(
                        module, "deterministic algorithms warn only", BREAK, [(end, end, b", warn_only=True")]
                    )
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            target = dotted(node.targets[0])
            if target.endswith("cudnn.deterministic") and node.value.value is True:
                yield replaced(module, "cudnn.deterministic left out", BREAK, [(*module.span(node), b"pass")])
                yield replaced(module, "cudnn.deterministic False", BREAK, [(*module.span(node.value), b"False")])
            if target.endswith("cudnn.benchmark") and node.value.value is False:
                yield replaced(module, "cudnn.benchmark True", BREAK, [(*module.span(node.value), b"True")])


def why_given_elsewhere(call: ast.Call, keyword: str, project: Sequence[Module]) -> str:
    """Why an argument may be left out without harm: a default of the project, or a global generator that is seeded."""
    name = dotted(call.func).rpartition(".")[2]
    if any(name in (each.name for each in ast.walk(module.tree) if hasattr(each, "name")) for module in project):
        return "a function of the project"
    falls_back = {"generator": ("torch", "all"), "random_state": ("numpy", "all"), "rng": ("numpy", "all")}
    if any(key in falls_back.get(keyword, ()) for each in project for _, _, key in seed_statements(each)):
        return "a global generator is seeded"
    return ""


def without(module: Module, keyword: ast.keyword) -> Edit:
    start, end = module.span(keyword)
    before = module.raw[:start].rstrip()
    if before.endswith(b","):
        return len(before) - 1, end, b""
    after = re.match(rb"\s*,\s*", module.raw[end:])
    return start, end + (after.end() if after else 0), b""


def same_seeds(module: Module, project: Sequence[Module]) -> Iterator[Mutation]:
    for statement, call, _ in seed_statements(module):
        start, end = module.span(statement)
        if statement.lineno == statement.end_lineno:
            yield replaced(module, "seed under if True", SAME, [(start, end, b"if True: " + module.text(statement))])
        if call.args and not isinstance(call.args[0], ast.Starred | ast.Constant):
            first, last = module.span(call.args[0])
            split = b"part_of_it = " + module.text(call.args[0]) + b"\n" + module.indent(statement)
            yield replaced(
                module, "seed in a variable first", SAME, [(start, start, split), (first, last, b"part_of_it")]
            )


def same_calls(module: Module, project: Sequence[Module]) -> Iterator[Mutation]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and module.is_alone(node):
            call = node.value
            if call.args and isinstance(call.args[0], ast.Call) and isinstance(call.func, ast.Name):
                first, last = module.span(call.args[0])
                start = module.span(node)[0]
                split = b"part_of_it = " + module.text(call.args[0]) + b"\n" + module.indent(node)
                edits = [(start, start, split), (first, last, b"part_of_it")]
                yield replaced(module, "argument in a variable first", SAME, edits)


def same_names(module: Module, project: Sequence[Module]) -> Iterator[Mutation]:
    text = b"\n".join(each.raw for each in project)
    for function in functions(module):
        name = function.name
        uses = [node for node in ast.walk(module.tree) if isinstance(node, ast.Name) and node.id == name]
        defined = module.raw.find(b"def " + name.encode(), module.span(function)[0])
        if function in module.tree.body and len(re.findall(rb"\b%s\b" % name.encode(), text)) == len(uses) + 1 > 1:
            edits = [(*module.span(node), b"renamed_" + name.encode()) for node in uses]
            edits.append((defined + 4, defined + 4, b"renamed_"))
            yield replaced(module, "function renamed", SAME, edits)
        inner = list(ast.walk(function))[1:]
        if any(
            isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda | ast.Global | ast.Nonlocal) for node in inner
        ):
            continue
        body = module.text(function)
        stored = [node for node in inner if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
        for local in sorted({node.id for node in stored})[:3]:
            uses = [node for node in inner if isinstance(node, ast.Name) and node.id == local]
            if len(re.findall(rb"\b%s\b" % local.encode(), body)) == len(uses) and b"locals(" not in body:
                edits = [(*module.span(node), local.encode() + b"_renamed") for node in uses]
                yield replaced(module, "local variable renamed", SAME, edits)


def same_imports(module: Module, project: Sequence[Module]) -> Iterator[Mutation]:
    names = [node for node in ast.walk(module.tree) if isinstance(node, ast.Name)]
    stored = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    stored |= {node.arg for node in ast.walk(module.tree) if isinstance(node, ast.arg)}
    imports = [
        node for node in module.tree.body if isinstance(node, ast.Import | ast.ImportFrom) and module.is_alone(node)
    ]
    bound = Counter(
        (each.asname or each.name).split(".")[0]
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for each in node.names
    )
    own = {each.path.rsplit("/")[-1][:-3] for each in project} | {
        part for each in project for part in each.path.split("/")[:-1]
    }
    for node, following in zip(imports, [*imports[1:], None], strict=False):
        alias = node.names[0]
        name = alias.asname or alias.name
        plain = len(node.names) == 1 and bound[name] == 1 and name not in stored
        free = re.search(rf"\b__all__\b|['\"]{re.escape(name)}['\"]", module.raw.decode("utf-8", "replace")) is None
        uses = [each for each in names if each.id == name]
        if (
            isinstance(node, ast.Import)
            and plain
            and free
            and alias.asname
            and "." not in alias.name
            and not bound[alias.name]
        ):
            edits = [(*module.span(each), alias.name.encode()) for each in uses]
            new = f"import {alias.name}".encode()
            yield replaced(module, "import without as", SAME, [*edits, (*module.span(node), new)])
        source = node.module if isinstance(node, ast.ImportFrom) and not node.level else None
        named = f"{source}.{alias.name}"
        lone = source not in (None, "__future__") and plain and free and alias.name != "*"
        known = source in own or (alias.name.lower() != alias.name and not is_module(named, project))
        if lone and known and named.split(".")[0] not in stored:
            edits = [(*module.span(each), named.encode()) for each in uses]
            new = f"import {source}".encode()
            yield replaced(module, "import of the module", SAME, [*edits, (*module.span(node), new)])
        if isinstance(node, ast.Import) and isinstance(following, ast.Import) and following.lineno == node.lineno + 1:
            edits = [(*module.span(node), module.text(following)), (*module.span(following), module.text(node))]
            is_own = any(each.name.split(".")[0] in own for each in (*node.names, *following.names))
            yield from [] if is_own else [replaced(module, "imports in another order", SAME, edits)]


def is_module(name: str, project: Sequence[Module]) -> bool:
    path = name.replace(".", "/")
    return any(each.path.endswith((f"{path}.py", f"{path}/__init__.py")) for each in project)


def names_in(nodes: Iterable[ast.AST], *contexts: type[ast.expr_context]) -> set[str]:
    parts = (part for node in nodes for part in ast.walk(node))
    return {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, contexts)}


def same_guards(module: Module, project: Sequence[Module]) -> Iterator[Mutation]:
    for node in module.tree.body:
        if not isinstance(node, ast.If) or "__main__" not in ast.unparse(node.test) or node.orelse:
            continue
        others = [other for other in module.tree.body if other is not node]
        binds = any(isinstance(each, ast.Import | ast.ImportFrom | ast.Global) for each in ast.walk(node))
        shared = names_in(node.body, ast.Store, ast.Del) & names_in(others, ast.Load, ast.Store, ast.Del)
        if len(node.body) > 1 and not binds and not shared and node.body[0].lineno != node.lineno:
            start, end = module.at(node.lineno, 0), module.span(node)[1]
            body = module.raw[module.at(node.body[0].lineno, 0) : end]
            new = b"def the_program():\n" + body + b"\n\nif __name__ == '__main__':\n    the_program()"
            yield replaced(module, "program in a function", SAME, [(start, end, new)])


def same_seeders(module: Module, project: Sequence[Module]) -> Iterator[Mutation]:
    place = module.path.rpartition("/")[0]
    if any(each.path in (f"{place}/__init__.py", "__init__.py") for each in project):
        return
    imports = [node for node in module.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    bound = {node: {(each.asname or each.name).split(".")[0] for each in node.names} for node in imports}
    for function in functions(module):
        used = names_in([function], ast.Load, ast.Store, ast.Del)
        own = {each.arg for each in ast.walk(function) if isinstance(each, ast.arg)} | names_in([function], ast.Store)
        seeds = any(seeded_by(each) for each in ast.walk(function) if isinstance(each, ast.Call))
        known = own.union(dir(builtins), *bound.values())
        if function not in module.tree.body or function.decorator_list or not seeds or not used <= known:
            continue
        needed = [node for node in imports if bound[node] & used and (isinstance(node, ast.Import) or not node.level)]
        moved = b"\n".join([*map(module.text, needed), b"", module.text(function), b""])
        edit = (*module.span(function), f"from moved_seeder import {function.name}".encode())
        files = {module.path: module.with_edits([edit]), f"{place}/moved_seeder.py".lstrip("/"): moved}
        yield Mutation(kind="seeder in another file", expected=SAME, path=module.path, files=files)


def mended(module: Module, project: Sequence[Module]) -> Iterator[Mutation]:
    """Seeds for the three common libraries before anything else of a program."""
    body = module.tree.body
    skip = sum(1 for node in body[:1] if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    while (
        skip < len(body)
        and isinstance(body[skip], ast.ImportFrom)
        and getattr(body[skip], "module", "") == "__future__"
    ):
        skip += 1
    if skip < len(body):
        at = module.at(body[skip].lineno, 0)
        decorators = getattr(body[skip], "decorator_list", [])
        if decorators:
            at = module.at(decorators[0].lineno, 0)
        seeds = b"import random, numpy, torch; random.seed(0); numpy.random.seed(0); torch.manual_seed(0)\n"
        yield replaced(module, "seeds at the top", MEND, [(at, at, seeds)])


MUTATORS = (broken_seeds, broken_calls, same_seeds, same_calls, same_names, same_imports, same_guards, same_seeders)
