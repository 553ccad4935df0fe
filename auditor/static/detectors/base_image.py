"""An image that is built on whatever its base is today: `FROM pytorch/pytorch`, `FROM python:latest`.

A matcher cannot say it: stages of the same file and arguments with defaults have to be told apart from images.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.pattern import lazy_pattern
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.detector import DocumentDetector
from auditor.static.documents.kinds import Kind
from auditor.static.documents.span import Span
from auditor.static.matcher import Hit

if TYPE_CHECKING:
    from auditor.static.documents.document import Document
    from auditor.static.documents.references import References

_FROM = lazy_pattern(r"^\s*FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?", re.IGNORECASE)
_ARGUMENT = lazy_pattern(r"^\s*ARG\s+(?P<name>\w+)=[\"']?(?P<value>[^\"'\s]*)", re.IGNORECASE)
_USE = lazy_pattern(r"\$\{?(\w+)(?::?-([^}]*))?\}?")
_HERE_DOCUMENT = lazy_pattern(r"<<-?\s*([\"']?)(?P<end>[A-Za-z_][\w.-]*)\1")
_COMPUTES = lazy_pattern(rb"python|pip3? |conda|torch|tensorflow|cuda|nvidia|jax", re.IGNORECASE)


def _read(table: Table) -> None:
    """No options."""


class BaseImageDetector(DocumentDetector[None]):
    """`kind = "base-image"`."""

    kind = "base-image"
    documents = frozenset({Kind.DOCKERFILE})

    def is_candidate(self, rule: Rule, kind: Kind, raw: bytes) -> bool:
        return _COMPUTES.search(raw) is not None

    def find_in(self, rule: Rule, document: Document, references: References) -> Iterable[Hit]:
        defaults: dict[str, str] = {}
        stages = {"scratch"}
        for number, line in _instructions(document.lines):
            argument, base = _ARGUMENT.match(line), _FROM.match(line)
            if argument:
                defaults[argument["name"]] = argument["value"]
            if base is None:
                continue
            image = _USE.sub(lambda use: defaults.get(use[1]) or use[2] or use[0], base["image"])
            if image.lower() not in stages and (how := _moves(image)):
                span = Span(number, base.start("image") + 1, number, base.end("image") + 1)
                yield Hit(location=document.location(span), message=f"the base image `{image}` {how}")
            if base["stage"]:
                stages.add(base["stage"].lower())


def _instructions(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines that begin an instruction: none that goes on, none of a file that stands in the text (`RUN <<EOF`)."""
    last = {line.strip(): number for number, line in enumerate(lines, 1)}
    ends: list[str] = []
    goes_on = False
    for number, line in enumerate(lines, 1):
        if ends:
            if line.strip() == ends[0]:
                ends.pop(0)
            continue
        if line.lstrip().startswith("#"):
            continue
        if not goes_on:
            yield number, line
        goes_on = line.rstrip().endswith("\\")
        if "<<" in line:
            found = [match["end"] for match in _HERE_DOCUMENT.finditer(line)]
            # A number that is shifted left has no such line.
            ends = found if all(last.get(end, 0) > number for end in found) else []


def _moves(image: str) -> str | None:
    """How an image's name leaves open which one is meant; None where it does not, or cannot be told."""
    if "$" in image or "@" in image:
        return None
    _, colon, tag = image.rpartition("/")[2].partition(":")
    if not colon:
        return "has no tag: it is whatever was pushed last"
    return "is whatever was pushed last" if tag == "latest" or tag.startswith("latest-") else None


DETECTOR = BaseImageDetector(_read)
