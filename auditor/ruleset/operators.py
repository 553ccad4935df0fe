"""Tensor operators that are documented, or were measured, to give another result for the same inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import cached_property

from auditor.model.lean import dataclass
from auditor.ruleset.circumstances import MODE, Alternative, Condition, Relation, facts_of, mentions, read_alternative
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
    when: tuple[Alternative, ...]
    """The same as `condition`, for a program to check: it differs where all conditions of one of them hold."""

    sources: tuple[str, ...]
    """Catalogue ids."""

    references: tuple[str, ...]
    """Where it is documented, as links."""


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
        for name in (operator, base, base.rstrip("_"), base.rstrip("_") + "_"):
            if fact := self._by_name.get((name, kind)):
                return fact
        return None


def facts_wanted(operators: Operators) -> dict[str, dict[str, list[str]]]:
    """For every kind of device and listed operator the facts that its conditions ask for, as the probe takes them."""
    wanted: dict[str, dict[str, list[str]]] = {device: {} for device in DEVICES}
    for entry in operators:
        for name in entry.operators:
            wanted[entry.device][name] = sorted(facts_of(entry.when))
    return wanted


def facts_at_hand(operators: Operators) -> dict[str, dict[str, list[str]]]:
    """Those of them that an ordinary run can note at little cost.

    Left out are allocations, of which there are many and the trace tells what matters, and looks at values on a GPU,
    for which the program would have to wait.
    """
    return {
        device: {
            name: [fact for fact in facts if device == "cpu" or not fact.endswith((".repeated", ".tied"))]
            for name, facts in wanted.items()
            if "read" not in facts
        }
        for device, wanted in facts_wanted(operators).items()
    }


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
        references = entry.strings("references", required=True)
        when = tuple(_alternative(entry, text, mode) for text in entry.strings("when", required=True))
        entry.finish()
        for device in devices:
            if device not in DEVICES:
                raise entry.complain("devices", f"expected `cpu` or `cuda`, found `{device}`")
            for name in names:
                if (name, device) in seen:
                    raise entry.complain("names", f"`{name}` on {device} is listed twice")
                seen.add((name, device))
            known = {"mode": mode, "when": when, "sources": sources, "references": references, **common}
            facts.append(OperatorFact(operators=names, device=device, **known))  # type: ignore[arg-type]
    table.finish()
    return tuple(facts)


_IMPLIED = {DeterministicMode.SWITCHES: ("off",), DeterministicMode.RAISES: ("off", "warn")}


def _alternative(entry: Table, text: str, mode: DeterministicMode) -> Alternative:
    """One line of `when`, with what the operator's `mode` implies about the deterministic mode."""
    try:
        found = read_alternative(text)
    except ValueError as error:
        raise entry.complain("when", str(error)) from error
    if mentions(found, MODE) or mode is DeterministicMode.SILENT:
        return found
    if mode is DeterministicMode.MIXED:
        raise entry.complain("when", f"mode is `mixed`: say for which `{MODE}` this holds: `{text}`")
    return (*found, Condition(fact=MODE, relation=Relation.IS, values=_IMPLIED[mode]))
