"""The names that every Python module can use without importing anything, and modules that have second names."""

from __future__ import annotations

import builtins

from auditor.model.pattern import lazy_pattern

BUILTINS = frozenset(dir(builtins))

WRAPPED = {
    "autograd.numpy": "numpy",
    "pennylane.numpy": "numpy",
    "scipy.random": "numpy.random",
    "tensorflow.compat.v2": "tensorflow",
    "torch.utils.data.dataloader": "torch.utils.data",
    "torch.utils.data.dataset": "torch.utils.data",
    "torch.utils.data.distributed": "torch.utils.data",
    "torch.utils.data.sampler": "torch.utils.data",
    "torch_geometric.data.DataLoader": "torch_geometric.loader.DataLoader",
    "torch_geometric.loader.dataloader": "torch_geometric.loader",
}
"""Modules of which everything is what another module has under the same name; generators are the same ones, too.

So are classes that have moved, under their former names.
"""

_WRAPPING = tuple(WRAPPED)


_PRIVATE = lazy_pattern(r"\._\w+")


def own_name(dotted: str) -> str:
    """The name in the module that a name is really of: `numpy.random.rand` for `autograd.numpy.random.rand`.

    scikit-learn defines everything in private modules: `sklearn.cluster._kmeans.KMeans`.
    """
    if dotted.startswith("sklearn.") and "._" in dotted:
        return _PRIVATE.sub("", dotted)
    if dotted.startswith(_WRAPPING):
        for second, first in WRAPPED.items():
            if dotted == second or dotted.startswith(f"{second}."):
                return first + dotted.removeprefix(second)
    return dotted


def with_wrapping(packages: set[str]) -> frozenset[str]:
    """Top-level packages, and those with a module that is one of theirs under a second name."""
    second = (name.partition(".")[0] for name, of in WRAPPED.items() if of.partition(".")[0] in packages)
    return frozenset(packages).union(second)
