"""Which noise a replica has: the four variants of Zhuang et al. (MLSys 2022), and one that starts a bit elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What is free in the replicas of a variant."""

    name: str
    algorithmic: bool
    """Entropy is fresh in every replica; else all replay one tape."""

    implementation: bool
    """Operators as they are; else deterministic ones, and a fixed number of threads."""

    nudged: bool = False
    """One weight, another in each replica, is moved by one unit in the last place after the first step."""

    sources: tuple[str, ...] | None = None
    """Sources of numbers that are others in every replica, where generators are split into a stream for each.

    None: generators are not split.
    """


BOTH = Variant(name="algo+impl", algorithmic=True, implementation=True)
ALGORITHMIC = Variant(name="algo", algorithmic=True, implementation=False)
IMPLEMENTATION = Variant(name="impl", algorithmic=False, implementation=True)
CONTROL = Variant(name="control", algorithmic=False, implementation=False)
ONE_ULP = Variant(name="one-ulp", algorithmic=False, implementation=False, nudged=True)

VARIANTS = (BOTH, ALGORITHMIC, IMPLEMENTATION, CONTROL, ONE_ULP)
"""In the order of every table."""

SOURCES = ("init", "order", "augment", "dropout", "other")
"""What numbers are drawn for, as the probe tells draws apart (`probe/splitting/sources.py`)."""

NAMES = {variant.name: variant for variant in VARIANTS} | {"both": BOTH}
DEFAULT = (BOTH, ALGORITHMIC, IMPLEMENTATION, CONTROL)


def split_variant(sources: tuple[str, ...]) -> Variant:
    """The variant in which the numbers for some sources are free, those for all others and operators are not."""
    chosen = tuple(source for source in SOURCES if source in sources)
    name = f"{ALGORITHMIC.name}:{'+'.join(chosen) or 'none'}"
    return Variant(name=name, algorithmic=False, implementation=False, sources=chosen)


def named(name: str) -> Variant:
    """Return the variant of a name that a report or the store gives; `KeyError` for none."""
    base, _, sources = name.partition(":")
    return split_variant(tuple(sources.split("+"))) if sources and base == ALGORITHMIC.name else NAMES[name]


def canonical(name: str) -> str:
    """Return the name that the store has for one that a person types: `both`, `algo:order+init`; else as it is."""
    base, _, sources = name.partition(":")
    chosen = tuple(sources.split("+"))
    if base == ALGORITHMIC.name and sources and set(chosen) <= set(SOURCES):
        return split_variant(chosen).name
    return NAMES[name].name if name in NAMES else name


def ordered(variants: Iterable[Variant]) -> tuple[Variant, ...]:
    """Variants in the order of every table, each once: those of single sources after that of all of them."""
    place = {variant: index for index, variant in enumerate(VARIANTS)}
    split = place[ALGORITHMIC]
    return tuple(sorted(dict.fromkeys(variants), key=lambda one: place.get(one, split + 0.5)))
