"""Which files a scan looks at: `.gitignore`, environments, build folders, symbolic links."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.digest import sha256
from auditor.model.finding import Skipped
from auditor.static.documents.kinds import document_kind
from auditor.static.syntax.source import SourceFile
from auditor.static.text.gitignore import IgnoreFile, is_ignored, parse_ignore_file, read_ignore_file
from auditor.static.text.projectroot import (
    ENVIRONMENT_MARKERS,
    checkout_of,
    is_environment,
    led_to,
    root_of,
)
from auditor.static.text.stamps import UNKNOWN, Print, stamp_of

SKIPPED_FOLDERS = frozenset(
    {
        "__pycache__", "__pypackages__", "node_modules", "site-packages", "dist-packages", "build", "dist", "_build",
        "buck-out", ".git", ".hg", ".svn", ".bzr", ".tox", ".nox", ".venv", ".direnv", ".eggs", ".cache",
        ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".ipynb_checkpoints", ".pytype", ".pyre",
        ".idea", ".vscode", ".trash",
    }
)  # fmt: skip
_TEST_FOLDERS = frozenset({"test", "tests"})
METADATA = frozenset({"pyproject.toml", "setup.cfg", "setup.py"})
"""Where console scripts are declared, at the top of a project."""

SUFFIXES = (".py", ".ipynb")
UNTOLD = "\ufffd"
"""Stands in the name of a file that the locale cannot say, which is not found by that name."""

_SPECIAL = frozenset({".gitignore", *ENVIRONMENT_MARKERS})


def find_root(paths: Sequence[Path]) -> Path:
    """The project that `paths` belong to; see `root_of`."""
    return Path(root_of([str(path) for path in paths]))


class Walked:
    """What a walk rested on: where all of it is as it was, another walk finds the same."""

    def __init__(self, settled_ns: int) -> None:
        """`settled_ns`: when whatever is believed by its stamp was changed at the latest."""
        self.folders: dict[str, Print] = {}
        """Folders that were listed, relative to the root: stamps from before, digests of what counts of their names."""

        self.links: dict[str, str] = {}
        """Paths that are links, or may have some in them: where they lead."""

        self.ignore_files: list[str] = []
        """Where ignore files are, or could be above what was asked for; relative to the root."""

        self.is_whole = True
        """False where something was met that stamps do not tell."""

        self.settled_ns = settled_ns


class Discovery:
    """One walk over what was asked for; `files` is sorted by path and holds no file twice."""

    def __init__(
        self,
        root: Path,
        exclude: Sequence[str] = (),
        cancelled: Callable[[], bool] | None = None,
        walked: Walked | None = None,
    ) -> None:
        """`walked`: takes what the walk rests on."""
        self.root = root
        self._inside = os.path.join(os.path.abspath(root), "")
        self.files: list[SourceFile] = []
        self.documents: list[SourceFile] = []
        """Configurations, launchers and the like; in no order."""

        self.asked: set[str] = set()
        """Documents that were asked for by name."""

        self.skipped: list[Skipped] = []
        self.test_paths: set[str] = set()
        """Files that are tests by their name or folder, seen from the path that was asked for."""

        self._exclude = parse_ignore_file("\n".join(exclude)) if exclude else None
        self._base = Path(checkout_of(str(root)))
        self._seen_folders: set[str] = set()
        self._seen_files: set[str] = set()
        self._links: list[tuple[str, int]] = []
        self._cancelled = cancelled or (lambda: False)
        self._walked = walked

    def add(self, paths: Iterable[Path]) -> None:
        """Walk `paths`, files or folders. Raises `UsageError` for one that does not exist."""
        asked = [Path(os.path.abspath(path)) for path in paths]
        for path, original in zip(asked, paths, strict=True):
            if not os.path.lexists(path):
                raise UsageError(f"{original}: no such file or folder")
        for path in sorted(asked):
            self._note_link(str(path))
            is_folder = os.path.isdir(path)
            self._depth = len(path.parts) - (not is_folder)
            if is_folder:
                self._walk(str(path), self._ignore_files_above(path))
            else:
                self._add_file(str(path))
                self.asked.update(document.path for document in self.documents[-1:] if document.file == path)
        while self._links:
            link, self._depth = self._links.pop(0)
            self._follow(link)
        self.files.sort(key=lambda file: file.path)

    def relative(self, path: str) -> str:
        """`path` as reports name it."""
        is_inside = path.startswith(self._inside)  # walked paths have nothing in them to be resolved
        text = path[len(self._inside) :] if is_inside else os.path.relpath(path, self.root)
        text = text.replace(os.sep, "/")
        return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    # -- folders --------------------------------------------------------------------------------------------------

    def _walk(self, folder: str, ignore: tuple[IgnoreFile, ...], real: str | None = None) -> None:
        """`real`: for a folder below one that was asked for, the folder without links in it."""
        is_below = real is not None
        real = os.path.realpath(folder) if real is None else real
        walked = self._walked
        if self._cancelled():
            if walked is not None:
                walked.is_whole = False
            return
        if real in self._seen_folders:
            return
        stamp = UNKNOWN if walked is None else stamp_of(folder, walked.settled_ns)
        try:
            entries = entries_of(folder)
        except OSError as error:
            if walked is not None:
                walked.is_whole = False
            if not (is_below and is_environment(folder)):
                self._seen_folders.add(real)
                reason = f"cannot be listed: {error.strerror}"
                self.skipped.append(Skipped(subject=self.relative(folder), reason=reason))
            return
        if walked is not None:
            walked.folders[self._place(folder)] = stamp, digest_of(entries)
        names = [name for name, _, _ in entries]
        if is_below and not ENVIRONMENT_MARKERS.isdisjoint(names):
            if is_environment(folder):
                return
            if walked is not None:
                walked.is_whole = False
        self._seen_folders.add(real)
        if ".gitignore" in names and (file := self._ignore_file(folder, self._below_base(folder))):
            ignore = (*ignore, file)
        below: list[str] = []
        is_test_folder = not _TEST_FOLDERS.isdisjoint(folder.split(os.sep)[self._depth :])
        inside, real_inside = os.path.join(folder, ""), os.path.join(real, "")
        for name, is_link, is_folder in entries:
            path = inside + name
            if is_link:
                self._note_link(path)
            if is_folder:
                if (self._exclude or ignore) and self._is_out(path, ignore, True):
                    continue
                if not is_link:
                    below.append(name)
                elif not is_environment(path):
                    self._links.append((path, self._depth))
            elif is_scanned(name, is_link):
                if (self._exclude or ignore) and self._is_out(path, ignore, False):
                    continue
                if is_link:
                    self._links.append((path, self._depth))
                else:
                    self._add(path, real_inside + name, is_test_folder or _is_named_as_of_tests(name))
        for name in below:
            self._walk(inside + name, ignore, real_inside + name)

    def _follow(self, link: str) -> None:
        """A symbolic link: what it leads to is scanned once, under its real name where that is in reach."""
        real = os.path.realpath(link)
        if os.path.isdir(link):
            if any(folder == real or folder.startswith(real + os.sep) for folder in self._seen_folders):
                return
            self._walk(link, self._ignore_files_above(Path(link)))
        elif not os.path.exists(link):
            reason = "symbolic link that leads nowhere or to itself"
            self.skipped.append(Skipped(subject=self.relative(link), reason=reason))
        elif real not in self._seen_files:
            self._add_file(link)

    def _add_file(self, path: str) -> None:
        self._add(path, os.path.realpath(path), is_test("/".join(path.split(os.sep)[self._depth :])))

    def _add(self, path: str, real: str, is_test: bool) -> None:
        if real in self._seen_files:
            return
        self._seen_files.add(real)
        source = SourceFile(self.relative(path), path)
        is_document = not path.endswith(SUFFIXES) and document_kind(os.path.basename(path)) is not None
        (self.documents if is_document else self.files).append(source)
        if is_test:
            self.test_paths.add(source.path)

    # -- what the walk rests on ----------------------------------------------------------------------------------

    def _place(self, path: str) -> str:
        """A path as it is kept, with the empty text for the root."""
        relative = self.relative(path)
        return "" if relative == "." else relative

    def _note_link(self, path: str) -> None:
        if self._walked is not None:
            self._walked.links[path] = led_to(path)

    # -- ignore files ---------------------------------------------------------------------------------------------

    def _is_out(self, path: str, ignore: tuple[IgnoreFile, ...], is_folder: bool) -> bool:
        if self._exclude and self._exclude.verdict(self.relative(path), is_folder=is_folder):
            return True
        return bool(ignore) and is_ignored(self._below_base(path), ignore, is_folder=is_folder)

    def _ignore_files_above(self, folder: Path) -> tuple[IgnoreFile, ...]:
        found = [self._ignore_file(str(self._base), "", os.path.join(".git", "info", "exclude"))]
        try:
            parts = folder.relative_to(self._base).parts
        except ValueError:
            return ()
        for depth in range(len(parts)):
            above = self._base.joinpath(*parts[:depth])
            found.append(self._ignore_file(str(above), "/".join(parts[:depth])))
        return tuple(file for file in found if file)

    def _ignore_file(self, folder: str, below_base: str, name: str = ".gitignore") -> IgnoreFile | None:
        path = os.path.join(folder, name)
        if self._walked is not None:
            self._walked.ignore_files.append(self._place(path))
        return read_ignore_file(Path(path), below_base)

    def _below_base(self, path: str) -> str:
        relative = os.path.relpath(path, self._base).replace(os.sep, "/")
        return "" if relative == "." else relative


def find_files(
    root: Path,
    paths: Sequence[Path],
    exclude: Sequence[str],
    cancelled: Callable[[], bool] | None = None,
    walked: Walked | None = None,
) -> Discovery:
    """Walk `paths`, which lie in `root`."""
    found = Discovery(root, exclude, cancelled, walked)
    found.add(paths)
    return found


def is_test(path: str) -> bool:
    """Whether a path is a test's by its name or one of its folders."""
    *folders, name = path.split("/")
    return _is_named_as_of_tests(name) or any(folder in _TEST_FOLDERS for folder in folders)


def is_test_by_its_name(path: str) -> bool:
    """Whether nothing but the name of the file says so: it may be a program that tries a trained model."""
    *folders, name = path.split("/")
    return is_named_like_test(name) and not any(folder in _TEST_FOLDERS for folder in folders)


def folder_of_tests(path: str) -> str:
    """The outermost folder of a path that is called like one of tests, with a `/`; empty where none is."""
    folders = path.split("/")[:-1]
    place = next((number for number, folder in enumerate(folders, 1) if folder in _TEST_FOLDERS), 0)
    return "".join(f"{folder}/" for folder in folders[:place])


def suites(tests: Iterable[str]) -> set[str]:
    """Those folders of tests, as `folder_of_tests` gives them, in which a file is called like a test."""
    return {folder_of_tests(path) for path in tests if _is_named_as_of_tests(path.rpartition("/")[2])}


def _is_named_as_of_tests(name: str) -> bool:
    return name == "conftest.py" or is_named_like_test(name)


def is_named_like_test(name: str) -> bool:
    return name.startswith("test_") or name.endswith("_test.py")


Entry = tuple[str, bool, bool]
"""What counts of something in a folder: its name, whether it is a link, and whether it is, or leads to, a folder."""


def entries_of(folder: str) -> list[Entry]:
    """What a walk looks at in a folder, by name. Raises `OSError` where it cannot be listed."""
    found: list[Entry] = []
    with os.scandir(folder) as listing:
        for entry in listing:
            name = entry.name
            try:
                is_link, is_folder = entry.is_symlink(), entry.is_dir()
            except OSError:
                # A link that leads to itself.
                is_link, is_folder = True, False
            if is_folder:
                if name in SKIPPED_FOLDERS or name.endswith(".egg-info"):
                    continue
            elif not is_link and name not in _SPECIAL and not is_scanned(name, is_link):
                continue
            found.append((name, is_link, is_folder))
    found.sort()
    return found


def digest_of(entries: Sequence[Entry]) -> bytes:
    """What tells these from others."""
    return sha256(
        "\0".join([f"{name}/{is_link}{is_folder}" for name, is_link, is_folder in entries]).encode(
            "utf-8", "surrogateescape"
        )
    ).digest()


def is_scanned(name: str, is_link: bool) -> bool:
    """Whether a file of this name is looked at, unless it is ignored."""
    return name.endswith(SUFFIXES) or (not is_link and document_kind(name) is not None)
