"""Make the JSON Schema of the JSON report from the model types, descriptions included.

`python -m auditor.report.schema.build` rewrites `report-<version>.json`; a test keeps that file equal to the code.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path
from typing import Any

import auditor.model
from auditor.model.report import AuditReport
from auditor.report.json import FORMAT, VERSION
from auditor.report.schema.values import DIGESTS

FILE = Path(__file__).parent / f"report-{VERSION}.json"
_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", object: None}


def build() -> dict[str, Any]:
    """Return the schema as a value; definitions are sorted by name."""
    definitions: dict[str, Any] = {}
    top = _object(AuditReport, definitions)
    head = {"format": {"const": FORMAT}, "version": {"const": VERSION}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{FORMAT}, version {VERSION}",
        "description": "Optional fields may be added without a new version; readers must ignore what they don't know.",
        "type": "object",
        "properties": {**head, **top["properties"]},
        "required": [*head, *top["required"]],
        "$defs": dict(sorted(definitions.items())),
    }


def _object(kind: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, localns=_model_names())
    words = _descriptions(kind)
    properties = {}
    for field in fields(kind):
        described = {"description": words[field.name]} if field.name in words else {}
        shape = _digest() if (kind, field.name) in DIGESTS else _shape(hints[field.name], definitions)
        if (kind, field.name) in DIGESTS and type(None) in typing.get_args(hints[field.name]):
            shape = {"anyOf": [shape, {"type": "null"}]}
        properties[field.name] = {**described, **shape}
    required = [field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING]
    return {
        "description": inspect.cleandoc(kind.__doc__ or ""),
        "type": "object",
        "properties": properties,
        "required": required,
    }


def _model_names() -> dict[str, Any]:
    """What annotations of the model may name: modules load only those of the others that they work with."""
    names: dict[str, Any] = {}
    for module in pkgutil.iter_modules(auditor.model.__path__):
        for name, value in vars(importlib.import_module(f"auditor.model.{module.name}")).items():
            known = names.setdefault(name, value)
            if inspect.isclass(value) and inspect.isclass(known) and known is not value:
                raise TypeError(f"two classes are called `{name}`: in {known.__module__} and in {value.__module__}")
    return names


def _shape(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    hint = getattr(hint, "__supertype__", hint)
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if hint is type(None):
        return {"type": "null"}
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]} if _PLAIN[hint] else {}
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_shape(argument, definitions) for argument in arguments]}
    if origin is tuple:
        return {"type": "array", "items": _shape(arguments[0], definitions)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _shape(arguments[1], definitions)}
    if not inspect.isclass(hint):
        raise TypeError(f"{hint!r} has no shape in JSON; teach `{__name__}` how it is written")
    if issubclass(hint, Enum):
        definitions[hint.__name__] = {
            "description": inspect.cleandoc(hint.__doc__ or ""),
            "enum": [m.value for m in hint],
        }
    elif hint.__name__ not in definitions:
        definitions[hint.__name__] = {}  # a type may contain itself
        definitions[hint.__name__] = _object(hint, definitions)
    return {"$ref": f"#/$defs/{hint.__name__}"}


def _digest() -> dict[str, Any]:
    return {"type": "string", "pattern": "^[0-9a-f]{16}$"}


def _descriptions(kind: type) -> dict[str, str]:
    """Field → the string that stands below it in the source."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    words = {}
    for statement, below in zip(body.body, body.body[1:], strict=False):
        text = below.value if isinstance(below, ast.Expr) else None
        if isinstance(statement, ast.AnnAssign) and isinstance(text, ast.Constant) and isinstance(text.value, str):
            words[ast.unparse(statement.target)] = " ".join(text.value.split())
    return words


def to_text() -> str:
    """Return the schema file's content."""
    return json.dumps(build(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(to_text(), encoding="utf-8")
