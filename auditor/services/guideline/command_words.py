"""The commands that give evidence about a program, as a person types them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from auditor.model.evidence import EvidenceKind

UNKNOWN = "SCRIPT"
"""Stands for a program that nobody has named."""


def command_words(command: Sequence[str], cwd: Path, project: Path) -> dict[EvidenceKind, str]:
    """Return the command for each kind of evidence, to be typed at the top of the project."""
    subject, arguments = _program(command)
    inside = os.path.relpath(cwd, project)
    go = "" if inside == "." else f"cd {shlex.quote(inside)} && "
    rest = f" -- {shlex.join(arguments)}" if arguments else ""
    verified = shlex.quote(f"{subject}{rest}".strip())
    return {
        EvidenceKind.TWICE: f"{go}repro-audit run {_spaced(subject)}--twice{rest}",
        EvidenceKind.VERIFY: f"{go}repro-audit fix --unsafe --verify {verified}",
        EvidenceKind.OVERHEAD: f"{go}repro-audit overhead {_spaced(subject)}".rstrip() + rest,
        EvidenceKind.VARIANCE: f"{go}repro-audit variance {_spaced(subject)}--runs 5{rest}",
        EvidenceKind.NOISE: f"{go}repro-audit noise walk {_spaced(subject)}".rstrip() + rest,
        EvidenceKind.REPLAY: f"{go}repro-audit record -o run.tape {_spaced(subject)}".rstrip() + rest,
    }


def checked_again(twice: str, variables: Mapping[str, str], script: str, required: Sequence[int]) -> str:
    """Return the one line for CI: two runs under the same variables, then the report that rests on them."""
    given = "".join(f"{name}={shlex.quote(value)} " for name, value in sorted(variables.items()))
    go, _, run = twice.rpartition("&& ")
    about = f" --script {shlex.quote(script)}" if script else ""
    report = f"repro-audit report{about} --require {','.join(map(str, required))}"
    return f"{f'({go}&& {given}{run})' if go else f'{given}{run}'} && {report}"


def _program(command: Sequence[str]) -> tuple[str, list[str]]:
    """What is named before `--`, and what stands after it."""
    if not command:
        return UNKNOWN, []
    first, *rest = command
    if first in ("python", "python3") and len(rest) > 1 and rest[0] == "-m":
        return shlex.join(rest[:2]), rest[2:]
    if first in ("python", "python3") and rest and not rest[0].startswith("-"):
        return shlex.quote(rest[0]), rest[1:]
    return "", list(command)


def _spaced(subject: str) -> str:
    return f"{subject} " if subject else ""
