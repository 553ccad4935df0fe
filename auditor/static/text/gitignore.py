"""`.gitignore` files: which paths git would not track."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

from auditor.model.lean import dataclass
from auditor.static.text.plainfile import read_plain

_SPECIAL = frozenset("*?[\\")
"""What makes a pattern more than the name that it is."""


@dataclass(frozen=True)
class _Pattern:
    """One line. Most lines are a name, or a star and an ending: comparing texts costs nothing beside compiling them."""

    body: str
    """Without `!` and without the slashes at its ends."""

    anchored: bool
    """Counts from the folder of the file; otherwise any name below it may match."""

    negated: bool
    folders_only: bool

    def matches(self, path: str) -> bool:
        body = self.body
        if self.is_name:
            return path == body or (not self.anchored and path.endswith(f"/{body}"))
        if self.is_ending:
            return path.endswith(body[1:])
        return self.expression is not None and self.expression.fullmatch(path) is not None

    @cached_property
    def is_name(self) -> bool:
        return _SPECIAL.isdisjoint(self.body)

    @cached_property
    def is_ending(self) -> bool:
        return not self.anchored and self.body[0] == "*" and _SPECIAL.isdisjoint(self.body[1:])

    @cached_property
    def expression(self) -> re.Pattern[str] | None:
        """None for what git takes for no pattern either."""
        body = _translate(self.body)
        try:
            return re.compile(body if self.anchored else f"(?:.*/)?{body}", re.DOTALL)
        except re.error:
            return None


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """The patterns of one `.gitignore`, which hold below `folder` (relative, `""` for the root)."""

    folder: str
    patterns: tuple[_Pattern, ...]

    def verdict(self, path: str, *, is_folder: bool) -> bool | None:
        """True: ignored; False: taken back by a `!` pattern; None: this file says nothing of `path`."""
        inside = path[len(self.folder) + 1 :] if self.folder else path
        for pattern in reversed(self.patterns):
            if pattern.folders_only and not is_folder:
                continue
            if pattern.matches(inside):
                return not pattern.negated
        return None


def read_ignore_file(path: Path, folder: str) -> IgnoreFile | None:
    """Read a `.gitignore`; None where there is none or it cannot be read."""
    try:
        text = read_plain(path).decode("utf-8", "replace")
    except OSError:
        return None
    return parse_ignore_file(text, folder)


def parse_ignore_file(text: str, folder: str = "") -> IgnoreFile:
    """Lines that are no valid pattern are left out, as git does."""
    patterns = [pattern for line in text.splitlines() if (pattern := _parse_line(line))]
    return IgnoreFile(folder, tuple(patterns))


def is_ignored(path: str, files: tuple[IgnoreFile, ...], *, is_folder: bool) -> bool:
    """Whether `path` is ignored; `files` go from the outermost folder inwards, and the innermost that speaks wins."""
    for file in reversed(files):
        verdict = file.verdict(path, is_folder=is_folder)
        if verdict is not None:
            return verdict
    return False


def _parse_line(line: str) -> _Pattern | None:
    line = line.rstrip("\r\n")
    while line.endswith(" ") and not line.endswith("\\ "):
        line = line[:-1]
    if not line or line.startswith("#"):
        return None
    negated = line.startswith("!")
    line = line[1:] if negated else line
    line = line[1:] if line.startswith(("\\#", "\\!")) else line
    folders_only = line.endswith("/")
    line = line.rstrip("/")
    if not line:
        return None
    anchored = "/" in line
    return _Pattern(line.lstrip("/"), anchored, negated, folders_only)


def _translate(pattern: str) -> str:
    """A regular expression for a pattern without its slashes at the ends."""
    out: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at) and (at == 0 or pattern[at - 1] == "/"):
            out.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at) and at + 2 == len(pattern) and at > 0 and pattern[at - 1] == "/":
            out.append(".+")
            at += 2
        elif pattern[at] == "*":
            out.append("[^/]*")
            at += 1
        elif pattern[at] == "?":
            out.append("[^/]")
            at += 1
        elif pattern[at] == "[" and (end := _class_end(pattern, at)) > 0:
            out.append(_character_class(pattern[at + 1 : end]))
            at = end + 1
        else:
            if pattern[at] == "\\" and at + 1 < len(pattern):
                at += 1
            out.append(re.escape(pattern[at]))
            at += 1
    return "".join(out)


def _class_end(pattern: str, start: int) -> int:
    """Index of the `]` that closes a class; -1 where there is none."""
    first = start + 2 if pattern[start + 1 : start + 2] in ("!", "^") else start + 1
    return pattern.find("]", first + 1)


def _character_class(body: str) -> str:
    negated = body[:1] in ("!", "^")
    body = (body[1:] if negated else body).replace("\\", "\\\\").replace("[", "\\[")
    return f"(?!/)[{'^' if negated else ''}{body}]"
