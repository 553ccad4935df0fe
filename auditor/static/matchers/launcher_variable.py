"""An environment variable or an option that a launcher sets to a value that matters: `CUBLAS_WORKSPACE_CONFIG=:0:0`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.detector import DocumentDetector
from auditor.static.documents.kinds import LAUNCHERS, Kind
from auditor.static.matcher import Hit

if TYPE_CHECKING:
    from auditor.static.documents.document import Document
    from auditor.static.documents.references import References


@dataclass(frozen=True, slots=True, kw_only=True)
class _Variable:
    names: tuple[str, ...]
    values: tuple[str, ...]
    """In lower case; empty text is a variable that is set to nothing."""

    unless: tuple[str, ...]
    """The only values that are right; every other one that is known counts."""

    pattern: re.Pattern[str] | None
    """What the value must hold, expansions included."""

    because: str

    def holds(self, value: str) -> bool:
        if self.pattern is not None:
            return self.pattern.search(value) is not None
        if "$" in value or "`" in value:
            return False
        return value.lower() in self.values or bool(self.unless and value not in self.unless)


def _read(table: Table) -> tuple[_Variable, ...]:
    variables = tuple(_variable(entry) for entry in table.tables("variable"))
    if not variables:
        raise table.complain("variable", "expected one table or more")
    return variables


def _variable(entry: Table) -> _Variable:
    values = entry.value("values")
    variable = _Variable(
        names=entry.strings("names", required=True),
        values=tuple(str(value).lower() for value in values) if isinstance(values, list) else (),
        unless=entry.strings("unless"),
        pattern=re.compile(entry.string("pattern")) if "pattern" in entry else None,
        because=entry.string("because"),
    )
    if not (variable.values or variable.unless or variable.pattern):
        raise entry.complain("", "expected `values`, `unless` or `pattern`")
    entry.finish()
    return variable


class LauncherVariableMatcher(DocumentDetector[tuple[_Variable, ...]]):
    """`kind = "launcher-variable"`."""

    kind = "launcher-variable"
    documents = LAUNCHERS

    def is_candidate(self, rule: Rule, kind: Kind, raw: bytes) -> bool:
        return any(name.encode() in raw for variable in self._options.of(rule) for name in variable.names)

    def find_in(self, rule: Rule, document: Document, references: References) -> Iterable[Hit]:
        from auditor.static.documents.shell import settings, unquoted

        for setting in settings(document):
            for variable in self._options.of(rule):
                value = unquoted(setting.value)
                if setting.name in variable.names and variable.holds(value):
                    shown = f"`{setting.name}` is `{value}`" if value else f"`{setting.name}` is empty"
                    yield Hit(
                        location=Location(
                            path=document.path,
                            line=setting.line,
                            column=setting.column,
                            end_line=setting.line,
                            end_column=setting.end_column,
                        ),
                        message=f"{shown}: {variable.because}",
                    )


MATCHER = LauncherVariableMatcher(_read)
