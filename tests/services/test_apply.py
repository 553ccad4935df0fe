"""Writing patches and taking them back: all or none, to the byte, and never over somebody else's changes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.errors import ProjectError, UsageError
from auditor.model.location import Location
from auditor.model.patch import Applicability
from auditor.model.report import AuditReport
from auditor.model.rule import RuleId
from auditor.services.apply import CutShortError, apply, history, undo
from auditor.services.fix import FixPlan
from auditor.services.journal import Journal
from auditor.static.fixes.changes import ReplaceText
from auditor.static.fixes.compose import Composer
from auditor.static.patches import PlannedPatch, Sources


class Files(Sources):
    """Sources that were read from a folder, without a project around them."""

    def __init__(self, root: Path, paths: Collection[str]) -> None:
        self._composers = {path: Composer(path, (root / path).read_bytes()) for path in paths}


def patch_of(number: int, path: str, old: str, new: str) -> PlannedPatch:
    place = Location(path=path, line=1, column=1, end_line=1, end_column=len(old) + 1)
    return PlannedPatch(
        id=f"RA101-{number:06x}",
        title=f"write {new}",
        rule_ids=(RuleId("RA101"),),
        finding_keys=(f"{number:016x}",),
        location=place,
        applicability=Applicability.SAFE,
        effect="",
        files=(path,),
        diff="",
        changes=(ReplaceText(span=place, text=new),),
    )


def plan_of(root: Path, *patches: PlannedPatch) -> FixPlan:
    paths = {path for patch in patches for path in patch.files}
    report = AuditReport(tool="repro-audit 0", project=root.name)
    return FixPlan(report=report, root=root, patches=patches, refused=(), sources=Files(root, paths))


@dataclass
class Place:
    root: Path
    store: Path

    def plan(self, number: int, new: str, paths: Collection[str] = ("a.txt",), old: str = "one") -> FixPlan:
        return plan_of(
            self.root, *(patch_of(number * 100 + index, path, old, new) for index, path in enumerate(sorted(paths)))
        )

    def apply(self, number: int, new: str, paths: Collection[str] = ("a.txt",), old: str = "one") -> str:
        plan = self.plan(number, new, paths, old)
        return apply(plan, [patch.id for patch in plan.patches], store=self.store).step

    def undo(self, step: str | None = None) -> tuple[str, ...]:
        return undo(self.root, step, store=self.store).files

    def read(self, name: str = "a.txt") -> bytes:
        return (self.root / name).read_bytes()

    def names(self) -> list[str]:
        return sorted(path.name for path in self.root.iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path / "project", tmp_path / "store")
    found.root.mkdir()
    for name in ("a.txt", "b.txt"):
        (found.root / name).write_bytes(b"one\r\ntwo")
    return found


def test_undo_brings_back_the_bytes(place: Place) -> None:
    step = place.apply(1, "three", ("a.txt", "b.txt"))
    assert (place.read("a.txt"), place.read("b.txt")) == (b"three\r\ntwo", b"three\r\ntwo")
    assert place.undo() == ("a.txt", "b.txt")
    assert (place.read("a.txt"), place.read("b.txt")) == (b"one\r\ntwo", b"one\r\ntwo")
    assert place.names() == ["a.txt", "b.txt"]
    assert [entry.id for entry in history(place.root, store=place.store)] == [step]


def test_file_that_changed_since_the_scan_is_not_touched_nor_any_other(place: Place) -> None:
    plan = place.plan(1, "three", ("a.txt", "b.txt"))
    (place.root / "b.txt").write_bytes(b"mine")
    with pytest.raises(ProjectError, match=r"b\.txt changed since the scan"):
        apply(plan, [patch.id for patch in plan.patches], store=place.store)
    assert (place.read("a.txt"), place.read("b.txt")) == (b"one\r\ntwo", b"mine")
    assert history(place.root, store=place.store) == ()


def test_undo_refuses_over_changes_that_came_later(place: Place) -> None:
    place.apply(1, "three")
    (place.root / "a.txt").write_bytes(b"mine")
    with pytest.raises(ProjectError, match=r"a\.txt changed since p1 was applied"):
        place.undo()
    assert place.read() == b"mine"


def test_undo_is_content_with_a_file_that_already_is_as_before(place: Place) -> None:
    place.apply(1, "three", ("a.txt", "b.txt"))
    (place.root / "a.txt").write_bytes(b"one\r\ntwo")
    assert place.undo() == ("b.txt",)
    assert place.read("b.txt") == b"one\r\ntwo"


def test_older_step_cannot_be_undone_before_a_later_one_of_the_same_file(place: Place) -> None:
    place.apply(1, "three", ("a.txt", "b.txt"))
    place.apply(2, "four", old="three")
    with pytest.raises(UsageError, match=r"a\.txt was changed later; undo in this order: p2, p1"):
        place.undo("p1")
    place.undo("p2")
    place.undo("p1")
    assert (place.read("a.txt"), place.read("b.txt")) == (b"one\r\ntwo", b"one\r\ntwo")


def test_older_step_of_other_files_can_be_undone(place: Place) -> None:
    place.apply(1, "three", ("b.txt",))
    place.apply(2, "four")
    place.undo("p1")
    assert (place.read("a.txt"), place.read("b.txt")) == (b"four\r\ntwo", b"one\r\ntwo")


@pytest.mark.parametrize(
    ("step", "message"),
    [(None, "nothing to undo"), ("p7", "there is no step p7"), ("p1", "p1 is undone already, since 20")],
)
def test_undo_says_what_there_is_to_undo(place: Place, step: str | None, message: str) -> None:
    place.apply(1, "three")
    place.undo()
    with pytest.raises(UsageError, match=message):
        place.undo(step)


def test_mode_is_kept_and_links_are_followed(place: Place) -> None:
    file = place.root / "a.txt"
    file.chmod(0o750)
    (place.root / "link.txt").symlink_to("a.txt")
    place.apply(1, "three", ("link.txt",))
    assert (place.root / "link.txt").is_symlink()
    assert place.read() == b"three\r\ntwo"
    assert stat.S_IMODE(file.stat().st_mode) == 0o750


def test_new_content_has_a_new_time_so_that_caches_notice(place: Place) -> None:
    os.utime(place.root / "a.txt", (1, 1))
    place.apply(1, "three")
    assert (place.root / "a.txt").stat().st_mtime > 1_000_000


def test_one_file_under_two_names_is_refused(place: Place) -> None:
    (place.root / "link.txt").symlink_to("a.txt")
    with pytest.raises(ProjectError, match="are the same file"):
        place.apply(1, "three", ("a.txt", "link.txt"))
    assert place.read() == b"one\r\ntwo"


def test_read_only_file_is_refused_with_the_command_that_helps(place: Place) -> None:
    (place.root / "b.txt").chmod(0o444)
    with pytest.raises(ProjectError, match=r"b\.txt: is read-only; `chmod u\+w b\.txt`"):
        place.apply(1, "three", ("a.txt", "b.txt"))
    assert place.read() == b"one\r\ntwo"


def test_removed_file_is_told(place: Place) -> None:
    plan = place.plan(1, "three")
    (place.root / "a.txt").unlink()
    with pytest.raises(ProjectError, match="cannot be found any more"):
        apply(plan, [plan.patches[0].id], store=place.store)


def failing_replace(monkeypatch: pytest.MonkeyPatch, fails: Callable[[str], bool]) -> None:
    original = os.replace

    def replace(source: str, target: str) -> None:
        if fails(str(target)):
            raise OSError(30, "Read-only file system")
        original(source, target)

    monkeypatch.setattr(os, "replace", replace)


def test_failure_at_the_last_file_takes_back_the_others(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    failing_replace(monkeypatch, lambda target: target.endswith("b.txt"))
    with pytest.raises(ProjectError, match=r"b\.txt: cannot be written: Read-only file system; nothing was changed"):
        place.apply(1, "three", ("a.txt", "b.txt"))
    assert (place.read("a.txt"), place.read("b.txt")) == (b"one\r\ntwo", b"one\r\ntwo")
    assert place.names() == ["a.txt", "b.txt"]
    assert history(place.root, store=place.store) == ()


def test_failure_that_cannot_be_taken_back_keeps_the_old_bytes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def fails(target: str) -> bool:
        seen.append(target)
        return target.endswith("b.txt") or seen.count(target) > 1

    with monkeypatch.context() as patched:
        failing_replace(patched, fails)
        with pytest.raises(CutShortError, match="`repro-audit fix --undo` puts the old contents back"):
            place.apply(1, "three", ("a.txt", "b.txt"))
    assert not history(place.root, store=place.store)[0].is_finished
    assert place.undo() == ("a.txt",)
    assert place.read("a.txt") == b"one\r\ntwo"
    assert place.names() == ["a.txt", "b.txt"]


def test_store_that_cannot_be_written_changes_nothing(place: Place) -> None:
    place.store.write_text("a file where a folder should be")
    with pytest.raises(UsageError, match=r"the old contents cannot be kept there: .*; choose another folder"):
        place.apply(1, "three")
    assert place.read() == b"one\r\ntwo"


def test_damaged_entry_of_the_journal_does_not_hide_the_others(place: Place) -> None:
    place.apply(1, "three")
    place.apply(2, "four", ("b.txt",))
    folder = next(place.store.rglob("p1"))
    (folder / "step.json").write_text("{")
    assert [step.id for step in Journal(place.root, place.store).steps()] == ["p2"]
