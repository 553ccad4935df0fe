"""Readable in every theme of ours, and without any colour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.color import Color

from auditor.tui.app import AuditApp
from auditor.tui.lines import TONES
from auditor.tui.signs import ASCII
from auditor.tui.themes import THEMES

Text = Callable[[AuditApp], str]


def luminance(color: Color) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [value / 255 for value in color.rgb]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(Color.parse(first)), luminance(Color.parse(second))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [theme for theme in THEMES if not theme.ansi], ids=lambda theme: theme.name)
def test_text_has_the_contrast_that_wcag_asks_for(theme: Any) -> None:
    for name, value in {"foreground": theme.foreground, **theme.variables}.items():
        if name == "row-background":
            continue
        assert contrast(theme.background, value) >= 4.5, name
        if name.startswith("tone-"):
            assert contrast(theme.variables["row-background"], value) >= 4.5, f"{name} under the cursor"


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES] + ["textual-light", "nord"])
async def test_every_theme_draws_every_screen(make_app: Any, settle: Any, shared_project: Any, theme: str) -> None:
    app = make_app(shared_project.report(), theme=theme)
    async with app.run_test(size=(120, 40)) as pilot:
        for key in "1234":
            await pilot.press(key)
            await settle(pilot)
        for tone in TONES:
            style = app.screen.get_component_rich_style(f"tone-{tone}")
            assert style.color is not None, f"{tone} has no colour in {theme}"
        assert app.theme == theme


async def test_default_theme_uses_the_terminals_colours_only(make_app: Any, settle: Any, shared_project: Any) -> None:
    app = make_app(shared_project.report())
    async with app.run_test(size=(120, 40)) as pilot:
        for key in "12":
            await pilot.press(key)
            await settle(pilot)
            for strip in app.screen._compositor.render_strips():
                for segment in strip:
                    colors = [segment.style.color, segment.style.bgcolor] if segment.style else []
                    assert all(color is None or color.triplet is None for color in colors), segment


async def test_no_color_leaves_words_and_signs(
    make_app: Any, settle: Any, screen_text: Text, shared_project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app(shared_project.report())
    assert app.no_color
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "≠ step 3" in screen_text(app)
        await pilot.press("1")
        await settle(pilot)
        text = screen_text(app)
        assert "▌ error RA204" in text
        assert "▶   8 │" in text
        assert "≠ proved" in text


async def test_ascii_mode_is_ascii_on_every_screen(
    make_app: Any, settle: Any, screen_text: Text, shared_project: Any
) -> None:
    app = make_app(shared_project.report(), signs=ASCII)
    async with app.run_test(size=(120, 40)) as pilot:
        for key in ("1", "2", "3", "4", "question_mark", "escape", "colon"):
            await pilot.press(key)
            await settle(pilot)
            assert screen_text(app).isascii(), key
