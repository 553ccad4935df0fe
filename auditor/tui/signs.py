"""The few characters that are not letters, in two sets: one for UTF-8 terminals, one that any terminal can show."""

from __future__ import annotations

from auditor.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Every sign is one cell wide, except `branch`, `last` and `stem` (two) and `callout` (three)."""

    equal: str
    differs: str
    absent: str
    cursor: str
    here: str
    rule: str
    gutter: str
    bar: str
    ellipsis: str
    marked: str
    stem: str
    branch: str
    last: str
    callout: str
    times: str
    plus_minus: str
    dot: str


UNICODE = Signs(
    equal="=",
    differs="≠",
    absent="·",
    cursor="▌",
    here="▶",
    rule="─",
    gutter="│",
    bar="█",
    ellipsis="…",
    marked="●",
    stem="│ ",
    branch="├ ",
    last="└ ",
    callout="╰─ ",
    times="×",
    plus_minus="±",
    dot="·",
)

ASCII = Signs(
    equal="=",
    differs="!",
    absent=".",
    cursor=">",
    here=">",
    rule="-",
    gutter="|",
    bar="#",
    ellipsis="~",
    marked="*",
    stem="| ",
    branch="|-",
    last="`-",
    callout="`- ",
    times="x",
    plus_minus="+-",
    dot=".",
)

_PLAIN = str.maketrans(
    {"≠": "!=", "×": "x", "±": "+-", "·": ".", "…": "...", "—": "-", "–": "-", "’": "'", "“": '"', "”": '"', "→": "->"}
)


def to_ascii(text: str) -> str:
    """Return text for a terminal without UTF-8: known signs spelled out, everything else as `?`."""
    return text if text.isascii() else text.translate(_PLAIN).encode("ascii", "replace").decode("ascii")
