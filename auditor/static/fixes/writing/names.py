"""How a name in full is written at a place: through the file's own imports, else through one that is added."""

from __future__ import annotations

from auditor.model.lean import dataclass
from auditor.static.fixes.changes import Change
from auditor.static.fixes.writing.bound import Bound
from auditor.static.fixes.writing.modules import ALIASES, COMPLETE, is_standard, root, standard_module
from auditor.static.fixes.writing.syntax import Syntax
from auditor.static.fixes.writing.template import filled


@dataclass(frozen=True, slots=True, order=True)
class Addition:
    """An import that the file needs: `import module as alias`, or `from module import leaf as alias`."""

    module: str
    leaf: str = ""
    alias: str = ""

    @property
    def text(self) -> str:
        """The statement."""
        return f"from {self.module} import {self.imported}" if self.leaf else f"import {self.imported}"

    @property
    def imported(self) -> str:
        """What stands behind `import`."""
        what = self.leaf or self.module
        return f"{what} as {self.alias}" if self.alias else what


class Names:
    """Local names of one file; gathers the imports that have to be added, with what asked for them."""

    def __init__(self, syntax: Syntax) -> None:
        self.bound = Bound(syntax)
        self.additions: dict[Addition, tuple[int, tuple[Change, ...]]] = {}
        """Import → the first place where it is needed, the changes that need it."""

    def filled(self, text: str, at: int, change: Change) -> tuple[str, ...]:
        """The text of a change as it is written at `at`, cut at each `{0}`."""
        return filled(text, lambda name: self.local(name, at, change))

    def text(self, text: str, at: int, change: Change) -> str:
        """The text of a change that has no place for what was there."""
        return "{0}".join(self.filled(text, at, change))

    def local(self, name: str, at: int, change: Change) -> str:
        """The name as it is written at `at`."""
        parts = name.split(".")
        for count in range(len(parts), 0, -1):
            prefix, rest = ".".join(parts[:count]), parts[count:]
            if rest and not self._is_reached(prefix, rest):
                continue
            known = self.bound.name_for(prefix, at)
            if known is not None:
                return ".".join([known, *rest])
        return self._added(name, at, change)

    def _is_reached(self, prefix: str, rest: list[str]) -> bool:
        """Whether `prefix.rest` can be written without importing more than `prefix`."""
        inner = ".".join([prefix, *rest[:-1]])
        if len(rest) == 1 or inner in self.bound.loaded or root(prefix) in COMPLETE:
            return True
        return is_standard(prefix) and len(standard_module(f"{inner}.{rest[-1]}")) <= len(prefix)

    def _added(self, name: str, at: int, change: Change) -> str:
        top = root(name)
        if is_standard(name) or top in COMPLETE or "." not in name:
            module = standard_module(name) if is_standard(name) else top
            return self._imported_module(module, name[len(module) :], at, change)
        module, _, leaf = name.rpartition(".")
        alias = "" if self._is_free(leaf, name) else self._free(f"{top}_{leaf}")
        self._add(Addition(module, leaf, alias), at, change)
        return alias or leaf

    def _imported_module(self, module: str, rest: str, at: int, change: Change) -> str:
        usual = ALIASES.get(module, module)
        first = root(usual)
        if not (self._is_free(first, module if usual != module else first) or first in self.bound.loaded):
            usual = self._free(f"{'python' if is_standard(module) else 'imported'}_{module}".replace(".", "_"))
        self._add(Addition(module, alias="" if usual == module else usual), at, change)
        return usual + rest

    def _is_free(self, name: str, target: str) -> bool:
        """Whether a name may be bound to `target` in the whole file: nothing but imports of the same uses it."""
        if name not in self.bound.everything:
            return True
        targets = {each.target for each in self.bound.imports if each.name == name}
        return name not in self.bound.others and targets == {target}

    def _free(self, name: str) -> str:
        while name in self.bound.everything:
            name += "_"
        return name

    def _add(self, addition: Addition, at: int, change: Change) -> None:
        first, changes = self.additions.get(addition, (at, ()))
        self.additions[addition] = (min(first, at), (*changes, change))
