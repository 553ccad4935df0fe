"""What the message line and the panels say: whole, without what a terminal would obey, and what counts first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import ProgramError
from auditor.model.location import Location
from auditor.tui.app import AuditApp
from auditor.tui.lines import fold
from auditor.tui.source import SourceReader

LONG = "RuntimeError: CUDA out of memory. Tried to allocate 20.00 GiB (GPU 0; 15.78 GiB total capacity) in the end"
FAILED = (
    f"  Traceback (most recent call last):\n    {LONG}\nthe program failed with exit code 1 (run r1, log /store/x.log)"
)


@pytest.fixture
def text_after(make_app: Any, settle: Any, screen_text: Callable[[AuditApp], str]) -> Callable[..., Any]:
    """The screen after some keys; a callable among them is called with the app."""

    async def drive(*keys: Any, size: tuple[int, int] = (80, 24)) -> str:
        app = make_app()
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            for key in keys:
                if callable(key):
                    key(app)
                else:
                    await pilot.press(key)
                await settle(pilot)
            return screen_text(app)

    return drive


async def test_a_long_message_says_which_key_reads_it_in_full(text_after: Callable[..., Any]) -> None:
    message = "one " * 30 + "and the next step"
    said = (lambda app: app.say("said before"), lambda app: app.say(message))
    assert "m reads on" in await text_after(*said)
    shown = await text_after(*said, "m")
    assert 0 < shown.index("and the next step") < shown.index("said before")


async def test_progress_is_not_kept_among_the_messages(text_after: Callable[..., Any]) -> None:
    shown = await text_after(lambda app: app.say("Running: step 3", "accent"), lambda app: app.say("Done."), "m")
    assert "Done." in shown
    assert "step 3" not in shown


async def test_a_failed_program_is_quoted_whole_and_our_sentence_stays(
    text_after: Callable[..., Any], fakes: Any
) -> None:
    def fail(app: AuditApp) -> None:
        fakes.error = ProgramError(FAILED)

    panel = await text_after(fail, "t", "enter")
    assert "run twice: failed" in panel
    assert "in the end" in panel
    assert "/store/x.log" in panel
    fakes.error = None
    assert " the program failed with exit code 1" in (await text_after(fail, "t", "enter", "escape"))


@pytest.mark.parametrize("screen", ["2", "4"])
async def test_the_operators_of_a_run_are_shown_in_a_panel(
    screen: str, make_app: Any, shared_project: Any, settle: Any, screen_text: Any, fakes: Any
) -> None:
    app = make_app(shared_project.report())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press(screen)
        await settle(pilot)
        await pilot.press("P")
        await settle(pilot)
        shown = screen_text(app)
    assert "profile" in fakes.calls
    assert "operators of " in shown
    assert "7 operators ran in 1,204 calls" in " ".join(shown.split())


async def test_the_end_of_what_a_run_printed_is_a_key_away(text_after: Callable[..., Any]) -> None:
    shown = await text_after("4", "L")
    assert "printed line 40" in shown
    assert "printed line 1\n" not in shown
    assert "printed line 1\n" in await text_after("4", "L", "g")


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_last_key_of_the_help_can_be_scrolled_to(size: tuple[int, int], text_after: Any) -> None:
    shown = await text_after("question_mark", "G", size=size)
    assert "Quit; asks only while a" in " ".join(shown.split())


async def test_while_stored_runs_are_compared_nothing_is_said_to_run(
    make_app: Any, settle: Any, until: Any, screen_text: Any, fakes: Any
) -> None:
    fakes.hold = True
    app = make_app(wanted_runs=("r1", "r2"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Nothing is run." in " ".join(screen_text(app).split()))
        shown = " ".join(screen_text(app).split())
        fakes.released.set()
        await settle(pilot)
    assert "The program runs" not in shown


async def test_a_pane_that_comes_back_shows_what_it_holds_now(make_app: Any, settle: Any, screen_text: Any) -> None:
    """`why` is hidden while there is a patch; it was drawn with the lines that it was hidden with."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.session.scanned = app.session.scanned.__class__(tool="repro-audit 0.1.0", project="p")
        app.redraw()
        await settle(pilot)
        shown = screen_text(app)
    below = shown[shown.rindex("── why") :].splitlines()[1:-3]
    assert not "".join(below).strip(" ▌")


def test_lines_of_a_source_are_those_that_python_counts(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_bytes("a = 1\n# page\x0c break, \u2028 and \x85\r\nb = 2\n".encode())
    lines = SourceReader(tmp_path).lines(Location(path="old.py", line=3, column=1))
    assert len(lines) == 3
    assert lines[2] == "b = 2"


def test_folded_lines_keep_their_indentation_and_lose_no_word() -> None:
    assert fold("    one two three", 12) == ["    one two", "    three"]
    assert fold("", 12) == [""]
    assert fold("a   b", 12) == ["a   b"]
    assert all(len(line) <= 20 for line in fold(" " * 30 + "deep " * 9, 20))
