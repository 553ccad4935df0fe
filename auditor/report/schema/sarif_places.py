"""Locations as SARIF writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from auditor.model.location import Location


def location(place: Location, source_lines: Sequence[str] = ()) -> dict[str, Any]:
    """Return a `location`; the function or notebook cell is its logical location."""
    result: dict[str, Any] = {"physicalLocation": physical_location(place, source_lines)}
    logical = []
    if place.cell is not None:
        logical.append({"name": f"cell {place.cell}", "fullyQualifiedName": f"cell {place.cell}, line {place.line}"})
    if place.function:
        logical.append({"name": place.function, "kind": "function"})
    if logical:
        result["logicalLocations"] = logical
    return result


def physical_location(place: Location, source_lines: Sequence[str] = ()) -> dict[str, Any]:
    """Return file and region. Lines of a notebook cell are no lines of its file, so they have no region."""
    artifact: dict[str, Any] = {"uri": quote(place.path, errors="surrogateescape")}
    if not place.path.startswith(("/", "~", "site-packages/")):
        artifact["uriBaseId"] = "%SRCROOT%"
    if place.cell is not None:
        return {"artifactLocation": artifact}
    snippet = {"snippet": {"text": "\n".join(source_lines)}} if source_lines else {}
    return {"artifactLocation": artifact, "region": {**region(place), **snippet}}


def region(place: Location) -> dict[str, Any]:
    """Return a `region`; its end is left out where only the start is known."""
    result = {"startLine": place.line, "startColumn": place.column}
    if place.end_line is not None:
        result["endLine"] = place.end_line
    if place.end_column is not None:
        result["endColumn"] = place.end_column
    return result
