"""Fields of a configuration class that Hydra's files fill: `cfg: Config` beside `seed: 3` in `conf/config.yaml`.

The class of a structured configuration says what a field is worth where no file does. What a command line puts in its
place is not known, nor which class a file without a schema is meant for: that it is this one, its keys say.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.fields import parameters_of
from auditor.static.resolution.instantiated import configuration_given, part_path
from auditor.static.resolution.values import ClassRef, Instance
from auditor.static.text.dotted import dotted_text

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.frame import Frame
    from auditor.static.syntax.bindings import Function
    from auditor.static.text.hydraconfigs import Tree

MAX_PROGRAMS = 20
"""Programs whose configurations are looked at; of more it is not known which of them hands its own on."""

_OWN = frozenset({"defaults", "hydra"})
"""What stands in a configuration for Hydra itself."""

MAX_SECTIONS = 500
"""Sections of one configuration."""


def is_composed(node: ast.Attribute, frame: Frame) -> bool:
    """Whether `cfg.train.seed` has a value in the configuration of the programs that get there.

    Only of what a function is handed: an object that the project makes, or a part that it stores, is none of Hydra's.
    """
    root, names = part_path(node)
    function = frame.function
    if isinstance(root, ast.Name) and isinstance(made := frame.module.origin(root), ast.Attribute):
        root, above = part_path(made)  # `part = cfg.train`
        names = [*above, *names]
    if function is None or not isinstance(root, ast.Name) or not _is_handed(root, function, frame):
        return False
    if frame.module.enclosing_function(root) is not function or _is_stored(node.value, frame):
        return False
    tree = configuration_given(frame.module, function, root.id)
    if tree:
        return _at(tree, names) is not None
    holder = frame.resolve(node.value)
    if not isinstance(holder, Instance) or not isinstance(holder.of, ClassRef):
        return False
    fields = frozenset(parameters_of(holder.of))
    trees = _configurations(frame.module)
    return bool(trees) and all(_is_in_section(tree, node.attr, fields) for tree in trees)


def _is_in_section(tree: Tree, name: str, fields: frozenset[str]) -> bool:
    """Whether the section that is the most like a class gives a field; where several are, each of them."""
    alike = [section for section in _sections(tree) if section.keys() - _OWN and fields >= section.keys() - _OWN]
    most = max((len(section.keys() - _OWN) for section in alike), default=0)
    nearest = [section for section in alike if len(section.keys() - _OWN) == most]
    return bool(nearest) and all(section.get(name) is not None for section in nearest)


def _is_handed(root: ast.Name, function: Function, frame: Frame) -> bool:
    """Whether a name is a parameter that is known by its annotation alone."""
    value = frame.resolve(root)
    is_known = isinstance(value, Instance) and value.made_by is None and isinstance(value.of, ClassRef)
    return is_known and root.id in [each.arg for each in (*function.args.posonlyargs, *function.args.args)]


def _is_stored(node: ast.expr, frame: Frame) -> bool:
    """Whether a part above the one that is asked for was stored: `cfg.train = Train()`."""
    while isinstance(node, ast.Attribute):
        text = dotted_text(node)
        if text and frame.find(text) is not None:
            return True
        node = node.value
    return False


def _at(tree: Tree, names: Sequence[str]) -> object:
    part: object = tree
    for name in names:
        part = part.get(name) if isinstance(part, dict) else None
    return part


def _configurations(module: ModuleFacts) -> list[Tree]:
    """What Hydra gives each of the programs that lead to a file, nothing to one that does not ask for it."""
    project = module.project
    programs = sorted({module.path, *project.programs.reaching(module.path)})
    programs = [path for path in programs if path != module.path or project.graph.asks_for_configuration(path)]
    if len(programs) > MAX_PROGRAMS:
        return []
    for path in programs:
        project.trace.note("content", path)
    return [project.graph.configuration(path) for path in programs]


def _sections(tree: Tree) -> Iterator[Tree]:
    """A configuration and its parts, which may stand in several places."""
    pending: list[object] = [tree]
    seen: set[int] = set()
    for part in pending:
        if isinstance(part, dict) and id(part) not in seen and len(seen) < MAX_SECTIONS:
            seen.add(id(part))
            yield part
            pending += part.values()
