"""Settings that a rule knows: which key, in whose configuration, with which values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cached_property

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern
from auditor.model.rule import Confidence, Severity
from auditor.ruleset.table import Table
from auditor.ruleset.versions import Bound, read_bounds
from auditor.static.documents.dialects import Dialect, Readers, dialects, is_likely, spoken
from auditor.static.documents.kinds import Kind
from auditor.static.documents.span import Span
from auditor.static.documents.tree import Entry, Node, Scalar, Section, entries_at, sections

if TYPE_CHECKING:
    from auditor.static.documents.document import Document
    from auditor.static.documents.shell import Setting as Argument

_WRITTEN: dict[str, object] = {"true": True, "false": False, "null": None, "none": None, "~": None, "-1": -1, "0": 0}
_DECLARING = frozenset({"", "declare", "export", "local", "readonly", "set"})
"""What stands before a variable of the shell that is set."""

_REFERENCE = lazy_pattern(r"\$\{(\w+(?:\.\w+)*)\}")

MAX_REFERENCES = 4
"""Values that stand for one another: `${train.seed}`."""

_VALUE = rb"(?i:(?:!!)?null|~|\*\w|none|-1|false|no|off|true|yes|on|warn|random|\$\{|\{\{|(?=#|\r|\n|,|\}|$))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting with the values that a rule speaks about."""

    dialects: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    """Paths below the section; `*` stands for any key."""

    arguments: frozenset[str]
    """Names by which a launcher may pass it to the program: `--trainer.benchmark true`, `trainer.benchmark=true`."""

    values: tuple[object, ...]
    none: bool
    """Whether no value at all counts: `seed: null`, `seed:`."""

    patterns: tuple[re.Pattern[str], ...]
    """For texts, from their beginning."""

    comment: re.Pattern[str] | None
    """What a comment beside or above must say for the value to mean this."""

    beside: frozenset[str]
    """Keys of which one must stand in the same section; none: nothing in particular."""

    unless: tuple[tuple[str, ...], ...]
    """Paths below the section at which `true` undoes it: mmengine's `randomness.deterministic`."""

    alone: bool
    """Whether it counts only where no entry of these names in the file has a number: a seed for all is enough."""

    versions: tuple[Bound, ...]
    """What the project's versions must be known to fulfil."""

    because: str
    """Why it matters, after `key is value: `."""

    severity: Severity | None
    confidence: Confidence | None

    def holds(self, value: object) -> bool:
        if value is None:
            return self.none
        if isinstance(value, str) and any(pattern.match(value) for pattern in self.patterns):
            return True
        return any(type(value) is type(known) and value == known for known in self.values)


def read_setting(entry: Table) -> Setting:
    """One `[[match.setting]]`."""
    values = entry.value("values")
    severity = entry.choice("severity", [each.value for each in Severity]) if "severity" in entry else None
    confidence = entry.choice("confidence", [each.value for each in Confidence]) if "confidence" in entry else None
    setting = Setting(
        dialects=entry.strings("dialects", required=True),
        keys=tuple(tuple(key.split("/")) for key in entry.strings("keys", required=True)),
        arguments=frozenset(entry.strings("arguments")),
        values=tuple(values) if isinstance(values, list) else (),
        none=entry.boolean("none", False),
        patterns=tuple(re.compile(pattern) for pattern in entry.strings("patterns")),
        comment=re.compile(entry.string("comment"), re.IGNORECASE) if "comment" in entry else None,
        beside=frozenset(entry.strings("beside")),
        unless=tuple(tuple(path.split("/")) for path in entry.strings("unless")),
        alone=entry.boolean("alone", False),
        versions=read_bounds(entry),
        because=entry.string("because"),
        severity=Severity(severity) if severity else None,
        confidence=Confidence(confidence) if confidence else None,
    )
    entry.finish()
    return setting


class Candidates:
    """What a file must hold to be worth parsing: a key with a value beside it that may matter."""

    def __init__(self, known: tuple[Setting, ...]) -> None:
        self._names = sorted({path[-1].encode() for setting in known for path in setting.keys})
        self._passed = sorted({name.encode() for setting in known for name in setting.arguments})
        # Of names that hold one another the shortest is enough, and a plain search is ten times as fast as a pattern.
        self._words = [name for name in self._names if not any(each != name and each in name for each in self._names)]

    def are_passed(self, raw: bytes) -> bool:
        """Whether a launch script names one of the settings."""
        return any(name in raw for name in self._passed)

    def are_in(self, raw: bytes) -> bool:
        """Whether a configuration may hold one of the settings."""
        return any(word in raw for word in self._words) and self._pattern.search(raw) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        keys = b"|".join(re.escape(name) for name in self._names)
        return re.compile(rb"(?<![\w.])(?:" + keys + rb")[\"']?[ \t]*[:=][ \t]*[\"']?" + _VALUE)


def found_settings(
    setting: Setting, root: Node, kind: Kind, groups: frozenset[str], readers: Readers
) -> Iterator[tuple[str, Entry, Scalar]]:
    """Dotted path, entry and value of every place where a setting has one of its values."""
    for name in setting.dialects:
        dialect = _dialect(name)
        if kind not in dialect.formats:
            continue
        if setting.alone and _has_number(root, {path[-1] for path in setting.keys}):
            continue
        for path, section in spoken(dialect, root, groups, readers):
            if any(_is_on(section, each, root) for each in setting.unless):
                continue
            for keys in setting.keys:
                for place, entry in entries_at(section, keys):
                    if setting.beside and setting.beside.isdisjoint(place.keys()):
                        continue
                    value = _referred(entry.value, root)
                    if isinstance(value, Scalar) and setting.holds(value.value):
                        shown = [*path, *keys[:-1], entry.key]
                        yield ".".join(part for part in shown if part != "*"), entry, value


def _is_on(section: Section, path: tuple[str, ...], root: Node) -> bool:
    values = (_referred(entry.value, root) for _, entry in entries_at(section, path))
    return any(isinstance(value, Scalar) and value.value is True for value in values)


def _referred(value: Node, root: Node) -> Node:
    """What `${train.seed}` stands for, where the same file says so; other values as they are."""
    for _ in range(MAX_REFERENCES):
        text = value.value if isinstance(value, Scalar) else None
        found = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
        if found is None or not isinstance(root, Section):
            break
        named = next(entries_at(root, tuple(found[1].split("."))), None)
        if named is None:
            break
        value = named[1].value
    return value


def _has_number(root: Node, names: Collection[str]) -> bool:
    """Whether an entry of one of these names, anywhere, is a number that is no stand-in for a draw."""
    for _, section in sections(root):
        for entry in section.entries:
            value = entry.value.value if isinstance(entry.value, Scalar) else None
            if entry.key in names and type(value) is int and value >= 0:
                return True
    return False


def passed_settings(setting: Setting, document: Document) -> Iterator[tuple[str, Span, object]]:
    """Name, place and value of every argument by which a launcher passes a setting with one of its values."""
    from auditor.static.documents.shell import settings, unquoted

    for argument in settings(document):
        value = _WRITTEN.get(unquoted(argument.value).lower(), unquoted(argument.value))
        if argument.name.lstrip("-+") in setting.arguments and setting.holds(value) and _is_passed(argument, document):
            yield argument.name, Span(argument.line, argument.column, argument.line, argument.end_column), value


def _is_passed(argument: Argument, document: Document) -> bool:
    """Whether a command comes before it, on its line or one that goes on there: else it is a variable of the shell."""
    line, before = argument.line, document.lines[argument.line - 1][: argument.column - 1]
    goes_on = line > 1 and document.lines[line - 2].rstrip().endswith("\\")
    return goes_on or before.strip() not in _DECLARING


def is_ours(known: tuple[Setting, ...], raw: bytes) -> bool:
    """Whether bytes that cannot be read as a whole most likely hold one of the settings."""
    return any(is_likely(_dialect(name), raw) for setting in known for name in setting.dialects)


def _dialect(name: str) -> Dialect:
    return dialects()[name]
