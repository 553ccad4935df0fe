"""Comments that allow findings: `# repro-audit: allow RA301 because the order is fixed by the sampler`.

A comment on a line speaks for findings that cover the line; alone above a statement it speaks for all lines of it, or
of its head where a block follows; alone between the lines of a statement, for the next one. `allow-file`, anywhere,
speaks for the whole file. Above decorators it stands above their function or class. Rules go by id or name, separated
by commas or spaces; case does not matter. A suppression counts only with its reason: an exception that nobody can
explain is one that nobody can remove.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from auditor.model.lean import dataclass, replace
from auditor.model.pattern import lazy_pattern
from auditor.model.rule import Rule
from auditor.ruleset.spelling import nearest_rule

MARK = "repro-audit"

_COMMENT = lazy_pattern(
    r"#\s*repro-audit(?P<colon>:|(?=\s+allow\b))\s*(?P<verb>[\w-]+)\b[ \t]*(?P<rest>.*)$", re.IGNORECASE
)
"""Without its colon a comment does not count, and is told."""

_REASON = lazy_pattern(r"\b(?:because|reason:)\s+(?P<reason>.*\S)", re.IGNORECASE)
_WORD = lazy_pattern(r"[A-Za-z][\w-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One comment."""

    line: int
    """Line of the file's text, from 1."""

    whole_file: bool
    rules: frozenset[str]
    """Ids."""

    reason: str
    """Empty where none was given: then it does not count."""

    first: int
    last: int
    """The lines that it speaks for, where it does not speak for the whole file."""

    complaints: tuple[str, ...] = ()
    """What is wrong with the comment."""


class Suppressions:
    """The comments of one file, and which of them were needed."""

    def __init__(self, entries: Sequence[Suppression]) -> None:
        self.entries = tuple(entries)
        self._used: set[tuple[int, str]] = set()

    def allows(self, rule: Rule, first: int, last: int) -> Suppression | None:
        """The comment that speaks for a finding of `rule` on lines `first` to `last`; also one without a reason."""
        best: Suppression | None = None
        for entry in self.entries:
            if rule.id in entry.rules and (entry.whole_file or (entry.first <= last and first <= entry.last)):
                self._used.add((entry.line, rule.id))
                best = entry if best is None or (entry.reason and not best.reason) else best
        return best

    def unused(self, active: Iterable[Rule]) -> list[tuple[int, str]]:
        """Line and rule of every suppression of an active rule that no finding needed."""
        ids = {rule.id for rule in active}
        return [
            (entry.line, name)
            for entry in self.entries
            for name in sorted(entry.rules)
            if name in ids and (entry.line, name) not in self._used
        ]


def read_suppressions(
    text: str, lines: Sequence[str], rules: Mapping[str, Rule], joined: Mapping[int, tuple[int, int]] | None = None
) -> Suppressions:
    """Find the comments; `rules` by id and by name.

    `joined`: first and last line of the command that a line is part of, in what is no Python: it is spoken for as one.
    """
    if MARK not in text.lower():
        return Suppressions(())
    entries = []
    comments, statements = _tokens(text)
    for number, column, comment in comments:
        match = _COMMENT.search(comment)
        if match:
            first = _next_code(lines, number) if not lines[number - 1][:column].strip() else number
            last = statements.get(first, first) if first > number else first
            first, last = (joined or {}).get(first, (first, last))
            entry = _read(number, match["verb"].lower(), match["rest"], rules, first, last)
            entries.append(entry if match["colon"] else _without_colon(entry, match["verb"].lower()))
    return Suppressions(entries)


def _read(line: int, verb: str, rest: str, rules: Mapping[str, Rule], first: int, last: int) -> Suppression:
    reason = _REASON.search(rest)
    named = rest[: reason.start()] if reason else rest
    found: set[str] = set()
    complaints: list[str] = []
    if verb not in ("allow", "allow-file"):
        complaints.append(f"`{verb}` is not known; write `allow` or `allow-file`")
    words = [(word, index == 0) for part in named.split(",") for index, word in enumerate(_WORD.findall(part))]
    for word, is_first in words:
        rule = rules.get(word.upper()) or rules.get(word.lower())
        if rule is not None:
            found.add(rule.id)
        elif word.lower() != "because":
            close = nearest_rule(word, rules.values())
            # Words after the rules are a reason that lacks its `because`, which is told below.
            if reason or (close and is_first) or not found:
                complaints.append(f"no rule is called `{word}`" + (f"; did you mean `{close}`?" if close else ""))
    if not found and not complaints:
        complaints.append("it names no rule")
    if not reason:
        complaints.append("it gives no reason and does not count; add `because …`")
    return Suppression(
        line=line,
        whole_file=verb == "allow-file",
        rules=frozenset(found if verb in ("allow", "allow-file") else ()),
        reason=reason["reason"] if reason else "",
        first=first,
        last=last,
        complaints=tuple(complaints),
    )


def _without_colon(entry: Suppression, verb: str) -> Suppression:
    return replace(entry, rules=frozenset(), complaints=(f"it lacks a colon and does not count: `{MARK}: {verb} …`",))


def _tokens(text: str) -> tuple[list[tuple[int, int, str]], dict[int, int]]:
    """Line, column and text of every comment that carries the mark, and the last line of each statement by its first.

    The mark inside a string does not count. Of a statement with a block that is the last line of its head, also where
    the statement begins with a decorator.
    """
    comments: list[tuple[int, int, str]] = []
    statements: dict[int, int] = {}
    import tokenize  # only for files with a comment for us

    between = (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT)
    begun, is_decorator = 0, False
    decorators: list[int] = []
    # The parser took the file; where only the tokenizer gives up, what it saw before counts.
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT and MARK in token.string.lower():
                comments.append((token.start[0], token.start[1], token.string))
            elif token.type == tokenize.NEWLINE:
                decorators.append(begun)
                if not is_decorator:
                    statements.update(dict.fromkeys(decorators, token.start[0]))
                    decorators.clear()
                begun = 0
            elif not begun and token.type not in between:
                begun, is_decorator = token.start[0], token.string == "@"
    return comments, statements


def _next_code(lines: Sequence[str], line: int) -> int:
    """The first line with code after a comment that stands alone on its line."""
    line += 1
    while line <= len(lines) and _is_comment(lines[line - 1]):
        line += 1
    return line


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#") or not line.strip()
