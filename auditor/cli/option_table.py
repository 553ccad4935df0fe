"""The options of `scan`, and those that say where a report goes: one table, from which both readers of them work.

Typer makes help, completion and complaints from it (`options.py`), `line.py` reads a line without Typer. The options of
`record`, `replay` and `exec` are in `tape_options.py`.
"""

from __future__ import annotations

from pathlib import Path

from auditor.model.lean import dataclass
from auditor.report import formats

PATHS = "paths"
"""Name of what is given without an option: files and folders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionEntry:
    """One option of a command."""

    name: str
    """What the command's function calls its value."""

    flags: tuple[str, ...]
    """`-o`, `--output`."""

    help: str
    group: str
    """One of `help.GROUPS`."""

    metavar: str | None = None
    """What help calls the value; None where there is none: True if the option is given."""

    kind: type = str
    """Of the value, if it has one: `str`, `int` or `Path`."""

    default: object = None

    negation: tuple[str, ...] = ()
    """`--no-native`: False if it is given."""

    minimum: int | None = None
    """The least number that is one."""

    @property
    def is_flag(self) -> bool:
        return self.metavar is None


def flag(name: str, *flags: str, help: str, group: str) -> OptionEntry:  # noqa: A002
    """Return an option without a value."""
    return OptionEntry(name=name, flags=flags, help=help, group=group, kind=bool, default=False)


SELECT = OptionEntry(
    name="select", flags=("--select",), metavar="RULES", help="Use these rules only: RA1,RA301 or names.", group="What"
)
IGNORE = OptionEntry(
    name="ignore", flags=("--ignore",), metavar="RULES", help="Leave these rules out.", group="What"
)  # fmt: skip

SCAN = (
    SELECT,
    IGNORE,
    OptionEntry(
        name="exclude",
        flags=("--exclude",),
        metavar="PATTERNS",
        help="Leave out paths, as in .gitignore.",
        group="What",
    ),
    OptionEntry(
        name="severity",
        flags=("--severity", "--min-severity"),
        metavar="LEVEL",
        help="From error, warning or note on.",
        group="What",
    ),
    OptionEntry(
        name="confidence",
        flags=("--confidence", "--min-confidence"),
        metavar="LEVEL",
        help="From high, medium or low on.",
        group="What",
    ),
    OptionEntry(
        name="baseline",
        flags=("--baseline",),
        metavar="FILE",
        help="Tell only what is not accepted there.",
        group="What",
        kind=Path,
    ),
    OptionEntry(
        name="diff_base",
        flags=("--diff-base",),
        metavar="REV",
        help="Tell only what is new since a git revision.",
        group="What",
    ),
    OptionEntry(
        name="write_baseline",
        flags=("--write-baseline",),
        metavar="FILE",
        help="Accept what is found: write it there.",
        group="How",
        kind=Path,
    ),
    flag("no_baseline", "--no-baseline", help="Heed no baseline, whatever the settings say.", group="How"),
    flag("patches", "--patches", help="Give each finding its patch; --format sarif always does.", group="How"),
    flag("watch", "--watch", help="Scan again after each save; ctrl-c ends.", group="How"),
    OptionEntry(
        name="jobs",
        flags=("--jobs",),
        metavar="N",
        help="Processes that share the work; default: as many as there are cores, for large projects.",
        group="Advanced",
        kind=int,
    ),
    flag("no_cache", "--no-cache", help="Do not use or keep the result of a scan.", group="Advanced"),
    flag("show_settings", "--show-settings", help="Say where each setting comes from.", group="Advanced"),
)

OUTPUT = (
    OptionEntry(
        name="format",
        flags=("--format",),
        metavar="FORMAT",
        help=f"Report format: {', '.join(formats())}.",
        group="Output",
        default="text",
    ),
    OptionEntry(
        name="path",
        flags=("-o", "--output"),
        metavar="FILE",
        help="Write the report there, not to stdout.",
        group="Output",
        kind=Path,
    ),
    flag("force", "--force", help="Overwrite FILE.", group="Output"),
    flag("quiet", "-q", "--quiet", help="The answer in one line, no progress.", group="Output"),
    flag("verbose", "-v", "--verbose", help="Also what was not looked at, programs, environments.", group="Output"),
    flag("exit_zero", "--exit-zero", help="Exit with 0 whatever was found; errors still show.", group="Output"),
    OptionEntry(
        name="color",
        flags=("--color",),
        metavar="WHEN",
        help="auto, always or never; NO_COLOR counts.",
        group="Output",
        default="auto",
    ),
    flag("ascii", "--ascii", help="No character outside ASCII.", group="Output"),
    flag("no_progress", "--no-progress", help="No progress on stderr.", group="Output"),
)


def paths_of(given: list[str]) -> dict[str, object] | None:
    """What the words without an option are to `scan`; None for an empty one, which names nothing."""
    return None if "" in given else {PATHS: [Path(each) for each in given] or None}


def words(text: str | None) -> tuple[str, ...] | None:
    """Split `RA1, RA301` at commas; None stays None: not given."""
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())
