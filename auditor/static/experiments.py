"""What an experiment of sacred seeds before it calls its function, where its configuration has a seed: all it knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

EXPERIMENTS = ("sacred.Experiment", "sacred.experiment.Experiment")

_ADDING = frozenset(f"{name}.add_config" for name in EXPERIMENTS)
_CONFIGURING = frozenset(f"{name}.config" for name in EXPERIMENTS)


def configured_seed(module: ModuleFacts) -> ast.expr | None:
    """The seed in the configuration of a file's experiment; None where it has none."""
    return next(_seeds(module), None)


def _seeds(module: ModuleFacts) -> Iterator[ast.expr]:
    for function in module.index.functions:
        for decorator in getattr(function, "decorator_list", ()):
            if getattr(decorator, "attr", "") == "config" and module.resolve(decorator) in _CONFIGURING:
                yield from (
                    node.value
                    for node in getattr(function, "body", ())
                    if isinstance(node, ast.Assign) and [getattr(each, "id", "") for each in node.targets] == ["seed"]
                )
    for call, _, _ in module.index.calls:
        if getattr(call.func, "attr", "") == "add_config" and module.resolve(call.func) in _ADDING:
            yield from (word.value for word in call.keywords if word.arg == "seed")
            for given in call.args[:1]:
                if not isinstance(given, ast.Dict):
                    yield given  # a file, which may hold one
                    continue
                pairs = zip(given.keys, given.values, strict=True)
                yield from (value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "seed")
