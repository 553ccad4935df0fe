"""`kind = "program-switch"`: switch something on once, at the start of every program that reaches the place.

Where the program's framework has an argument for it, that is used; the deterministic mode brings the setting of cuBLAS
with it that it needs.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.ruleset.versions import parse_bounds
from auditor.static.documents.document import Document
from auditor.static.facts import ModuleFacts
from auditor.static.files.pinned import fits
from auditor.static.fixes.changes import Change, InsertAtStart, InsertStatement, SetArgument
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.programwide.programstart import does_something, program_start
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import call_at
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect

WORKSPACE = '{os.environ}.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")'
MODE = "{torch.use_deterministic_algorithms}(True)"
NO_PLACE = "none of them is part of the project, or so many are that they should share a function that does it"
_NEEDS_WORKSPACE = parse_bounds("torch < 2.10")
_CUDA = ("cuda", "gpu", "GPU", "nccl", "accelerator")
_TRAINING = ("backward(", "optim", ".fit(", "Trainer", "train(")
_MAX_PROGRAMS = 6
"""Where more programs share the code, one place for all of them has to be found, which is a person's decision."""

_SEEDS = frozenset({"torch.manual_seed", "torch.cuda.manual_seed_all", "torch.cuda.manual_seed", "numpy.random.seed"})

_FRAMEWORKS = {
    "lightning.Trainer": "deterministic",
    "lightning.pytorch.Trainer": "deterministic",
    "pytorch_lightning.Trainer": "deterministic",
    "transformers.TrainingArguments": "full_determinism",
    "transformers.Seq2SeqTrainingArguments": "full_determinism",
}
"""Calls that switch the deterministic mode on for the whole program, with the argument that does it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    statements: tuple[str, ...]
    early: bool
    """Before the first import: for variables that a library reads when it is imported."""

    package: str
    """What the statements work on."""

    callees: frozenset[str]
    """The calls for which it helps; empty: all that the rule finds."""

    text: str
    """What the finding's own lines must hold; empty: whatever they hold."""

    otherwise: str
    """Why nothing is done for the others."""


def _read(table: Table) -> _Options:
    return _Options(
        statements=table.strings("statements", required=True),
        early=table.boolean("early", False),
        package=table.string("package", "torch"),
        callees=frozenset(table.strings("callee")),
        text=table.string("text") if "text" in table else "",
        otherwise=table.string("otherwise", "nothing that could be switched makes this one reproducible"),
    )


class ProgramSwitchFix(WithFixOptions[_Options]):
    """`statements`: what is put there; `early`: before the first import; `package`: what has to be imported before.

    `callee`, `text`: the findings for which it helps; `otherwise`: what is said of the others.
    """

    kind = "program-switch"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        if not isinstance(target, ModuleFacts):
            return Refusal(reason="the place is no Python source")
        options = self._options.of(rule)
        if not _helps(target, finding, options):
            return Refusal(reason=options.otherwise)
        changes = switch_changes(finding, target, project, options.statements, options.package, early=options.early)
        if not changes:
            return Refusal(
                reason=f"{_shown(options.statements[0])} belongs into the programs that lead here: {NO_PLACE}"
            )
        return Proposal(
            title=f"put {_shown(options.statements[0])} at the start of the program",
            applicability=applicability(rule),
            changes=changes,
            effect=effect(rule),
        )


def _helps(module: ModuleFacts, finding: Finding, options: _Options) -> bool:
    if options.text and not any(options.text in line for line in finding.source_lines):
        return False
    call = call_at(module, finding.location) if options.callees else None
    return not options.callees or (call is not None and call.callee in options.callees)


def mode_changes(finding: Finding, target: ModuleFacts, project: Project) -> tuple[Change, ...]:
    """What switches the deterministic mode on in every program that leads to a finding; empty where there is none."""
    return switch_changes(finding, target, project, (MODE,), "torch")


def switch_changes(
    finding: Finding,
    target: ModuleFacts,
    project: Project,
    statements: tuple[str, ...],
    package: str,
    *,
    early: bool = False,
) -> tuple[Change, ...]:
    """What puts the statements into every program that leads to a finding; empty where none does, or too many do."""
    changes: list[Change] = []
    for module in _programs(finding, target, project):
        if early:
            changes.append(InsertAtStart(path=module.path, text="\n".join(statements)))
        elif MODE in statements and (argument := _framework_argument(module, project)) is not None:
            changes.append(argument)
        else:
            changes.extend(_inserted(module, project, statements, package))
    return tuple(dict.fromkeys(changes))


def _programs(finding: Finding, target: ModuleFacts, project: Project) -> list[ModuleFacts]:
    """The programs to change: the one in which the place is, else all that lead there, or those of many that train.

    A finding is told as long as one program leads to it that was not changed, whether it trains or not.
    """
    leading = finding.entry_points or project.programs.reaching(target.path)
    paths = tuple(path for path in leading if path in project.programs.entry_points)
    if not paths and _runs_alone(target, project):
        paths = (target.path,)
    if target.path in paths:
        paths = (target.path,)
    if len(paths) > _MAX_PROGRAMS:
        paths = tuple(path for path in paths if project.texts.contain(path, _TRAINING))
    found = [project.module(path) for path in paths]
    programs = [module for module in found if module is not None]
    return programs if len(programs) <= _MAX_PROGRAMS else []


def _runs_alone(module: ModuleFacts, project: Project) -> bool:
    """Whether a file that is known as no program most likely is one: in no package, imported by none, doing things."""
    folder = module.path.rpartition("/")[0]
    in_package = (f"{folder}/__init__.py" if folder else "__init__.py") in project.files
    return not in_package and not project.is_imported(module.path) and does_something(module)


def _framework_argument(module: ModuleFacts, project: Project) -> SetArgument | None:
    """The call that switches it on for the program, where the program makes exactly one such call."""
    words = frozenset(name.rpartition(".")[2] for name in _FRAMEWORKS)
    found = [
        SetArgument(call=each.location(call.node), name=_FRAMEWORKS[call.callee or ""], value="True")
        for each in project.programs.modules_reached(module, words)
        for call in each.calls_to(_FRAMEWORKS)
        if not call.opaque
    ]
    return found[0] if len(found) == 1 else None


def _inserted(
    module: ModuleFacts, project: Project, statements: tuple[str, ...], package: str
) -> Iterator[InsertStatement]:
    start = program_start(module, package, _SEEDS, in_guard=project.is_imported(module.path))
    if start is None:
        return
    place = module.location(start.statement)
    if MODE in statements and _needs_workspace(module, project):
        yield InsertStatement(statement=place, text=WORKSPACE, where=start.where)
    for statement in statements:
        yield InsertStatement(statement=place, text=statement, where=start.where)


def _needs_workspace(module: ModuleFacts, project: Project) -> bool:
    """Whether cuBLAS has to be told: on CUDA with a torch that may check for it, and nothing tells it so far."""
    if fits(_NEEDS_WORKSPACE, project) is False:
        return False
    reached = sorted(project.graph.reached(module.path))
    if any(project.texts.contain(path, ("CUBLAS_WORKSPACE_CONFIG",)) for path in reached):
        return False
    return any(project.texts.contain(path, _CUDA) for path in reached)


def _shown(statement: str) -> str:
    line = statement.partition("\n")[0].replace("{{", "\0").replace("}}", "\1")
    return f"`{line.replace('{', '').replace('}', '')}`".replace("\0", "{").replace("\1", "}")


FIX = ProgramSwitchFix(_read)
