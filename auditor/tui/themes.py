"""Colours. The default is the terminal's own 16 on its own background: right on dark and light, also through tmux."""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import Theme

_ANSI = {
    "ansi-background": "ansi_black",
    "ansi-foreground": "ansi_white",
    "tone-muted": "ansi_default",  # dim, by `:ansi` in app.tcss: bright black is invisible in some palettes
    "tone-accent": "ansi_cyan",
    "tone-error": "ansi_red",
    "tone-warning": "ansi_yellow",
    "tone-note": "ansi_cyan",
    "tone-good": "ansi_green",
    "tone-differs": "ansi_red",
    "code-keyword": "ansi_blue",
    "code-string": "ansi_green",
    "code-number": "ansi_cyan",
    "code-name": "ansi_cyan",
    "row-background": "ansi_default",
    "input-cursor-text-style": "reverse",
    "input-cursor-background": "ansi_default",
    "input-cursor-foreground": "ansi_default",
    "input-selection-background": "ansi_cyan",
    "input-selection-foreground": "ansi_black",
}

_DARK = {
    "tone-muted": "#949da7",
    "tone-accent": "#56b6c2",
    "tone-error": "#f47067",
    "tone-warning": "#d9a941",
    "tone-note": "#6cb6ff",
    "tone-good": "#6bc46d",
    "tone-differs": "#f47067",
    "code-keyword": "#b4a7f5",
    "code-string": "#96c6a0",
    "code-number": "#6cb6ff",
    "code-name": "#56b6c2",
    "row-background": "#263040",
}

_LIGHT = {
    "tone-muted": "#5c6470",
    "tone-accent": "#0b6e7d",
    "tone-error": "#b3261e",
    "tone-warning": "#835500",
    "tone-note": "#0a58a8",
    "tone-good": "#1a6b2b",
    "tone-differs": "#b3261e",
    "code-keyword": "#6a3fb0",
    "code-string": "#2b6a3c",
    "code-number": "#0a58a8",
    "code-name": "#0b6e7d",
    "row-background": "#dfe8f2",
}

_CONTRAST = {
    "tone-muted": "#d0d0d0",
    "tone-accent": "#00ffff",
    "tone-error": "#ff8080",
    "tone-warning": "#ffff00",
    "tone-note": "#a0d0ff",
    "tone-good": "#80ff80",
    "tone-differs": "#ff8080",
    "code-keyword": "#ffffff",
    "code-string": "#80ff80",
    "code-number": "#a0d0ff",
    "code-name": "#00ffff",
    "row-background": "#003a70",
}

TERMINAL = "terminal"

THEMES = (
    Theme(
        name=TERMINAL,
        ansi=True,
        primary="ansi_cyan",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        variables=_ANSI,
    ),
    Theme(name="repro-dark", primary="#56b6c2", foreground="#d5dae1", background="#14181f", surface="#14181f",
          panel="#1c222b", variables=_DARK),
    Theme(name="repro-light", primary="#0b6e7d", foreground="#1d2127", background="#fbfbf9", surface="#fbfbf9",
          panel="#eef0f2", dark=False, variables=_LIGHT),
    Theme(name="high-contrast", primary="#00ffff", foreground="#ffffff", background="#000000", surface="#000000",
          panel="#000000", variables=_CONTRAST),
)  # fmt: skip


def variable_defaults() -> Mapping[str, str]:
    """For Textual's own themes, which know none of our tones."""
    return _DARK
