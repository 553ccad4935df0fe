"""One TOML file → one Rule; every complaint names the file and the key.

The options of `[match]` and `[fix]` belong to the matcher and to the kind of fix that `kind` names, which check them
when they are set up.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.model.pattern import lazy_pattern
from auditor.model.rule import Category, Confidence, Example, FixAdvice, Match, Rule, RuleId, Severity
from auditor.ruleset.table import Table, did_you_mean
from auditor.ruleset.versions import parse_bounds

Definitions = Mapping[str, list[Mapping[str, object]]]

GROUPS = {
    Category.SEEDING: "RA1",
    Category.OPERATORS: "RA2",
    Category.DATA_ORDER: "RA3",
    Category.ENVIRONMENT: "RA4",
    Category.FRAMEWORK: "RA5",
    Category.RESUME: "RA6",
}
APPLICABILITIES = ("safe", "unsafe", "display")
DEVICES = ("cpu", "cuda")

_NAME = lazy_pattern(r"[a-z0-9]+(-[a-z0-9]+)*")
_ID = lazy_pattern(r"RA[1-6][0-9]{2}")
_OWN_ID = lazy_pattern(r"[A-Z]{2,12}[0-9]{1,5}")


def read_definitions(table: Table) -> Definitions:
    """Read `rules/definitions.toml`: what programs do, under names that rules refer to in `requires` and `unless`."""
    found: dict[str, list[Mapping[str, object]]] = {}
    for entry in table.tables("definition"):
        name = entry.string("name")
        if name in found:
            raise entry.complain("name", f"`{name}` is defined twice")
        found[name] = [each for each in _array(entry, "any") if isinstance(each, Mapping)]
        entry.finish()
    table.finish()
    return found


def read_rule(table: Table, definitions: Definitions, *, own: bool = False) -> Rule:
    """Check one rule table and return the Rule.

    `own`: written by users, who may number their rules as they like (`TEAM101`) and owe no references or sources.
    """
    category = Category(table.choice("category", [category.value for category in Category]))
    rule = Rule(
        id=_identifier(table, category, own),
        name=_name(table),
        title=table.string("title"),
        category=category,
        severity=Severity(table.choice("severity", [severity.value for severity in Severity])),
        confidence=Confidence(table.choice("confidence", [confidence.value for confidence in Confidence])),
        explanation=table.string("explanation").strip(),
        references=table.strings("references", required=not own),
        match=_match(table, definitions),
        fix=_fix(table),
        examples=_examples(table),
        sources=table.strings("sources", required=not own),
        devices=_devices(table),
        versions=table.string("versions") if "versions" in table else None,
        path=table.path,
    )
    table.finish()
    return rule


def _identifier(table: Table, category: Category, own: bool) -> RuleId:
    identifier = table.string("id")
    if own and not identifier.startswith("RA"):
        if not _OWN_ID.fullmatch(identifier):
            raise table.complain("id", f"expected capitals and a number such as `TEAM101`, found `{identifier}`")
        return RuleId(identifier)
    if not _ID.fullmatch(identifier):
        raise table.complain("id", f"expected `RA` and three digits, the first from 1 to 6, found `{identifier}`")
    if not identifier.startswith(GROUPS[category]):
        group = f"{GROUPS[category]}00 to {GROUPS[category]}99"
        raise table.complain("id", f"rules of category `{category.value}` are {group}, found `{identifier}`")
    return RuleId(identifier)


def _name(table: Table) -> str:
    name = table.string("name")
    if not _NAME.fullmatch(name):
        raise table.complain("name", f"expected lower-case words joined by `-`, found `{name}`")
    return name


def _devices(table: Table) -> tuple[str, ...]:
    devices = table.strings("devices")
    for device in devices:
        if device not in DEVICES:
            raise table.complain("devices", f"expected `cpu` or `cuda`, found `{device}`")
    return devices


def _match(table: Table, definitions: Definitions) -> Match:
    match = table.required_table("match")
    kind = match.string("kind")
    options = {key: match.value(key) for key in match.keys() if key != "kind"}  # noqa: SIM118
    if table.value("devices") == ["cuda"]:
        options["prefers"] = ["cuda", *_array(match, "prefers")]
    if "versions" in table:
        options["versions"] = _versions(table)
    _fill_in(options, match, definitions)
    for number, entry in enumerate(match.tables("of"), 1):
        alternative = {key: entry.value(key) for key in entry.keys()}  # noqa: SIM118
        _fill_in(alternative, entry, definitions)
        _as_list(options["of"])[number - 1] = alternative
    return Match(kind=kind, options=options)


def _fill_in(options: dict[str, object], match: Table, definitions: Definitions) -> None:
    """Put what they stand for in the place of the names of definitions."""
    for key in ("requires", "unless", "prefers"):
        if key in options:
            options[key] = [_defined(match, key, each, definitions) for each in _as_list(options[key])]


def _versions(table: Table) -> str:
    text = table.string("versions")
    try:
        parse_bounds(text)
    except ValueError as error:
        raise table.complain("versions", str(error)) from error
    return text


def _defined(match: Table, key: str, value: object, definitions: Definitions) -> object:
    """Replace a name by what it stands for."""
    if not isinstance(value, str):
        return value
    if value not in definitions:
        raise match.complain(key, f"`{value}` is not in definitions.toml{did_you_mean(value, definitions)}")
    return {"any": definitions[value]}


def _array(table: Table, key: str) -> list[object]:
    return _as_list(table.value(key))


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _fix(table: Table) -> FixAdvice:
    """The options of a kind are its own business: it checks them when a patch is asked for."""
    fix = table.required_table("fix")
    summary = fix.string("summary")
    options: dict[str, object] = {}
    if "kind" in fix:
        options = {key: fix.value(key) for key in fix.keys() if key != "summary"}  # noqa: SIM118
        fix.string("kind")
        fix.choice("applicability", APPLICABILITIES)
        if "effect" in fix:
            fix.string("effect")
    fix.finish()
    return FixAdvice(summary=summary, options=options)


def _examples(table: Table) -> tuple[Example, ...]:
    examples = tuple(_example(entry) for entry in table.tables("example"))
    if not any(example.finds for example in examples):
        raise table.complain("example", "a rule needs at least one `bad` example: it is the rule's test")
    if not any(not example.finds for example in examples):
        raise table.complain("example", "a rule needs at least one `good` example: the near miss that must stay silent")
    return examples


def _example(entry: Table) -> Example:
    path = entry.string("path", "example.py")
    requirements = entry.string("requirements") if "requirements" in entry else None
    if "good" in entry:
        if "bad" in entry or "finds" in entry:
            raise entry.complain("good", "an example is either `good`, or `bad` with `finds`")
        example = Example(source=entry.string("good").lstrip("\n"), finds=(), path=path, requirements=requirements)
        entry.finish()
        return example
    source = entry.string("bad").lstrip("\n")
    fixed = entry.string("fixed").lstrip("\n") if "fixed" in entry else None
    level = (
        Confidence(entry.choice("confidence", [each.value for each in Confidence])) if "confidence" in entry else None
    )
    example = Example(
        source=source,
        finds=_lines(entry, source),
        fixed=fixed,
        path=path,
        requirements=requirements,
        confidence=level,
    )
    entry.finish()
    return example


def _lines(entry: Table, source: str) -> tuple[int, ...]:
    lines = entry.value("finds")
    if not isinstance(lines, list) or not lines or not all(type(line) is int for line in lines):
        raise entry.complain("finds", "expected the line numbers on which the rule must speak, for instance `[3]`")
    last = source.count("\n") + 1
    for line in lines:
        if not 1 <= line <= last:
            raise entry.complain("finds", f"line {line} is outside the example, which has {last} lines")
    return tuple(lines)
