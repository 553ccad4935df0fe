"""One file of the project: its bytes, its text, its tree; each made once and only when asked for."""

from __future__ import annotations

import codecs
import gc
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.pattern import lazy_pattern

if TYPE_CHECKING:
    import ast

if TYPE_CHECKING:
    from auditor.static.text.sketch import Sketch

MAX_BYTES = 4_000_000
"""Larger files are skipped: they are data or generated, and parsing takes about 100 times their size in memory."""

MAX_NOTEBOOK_BYTES = 60_000_000
"""Notebooks carry their pictures; only the code counts, which has the limit of other files."""

_CODING = lazy_pattern(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_PYTHON_2 = lazy_pattern(
    rb"^\s*(?:print\s+[\"'\w]|exec\s+[\"'\w]|except\s+[\w.]+\s*,\s*\w+\s*:|raise\s+\w+\s*,)", re.MULTILINE
)
_BLANK = b" \t\f"
_HASH = ord("#")
_OLD_KEYWORD = lazy_pattern(r"\basync(?=\s*=[^=])")
"""`.cuda(async=True)` of programs that were written for a Python in which `async` was no keyword."""

_FORMATTED = lazy_pattern(r"\b[fF][rR]?[\"']|\b[rR][fF][\"']")
_AS_A_NAME = "asynk"
"""What stands for it in the tree: as long, so that every place stays where it is."""


class SourceFile:
    """A `.py` file or a notebook.

    `raw`, `text` and `tree` raise `ProjectError` with the reason where the file cannot be read, decoded or parsed.
    """

    def __init__(self, path: str, file: Path | str) -> None:
        self.path = path
        """Relative to the project's root, with `/`."""

        self._place = file
        self.is_notebook = path.endswith(".ipynb")
        self.places: tuple[tuple[int, int], ...] = ()
        """For a notebook: cell and line in the cell of each line of the text."""

        self.broken_cells: tuple[int, ...] = ()
        self.sketch: Sketch | None = None
        """What the bytes tell, once they were looked over (`Project.sketch`)."""

        self._raw: bytes | None = None
        self._code: bytes | None = None
        self._size_bytes: int | None = None

    @property
    def file(self) -> Path:
        """Where it lies. Most files are never asked: a path takes longer to make than to look up its stamp."""
        return Path(self._place)

    def raw(self) -> bytes:
        """The file's bytes, kept after the first time."""
        if self._raw is None:
            self._raw = _read(self._place, MAX_NOTEBOOK_BYTES if self.is_notebook else MAX_BYTES)
            self._size_bytes = len(self._raw)
        return self._raw

    def code(self) -> bytes:
        """What words are searched in: without comments that have lines of their own, blank lines and byte order mark.

        Lines end with `\\n`. Of a notebook these are all of its bytes. Text in a string counts as code, but for lines
        of it that look like comments.
        """
        if self._code is None:
            raw = self.raw()
            if not self.is_notebook:
                raw = raw.removeprefix(codecs.BOM_UTF8)
                if b"\r" in raw:
                    raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
                lines = [line for line in raw.split(b"\n") if (rest := line.lstrip(_BLANK)) and rest[0] != _HASH]
                raw = b"\n".join((*lines, b""))
            self._code = raw
        return self._code

    def holds(self, text: bytes) -> bool:
        """Whether a text without line ends stands in the code, which is not put together for that."""
        if self._code is not None or self.is_notebook:
            return text in self.code()
        raw = self.raw()
        at = raw.find(text)
        while at >= 0:
            line = raw.rfind(b"\n", 0, at) + 1
            line = max(line, raw.rfind(b"\r", line, at) + 1)
            before = raw[line : at + 1] if line else raw[: at + 1].removeprefix(codecs.BOM_UTF8)
            if not before.lstrip(_BLANK).startswith(b"#"):
                return True
            at = raw.find(text, at + 1)
        return False

    @property
    def size_bytes(self) -> int:
        """How much there is to parse; 0 where the file cannot be read, and for notebooks, which carry pictures."""
        return 0 if self.is_notebook else self.stored_bytes

    @property
    def stored_bytes(self) -> int:
        """How large the file is; 0 where it cannot be read."""
        if self._size_bytes is None:
            try:
                self._size_bytes = os.stat(self._place).st_size
            except OSError:
                self._size_bytes = 0
        return self._size_bytes

    def know_size(self, size_bytes: int) -> None:
        """Be told how large the file is."""
        self._size_bytes = size_bytes

    @property
    def is_read(self) -> bool:
        """Whether the bytes are in memory."""
        return self._raw is not None

    def forget(self) -> None:
        """Let go of the bytes; they are read again when asked for."""
        self._raw = self._code = None

    def text(self) -> str:
        """The file as text, line ends as `\\n`; for a notebook its code."""
        raw = self.raw()
        if self.is_notebook:
            from auditor.static.text.notebook import read_notebook

            notebook = read_notebook(decoded(raw, "utf-8-sig"))
            self.places, self.broken_cells = notebook.places, notebook.broken
            if len(notebook.text) > MAX_BYTES:
                raise ProjectError(f"too large: {len(notebook.text):,} characters of code, the limit is {MAX_BYTES:,}")
            return notebook.text
        if b"\x00" in raw:
            raise ProjectError("not text: contains NUL bytes")
        text = decoded(raw, encoding_of(raw))
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def import_text(self) -> bytes:
        """Bytes in which import statements can be searched for: line ends are `\\n`, statements stand on one line."""
        raw = self.text().encode() if self.is_notebook else self.code()
        return raw.replace(b"\\\n", b" ") if b"\\\n" in raw else raw

    def parse(self, text: str, *, is_rewritten: bool = False) -> ast.Module:
        """The tree of a text; nothing is compiled to code."""
        import _ast  # `ast` takes 2 ms to load, and some files are parsed for their syntax alone
        import warnings

        enabled = gc.isenabled()
        gc.disable()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = compile(text, self.path, "exec", _ast.PyCF_ONLY_AST, dont_inherit=True)
        except SyntaxError as error:
            renamed = _OLD_KEYWORD.sub(_AS_A_NAME, text)
            if renamed != text:
                return self.parse(renamed)
            exchanged = text if is_rewritten else _for_this_python(text)
            if exchanged != text:
                with suppress(ProjectError):
                    return self.parse(exchanged, is_rewritten=True)
            raise ProjectError(self._complaint(error)) from None
        except (RecursionError, MemoryError):
            raise ProjectError("nested too deeply to be parsed") from None
        except (ValueError, OverflowError) as error:
            raise ProjectError(f"cannot be parsed: {error}") from None
        finally:
            if enabled:
                gc.enable()
        assert isinstance(tree, _ast.Module)
        if "marimo.App" in text:
            from auditor.static.text.marimo import with_cells_as_module

            return with_cells_as_module(tree)
        return tree

    def check(self, text: str) -> None:
        """Raise `ProjectError` where a text cannot be parsed, in half the time that its tree takes to make."""
        import symtable  # the same parser, and no object for each node
        import warnings

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                symtable.symtable(text, self.path, "exec")
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
            self.parse(text)  # scopes can be wrong too, which is no syntax error

    def _complaint(self, error: SyntaxError) -> str:
        if not self.is_notebook and _PYTHON_2.search(self.raw()):
            return f"syntax error in line {error.lineno}: this looks like Python 2"
        return f"syntax error in line {error.lineno}: {error.msg}"


def _for_this_python(text: str) -> str:
    """A text that cannot be parsed, with formatted strings as Pythons before 3.12 read them."""
    import sys

    if sys.version_info >= (3, 12) or not _FORMATTED.search(text):
        return text
    from auditor.static.syntax.nestedquotes import with_exchanged_quotes  # which few files need

    try:
        return with_exchanged_quotes(text)
    except RecursionError:  # strings in strings in strings
        return text


def _read(file: Path | str, limit: int) -> bytes:
    try:
        # O_NONBLOCK: opening a fifo that nobody writes to must not hang.
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise ProjectError(f"cannot be read: {error.strerror or error}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ProjectError("not a regular file")
        if status.st_size > limit:
            raise ProjectError(f"too large: {status.st_size:,} bytes, the limit is {limit:,}")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            # As much as there is: room for all that is allowed takes twice as long to come by as the file to read.
            raw = stream.read(status.st_size + 1)
            return raw if len(raw) <= status.st_size else raw + stream.read(limit - status.st_size)
    except OSError as error:
        raise ProjectError(f"cannot be read: {error.strerror or error}") from None
    finally:
        os.close(descriptor)


def encoding_of(raw: bytes) -> str:
    """The encoding by byte order mark or PEP 263, UTF-8 otherwise."""
    if raw.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for line in raw.split(b"\n", 2)[:2]:
        match = _CODING.match(line)
        if match:
            return match[1].decode("ascii", "replace")
        if line.strip() and not line.lstrip().startswith(b"#"):
            break
    return "utf-8"


def decoded(raw: bytes, encoding: str) -> str:
    """The text without a byte order mark. Raises `ProjectError` where the bytes are none in that encoding."""
    try:
        information = codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise ProjectError(f"unknown encoding {encoding!r}") from None
    try:
        text, _ = information.decode(raw)
    except (UnicodeError, ValueError) as error:
        raise ProjectError(f"not valid {encoding}: {getattr(error, 'reason', error)}") from None
    except Exception as error:  # codecs such as zlib raise errors of their own
        raise ProjectError(f"cannot be decoded as {encoding}: {error}") from None
    if not isinstance(text, str):
        raise ProjectError(f"{encoding!r} is no text encoding")
    return text
