"""The part of docs/report-format.md that is made from the schema: one table a type.

`python -m auditor.report.schema.page docs/report-format.md` writes it anew.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from auditor.report.schema.build import build

HEADING = "\n## Types\n\n"


def rewrite(page: Path) -> None:
    """Replace everything below the heading of the types."""
    text = page.read_text(encoding="utf-8")
    page.write_text(text[: text.index(HEADING)] + HEADING + types_page(), encoding="utf-8")


def types_page() -> str:
    """Return Markdown: a heading and a table of fields for every type, sorted by name."""
    parts = [_section(name, shape) for name, shape in build()["$defs"].items()]
    return "\n".join(parts).rstrip() + "\n"


def _section(name: str, shape: dict[str, Any]) -> str:
    lines = [f"### `{name}`", "", *shape["description"].split("\n\n"), ""]
    if "enum" in shape:
        return "\n".join([*lines, "One of " + ", ".join(f"`{word}`" for word in shape["enum"]) + ".", ""])
    rows = [
        f"| `{field}` | {_type(value)} | {value.get('description', '')} |"
        for field, value in shape["properties"].items()
    ]
    return "\n".join([*lines, "| field | type | meaning |", "|---|---|---|", *rows, ""])


def _type(shape: dict[str, Any]) -> str:
    if "anyOf" in shape:
        return " or ".join(_type(each) for each in shape["anyOf"])
    if "$ref" in shape:
        name = shape["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if shape.get("type") == "array":
        return f"list of {_type(shape['items'])}"
    if shape.get("type") == "object":
        return f"object of {_type(shape['additionalProperties'])}"
    return "digest" if "pattern" in shape else str(shape.get("type", "any"))


if __name__ == "__main__":
    rewrite(Path(sys.argv[1]))
