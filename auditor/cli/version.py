"""The line of `--version`; torch is asked for its version without importing it."""

from __future__ import annotations

import platform

import auditor


def version_line() -> str:
    """`repro-audit 0.1.0 (python 3.11.7, torch 2.13.0)`."""
    return f"repro-audit {auditor.__version__} (python {platform.python_version()}, {_torch()})"


def _torch() -> str:
    from importlib import metadata  # slow, and only needed here

    try:
        return f"torch {metadata.version('torch').partition('+')[0]}"
    except metadata.PackageNotFoundError:
        return "no torch"
