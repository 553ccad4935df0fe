"""How an experiment of many replicas stands, read from its folder: whoever runs them, and wherever.

What an earlier call left unfinished there doesn't count: only folders that were made anew since this one began.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from auditor.errors import ReproAuditError
from auditor.model.lean import dataclass
from auditor.runs import record as run_record
from auditor.runs.collected import read_collected
from auditor.runs.replicas import COLLECTED, REPLICA, ExperimentFolder, read_replica

_SLACK_S = 2.0
"""Clocks of shared folders are not ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One variant."""

    name: str
    done: int
    running: int
    failed: int
    hashes: int
    """Different final weights so far."""

    mean_s: float | None
    """Mean time of a replica that is done; None before the first."""

    left_out: bool = False
    """No more replicas of it are started: there is nothing to vary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All variants."""

    rows: tuple[BoardRow, ...]
    planned: int
    """Replicas of each variant."""

    def rest_s(self) -> float | None:
        """Expected time to the end, if as many replicas run at a time as now; None where nothing tells."""
        left, running = 0.0, 0
        known = [row.mean_s for row in self.rows if row.mean_s is not None]
        if not known:
            return None
        for row in self.rows:
            mean = row.mean_s if row.mean_s is not None else sum(known) / len(known)
            left += 0 if row.left_out else max(self.planned - row.done - row.failed, 0) * mean
            running += row.running
        return left / max(running, 1)


@runtime_checkable
class ShowsBoard(Protocol):
    """A `Progress` that shows a board while replicas run."""

    def board(self, read: Callable[[], Board]) -> None:
        """`read` says how the experiment stands; it may be called from any thread, a few times a second."""


class BoardReader:
    """Reads one experiment again and again; what is whole is read once."""

    def __init__(
        self, experiment: ExperimentFolder, variants: Sequence[str], planned: int, began: float | None = None
    ) -> None:
        self._experiment = experiment
        self._variants = variants
        self._planned = planned
        self._began = (time.time() if began is None else began) - _SLACK_S
        self._whole: dict[Path, tuple[float, str | None]] = {}  # folder -> seconds, digest of weights
        self._left_out: set[str] = set()

    def leave_out(self, variant: str) -> None:
        """No more replicas of a variant will come."""
        self._left_out.add(variant)

    def __call__(self) -> Board:
        return Board(rows=tuple(self._row(name) for name in self._variants), planned=self._planned)

    def _row(self, name: str) -> BoardRow:
        whole: list[tuple[float, str | None]] = []
        running = failed = 0
        for folder in self._folders(name):
            found = self._whole.get(folder) or self._read(folder)
            if found is not None:
                whole.append(found)
            elif self._is_fresh(folder):
                has_failed = self._has_failed(folder)
                failed += has_failed
                running += not has_failed
        return BoardRow(
            name=name,
            done=len(whole),
            running=running,
            failed=failed,
            hashes=len({digest for _, digest in whole if digest is not None}),
            mean_s=sum(seconds for seconds, _ in whole) / len(whole) if whole else None,
            left_out=name in self._left_out,
        )

    def _folders(self, name: str) -> list[Path]:
        return [path for number, path in self._experiment.latest(name).items() if number <= self._planned]

    def _read(self, folder: Path) -> tuple[float, str | None] | None:
        if not (folder / REPLICA).is_file():
            return None
        try:
            kept = read_replica(folder)
            collected = read_collected(folder / COLLECTED)
        except (ReproAuditError, OSError):
            return None  # told when the results are read
        found = kept.duration_s, None if collected is None else collected.digest
        self._whole[folder] = found
        return found

    def _is_fresh(self, folder: Path) -> bool:
        try:
            return folder.stat().st_mtime >= self._began
        except OSError:
            return False

    @staticmethod
    def _has_failed(folder: Path) -> bool:
        """It has ended and is not kept; one that ended well is kept a moment later."""
        try:
            return bool(run_record.read(folder).status.code)
        except ReproAuditError:
            return False
