"""`docs/tui.md` lists every key, from the same table as the key line, the help and the palette."""

from __future__ import annotations

import os
from pathlib import Path

from auditor.tui.app import SCREENS, make_screen
from auditor.tui.commands import EVERYWHERE, MOVES, Command, shown_key

PAGE = Path(__file__).parents[2] / "docs" / "tui.md"
START = "<!-- keys: written by tests/tui/test_documentation.py -->\n"
END = "<!-- end of keys -->"


def key_table() -> str:
    """The keys as a Markdown table; `REWRITE_KEYS=1` puts it into the page."""
    lines = ["| key | where | what |", "|---|---|---|"]

    def add(command: Command, where: str) -> None:
        lines.append(f"| `{shown_key(command)}` | {where} | {command.help} |")

    lines += [f"| `{keys}` | lists | {what} |" for keys, what in MOVES]
    for name in SCREENS:
        for command in make_screen(name).ACTIONS:
            add(command, name)
    for command in EVERYWHERE:
        add(command, "everywhere")
    return "\n".join(lines).replace("|RA", "\\|RA") + "\n"


def test_page_lists_the_keys_as_they_are() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(START)
    kept, after = rest.split(END)
    if os.environ.get("REWRITE_KEYS"):
        PAGE.write_text(f"{before}{START}{key_table()}{END}{after}", encoding="utf-8")
        kept = key_table()
    assert kept == key_table()


def test_picture_of_the_readme_asks_no_network() -> None:
    svg = (PAGE.parent / "images" / "tui.svg").read_text(encoding="utf-8")
    assert "http" not in svg.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "font-face" not in svg
