"""What detectors have in common that speak about documents alone, and never about program files."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model.annotations import TYPE_CHECKING, TypeVar
from auditor.static.scanning.ruleoptions import WithOptions

if TYPE_CHECKING:
    from auditor.model.rule import Rule
    from auditor.static.facts import ModuleFacts
    from auditor.static.matcher import Hit, Scope
    from auditor.static.project import Project

T = TypeVar("T")


class DocumentDetector(WithOptions[T]):
    """Finds nothing in program files, and asks for none of them to be parsed."""

    scope: Scope = "document"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset()

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        return ()

    def is_ours(self, rule: Rule, raw: bytes) -> bool:
        """Documents of these kinds are small and many: one that cannot be read is not told."""
        return False
