"""What works from everywhere: screens, help, palette, dialog, jobs, copying, editing, quitting."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from auditor.errors import ProgramError
from auditor.tui import actions
from auditor.tui.app import SCREENS, AuditApp, make_screen
from auditor.tui.commands import EVERYWHERE
from auditor.tui.screens.cost import CostScreen
from auditor.tui.screens.divergence import DivergenceScreen
from auditor.tui.screens.findings import FindingsScreen
from auditor.tui.screens.modal import HelpPanel, Palette, Question, TextPanel
from auditor.tui.screens.run_dialog import RunDialog, command_line, parse_command
from auditor.tui.screens.runs import RunsScreen

Text = Callable[[AuditApp], str]


def all_commands() -> list[tuple[str, str]]:
    own = [(name, each.id) for name in SCREENS for each in make_screen(name).ACTIONS]
    return [*own, *(("app", each.id) for each in EVERYWHERE)]


@pytest.mark.parametrize(("owner", "command"), all_commands())
def test_every_command_has_an_action_and_a_test_that_presses_it(owner: str, command: str) -> None:
    screen = AuditApp if owner == "app" else type(make_screen(owner))
    assert any(hasattr(each, f"do_{command}") for each in (screen, AuditApp, FindingsScreen))
    keys = {each.id: each.keys for name in SCREENS for each in (*make_screen(name).ACTIONS, *EVERYWHERE)}
    tests = "".join(path.read_text() for path in sorted(Path(__file__).parent.glob("test_*.py")))
    assert any(f'"{key}"' in tests for key in keys[command].split(","))


def test_keys_do_not_clash_on_any_screen() -> None:
    for name in SCREENS:
        keys = [key for each in (*make_screen(name).ACTIONS, *EVERYWHERE) for key in each.keys.split(",")]
        assert len(keys) == len(set(keys))


async def test_digits_change_the_screen(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for key, screen in (("2", DivergenceScreen), ("3", CostScreen), ("4", RunsScreen), ("1", FindingsScreen)):
            await pilot.press(key)
            await settle(pilot)
            assert isinstance(app.screen, screen)


async def test_tabs_and_keys_are_buttons(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.click("#tabs", offset=(35, 0))
        await settle(pilot)
        assert isinstance(app.screen, DivergenceScreen)
        await pilot.press("1")
        await settle(pilot)
        await pilot.click("#keys", offset=(33, 0))
        await settle(pilot)
        assert isinstance(app.focused, Input)


async def test_help_explains_the_pane(make_app: Any, settle: Any, screen_text: Text) -> None:
    app = make_app()
    async with app.run_test(size=(80, 40)) as pilot:
        await settle(pilot)
        await pilot.press("tab", "question_mark")
        await settle(pilot)
        assert isinstance(app.screen, HelpPanel)
        text = screen_text(app)
        assert "help: source" in text
        assert "the disk when it is shown" in text
        assert "Change the order: proved, severity, file, rule" in text
        await pilot.press("escape")
        assert isinstance(app.screen, FindingsScreen)


async def test_palette_finds_by_letters_and_runs(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("colon")
        await settle(pilot)
        assert isinstance(app.screen, Palette)
        await pilot.press(*"stored", "enter")
        await settle(pilot)
        assert isinstance(app.screen, RunsScreen)


async def test_palette_moves_with_arrows_and_changes_the_theme(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p", *"themerepro", "down", "enter")
        await settle(pilot)
        assert app.theme == "repro-light"
        await pilot.press("T")
        assert app.theme == "high-contrast"


async def test_a_key_that_cannot_act_says_why(make_app: Any, settle: Any, screen_text: Text) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("l")
        assert "No two runs were compared yet" in screen_text(app)


async def test_dialog_starts_a_twice_run_and_shows_the_verdict(
    make_app: Any, settle: Any, screen_text: Text, fakes: Any
) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("t")
        await settle(pilot)
        assert isinstance(app.screen, RunDialog)
        app.screen.query_one("#command", Input).value = "train.py --lr 0.1"
        app.screen.query_one("#steps", Input).value = "50"
        await pilot.press("tab", "tab")
        assert app.focused is app.screen.query_one("#isolate")
        app.screen.query_one("#isolate", Input).value = "copy"
        await pilot.press("enter")
        await settle(pilot)
        request = fakes.requests[-1]
        assert request.command == ("python", "train.py", "--lr", "0.1")
        assert (request.steps, request.isolate) == (50, "copy")
        assert isinstance(app.screen, DivergenceScreen)
        assert "DIVERGENT at step 3" in screen_text(app)


async def test_r_offers_the_last_program_again(make_app: Any, settle: Any, fakes: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("t", "enter")
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)
        assert isinstance(app.screen, RunDialog)
        assert app.screen.query_one("#command", Input).value == "train.py --epochs 1"
        await pilot.press("escape")
        assert len(fakes.requests) == 1


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("command", "", "program: type what to run"),
        ("command", "train.py 'x", "close the quotes"),
        ("steps", "many", "steps: a whole number of at least 1, not `many`"),
        ("steps", "0", "steps: a whole number of at least 1, not `0`"),
        ("isolate", "venv", "isolate: `none` or `copy`, not `venv`"),
    ],
)
async def test_dialog_says_what_is_wrong(
    make_app: Any, settle: Any, screen_text: Text, fakes: Any, field: str, value: str, complaint: str
) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("t")
        await settle(pilot)
        app.screen.query_one(f"#{field}", Input).value = value
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, RunDialog)
        assert complaint in screen_text(app)
        assert not fakes.requests


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("train.py --epochs 1", ("python", "train.py", "--epochs", "1")),
        ("-m package.train 'a b'", ("python", "-m", "package.train", "a b")),
        ("torchrun --nproc-per-node 2 train.py", ("torchrun", "--nproc-per-node", "2", "train.py")),
        ("/opt/python train.py", ("/opt/python", "train.py")),
    ],
)
def test_typed_command_becomes_an_argv_and_back(text: str, command: tuple[str, ...]) -> None:
    assert parse_command(text) == command
    assert command_line(command) == text


async def test_progress_is_shown_and_ctrl_c_stops_the_job(
    make_app: Any, settle: Any, until: Any, screen_text: Text, fakes: Any
) -> None:
    fakes.hold = True
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Scanning: scan" in screen_text(app))
        await pilot.press("R")
        assert app.message[0] == "Scanning: ctrl+c stops it first."
        await pilot.press("ctrl+c")
        await settle(pilot)
        assert app.job is None
        assert "Stopped, the rest was not looked at: 8 findings in 38 files" in screen_text(app)


async def test_the_app_can_be_used_while_a_job_runs(make_app: Any, settle: Any, until: Any, fakes: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        fakes.hold = True
        await pilot.press("t", "enter")
        await until(pilot, lambda: app.job is not None)
        await pilot.press("1", "j")
        await pilot.resize_terminal(130, 40)
        await until(pilot, lambda: isinstance(app.screen, FindingsScreen) and app.screen.size == (130, 40))
        assert app.job is not None
        fakes.released.set()
        await settle(pilot)
        assert app.job is None
        assert isinstance(app.screen, FindingsScreen), "nobody is taken away from where they work"
        assert app.message[0].endswith("2 shows it.")


async def test_a_failing_program_is_quoted(make_app: Any, settle: Any, screen_text: Text, fakes: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        fakes.error = ProgramError("  File train.py\n  KeyError: 'lr'\nthe program failed with exit code 1")
        await pilot.press("t", "enter")
        await settle(pilot)
        assert isinstance(app.screen, TextPanel)
        assert "KeyError: 'lr'" in screen_text(app)
        await pilot.press("escape")
        await settle(pilot)
        assert "the program failed with exit code 1" in screen_text(app)


async def test_a_bug_of_ours_says_that_nothing_was_judged(
    make_app: Any, settle: Any, screen_text: Text, fakes: Any
) -> None:
    fakes.error = ValueError("no such column")
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "This is a bug in repro-audit" in screen_text(app)
        assert "ValueError: no such column" in screen_text(app)


async def test_q_quits_at_once_without_a_job(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("q")
        await pilot.pause()
        assert not app.is_running or app.return_code == 0


@pytest.mark.parametrize(("answer", "stays"), [("n", True), ("escape", True), ("s", False)])
async def test_q_asks_while_a_job_runs(make_app: Any, until: Any, fakes: Any, answer: str, stays: bool) -> None:
    fakes.hold = True
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.job is not None)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, Question))
        job = app.job
        await pilot.press(answer)
        await until(pilot, lambda: app.return_code is not None or not isinstance(app.screen, Question))
        assert (app.return_code is None) is stays
        assert job is not None
        assert job.is_cancelled is not stays
        fakes.released.set()


async def test_ctrl_c_twice_quits(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+c")
        assert app.message[0] == "ctrl+c again quits; so does q."
        assert app.return_code is None
        await pilot.press("ctrl+c")
        assert app.return_code == 0


async def test_escape_never_quits(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("escape", "escape", "escape")
        assert app.return_code is None


async def test_ctrl_z_suspends(make_app: Any, settle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    suspended: list[bool] = []
    monkeypatch.setattr(app, "action_suspend_process", lambda: suspended.append(True))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+z")
        assert suspended == [True]


async def test_e_opens_the_editor_at_the_line(
    make_app: Any, settle: Any, fakes: Any, shared_project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "vim -p")
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        assert fakes.editor == ["vim", "-p", "+15", str(shared_project.root / "train.py")]
        assert fakes.calls == ["scan", "scan"]


async def test_e_without_an_editor_says_what_to_set(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("e")
        assert app.message[0] == "Set VISUAL or EDITOR; the line is train.py:15."


async def test_y_copies_the_place_and_says_which_way(
    make_app: Any, settle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app()
    copied: list[str] = []
    monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("y")
        assert app.message[0] == "Copied `train.py:15` to the terminal's clipboard (OSC 52)."
        await pilot.press("Y")
        assert copied[0] == "train.py:15"
        assert copied[1].startswith("**RA101 unseeded-numpy** at `train.py:15`")


async def test_job_that_ends_under_a_panel_leaves_the_panel(make_app: Any, settle: Any, until: Any, fakes: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        fakes.hold = True
        await pilot.press("R", "question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpPanel))
        fakes.released.set()
        await settle(pilot)
        assert isinstance(app.screen, HelpPanel)
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, FindingsScreen)


def test_actions_of_the_app_are_few_lines() -> None:
    """`app.py` is no place for logic: what needs more than a few lines is a function in `actions`."""
    bodies = [inspect.getsource(value) for name, value in vars(AuditApp).items() if name.startswith("do_")]
    assert max(len(body.splitlines()) for body in bodies) <= 6
    assert all(callable(getattr(actions, name)) for name in ("copy", "edit", "stop", "ask_to_quit"))


async def test_picture_of_the_screen_asks_no_network(
    make_app: Any, settle: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("S")
        await settle(pilot)
        (path,) = tmp_path.glob("*.svg")
        assert str(path) in app.message[0]
        svg = path.read_text()
        assert "unseeded-numpy" in svg
        assert "http" not in svg.replace('xmlns="http://www.w3.org/2000/svg"', "")
