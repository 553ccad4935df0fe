"""What an experiment of sacred seeds before it calls its function, where its configuration has a seed: all it knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.values import Value

EXPERIMENTS = ("sacred.Experiment", "sacred.experiment.Experiment")

_ADDING = frozenset(f"{name}.add_config" for name in EXPERIMENTS)
_CONFIGURING = frozenset(f"{name}.config" for name in EXPERIMENTS)


def configured_seed(module: ModuleFacts, experiment: Value) -> ast.expr | None:
    """The seed in the configuration of an experiment of a file; None where it has none."""
    return next(_seeds(module, experiment), None)


def _seeds(module: ModuleFacts, experiment: Value) -> Iterator[ast.expr]:
    def is_meant(called: ast.expr, names: frozenset[str]) -> bool:
        return (
            isinstance(called, ast.Attribute)
            and module.resolve(called) in names
            and module.names.value(called.value) == experiment
        )

    for function in module.index.functions:
        for decorator in getattr(function, "decorator_list", ()):
            if getattr(decorator, "attr", "") == "config" and is_meant(decorator, _CONFIGURING):
                yield from (
                    node.value
                    for node in getattr(function, "body", ())
                    if isinstance(node, ast.Assign) and [getattr(each, "id", "") for each in node.targets] == ["seed"]
                )
    for call, _, _ in module.index.calls:
        if getattr(call.func, "attr", "") == "add_config" and is_meant(call.func, _ADDING):
            yield from (word.value for word in call.keywords if word.arg == "seed")
            for given in call.args[:1]:
                if not isinstance(given, ast.Dict):
                    yield given  # a file, which may hold one
                    continue
                pairs = zip(given.keys, given.values, strict=True)
                yield from (value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "seed")
