"""From an `AuditReport` to text. Every module of this folder is a format, and defines `RENDERER`.

What formats share is in the packages `prose` (for people) and `schema` (for machines). A renderer computes no result
and sorts nothing that the report did not sort.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from auditor.errors import UsageError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass, field

if TYPE_CHECKING:
    from auditor.model.location import Location
    from auditor.model.report import AuditReport


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """How to write; formats for machines heed only `prefix`, `in_files` and `exit_code`."""

    color: bool = False
    """Terminal colours (SGR codes); meaning never rests on them."""

    ascii: bool = False
    verbosity: int = 0
    """-1: the answer in one line; 0: the usual; 1: also what was not looked at, entry points and environments."""

    prefix: str = ""
    """Folder of the project below the top of its repository (`packages/train/`), for services that count from there."""

    in_files: Mapping[Location, Location] = field(default_factory=dict)
    """For places in notebook cells those in the text of the file, both below `prefix`; empty where nobody looked."""

    ways: tuple[str, str] | None = None
    """The project's folder and the one in which suggested commands will be typed, absolute; None: they are the same."""

    exit_code: int | None = None
    """What the command will exit with; None where there is no command."""


Renderer = Callable[["AuditReport", RenderOptions], str]
"""Returns the whole text, ending in a newline."""


def formats() -> tuple[str, ...]:
    """Return the names of all formats, sorted; none of them is imported."""
    files = {name.removesuffix(".py") for folder in __path__ for name in os.listdir(folder) if name.endswith(".py")}
    return tuple(sorted(name for name in files if not name.startswith("_")))


def find_renderer(name: str) -> Renderer:
    """Return the renderer of a format; raises `UsageError` for a name that is none."""
    if name not in formats():
        raise UsageError(f"no report format is called `{name}`; there are: {', '.join(formats())}")
    renderer: Renderer = __import__(f"{__name__}.{name}", fromlist=["RENDERER"]).RENDERER
    return renderer


def render(report: AuditReport, format: str = "text", options: RenderOptions | None = None) -> str:  # noqa: A002
    """Return `report` in a format of `formats()`: the same report and options give the same text, byte for byte."""
    return find_renderer(format)(report, options or RenderOptions())
