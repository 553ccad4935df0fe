"""The text of a change, in which names stand in full between braces: `{torch.Generator}().manual_seed({0})`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_BRACE = re.compile(r"\{\{|\}\}|\{(?P<name>[A-Za-z_][\w.]*|\d+)\}|[{}]")


def filled(text: str, local: Callable[[str], str]) -> tuple[str, ...]:
    """The text with every name as `local` writes it, cut at each `{0}`."""
    parts = [""]
    for literal, name in _pieces(text):
        parts[-1] += literal
        if name == "0":
            parts.append("")
        elif name:
            parts[-1] += local(name)
    return tuple(parts)


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """Literal text, and the name that stands behind it."""
    at = 0
    for match in _BRACE.finditer(text):
        literal, brace = text[at : match.start()], match[0]
        at = match.end()
        if brace in ("{{", "}}"):
            yield literal + brace[0], None
        elif match["name"]:
            yield literal, match["name"]
        else:
            raise ValueError(f"a brace that encloses no name, in `{text}`; literal ones are doubled")
    yield text[at:], None
