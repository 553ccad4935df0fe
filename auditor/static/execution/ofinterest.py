"""Functions that are followed for what they speak of, whether or not a draw or a seed stands in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.static.evaluation.commandline import PARSING_METHODS
from auditor.static.execution.weights import LOADERS, LOADING
from auditor.static.facts import ModuleFacts
from auditor.static.syntax.bindings import Function
from auditor.static.text.seednames import may_name_seed

OF_INTEREST = (
    PARSING_METHODS | LOADING | {name.rpartition(".")[2] for name in LOADERS} | {"set_defaults", "add_argument"}
)
"""Functions and methods that are of interest for what follows from them."""


def of_interest(module: ModuleFacts) -> Iterator[Function | ast.ClassDef]:
    """Definitions that name a seed or such a function, and constructors that keep what is given on as a seed."""
    kept = _kept_as_seeds(module)
    for node in list(module.index.functions):
        words = module.index.words.get(node, ())
        is_keeping = bool(kept) and getattr(node, "name", "") == "__init__" and not kept.isdisjoint(words)
        if is_keeping or any(may_name_seed(word) or word in OF_INTEREST for word in words):
            yield node


def _kept_as_seeds(module: ModuleFacts) -> frozenset[str]:
    """`state` of `shuffle(rows, random_state=self.state)`."""
    words = (word for call, _, _ in module.index.calls for word in call.keywords)
    return frozenset(
        word.value.attr
        for word in words
        if isinstance(word.value, ast.Attribute) and word.arg is not None and may_name_seed(word.arg)
    )
