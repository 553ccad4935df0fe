"""Changes of one file → its new bytes; whatever is not changed stays as it is, to the byte."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.static.fixes.changes import Change
from auditor.static.fixes.writing.conflict import Conflict
from auditor.static.fixes.writing.filetext import FileText
from auditor.static.fixes.writing.plaintext import PlainText
from auditor.static.fixes.writing.python import PythonText
from auditor.static.text.linelength import DEFAULT

if TYPE_CHECKING:
    from auditor.static.fixes.writing.notebook import NotebookCode

__all__ = ["Composer", "Conflict", "compose"]


class Composer:
    """One file, read once, from which any set of changes can be composed."""

    def __init__(self, path: str, raw: bytes, line_length: int = DEFAULT, *, is_program: bool = False) -> None:
        """`path` tells what kind of file it is: `.py`, `.ipynb`, or some other text.

        `line_length`: lines of Python that a change makes longer are broken, if the file kept to it before.
        `is_program`: no other file imports this one; imports that changes leave without a use go with them.
        """
        self.path = path
        self.raw = raw
        self._line_length = line_length
        self._is_program = is_program
        self._last: tuple[list[Change], bytes] = [], raw
        """What was made of it last: whoever takes a patch away changes few files."""

    def compose(self, changes: Iterable[Change]) -> bytes:
        """Return the file with all changes; their order does not matter, equal ones are one.

        Raises `Conflict` where they cannot be made together, or one of them not at all.
        """
        wanted = sorted(set(changes), key=repr)
        if wanted == self._last[0]:
            return self._last[1]
        try:
            self._last = wanted, self._composed(wanted)
        except ProjectError as error:
            raise Conflict(str(error), wanted) from None
        return self._last[1]

    def _composed(self, changes: list[Change]) -> bytes:
        if self.path.endswith(".ipynb"):
            return self._notebook.compose(changes)
        text = self._source.compose(changes)
        try:
            return self._file.bytes_of(text)
        except UnicodeEncodeError as error:
            raise Conflict(f"the file's encoding {error.encoding} lacks a letter of the patch", changes) from None

    @cached_property
    def _file(self) -> FileText:
        return FileText(self.raw)

    @cached_property
    def _notebook(self) -> NotebookCode:
        from auditor.static.fixes.writing.notebook import NotebookCode

        return NotebookCode(self.raw)

    @cached_property
    def _source(self) -> PythonText | PlainText:
        if not self.path.endswith(".py"):
            return PlainText(self._file.text)
        return PythonText(self._file.text, self._line_length, is_program=self._is_program)


def compose(path: str, raw: bytes, changes: Iterable[Change], line_length: int = DEFAULT) -> bytes:
    """Return the bytes of a file with all changes made; see `Composer`."""
    return Composer(path, raw, line_length).compose(changes)


def path_of(change: Change) -> str:
    """The file that a change is made in."""
    for name in ("path", "call", "expression", "statement", "span"):
        value = getattr(change, name, None)
        if value is not None:
            return value if isinstance(value, str) else str(value.path)
    raise TypeError(f"a change without a place: {change!r}")
