"""Accepting findings on the screen: what is asked, what is written, and how it is taken back. With real files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from auditor.services.baseline import FILE_NAME, read_baseline
from auditor.services.settings import Settings
from auditor.tui.app import AuditApp
from auditor.tui.gateway import Services, real_services
from auditor.tui.screens.accept_dialog import AcceptDialog
from auditor.tui.screens.findings import FindingsScreen
from auditor.tui.screens.modal import Question
from auditor.tui.session import Session

Text = Callable[[AuditApp], str]

TRAIN = """\
import os
import random

import numpy as np

for name in os.listdir("data"):
    print(name, random.random(), np.random.rand())
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "classifier"
    root.mkdir()
    (root / "pyproject.toml").touch()
    (root / "train.py").write_text(TRAIN)
    return root


@pytest.fixture
def services(project: Path) -> Services:
    return real_services(Settings(store=project.parent / "store"))


@pytest.fixture
def open_app(project: Path, services: Services) -> Callable[..., AuditApp]:
    def make(*, named: bool = True) -> AuditApp:
        """`named`: the settings name the baseline, where there is one."""
        file = project / FILE_NAME
        baseline = file if named and file.exists() else None
        return AuditApp(Session(root=project, paths=(project,), baseline=baseline), services)

    return make


def screen_of(app: AuditApp) -> FindingsScreen:
    frame = app.frame("findings")
    assert isinstance(frame, FindingsScreen)
    return frame


def written(project: Path) -> dict[str, str]:
    """Rule → reason of what the baseline holds."""
    return {str(entry.rule_id): entry.reason for entry in read_baseline(project / FILE_NAME)}


def rules(app: AuditApp) -> list[str]:
    return [str(finding.rule_id) for finding in screen_of(app).listed]


async def answer(pilot: Any, settle: Any, reason: str) -> None:
    """Type a reason into the dialog, and confirm."""
    assert isinstance(pilot.app.screen, AcceptDialog)
    pilot.app.screen.query_one(Input).value = reason
    await pilot.press("enter")
    await settle(pilot)


async def test_x_asks_for_a_reason_and_names_the_file_before_it_is_made(
    open_app: Any, settle: Any, screen_text: Text, project: Path
) -> None:
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        first = rules(app)[0]
        await pilot.press("x")
        await settle(pilot)
        assert isinstance(app.screen, AcceptDialog)
        assert f"Accept {first} at train.py:" in screen_text(app)
        assert f"Writes to {FILE_NAME}, a new file." in screen_text(app)
        assert not (project / FILE_NAME).exists()
        await pilot.press("q", "u", "i", "e", "t", "enter")  # letters are the reason's, not keys
        await settle(pilot)
        assert written(project) == {first: "quiet"}
        assert app.message[0] == (
            f"Accepted {first} in train.py into {FILE_NAME}; u takes it back. "
            f'Put `baseline = "{FILE_NAME}"` into the settings of the project, so that scans leave it out.'
        )


async def test_esc_leaves_everything_as_it_is(open_app: Any, settle: Any, project: Path) -> None:
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("x")
        await settle(pilot)
        await pilot.press("w", "escape")
        await settle(pilot)
        assert not (project / FILE_NAME).exists()
        assert app.session.known == {}
        await pilot.press("u")
        assert app.message[0].startswith("Nothing to undo")


async def test_accepted_finding_stays_listed_dim_and_u_takes_it_back(
    open_app: Any, settle: Any, screen_text: Text, project: Path
) -> None:
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        before = rules(app)
        scanned, plan = app.session.scanned, app.session.desk.plan
        await pilot.press("x")
        await settle(pilot)
        await answer(pilot, settle, "the values do not matter")
        assert rules(app) == before
        (line,) = (line for line in screen_text(app).splitlines() if line.startswith("▌"))
        assert before[0] in line
        assert line.endswith("known")
        assert f"{len(before)} findings, 1 known" in screen_text(app)
        strip = screen_of(app)._rows.row(0, 78)
        assert {piece.tone for piece in strip.pieces if before[0] in piece.text} == {"muted"}
        assert app.session.scanned is scanned  # the source is the same: neither scan nor plan are made again
        assert app.session.desk.plan is plan
        await pilot.press("tab", "tab", "tab")
        await settle(pilot)
        assert "accepted   because the values do not matter" in screen_text(app)
        await pilot.press("u")
        await settle(pilot)
        assert not (project / FILE_NAME).exists()
        assert app.message[0] == (
            f"Took {before[0]} in train.py out of {FILE_NAME}. {FILE_NAME} is gone: nothing else was in it."
        )
        assert "known" not in screen_text(app).partition("train.py:")[0]
        assert app.session.baseline is None


async def test_rescan_leaves_out_what_was_accepted_and_b_lists_it_with_its_reason(
    open_app: Any, settle: Any, screen_text: Text, project: Path
) -> None:
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        before = rules(app)
        await pilot.press("x")
        await settle(pilot)
        await answer(pilot, settle, "measured")
        await pilot.press("R")
        await settle(pilot)
        assert rules(app) == before[1:]
        assert f"{len(before) - 1} findings, 1 more known" in screen_text(app)
        await pilot.press("b")
        await settle(pilot)
        assert sorted(rules(app)) == sorted(before)
        assert list(app.session.known.values()) == ["measured"]
        await pilot.press("slash", "i", "s", "colon", *"known", "enter")
        await settle(pilot)
        assert rules(app) == before[:1]


async def test_b_after_an_acceptance_leaves_it_out_at_once(open_app: Any, settle: Any) -> None:
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        before = rules(app)
        await pilot.press("x")
        await settle(pilot)
        await answer(pilot, settle, "")
        await pilot.press("b")
        await settle(pilot)
        assert rules(app) == before[1:]


@pytest.mark.parametrize(("key", "left"), [("y", {}), ("n", None), ("escape", None)])
async def test_x_on_a_known_finding_takes_it_out_on_a_later_day(
    open_app: Any, settle: Any, screen_text: Text, project: Path, key: str, left: dict[str, str] | None
) -> None:
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("x")
        await settle(pilot)
        await answer(pilot, settle, "measured")
    held = written(project)
    before = (project / FILE_NAME).read_bytes()
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("b")
        await settle(pilot)
        at = next(at for at, finding in enumerate(screen_of(app).listed) if finding.key in app.session.known)
        screen_of(app).show_finding(screen_of(app).listed[at])
        await settle(pilot)
        await pilot.press("x")
        await settle(pilot)
        assert isinstance(app.screen, Question)
        assert f"Writes to {FILE_NAME}. u takes it back." in screen_text(app)
        assert "Accepted because: measured" in screen_text(app)
        await pilot.press(key)
        await settle(pilot)
        assert written(project) == (held if left is None else left)
        if left is not None:
            assert app.session.known == {}
            await pilot.press("u")
            await settle(pilot)
            assert (project / FILE_NAME).read_bytes() == before
            assert list(app.session.known.values()) == ["measured"]


async def test_X_accepts_what_is_listed_and_marks_choose_for_x(  # noqa: N802  # the key
    open_app: Any, settle: Any, screen_text: Text, project: Path
) -> None:
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        before = rules(app)
        assert len(before) == 3
        await pilot.press("space", "space", "x")
        await settle(pilot)
        assert "Accept 2 findings?" in screen_text(app)
        await answer(pilot, settle, "a pair")
        assert written(project) == dict.fromkeys(before[:2], "a pair")
        assert app.session.desk.marked == set()
        await pilot.press("X")
        await settle(pilot)
        await answer(pilot, settle, "the rest")
        assert written(project) == {before[0]: "a pair", before[1]: "a pair", before[2]: "the rest"}
        await pilot.press("X")
        assert app.message[0] == "There is nothing to accept: no listed finding is new."
        await pilot.press("u")
        await settle(pilot)
        await pilot.press("u")
        await settle(pilot)
        assert not (project / FILE_NAME).exists()


async def test_u_takes_back_patch_and_acceptance_in_the_order_in_which_they_came(
    open_app: Any, settle: Any, project: Path
) -> None:
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        safe = next(at for at, each in enumerate(screen_of(app).listed) if app.session.desk.word(each.key) == "safe")
        other = screen_of(app).listed[safe - 1]
        patched = screen_of(app).listed[safe]
        screen_of(app).show_finding(other)
        await settle(pilot)
        await pilot.press("x")
        await settle(pilot)
        await answer(pilot, settle, "")
        screen_of(app).show_finding(patched)
        await settle(pilot)
        await pilot.press("a")
        await settle(pilot)
        assert (project / "train.py").read_text() != TRAIN
        await pilot.press("u")
        await settle(pilot)
        assert (project / "train.py").read_text() == TRAIN
        assert (project / FILE_NAME).exists()
        await pilot.press("u")
        await settle(pilot)
        assert not (project / FILE_NAME).exists()
        await pilot.press("u")
        assert app.message[0].startswith("Nothing to undo")


async def test_file_that_is_no_baseline_is_told_and_left_alone(
    open_app: Any, settle: Any, screen_text: Text, project: Path
) -> None:
    (project / FILE_NAME).write_text("{}")
    app = open_app(named=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("x")
        await settle(pilot)
        assert f"Writes to {FILE_NAME}, which the settings do not name." in screen_text(app)
        await answer(pilot, settle, "because")
        assert "another kind of file, and is left alone" in app.message[0]
        assert app.session.known == {}
    assert (project / FILE_NAME).read_text() == "{}"


async def test_nothing_is_accepted_while_a_job_runs(make_app: Any, settle: Any, fakes: Any, until: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        fakes.hold = True
        await pilot.press("R")
        await until(pilot, lambda: bool(app.launcher.busy))
        await pilot.press("x")
        assert app.message[0] == "Scanning: ctrl+c stops it first."
        await pilot.press("X")
        assert app.message[0] == "Scanning: ctrl+c stops it first."
        fakes.released.set()
        await settle(pilot)


async def test_what_only_runs_show_is_not_accepted(make_app: Any, settle: Any, fakes: Any) -> None:
    """A scan would not find it again: as an entry of the baseline it would look gone at once."""
    findings = tuple(replace(finding, source_lines=()) for finding in fakes.report.findings)
    fakes.report = replace(fakes.report, findings=findings)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("x")
        assert app.message[0] == "Only runs show this: a scan does not find it, so no baseline can hold it."
        await pilot.press("X")
        assert app.message[0] == "There is nothing to accept: no listed finding is new."
        assert not isinstance(app.screen, AcceptDialog)


async def test_finding_whose_rule_only_a_run_named_can_be_accepted(
    services: Services, settle: Any, project: Path
) -> None:
    """A comparison may bring findings into the list whose rules the scan did not speak of."""
    session = Session(root=project, paths=(project,))
    app = AuditApp(session, services)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert session.scanned is not None
        session.scanned = replace(session.scanned, rules=())
        await pilot.press("x")
        await settle(pilot)
        await answer(pilot, settle, "named by a run")
        assert list(written(project).values()) == ["named by a run"]
