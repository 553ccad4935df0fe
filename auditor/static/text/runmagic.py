"""`%run other.ipynb` in a notebook: what it runs leaves its names there, as a star import of a module does."""

from __future__ import annotations

from keyword import iskeyword

from auditor.model.pattern import lazy_pattern

RUN = "_ipynb"
"""How the name ends under which a notebook is imported that another one runs."""

_RUN = lazy_pattern(r"^(\s*)%run\s+(?:-[in]\s+)*([\"']?)([\w./-]+)\2\s*(?:#.*)?$")
_NO_WORD = lazy_pattern(r"\W")


def as_import(line: str) -> str:
    """`from .lib.setup import *` for `%run lib/setup.py`, in its columns.

    `pass` where it is given arguments: which options these set is not followed.
    """
    found = _RUN.match(line)
    if found is None:
        return line[: len(line) - len(line.lstrip())] + "pass"
    *folders, name = [part for part in found[3].split("/") if part != "."] or [""]
    level = 1 + folders.count("..")
    module = run_name(name) if name.endswith(".ipynb") else name.removesuffix(".py")
    parts = [*(folder for folder in folders if folder != ".."), module]
    if found[3].startswith("/") or not all(part.isidentifier() and not iskeyword(part) for part in parts):
        return f"{found[1]}pass"
    return f"{found[1]}from {'.' * level}{'.'.join(parts)} import *"


def run_name(name: str) -> str:
    """The name under which a notebook is imported that another one runs: `_01_setup_ipynb` of `01-setup.ipynb`."""
    word = _NO_WORD.sub("_", name)
    return word if word.isidentifier() else f"_{word}"
