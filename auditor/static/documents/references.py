"""How programs refer to a configuration: Hydra's folder of configurations, a file name in the source text.

Asked for few files only: those that hold a setting which may matter and that their keys alone do not prove.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.pattern import lazy_pattern
from auditor.static.files.pinned import Pins
from auditor.static.syntax.source import SourceFile

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.ruleset.versions import Bound

_CONFIG_PATH = lazy_pattern(rb"config_path\s*=\s*[rf]?[\"']([^\"'\n]+)[\"']")
_IMPORTS = lazy_pattern(
    rb"^[ \t]*(?:import|from)[ \t][^\n]*\b(?:torch|tensorflow|jax|flax|keras|sklearn|lightning|pytorch_lightning"
    rb"|transformers|mxnet|paddle|numpy)\b",
    re.MULTILINE,
)
_NAME = lazy_pattern(rb"[\w./-]+\.(?:ya?ml|toml|json)\b")


class References:
    """What the program files of a project say about configurations."""

    def __init__(self, root: Path, files: Iterable[SourceFile]) -> None:
        self._files = tuple(files)
        self._pins = Pins(root)

    def fit(self, bounds: tuple[Bound, ...]) -> bool:
        """Whether the project's versions are known to fulfil all of some bounds."""
        return self._pins.fit(bounds) is True

    def readers(self, path: str) -> frozenset[str]:
        """`hydra` where the file lies in a folder that a Hydra program names, `name` where a program names the file."""
        found = set()
        if any(path.startswith(folder + "/") for folder in self._hydra_folders):
            found.add("hydra")
        if any(_is_meant(path, named, here) for named, here in self._names.get(path.rpartition("/")[2], ())):
            found.add("name")
        return frozenset(found)

    @property
    def _hydra_folders(self) -> frozenset[str]:
        return self._read[0]

    @property
    def _names(self) -> Mapping[str, set[tuple[str, str]]]:
        """File name → path that a program names, and the folder of the program, which computes."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[frozenset[str], Mapping[str, set[tuple[str, str]]]]:
        folders: set[str] = set()
        names: dict[str, set[tuple[str, str]]] = {}
        for source in self._files:
            raw = _bytes(source)
            here = posixpath.dirname(source.path)
            if b"hydra" in raw:
                for match in _CONFIG_PATH.finditer(raw):
                    folder = posixpath.normpath(posixpath.join(here, match[1].decode("utf-8", "replace")))
                    if folder not in (".", "..") and not folder.startswith("../"):
                        folders.add(folder)
            if _IMPORTS.search(raw):
                for match in _NAME.finditer(raw):
                    named = posixpath.normpath(match[0].decode().lstrip("/"))
                    names.setdefault(posixpath.basename(named), set()).add((named, here))
        return frozenset(folders), names


def _is_meant(path: str, named: str, here: str) -> bool:
    """Whether a program in the folder `here` that names `named` may mean the file at `path`."""
    while named.startswith("../"):
        named = named[3:]
    if "/" in named:
        return path == named or path.endswith("/" + named)
    folder = posixpath.dirname(path)
    return not folder or not here or f"{folder}/".startswith(f"{here}/") or f"{here}/".startswith(f"{folder}/")


def _bytes(source: SourceFile) -> bytes:
    """The bytes, which are let go of again where nobody else holds them."""
    was_read = source.is_read
    try:
        return source.raw()
    except ProjectError:
        return b""
    finally:
        if not was_read:
            source.forget()
