"""Calls of operators without a deterministic kernel, and what computes the same in a fixed order.

Read from `rules/operators_replaced.toml`. Every entry either has a replacement, which a test compares with the operator
it replaces, values and gradients, or says why there is none.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

from auditor.model.lean import dataclass
from auditor.ruleset.table import Table
from auditor.ruleset.versions import Bound, read_bounds

_PLACEHOLDER = re.compile(r"\$(\w+)")
_NAME = re.compile(r"(?<!\{)\{([A-Za-z_][\w.]*)\}(?!\})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """A function or class that a replacement calls, put into the file that uses it."""

    name: str
    text: str
    """Its source, as text of a change: names in full between braces."""

    needs: tuple[str, ...]
    """Other helpers that it calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What takes the place of some calls, or why nothing does."""

    callees: frozenset[str]
    methods: frozenset[str]
    """Names of methods of tensors, for objects whose class is not known."""

    parameters: tuple[str, ...]
    """The parameters in their order; for methods the object itself is the first."""

    when: Mapping[str, tuple[object, ...]]
    """Arguments that must have one of these values; an argument that is not given counts as None."""

    absent: frozenset[str]
    """Arguments that must not be given."""

    given: frozenset[str]
    """Arguments that must be given."""

    repeated: frozenset[str]
    """Arguments that the replacement reads more than once: they must be plain names."""

    versions: tuple[Bound, ...]
    to: str
    """The text that takes the call's place: `$name` is an argument, `$rest` the others, `$arguments` all as
    they are, `$callee` what is called; empty where nothing does."""

    helper: str | None
    mode: bool
    """Whether the replacement is deterministic in deterministic mode only."""

    differs: str
    """How far results may differ, and what else does."""

    none: str
    """Why there is no replacement."""

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The arguments that `to` names, each once."""
        return tuple(
            dict.fromkeys(name for name in _PLACEHOLDER.findall(self.to) if name not in ("rest", "callee", "arguments"))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacements:
    """All of them, in the order of the file: the first that fits a call counts."""

    entries: tuple[Replacement, ...]
    helpers: Mapping[str, Helper]

    def with_needs(self, name: str) -> tuple[Helper, ...]:
        """A helper behind those that it calls."""
        helper = self.helpers[name]
        return tuple(dict.fromkeys([*(each for need in helper.needs for each in self.with_needs(need)), helper]))


def read_replacements(table: Table) -> Replacements:
    """Check the table; every complaint names file and key."""
    helpers: dict[str, Helper] = {}
    for entry in table.tables("helper"):
        helper = _read_helper(entry, helpers)
        helpers[helper.name] = helper
    entries = tuple(_read_one(entry, helpers) for entry in table.tables("replacement"))
    table.finish()
    return Replacements(entries=entries, helpers=helpers)


def _read_helper(entry: Table, known: Mapping[str, Helper]) -> Helper:
    name, text, needs = entry.string("name"), entry.string("text").strip("\n"), entry.strings("needs")
    for need in needs:
        if need not in known:
            raise entry.complain("needs", f"`{need}` is not a helper that stands above")
    try:
        defined = ast.parse(plain_text(text)).body
    except SyntaxError as error:
        raise entry.complain("text", f"not Python: {error.msg}, line {error.lineno}") from error
    if len(defined) != 1 or getattr(defined[0], "name", None) != name:
        raise entry.complain("text", f"expected one function or class called `{name}`")
    entry.finish()
    return Helper(name=name, text=text, needs=needs)


def _read_one(entry: Table, helpers: Mapping[str, Helper]) -> Replacement:
    if ("to" in entry) == ("none" in entry):
        raise entry.complain("to", "expected either `to`, a replacement, or `none`, why there is none")
    when = entry.table("when")
    found = Replacement(
        callees=frozenset(entry.strings("callee", required=True)),
        methods=frozenset(entry.strings("methods")),
        parameters=entry.strings("parameters"),
        when={} if when is None else {name: _values(when, name) for name in when.keys()},  # noqa: SIM118
        absent=frozenset(entry.strings("absent")),
        given=frozenset(entry.strings("given")),
        repeated=frozenset(entry.strings("repeated")),
        versions=read_bounds(entry),
        to=entry.string("to") if "to" in entry else "",
        helper=entry.string("helper") if "helper" in entry else None,
        mode=entry.boolean("mode", False),
        differs=entry.string("differs") if "to" in entry else "",
        none=entry.string("none") if "none" in entry else "",
    )
    if found.helper is not None and found.helper not in helpers:
        raise entry.complain("helper", f"`{found.helper}` is not described in this file")
    for name in (*found.placeholders, *found.when, *found.absent, *found.given, *found.repeated):
        if name not in found.parameters:
            raise entry.complain("parameters", f"`{name}` is used and not among them")
    entry.finish()
    return found


def _values(table: Table, name: str) -> tuple[object, ...]:
    value = table.value(name)
    return tuple(value) if isinstance(value, list) else (value,)


def plain_text(text: str) -> str:
    """The text of a change as it stands in a file that imports nothing under another name."""
    return _NAME.sub(r"\1", text).replace("{{", "{").replace("}}", "}")


def filled(replacement: Replacement, text_of: Callable[[str, bool], str]) -> str:
    """The text that takes a call's place.

    `text_of(name, followed)` gives the text of `$name`; `followed`: an attribute of it is asked for.
    """

    def one(match: re.Match[str]) -> str:
        return text_of(match[1], replacement.to[match.end() : match.end() + 1] == ".")

    return _PLACEHOLDER.sub(one, replacement.to)
