"""Point 1: code, data, configuration and artifacts are versioned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from auditor.model.evidence import Evidence, EvidenceKind
from auditor.model.guideline import GuidelineFact, GuidelinePoint
from auditor.report.prose.numbers import count
from auditor.runs.gitstate import GitState
from auditor.services.guideline.facts import listed, met, missing, not_met, not_shown, point, told
from auditor.services.guideline.known import Known


def versioned(known: Known) -> GuidelinePoint:
    """Judge by what git says, and by the files that the newest current runs have read and written."""
    facts = list(_code(known))
    run = known.twice()
    if run is None:
        nothing = "No runs are kept, so nobody knows which data the program reads."
        facts.append(missing(known, EvidenceKind.TWICE, nothing))
    else:
        facts += _data(known, run.evidence, run.name)
        facts += _artifacts(known, run.evidence, run.name)
    changed = known.git is not None and (known.git.changed or _new(known))
    commands = [
        "git init && git add . && git commit" if known.git is None and not known.git_problem else None,
        "git add --all && git commit" if changed or (known.git is not None and not known.git.commit) else None,
        known.words[EvidenceKind.TWICE] if run is None else None,
    ]
    return point(1, "Code, data, configuration and artifacts are versioned", facts, commands)


def _code(known: Known) -> Iterator[GuidelineFact]:
    git = known.git
    if known.git_problem:
        yield not_shown(f"Git cannot be asked: {known.git_problem}.")
        return
    if git is None:
        yield not_met("The project is in no git repository.")
        return
    if not git.commit:
        yield not_met("The repository has no commit yet.", "git")
        return
    new = _new(known)
    if git.changed:
        yield not_met(f"{count(len(git.changed), 'file')} changed since the commit: {listed(git.changed)}.", "git")
    if new:
        yield not_met(f"{count(len(new), 'file')} not under version control: {listed(new)}.", "git")
    if git.unwatched:
        number = count(len(git.unwatched), "file")
        yield not_met(f"Git is told not to look for changes of {number}: {listed(git.unwatched)}.", "git")
    if not git.tracked:
        yield not_met("The repository tracks no file of the project.", "git")
    elif loose := _loose_sources(known, git):
        yield not_met(f"The program loads what git ignores or does not have: {listed(loose)}.", "git")
    elif not git.changed and not new and not git.unwatched:
        tracked = count(len(git.tracked), "tracked file")
        yield met(f"Commit {git.commit[:12]}: {tracked}, none changed, nothing untracked.", "git")
    if git.lfs:
        yield told(f"{count(len(git.lfs), 'file')} in git-lfs.", "git")
    if known.dvc:
        yield told(f"{count(len(known.dvc), 'file or folder', 'files and folders')} kept by DVC.", "dvc")


def _new(known: Known) -> tuple[str, ...]:
    """Untracked files but those that runs write."""
    if known.git is None:
        return ()
    written = {path for each in known.held for path in each.evidence.written}
    return tuple(path for path in known.git.untracked if path not in written)


def _loose_sources(known: Known, git: GitState) -> list[str]:
    """Modules that the newest current runs loaded, and the program itself, as far as git tracks them not."""
    run = known.twice()
    loaded = run.evidence.loaded if run is not None and run.evidence.loaded is not None else ()
    named = {path for path in (*loaded, known.program) if path.endswith(".py") and not path.startswith((".", "/"))}
    changed = {path for path in named if path in git.tracked and path not in git.links}  # told as such
    return sorted(path for path in named - changed if not git.has(path))


def _data(known: Known, evidence: Evidence, source: str) -> Iterator[GuidelineFact]:
    read = [path for path in evidence.data if not path.endswith(".py")]
    for reason in evidence.unseen:
        yield not_shown(f"Not all that the runs read is known: {reason}.", source)
    if not read:
        yield told("No data file was opened through Python by the runs; installed packages are not counted.", source)
        return
    inside = sorted(path for path in read if not path.startswith("/"))
    outside = sorted(path for path in read if path.startswith("/"))
    kept = [path for path in inside if _is_kept(known, path)]
    loose = [path for path in inside if path not in kept]
    if kept:
        yield met(f"{count(len(kept), 'data file')} read, under version control: {listed(kept)}.", source)
    if loose:
        yield not_met(
            f"{count(len(loose), 'data file')} read, in no version control: {_with_digest(evidence, loose)}.",
            source,
        )
    if outside:
        names = _with_digest(evidence, outside)
        number = count(len(outside), "data file")
        yield not_shown(f"{number} read outside the project, of no known version: {names}.", source)


def _with_digest(evidence: Evidence, paths: Iterable[str]) -> str:
    """The paths as a person reads them, those outside the project by their names."""
    told_of = []
    for path in paths:
        digest = evidence.data.get(path, "")
        name = PurePosixPath(path).name if path.startswith("/") else path
        told_of.append(f"{name} (digest {digest[:12]})" if digest else name)
    return listed(told_of)


def _artifacts(known: Known, evidence: Evidence, source: str) -> Iterator[GuidelineFact]:
    loose = sorted(path for path in evidence.artifacts if not _is_kept(known, path))
    if loose:
        yield told(f"The runs write {listed(loose)}; digests are kept with the evidence, the files are not.", source)


def _is_kept(known: Known, path: str) -> bool:
    """By git as it is, or by DVC: the file itself or a folder that it is in."""
    if known.git is not None and known.git.has(path):
        return True
    return any(str(part) in known.dvc for part in (PurePosixPath(path), *PurePosixPath(path).parents))
