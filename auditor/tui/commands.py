"""What a person can do: one table that makes the keys, the key line, the help and the palette."""

from __future__ import annotations

from auditor.model.lean import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """An action with its keys and its words."""

    id: str
    """Runs `do_<id>` of the screen or the app; `why_not_<id>`, where there is one, says why it cannot run now."""

    keys: str
    """Comma separated, as Textual names them; the first is shown."""

    label: str
    """At most two words, for the key line."""

    help: str
    """One sentence without a full stop, for help and palette."""

    on_line: bool = False
    """Shown in the key line."""


_SHOWN = {
    "slash": "/",
    "question_mark": "?",
    "colon": ":",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "equals_sign": "=",
    "escape": "esc",
    "space": "space",
    "asterisk": "*",
}


def shown_key(command: Command) -> str:
    """Return the command's first key as a person would type it."""
    key = command.keys.split(",")[0]
    return _SHOWN.get(key, key)


EVERYWHERE = (
    Command("show_findings", "1", "Findings", "Show what the scan found"),
    Command("show_divergence", "2", "Divergence", "Show where two runs part"),
    Command("show_cost", "3", "Cost", "Show what deterministic mode costs"),
    Command("show_runs", "4", "Runs", "List the stored runs"),
    Command("next_pane", "tab", "next pane", "Go to the next pane"),
    Command("previous_pane", "shift+tab", "previous pane", "Go to the pane before"),
    Command("leave", "escape", "back", "Go back: out of a filter, a zoom, a pane"),
    Command("zoom", "z", "zoom", "Give the pane the whole screen, or take it back"),
    Command("copy", "y", "copy", "Copy the location, or the row, under the cursor"),
    Command("copy_more", "Y", "copy all", "Copy it as Markdown with its evidence"),
    Command("edit", "e", "edit", "Open the line in $VISUAL or $EDITOR"),
    Command("run_twice", "t", "run twice", "Run a program two times and compare the runs", True),
    Command("again", "r", "run again", "Run again what this screen shows", True),
    Command("rescan", "R", "rescan", "Scan the project again; nothing is executed"),
    Command("palette", "colon,ctrl+p", "commands", "Find any command by its name", True),
    Command("messages", "m", "messages", "Read in full what the message line said, the newest first"),
    Command("help", "question_mark", "help", "Explain this pane and list its keys", True),
    Command("stop", "ctrl+c", "stop", "Copy the selection, else stop the job, else (twice) quit"),
    Command("suspend", "ctrl+z", "suspend", "Suspend the program; fg brings it back"),
    Command("save_picture", "S", "picture", "Save the screen as an SVG file, to send to someone"),
    Command("next_theme", "T", "theme", "Change to the next colour theme"),
    Command("quit", "q,ctrl+q", "quit", "Quit; asks only while a job runs", True),
)

MOVES = (
    ("j k ↓ ↑", "one row down, up"),
    ("g G", "first, last row"),
    ("pgdn pgup", "a page down, up"),
    ("enter esc", "go in, go back"),
)
