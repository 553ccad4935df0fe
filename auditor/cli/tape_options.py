"""The options of `record`, `replay` and `exec`: as in `option_table`, one table for Typer and for `line.py`."""

from __future__ import annotations

from pathlib import Path

from auditor.cli.option_table import OptionEntry, flag

MODULE = OptionEntry(
    name="module", flags=("-m",), metavar="MODULE", help="Run a module, as python -m does.", group="What"
)  # fmt: skip
PYTHON = OptionEntry(
    name="python",
    flags=("--python",),
    metavar="PATH",
    help="Interpreter; needs none of our packages.",
    group="How",
    kind=Path,
)
NATIVE = OptionEntry(
    name="native",
    flags=("--native",),
    negation=("--no-native",),
    help="Tape native code too, where a C compiler is there.",
    group="How",
    kind=bool,
    default=True,
)
_QUIET = flag("quiet", "-q", "--quiet", help="Say nothing unless something is wrong.", group="Output")

RECORD = (
    MODULE,
    OptionEntry(
        name="tape",
        flags=("-o", "--output"),
        metavar="TAPE",
        help="Folder for the tape.",
        group="Output",
        kind=Path,
        default=Path("run.tape"),
    ),
    OptionEntry(
        name="volatile",
        flags=("--tape",),
        metavar="KINDS",
        help="Tape these wherever they are read, not only where they become seeds: time, pid, host, listing.",
        group="How",
    ),
    NATIVE,
    PYTHON,
    flag("force", "--force", help="Record over TAPE.", group="Output"),
    _QUIET,
)
REPLAY = (
    MODULE,
    OptionEntry(
        name="strict",
        flags=("--strict",),
        negation=("--lenient",),
        help="End the program at the first request that is not the recorded one, or go on and tell.",
        group="How",
        kind=bool,
        default=True,
    ),
    PYTHON,
    _QUIET,
)
EXEC = (
    MODULE,
    OptionEntry(
        name="seed",
        flags=("--seed",),
        metavar="N",
        help="Answer every request for entropy from N.",
        group="What",
        kind=int,
    ),
    flag("deterministic", "--deterministic", help="Deterministic algorithms only.", group="What"),
    OptionEntry(
        name="threads",
        flags=("--threads",),
        metavar="N",
        help="Threads of operators.",
        group="What",
        kind=int,
        minimum=1,
    ),
    PYTHON,
    flag("quiet", "-q", "--quiet", help="Don't print the lines for the launcher.", group="Output"),
)


def script_of(given: list[str]) -> dict[str, object] | None:
    """What the words without an option are to `record` and `exec`: one script at most."""
    return {"script": given[0] if given else None} if len(given) < 2 else None


def tape_and_script_of(given: list[str]) -> dict[str, object] | None:
    """What they are to `replay`: a tape, and one script at most."""
    return {"tape": Path(given[0]), **(script_of(given[1:]) or {})} if 1 <= len(given) <= 2 else None
