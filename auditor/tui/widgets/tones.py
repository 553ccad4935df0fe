"""The styles of tones, kept by the screen: asked for once there instead of by each of its twenty widgets."""

from __future__ import annotations

from rich.style import Style
from textual.widget import Widget

from auditor.tui.lines import TONES

TONE_CLASSES = {*(f"tone-{tone}" for tone in TONES), "cursor-row", "cursor-mark"}
"""Component classes that every screen of ours declares; `app.tcss` gives them their colours."""


def tone_style(widget: Widget, name: str) -> Style:
    """Return the style of a component class, to be laid over the widget's own."""
    return widget.screen.get_component_rich_style(name, partial=True)
