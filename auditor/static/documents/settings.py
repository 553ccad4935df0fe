"""Settings that a rule knows: which key, in whose configuration, with which values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.model.rule import Confidence, Severity
from auditor.ruleset.table import Table
from auditor.static.documents.dialects import Dialect, Readers, dialects, is_likely, spoken
from auditor.static.documents.kinds import Kind
from auditor.static.documents.tree import Entry, Node, Scalar, entries_at

_VALUE = rb"(?:null|~|none|-1|false|no|off|true|yes|on|warn|random|\$\{|\{\{|(?=#|\r|\n|,|\}|$))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting with the values that a rule speaks about."""

    dialects: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    """Paths below the section; `*` stands for any key."""

    values: tuple[object, ...]
    none: bool
    """Whether no value at all counts: `seed: null`, `seed:`."""

    patterns: tuple[re.Pattern[str], ...]
    """For texts, from their beginning."""

    comment: re.Pattern[str] | None
    """What a comment beside or above must say for the value to mean this."""

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
        values=tuple(values) if isinstance(values, list) else (),
        none=entry.boolean("none", False),
        patterns=tuple(re.compile(pattern) for pattern in entry.strings("patterns")),
        comment=re.compile(entry.string("comment"), re.IGNORECASE) if "comment" in entry else None,
        because=entry.string("because"),
        severity=Severity(severity) if severity else None,
        confidence=Confidence(confidence) if confidence else None,
    )
    entry.finish()
    return setting


def candidate_pattern(settings: tuple[Setting, ...]) -> re.Pattern[bytes]:
    """What a file must hold to be worth parsing: a key with a value beside it that may matter."""
    names = sorted({path[-1] for setting in settings for path in setting.keys})
    keys = b"|".join(re.escape(name).encode() for name in names)
    return re.compile(rb"(?<![\w.])(?:" + keys + rb")[\"']?[ \t]*[:=][ \t]*[\"']?" + _VALUE, re.IGNORECASE)


def found_settings(
    setting: Setting, root: Node, kind: Kind, group: str, readers: Readers
) -> Iterator[tuple[str, Entry, Scalar]]:
    """Dotted path, entry and value of every place where a setting has one of its values."""
    for name in setting.dialects:
        dialect = _dialect(name)
        if kind not in dialect.formats:
            continue
        for path, section in spoken(dialect, root, group, readers):
            for keys in setting.keys:
                for entry in entries_at(section, keys):
                    if isinstance(entry.value, Scalar) and setting.holds(entry.value.value):
                        shown = [*path, *keys[:-1], entry.key]
                        yield ".".join(part for part in shown if part != "*"), entry, entry.value


def is_ours(settings: tuple[Setting, ...], raw: bytes) -> bool:
    """Whether bytes that cannot be read as a whole most likely hold one of the settings."""
    return any(is_likely(_dialect(name), raw) for setting in settings for name in setting.dialects)


def _dialect(name: str) -> Dialect:
    return dialects()[name]
