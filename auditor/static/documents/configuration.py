"""A configuration file's trees, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.static.documents.document import Document
from auditor.static.documents.kinds import Kind
from auditor.static.documents.tree import Node


def read_configuration(document: Document) -> Iterator[Node]:
    """The documents in a configuration file, mostly one. Raises `ProjectError` where it is malformed."""
    if document.kind is Kind.JSON:
        from auditor.static.documents.json_tree import read_json

        yield read_json(document.text)
    elif document.kind is Kind.TOML:
        from auditor.static.documents.toml_tree import read_toml

        yield read_toml(document.text)
    elif document.kind is Kind.INI:
        from auditor.static.documents.ini_tree import read_ini

        yield read_ini(document.text)
    else:
        from auditor.static.documents.yaml_tree import read_yaml

        yield from read_yaml(document.text)
