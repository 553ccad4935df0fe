"""Tensor operators that are documented, or were measured, to give another result for the same inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import cached_property

from auditor.model.lean import dataclass
from auditor.ruleset.table import Table

DEVICES = ("cpu", "cuda")


class DeterministicMode(Enum):
    """What `torch.use_deterministic_algorithms(True)` does to the operator."""

    SWITCHES = "switches"
    """Takes a deterministic algorithm."""

    RAISES = "raises"
    """Raises: there is no deterministic algorithm."""

    SILENT = "silent"
    """Goes on as before without a word."""

    MIXED = "mixed"
    """Depends on arguments or version; see the note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorFact:
    """Why one operator may differ between runs on one kind of device."""

    operators: tuple[str, ...]
    """Schema names, `aten::index_put_`."""

    device: str
    condition: str
    """When it differs: dtype, size, arguments, direction."""

    cause: str
    """What happens inside, one sentence."""

    mode: DeterministicMode
    remedy: str
    note: str
    sources: tuple[str, ...]
    """Catalogue ids."""


class Operators:
    """The facts, by operator and device; read when they are first asked for, because a scan needs none."""

    def __init__(self, read: Callable[[], Iterable[OperatorFact]] = tuple) -> None:
        self._read = read

    @cached_property
    def _facts(self) -> tuple[OperatorFact, ...]:
        return tuple(self._read())

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], OperatorFact]:
        return {(name, fact.device): fact for fact in self._facts for name in fact.operators}

    def __iter__(self) -> Iterator[OperatorFact]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    def find(self, operator: str, device: str) -> OperatorFact | None:
        """Return what is known of an operator on a device (`cpu`, `cuda`, `cuda:1`), or None.

        The overload (`aten::index_put_.default`), a dotted spelling (`aten.index_put_`) and the in-place, out-of-place
        and `out=` variants of a listed operator are accepted: they share their kernel.
        """
        kind = device.split(":", 1)[0]
        base = operator.replace("aten.", "aten::", 1).split(".", 1)[0]
        for name in (base, base.rstrip("_"), base.rstrip("_") + "_"):
            if fact := self._by_name.get((name, kind)):
                return fact
        return None


def read_operators(table: Table) -> tuple[OperatorFact, ...]:
    """Turn `rules/operators.toml` into facts; an operator may be listed once a device."""
    facts: list[OperatorFact] = []
    seen: set[tuple[str, str]] = set()
    for entry in table.tables("operator"):
        names = entry.strings("names", required=True)
        devices = entry.strings("devices", required=True)
        common = {
            "condition": entry.string("condition"),
            "cause": entry.string("cause"),
            "remedy": entry.string("remedy"),
            "note": entry.string("note") if "note" in entry else "",
        }
        mode = DeterministicMode(entry.choice("mode", [mode.value for mode in DeterministicMode]))
        sources = entry.strings("sources", required=True)
        entry.finish()
        for device in devices:
            if device not in DEVICES:
                raise entry.complain("devices", f"expected `cpu` or `cuda`, found `{device}`")
            for name in names:
                if (name, device) in seen:
                    raise entry.complain("names", f"`{name}` on {device} is listed twice")
                seen.add((name, device))
            facts.append(OperatorFact(operators=names, device=device, mode=mode, sources=sources, **common))
    table.finish()
    return tuple(facts)
