"""Whether kept evidence is about a project as it is today: its source, its data, its packages, its machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from auditor.model.evidence import Evidence, EvidenceKind, Surroundings
from auditor.model.lean import dataclass
from auditor.probe.environment import PACKAGES
from auditor.services.guideline.facts import listed
from auditor.services.guideline.known import Held
from auditor.services.sourcedigest import written_in
from auditor.static.files.discovery import is_test
from auditor.static.files.pins import distribution_name

_MACHINE = ("cpu", "driver", "gpus")


@dataclass(frozen=True, kw_only=True)
class Present:
    """A project today; times are seconds since the epoch."""

    now: float
    sources: Mapping[str, str]
    data_digest: Callable[[str], str]
    """Path of a data file → its digest today, empty where it cannot be had."""

    data_changed_at: Callable[[str], float]
    """Path of a data file → when it last changed, infinite where it is gone."""

    listing_digest: Callable[[str, frozenset[str]], str]
    """Folder, names to leave out → digest of the names in it today."""

    surroundings: Callable[[str], Surroundings | None]
    """Asks an interpreter."""


def hold_against(kept: Iterable[Evidence], present: Present) -> tuple[Held, ...]:
    """Judge all evidence about one program; newest first.

    What the newest current comparison of the same command loaded and read tells for other evidence too which changed
    files matter: while all that it loaded is unchanged, the program is the same.
    """
    newest = sorted(kept, key=lambda evidence: -int(evidence.id.removeprefix("e")))
    traced: dict[tuple[str, ...], Evidence] = {}
    for evidence in newest:
        if evidence.kind is EvidenceKind.TWICE and evidence.loaded is not None and not _stale(evidence, present, None):
            traced.setdefault((evidence.cwd, *evidence.command), evidence)
    return tuple(_held(each, present, traced.get((each.cwd, *each.command))) for each in newest)


def _held(evidence: Evidence, present: Present, traced: Evidence | None) -> Held:
    if evidence.patched:
        with_patches = {**evidence.sources, **evidence.patched}
        stale = _stale(evidence, present, traced, with_patches)
        if not stale:
            return Held(evidence=evidence, stale=(), is_applied=True)
    return Held(evidence=evidence, stale=_stale(evidence, present, traced))


def _stale(
    evidence: Evidence, present: Present, traced: Evidence | None, sources: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Why the evidence says nothing about today, half a sentence each."""
    teller = traced if evidence.loaded is None else evidence
    own = None if teller is None or teller.loaded is None else frozenset(teller.loaded)
    reasons = []
    if _moment(evidence) > present.now:
        reasons.append("kept at a time that is still to come: a clock is or was wrong")
    changed = _changed(evidence.sources if sources is None else sources, evidence, present.sources, own)
    if changed:
        reasons.append(f"changed since: {listed(changed)}")
    if evidence.unstable:
        reasons.append(f"changed while it ran: {listed(evidence.unstable)}")
    data = _changed_data(evidence, teller or evidence, present)
    if data:
        reasons.append(f"data changed since: {listed(data)}")
    return (*reasons, *_moved(evidence, present))


def _changed_data(evidence: Evidence, teller: Evidence, present: Present) -> list[str]:
    """Data files that are others, and folders with other names in them, of those that `teller` read and listed.

    Where there is no digest, such as of a file that is too large for one, untouched since is the least.
    """

    def is_touched(path: str) -> bool:
        return _moment(evidence) <= present.data_changed_at(path) < math.inf

    found = []
    for path in sorted({*teller.data, *evidence.data}):
        then = evidence.data.get(path, "")
        if present.data_digest(path) != then if then else is_touched(path):
            found.append(path)
    for folder in sorted({*teller.listings, *evidence.listings}):
        then = evidence.listings.get(folder, "")
        now = present.listing_digest(folder, written_in(folder, evidence.written)) if then else ""
        if now != then if then else is_touched(folder):
            found.append(f"{folder}/ (names in it)")
    return found


def _moment(evidence: Evidence) -> float:
    return datetime.fromisoformat(evidence.kept_at).timestamp()


def _changed(
    then: Mapping[str, str], evidence: Evidence, now: Mapping[str, str], loaded: frozenset[str] | None
) -> list[str]:
    """Files that are others, gone or new, as far as they can matter.

    Where it is known what the program loads, only that matters of what was there; of what is new, modules that are no
    tests, since any of them may be imported in the place of another.
    """
    found = []
    for path in sorted(then.keys() | now.keys()):
        if then.get(path) == now.get(path) or path in evidence.written:
            continue
        if loaded is None or path in loaded:
            found.append(path)
        elif path not in then and path.endswith(".py") and not is_test(path):
            found.append(f"{path} (new)")
    return found


def _moved(evidence: Evidence, present: Present) -> list[str]:
    """What is another interpreter, package, processor or driver."""
    then = evidence.surroundings
    if then is None:
        return ["its interpreter could not be asked for versions"]
    now = present.surroundings(evidence.interpreter)
    if now is None:
        return ["its interpreter does not answer any more"]
    used = evidence.environment.packages if evidence.environment is not None else PACKAGES
    names = sorted({distribution_name(name) for name in used} & (then.packages.keys() | now.packages.keys()))
    pairs = [("Python", then.python, now.python)]
    pairs += [(name, then.packages.get(name, "none"), now.packages.get(name, "none")) for name in names]
    pairs += [(key, then.machine.get(key, "none"), now.machine.get(key, "none")) for key in _MACHINE]
    return [f"{name} was {one}, is {other}" for name, one, other in pairs if one != other]
