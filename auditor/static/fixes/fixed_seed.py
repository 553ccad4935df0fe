"""`kind = "fixed-seed"`: seed with the script's seed, or a number, in place of a value that differs from run to run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.patch import Applicability
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.changes import ReplaceExpression
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixes.seeding.origin import origin
from auditor.static.fixes.seeding.repetition import repeats
from auditor.static.fixes.seeding.source import DEFAULT, seed_in_scope
from auditor.static.project import Project
from auditor.static.resolution import constants
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.nodeplace import call_at, written
from auditor.static.resolution.seedvalue import ENTROPY_CALLS
from auditor.static.scanning.fixoptions import WithFixOptions, applicability

SEED_KEYWORDS = ("seed", "random_state", "a", "x", "entropy", "key", "rng", "default", "params")
SELF_SEEDING = {
    "torch.seed": "{torch.manual_seed}",
    "torch.random.seed": "{torch.manual_seed}",
    "torch.cuda.seed": "{torch.cuda.manual_seed}",
    "torch.cuda.seed_all": "{torch.cuda.manual_seed_all}",
}
"""Calls that take a seed from the operating system, and what takes one from the program."""

OWN = frozenset({"the process id", "a process id", "a thread id", "the process", "the host's name"})
"""Entropy by which processes differ: a constant makes them equal."""


@dataclass(frozen=True, slots=True)
class _Edit:
    module: ModuleFacts
    node: ast.expr
    text: str
    shown: str


def _read(table: Table) -> None:
    """No options."""


class FixedSeedFix(WithFixOptions[None]):
    """The value is followed back to where it is written, through names, parameters and options."""

    kind = "fixed-seed"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        module = project.module(finding.location.path)
        call = call_at(module, finding.location) if module is not None else None
        if module is None or call is None:
            return Refusal(reason="the seed is not written as a call here")
        why = repeats(module, call.node)
        if why is not None and "handed on" not in why:
            return Refusal(reason=f"the call {why}: with a constant seed each time gets the same numbers")
        edit = _without_argument(module, call) or _with_argument(module, call, _ways(finding, project), project)
        if edit is None:
            return Refusal(reason="the value comes from where its source cannot be told: write a number there")
        own = _kinds(edit.module, edit.node) & OWN
        level = applicability(rule)
        change = ReplaceExpression(expression=edit.module.location(edit.node), text=edit.text)
        shown = edit.text.replace("{{", "\0").replace("{", "").replace("}", "").replace("\0", "{")
        return Proposal(
            title=f"seed with `{shown}` instead of `{' '.join(edit.shown.split())}`",
            applicability=Applicability.UNSAFE if own and level is Applicability.SAFE else level,
            changes=(change,),
            effect="processes that differed by this value get the same numbers" if own else "",
        )


def _ways(finding: Finding, project: Project) -> list[tuple[Location, ...]]:
    """The calls that lead to the seed, one way for each program that says so."""
    ways = [
        seed.via
        for path in finding.entry_points
        if (module := project.module(path)) is not None
        for verdict in project.programs.verdicts(module)
        for seed in verdict.seeds
        if seed.location == finding.location and seed.value is SeedValue.ENTROPY
    ]
    return [*dict.fromkeys(ways), ()]


def _without_argument(module: ModuleFacts, call: Call) -> _Edit | None:
    """`torch.seed()`, `random.seed()`, `generator.seed()`."""
    seed = _seed_for(module, call.node, call.node)
    shown = module.text(call.node)
    other = SELF_SEEDING.get(call.callee or "")
    if other is not None:
        return _Edit(module, call.node, f"{other}({seed})", shown)
    if call.callee == "torch.Generator.seed" and isinstance(call.node.func, ast.Attribute):
        if not isinstance(module.parent(call.node), ast.Expr):
            return None
        return _Edit(module, call.node, f"{written(module, call.node.func.value)}.manual_seed({seed})", shown)
    if (call.callee or "").endswith("from_non_deterministic_state") and isinstance(call.node.func, ast.Attribute):
        return _Edit(module, call.node, f"{written(module, call.node.func.value)}.from_seed({seed})", shown)
    if not call.node.args and not call.node.keywords:
        return _Edit(module, call.node, f"{written(module, call.node.func)}({seed})", shown)
    return None


def _with_argument(module: ModuleFacts, call: Call, ways: list[tuple[Location, ...]], project: Project) -> _Edit | None:
    known = project.rng.seed_calls.get(call.callee or "")
    names = [known.argument] if known is not None and known.argument else list(SEED_KEYWORDS)
    node = next((given for name in names if (given := call.argument(name)) is not None), None)
    node = node or call.argument("", known.position if known is not None and known.argument else 0)
    if node is None:
        return None
    if isinstance(node, ast.Constant) and node.value is None:
        return _Edit(module, node, _seed_for(module, call.node, node), "None")
    for way in ways:
        found = origin(module, node, way, project, _is_entropy)
        if found is not None and found.node is not None and _is_entropy(found.module, found.node):
            return _edit(found.module, found.node)
    if any(_is_made_of_entropy(module, part) for part in ast.walk(node) if isinstance(part, ast.Name)):
        return _Edit(module, node, _seed_for(module, call.node, node), module.text(node))
    return None


def _is_made_of_entropy(module: ModuleFacts, name: ast.Name) -> bool:
    """`run_id.int % 2**31`, where `run_id = uuid4()`."""
    found = constants.assigned(module, name)
    return found is not None and _is_entropy(*found)


def _edit(module: ModuleFacts, node: ast.expr) -> _Edit | None:
    """Replace no more than what differs."""
    shown = module.text(node)
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and module.resolve(part.func) == "hash" and len(part.args) == 1:
            return _Edit(module, part, f"{{zlib.crc32}}({_bytes(module, part.args[0])})", module.text(part))
    if isinstance(node, ast.BoolOp | ast.IfExp):
        parts = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
        found = next((part for part in parts if _is_entropy(module, part)), None)
        return None if found is None else _edit(module, found)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.BitXor):
        rest = [side for side in (node.left, node.right) if not _is_entropy(module, side)]
        if len(rest) == 1 and not isinstance(rest[0], ast.Constant):
            return _Edit(module, node, written(module, rest[0]), shown)
    return _Edit(module, node, _seed_for(module, node, node), shown)


def _seed_for(module: ModuleFacts, place: ast.AST, node: ast.AST) -> str:
    """The script's seed, unless it is what is being computed here."""
    seed = seed_in_scope(module, place)
    statement = module.statement(node)
    bound = [*getattr(statement, "targets", ()), getattr(statement, "target", None)]
    texts = {module.text(target) for target in bound if isinstance(target, ast.expr)}
    root = seed.partition(".")[0]
    return DEFAULT if seed in texts or root in texts or _is_declared(module, node) else seed


def _is_declared(module: ModuleFacts, node: ast.AST) -> bool:
    """Whether the value is the default of an option or a parameter, or what the script's seed is made of."""
    for holder in module.around(node):
        if isinstance(holder, ast.arguments):
            return True
        if isinstance(holder, ast.Call) and getattr(holder.func, "attr", "") in ("add_argument", "option", "Option"):
            return True
        if isinstance(holder, ast.stmt):
            break
    return False


def _is_entropy(module: ModuleFacts, node: ast.expr) -> bool:
    return bool(_kinds(module, node))


def _kinds(module: ModuleFacts, node: ast.expr) -> set[str]:
    return set(_named(module, node))


def _named(module: ModuleFacts, node: ast.expr) -> Iterator[str]:
    for part in ast.walk(node):
        name = module.resolve(part.func) if isinstance(part, ast.Call) else None
        if name is None:
            continue
        if name in ENTROPY_CALLS:
            yield ENTROPY_CALLS[name]
        elif name == "hash":
            yield "the hash of a string"
        elif module.project.rng.candidates(name):
            yield "an unseeded draw"


def _bytes(module: ModuleFacts, node: ast.expr) -> str:
    """What is hashed, as bytes: `b"…"`, `name.encode()`."""
    held = written(module, node)
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and held[0] in "\"'" and node.value.isascii():
        return f"b{held}"
    is_text = isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    return f"{held}.encode()" if is_text else f"str({held}).encode()"


FIX = FixedSeedFix(_read)
