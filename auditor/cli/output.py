"""Where a command's report goes and how it looks, as the output options say."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from auditor.cli.console import Console, needs_ascii, use_color
from auditor.cli.option_table import OUTPUT
from auditor.errors import UsageError
from auditor.model.annotations import Any
from auditor.model.lean import dataclass
from auditor.report import RenderOptions, formats


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where the report goes and how it looks."""

    format: str
    path: Path | None
    force: bool
    verbosity: int
    color: str
    ascii: bool
    progress: bool
    exit_zero: bool

    def console(self) -> Console:
        return Console(verbosity=self.verbosity)

    def check(self) -> None:
        """Raise `UsageError` for what would fail only after the work was done."""
        if self.format not in formats():
            raise UsageError(f"--format: there is no `{self.format}`; there are: {', '.join(formats())}")
        use_color(self.color, sys.stdout)
        if self.path is None:
            return
        if os.path.isdir(self.path):
            raise UsageError(f"-o {self.path}: is a folder; name a file")
        if os.path.exists(self.path) and not self.force:
            raise UsageError(f"-o {self.path}: exists already; --force overwrites it")
        if not os.path.isdir(self.path.absolute().parent):
            raise UsageError(f"-o {self.path}: the folder does not exist; make it first")

    def render_options(self, exit_code: int, prefix: str = "", ways: tuple[str, str] | None = None) -> RenderOptions:
        """How a report is written to where it goes; files get no colour."""
        on_screen = self.path is None
        return RenderOptions(
            color=on_screen and use_color(self.color, sys.stdout),
            ascii=self.ascii or (on_screen and needs_ascii(sys.stdout)),
            verbosity=self.verbosity,
            prefix=prefix,
            ways=ways,
            exit_code=exit_code,
        )


def take_output(values: Mapping[str, Any]) -> tuple[dict[str, Any], Output]:
    """Tell a command's own values from those of the output options, and check these.

    Raises `UsageError` for what excludes each other and for what cannot be written.
    """
    given = {entry.name: values[entry.name] for entry in OUTPUT}
    own = {name: value for name, value in values.items() if name not in given}
    quiet, verbose, no_progress = (given.pop(name) for name in ("quiet", "verbose", "no_progress"))
    if quiet and verbose:
        raise UsageError("-q and -v exclude each other")
    output = Output(**given, verbosity=int(verbose) - int(quiet), progress=not (quiet or no_progress))
    output.check()
    return own, output
