"""Where rule files lie: in a wheel, beside a checkout, and in the user's own folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from auditor.errors import RuleError

_PACKAGE = Path(__file__).resolve().parent.parent


def bundled_rules() -> Path:
    """Return the folder of the rules that came with this program.

    Wheels carry them as `auditor/_rules`; a checkout and an editable install have them as `rules/` beside the package.
    """
    for folder in (_PACKAGE / "_rules", _PACKAGE.parent / "rules"):
        if (folder / "libraries").is_dir():
            return folder
    raise RuleError(
        f"no rules found in {_PACKAGE / '_rules'} or {_PACKAGE.parent / 'rules'}; reinstall repro-audit, "
        "or run it from a complete checkout"
    )


def toml_files(folder: Path) -> tuple[Path, ...]:
    """Return every `.toml` under a folder, sorted by path; hidden folders are left out."""
    found: list[Path] = []
    for root, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if not name.startswith("."))
        found.extend(Path(root, name) for name in files if name.endswith(".toml"))
    return tuple(sorted(found))


def rule_folders(extra: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Return the bundled folder first, then the user's; a folder that does not exist is an error."""
    for folder in extra:
        if not folder.is_dir():
            raise RuleError(f"{folder}: no such folder of rules")
    return (bundled_rules(), *extra)
