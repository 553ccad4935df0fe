"""Try patches: put them into a copy of the project and run the program there two times."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from auditor.dynamic.judge import without_comparison
from auditor.model.lean import dataclass
from auditor.model.verdict import Verdict
from auditor.runs.launch import log_tail
from auditor.services.laboratory import FAILED, Laboratory, Plan, StoppedError
from auditor.services.progress import Progress, Silent
from auditor.services.settings import Settings
from auditor.services.twice import TwiceOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What two runs of the program with these patches, and no others, came to."""

    patches: tuple[str, ...]
    """Ids, sorted."""

    verdict: Verdict | None
    """None where the program failed."""

    failure: str = ""
    """The last line of a program that failed with the patches."""


def try_patches(
    plan: Plan,
    ids: Collection[str],
    command: Sequence[str],
    *,
    cwd: Path,
    settings: Settings,
    steps: int | None = None,
    progress: Progress | None = None,
) -> Trial:
    """Run `command` two times with these patches of a plan, in a copy; the project itself is only read.

    `steps` ends each run after so many optimizer steps. Two equal runs are weaker than a proof (`verify`), which
    repeats them as often as the divergence was rare. Raises `ConflictError` for patches that exclude each other,
    `UsageError` where `cwd` is not inside the project, `ProjectError` where the project cannot be copied or changed
    meanwhile. A trial that was stopped is inconclusive.
    """
    version = frozenset(ids)
    lab = Laboratory(
        plan=plan,
        command=tuple(command),
        cwd=cwd,
        settings=settings,
        options=TwiceOptions(steps=steps, quiet_program=True),
        progress=progress or Silent(),
    )
    lab.expected = 2
    try:
        for _ in range(2):
            record = lab.run(version, "patched")
            if record.status.ending in FAILED:
                last = " ".join(log_tail(record, 1)).strip()
                return Trial(patches=tuple(sorted(version)), verdict=None, failure=last or "it printed nothing")
        reference, candidate = lab.runs(version)
        verdict = lab.pair(reference, candidate).judge((), steps)
        return Trial(patches=tuple(sorted(version)), verdict=lab.original(version).tell(verdict))
    except StoppedError:
        reasons = ("it was stopped before both runs had ended",)
        return Trial(patches=tuple(sorted(version)), verdict=without_comparison(reasons))
    finally:
        lab.close(())
