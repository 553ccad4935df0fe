"""The noise walk that the tolerances of a margin are from: named, the newest that fits, or made for the purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from auditor.errors import ProgramError, UsageError
from auditor.experiments.noiselevels import parse_levels
from auditor.model.lean import dataclass
from auditor.model.run import RunRecord
from auditor.runs.store import open_store
from auditor.services.margin_pair import program_of
from auditor.services.noise import walk_noise
from auditor.services.noise_options import WalkOptions
from auditor.services.noise_session import NoiseProgram
from auditor.services.program import command_line
from auditor.services.progress import Progress
from auditor.services.settings import Settings
from auditor.services.walks import KeptWalk, find_walk, newest_fitting

SIGMA = "log:1e-2:1e8:41"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A walk, and what to know about it."""

    walk: KeptWalk | None = None
    """None where there is none."""

    notes: tuple[str, ...] = ()
    doubt: str = ""
    """Why it may be of another program than the runs: good for a look, not for an acceptance."""


def stores_of(records: tuple[RunRecord, RunRecord], settings: Settings) -> tuple[Path, ...]:
    """Where walks and replicas of the program may lie: beside its runs, and in the store of the script's project."""
    beside = Path(records[0].folder).parent
    of_script = open_store(Path(records[0].project), settings.store).root
    return tuple(dict.fromkeys([beside.resolve(), of_script.resolve()]))


def choose_walk(
    records: tuple[RunRecord, RunRecord],
    name: str | None,
    settings: Settings,
    progress: Progress,
    program: NoiseProgram | None,
    stores: Sequence[Path],
    tell: Tell,
) -> Chosen:
    """Return the walk that is named, else the newest one of this program, else a new one of `program`."""
    ran = program_of(records)
    if name is not None:
        walk = find_walk(name, stores)
        doubt = walk.doubt(ran)
        return Chosen(walk=walk, notes=(doubt,) if doubt else (), doubt=doubt)
    found = newest_fitting(ran, stores)
    if found is not None:
        whole = "" if found.is_whole else "; it has some of the layers only"
        told = f"tolerances are from {found.name}, the newest of this program with these arguments{whole}"
        return Chosen(walk=found, notes=(told,))
    if program is None or progress.cancelled():
        advice = command_line("noise walk", ran.command)
        return Chosen(notes=(f"no noise walk of this program with these arguments is kept: {advice}",))
    tell(
        f"no noise walk of this program is kept: walking over its layers takes one more run (about "
        f"{records[0].duration_s:.0f} s) and 15 to 41 evaluations a layer"
    )
    try:
        walk_noise(program, WalkOptions(sigmas=parse_levels(SIGMA)), settings=settings, progress=progress)
    except (UsageError, ProgramError) as error:
        by_hand = command_line("noise walk", ran.command, "--evaluate module:function")
        return Chosen(notes=(f"the layers could not be walked over: {error}; by hand: {by_hand}",))
    found = newest_fitting(ran, stores)
    told = f"tolerances are from {found.name}, made after the runs" if found else "the walk has no layers"
    return Chosen(walk=found, notes=(told,))
