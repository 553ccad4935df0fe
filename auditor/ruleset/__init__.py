"""What the auditor knows: rules, RNG libraries and operators, read from TOML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from auditor.errors import RuleError
from auditor.model.rule import Rule
from auditor.ruleset.library import ConditionalDraw, Library, NoneMeaning, SeedCall, read_library, read_seeders
from auditor.ruleset.locate import bundled_rules, rule_folders, toml_files
from auditor.ruleset.operators import OperatorFact, Operators, read_operators
from auditor.ruleset.replacements import Replacements, read_replacements
from auditor.ruleset.schema import read_definitions, read_rule
from auditor.ruleset.table import Table, nearest, read_table

__all__ = [
    "ConditionalDraw",
    "Library",
    "NoneMeaning",
    "OperatorFact",
    "Operators",
    "Replacements",
    "Ruleset",
    "SeedCall",
    "load",
    "nearest",
    "replacements",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """Everything that was loaded; nothing of it changes afterwards."""

    rules: tuple[Rule, ...]
    """Sorted by id."""

    libraries: Mapping[str, Library]
    """RNG libraries by id, in the order of the ids."""

    seed_calls: Mapping[str, SeedCall]
    """Every call that seeds something, by fully qualified name: the libraries' own and the frameworks'."""

    operators: Operators

    def find_rule(self, id_or_name: str) -> Rule | None:
        """Return the rule with this id (`RA301`, in any case) or name, or None."""
        wanted = id_or_name.strip()
        for rule in self.rules:
            if rule.id == wanted.upper() or rule.name == wanted.lower():
                return rule
        return None


def load(extra: Sequence[Path] = ()) -> Ruleset:
    """Read the bundled rules and those in `extra` folders.

    An extra folder may hold rules, `libraries/` and `seeders.toml`; ids and names must not repeat those of
    another file. Raises `RuleError` naming file and key.
    """
    rules: list[Rule] = []
    libraries: dict[str, Library] = {}
    seeders: list[Table] = []
    bundled = bundled_rules()
    definitions = read_definitions(read_table(bundled / "definitions.toml", "rules/definitions.toml"))
    for folder in rule_folders(extra):
        for file in toml_files(folder):
            inside = file.relative_to(folder).as_posix()
            if inside in ("definitions.toml", "dialects.toml", "operators.toml", "operators_replaced.toml"):
                continue
            table = read_table(file, f"{'rules' if folder == bundled else folder.as_posix()}/{inside}")
            if inside.startswith("libraries/"):
                _add_library(libraries, read_library(table))
            elif inside == "seeders.toml":
                seeders.append(table)
            else:
                rules.append(read_rule(table, definitions, own=folder != bundled))
    _check_unique(rules)
    return Ruleset(
        rules=tuple(sorted((_with_callees(rule, libraries) for rule in rules), key=lambda rule: rule.id)),
        libraries=dict(sorted(libraries.items())),
        seed_calls=_seed_calls(libraries, seeders),
        operators=Operators(partial(_read_operators, bundled)),
    )


@cache
def replacements() -> Replacements:
    """What takes the place of operators that have no deterministic kernel; raises `RuleError` as `load` does."""
    name = "operators_replaced.toml"
    return read_replacements(read_table(bundled_rules() / name, f"rules/{name}"))


def _read_operators(bundled: Path) -> tuple[OperatorFact, ...]:
    return read_operators(read_table(bundled / "operators.toml", "rules/operators.toml"))


def _with_callees(rule: Rule, libraries: Mapping[str, Library]) -> Rule:
    """Tell a rule on fallbacks which calls of its packages may draw from its libraries."""
    options = rule.match.options
    wanted, packages = options.get("libraries"), options.get("packages")
    if rule.match.kind != "fallback" or not isinstance(wanted, list) or not isinstance(packages, list):
        return rule
    callees = {
        name
        for identifier in wanted
        if identifier in libraries
        for draw in libraries[identifier].conditional
        for name in draw.callees
        if name.startswith(tuple(packages))
    }
    return replace(rule, match=replace(rule.match, options={**options, "callees": sorted(callees)}))


def _add_library(libraries: dict[str, Library], library: Library) -> None:
    if earlier := libraries.get(library.id):
        raise RuleError(f"{library.path}: library.id: `{library.id}` is already described in {earlier.path}")
    libraries[library.id] = library


def _seed_calls(libraries: Mapping[str, Library], tables: Sequence[Table]) -> Mapping[str, SeedCall]:
    calls = {seed.call: seed for library in libraries.values() for seed in library.seed_calls}
    for table in tables:
        for seeder in read_seeders(table, libraries):
            if seeder.call in calls:
                raise RuleError(f"{table.path}: seeder: `{seeder.call}` is already described")
            calls[seeder.call] = seeder
    return dict(sorted(calls.items()))


def _check_unique(rules: Sequence[Rule]) -> None:
    by_id: dict[str, Rule] = {}
    by_name: dict[str, Rule] = {}
    for rule in rules:
        if (earlier := by_id.setdefault(rule.id, rule)) is not rule:
            raise RuleError(f"{rule.path}: id: `{rule.id}` is already used in {earlier.path}")
        if (earlier := by_name.setdefault(rule.name, rule)) is not rule:
            raise RuleError(f"{rule.path}: name: `{rule.name}` is already used in {earlier.path}")
