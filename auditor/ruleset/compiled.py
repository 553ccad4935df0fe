"""Our rules as one file of plain values, which loads in 2 ms where 170 files of TOML take 65.

The file (`marshalled.py`) is made when it is first needed, and again whenever a rule file, or the code that reads
rules, is another than it was: names, sizes and times are compared each time.
"""

from __future__ import annotations

import marshal
import os
import sys
from binascii import crc32
from collections.abc import Callable, Iterable
from pathlib import Path

from auditor.model.annotations import Any
from auditor.model.lean import dataclass
from auditor.model.rule import Category, Confidence, Example, FixAdvice, Match, Rule, RuleId, Severity
from auditor.ruleset.library import ConditionalDraw, Library, NoneMeaning, SeedCall
from auditor.ruleset.marshalled import cache_home, read_marshalled, write_marshalled
from auditor.ruleset.networks import Networks
from auditor.ruleset.reflection import Reflection
from auditor.ruleset.stamp import file_stamps

FORMAT = b"repro-audit rules 3\n"
"""Version 1: magic line, CRC-32 of the rest (little-endian), marshalled (stamp, rules, libraries, seeders).
Version 2: reflection behind the seeders.
Version 3: networks behind it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What the files of rules say."""

    rules: tuple[Rule, ...] = ()
    libraries: tuple[Library, ...] = ()
    seeders: tuple[tuple[str, SeedCall], ...] = ()
    """What seeds several libraries, with the file that says so."""

    reflection: Reflection = Reflection()
    networks: Networks = Networks()


def compiled(folder: Path, read: Callable[[], Knowledge]) -> Knowledge:
    """Return what `read()` returns for this folder of rules, from the compiled file where that is up to date."""
    file = compiled_file(folder)
    stamp = _stamp(str(folder))
    content = read_marshalled(file, FORMAT)
    if content is not None:
        try:
            kept_stamp, *packed = marshal.loads(content)
            if kept_stamp == stamp:
                return _unpacked(*packed)
        except (ValueError, TypeError, EOFError, KeyError):
            pass  # made by a program that packs in another way
    known = read()
    write_marshalled(file, FORMAT, (stamp, *_packed(known)))
    return known


def compiled_file(folder: Path) -> Path:
    """Return where the compiled form of a folder is kept, whether or not it exists."""
    return cache_home() / "rules" / f"{crc32(os.fsencode(folder)):08x}.bin"


def _stamp(folder: str) -> list[Any]:
    """What the result depends on: the interpreter, the files of rules, the code that reads them."""
    return [sys.version, *file_stamps(folder, ".toml"), *file_stamps(os.path.dirname(__file__), ".py")]


# -- plain values -----------------------------------------------------------------------------------------------------


def _packed(known: Knowledge) -> tuple[object, object, object, object, object]:
    return (
        [_pack_rule(rule) for rule in known.rules],
        [_pack_library(library) for library in known.libraries],
        [(path, _pack_seed(seeder)) for path, seeder in known.seeders],
        {name: getattr(known.reflection, name) for name in Reflection.__annotations__},
        {name: getattr(known.networks, name) for name in Networks.__annotations__},
    )


def _unpacked(
    rules: Iterable[Any],
    libraries: Iterable[Any],
    seeders: Iterable[Any],
    reflection: dict[str, tuple[str, ...]],
    networks: dict[str, tuple[str, ...]],
) -> Knowledge:
    return Knowledge(
        rules=tuple([_unpack_rule(*values) for values in rules]),
        libraries=tuple([_unpack_library(*values) for values in libraries]),
        seeders=tuple([(path, _unpack_seed(*values)) for path, values in seeders]),
        reflection=Reflection(**reflection),
        networks=Networks(**networks),
    )


def _pack_rule(rule: Rule) -> tuple[object, ...]:
    examples = [
        (each.source, each.finds, each.fixed, each.path, each.requirements, each.confidence and each.confidence.value)
        for each in rule.examples
    ]
    return (
        (rule.id, rule.name, rule.title, rule.explanation, rule.references, rule.sources, rule.path, rule.devices),
        (rule.category.value, rule.severity.value, rule.confidence.value, rule.versions),
        (rule.match.kind, rule.match.options, rule.fix.summary, rule.fix.options),
        examples,
    )


def _unpack_rule(texts: Any, words: Any, tables: Any, examples: Any) -> Rule:
    identifier, name, title, explanation, references, sources, path, devices = texts
    category, severity, confidence, versions = words
    kind, options, summary, fix_options = tables
    return Rule(
        id=RuleId(identifier),
        name=name,
        title=title,
        category=Category(category),
        severity=Severity(severity),
        confidence=Confidence(confidence),
        explanation=explanation,
        references=references,
        match=Match(kind=kind, options=options),
        fix=FixAdvice(summary=summary, options=fix_options),
        examples=tuple([_unpack_example(*values) for values in examples]),
        sources=sources,
        path=path,
        devices=devices,
        versions=versions,
    )


def _unpack_example(
    source: str,
    finds: tuple[int, ...],
    fixed: str | None,
    path: str,
    requirements: str | None,
    confidence: str | None,
) -> Example:
    return Example(
        source=source,
        finds=finds,
        fixed=fixed,
        path=path,
        requirements=requirements,
        confidence=None if confidence is None else Confidence(confidence),
    )


def _pack_seed(seed: SeedCall) -> tuple[object, ...]:
    return seed.call, seed.argument, seed.position, seed.missing.value, seed.none.value, seed.seeds, seed.off


def _unpack_seed(
    call: str, argument: str | None, position: int | None, missing: str, none: str, seeds: tuple[str, ...], off: bool
) -> SeedCall:
    return SeedCall(
        call=call,
        argument=argument,
        position=position,
        missing=NoneMeaning(missing),
        none=NoneMeaning(none),
        seeds=seeds,
        off=off,
    )


_LIBRARY = tuple(name for name in Library.__annotations__ if name not in ("seed_calls", "conditional"))
_CONDITIONAL = tuple(ConditionalDraw.__annotations__)


def _pack_library(library: Library) -> tuple[object, ...]:
    return (
        {name: getattr(library, name) for name in _LIBRARY},
        [_pack_seed(seed) for seed in library.seed_calls],
        [{name: getattr(draw, name) for name in _CONDITIONAL} for draw in library.conditional],
    )


def _unpack_library(plain: dict[str, Any], seeds: Iterable[Any], conditional: Iterable[Any]) -> Library:
    return Library(
        **plain,
        seed_calls=tuple([_unpack_seed(*values) for values in seeds]),
        conditional=tuple([ConditionalDraw(**values) for values in conditional]),
    )
