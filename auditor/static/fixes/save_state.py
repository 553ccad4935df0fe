"""`kind = "save-state"`: put what resuming needs into a checkpoint, and take it out again where it is loaded.

Only where the checkpoint is a dictionary that is written down and read back in one place each. A checkpoint from before
the change lacks the new entries; they are then left as they are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.available import is_available
from auditor.static.fixes.call_fix import CallFix
from auditor.static.fixes.changes import Change, InsertStatement, ReplaceExpression
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.resolution.targets import only_target
from auditor.static.scanning.fixoptions import applicability, effect
from auditor.static.scanning.program import programs

OPTIMIZERS = ("optimizer", "optim", "opt")
"""What an optimizer is called in both places."""


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str
    value: str
    restored: str
    """The statement that takes it out; `{item}` is the entry."""


RNG = _Entry("torch_rng_state", "{torch.get_rng_state}()", "{torch.set_rng_state}({item}.cpu())")
CUDA = _Entry(
    "cuda_rng_states",
    "{torch.cuda.get_rng_state_all}()",
    "{torch.cuda.set_rng_state_all}([state.cpu() for state in {item}])",
)
PYTHON = _Entry("python_rng_state", "{random.getstate}()", "{random.setstate}({item})")


def _read(table: Table) -> str:
    return table.choice("what", ("rng", "optimizer", "average"))


class SaveStateFix(CallFix[str]):
    """`what`: the states of the generators (`rng`), that of the `optimizer` or of the weights' `average`."""

    kind = "save-state"

    def propose_for(
        self, call: Call, finding: Finding, rule: Rule, target: ModuleFacts, project: Project
    ) -> Proposal | Refusal:
        what = self._options.of(rule)
        save = _only_save(target) if what == "average" else call
        saved = None if save is None else _dictionary(target, save)
        if save is None or saved is None:
            return Refusal(reason="what is saved is not written down as one dictionary that the call is given")
        restore = list(_restored(target, project))
        if len(restore) != 1:
            return Refusal(reason="the checkpoint is read back in no place, or in several, that can be told from here")
        module, name, last = restore[0]
        if what == "rng":
            entries = _generators(finding, project)
        elif what == "optimizer":
            entries = _optimizer(target, call, module, last)
        else:
            entries = _average(target, call, save, module, last)
        if isinstance(entries, Refusal):
            return entries
        return Proposal(
            title="save " + " and ".join(f"`{entry.key}`" for entry in entries) + ", and restore it when resuming",
            applicability=applicability(rule),
            changes=(_added(target, saved, entries), _taken(module, name, last, entries)),
            effect=effect(rule),
        )


def _dictionary(module: ModuleFacts, call: Call) -> ast.Dict | None:
    """The dictionary that a save writes."""
    given = call.argument("obj", 0)
    if isinstance(given, ast.Name):
        function = call.function
        made = [
            each.value
            for each in module.assignments
            if isinstance(each.target, ast.Name) and each.target.id == given.id and each.function is function
        ]
        given = made[0] if len(made) == 1 else None
    return given if isinstance(given, ast.Dict) and given.values and None not in given.keys else None


def _restored(module: ModuleFacts, project: Project) -> Iterator[tuple[ModuleFacts, str, ast.stmt]]:
    """Where checkpoints are loaded: under which name, and the last statement that takes a state out."""
    found = {each.path: each for _, modules in programs(module, project, frozenset({"torch"})) for each in modules}
    for _, each in sorted({**found, module.path: module}.items()):
        for call in each.calls_to({"torch.load"}):
            statement = each.parent(call.node)
            if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
                continue
            name = statement.targets[0].id
            used = [
                other
                for other in each.calls
                if other.method == "load_state_dict"
                and other.function is call.function
                and any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(other.node))
                and isinstance(each.parent(other.node), ast.Expr)
            ]
            if used:
                yield each, name, each.statement(used[-1].node)


def _generators(finding: Finding, project: Project) -> list[_Entry] | Refusal:
    entries = [RNG]
    for path in finding.entry_points:
        program = project.module(path)
        drawn = {verdict.library.id for verdict in project.programs.verdicts(program)} if program else set()
        if "numpy.random" in drawn:
            return Refusal(
                reason="the program draws from NumPy too, whose state `torch.load` refuses by default: "
                "save it in a file of its own"
            )
        if "random" in drawn and PYTHON not in entries:
            entries.append(PYTHON)
        if CUDA not in entries and any(
            project.texts.contain(each, ("cuda",)) for each in sorted(project.graph.reached(path))
        ):
            entries.append(CUDA)
    return entries


def _optimizer(saving: ModuleFacts, call: Call, loading: ModuleFacts, last: ast.stmt) -> list[_Entry] | Refusal:
    name = next((each for each in OPTIMIZERS if _is_at_both(each, saving, call, loading, last)), None)
    if name is None:
        return Refusal(reason="the optimizer is not at hand, under one name, where the checkpoint is saved and loaded")
    return [_Entry("optimizer", f"{name}.state_dict()", f"{name}.load_state_dict({{item}})")]


def _is_at_both(name: str, saving: ModuleFacts, save: Call, loading: ModuleFacts, last: ast.stmt) -> bool:
    return is_available(saving, name, save.node) and is_available(loading, name, last)


def _average(
    saving: ModuleFacts, call: Call, save: Call, loading: ModuleFacts, last: ast.stmt
) -> list[_Entry] | Refusal:
    made = saving.parent(call.node)
    target = only_target(made)
    name = target.id if isinstance(target, ast.Name) else None
    if name is None or not _is_at_both(name, saving, save, loading, last):
        return Refusal(reason="the average is not at hand, under one name, where the checkpoint is saved and loaded")
    return [_Entry("averaged_model", f"{name}.state_dict()", f"{name}.load_state_dict({{item}})")]


def _only_save(module: ModuleFacts) -> Call | None:
    saves = module.calls_to({"torch.save"})
    return saves[0] if len(saves) == 1 else None


def _added(module: ModuleFacts, saved: ast.Dict, entries: list[_Entry]) -> Change:
    """More entries behind the last one, in lines of their own where the dictionary has them."""
    last = saved.values[-1]
    first_key = saved.keys[0]
    gap = ", "
    if first_key is not None and first_key.lineno > saved.lineno:
        gap = ",\n" + " " * first_key.col_offset
    text = "{0}" + "".join(f'{gap}"{entry.key}": {entry.value}' for entry in entries)
    return ReplaceExpression(expression=module.location(last), text=text)


def _taken(module: ModuleFacts, name: str, last: ast.stmt, entries: list[_Entry]) -> Change:
    lines = []
    for entry in entries:
        item = f'{name}["{entry.key}"]'
        lines.append(f'if "{entry.key}" in {name}:\n    ' + entry.restored.replace("{item}", item))
    return InsertStatement(statement=module.location(last), text="\n".join(lines), where="after")


FIX = SaveStateFix(_read)
