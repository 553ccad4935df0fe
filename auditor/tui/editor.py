"""The person's own editor, at a line."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

_GOTO = {"code", "codium", "code-insiders", "cursor", "windsurf"}
_COLON = {"subl", "hx", "helix", "zed", "micro"}


def editor_command(path: Path, line: int, environ: Mapping[str, str] = os.environ) -> list[str] | None:
    """Return the command that opens `path` at `line`; None where neither $VISUAL nor $EDITOR is set."""
    words = shlex.split(environ.get("VISUAL") or environ.get("EDITOR") or "")
    if not words:
        return None
    name = Path(words[0]).name
    if name in _GOTO:
        return [*words, "--goto", f"{path}:{line}", "--wait"]
    if name in _COLON:
        return [*words, f"{path}:{line}"]
    return [*words, f"+{line}", str(path)]
