"""Which program of a project a command runs, and which findings are about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

from auditor.model.lean import replace
from auditor.model.report import AuditReport


def script_of(command: Sequence[str], cwd: Path) -> Path | None:
    """The Python file that a command runs as a program; None where the command does not tell.

    That is the first argument that is a Python file, or the module after `-m` where it lies below `cwd`.
    """
    for part, following in zip(command, [*command[1:], ""], strict=True):
        if part.endswith(".py") and (cwd / part).is_file():
            return cwd / part
        if part == "-m":
            module = cwd.joinpath(*following.split("."))
            for path in (module.with_suffix(".py"), module / "__main__.py"):
                if following and path.is_file():
                    return path
    return None


def command_line(subcommand: str, command: Sequence[str], options: str = "") -> str:
    """Return how a command of ours is typed for a program: `repro-audit noise walk train.py -- --epochs 2`."""
    import shlex

    words = list(command)
    if len(words) > 1 and PurePath(words[0]).name.startswith("python") and (words[1] == "-m" or words[1][0] != "-"):
        own = words[1:3] if words[1] == "-m" else words[1:2]
        rest = words[1 + len(own) :]
    else:
        own, rest = [], words
    typed = ["repro-audit", *subcommand.split(), *map(shlex.quote, own), *([options] if options else [])]
    return " ".join([*typed, *(["--", *map(shlex.quote, rest)] if rest else [])])


def about_program(report: AuditReport, script: Path | None, project: Path, *, unplaced: bool = False) -> AuditReport:
    """Leave out findings that the program cannot reach, where the scan knows the program.

    Other programs of the project have faults of their own; they explain nothing about this one's runs. With `unplaced`,
    findings stay of which no program is known, such as those in configurations.
    """
    if script is None or report.scan is None or not script.resolve().is_relative_to(project.resolve()):
        return report
    program = script.resolve().relative_to(project.resolve()).as_posix()
    if program not in report.scan.entry_points:
        return report
    findings = tuple(
        finding
        for finding in report.findings
        if program in finding.entry_points
        or finding.location.path == program
        or (unplaced and not finding.entry_points)
    )
    used = {finding.rule_id for finding in findings}
    return replace(report, findings=findings, rules=tuple(rule for rule in report.rules if rule.id in used))
