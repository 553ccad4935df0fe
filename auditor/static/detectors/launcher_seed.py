"""A launch script that seeds the program with something else in each run: `--seed $RANDOM`, `SEED=$(date +%s)`.

A matcher cannot say it: a value is followed from the variable that takes it to the option that passes it on, and bash
repeats its own random numbers where the script seeds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.finding import Related
from auditor.model.pattern import lazy_pattern
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.detector import DocumentDetector
from auditor.static.documents.kinds import LAUNCHERS, Kind
from auditor.static.documents.span import Span
from auditor.static.matcher import Hit

if TYPE_CHECKING:
    from auditor.model.location import Location
    from auditor.static.documents.document import Document
    from auditor.static.documents.references import References
    from auditor.static.documents.shell import Setting

_SEED = lazy_pattern(
    r"(?:.*[._-])?(?:(?:\w*[^a-z])?seed|\w*SEED|pythonhashseed|seed_everything|random_state)", re.IGNORECASE
)
_PASSED_ON = [lazy_pattern(name + rb"(?:[ =]|\\?[\"']){0,6}[$`]") for name in (b"seed", b"random_state")]
"""In small letters. One for each name: a pattern that begins with a text is searched eight times as fast."""

_STARTED = lazy_pattern(
    r"(?:^|[\s;&|(\"'\[])(?:python[\d.]*|torchrun|accelerate|deepspeed)\s[^#]*(?:\.py\b|(?<=\s)-m\s)"
)
"""A program that a job in YAML starts."""

_TESTING = lazy_pattern(r"\b(?:pytest|unittest|tox|nox)\b")
"""Tests are given other seeds on purpose."""

_COMPOSED = ("compose", "docker-compose")
"""Beginnings of the names of files in which `$RANDOM` is none of a shell's: docker puts something in its place."""

_VARIABLE = lazy_pattern(r"\"?\$\{?(\w+)(?:\[[^\]]*\])?\}?\"?")
"""`$seed`, `"${seeds[@]}"`, `${seeds[$i]}`."""


def _read(table: Table) -> None:
    """No options."""


class LauncherSeedDetector(DocumentDetector[None]):
    """`kind = "launcher-seed"`."""

    kind = "launcher-seed"
    documents = LAUNCHERS | {Kind.NOTEBOOK, Kind.YAML}

    def is_candidate(self, rule: Rule, kind: Kind, raw: bytes) -> bool:
        if kind is Kind.NOTEBOOK and not ((b"$" in raw or b"`" in raw) and (b"!" in raw or b"%%" in raw)):
            return False
        if kind is Kind.YAML and b".py" not in raw and b" -m " not in raw:
            return False
        lower = raw.lower()
        if kind in (Kind.NOTEBOOK, Kind.YAML):
            # Most of them hold the word, and reading one takes long.
            return any(pattern.search(lower) for pattern in _PASSED_ON)
        return b"seed" in lower or b"random_state" in lower

    def find_in(self, rule: Rule, document: Document, references: References) -> Iterable[Hit]:
        from auditor.static.documents.entropy import entropy
        from auditor.static.documents.shell import looped, settings

        is_seeded = False
        taken: dict[str, tuple[Setting, str]] = {}
        executed = _executed(document) if document.kind is Kind.YAML else None
        found = sorted((*settings(document), *looped(document)), key=lambda each: (each.line, each.column))
        for setting in found:
            if executed is not None and setting.line not in executed:
                continue
            words = entropy(setting.value, document.kind, shell_is_seeded=is_seeded)
            is_variable = not setting.name.startswith("-")
            passed = _VARIABLE.fullmatch(setting.value)
            source = taken.get(passed[1]) if passed is not None else None
            if setting.name == "RANDOM":
                is_seeded = words is None
            elif words is not None and _is_seed(setting.name):
                yield _hit(document, setting, words)
            elif words is not None and is_variable:
                taken[setting.name] = setting, words
            elif _is_seed(setting.name) and source is not None:
                yield _hit(document, setting, source[1], source[0])
            elif is_variable and source is not None:
                taken[setting.name] = source
            elif is_variable:
                taken.pop(setting.name, None)


def _executed(document: Document) -> frozenset[int]:
    """The lines of a job in YAML that start a program, with those in which its command goes on."""
    from auditor.static.documents.said import is_only_said
    from auditor.static.documents.shell import commands

    if document.name.startswith(_COMPOSED):
        return frozenset()
    spans = commands(document.lines)
    found: set[int] = set()
    for number, line in enumerate(document.lines, 1):
        started = _STARTED.search(line.partition(" #")[0])
        if started is not None and not _TESTING.search(line) and not is_only_said(line[: started.start() + 1]):
            first, last = spans.get(number, (number, number))
            found.update(range(first, last + 1))
    return frozenset(found)


def _is_seed(name: str) -> bool:
    return _SEED.fullmatch(name.lstrip("-+")) is not None


def _hit(document: Document, setting: Setting, words: str, source: Setting | None = None) -> Hit:
    related = (Related(location=_location(document, source), message=f"{words} is taken here"),) if source else ()
    return Hit(
        location=_location(document, setting),
        message=f"`{setting.name.lstrip('+')}` is {words}: each start of the program uses another seed",
        related=related,
    )


def _location(document: Document, setting: Setting) -> Location:
    return document.location(Span(setting.line, setting.column, setting.line, setting.end_column))


DETECTOR = LauncherSeedDetector(_read)
