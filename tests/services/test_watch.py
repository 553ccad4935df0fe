"""A scan after each change, and what the change did."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auditor.services.check import CheckOptions
from auditor.services.progress import Silent
from auditor.services.settings import Settings, load_settings
from auditor.services.watch import MAX_SETTLING, SETTLING_S, Scanned, watch

DIRTY = "import random\n\nrandom.random()\n"


class OverError(Exception):
    """Raised by the fake clock where a real one would wait for ever."""


class Editor:
    """Stands for `sleep`: each long wait is the moment of the next edit, and the end where there is none."""

    def __init__(self, *edits: Callable[[], object]) -> None:
        self.edits: Iterator[Callable[[], object]] = iter(edits)
        self.waits: list[float] = []

    def __call__(self, seconds: float) -> None:
        if seconds == SETTLING_S:
            return
        self.waits.append(seconds)
        edit = next(self.edits, None)
        if edit is None:
            raise OverError
        edit()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    (folder / "train.py").write_text(DIRTY)
    return folder


def seen(project: Path, *edits: Callable[[], object]) -> list[Scanned]:
    """All scans until the edits are over."""
    return until_over(project, Editor(*edits), lambda: load_settings(project))


def until_over(project: Path, editor: Editor, settings: Callable[[], Settings] = Settings) -> list[Scanned]:
    scans = watch([project], settings, CheckOptions(), Silent, wait=editor)
    found: list[Scanned] = []
    with contextlib.suppress(OverError):
        found.extend(scans)
    return found


def told(scanned: Scanned) -> tuple[tuple[str, ...], list[str], list[str]]:
    return scanned.changed, [each.rule_id for each in scanned.new], [each.rule_id for each in scanned.gone]


def test_nothing_is_scanned_again_where_nothing_changes(project: Path) -> None:
    (first,) = seen(project, lambda: None, lambda: None)
    assert first.report is not None
    assert [finding.rule_id for finding in first.report.findings] == ["RA101"]
    assert told(first) == ((), [], [])


def test_each_change_tells_what_is_new_and_what_is_gone(project: Path) -> None:
    scans = seen(
        project,
        lambda: (project / "more.py").write_text("import numpy as np\n\nnp.random.rand()\n"),
        lambda: (project / "train.py").write_text("# shifted\n" + DIRTY),
        lambda: (project / "train.py").write_text("print(1)\n"),
        lambda: (project / "more.py").unlink(),
    )
    assert [told(each) for each in scans] == [
        ((), [], []),
        (("more.py",), ["RA102"], []),
        (("train.py",), [], []),
        (("train.py",), [], ["RA101"]),
        (("more.py",), [], ["RA102"]),
    ]


def test_a_file_of_the_same_size_is_seen_by_its_time(project: Path) -> None:
    file = project / "train.py"

    def edit() -> None:
        file.write_text(DIRTY.replace("random()", "gauss() "))
        os.utime(file, ns=(1, 1))

    assert len(seen(project, edit)) == 2


def test_settings_baselines_and_own_rules_count_as_changes(project: Path) -> None:
    scans = seen(
        project,
        lambda: (project / "pyproject.toml").write_text('[tool.repro-audit]\nignore = ["RA101"]\n'),
        lambda: (project / ".gitignore").write_text("train.py\n"),
    )
    assert [told(each) for each in scans[1:]] == [
        (("pyproject.toml",), [], ["RA101"]),
        ((".gitignore", "train.py"), [], []),
    ]


def test_a_half_written_setting_is_told_and_watched_on(project: Path) -> None:
    file = project / "pyproject.toml"
    _, broken, mended = seen(
        project,
        lambda: file.write_text("[tool.repro-audit]\nselct = 3\n"),
        lambda: file.write_text("[tool.repro-audit]\n"),
    )
    assert broken.report is None
    assert "no setting is called `selct`" in broken.problem
    assert broken.changed == ("pyproject.toml",)
    assert told(mended) == (("pyproject.toml",), [], [])


def test_a_file_that_is_still_being_written_is_waited_for(project: Path) -> None:
    class Typist(Editor):
        def __call__(self, seconds: float) -> None:
            super().__call__(seconds)
            if seconds == SETTLING_S and self.waits and len(self.typed) < 3:
                self.typed.append(self.typed[-1] + "# more\n")
                (project / "train.py").write_text(self.typed[-1])

        typed = [DIRTY]  # noqa: RUF012 - one typist

    scans = until_over(project, Typist(lambda: None))
    assert len(scans) == 2
    assert len(Typist.typed) == 3 < MAX_SETTLING


def test_large_trees_are_looked_at_less_often(project: Path) -> None:
    ticks = iter(range(0, 1000, 3))
    editor = Editor()
    with pytest.raises(OverError):
        list(watch([project], Settings, CheckOptions(), Silent, wait=editor, clock=lambda: float(next(ticks))))
    assert editor.waits == [30.0]


def test_findings_of_a_file_that_is_half_written_are_not_gone(project: Path) -> None:
    file = project / "train.py"
    _, broken, mended, empty = seen(
        project,
        lambda: file.write_text(DIRTY + "def (:\n"),
        lambda: file.write_text(DIRTY + "def f():\n    pass\n"),
        lambda: file.write_text("print(1)\n"),
    )
    assert broken.report is not None
    assert [item.subject for item in broken.report.skipped] == ["train.py"]
    assert told(broken) == told(mended) == (("train.py",), [], [])
    assert told(empty) == (("train.py",), [], ["RA101"])
