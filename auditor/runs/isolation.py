"""A copy of a project folder for a run to work in, so that runs cannot see what another one left behind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from auditor.errors import ProjectError
from auditor.runs.snapshot import walk

RESERVE_BYTES = 1 << 30


def copy_project(project: Path, run_dir: Path, excluded: tuple[Path, ...] = ()) -> Path:
    """Copy the project into `<run>/project` and return that folder.

    Tracked and untracked files alike; not version control, virtual environments, caches, or the runs themselves. Links
    stay links; times and modes are kept, so that a file is as old in the copy as in the original.
    """
    target = run_dir / "project"
    entries = list(walk(project, (*excluded, run_dir), folders=True))
    needed = sum(entry.stat(follow_symlinks=False).st_size for entry in entries if entry.is_file(follow_symlinks=False))
    free = shutil.disk_usage(run_dir).free
    if needed + RESERVE_BYTES > free:
        raise ProjectError(
            f"{project}: a copy needs {needed / 1e9:.1f} GB and {run_dir} has {free / 1e9:.1f} GB; choose another "
            "store with --store, or run without --isolate copy"
        )
    target.mkdir()
    for entry in entries:
        place = target / os.path.relpath(entry.path, project)
        place.parent.mkdir(parents=True, exist_ok=True)
        if entry.is_symlink():
            place.symlink_to(os.readlink(entry.path))
        elif entry.is_dir():
            place.mkdir(exist_ok=True)
        elif entry.is_file():
            shutil.copy2(entry.path, place)
    return target
