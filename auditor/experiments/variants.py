"""Which noise a replica has: the four variants of Zhuang et al. (MLSys 2022), and one that starts a bit elsewhere."""

from __future__ import annotations

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


BOTH = Variant(name="algo+impl", algorithmic=True, implementation=True)
ALGORITHMIC = Variant(name="algo", algorithmic=True, implementation=False)
IMPLEMENTATION = Variant(name="impl", algorithmic=False, implementation=True)
CONTROL = Variant(name="control", algorithmic=False, implementation=False)
ONE_ULP = Variant(name="one-ulp", algorithmic=False, implementation=False, nudged=True)

VARIANTS = (BOTH, ALGORITHMIC, IMPLEMENTATION, CONTROL, ONE_ULP)
"""In the order of every table."""

NAMES = {variant.name: variant for variant in VARIANTS} | {"both": BOTH}
DEFAULT = (BOTH, ALGORITHMIC, IMPLEMENTATION, CONTROL)
