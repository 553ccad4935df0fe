"""Directories that both runs listed: the same names in another order, or other names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.dynamic.evidence import Case
from auditor.model.lean import dataclass
from auditor.model.location import Location

if TYPE_CHECKING:
    from auditor.runs.namesfile import Listing
    from auditor.runs.tracefile import ProcessTrace


@dataclass(frozen=True, kw_only=True)
class ListedTwice:
    """One directory as the candidate listed it; the reference's listing was another one."""

    path: str
    count: int
    site: Location | None
    same_names: bool
    """The names are the same, their order is not."""


def changed_listings(case: Case) -> list[ListedTwice]:
    """Directories whose listing before the divergence differs between the runs, oldest first."""
    if case.reference.trace is None or case.candidate.trace is None:
        return []
    earlier = _listings(case.reference.trace, case.reference.row)
    found = []
    for key, (names, order, listed) in _listings(case.candidate.trace, case.candidate.row).items():
        known = earlier.get(key)
        if known is not None and known[1] != order:
            path, count, site = listed
            found.append(ListedTwice(path=path, count=count, site=site, same_names=known[0] == names))
    return found


def reordered_listings(case: Case) -> list[ListedTwice]:
    """Those that differ in order only."""
    return [listing for listing in changed_listings(case) if listing.same_names]


_Listed = tuple[str, int, Location | None]


def _listings(trace: ProcessTrace, row: int) -> dict[tuple[str, int], tuple[int, int, _Listed]]:
    """(place, how often before) → digests of the names and of their order."""
    found: dict[tuple[str, int], tuple[int, int, _Listed]] = {}
    times: dict[str, int] = {}
    for listing in trace.listings:
        if listing.event >= min(row, len(trace.events)):
            continue
        event = trace.events[listing.event]
        place = _place(listing)
        number = times.get(place, 0)
        times[place] = number + 1
        about = (listing.path, listing.count, listing.site)
        found[(place, number)] = (int(event["arguments"]), int(event["outputs"]), about)
    return found


def _place(listing: Listing) -> str:
    """What makes a listing the same one in another run: a scratch folder outside the project has a new name."""
    if listing.path.startswith("/") and listing.site is not None:
        return f"{listing.site.path}:{listing.site.line}"
    return listing.path
