"""Notebooks as source text: the code cells one after the other, with the way back to cell and line."""

from __future__ import annotations

import ast

from auditor.errors import ProjectError
from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern
from auditor.static.text.runmagic import as_import

_HELP = lazy_pattern(r"^\s*[\w.]+\?{1,2}\s*$")
_ASSIGNED_MAGIC = lazy_pattern(r"^(\s*[\w.,\s]+=\s*)[!%].*$")
_AUTOMAGIC = lazy_pattern(
    r"^\s*(?:(?:pip3?|conda|mamba|uv(?: pip)?) install\b|(?:autoreload|cd|load_ext|ls|matplotlib|mkdir) +[\w.~/-])"
)
"""What IPython takes for a magic without its sign."""


@dataclass(frozen=True, slots=True)
class NotebookText:
    """The code of a notebook; line n of `text` is line `places[n - 1][1]` of cell `places[n - 1][0]`, both from 1."""

    text: str
    places: tuple[tuple[int, int], ...]
    broken: tuple[int, ...] = ()
    """Cells that are no valid Python even without magics; they are left out."""


def read_notebook(text: str) -> NotebookText:
    """Join the code cells of a notebook, magics made harmless in place.

    Raises `ProjectError` where it is no notebook or not in Python. Cells of other languages (`%%bash`) become blank.
    """
    import json  # few projects have notebooks

    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProjectError(f"not a notebook: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("cells", document.get("worksheets")), list):
        raise ProjectError("not a notebook: no list of cells")
    _check_language(document)
    lines: list[str] = []
    places: list[tuple[int, int]] = []
    broken: list[int] = []
    for number, cell in enumerate(all_cells(document), 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        code = _parsable(cell_lines(cell))
        if code is None:
            broken.append(number)
            continue
        lines.extend(code)
        places.extend((number, line) for line in range(1, len(code) + 1))
    return NotebookText("\n".join(lines) + "\n", tuple(places), tuple(broken))


def _check_language(document: dict[str, object]) -> None:
    metadata = document.get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    language = kernel.get("language") if isinstance(kernel, dict) else None
    if isinstance(language, str) and language.lower() not in ("python", "python3", ""):
        raise ProjectError(f"notebook in {language}, not in Python")


def all_cells(document: dict[str, object]) -> list[object]:
    """The cells of a notebook; notebooks before version 4 keep them in worksheets."""
    cells = document.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = document.get("worksheets")
    found: list[object] = []
    for sheet in sheets if isinstance(sheets, list) else []:
        inside = sheet.get("cells") if isinstance(sheet, dict) else None
        found.extend(inside if isinstance(inside, list) else [])
    return found


def cell_lines(cell: dict[str, object]) -> list[str]:
    """The lines of a cell, as every version of the format keeps them."""
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n") if isinstance(source, str) else []


def _parsable(lines: list[str]) -> list[str] | None:
    """The lines as they are, else without magics (a line may begin with the operator `%`), else None."""
    for candidate in (lines, _without_magics(lines)):
        if _is_valid("\n".join(candidate) + "\n"):
            return candidate
    return None


def _is_valid(text: str) -> bool:
    try:
        compile(text, "<line>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _without_magics(lines: list[str]) -> list[str]:
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%") and first.split()[0] not in ("%%time", "%%timeit", "%%capture", "%%prun"):
        return [""] * len(lines)
    found = []
    goes_on = False
    for line in lines:
        # A backslash continues a command; what stands there is no Python either.
        plain = "" if goes_on else _without_magic(line)
        goes_on = (goes_on or plain != line) and line.rstrip().endswith("\\")
        found.append(plain)
    return found


def is_command(line: str) -> bool:
    """Whether a line of a cell installs, lists or shows something by a magic without its sign: `pip install torch`."""
    return _AUTOMAGIC.match(line) is not None


def _without_magic(line: str) -> str:
    """`pass` for `%matplotlib inline`, `!pip install x`, `name?`; the same indentation, so that blocks stay whole.

    What `%time` measures is executed: it stays, in its columns. What `%run` runs leaves its names, as an import does.
    """
    stripped = line.lstrip()
    if stripped.startswith("%run "):
        return as_import(line)
    if stripped.startswith("%time ") and _is_valid(timed := stripped.replace("%time ", "pass; ", 1)):
        return line[: len(line) - len(stripped)] + timed
    if stripped.startswith(("%", "!", "?")) or _HELP.match(line) or is_command(line):
        return line[: len(line) - len(stripped)] + "pass"
    assigned = _ASSIGNED_MAGIC.match(line)
    return f"{assigned[1]}None" if assigned else line
