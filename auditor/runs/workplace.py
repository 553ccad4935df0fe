"""Where one run of a program works: its project as it is, or a copy of it in the run's folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.lean import dataclass, field
from auditor.runs.isolation import copy_project
from auditor.runs.relocation import Relocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """A program and the folders that it is started in."""

    command: tuple[str, ...]
    cwd: Path
    project: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    """What has to be set beside the environment, so that imports find the copy."""

    @classmethod
    def of(cls, command: Sequence[str], cwd: Path, project: Path) -> Workplace:
        """The project as it is."""
        return cls(command=tuple(command), cwd=cwd, project=project)

    def copied_to(self, folder: Path, excluded: Path, python: Path | None) -> Workplace:
        """Copy the project to `folder / "project"`, without the runs in `excluded`, and return the copy.

        Paths into the project in the command and in `PYTHONPATH`, and packages that are installed in place, lead into
        the copy. Raises `UsageError` where the program is started outside its project, `ProjectError` where there is
        no room.
        """
        if not self.cwd.is_relative_to(self.project):
            raise UsageError(f"copies of {self.project} are run; start from a folder inside it, not from {self.cwd}")
        copy = copy_project(self.project, folder, (excluded,)).resolve()
        move = Relocation(project=self.project, copy=copy)
        return Workplace(
            command=tuple(move.command(self.command, self.cwd)),
            cwd=copy / self.cwd.relative_to(self.project),
            project=copy,
            variables=move.variables(python, self.cwd),
        )
