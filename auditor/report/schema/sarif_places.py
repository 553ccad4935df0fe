"""Locations as SARIF writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from auditor.model.finding import Finding, Related
from auditor.model.lean import dataclass
from auditor.model.location import Location


@dataclass(frozen=True, slots=True)
class Places:
    """Writes locations; `in_files` has for places in cells of a notebook those in the text of its file."""

    in_files: Mapping[Location, Location]

    def location(self, place: Location, source_lines: Sequence[str] = ()) -> dict[str, Any]:
        """Return a `location`; the function or notebook cell is its logical location."""
        result: dict[str, Any] = {"physicalLocation": self.physical_location(place, source_lines)}
        logical = []
        if place.cell is not None:
            name = f"cell {place.cell}"
            logical.append({"name": name, "fullyQualifiedName": f"{name}, line {place.line}"})
        if place.function:
            logical.append({"name": place.function, "kind": "function"})
        if logical:
            result["logicalLocations"] = logical
        return result

    def code_flow(self, finding: Finding, steps: Sequence[Related]) -> dict[str, Any]:
        """Return a `codeFlow`: from the program over calls and imports to the place of the finding."""
        program = finding.entry_points[0] if finding.entry_points else steps[0].location.path
        texts = [f"{program} comes here", *(step.message for step in steps[1:]), finding.message]
        places = [
            {"location": {**self.location(place), "message": {"text": text}}, "nestingLevel": depth}
            for depth, (place, text) in enumerate(
                zip([*(step.location for step in steps), finding.location], texts, strict=True)
            )
        ]
        return {"message": {"text": f"from {program}"}, "threadFlows": [{"locations": places}]}

    def physical_location(self, place: Location, source_lines: Sequence[str] = ()) -> dict[str, Any]:
        """Return file and region. Lines of a notebook cell are no lines of its file: without these, no region."""
        artifact: dict[str, Any] = {"uri": quote(place.path, errors="surrogateescape")}
        if not place.path.startswith(("/", "~", "site-packages/")):
            artifact["uriBaseId"] = "%SRCROOT%"
        if place.cell is not None:
            inside = self.in_files.get(place)
            return {"artifactLocation": artifact, **({} if inside is None else {"region": region(inside)})}
        text = _text(place, source_lines)
        snippet = {"snippet": {"text": text}} if text else {}
        return {"artifactLocation": artifact, "region": {**region(place), **snippet}}


def _text(place: Location, lines: Sequence[str]) -> str:
    """What stands in the region, no more and no less; empty where not all of its lines are there."""
    if len(lines) != (place.end_line or place.line) - place.line + 1:
        return ""
    *above, last = lines
    if place.end_column is not None:
        last = last[: place.end_column - 1]
    return "\n".join([*above, last])[place.column - 1 :]


def region(place: Location) -> dict[str, Any]:
    """Return a `region`; its end is left out where only the start is known."""
    result = {"startLine": place.line, "startColumn": place.column}
    if place.end_line is not None:
        result["endLine"] = place.end_line
    if place.end_column is not None:
        result["endColumn"] = place.end_column
    return result
