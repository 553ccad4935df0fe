"""Walk through the guideline: collect what is known of a project, judge the six points."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import auditor
from auditor.errors import UsageError
from auditor.model.evidence import Evidence, EvidenceKind
from auditor.model.guideline import GuidelineReport
from auditor.model.lean import dataclass, replace
from auditor.model.report import AuditReport
from auditor.runs.evidencefile import read_evidence
from auditor.runs.gitstate import GitState, git_state
from auditor.runs.store import open_store
from auditor.runs.surroundings import ask_surroundings
from auditor.services.check import CheckOptions, check
from auditor.services.guideline.command_words import checked_again, command_words
from auditor.services.guideline.compared import criteria_chosen, explained, ran_twice
from auditor.services.guideline.currency import Present, hold_against
from auditor.services.guideline.documented import documented
from auditor.services.guideline.gradients import gradients_apart
from auditor.services.guideline.hidden import hidden_findings, left_out
from auditor.services.guideline.known import Held, Known
from auditor.services.guideline.pinned import SHOWN_VARIABLES, pinned
from auditor.services.guideline.versioned import versioned
from auditor.services.guideline.workflow import ci_commands, dvc_paths, sets_threads
from auditor.services.program import about_program, script_of
from auditor.services.progress import Progress, Silent
from auditor.services.settings import Settings
from auditor.services.sourcedigest import (
    UNREADABLE,
    changed_at,
    file_digest,
    listing_digest,
    source_digests,
    whole_digest,
)
from auditor.static.files.discovery import find_root
from auditor.static.files.pins import read_pins

POINTS = (1, 2, 3, 4, 5, 6)
CRITERIA = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidelineOptions:
    """What a person may choose for the walk."""

    script: Path | None = None
    """The program it is about; None for the one of the newest evidence, else the only one that a scan finds."""

    required: tuple[int, ...] = POINTS
    """Points that decide the exit code."""


def guideline(
    project: Path, *, settings: Settings, options: GuidelineOptions | None = None, progress: Progress | None = None
) -> AuditReport:
    """Judge a project by what is kept about it, what git says and a fresh scan; no program is run.

    Evidence counts only where source, data, packages and machine are still those that it is about. Raises `UsageError`
    for a folder or a script that is not there, and for a script about which the project's programs leave a doubt.
    """
    options = options or GuidelineOptions()
    progress = progress or Silent()
    if not project.is_dir():
        raise UsageError(f"{project}: no such folder; name the project's folder")
    if options.script is not None and not options.script.is_file():
        raise UsageError(f"--script {options.script}: no such file")
    if options.script is not None and not options.script.resolve().is_relative_to(find_root([project]).resolve()):
        raise UsageError(f"--script {options.script}: is not in the project {find_root([project])}")
    root = find_root([options.script or project]).resolve()
    progress.stage("evidence")
    store = open_store(root, settings.store).root
    kept, unread = read_evidence(store)
    about = [evidence for evidence in kept if evidence.project == str(root)]
    scan = check([root], settings, CheckOptions(), progress)
    program = _program(options.script, root, about, scan)
    about = [evidence for evidence in about if _program_of(evidence, root) == program]
    sources = source_digests(root, store)
    known = _known(root, program, about, unread, scan, settings, sources)
    known = replace(known, gradients=gradients_apart(known, store, settings))
    twice = known.words[EvidenceKind.TWICE]
    again = checked_again(twice, known.variables, program, _checkable(options.required))
    points = (
        versioned(known),
        pinned(known),
        criteria_chosen(known),
        ran_twice(known),
        explained(known),
        documented(known, again),
    )
    report = GuidelineReport(
        program=program,
        source=whole_digest(sources),
        files=len(sources),
        evidence=tuple(_line(held) for held in known.held),
        points=points,
        required=options.required,
        again=again,
    )
    return AuditReport(tool=f"repro-audit {auditor.__version__}", project=root.name, guideline=report)


def _known(
    root: Path,
    program: str,
    about: Sequence[Evidence],
    unread: tuple[str, ...],
    scan: AuditReport,
    settings: Settings,
    sources: Mapping[str, str],
) -> Known:
    git, problem = _git(root, open_store(root, settings.store).root)
    present = Present(
        sources=sources,
        now=time.time(),
        data_digest=functools.cache(lambda path: _digest(root / path)),
        data_changed_at=lambda path: changed_at(root / path),
        listing_digest=lambda folder, left_out: listing_digest(root / folder, left_out),
        surroundings=functools.cache(ask_surroundings),
    )
    held = hold_against(about, present)
    newest = next((each.evidence for each in held if each.evidence.kind is EvidenceKind.TWICE), None)
    newest = newest or next((each.evidence for each in held), None)
    command = newest.command if newest is not None else ("python", program) if program else ()
    cwd = Path(newest.cwd) if newest is not None else root
    environment = newest.environment if newest is not None else None
    variables = dict(environment.variables) if environment is not None else {}
    loaded = newest.loaded if newest is not None and newest.loaded is not None else (program,) if program else ()
    placed = root / program if program else None
    return Known(
        program=program,
        words=command_words(command, cwd, root),
        git=git,
        git_problem=problem,
        dvc=dvc_paths(root),
        pins=read_pins(root),
        threads_set_by=sets_threads(root, loaded),
        scan=about_program(scan, placed, root, unplaced=True),
        left_out=left_out(settings),
        hidden=hidden_findings(scan, root, placed, settings),
        ci=ci_commands(root),
        held=held,
        unread=unread,
        variables={name: value for name, value in variables.items() if name in SHOWN_VARIABLES},
    )


def _program(script: Path | None, root: Path, about: Sequence[Evidence], scan: AuditReport) -> str:
    """The program that the report is about, relative to the project."""
    if script is not None:
        file = script.resolve()
        if not file.is_relative_to(root):
            raise UsageError(f"--script {script}: is not in the project {root}")
        return file.relative_to(root).as_posix()
    newest = sorted(about, key=lambda evidence: -int(evidence.id.removeprefix("e")))
    compared = [evidence for evidence in newest if evidence.kind is EvidenceKind.TWICE]
    for evidence in [*compared, *newest]:
        return _program_of(evidence, root)
    entry_points = scan.scan.entry_points if scan.scan is not None else ()
    if len(entry_points) > 1:
        shown = ", ".join(entry_points[:5]) + (" …" if len(entry_points) > 5 else "")
        raise UsageError(f"{root.name} has {len(entry_points)} programs: {shown}; choose one with --script")
    return next(iter(entry_points), "")


def _program_of(evidence: Evidence, root: Path) -> str:
    script = script_of(evidence.command, Path(evidence.cwd))
    if script is not None:
        return os.path.relpath(script.resolve(), root).replace(os.sep, "/")
    # The script may be gone, and a launcher's program may lie elsewhere: told by its name.
    named = next((part for part in evidence.command if part.endswith(".py")), None)
    return "" if named is None else os.path.normpath(os.path.relpath(Path(evidence.cwd) / named, root))


def _git(root: Path, store: Path) -> tuple[GitState | None, str]:
    """What git says, and why it says nothing; what we and the interpreter keep beside the program is not meant."""
    try:
        state = git_state(root)
    except FileNotFoundError:
        return None, "it is not installed, or not on PATH"
    except OSError as error:
        return None, str(error)
    if state is None:
        return None, ""
    new = (path for path in state.untracked if not (root / path).is_relative_to(store))
    return replace(state, untracked=tuple(path for path in new if "__pycache__/" not in path)), ""


def _digest(path: Path) -> str:
    digest = file_digest(path)
    return "" if digest == UNREADABLE else digest


def _checkable(required: tuple[int, ...]) -> tuple[int, ...]:
    """Points that two runs can show in a fresh checkout: that criteria were chosen is shown once, by many runs."""
    return required if required != POINTS else tuple(number for number in POINTS if number != CRITERIA)


def _line(held: Held) -> str:
    state = "current" if held.is_current else f"stale: {', '.join(held.stale)}"
    kept = f"{held.evidence.kind.value}, {held.evidence.kept_at[:10]}"
    return f"{held.name}: {kept}: {state}"
