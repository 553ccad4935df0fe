"""The command line. This module knows the commands by name; each is imported when it is used."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

COMMANDS = {
    "scan": "Find hazards in source; nothing is executed.",
    "fix": "Show patches for what a scan finds; --apply writes them.",
    "run": "Run a program under the probe; with --twice, name the first tensor that differs.",
    "compare": "Give the same verdict for two runs that exist.",
    "margin": "Hold the difference of two runs against the noise that each layer tolerates.",
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

COMPLETION = "_REPRO_AUDIT_COMPLETE"
"""The variable by which a shell asks what could be typed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code. Raises nothing that a user can cause.

    Without `arguments` it is the program itself, and a scan ends the process where it is done.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["-V"]):
        from auditor.cli.version import version_line

        print(version_line())
        return 0
    code = _scan_at_once(words) if words[:1] == ["scan"] else None
    if code is not None:
        return code if arguments is not None else _leave(code)
    from auditor.cli.application import run_command

    return run_command(words)


def _scan_at_once(words: Sequence[str]) -> int | None:
    """Scan without loading Typer; None where the line is for it: help, completion, mistakes."""
    if COMPLETION in os.environ:
        return None
    from auditor.cli.scan_line import read_scan_line

    # Nothing that is loaded here is ever garbage; looking for some takes a tenth of the time.
    enabled = gc.isenabled()
    gc.disable()
    try:
        values = read_scan_line(words[1:])
        if values is None:
            return None
        from auditor.cli.failures import guarded
        from auditor.cli.scan_work import run_scan

        return guarded(lambda: run_scan(values), words)
    finally:
        if enabled:
            gc.enable()


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
