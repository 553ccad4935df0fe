"""The console scripts that a project's metadata name."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from auditor.model.pattern import lazy_pattern
from auditor.static.text.plainfile import read_plain

_TARGET = lazy_pattern(r"([\w.]+)\s*:\s*([\w.]+)")


def console_scripts(root: Path) -> tuple[tuple[str, str], ...]:
    """(module, function) of every console script that the project's metadata name, sorted."""
    found = {
        *_from_pyproject(root / "pyproject.toml"),
        *_from_setup_cfg(root / "setup.cfg"),
        *_from_setup_py(root / "setup.py"),
    }
    return tuple(sorted(found))


def _targets(values: Iterable[object]) -> Iterator[tuple[str, str]]:
    for value in values:
        match = _TARGET.search(value) if isinstance(value, str) else None
        if match:
            yield match[1], match[2]


def _from_pyproject(path: Path) -> Iterator[tuple[str, str]]:
    try:
        text = read_plain(path)
    except OSError:
        return
    if b"scripts" not in text:
        return
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        document = tomllib.loads(text.decode("utf-8"))
    except ValueError:
        return
    for keys in (("project", "scripts"), ("project", "gui-scripts"), ("tool", "poetry", "scripts")):
        table: object = document
        for key in keys:
            table = table.get(key) if isinstance(table, dict) else None
        if isinstance(table, dict):
            yield from _targets(table.values())


def _from_setup_cfg(path: Path) -> Iterator[tuple[str, str]]:
    try:
        text = read_plain(path).decode("utf-8")
    except (OSError, ValueError):
        return
    if "entry_points" not in text:
        return
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except (ValueError, configparser.Error):
        return
    for key in ("console_scripts", "gui_scripts"):
        yield from _targets(parser.get("options.entry_points", key, fallback="").splitlines())


def _from_setup_py(path: Path) -> Iterator[tuple[str, str]]:
    try:
        raw = read_plain(path)
    except OSError:
        return
    if b"entry_points" not in raw:
        return
    import ast

    from auditor.static.syntax.nodes import walk

    try:
        tree = ast.parse(raw)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    named = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "entry_points":
            given = named.get(node.value.id, node.value) if isinstance(node.value, ast.Name) else node.value
            texts = [leaf.value for leaf in walk(given) if isinstance(leaf, ast.Constant)]
            for text in texts:
                yield from _targets(str(text).splitlines())
