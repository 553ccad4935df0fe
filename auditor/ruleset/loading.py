"""Everything that the auditor knows, in one object: ours from its compiled form, that of users from TOML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path

from auditor.errors import RuleError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass, replace
from auditor.model.rule import Rule
from auditor.ruleset.compiled import Knowledge, compiled
from auditor.ruleset.library import Library, SeedCall
from auditor.ruleset.locate import bundled_rules, rule_folders, toml_files
from auditor.ruleset.networks import Networks
from auditor.ruleset.operators import OperatorFact, Operators
from auditor.ruleset.reflection import Reflection

if TYPE_CHECKING:
    from auditor.ruleset.replacements import Replacements

APART = ("definitions.toml", "dialects.toml", "operators.toml", "operators_replaced.toml")
"""Files of the bundled folder that are read where they are needed."""


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

    reflection: Reflection
    """What gets to functions and classes that no program names."""

    networks: Networks
    """What libraries of networks call things."""

    def find_rule(self, id_or_name: str) -> Rule | None:
        """Return the rule with this id (`RA301`, in any case) or name, or None."""
        wanted = id_or_name.strip()
        for rule in self.rules:
            if rule.id == wanted.upper() or rule.name == wanted.lower():
                return rule
        return None


def load(extra: Sequence[Path] = ()) -> Ruleset:
    """Return the bundled rules and those in `extra` folders.

    An extra folder may hold rules, `libraries/`, `seeders.toml`, `reflection.toml` and `networks.toml`; ids and names
    must not repeat those of another file. Raises `RuleError` naming file and key.
    """
    bundled, *others = rule_folders(extra)
    known = compiled(bundled, lambda: read_bundled(bundled))
    known = _with_folders(known, bundled, others) if others else known
    libraries = {library.id: library for library in known.libraries}
    return Ruleset(
        rules=tuple(sorted((_with_callees(rule, libraries) for rule in known.rules), key=lambda rule: rule.id)),
        libraries=dict(sorted(libraries.items())),
        seed_calls=_seed_calls(known.libraries, known.seeders),
        operators=Operators(partial(_read_operators, bundled)),
        reflection=known.reflection,
        networks=known.networks,
    )


def read_bundled(bundled: Path) -> Knowledge:
    """Read every file of our own rules; raises `RuleError` for what is wrong in one, or in several together."""
    return _with_folders(Knowledge(), bundled, [bundled])


def _with_folders(known: Knowledge, bundled: Path, folders: Sequence[Path]) -> Knowledge:
    """`known` and what the folders hold."""
    from auditor.ruleset.library import read_library, read_seeders
    from auditor.ruleset.networks import joined as joined_networks
    from auditor.ruleset.networks import read_networks
    from auditor.ruleset.reflection import joined, read_reflection
    from auditor.ruleset.schema import read_definitions, read_rule
    from auditor.ruleset.table import Table, read_table

    rules, libraries, tables = list(known.rules), list(known.libraries), list[Table]()
    reflections, networks = [known.reflection], [known.networks]
    definitions = read_definitions(read_table(bundled / "definitions.toml", "rules/definitions.toml"))
    for folder in folders:
        for file in toml_files(folder):
            inside = file.relative_to(folder).as_posix()
            if inside in APART or (folder == bundled and inside.startswith("hardware/")):
                continue
            table = read_table(file, f"{'rules' if folder == bundled else folder.as_posix()}/{inside}")
            if inside.startswith("libraries/"):
                libraries.append(read_library(table))
            elif inside == "seeders.toml":
                tables.append(table)
            elif inside == "reflection.toml":
                reflections.append(read_reflection(table))
            elif inside == "networks.toml":
                networks.append(read_networks(table))
            else:
                rules.append(read_rule(table, definitions, own=folder != bundled))
    _check_unique(rules, libraries)
    by_id = {library.id: library for library in libraries}
    seeders = [(table.path, seeder) for table in tables for seeder in read_seeders(table, by_id)]
    return Knowledge(
        rules=tuple(rules),
        libraries=tuple(libraries),
        seeders=(*known.seeders, *seeders),
        reflection=joined(reflections),
        networks=joined_networks(networks),
    )


@cache
def load_replacements() -> Replacements:
    """What takes the place of operators that have no deterministic kernel; raises `RuleError` as `load` does."""
    from auditor.ruleset.replacements import read_replacements
    from auditor.ruleset.table import read_table

    name = "operators_replaced.toml"
    return read_replacements(read_table(bundled_rules() / name, f"rules/{name}"))


def _read_operators(bundled: Path) -> tuple[OperatorFact, ...]:
    from auditor.ruleset.operators import read_operators
    from auditor.ruleset.table import read_table

    return read_operators(read_table(bundled / "operators.toml", "rules/operators.toml"))


def _with_callees(rule: Rule, libraries: Mapping[str, Library]) -> Rule:
    """Tell a rule on fallbacks which calls of its packages may draw from its libraries."""
    if rule.match.kind != "fallback":
        return rule
    options = rule.match.options
    wanted, packages = options.get("libraries"), options.get("packages")
    if not isinstance(wanted, list) or not isinstance(packages, list):
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


def _seed_calls(libraries: Sequence[Library], seeders: Sequence[tuple[str, SeedCall]]) -> Mapping[str, SeedCall]:
    calls = {seed.call: seed for library in libraries for seed in library.seed_calls}
    for path, seeder in seeders:
        if seeder.call in calls:
            raise RuleError(f"{path}: seeder: `{seeder.call}` is already described")
        calls[seeder.call] = seeder
    return dict(sorted(calls.items()))


def _check_unique(rules: Sequence[Rule], libraries: Sequence[Library]) -> None:
    by_library: dict[str, Library] = {}
    for library in libraries:
        if (first := by_library.setdefault(library.id, library)) is not library:
            raise RuleError(f"{library.path}: library.id: `{library.id}` is already described in {first.path}")
    by_id: dict[str, Rule] = {}
    by_name: dict[str, Rule] = {}
    for rule in rules:
        if (earlier := by_id.setdefault(rule.id, rule)) is not rule:
            raise RuleError(f"{rule.path}: id: `{rule.id}` is already used in {earlier.path}")
        if (earlier := by_name.setdefault(rule.name, rule)) is not rule:
            raise RuleError(f"{rule.path}: name: `{rule.name}` is already used in {earlier.path}")
