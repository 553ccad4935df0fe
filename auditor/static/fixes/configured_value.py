"""`kind = "configured-value"`: write another value at the key, the option or the variable that a rule found.

In files of settings and in launch scripts, with everything around the value left as it is: quotes, comments, anchors,
columns.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from auditor.model.finding import Finding
from auditor.model.lean import dataclass, replace
from auditor.model.location import Location
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.documents.kinds import LAUNCHERS, Kind
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import Change, ReplaceExpression, ReplaceText
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect

_ENTRY = re.compile(
    r"(?P<key>\"[^\"]*\"|'[^']*'|[^\s:=\"']+)(?P<sign>\s*[:?]{0,2}[:=]\s*|\s+)(?P<mark>(?:[&!]\S*\s+)*)(?P<value>.+)"
)
_EMPTY = re.compile(r"\s*:(?=\s*(?:#.*)?$)")
_OPPOSITE = {"true": "false", "yes": "no", "on": "off", "1": "0"}
_WORDS = {**_OPPOSITE, **{no: yes for yes, no in _OPPOSITE.items()}}
_LOOP = re.compile(r"(?:^|[;&|]\s*|\bdo\s+)(?:for|while|until)\b|\bxargs\b|\bparallel\b|(?P<end>(?:^|[;&|])\s*done\b)")
_ARRAY = re.compile(r"^#(?:SBATCH|PBS|BSUB|\$)\s.*(?:--array|-J\s+\d|-t\s+\d|\s-a\s)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    value: str
    """`true`, `false` (spelt as the file spells them) or any other text."""

    names: Mapping[str, str]
    """Variables that get another value than `value`."""

    replace: Mapping[str, str]
    """Parts of the value that become something else, where only these are wrong."""

    once: bool
    """Not where a launcher comes by several times, or starts several jobs: they would all be the same."""


def _read(table: Table) -> _Options:
    return _Options(
        value=table.string("value"),
        names=table.texts("names"),
        replace=table.texts("replace"),
        once=table.boolean("once", False),
    )


class ConfiguredValueFix(WithFixOptions[_Options]):
    """`value`: what is written; `names`, `replace`: for some variables or parts; `once`: not in loops."""

    kind = "configured-value"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        options = self._options.of(rule)
        if isinstance(target, ModuleFacts):
            found = _in_python(target, finding.location, options)
        elif target.kind is Kind.NOTEBOOK:
            found = Refusal(reason="a command in a cell of a notebook is left to a person")
        else:
            found = _in_document(target, finding.location, options)
        if isinstance(found, Refusal):
            return found
        key, value, change = found
        return Proposal(
            title=f"set `{key}` to {value}",
            applicability=applicability(rule),
            changes=(change,),
            effect=effect(rule),
        )


def _in_document(document: Document, place: Location, options: _Options) -> tuple[str, str, Change] | Refusal:
    line = document.lines[place.line - 1]
    start, end = place.column - 1, (place.end_column or place.column) - 1
    if options.once and document.kind in LAUNCHERS and _comes_by_again(document, place.line):
        return Refusal(reason="the launcher comes by here several times, and each run would get the same value")
    found = _ENTRY.fullmatch(line[start:end])
    if found is None:
        return _empty(document, place, options)
    key, old = found["key"].strip("\"'").lstrip("-+"), found["value"]
    new = _new(key, old, options, document.kind)
    at = start + found.start("value")
    return key, new, ReplaceText(span=replace(place, column=at + 1, function=None), text=new)


def _empty(document: Document, place: Location, options: _Options) -> tuple[str, str, Change] | Refusal:
    """`seed:`, and in launchers `SEED=`, with nothing behind it."""
    line = document.lines[place.line - 1]
    start, end = place.column - 1, (place.end_column or place.column) - 1
    if document.kind in LAUNCHERS and line[start:end].endswith("="):
        key = line[start : end - 1]
        value = options.names.get(key, options.value)
        return key, value, ReplaceText(span=replace(place, function=None), text=f"{key}={value}")
    key = line[start:end].rstrip(" :")
    colon = _EMPTY.match(line, start + len(key))
    if colon is None or document.kind is not Kind.YAML:
        return Refusal(reason="the value stands in another place than its key, where others may refer to it too")
    span = replace(place, end_column=colon.end() + 1, function=None)
    return key.strip("\"'"), options.value, ReplaceText(span=span, text=f"{key}: {options.value}")


def _in_python(module: ModuleFacts, place: Location, options: _Options) -> tuple[str, str, Change] | Refusal:
    line = module.text_line(place)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant | ast.UnaryOp) and node.end_lineno == line:
            found = module.location(node)
            if (found.end_column, found.cell) == (place.end_column, place.cell) and found.column > place.column:
                old = module.text(node)
                key = module.lines[line - 1][place.column - 1 : found.column - 1].strip(" =:\"'")
                new = _new(key, old, options, None)
                return key, new, ReplaceExpression(expression=found, text=new)
    return Refusal(reason="the value stands in another place than its key")


def _new(key: str, old: str, options: _Options, kind: Kind | None) -> str:
    for part, other in options.replace.items():
        if part in old:
            return old.replace(part, other)
    value = options.names.get(key, options.value)
    quote = old[0] if len(old) > 1 and old[0] == old[-1] and old[0] in "\"'" else ""
    inside = old.strip(quote) if quote else old
    if value in ("true", "false"):
        value = _boolean(value, inside, kind)
        quote = quote if inside.lower() in _WORDS and kind is not Kind.JSON else ""
    elif kind not in LAUNCHERS:
        quote = ""
    return f"{quote}{value}{quote}"


def _boolean(value: str, old: str, kind: Kind | None) -> str:
    """`true` or `false` as the file spells what stands there."""
    if kind is Kind.JSON or kind is Kind.TOML:
        return value
    word = old.lower()
    if word not in _WORDS:
        word = value
    elif _is_yes(word) != (value == "true"):
        word = _WORDS[word]
    if kind is None or old.istitle():
        return word.title()
    return word.upper() if old.isupper() and len(old) > 1 else word


def _is_yes(word: str) -> bool:
    return word in _OPPOSITE


def _comes_by_again(document: Document, line: int) -> bool:
    """Whether a line of a script stands in a loop, or the script is started as an array of jobs."""
    if _ARRAY.search(document.text):
        return True
    depth = 0
    for text in document.lines[: line - 1]:
        for found in _LOOP.finditer(text.partition("#")[0]):
            if found["end"]:
                depth = max(depth - 1, 0)
            elif "xargs" not in found[0] and "parallel" not in found[0]:
                depth += 1
    return depth > 0 or _LOOP.search(document.lines[line - 1]) is not None


FIX = ConfiguredValueFix(_read)
