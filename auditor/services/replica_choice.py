"""Which replicas the spread is of that two runs' difference is held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from auditor.errors import TraceFormatError, UsageError
from auditor.experiments.variants import ALGORITHMIC, BOTH, canonical
from auditor.model.lean import dataclass
from auditor.model.run import RunRecord
from auditor.runs.replicas import ExperimentFolder, Kept, experiments_of, named_experiment
from auditor.services.program import command_line

VARIANTS = (BOTH.name, ALGORITHMIC.name)
"""Those whose seeds differ; the first that there are replicas of counts."""


@dataclass(frozen=True, kw_only=True)
class Replicas:
    """The whole replicas of one variant of an experiment."""

    experiment: ExperimentFolder
    variant: str
    kept: Sequence[Kept]

    def told(self, count: int) -> str:
        """`5 replicas of v1, algo+impl`, and where seeds were the program's own, that."""
        own = self.experiment.conditions.vary == "none" and any(each.seeds for each in self.kept)
        seeds = ", all with the seeds that the program sets" if own else ""
        return f"{count} replica{'s' if count != 1 else ''} of {self.experiment.id}, {self.variant}{seeds}"

    def other_versions(self, sources: Mapping[str, str]) -> tuple[str, ...]:
        """Files of the runs' program, by their digests, that were others when a replica was run."""
        found = set()
        for name in {each.sources for each in self.kept if each.sources}:
            then = self.experiment.sources(name) or {}
            found |= {path for path, digest in sources.items() if then.get(path, digest) != digest}
        return tuple(sorted(found))


def replicas_for(record: RunRecord, stores: Sequence[Path], name: str | None) -> Iterator[Replicas]:
    """Yield replicas of a run's command, newest first, those of `algo+impl` before those of `algo`.

    `name`: `v3` or `v3/impl`, to have those and no others. Raises `UsageError` where there are none of that name.
    """
    if name is not None:
        yield from _named(name, stores)
        return
    for store in stores:
        for experiment in experiments_of(store, record.argv[1:]):
            for variant in VARIANTS:
                try:
                    kept = experiment.replicas(variant)
                except TraceFormatError:
                    continue
                if kept:
                    yield Replicas(experiment=experiment, variant=variant, kept=kept)


def check_name(name: str | None, stores: Sequence[Path]) -> None:
    """Raise `UsageError` for a name of which there are no replicas."""
    if name is not None:
        _named(name, stores)


def advice(record: RunRecord) -> str:
    """What to do where no spread was measured."""
    return f"no spread measured: {command_line('variance', record.argv, '--vary-seeds --gradients')}"


def _named(name: str, stores: Sequence[Path]) -> list[Replicas]:
    number, _, variant = name.partition("/")
    try:
        found = [each for store in stores if (each := named_experiment(store, number)) is not None]
        chosen = [canonical(variant)] if variant else VARIANTS
        known = [
            Replicas(experiment=each, variant=one, kept=kept)
            for each in found
            for one in chosen
            if (kept := each.replicas(one))
        ]
    except TraceFormatError as error:
        raise UsageError(f"--replicas {name}: {error}") from error
    if not found:
        there = ", ".join(path.name for store in stores for path in sorted(store.glob("v[1-9]*")))
        made = "there is none; make one with: repro-audit variance SCRIPT --vary-seeds --gradients"
        raise UsageError(f"--replicas {name}: no experiment {number}; {f'there are {there}' if there else made}")
    if not known:
        raise UsageError(f"--replicas {name}: {number} has no whole replica of {' or '.join(chosen)}")
    return known
