"""Whether kept evidence is about a project as it is today: its source, its data, its packages, its machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from auditor.model.evidence import Evidence, EvidenceKind, Surroundings
from auditor.model.lean import dataclass
from auditor.probe.environment import PACKAGES
from auditor.services.guideline.facts import listed
from auditor.services.guideline.known import Held
from auditor.static.discovery import is_test
from auditor.static.pins import distribution_name

DataDigest = Callable[[str], str]
"""Path of a data file → its digest today, empty where it cannot be had."""


@dataclass(frozen=True, kw_only=True)
class Present:
    """A project today."""

    sources: Mapping[str, str]
    data_digest: DataDigest
    surroundings: Callable[[str], Surroundings | None]
    """Asks an interpreter."""


def hold_against(kept: Iterable[Evidence], present: Present) -> tuple[Held, ...]:
    """Judge all evidence about one program; newest first.

    What the newest current comparison loaded tells for other evidence too which changed files matter: while all that
    it loaded is unchanged, the program is the same.
    """
    newest = sorted(kept, key=lambda evidence: -int(evidence.id.removeprefix("e")))
    loaded: frozenset[str] | None = None
    for evidence in newest:
        if evidence.kind is EvidenceKind.TWICE and evidence.loaded is not None and not _stale(evidence, present, None):
            loaded = frozenset(evidence.loaded)
            break
    return tuple(_held(evidence, present, loaded) for evidence in newest)


def _held(evidence: Evidence, present: Present, loaded: frozenset[str] | None) -> Held:
    if evidence.patched:
        with_patches = {**evidence.sources, **evidence.patched}
        stale = _stale(evidence, present, loaded, with_patches)
        if not stale:
            return Held(evidence=evidence, stale=(), is_applied=True)
    return Held(evidence=evidence, stale=_stale(evidence, present, loaded))


def _stale(
    evidence: Evidence, present: Present, loaded: frozenset[str] | None, sources: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Why the evidence says nothing about today, half a sentence each."""
    own = loaded if evidence.loaded is None else frozenset(evidence.loaded)
    reasons = []
    changed = _changed(evidence.sources if sources is None else sources, evidence, present.sources, own)
    if changed:
        reasons.append(f"changed since: {listed(changed)}")
    if evidence.unstable:
        reasons.append(f"changed while it ran: {listed(evidence.unstable)}")
    data = [path for path, digest in sorted(evidence.data.items()) if digest and present.data_digest(path) != digest]
    if data:
        reasons.append(f"data changed since: {listed(data)}")
    return (*reasons, *_moved(evidence, present))


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
    pairs += [(key, then.machine.get(key, "none"), now.machine.get(key, "none")) for key in ("cpu", "driver")]
    return [f"{name} was {one}, is {other}" for name, one, other in pairs if one != other]
