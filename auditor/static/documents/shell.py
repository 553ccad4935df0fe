"""Launch scripts line by line: variables that they set and options that they pass, as they stand there.

Nothing is expanded and no control flow is followed: what is looked for stands on one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern
from auditor.static.documents.document import Document
from auditor.static.documents.kinds import Kind
from auditor.static.documents.quoted import foreign_lines
from auditor.static.documents.said import is_only_said

_QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'[^']*'"
_TEXT = lazy_pattern(_QUOTED)
_PART = (
    r"(?:\$\(\((?:[^()]|\([^()]*\))*\)\)|\$\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|`[^`]*`|\$\{[^}]*\}|\$\$"
    r"|[^\s;&|()\"'`<>])"
)
_VALUE = rf"(?:{_QUOTED}|{_PART})"
_ARRAY = rf"\((?:\s|{_VALUE})*\)"
_OPTION = lazy_pattern(rf"(?<!\S)(?P<name>--?[A-Za-z][\w.-]*)(?:=|\s+)(?P<value>(?!-){_VALUE}+)")
_ASSIGNED = lazy_pattern(rf"(?<![\w.$/\"'-])(?P<name>\+{{0,2}}[A-Za-z_][\w.]*)\+?=(?P<value>{_ARRAY}|{_VALUE}*)")
_LOOP = lazy_pattern(
    rf"(?:^|[\s;&|(])for\s+(?P<name>[A-Za-z_]\w*)\s+in\s+(?P<value>{_VALUE}+(?:\s+(?!do\b){_VALUE}+)*)"
)
_ASSIGNED_IN_QUOTES = lazy_pattern(rf"(?<=[\"'])(?P<name>\+{{0,2}}[A-Za-z_][\w.]*)=(?P<value>{_PART}*)")
"""`"seed=$RANDOM" "job=$ID"`: the next quote ends the value, and begins no other part of it."""

_STARTING = lazy_pattern(r"(?:^|[\s;&|(])(?:python[\d.]*|torchrun|accelerate|deepspeed|[\w./-]+\.py)(?=\s)")
"""What begins a program, in a text that is handed on to whoever executes it: `sbatch --wrap="python train.py"`."""

_MAKE = lazy_pattern(rf"^ *(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*[:?]{{0,2}}=\s*(?P<value>{_VALUE}*)")
_ENV = lazy_pattern(r"^(\s*ENV\s+[A-Za-z_]\w*)[ \t]+(?=[^\s=])", re.IGNORECASE)
_DOLLARS = lazy_pattern(r"\$\$(?:\$\$)?")
_SHOWN = lazy_pattern(
    r"^[\s;&|]*(?:@?(?:echo|printf)\b(?:[^\\;&|\"']|\\.|\"(?:[^\"\\]|\\.)*\"|'[^']*')*|(?:LABEL|MAINTAINER)\b.*)",
    re.IGNORECASE,
)
"""Words that are printed; what follows on the line is another command."""

_DIRECTIVE = lazy_pattern(r"#(?:SBATCH|PBS|BSUB|\$)\s")
_SHELL_CELL = lazy_pattern(r"\s*%%(?:bash|sh|script\s+(?:ba|z)?sh)\b")


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable (`SEED`) or an option (`--seed`) with its value; columns from 1, the end one past the last."""

    name: str
    value: str
    line: int
    column: int
    end_column: int


def code_lines(document: Document) -> Iterator[tuple[int, str]]:
    """Number and text of every line that does something; comments become blanks, so columns stay right."""
    for number, line in _shell_lines(document):
        code = line if _DIRECTIVE.match(line) else _without_comment(line, document.kind)
        while shown := _SHOWN.match(code):
            code = " " * shown.end() + code[shown.end() :]
        if not code.strip():
            continue
        if document.kind is Kind.MAKEFILE:
            # As the shell sees it, with a backslash for what make takes away.
            code = _DOLLARS.sub(_as_shell, code.replace("$(shell ", "$(      "))
        elif document.kind is Kind.DOCKERFILE:
            code = _ENV.sub(lambda match: match[1] + "=" + " " * (len(match[0]) - len(match[1]) - 1), code)
        yield number, code


def _shell_lines(document: Document) -> Iterator[tuple[int, str]]:
    """Lines that a shell gets; of a notebook `!python train.py`, and what stands below `%%bash`."""
    if document.kind is not Kind.NOTEBOOK:
        foreign = foreign_lines(document.lines)
        yield from ((number, line) for number, line in enumerate(document.lines, 1) if number not in foreign)
        return
    number = 0
    for cell in document.cells:
        is_shell = _SHELL_CELL.match("\n".join(cell.lines).lstrip()) is not None
        foreign = foreign_lines(cell.lines) if is_shell else frozenset()
        goes_on = False
        for index, line in enumerate(cell.lines, 1):
            number += 1
            if is_shell:
                if index not in foreign:
                    yield number, line
                continue
            starts = line.lstrip().startswith("!")
            if starts or goes_on:
                # IPython makes one dollar of two, so a shell never sees `$$`.
                yield number, (line.replace("!", " ", 1) if starts else line).replace("$$", "\\$")
            goes_on = (starts or goes_on) and line.rstrip().endswith("\\")


def _as_shell(match: re.Match[str]) -> str:
    """What the shell sees of make's dollars, as long as before: `\\$` of one, its process id of two."""
    return "\\$" if len(match[0]) == 2 else "\\\\$$"


def commands(lines: Sequence[str]) -> dict[int, tuple[int, int]]:
    """First and last line of the command of every line that is part of one on several lines, joined by `\\`."""
    found: dict[int, tuple[int, int]] = {}
    first = 0
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("#"):  # stands between the lines of one as well, in images
            continue
        goes_on = line.rstrip().endswith("\\")
        if first and not goes_on:
            found.update(dict.fromkeys(range(first, number + 1), (first, number)))
        first = (first or number) if goes_on else 0
    return found


def settings(document: Document) -> Iterator[Setting]:
    """Every variable that is set and every option that is passed, in the order of the text."""
    for number, code in code_lines(document):
        found: dict[int, Setting] = {}
        for text in (code, *_commands_within(code)):
            for pattern in _patterns(document.kind):
                for match in pattern.finditer(text):
                    start, end = match.start("name"), match.end("value")
                    found.setdefault(start, Setting(match["name"], match["value"], number, start + 1, end + 1))
        yield from (found[start] for start in sorted(found))


def looped(document: Document) -> Iterator[Setting]:
    """Every variable of a loop, with the words that it takes one after the other: `for seed in 1 2 3`."""
    for number, code in code_lines(document):
        for match in _LOOP.finditer(code):
            yield Setting(match["name"], match["value"], number, match.start("name") + 1, match.end("value") + 1)


def _commands_within(code: str) -> Iterator[str]:
    """The texts of a line that are commands themselves, each behind blanks so that columns stay right."""
    if '"' not in code and "'" not in code:
        return
    for match in _TEXT.finditer(code):
        inner = match[0][1:-1]
        if _STARTING.search(inner) and not is_only_said(code[: match.start()]):
            yield " " * (match.start() + 1) + inner


def _patterns(kind: Kind) -> tuple[re.Pattern[str], ...]:
    patterns = _OPTION, _ASSIGNED, _ASSIGNED_IN_QUOTES
    return (_MAKE, *patterns) if kind is Kind.MAKEFILE else patterns


def unquoted(value: str) -> str:
    """A value without quotes around the whole of it."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _without_comment(line: str, kind: Kind) -> str:
    if "#" not in line:
        return line
    if kind is Kind.DOCKERFILE:
        return "" if line.lstrip().startswith("#") else line
    quote = ""
    for index, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote and line[index - 1] != "\\" else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "#" and (index == 0 or line[index - 1].isspace()):
            return line[:index]
    return line
