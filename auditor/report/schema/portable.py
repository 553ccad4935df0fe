"""A report without what belongs to one machine: absolute paths of the project, of users and of installations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import TypeVar

from auditor.model.lean import replace
from auditor.model.proof import Proof
from auditor.model.report import AuditReport
from auditor.model.run import RunRecord

T = TypeVar("T")

_HOME = re.compile(r"(?<![\w.])(?:/home/[^/\s:\"']+|/Users/[^/\s:\"']+|/root)(?=/|$)")
_INSTALLED = re.compile(r"(?<![\w.])/[^\s:\"']*?/((?:site|dist)-packages/)")
_OURS = str(Path(__file__).parents[2])


def portable(report: AuditReport) -> AuditReport:
    """Return the report as it may leave the machine; findings speak of the project alone and quote its source as it is.

    Paths inside the project become relative, home folders `~`, installed packages `site-packages/…`, our own package
    `<auditor>`; the interpreter keeps its name alone. Other absolute paths, such as those of data sets, stay.
    """
    roots = sorted({run.project for run in report.runs if len(run.project) > 1}, key=lambda root: (-len(root), root))
    return replace(
        report,
        runs=_map_strings(tuple(_without_folders(run) for run in report.runs), lambda text: shorten(text, roots)),
        verdict=_map_strings(report.verdict, lambda text: shorten(text, roots)),
        criteria=_map_strings(report.criteria, lambda text: shorten(text, roots)),
        skipped=_map_strings(report.skipped, lambda text: shorten(text, roots)),
        variance=_map_strings(report.variance, lambda text: shorten(text, roots)),
        margins=_map_strings(report.margins, lambda text: shorten(text, roots)),
        overhead=_map_strings(report.overhead, lambda text: shorten(text, roots)),
        profile=_map_strings(report.profile, lambda text: shorten(text, roots)),
        proof=_portable_proof(report.proof, roots),
        guideline=_map_strings(report.guideline, lambda text: shorten(text, roots)),
    )


def _portable_proof(proof: Proof | None, roots: list[str]) -> Proof | None:
    """The diff is source, which has to stay as it is to apply."""
    if proof is None:
        return None
    return replace(_map_strings(proof, lambda text: shorten(text, roots)), diff=proof.diff)


def shorten(text: str, roots: list[str]) -> str:
    """Rewrite the paths in a text; `roots` are the projects' folders, longest first."""
    if "/" not in text:
        return text
    for root in roots:
        text = re.sub(
            rf"(?<![\w.]){re.escape(root)}(?:/|(?![\w.-]))", lambda match: "" if match[0][-1] == "/" else ".", text
        )
    text = text.replace(_OURS, "<auditor>")
    return _HOME.sub("~", _INSTALLED.sub(r"\1", text))


def _without_folders(run: RunRecord) -> RunRecord:
    cwd, project = PurePosixPath(run.cwd), PurePosixPath(run.project)
    inside = str(cwd.relative_to(project)) if cwd.is_relative_to(project) else cwd.name
    argv = (PurePosixPath(run.argv[0]).name, *run.argv[1:]) if run.argv else ()
    changes = {name: value for name, value in run.changes.items() if name != "REPRO_AUDIT_PROBE"}
    folder = PurePosixPath(run.folder).name
    return replace(run, cwd=inside, project=project.name, argv=argv, changes=changes, folder=folder)


def _map_strings(value: T, rewrite: Callable[[str], str]) -> T:
    """Apply `rewrite` to every string below `value`; everything else stays as it is."""
    result: object = value
    if isinstance(value, str):
        result = rewrite(value)
    elif isinstance(value, tuple):
        result = tuple(_map_strings(item, rewrite) for item in value)
    elif isinstance(value, Mapping):
        result = {key: _map_strings(item, rewrite) for key, item in value.items()}
    elif is_dataclass(value) and not isinstance(value, type) and not isinstance(value, Enum):
        result = replace(
            value, **{field.name: _map_strings(getattr(value, field.name), rewrite) for field in fields(value)}
        )
    return result  # type: ignore[return-value]
