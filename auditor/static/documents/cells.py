"""The code cells of a notebook as they stand, and in which order they were executed."""

from __future__ import annotations

from auditor.errors import ProjectError
from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern
from auditor.static.text.notebook import all_cells, cell_lines

_QUIET = (
    *("%autoreload", "%cd", "%conda", "%config", "%load_ext", "%matplotlib", "%pip", "%pylab", "%reload_ext"),
    *("!apt", "!conda", "!pip", "!pip3", "!nvidia-smi", "!python -m pip", "!python3 -m pip", "!sudo apt"),
    *("!df", "!free", "!git clone", "!head", "!ls", "!pwd", "!tail", "!uname"),
)
"""How magics and shell commands begin that compute nothing; `%run seed.py` and `%time` of a statement do."""

_COLAB = lazy_pattern(
    r"""(?i)(?:el)?if\b.*colab.*:|else:|try:|except(?: [\w.]+)?:"""
    r"""|\w*colab\w* *= *(?:True|False|["']google\.colab["'] in .*)|print\((["'])[^"'{}]*\1\)"""
)
"""A line that asks whether the notebook runs in Colab, or tells so; what it then does stands on lines of its own."""


_AND_MORE = lazy_pattern(r".*[;&|] *(?:\.?/|ba?sh\b|make\b|python|sh\b)")
"""A command that another one follows: `!git clone … data && python data/prepare.py`."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell; `number` counts all cells from 1."""

    number: int
    lines: tuple[str, ...]
    executed: int | None
    """The number that the kernel gave it; None where it was not executed or the number was removed."""

    @property
    def does_something(self) -> bool:
        """Whether anything but comments, magics and shell commands stands in it."""
        return any(line.strip() and line.strip()[0] not in "#%!" for line in self.lines)

    @property
    def sets_up(self) -> bool:
        """Whether nothing but imports stands in it, and commands that install something or say how to show it."""
        lines = [line.strip() for line in self.lines if line.strip()]
        code = [line for line in lines if not line.startswith(("#", *_QUIET)) or _runs_more(line)]
        asks = any("colab" in line.lower() for line in code)
        return all(
            (line.startswith(("import ", "from ")) and line[-1] not in "(\\," and ";" not in line)
            or (asks and _COLAB.fullmatch(line) is not None)
            for line in code
        )

    @property
    def looks(self) -> bool:
        """Whether it only shows what there is: prints, plots and displays, and names by themselves."""
        from auditor.static.documents.cellstatements import only_looks

        return only_looks(self._code())

    @property
    def given(self) -> frozenset[str]:
        """The names that it gives constants, functions and classes, where it does nothing else."""
        from auditor.static.documents.cellstatements import given

        return given(self._code())

    def _code(self) -> list[str]:
        return ["" if line.lstrip().startswith(_QUIET) else line for line in self.lines]


def read_cells(raw: bytes) -> tuple[Cell, ...]:
    """The code cells. Raises `ProjectError` where it is no notebook."""
    import json

    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ProjectError(f"not a notebook: {error}") from None
    found = []
    for number, cell in enumerate(all_cells(document) if isinstance(document, dict) else (), 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            executed = cell.get("execution_count", cell.get("prompt_number"))
            # Kernels count from 1; Colab writes 0 for a cell that was not executed.
            is_count = type(executed) is int and executed > 0
            found.append(Cell(number, tuple(cell_lines(cell)) or ("",), executed if is_count else None))
    return tuple(found)


def _runs_more(line: str) -> bool:
    return line.startswith("!") and _AND_MORE.match(line) is not None
