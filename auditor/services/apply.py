"""Write planned patches into the project, and take them back.

The files of one call are one step: all of them are written beside the originals first, the old bytes are kept in the
journal, then each is put in place in one operation. Whatever stops us in between leaves every file whole.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from auditor.errors import ProjectError, UsageError
from auditor.model.lean import dataclass
from auditor.services.filewrite import Replacement, digest, leftover, real_file
from auditor.services.fix import FixPlan
from auditor.services.journal import AppliedPatch, ChangedFile, Journal, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was written."""

    step: str
    """Id in the journal, for `undo`."""

    patches: tuple[str, ...]
    files: tuple[str, ...]
    """Relative to the project, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What was taken back."""

    step: str
    patches: tuple[str, ...]
    files: tuple[str, ...]
    """Those whose bytes were put back; a file that already was as before is not among them."""


class CutShortError(ProjectError):
    """Some files are changed and some are not, and that could not be taken back; the journal has the old bytes."""


def apply(plan: FixPlan, ids: Collection[str], *, store: Path | None = None) -> Applied:
    """Apply these patches of a plan, all or none. `store`: the setting; None means the user's state folder.

    Raises `ConflictError` for patches that exclude each other, `ProjectError` where a file is not as it was scanned or
    cannot be written, `UsageError` where the old bytes cannot be kept. Then nothing was changed.
    """
    texts = plan.texts(ids)
    if not texts:
        raise UsageError("nothing to apply: name at least one patch")
    patches = [AppliedPatch(id=patch.id, title=patch.title) for patch in plan.patches if patch.id in ids]
    return write_step(plan, patches, texts, store=store)


def write_step(
    plan: FixPlan, patches: Sequence[AppliedPatch], texts: Mapping[str, bytes], *, store: Path | None = None
) -> Applied:
    """Write new contents for files of a plan as one step; raises as `apply`."""
    journal = Journal(plan.root, store)
    with journal.locked():
        _sweep(journal, plan.root)
        places = {path: real_file(plan.root / path, path) for path in sorted(texts)}
        _check_distinct(places)
        for path, real in places.items():
            if real.read_bytes() != plan.original(path):
                raise ProjectError(f"{path} changed since the scan; run fix again. Nothing was changed")
        old = [plan.original(path) for path in places]
        files = [
            ChangedFile(path=path, before=digest(before), after=digest(texts[path]))
            for path, before in zip(places, old, strict=True)
        ]
        step = journal.begin(patches, files, old, _now())
        replacements = [Replacement(real, path, f"{step.id}.new", texts[path]) for path, real in places.items()]
        try:
            _put_in_place(replacements, old, f"{step.id}.old")
        except CutShortError:
            raise
        except BaseException:
            journal.forget(step)
            raise
        journal.finish(step)
    return Applied(step=step.id, patches=tuple(patch.id for patch in patches), files=tuple(places))


def undo(root: Path, step_id: str | None = None, *, store: Path | None = None) -> Undone:
    """Put back the bytes that stood there before a step; None means the last one that holds still.

    Raises `UsageError` where there is no such step or a later one changed the same file, `ProjectError` where a file
    is neither as the step left it nor as it was before. Then nothing was changed.
    """
    journal = Journal(root, store)
    with journal.locked():
        steps = journal.steps()
        step = _chosen(steps, step_id)
        _check_order(step, steps)
        old = journal.old(step)
        replacements, current = [], []
        for file, before in zip(step.files, old, strict=True):
            real = _clean(root / file.path, file.path, step)
            now = real.read_bytes()
            if digest(now) == file.before:
                continue
            if digest(now) != file.after:
                raise ProjectError(
                    f"{file.path} changed since {step.id} was applied; undo your own changes first, or keep the patch. "
                    "Nothing was changed"
                )
            replacements.append(Replacement(real, file.path, f"{step.id}.old", before))
            current.append(now)
        _put_in_place(replacements, current, f"{step.id}.new")
        journal.undo(step, _now())
    return Undone(
        step=step.id,
        patches=tuple(patch.id for patch in step.patches),
        files=tuple(replacement.shown for replacement in replacements),
    )


def history(root: Path, *, store: Path | None = None) -> tuple[Step, ...]:
    """Everything that was applied to a project, the oldest first."""
    return Journal(root, store).steps()


def _put_in_place(replacements: Sequence[Replacement], before: Sequence[bytes], back: str) -> None:
    """All or none, unless the process is killed. `before`: the bytes to go back to, with `back` as their label."""
    done: list[int] = []
    try:
        for replacement in replacements:
            replacement.stage()
        for number, replacement in enumerate(replacements):
            try:
                replacement.commit()
            except OSError as error:
                raise ProjectError(
                    f"{replacement.shown}: cannot be written: {error.strerror}; nothing was changed"
                ) from None
            done.append(number)
    except BaseException as reason:
        try:
            for number in done:
                restored = Replacement(replacements[number].real, replacements[number].shown, back, before[number])
                restored.stage()
                restored.commit()
        except (OSError, ProjectError) as error:
            raise CutShortError(
                f"writing stopped midway ({reason}) and could not be taken back ({error}); each file is whole, old or "
                "new, and `repro-audit fix --undo` puts the old contents back"
            ) from None
        finally:
            for replacement in replacements:
                replacement.drop()
        raise


def _sweep(journal: Journal, root: Path) -> None:
    """Remove what waited beside files when a step was cut short."""
    for step in journal.steps():
        if not step.is_finished:
            for file in step.files:
                with contextlib.suppress(ProjectError, OSError):
                    _clean(root / file.path, file.path, step)


def _check_distinct(places: dict[str, Path]) -> None:
    """Two names of one file would be written one after the other, and one of them lost."""
    seen: dict[Path, str] = {}
    for path, real in places.items():
        if real in seen:
            raise ProjectError(
                f"{path} and {seen[real]} are the same file; scan it under one name. Nothing was changed"
            )
        seen[real] = path


def _clean(path: Path, shown: str, step: Step) -> Path:
    """The real file, without what a crash may have left beside it."""
    real = real_file(path, shown)
    for label in ("new", "old"):
        leftover(real, f"{step.id}.{label}").unlink(missing_ok=True)
    return real


def _chosen(steps: Sequence[Step], step_id: str | None) -> Step:
    holding = [step for step in steps if step.undone_at is None]
    if step_id is None:
        if not holding:
            raise UsageError("nothing to undo: no patch of this project is applied")
        return holding[-1]
    for step in steps:
        if step.id == step_id:
            if step.undone_at is not None:
                raise UsageError(f"{step_id} is undone already, since {step.undone_at}")
            return step
    known = ", ".join(step.id for step in holding)
    raise UsageError(f"--undo: there is no step {step_id}; " + (f"applied are {known}" if known else "none is applied"))


def _check_order(step: Step, steps: Sequence[Step]) -> None:
    """What was applied later to the same file goes first."""
    own = {file.path for file in step.files}
    later = [
        (each.id, sorted(own & {file.path for file in each.files}))
        for each in reversed(steps)
        if each.number > step.number and each.undone_at is None and own & {file.path for file in each.files}
    ]
    if later:
        order = ", ".join(each for each, _ in later)
        files = ", ".join(dict.fromkeys(path for _, paths in later for path in paths))
        raise UsageError(
            f"{step.id} cannot be undone yet: {files} was changed later; undo in this order: {order}, {step.id}"
        )


def _now() -> datetime:
    return datetime.now(timezone.utc)
