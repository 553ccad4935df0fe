"""Which file of the project an import statement means.

A module is named by its file, a package by its `__init__.py`, a folder of modules without one by its path and a `/`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from auditor.model.pattern import lazy_pattern
from auditor.static.files.addedfolders import lines_with, named_folders
from auditor.static.files.hiddenfolders import named_in
from auditor.static.files.ownfolder import below_checkout
from auditor.static.files.ownname import may_mean_itself
from auditor.static.files.scriptfolder import script_folders
from auditor.static.text.computedimports import MAX_NAMED, MAX_SIBLINGS
from auditor.static.text.configurednames import ConfiguredNames, read_names
from auditor.static.text.hydraconfigs import Tree, composed
from auditor.static.text.plainfile import read_plain
from auditor.static.text.projectroot import is_importable
from auditor.static.text.runmagic import RUN, run_name

Lookup = tuple[int, str, str]
"""What is looked up for a file: (0, "a.b", "") for `import a.b`; (2, "a", "") for `from ..a import …`; a name in a
package as (-1, path of the package, name)."""

DATA = (
    ".bin", ".c", ".cfg", ".ckpt", ".cpp", ".csv", ".gz", ".h", ".html", ".ini", ".jpg", ".json", ".jsonl",
    ".log", ".lock", ".md", ".npy", ".npz", ".out", ".parquet", ".pdf", ".pickle", ".pkl", ".png", ".pt", ".pth",
    ".pyc", ".pyi", ".pxd", ".pyx", ".rst", ".safetensors", ".sh", ".so", ".svg", ".tar", ".tmp", ".toml", ".txt",
    ".yaml", ".yml", ".zip",
)  # fmt: skip
"""Endings of files that come and go while a project is worked on, and that no import can find."""

PATH_SETTERS = frozenset({"_init_path.py", "_init_paths.py", "config.py", "init_path.py", "init_paths.py"})
"""Files that the programs beside them import for what they add to `sys.path`; whether they do is not asked for."""

MAX_BESIDE = 40
"""Folders side by side in which a module is looked for that stands in none of those on the path."""

_OF_REPOSITORIES = (".git", "pyproject.toml", "requirements.txt", "setup.cfg", "setup.py")
"""What stands at the top of a repository, and in no package."""

_PROJECT_NAME = lazy_pattern(rb"""^\s*name\s*=\s*["']?([\w.-]+)""", re.MULTILINE)
_IMPORTED = lazy_pattern(rb"^[ \t]*(?:from|import)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)


class ImportPath:
    """Looks modules up in the folders that would be on `sys.path`, without listing the project."""

    def __init__(
        self,
        root: Path,
        libraries: frozenset[str] = frozenset(),
        packages: Callable[[], frozenset[str]] = frozenset,
        documents: Iterable[str] = (),
        scanned: Iterable[str] = (),
    ) -> None:
        """`libraries`: top-level names that rules know; where the project holds them itself they are not its own.

        `packages`: more such names, asked for where a folder without an `__init__.py` may be hidden by one of them.
        `documents`: paths of the configurations of the project. `scanned`: paths of its files; folders without any
        may be written to while they are looked into.
        """
        self._root = str(root)
        self._libraries = libraries
        self._packages = packages
        self._documents = documents
        self._scanned = scanned
        self._listings: dict[str, frozenset[str]] = {}
        self._found: dict[tuple[str, str], str | None] = {}
        self._files: dict[str, bool] = {}
        """Whether something is a file; most are asked about by many that import them."""

        self.configurations: set[str] = set()
        """Files of configurations that were asked for; some may not exist."""

        self._held_below: dict[str, dict[str, set[str]]] = {}
        """By folder: the modules that folders in it hold, with these."""

        self._searching: dict[str, bool] = {}
        """Whether a file imports several modules from folders that are not on the path otherwise."""

        self._naming: dict[tuple[str, str], bool] = {}
        """By file and folder: whether the file names a module that the folder holds."""

        self._added: dict[str, tuple[str, ...]] = {}
        """The folders that a file itself puts on `sys.path`, as far as it names them."""

    @property
    def listed_folders(self) -> frozenset[str]:
        """The folders in which anything was looked up so far; those that do not exist too."""
        return frozenset(self._listings)

    def names(self, folder: str) -> frozenset[str]:
        """What a folder holds that can be imported, or tells whose modules these are; empty where it is none."""
        return self._names(folder)

    def is_package(self, folder: str) -> bool:
        """Whether a folder has an `__init__.py`."""
        return self._is_file(_join(folder, "__init__.py"))

    def extends(self, path: str) -> bool:
        """Whether a file adds folders to `sys.path`."""
        return bool(self._folders_added(path))

    def know_names(self, folder: str, names: frozenset[str]) -> None:
        """Be told what a folder holds."""
        self._listings[folder] = names

    def look_up(self, asked: Lookup, importer: str) -> str | None:
        """Where something leads from a file."""
        level, name, below = asked
        if level < 0:
            return self.find_submodule(name, below)
        return self.find_relative(name, level, importer) if level else self.find_module(name, importer)

    def find_module(self, dotted: str, importer: str) -> str | None:
        """The module that `import dotted` in `importer` loads; None where it is none of the project's."""
        folder = _folder_of(importer)
        key = (dotted, folder)
        if key not in self._found:
            self._found[key] = self._find(dotted, folder)
        found = self._found[key]
        if found == importer and not importer.endswith("__init__.py"):
            # `import torch` in `utils/torch.py`, which another module imports; the library's own is itself. `from model
            # import Net` in `utils/model.py` means the `model` further up, and `import optuna` the library.
            if self._is_elsewhere(dotted) or may_mean_itself(self._root, importer, dotted):
                return None if self._is_elsewhere(dotted) else importer
            above = self._further_up(dotted, importer)
            return above or (None if dotted in self._packages() else importer)
        if found is not None and found.endswith("/") and self._means_library(dotted, found, importer):
            return None
        if found is None and self._may_be_added(dotted.partition(".")[0]):
            below = (self._below(base, dotted) for base in self._folders_added(importer))
            added = next(filter(None, below), None) or self._below_added_beside(dotted, folder)
            return added or self._below_on_search_path(dotted, importer) or self._below_itself(dotted)
        return found

    def find_relative(self, dotted: str, level: int, importer: str) -> str | None:
        """The module that `from <level dots>dotted import …` in `importer` names."""
        folder = _folder_of(importer)
        for _ in range(level - 1):
            if not folder:
                return None
            folder = _folder_of(folder)
        return self._below(folder, dotted) if dotted else self._package(folder)

    def find_submodule(self, package: str, name: str) -> str | None:
        """The module `name` inside a package or a folder; None where there is none."""
        if package.endswith("/"):
            return self._below(package.rstrip("/"), name)
        if package.endswith("/__init__.py") or package == "__init__.py":
            return self._below(_folder_of(package), name)
        return None

    def modules(self, package: str, which: str, importer: str) -> list[str]:
        """The modules of a package (`models.`, of a file's own `.`) whose names fit, after the packages around them.

        None of a package of which there are too many. `which` is what `computed_imports` tells.
        """
        dotted = package.lstrip(".").rstrip(".")
        level = len(package) - len(package.lstrip("."))
        parts = dotted.split(".") if not level else []
        around = [self.find_module(".".join(parts[:count]), importer) for count in range(1, len(parts))]
        found = self.find_relative(dotted, level, importer) if level else self.find_module(dotted, importer)
        if found is None or not found.endswith(("/", "/__init__.py")):
            return []
        folder = found.removesuffix("/").removesuffix("/__init__.py")
        names = {
            name.removesuffix(".py") for name in self._names(folder) if name.isidentifier() or name.endswith(".py")
        }
        own, _, inner = which.partition("/")
        begin, _, end = own.partition("*")
        names -= {"__init__", "__main__", "setup"}
        fitting = [name for name in sorted(names) if name.startswith(begin) and name.endswith(end)]
        if inner:
            holding = [name for name in fitting if self._below(folder, f"{name}.{inner}")]
            fitting = [part for name in holding for part in (name, f"{name}.{inner}")]
        modules = [module for name in fitting if (module := self._below(folder, name)) and not module.endswith("/")]
        packages = [each for each in (*around, found) if each is not None and not each.endswith("/")]
        return [*packages, *modules] if len(modules) <= (MAX_SIBLINGS if level else MAX_NAMED) else packages

    def composed(self, path: str, which: str) -> Tree:
        """The configuration that a file asks for; see `hydraconfigs.py`."""
        return composed(self._root, path, which, self.configurations)

    @cached_property
    def configured_names(self) -> ConfiguredNames:
        """What the documents of the project name."""
        return read_names(self._root, self._documents)

    def _find(self, dotted: str, folder: str) -> str | None:
        top = dotted.partition(".")[0]
        if not top or top in self._own_names:
            return None
        for base in self._bases(folder):
            names = self._names(base)
            if top not in names and f"{top}.py" not in names:
                continue
            if self._is_installation(base):
                # Each distribution there is a project of its own.
                inside = folder == _join(base, top) or folder.startswith(_join(base, top) + "/")
                if not inside or top in sys.stdlib_module_names or top in self._libraries:
                    continue
            found = self._below(base, dotted)
            if found and not (found.endswith("/") and self._comes_after(top, found, folder)):
                return found
        for own in script_folders(folder, self._names) if not self._is_elsewhere(top) else ():
            found = self._below(own, dotted)
            if found:
                return found
        return self._below("", dotted) if self._is_packaged_repository and self._may_be_added(top) else None

    def _is_elsewhere(self, name: str) -> bool:
        """Whether the standard library or a library that rules know has a module of that name."""
        return name in sys.stdlib_module_names or name in self._libraries

    def _comes_after(self, top: str, found: str, folder: str) -> bool:
        """Whether an installed module hides a folder without an `__init__.py`, as any of that name does.

        Scripts in a folder `sklearn` import the library; scripts beside a folder `datasets` may mean either.
        """
        return top in sys.stdlib_module_names or (f"{folder}/".startswith(found) and top in self._packages())

    def _means_library(self, top: str, folder: str, importer: str) -> bool:
        """Whether a file finds a folder under a library's name, and names no module in it; see `hiddenfolders.py`."""
        if "." in top or not (self._is_elsewhere(top) or top in self._packages()):
            return False
        if (importer, folder) not in self._naming:
            raw = lines_with(os.path.join(self._root, importer), top.encode())
            named = set(named_in(raw, top))
            self._naming[importer, folder] = any(not name or self._below(folder.rstrip("/"), name) for name in named)
        return not self._naming[importer, folder]

    def _may_be_added(self, top: str) -> bool:
        return bool(top) and not self._is_elsewhere(top) and top not in self._own_names

    def _below_added_beside(self, dotted: str, folder: str) -> str | None:
        """As `import _init_paths` lets `tools/train.py` import `lib/models`."""
        top = dotted.partition(".")[0]
        for setter in sorted(PATH_SETTERS & self._names(folder)):
            for base in self._folders_added(_join(folder, setter)):
                names = self._names(base)
                if top in names or f"{top}.py" in names:
                    return self._below(base, dotted)
        return None

    def _below_on_search_path(self, dotted: str, importer: str) -> str | None:
        """As `PYTHONPATH=src/models:src/data` lets `src/bin/train.py` import `src/models/encoder.py`.

        Who sets the variable is not asked; one module alone may as well be a library that has the name of a file.
        """
        top, folder = dotted.partition(".")[0], _folder_of(importer)
        holder = self._only_holder(top, folder)
        if holder is None:
            return None
        if importer not in self._searching:
            raw = lines_with(os.path.join(self._root, importer), b"import")
            names = sorted({name.decode() for name in _IMPORTED.findall(raw)})
            self._searching[importer] = sum(self._only_holder(name, folder) is not None for name in names) > 1
        return self._below(holder, dotted) if self._searching[importer] else None

    def _below_itself(self, dotted: str) -> str | None:
        """What stands below the top of the project, where an import calls that by its name; see `ownfolder.py`."""
        below = below_checkout(self._root, dotted)
        if below is None or dotted.partition(".")[0] in self._packages():
            return None
        return self._below("", below) if below else self._package("")

    def _further_up(self, dotted: str, importer: str) -> str | None:
        """What `from model import Net` means in `utils/model.py`: the `model` further up, where there is one."""
        folder, found = _folder_of(importer), importer
        while folder and found == importer:
            found = self._find(dotted, folder := _folder_of(folder)) or importer
        return found if found != importer else None

    def _only_holder(self, top: str, folder: str) -> str | None:
        """The only folder beside those above an importer that has a module which stands in none of these."""
        if top in self._packages() or not self._may_be_added(top) or self._find(top, folder) is not None:
            return None
        holders = {holder for base in self._bases(folder) for holder in self._beside(base).get(top, ())}
        return next(iter(holders)) if len(holders) == 1 else None

    def _beside(self, base: str) -> Mapping[str, set[str]]:
        """By name of a module: the folders in a folder that hold it; nothing where these are too many."""
        found = self._held_below.get(base)
        if found is None:
            found = self._held_below[base] = {}
            folders = folders_in(self._names(base))
            for each in folders if are_few(folders) else ():
                holder = _join(base, each)
                for name in self._names(holder) if holder in self._scanned_folders else ():
                    if name.endswith(".py"):
                        found.setdefault(name.removesuffix(".py"), set()).add(holder)
        return found

    @cached_property
    def _scanned_folders(self) -> frozenset[str]:
        return frozenset(map(_folder_of, self._scanned))

    def _folders_added(self, importer: str) -> tuple[str, ...]:
        """`sys.path.append("../utils")`, `sys.path.insert(0, join(HERE, "models"))`: seen from here, or from above."""
        found = self._added.get(importer)
        if found is None:
            folders: dict[str, None] = {}
            also_joined = importer.rpartition("/")[2] in PATH_SETTERS
            for named in named_folders(os.path.join(self._root, importer), also_joined=also_joined):
                for base in self._bases(_folder_of(importer)):
                    folder = os.path.normpath(_join(base, named)).replace("\\", "/")
                    if not os.path.isabs(named) and not folder.startswith("..") and folder != ".":
                        folders[folder] = None
            found = self._added[importer] = tuple(folders)
        return found

    def _bases(self, folder: str) -> list[str]:
        """Folders to look in: those above the importer that are no packages, the nearest first, and `src`."""
        bases = []
        current = folder
        while True:
            if not self._is_file(_join(current, "__init__.py")):
                bases.append(current)
            if not current:
                break
            current = _folder_of(current)
        if "src" not in bases:
            bases.append("src")
        return bases

    def _below(self, base: str, dotted: str) -> str | None:
        if dotted[-1:] == "." or ".." in dotted:
            return None  # as a text can be that names no module
        path = _join(base, dotted.replace(".", "/"))
        if self._is_file(f"{path}/__init__.py"):
            return f"{path}/__init__.py"
        if self._is_file(f"{path}.py"):
            return f"{path}.py"
        if path.endswith(RUN):
            return self._notebook(path)
        return f"{path}/" if path and self._is_folder(path) else None

    def _notebook(self, path: str) -> str | None:
        """The notebook that another one runs, by the name that stands for it."""
        folder, _, word = path.rpartition("/")
        names = (name for name in sorted(self._names(folder)) if name.endswith(".ipynb") and run_name(name) == word)
        return next((_join(folder, name) for name in names), None)

    def _package(self, folder: str) -> str:
        init = _join(folder, "__init__.py")
        return init if self._is_file(init) else f"{folder}/"

    def _is_file(self, path: str) -> bool:
        found = self._files.get(path)
        if found is None:
            folder, _, name = path.rpartition("/")
            found = name in self._names(folder) and os.path.isfile(os.path.join(self._root, path))
            self._files[path] = found
        return found

    def _is_folder(self, path: str) -> bool:
        """A folder that holds Python files or packages, directly or one level down."""
        folder, _, name = path.rpartition("/")
        if name not in self._names(folder):
            return False
        inside = self._names(path)
        if any(entry.endswith(".py") for entry in inside):
            return True
        return any("." not in entry and "__init__.py" in self._names(f"{path}/{entry}") for entry in sorted(inside))

    def _is_installation(self, base: str) -> bool:
        return any(name.endswith(".dist-info") for name in self._names(base))

    def _names(self, folder: str) -> frozenset[str]:
        """What a folder holds, listed once; nothing where it is none."""
        found = self._listings.get(folder)
        if found is None:
            # Listing what is no folder costs as much as listing it; the folder above knows.
            above, _, name = folder.rpartition("/")
            try:
                known = not folder or name in self._names(above) or name.endswith(DATA)
                found = importable(os.listdir(os.path.join(self._root, folder))) if known else frozenset()
            except OSError:
                found = frozenset()
            self._listings[folder] = found
        return found

    @cached_property
    def _is_packaged_repository(self) -> bool:
        """Whether the top is a package by mistake: people work in a repository from its top all the same."""
        return self.is_package("") and (
            not is_importable(str(self._root))
            or any(os.path.exists(os.path.join(self._root, name)) for name in _OF_REPOSITORIES)
        )

    @cached_property
    def _own_names(self) -> frozenset[str]:
        """Top-level names that the project publishes as the library of that name, as torch's own checkout does.

        Rules know them by the names that users import.
        """
        found = set()
        for file in ("pyproject.toml", "setup.cfg", "setup.py"):
            try:
                text = read_plain(Path(self._root, file))
            except OSError:
                continue
            found |= {match.decode("ascii", "replace").lower() for match in _PROJECT_NAME.findall(text)}
        return frozenset(found & self._libraries)


def importable(names: Iterable[str]) -> frozenset[str]:
    """The names in a folder without those that can be no module and are hardly ever that of a folder."""
    return frozenset([name for name in names if not name.endswith(DATA)])


def folders_in(names: Iterable[str]) -> list[str]:
    """What may be folders, of the names in one, sorted."""
    return sorted(name for name in names if "." not in name)


def are_few(folders: Sequence[str]) -> bool:
    """Whether what lies beside each other is few enough for looking into all of it."""
    return len(folders) <= MAX_BESIDE


def _folder_of(path: str) -> str:
    """As `os.path.dirname`, which takes three times as long, for paths in the project."""
    return path.rpartition("/")[0]


def _join(base: str, name: str) -> str:
    return f"{base}/{name}" if base else name
