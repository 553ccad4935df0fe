"""YAML → tree. Only nodes are composed: no tag is resolved to an object, nothing is constructed."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.pattern import lazy_pattern
from auditor.static.documents.span import Span
from auditor.static.documents.tree import MAX_DEPTH, Entry, Items, Node, Scalar, Section

if TYPE_CHECKING:
    import yaml

_TAG = "tag:yaml.org,2002:"
_TRUE = frozenset({"true", "yes", "on"})
_NUMBER = lazy_pattern(r"[-+]?[0-9]+")


def read_yaml(text: str) -> Iterator[Node]:
    """Every document of a YAML text. Raises `ProjectError` with the line where it is malformed."""
    import yaml

    try:
        roots = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ProjectError(f"not YAML: line {line}: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ProjectError(f"not YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise ProjectError("nested too deeply to be read") from None
    for root in roots:
        if root is not None:
            yield _Builder().node(root, 0)


class _Builder:
    """Turns PyYAML's nodes into ours; an alias is the node that it names, once."""

    def __init__(self) -> None:
        self._made: dict[int, Node] = {}

    def node(self, node: yaml.Node, depth: int) -> Node:
        known = self._made.get(id(node))
        if known is not None:
            return known
        span = _span(node)
        # What refers to itself finds this while it is being made.
        self._made[id(node)] = Items((), span)
        made = self._make(node, span, depth)
        self._made[id(node)] = made
        return made

    def _make(self, node: yaml.Node, span: Span, depth: int) -> Node:
        import yaml

        if isinstance(node, yaml.ScalarNode):
            return Scalar(_value(node), span)
        if depth > MAX_DEPTH:
            return Items((), span)
        if isinstance(node, yaml.MappingNode):
            entries = (
                Entry(key.value, _span(key), self.node(value, depth + 1))
                for key, value in node.value
                if isinstance(key, yaml.ScalarNode)
            )
            return Section(tuple(entries), span)
        return Items(tuple(self.node(value, depth + 1) for value in node.value), span)


def _span(node: yaml.Node) -> Span:
    start, end = node.start_mark, node.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _value(node: yaml.ScalarNode) -> str | int | bool | None:
    """The value as YAML 1.1 reads it; numbers other than plain integers stay text."""
    text: str = node.value
    if node.tag == _TAG + "null":
        return None
    if node.tag == _TAG + "bool":
        return text.lower() in _TRUE
    if node.tag == _TAG + "int" and _NUMBER.fullmatch(text):
        return int(text)
    return text
