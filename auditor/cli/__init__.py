"""The command line. This module knows the commands by name; each is imported when it is used."""

from __future__ import annotations

import sys
from collections.abc import Sequence

COMMANDS = {
    "scan": "Find hazards in source; nothing is executed.",
    "fix": "Show patches for what a scan finds; --apply writes them.",
    "run": "Run a program under the probe; with --twice, name the first tensor that differs.",
    "compare": "Give the same verdict for two runs that exist.",
    "overhead": "Measure what deterministic mode costs.",
    "tui": "Go through findings, divergence and cost on the screen.",
    "rules": "List the rules.",
    "explain": "Explain one rule: what, why, examples, fix.",
    "runs": "List, show and prune stored runs.",
    "trace": "Print what the probe saw of a run.",
    "doctor": "Say what works on this machine.",
    "demo": "See a planted fault found, in a temporary folder.",
}
"""Name → one line of help, in the order of `--help`; the command is in the module of the same name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code. Raises nothing that a user can cause."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["-V"]):
        from auditor.cli.version import version_line

        print(version_line())
        return 0
    from auditor.cli.application import run_command

    return run_command(words)
