"""What may lie in a spread beside the noise that was meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from auditor.experiments.variants import Variant
from auditor.probe.gradients.keeping import FOLDER
from auditor.runs.replicas import ExperimentFolder, Kept
from auditor.services.replica_results import Result

_SHOWN = 3


def left_behind(replicas: Sequence[Kept]) -> list[str]:
    """Files that every replica leaves in the project, where the next one may read them."""
    common = set.intersection(*(set(each.written) for each in replicas)) if replicas else set()
    paths = sorted(path for path in common if not any(part.startswith((".", "__")) for part in Path(path).parts))
    if not paths:
        return []
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    told = f"Every run writes {', '.join(paths[:3])}{more} in the project"
    return [f"{told}; a later one may start from what an earlier one left. --isolate copy rules that out."]


def machines(replicas: Sequence[Kept]) -> list[str]:
    """Machines of several kinds round differently, which no variant takes into account."""
    counted = Counter(each.machine for each in replicas if each.machine)
    if len(counted) < 2:
        return []
    told = "; ".join(f"{name} ({count})" for name, count in sorted(counted.items()))
    ran = f"Replicas ran on machines of different kinds: {told}"
    return [f"{ran}. What differs between these is in the implementation noise, and control need not be one result."]


def versions(results: Sequence[Result]) -> list[str]:
    """Replicas of one experiment may be years apart: under another torch the program computes something else."""
    found: dict[str, Counter[str]] = {}
    for result in results:
        for name, version in result.collected.versions.items() if result.collected is not None else ():
            found.setdefault(name, Counter())[version] += 1
    return [
        f"Replicas ran under {name} {' and '.join(f'{version} ({count})' for version, count in sorted(each.items()))}; "
        "what differs between these is in the spread. Without --resume a new experiment begins."
        for name, each in sorted(found.items())
        if len(each) > 1
    ]


def switched_back(results: Mapping[Variant, Sequence[Result]], threads: int) -> Iterator[str]:
    """What the program sets itself, after we did, in the variants that are to have no implementation noise."""
    told: dict[str, list[str]] = {}
    for variant, found in results.items():
        if variant.implementation:
            continue
        for text in dict.fromkeys(text for result in found for text in _own_switches(result, threads)):
            told.setdefault(text, []).append(variant.name)
    for text, names in told.items():
        yield f"{', '.join(names)}: {text}"


def _own_switches(result: Result, threads: int) -> Iterator[str]:
    state = result.collected
    if state is None:
        return
    own = [
        *(["deterministic mode is off or only warns"] if state.deterministic is False else []),
        *(["cuDNN's benchmark is on"] if state.benchmark else []),
    ]
    if own:
        yield f"the program sets this itself: {' and '.join(own)} when it ends; implementation noise may be there."
    if state.threads is not None and state.threads != threads:
        yield f"the program sets its threads itself: {state.threads} in place of {threads}."


def without_gradients(replicas: Sequence[Kept]) -> list[str]:
    """Replicas that kept none although that was asked for."""
    lacking = sum(not any((each.folder / FOLDER).glob("*.jsonl")) for each in replicas)
    if not lacking:
        return []
    if lacking == len(replicas):
        return ["No gradients were kept: no optimizer of torch took a step, or the replicas ran without --gradients."]
    told = f"{lacking} of {len(replicas)} replicas have no gradients: they ran without --gradients."
    return [f"{told} Without --resume a new experiment begins."]


def changed_sources(
    experiment: ExperimentFolder, replicas: Sequence[Kept], now: Mapping[str, str], files: frozenset[str]
) -> tuple[tuple[str, ...], list[str]]:
    """Files of the project that are others now than when a replica was run, and a sentence for the report.

    `now`: digests of its sources and configuration. Left out are `files`, and whatever else the program writes that is
    no Python.
    """
    written = {path for each in replicas for path in each.written} | files
    changed: set[str] = set()
    earlier = 0
    for name, count in Counter(each.sources for each in replicas if each.sources).items():
        then = experiment.sources(name) or {}
        differing = {path for path in then.keys() | now.keys() if then.get(path) != now.get(path)}
        differing = {path for path in differing if path.endswith(".py") or path not in written}
        changed |= differing
        earlier += count if differing else 0
    if not changed:
        return (), []
    words = experiment.conditions.command
    paths = sorted(changed, key=lambda path: (not any(word.endswith(path) for word in words), path))
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    mixed = earlier < len(replicas)
    which = f"{earlier} of {len(replicas)} replicas" if mixed else "The replicas"
    hence = "two programs are held against each other here" if mixed else "this is not about the program of today"
    told = f"{which} were run before {', '.join(paths[:_SHOWN])}{more} changed: if the program uses that, {hence}."
    return tuple(paths), [f"{told} Without --resume a new experiment begins."]
