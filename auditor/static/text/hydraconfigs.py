"""What Hydra makes of a program's configuration: `@hydra.main(config_path=…, config_name=…)` says which one that is.

Only what stands in the named file and in the defaults that it lists: what a command line puts in their place is not
known.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.pattern import lazy_pattern

if TYPE_CHECKING:
    from auditor.static.documents.tree import Node

CONFIGURED = "[hydra]"
"""In place of a name of a module: what the configuration names, which the alias tells."""

Tree = dict[str, object]

MAX_FILES = 60
"""Files of one configuration that are read."""

MAX_DEPTH = 12
"""Defaults inside of defaults."""

MAX_TARGETS = 60
"""Things of one configuration that are made."""

TARGET = "_target_"

_MAIN = lazy_pattern(rb"^@hydra\.main\(([^()]{0,2000})\)", re.MULTILINE)
_GIVEN = lazy_pattern(rb"""\b(config_path|config_name)\s*=\s*["']([\w./-]+)["']""")
_GLOBAL = "# @package _global_"


def configuration_of(code: bytes) -> str | None:
    """Folder and name of the one configuration that a file asks Hydra for, with a `|` between; None without both."""
    asked = [dict(_GIVEN.findall(found[1])) for found in _MAIN.finditer(code)] if b"hydra.main(" in code else []
    given = asked[0] if len(asked) == 1 else {}
    if len(given) < 2:
        return None
    return f"{given[b'config_path'].decode()}|{given[b'config_name'].decode()}"


def targets_in(tree: object) -> Iterator[Tree]:
    """What is made of a part of a configuration, the inner ones first."""
    pending: list[object] = [tree]
    seen: set[int] = set()  # one part may stand in many places
    found: list[Tree] = []
    for part in pending:
        if not isinstance(part, dict | list) or id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, dict) and isinstance(part.get(TARGET), str):
            found.append(part)
        pending += part.values() if isinstance(part, dict) else part
        if len(found) >= MAX_TARGETS:
            break
    yield from reversed(found)


def composed(root: str, path: str, which: str, asked: set[str]) -> Tree:
    """The configuration that the program at a path gets; empty where there is none, or none that can be read.

    The files that it rests on, whether or not there are any, are added to `asked`.
    """
    where, _, name = which.partition("|")
    folder = os.path.normpath(os.path.join(os.path.dirname(path), where))
    if os.path.isabs(folder) or folder.startswith(".."):
        return {}
    reader = _Reader(root, folder.replace(os.sep, "/"), asked)
    found: Tree = {}
    reader.add(found, name.removesuffix(".yaml").removesuffix(".yml"), (), 0)
    return found


class _Reader:
    """Puts a configuration together out of the files of a folder."""

    def __init__(self, root: str, folder: str, asked: set[str]) -> None:
        self._root, self._folder = root, folder
        self._asked = asked
        self._read = 0

    def add(self, whole: Tree, name: str, package: tuple[str, ...], depth: int) -> None:
        """Merge a file, after the defaults that it lists, into the part of the whole that its package says."""
        text = self._text(name) if depth <= MAX_DEPTH else None
        content = _content(text) if text is not None else None
        if content is None or text is None:
            return
        if _GLOBAL in text:
            package = ()
        group = name.rpartition("/")[0]
        own = False
        listed = content.pop("defaults", None)
        for entry in listed if isinstance(listed, list) else ():
            if entry == "_self_":
                _merge(whole, package, content)
                own = True
            for chosen, where in _chosen(entry, group, package):
                self.add(whole, chosen, where, depth + 1)
        if not own:
            _merge(whole, package, content)

    def _text(self, name: str) -> str | None:
        self._read += 1
        if self._read > MAX_FILES or ".." in name.split("/"):
            return None
        for ending in (".yaml", ".yml"):
            path = f"{self._folder}/{name}{ending}"
            self._asked.add(path)
            file = os.path.join(self._root, path)
            if os.path.isfile(file):
                try:
                    with open(file, encoding="utf-8") as stream:
                        return stream.read()
                except (OSError, UnicodeDecodeError):
                    return None
        return None


def _content(text: str) -> Tree | None:
    from auditor.static.documents.yaml_tree import read_yaml

    try:
        root = next(read_yaml(text), None)
    except ProjectError:
        return None
    plain = _plain(root, {}) if root is not None else None
    return plain if isinstance(plain, dict) else None


def _plain(node: Node, known: dict[int, object]) -> object:
    """Dictionaries, lists and values; what is referred to many times is made once."""
    from auditor.static.documents.tree import Items, Scalar

    if isinstance(node, Scalar):
        return node.value
    if id(node) not in known:
        known[id(node)] = None  # what holds itself ends here
        if isinstance(node, Items):
            known[id(node)] = [_plain(each, known) for each in node.values]
        else:
            known[id(node)] = {entry.key: _plain(entry.value, known) for entry in node.entries}
    return known[id(node)]


def _chosen(entry: object, group: str, package: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Files, by name, and where their content goes: `- model: small`, `- optional /db@source: mysql`, `- base`."""
    if isinstance(entry, str) and entry != "_self_":
        yield (f"{group}/{entry}" if group else entry), package
    for key, options in entry.items() if isinstance(entry, dict) else ():
        asked, _, put = key.split(" ")[-1].partition("@")
        whole = asked.lstrip("/") if asked.startswith("/") or not group else f"{group}/{asked}"
        where = tuple(whole.split("/")) if asked.startswith("/") else (*package, *asked.split("/"))
        if put:
            where = () if put == "_global_" else tuple(put.split("."))
        for option in options if isinstance(options, list) else [options]:
            if isinstance(option, str):
                yield f"{whole}/{option}", where


def _merge(whole: Tree, package: tuple[str, ...], content: Tree) -> None:
    for name in package:
        inner = whole.get(name)
        if not isinstance(inner, dict):
            inner = whole[name] = {}
        whole = inner
    for key, value in content.items():
        known = whole.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            whole[key] = known = dict(known)
            _merge(known, (), value)
        else:
            whole[key] = dict(value) if isinstance(value, dict) else value
