"""What the terminal can do, asked before Textual starts."""

from __future__ import annotations

import locale
import os
from collections.abc import Mapping
from typing import TextIO

NEEDS_TERMINAL = "tui needs a terminal that can move its cursor; use `repro-audit scan` or `repro-audit run --twice`"


def refusal(stdin: TextIO, stdout: TextIO, environ: Mapping[str, str] = os.environ) -> str:
    """Return why no full-screen program can run here, or an empty text.

    Textual itself would fill a pipe with control codes and wait for keys that never come.
    """
    if not stdin.isatty():
        return f"{NEEDS_TERMINAL} (standard input is not a terminal)"
    if not stdout.isatty():
        return f"{NEEDS_TERMINAL} (standard output is not a terminal)"
    if environ.get("TERM", "") in ("", "dumb", "unknown"):
        return f"{NEEDS_TERMINAL} (TERM is {environ.get('TERM') or 'not set'})"
    return ""


def speaks_ascii(environ: Mapping[str, str] = os.environ, encoding: str | None = None) -> bool:
    """True where signs outside ASCII may come out wrong: asked for, no UTF-8, or a locale with wide `≠`."""
    if environ.get("REPRO_AUDIT_ASCII", "") not in ("", "0"):
        return True
    name = (encoding or locale.getpreferredencoding(False)).lower().replace("-", "").replace("_", "")
    if name != "utf8":
        return True
    language = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    return language[:2] in ("ja", "ko", "zh")
