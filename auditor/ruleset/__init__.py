"""What the auditor knows: rules, RNG libraries and operators, read from TOML.

The names below are loaded on first use: whoever only asks where rules lie need not pay for reading them.
"""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.ruleset.library import ConditionalDraw, Library, NoneMeaning, SeedCall
    from auditor.ruleset.loading import Ruleset, load, load_replacements
    from auditor.ruleset.operators import OperatorFact, Operators
    from auditor.ruleset.replacements import Replacements
    from auditor.ruleset.table import nearest

_HOMES = {
    "library": ("ConditionalDraw", "Library", "NoneMeaning", "SeedCall"),
    "loading": ("Ruleset", "load", "load_replacements"),
    "operators": ("OperatorFact", "Operators"),
    "replacements": ("Replacements",),
    "table": ("nearest",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ConditionalDraw",
    "Library",
    "NoneMeaning",
    "OperatorFact",
    "Operators",
    "Replacements",
    "Ruleset",
    "SeedCall",
    "load",
    "load_replacements",
    "nearest",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    import importlib

    value: object = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
