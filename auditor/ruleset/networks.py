"""What libraries of networks call things, as data: `rules/networks.toml`."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.model.lean import dataclass
from auditor.ruleset.table import Table
from auditor.ruleset.wordlists import joined_lists, read_lists


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """Names of tensors' methods, of networks' methods and of what makes weights."""

    same_gradient_methods: tuple[str, ...] = ()
    """Methods of a tensor whose result needs a gradient only where the tensor does."""

    same_gradient_functions: tuple[str, ...] = ()
    """Functions of which the same is true of what they are given first."""

    own_methods: tuple[str, ...] = ()
    """Methods that every network has, or that its library asks each of them for."""

    hooking: tuple[str, ...] = ()
    """Methods of networks that call what they are given when the network is called."""

    initialising: tuple[str, ...] = ()
    """How names begin of what gives a model its initial weights."""

    not_initialising: tuple[str, ...] = ()
    """How those among them begin that give none."""

    without_head: tuple[str, ...] = ()
    """Stored models without a head: whatever is put on top of one is new."""

    def initialises(self, callee: str) -> bool:
        """Whether what is called gives a model its initial weights."""
        callee = callee.replace(_OLD_NAMES, "tensorflow.", 1)
        return callee.startswith(self.initialising) and not callee.startswith(self.not_initialising)


_OLD_NAMES = "tensorflow.compat.v1."
_KEYS = {
    "tensors": ("same_gradient_methods", "same_gradient_functions"),
    "modules": ("own_methods", "hooking"),
    "weights": ("initialising", "not_initialising", "without_head"),
}
_METHOD = (r"\w+", "the name of a method")
_BEGINNING = (r"\w+(\.\w+)*\.?", "how a dotted name begins")
_FORMS = {
    "same_gradient_methods": _METHOD,
    "same_gradient_functions": (r"\w+(\.\w+)*", "the dotted name of a function"),
    "own_methods": _METHOD,
    "hooking": _METHOD,
    "initialising": _BEGINNING,
    "not_initialising": _BEGINNING,
}


def read_networks(table: Table) -> Networks:
    """Turn one `networks.toml` into what it says; every table and key of it may be left out."""
    return Networks(**read_lists(table, _KEYS, _FORMS))


def joined(parts: Sequence[Networks]) -> Networks:
    """What several files say; what two of them say counts once."""
    return Networks(**joined_lists(parts, _KEYS))
