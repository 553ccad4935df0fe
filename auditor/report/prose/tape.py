"""A tape for people: one entry a line."""

from __future__ import annotations

from auditor.model.tape import ProcessTape, Tape, TapeEntry
from auditor.report.prose.numbers import count
from auditor.report.prose.page import Page

_SHOWN_BYTES = 12
_SHOWN_TEXT = 60
_TEXTS = ("seed", "value", "listing")


def add_tape(page: Page, tape: Tape) -> None:
    """Add how the program was started."""
    launch = tape.launch
    page.named("command", " ".join(launch.argv) or "not known")
    page.named("recorded", f"{launch.recorded_at}, Python {launch.python}, PYTHONHASHSEED={launch.hash_seed}")
    if launch.volatile:
        page.named("also", f"everywhere: {', '.join(launch.volatile)}")
    ended = "the recording was cut off" if launch.exit_code is None else f"exit code {launch.exit_code}"
    page.named("ended", ended)


def add_process(page: Page, process: ProcessTape, limit: int) -> None:
    """Add one process: a head, then `index kind call size line bytes` for each entry."""
    page.add()
    ended = "" if process.complete else ", no end record"
    torn = f", a torn record of {process.torn_bytes} bytes at its end" if process.torn_bytes else ""
    total = len(process.entries)
    page.add(f"process {process.name}  {count(total, 'entry', 'entries')}{ended}{torn}")
    for entry in process.entries[:limit]:
        page.add(_line(entry))
    if total > limit:
        page.add(f"  {total - limit:,} more (--limit)")
    for problem in process.problems:
        page.add(f"  problem: {problem}")


def _line(entry: TapeEntry) -> str:
    site = f"{entry.site.path}:{entry.site.line}" if entry.site is not None else "-"
    return f"  {entry.stream:<6} {entry.index:>5}  {entry.kind:<8} {entry.call:<24} {_payload(entry):<36}  {site}"


def _payload(entry: TapeEntry) -> str:
    if entry.kind in _TEXTS:
        text = entry.payload.decode("utf-8", "replace")
        return text if len(text) <= _SHOWN_TEXT else text[: _SHOWN_TEXT - 1] + "…"
    shown = entry.payload[:_SHOWN_BYTES].hex()
    return f"{len(entry.payload)} B {shown}{'…' if len(entry.payload) > _SHOWN_BYTES else ''}"
