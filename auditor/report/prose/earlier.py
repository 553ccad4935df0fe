"""What a baseline or a revision had already, in words."""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.known import Earlier, EarlierKind, KnownFinding
from auditor.report.prose.numbers import count
from auditor.report.prose.place import typed

if TYPE_CHECKING:
    from auditor.report import RenderOptions
    from auditor.report.prose.page import Page

FEW = 3


def add_earlier(page: Page, earlier: Earlier, options: RenderOptions) -> None:
    """Add how many findings are left out, and which entries are gone: up to three, all of them where verbose."""
    page.sentence(known(earlier))
    if not earlier.gone:
        return
    page.sentence(_gone(earlier, options.ways))
    shown = earlier.gone if options.verbosity > 0 else earlier.gone[:FEW]
    for entry in shown:
        page.add(f"  {gone_entry(entry)}")
    if len(shown) < len(earlier.gone):
        page.add(f"  … and {len(earlier.gone) - len(shown):,} more (-v lists them)")


def known(earlier: Earlier) -> str:
    """How many findings are not told, in a sentence."""
    if earlier.kind is EarlierKind.BASELINE:
        return f"Accepted in {earlier.name}, not told: {earlier.known:,}."
    return f"There already at {earlier.name}, not told: {earlier.known:,}."


def _gone(earlier: Earlier, ways: tuple[str, str] | None) -> str:
    """How many entries are no more, in a sentence."""
    number = len(earlier.gone)
    if earlier.kind is EarlierKind.BASELINE:
        entries = "1 entry matches" if number == 1 else f"{number:,} entries match"
        return f"{entries} nothing any more; `scan --write-baseline {typed(earlier.name, ways)}` drops what is gone:"
    return f"Gone since {earlier.name}: {count(number, 'finding')}"


def gone_entry(entry: KnownFinding) -> str:
    """One entry in one line."""
    programs = f" ({', '.join(entry.programs)})" if entry.programs and entry.programs != (entry.path,) else ""
    return f"{entry.path} {entry.rule_id}{programs}: {entry.source}"
