"""Copy text to where the person can paste it, and say which way it went.

Inside tmux a program's OSC 52 is dropped by default, but `tmux load-buffer -w` (3.2 and later) reaches the terminal's
clipboard. Without either, or for very long text, a file.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

LIMIT_BYTES = 100_000  # terminals cut longer OSC 52 sequences off, silently


def copy(
    text: str, write_osc52: Callable[[str], None], environ: Mapping[str, str] = os.environ, folder: Path | None = None
) -> str:
    """Copy text; return which way, in words: `tmux buffer`, `terminal (OSC 52)`, or a file's path."""
    data = text.encode("utf-8", "replace")
    if len(data) > LIMIT_BYTES:
        return _to_file(data, folder)
    if environ.get("TMUX") and _to_tmux(data):
        return "tmux buffer and clipboard"
    write_osc52(text)
    return "terminal's clipboard (OSC 52)"


def _to_tmux(data: bytes) -> bool:
    for arguments in (["load-buffer", "-w", "-"], ["load-buffer", "-"]):
        try:
            done = subprocess.run(["tmux", *arguments], input=data, capture_output=True, timeout=2, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
        if done.returncode == 0:
            return True
    return False


def _to_file(data: bytes, folder: Path | None) -> str:
    handle, name = tempfile.mkstemp(prefix="repro-audit-", suffix=".txt", dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    return name
