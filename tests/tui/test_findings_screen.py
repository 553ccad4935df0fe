"""Every key of the findings screen, pressed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.tui.app import AuditApp
from auditor.tui.screens.findings import FindingsScreen
from auditor.tui.widgets.line_view import LineView
from auditor.tui.widgets.pane import Pane

Text = Callable[[AuditApp], str]
KEYS = {" ": "space", ":": "colon", "!": "exclamation_mark", "-": "minus"}


def findings_screen(app: AuditApp) -> FindingsScreen:
    assert isinstance(app.screen, FindingsScreen)
    return app.screen


async def test_scan_at_the_start_fills_the_list(make_app: Any, screen_text: Text, settle: Any, fakes: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert fakes.calls == ["scan"]
        assert "8 findings in 38 files" in screen_text(app)
        assert "1 not analysed" in screen_text(app)


async def test_proved_finding_stands_first(make_app: Any, shared_project: Any, settle: Any) -> None:
    app = make_app(shared_project.report())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("1")
        await settle(pilot)
        screen = findings_screen(app)
        assert [finding.rule_id for finding in screen.listed][:2] == ["RA204", "RA101"]


async def test_cursor_shows_source_and_explanation(make_app: Any, screen_text: Text, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("j", "j", "j")
        await settle(pilot)
        text = screen_text(app)
        assert "▶  11 │ torch.backends.cudnn.benchmark = True" in text
        assert "╰─ RA201 cudnn.benchmark chooses convolution algorithms" in text
        assert "patch 2 of 5  unsafe: convolutions may take longer" in text
        assert " + torch.backends.cudnn.benchmark = False" in text


@pytest.mark.parametrize(
    ("query", "rules"),
    [
        ("numpy", ["RA101", "RA302"]),
        ("rule:ra3", ["RA301", "RA302", "RA305", "RA306"]),
        ("sev:note", ["RA601"]),
        ("path:src !sev:error", ["RA302", "RA305", "RA306"]),
        ("rule:listdir-order", ["RA306"]),
    ],
)
async def test_filter_narrows_as_one_types(make_app: Any, settle: Any, query: str, rules: list[str]) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("slash")
        await pilot.press(*(KEYS.get(letter, letter) for letter in query))
        await settle(pilot)
        assert [finding.rule_id for finding in findings_screen(app).listed] == rules


async def test_enter_keeps_the_filter_and_escape_clears_it(make_app: Any, settle: Any, screen_text: Text) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"numpy", "enter")
        await settle(pilot)
        assert "2 of 8 findings" in screen_text(app)
        assert isinstance(app.focused, LineView)
        await pilot.press("escape")
        await settle(pilot)
        assert len(findings_screen(app).listed) == 8


async def test_escape_while_typing_clears_the_filter(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"numpy", "escape")
        await settle(pilot)
        assert len(findings_screen(app).listed) == 8
        assert not app.screen.query_one("#filter").display


async def test_filter_without_a_match_says_so(make_app: Any, settle: Any, screen_text: Text) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"zzz")
        await settle(pilot)
        assert "No finding matches `zzz`. esc clears the filter." in screen_text(app)


async def test_order_cycles(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen = findings_screen(app)
        firsts = []
        for _ in range(4):
            await pilot.press("o")
            await settle(pilot)
            firsts.append((screen.order, screen.listed[0].rule_id, screen.listed[0].location.path))
        assert firsts == [
            ("severity", "RA101", "train.py"),
            ("file", "RA306", "src/data.py"),
            ("rule", "RA101", "train.py"),
            ("proved", "RA101", "train.py"),
        ]


async def test_brackets_jump_between_files(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen = findings_screen(app)
        paths = []
        for key in ("right_square_bracket", "right_square_bracket", "left_square_bracket"):
            await pilot.press(key)
            await settle(pilot)
            paths.append(screen.current.location.path if screen.current else "")
        assert paths == ["src/data.py", "src/model/embed.py", "src/data.py"]


async def test_enter_goes_in_and_escape_comes_back(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen = findings_screen(app)
        await pilot.press("enter")
        assert screen.active_pane is screen.query_one("#source", Pane)
        await pilot.press("escape")
        assert screen.active_pane is screen.query_one("#list", Pane)


async def test_tab_goes_round_the_panes(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen = findings_screen(app)
        ids = []
        for key in ("tab", "tab", "tab", "shift+tab"):
            await pilot.press(key)
            ids.append(screen.active_pane.id if screen.active_pane else "")
        assert ids == ["source", "patch", "why", "patch"]


async def test_enter_on_a_related_place_shows_its_source(make_app: Any, settle: Any, screen_text: Text) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("tab", "tab", "tab")
        view = findings_screen(app).query_one("#why", Pane).view
        target = next(at for at in range(len(view.rows)) if view.rows.row(at, 80).target is not None)
        view.move_cursor(target)
        await pilot.press("enter")
        await settle(pilot)
        assert "source of a related place" in screen_text(app)
        assert "RA101" in screen_text(app)
        assert "╰─ also drawn from here" in screen_text(app)


async def test_zoom_gives_one_pane_the_screen(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        screen = findings_screen(app)
        await pilot.press("tab", "z")
        assert [pane.id for pane in screen.panes if pane.display] == ["source"]
        await pilot.press("z")
        assert all(pane.display for pane in screen.panes)


async def test_small_terminal_shows_one_pane_at_a_time(make_app: Any, settle: Any, screen_text: Text) -> None:
    app = make_app()
    async with app.run_test(size=(40, 12)) as pilot:
        await settle(pilot)
        screen = findings_screen(app)
        assert [pane.id for pane in screen.panes if pane.display] == ["list"]
        await pilot.press("enter")
        await settle(pilot)
        assert [pane.id for pane in screen.panes if pane.display] == ["source"]
        assert "too small" not in screen_text(app)


async def test_page_and_ends(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        view = findings_screen(app).query_one("#list", Pane).view
        places = []
        for key in ("G", "g", "pagedown", "pageup", "down", "up", "j", "k"):
            await pilot.press(key)
            places.append(view.cursor)
        assert places == [7, 0, view.size.height - 1, 0, 1, 0, 1, 0]


async def test_click_and_wheel_move(make_app: Any, settle: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        view = findings_screen(app).query_one("#list", Pane).view
        await pilot.click(view, offset=(5, 3))
        assert view.cursor == 3
        await pilot.double_click(view, offset=(5, 3))
        await settle(pilot)
        assert findings_screen(app).front == "source"


async def test_a_notebook_cell_is_shown_as_source(tmp_path: Path) -> None:
    from auditor.model.location import Location
    from auditor.tui.source import SourceReader

    (tmp_path / "book.ipynb").write_text('{"cells": [{"source": ["import x\\n", "x.go()\\n"]}, {"source": "y = 1"}]}')
    reader = SourceReader(tmp_path)
    assert reader.lines(Location(path="book.ipynb", line=2, cell=1)) == ("import x", "x.go()")
    assert reader.lines(Location(path="book.ipynb", line=1, cell=2)) == ("y = 1",)
    assert reader.lines(Location(path="book.ipynb", line=1, cell=9)) == ()


async def test_rescan_runs_the_scan_again(make_app: Any, settle: Any, fakes: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("R")
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)
        assert fakes.calls == ["scan", "scan", "scan"]


async def test_a_hundred_thousand_findings_are_drawn_a_page_at_a_time(
    make_app: Any, settle: Any, shared_project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from auditor.tui.drawing.findings import FindingRows

    report = replace(shared_project.report(), verdict=None, runs=())
    many = tuple(replace(report.findings[0], key=f"k{number}") for number in range(100_000))
    drawn: list[int] = []
    row = FindingRows.row
    monkeypatch.setattr(
        FindingRows, "row", lambda self, index, width: (drawn.append(index), row(self, index, width))[1]
    )
    app = make_app(replace(report, findings=many))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("G")
        await settle(pilot)
        assert findings_screen(app).query_one("#list", Pane).view.cursor == 99_999
        assert len(set(drawn)) < 40
