"""What a call gives, worth as a seed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.commandline import (
    FLAG_CALLS,
    PARSING_METHODS,
    flag,
)
from auditor.static.evaluation.fields import FILLING_METHODS, filled, parsed
from auditor.static.evaluation.plainrun import names_seed
from auditor.static.evaluation.textvalues import is_text
from auditor.static.evaluation.written import given_by
from auditor.static.resolution import mappings
from auditor.static.resolution.dictclasses import holds_entries
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.lengths import counted
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.records import (
    COPYING,
    DUPLICATING,
    STRUCTURED,
    copied,
    duplicated,
    named_tuple,
    structured,
)
from auditor.static.resolution.seedvalue import (
    ENTROPY_CALLS,
    GIVEN,
    IS_NONE,
    OBJECT,
    OPTIONS,
    UNSEEDED_STATE,
    Entries,
    Seen,
    Shape,
    constant,
    entropy,
    holding,
    maybe_nothing,
    mixed,
)
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Value
from auditor.static.syntax.bindings import every_argument
from auditor.static.text.dotted import ENVIRONMENT, global_key

if TYPE_CHECKING:
    from auditor.ruleset.library import Library
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project

COMPUTING = frozenset(
    {
        "int", "float", "abs", "round", "min", "max", "sum", "len", "pow", "divmod", "bool", "str", "hash",
        "numpy.int32", "numpy.int64", "numpy.uint32",
    }
)  # fmt: skip
_CONVERTING: Mapping[str, Callable[[object], object]] = {"bool": bool, "float": float, "int": int}  # type: ignore[dict-item]
READ = COMPUTING | {"os.environ.get", "os.getenv", "getattr", "vars"}
JOB_IDS = frozenset({"SLURM_JOB_ID", "SLURM_JOBID", "PBS_JOBID", "LSB_JOBID", "JOB_ID"})
"""Environment variables that a scheduler gives another value in each job."""

DIFFERING = frozenset(part for name in ENTROPY_CALLS for part in name.split(".")) | {"random", "hash", "SeedSequence"}
"""Identifiers of which one is in every expression that differs from run to run by itself."""

_ALIASES: WeakKeyDictionary[ModuleFacts, frozenset[str]] = WeakKeyDictionary()
"""Other names that files give to these, by `as`."""


class CallValues:
    """Reads calls for an `Evaluator`."""

    def __init__(self, evaluator: Evaluator, project: Project, is_seeded: Callable[[str], bool | None]) -> None:
        self._evaluator = evaluator
        self._project = project
        self._is_seeded = is_seeded

    def _parser(self, holder: ast.expr, frame: Frame) -> Value:
        """What is asked to parse: for `super().parse_args()` the object itself."""
        is_super = isinstance(holder, ast.Call) and getattr(holder.func, "id", "") == "super"
        if not is_super or frame.function is None:
            return frame.resolve(holder)
        first = next(iter(every_argument(frame.function.args)), None)
        return frame.arguments.get((frame.function, first.arg)) if first is not None else None

    def value(self, node: ast.Call, frame: Frame) -> Seen:
        if node in frame.results:
            return frame.results[node]
        if isinstance(node.func, ast.Attribute) and node.func.attr in PARSING_METHODS:
            return parsed(self._evaluator, self._parser(node.func.value, frame)) or OPTIONS
        if isinstance(node.func, ast.Attribute) and node.func.attr in FILLING_METHODS:
            return filled(self._evaluator, frame.resolve(node.func.value), frame)
        if isinstance(node.func, ast.Attribute):
            found = self._evaluator.got(node, node.func, frame)
            if found is not None:
                return found
        value = frame.resolve(node.func)
        if isinstance(value, External):
            seen = self._external(value.name, node, frame)
            return OBJECT if seen == GIVEN and value.name in self._project.rng.generators else seen
        if isinstance(value, FunctionRef):
            nested, depth = self._evaluator.nested, self._evaluator.depth
            return maybe_nothing(nested.once(node, frame, depth, lambda: self._returned(value, node, frame)))
        if isinstance(value, ClassRef) and holds_entries(value):
            return mappings.made(self._evaluator, node, frame)
        if value is None and (record := named_tuple(self._evaluator, node, frame)) is not None:
            return record
        if not self._may_differ(frame.module, node):
            return GIVEN
        inside = [*node.args, *(word.value for word in node.keywords)]
        if isinstance(node.func, ast.Attribute):
            inside.append(node.func.value)
        worst = mixed(self._evaluator.value(part, frame) for part in inside)
        return worst if worst.kind is SeedValue.ENTROPY else GIVEN

    def _external(self, name: str, node: ast.Call, frame: Frame) -> Seen:
        if (library := self._project.rng.state_getters.get(name)) is not None:
            return UNSEEDED_STATE if self._is_seeded(library) is False else GIVEN
        if name in DUPLICATING and (kept := duplicated(self._evaluator, node, frame)) is not None:
            return kept
        if name in mappings.MAKING:
            return mappings.made(self._evaluator, node, frame)
        if name in mappings.MERGING:
            return mappings.made(self._evaluator, node, frame, merging=True)
        if name == mappings.FROM_COMMAND_LINE:
            return holding(GIVEN, entries=Entries({}))
        if name in COPYING:
            return copied(self._evaluator, node, self._evaluator.objects, frame)
        if name == STRUCTURED:
            return structured(self._evaluator, node, frame)
        if name.startswith(FLAG_CALLS):
            default = next(iter(flag(node, lambda part: self._evaluator.value(part, frame)).values()), GIVEN)
            return holding(GIVEN, entries=Entries({"value": default}, GIVEN))
        if name in ("locals", "vars") and not node.args:
            return holding(GIVEN, entries=Entries(dict(frame.values), GIVEN))
        if name == "len" and (length := frame.lengths.get(counted(node) or "")) is not None:
            return constant(length)
        if name not in READ and name not in ENTROPY_CALLS and not self._may_differ(frame.module, node):
            return GIVEN
        parts = [self._evaluator.value(part, frame) for part in (*node.args, *(word.value for word in node.keywords))]
        if name == "hash" and node.args and is_text(self._evaluator, node.args[0], frame):
            return entropy("the hash of a string, which differs from process to process")
        for prefix in (name, name.rpartition(".")[0]):
            if ENTROPY_CALLS.get(prefix):
                return entropy(ENTROPY_CALLS[prefix])
        if name == "numpy.random.SeedSequence" and not parts:
            return entropy("the operating system's entropy")
        if name in ("os.environ.get", "os.getenv"):
            variable = parts[0].constant if parts else None
            if (known := self.variable(variable)) != GIVEN and (len(parts) == 1 or not _is_job_id(variable)):
                return known
            if len(parts) > 1 and parts[1].kind is not SeedValue.NONE:
                return parts[1]
            return constant(None, "None where the variable is not set") if names_seed(variable) else GIVEN
        if name == "getattr" and len(node.args) >= 2:
            return self._getattr(node, frame)
        if name == "vars" and parts:
            return parts[0]
        if (drawn := self._drawn(name, node, frame)) is not None:
            return drawn
        if name in _CONVERTING and len(parts) == 1 and parts[0].is_constant:
            return _converted(_CONVERTING[name], parts[0])
        return mixed(parts) if name in COMPUTING and parts else mixed([GIVEN, *parts])

    def variable(self, name: object) -> Seen:
        """An environment variable: what the program itself put there, or what a scheduler gives each job."""
        stored = self._evaluator.stored.get(global_key(ENVIRONMENT, name)) if isinstance(name, str) else None
        return stored or (entropy("the job's id") if _is_job_id(name) else GIVEN)

    def _may_differ(self, module: ModuleFacts, node: ast.Call) -> bool:
        """Whether anything in an expression could be another value in each run."""
        words = module.identifiers_in(node)
        known = (DIFFERING, self._evaluator.differing, _differing_aliases(module))
        return not all(words.isdisjoint(names) for names in known)

    def _drawn(self, name: str, node: ast.Call, frame: Frame) -> Seen | None:
        """A random number as seed is as good as the generator it came from; of one that is given, other rules speak."""
        if name in ("torch.initial_seed", "torch.random.initial_seed"):
            libraries = ["torch"]
        elif name in self._project.rng.seed_calls:
            return None
        else:
            drawn_from = [candidate.library for candidate in self._project.rng.candidates(name)]
            if any(self._has_own_generator(library, node, frame) for library in drawn_from):
                return GIVEN
            libraries = [library.id for library in drawn_from]
        for library in libraries:
            if self._is_seeded(library) is False:
                return entropy(f"a number from {library}, which is not seeded itself")
        return GIVEN if libraries else None

    def _has_own_generator(self, library: Library, node: ast.Call, frame: Frame) -> bool:
        given = (word.value for word in node.keywords if word.arg in library.own_generator)
        return any(self._evaluator.value(each, frame).kind is not SeedValue.NONE for each in given)

    def _getattr(self, node: ast.Call, frame: Frame) -> Seen:
        attribute = node.args[1]
        if isinstance(attribute, ast.Constant) and isinstance(attribute.value, str):
            base = self._evaluator.value(node.args[0], frame)
            if base.shape is not Shape.OPTIONS:
                return GIVEN
            found = self._evaluator.options.value(attribute.value, frame)
            if len(node.args) == 3 and self._evaluator.options.lacks(attribute.value, frame):
                default = self._evaluator.value(node.args[2], frame)
                return constant(None, "None, as no option is called so") if default == IS_NONE else default
            return found
        return GIVEN

    def _returned(self, function: FunctionRef, node: ast.Call, frame: Frame) -> Seen:
        returns = function.module.returns(function.node)
        if len(returns) != 1:
            return GIVEN
        inside = Frame(function.module, function.node)
        signature = function.module.written.signature(function.node)
        given = given_by(node, signature.positional[int(function.bound) :], signature.keyword_only)
        inside.values = {name: self._evaluator.given(part, frame, function.module) for name, part in given.items()}
        return self._evaluator.value(returns[0], inside)


def _differing_aliases(module: ModuleFacts) -> frozenset[str]:
    """What `from time import time as now` and its like call something that differs from run to run."""
    found = _ALIASES.get(module)
    if found is None:
        aliases = (alias for node, _ in module.index.imports for alias in node.names if alias.asname)
        found = _ALIASES[module] = frozenset(
            alias.asname or "" for alias in aliases if not DIFFERING.isdisjoint(alias.name.split("."))
        )
    return found


def _converted(convert: Callable[[object], object], given: Seen) -> Seen:
    """`int("3")`; what fails where the program runs, too, is not known."""
    try:
        return constant(convert(given.constant))
    except (ArithmeticError, TypeError, ValueError):
        return mixed([given])


def _is_job_id(value: object) -> bool:
    return isinstance(value, str) and value in JOB_IDS
