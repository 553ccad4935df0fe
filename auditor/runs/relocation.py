"""How a command runs in a copy of its project: which words, folders and variables have to name the copy."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from auditor.model.lean import dataclass

_ASK = """
import json, os, sys
found = list(sys.path)
for finder in sys.meta_path:
    module = sys.modules.get(getattr(finder, "__module__", ""))
    if "__editable__" in getattr(module, "__name__", ""):
        found += [os.path.dirname(place) for place in getattr(module, "MAPPING", {}).values()]
print(json.dumps(found))
"""


@dataclass(frozen=True, kw_only=True)
class Relocation:
    """From a project to a copy of it."""

    project: Path
    copy: Path

    def command(self, argv: Sequence[str], cwd: Path) -> list[str]:
        """The words, with paths into the project leading into the copy.

        A program named by a relative path that is not copied, such as that of a virtual environment, stays where it is.
        """
        words = [self.text(word) for word in argv]
        first = cwd / argv[0] if argv and os.sep in argv[0] else None
        if first is not None and first.exists() and not (self.copy / os.path.relpath(first, self.project)).exists():
            words[0] = str(first.absolute())
        return words

    def text(self, word: str) -> str:
        """One word of a command, or the value of a variable; `--data=/project/x` as well."""
        head, equals, tail = word.partition("=")
        if equals and tail.startswith(str(self.project)):
            return head + equals + self.path(tail)
        return self.path(word)

    def path(self, path: str) -> str:
        """A path, moved into the copy where it lies in the project."""
        project = str(self.project)
        if path == project or path.startswith(os.path.join(project, "")):
            return str(self.copy) + path[len(project) :]
        return path

    def variables(self, python: Path | None, cwd: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """What to set so that imports find the copy: the project may be installed in place (editable)."""
        given = [part for part in environ.get("PYTHONPATH", "").split(os.pathsep) if part]
        moved = [self.path(part) for part in given]
        installed = [self.path(part) for part in _import_path(python, cwd) if self.path(part) != part]
        added = [part for part in dict.fromkeys(installed) if part not in moved]
        changed = os.pathsep.join([*moved, *added])
        return {"PYTHONPATH": changed} if changed != os.pathsep.join(given) else {}


@functools.cache  # many replicas ask for the same interpreter
def _import_path(python: Path | None, cwd: Path) -> list[str]:
    """Folders that the interpreter imports from by itself, whatever it is told; none where it does not answer."""
    environ = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONSTARTUP")}
    try:
        ran = subprocess.run(
            [str(python or sys.executable), "-c", _ASK],
            cwd=os.sep,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        found = json.loads(ran.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return []
    return [os.path.realpath(part) for part in found if isinstance(part, str) and part]
