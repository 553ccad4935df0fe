"""Imports of modules whose names are put together, read off the bytes: `import_module(f"models.{name}")`.

What a file may import so is every module of a package that its text names in such a place, or, where it lists its own
folder, every module beside it. `importcalls.py` tells which of these a single call may import.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from auditor.model.pattern import lazy_pattern

EVERY = "[*]"
"""Last part of a name that stands for all modules of a package; `.[*]`: of the folder of the file."""

COMPUTED = "[computed]"
"""Stands among what a file imports by name where it imports something that nothing in it names."""

MAX_NAMED = 64
"""Modules of a package of which some are imported by their names; of more, a library's, a program needs few."""

MAX_SIBLINGS = 32
"""Modules of a file's own folder, as that imports all of them."""

MAX_WHOLE = 400
"""Texts of one file that may be names of modules."""

_CONSTANT = lazy_pattern(rb"""(?:_module|__)\(\s*["'][\w.]+["']\s*(?:,\s*(?:fromlist|level|globals)[^)]{0,200})?\)""")
_BEGINNING = lazy_pattern(rb"""["'](\.*[A-Za-z_][\w.]*\.)(\w*)(?:["']\s*\+|\{|%s)""")
_BEHIND = lazy_pattern(rb"""[^{}"'\n]{0,100}?(?:\}|\+\s*["'])?(\w{0,60})((?:\.[A-Za-z_]\w*){1,4})["']""")
"""What stands behind the part that is put in: `.model` of `"models.{}.model"`, `"models." + name + ".model"`."""

_LINKED = lazy_pattern(rb"""(["'])\.\1\.join\(\s*[\[(]\s*((?:["'][A-Za-z_][\w.]*["']\s*,\s*)+)(?!["'\])\s])""")
"""`".".join(["models", name])`: the texts before the first part that is put in."""

_TEXT = lazy_pattern(rb"[\w.]+")
_WHOLE = lazy_pattern(rb"""["']([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)["']""")
_LISTING = lazy_pattern(
    rb"\b(?:listdir|scandir|glob|rglob|iglob|iterdir|iter_modules|walk_packages|find_modules|walk)\("
)
_OWN = lazy_pattern(rb"(?<![\w.])__(?:file|path)__\b")
"""Of the file itself; `nets.__path__` is that of another package."""

_RELATIVE = lazy_pattern(rb"\b(?:import_module|__import__)\([^)\n]{0,300}\b__(?:name|package)__\b")
_BESIDE = lazy_pattern(rb"""\b(?:import_module|__import__)\(\s*f?["']\.(\w*)(?:["']\s*\+|\{|%s)""")
_WITHIN = lazy_pattern(rb"""\bimport_module\([^)\n]{0,300},\s*(?:package\s*=\s*)?["']([\w.]+)["']\s*\)""")
_OPTION = lazy_pattern(rb"\b(?:import_module|__import__)\(\s*\w+\.(\w+)\s*\)")
_DEFAULT = lazy_pattern(
    rb"""\(\s*(?:["']-\w["']\s*,\s*)?["']--([\w-]+)["'][^()]{0,300}?\bdefault\s*=\s*["']([A-Za-z_][\w.]*)["']"""
)
"""An option, and the text that it is by default."""

_ENDING = lazy_pattern(rb"""\.endswith\(\s*["'](\w*)\.py["']""")


_EXECUTED = lazy_pattern(rb"""["'][^"'\n]{0,200}\bimport\s""")
"""A text that is put together to import something: `exec("from " + package + " import " + name)`."""


def executes_imports(code: bytes) -> bool:
    """Whether a file executes a text that imports something."""
    return b"exec(" in code and _EXECUTED.search(code) is not None


def is_computed(code: bytes, at: int) -> bool:
    """Whether the import at this place, behind the word `import`, is given anything but a text."""
    return code.startswith(b"(", at + (7 if code.startswith(b"_module", at) else 2)) and not _CONSTANT.match(code, at)


def computed_imports(code: bytes) -> Iterator[tuple[str, str]]:
    """What a file with such an import may import: names, and which modules of a package where they end with `EVERY`.

    A module whose whole name stands in a text (`models.a`) comes as it is, with `*`; `*/model` are the modules of this
    name in packages inside of it.
    """
    for found in _BEGINNING.finditer(code):
        name, begin = found[1].decode() + EVERY, found[2].decode()
        yield name, f"{begin}*"
        if behind := _BEHIND.match(code, found.end()):
            yield name, f"{begin}*{behind[1].decode()}/{behind[2].decode()[1:]}"
    for found in _LINKED.finditer(code):
        yield f"{'.'.join(part.decode() for part in _TEXT.findall(found[2]))}.{EVERY}", "*"
    for found in _WITHIN.finditer(code):
        yield f"{found[1].decode()}.{EVERY}", "*"
    for found in _BESIDE.finditer(code):
        yield f".{EVERY}", f"{found[1].decode()}*"
    for found in islice(_WHOLE.finditer(code), MAX_WHOLE):
        yield found[1].decode(), "*"
    options = {found[1].replace(b"-", b"_") for found in _OPTION.finditer(code)}
    for found in _DEFAULT.finditer(code) if options else ():
        if found[1].replace(b"-", b"_") in options:
            yield found[2].decode(), "*"
    if _RELATIVE.search(code) or (_LISTING.search(code) and _OWN.search(code)):
        endings = {found[1].decode() for found in _ENDING.finditer(code)}
        for ending in sorted(endings) if "" not in endings else ("",):
            yield f".{EVERY}", f"*{ending}"
        if not endings:
            yield f".{EVERY}", "*"
