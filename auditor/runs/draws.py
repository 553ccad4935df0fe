"""Reads what the processes of a replica drew for which source (`probe/splitting/ledger.py`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor.errors import TraceFormatError
from auditor.model.lean import dataclass
from auditor.probe.splitting.ledger import FORMAT, SUFFIX, VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Draws of one call at one line for one source, in one process."""

    source: str
    call: str
    place: str
    """`train.py:17 in Net.__init__`; empty where it is not known."""

    held: str
    draws: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Of all processes of a replica."""

    drawn: tuple[Drawn, ...]
    problems: tuple[str, ...]
    """What went wrong while draws were told apart: some may be missing."""


def read_draws(folder: Path) -> Draws:
    """Read the ledgers below a folder, by name of the process; one that was cut off counts each line once."""
    drawn: list[Drawn] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*" + SUFFIX)):
        lines = _lines(path)
        ended = next((line["end"] for line in lines if "end" in line), None)
        told = ended if ended is not None else [{**line["draw"], "draws": 1} for line in lines if "draw" in line]
        try:
            drawn += [_drawn(fields) for fields in told]
        except (KeyError, TypeError, ValueError) as error:
            raise TraceFormatError(f"{path}: damaged: {type(error).__name__}: {error}") from error
        problems += [str(line["problem"]) for line in lines if "problem" in line]
    return Draws(drawn=tuple(drawn), problems=tuple(problems))


def _drawn(fields: dict[str, Any]) -> Drawn:
    site = fields["site"]
    place = f"{site[0]}:{site[1]}" + (f" in {site[2]}" if site[2] != "<module>" else "") if site else ""
    return Drawn(
        source=str(fields["source"]),
        call=str(fields["call"]),
        place=place,
        held=str(fields["held"]),
        draws=int(fields["draws"]),
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a ledger; a last one that was cut off is left out."""
    texts = path.read_text(encoding="ascii").split("\n")[:-1]
    try:
        found: list[dict[str, Any]] = [json.loads(text) for text in texts]
    except ValueError as error:
        raise TraceFormatError(f"{path}: a line is damaged: {error}") from error
    if found and (found[0].get("format"), found[0].get("version")) != (FORMAT, VERSION):
        raise TraceFormatError(f"{path}: {found[0]} is not {FORMAT} version {VERSION}")
    return found
