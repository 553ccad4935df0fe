"""The command line. This module knows the commands by name; each is imported when it is used."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence

from auditor.model.annotations import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.services.kept_report import Keeping

COMMANDS = {
    "scan": "Find hazards in source; nothing is executed.",
    "fix": "Show patches for what a scan finds; --apply writes them.",
    "run": "Run a program under the probe; with --twice, name the first tensor that differs.",
    "compare": "Give the same verdict for two runs that exist.",
    "margin": "Hold the difference of two runs against the noise that each layer tolerates.",
    "profile": "Which executed operators are non-deterministic under the conditions that hold.",
    "record": "Run a program and tape all that is random in it.",
    "replay": "Run a program and give it from a tape what it was given before.",
    "exec": "Run a program once with seed, determinism and threads set from outside.",
    "tape": "Look into tapes; compare, import and export them.",
    "overhead": "Measure what deterministic mode costs.",
    "variance": "Run a training many times; say how much of its spread comes from where.",
    "noise": "How much noise each layer of the trained model tolerates.",
    "metrics": "Results of trainings that were run elsewhere.",
    "report": "Walk through the guideline for reproducible training, with the evidence that is kept.",
    "tui": "Go through findings, divergence and cost on the screen.",
    "rules": "List the rules.",
    "explain": "Explain one rule: what, why, examples, fix.",
    "runs": "List, show and prune stored runs.",
    "trace": "Print what the probe saw of a run.",
    "doctor": "Say what works on this machine.",
    "demo": "See a planted fault found, in a temporary folder.",
}
"""Name → one line of help, in the order of `--help`; the command is in the module of the same name."""

AT_ONCE = ("scan", "record", "replay", "exec")
"""Commands that read their lines without Typer."""

HELP = frozenset({"-h", "--help"})
COMPLETION = "_REPRO_AUDIT_COMPLETE"
"""The variable by which a shell asks what could be typed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code. Raises nothing that a user can cause.

    Without `arguments` it is the program itself, and a command of `AT_ONCE` ends the process where it is done.
    """
    try:
        return _run(arguments)
    except KeyboardInterrupt:  # before the command has begun, which tells it itself
        print("repro-audit: interrupted", file=sys.stderr)
        return 130
    except OSError as error:  # what is printed before a command has begun meets a full disk
        from auditor.cli.failures import guarded

        return guarded(_raising(error), sys.argv[1:] if arguments is None else arguments)


def _raising(error: OSError) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


def _run(arguments: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    if sys.stdout is None or sys.stderr is None:
        _replace_closed_streams()
    if words in (["--version"], ["-V"]):
        from auditor.cli.version import version_line

        print(version_line())
        return 0
    code = _run_at_once(words) if words[:1] and words[0] in AT_ONCE and COMPLETION not in os.environ else None
    if code is not None:
        return code if arguments is not None else _leave(code)
    from auditor.cli.application import run_command

    return run_command(words)


def _run_at_once(words: list[str]) -> int | None:
    """Run a command without loading Typer; None where the line is for it: help, mistakes."""
    # Nothing that is loaded here is ever garbage; looking for some takes a tenth of the time.
    enabled = gc.isenabled()
    gc.disable()
    try:
        if words[0] != "scan":
            work = _with_tape(words)
        elif HELP.isdisjoint(words):
            from auditor.cli.printed import print_again
            from auditor.services.kept_report import Keeping

            keeping = Keeping()
            code = print_again(words, keeping)
            if code is not None:
                return code
            work = _scan(words, keeping)
        else:
            work = None
        if work is None:
            return None
        from auditor.cli.failures import guarded

        return guarded(work, words)
    finally:
        if enabled:
            gc.enable()


def _scan(words: list[str], keeping: Keeping) -> Callable[[], int] | None:
    from auditor.cli.line import read_line
    from auditor.cli.option_table import OUTPUT, SCAN, paths_of

    values = read_line(words[1:], (*SCAN, *OUTPUT), paths_of)
    if values is None:
        return None
    from auditor.cli.scan_work import run_scan

    return lambda: run_scan(values, words, keeping)


def _with_tape(words: list[str]) -> Callable[[], int] | None:
    from auditor.cli import tape_options
    from auditor.cli.line import read_line
    from auditor.cli.program import split_program

    ours, program = split_program(words)
    if words[0] == "record":
        values = read_line(ours[1:], tape_options.RECORD, tape_options.script_of)
        from auditor.cli.record_work import run_record as work
    elif words[0] == "replay":
        values = read_line(ours[1:], tape_options.REPLAY, tape_options.tape_and_script_of)
        from auditor.cli.replay_work import run_replay as work
    else:
        values = read_line(ours[1:], tape_options.EXEC, tape_options.script_of)
        from auditor.cli.exec_work import run_exec as work
    return None if values is None else lambda: work(values, program)


def _replace_closed_streams() -> None:
    """Started with a closed stdout or stderr (`>&-`, some schedulers) we write into nothing, not into an error."""
    with open(os.devnull, "w", encoding="utf-8") as nothing:
        sys.stdout = sys.stdout or os.fdopen(os.dup(nothing.fileno()), "w")
        sys.stderr = sys.stderr or os.fdopen(os.dup(nothing.fileno()), "w")


def _leave(code: int) -> int:
    """End the process without taking it apart, which takes 5 ms; not where a debugger or coverage watches it."""
    if sys.gettrace() is not None or sys.getprofile() is not None or sys.flags.interactive or "coverage" in sys.modules:
        return code
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):  # closed, or a pipe that nobody reads: the interpreter knows best
        return code
    os._exit(code)
