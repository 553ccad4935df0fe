"""Packages that scripts are run in: `python tdmpc2/train.py` lets `tdmpc2/envs/__init__.py` say `import envs.mujoco`.

The folder of a script is the first on `sys.path`, whether it has an `__init__.py` or not. Which scripts are run is not
known where an import is looked up: a folder is taken for one of theirs by the names of the files in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from auditor.model.pattern import lazy_pattern

_SCRIPT = lazy_pattern(
    r"test\.py|(?:main|train|run|pretrain|finetune|eval|evaluate|infer|inference|predict|sample|generate|demo)"
    r"(?:_(?!\w*utils?\.)\w+)?\.py"
)
"""Names that people give to what they start; `test_net.py` and `train_utils.py` are something else."""


def is_called_like_script(name: str) -> bool:
    """Whether a file has such a name."""
    return _SCRIPT.fullmatch(name) is not None


def script_folders(folder: str, names: Callable[[str], frozenset[str]]) -> Iterator[str]:
    """The packages in which scripts may be run that import a module of `folder`, the likeliest first.

    `names` tells what a folder holds. Those with a file that is called like a script come first, the nearest first;
    at last the folder itself, of which any module may be one. The top of the project is none of them.
    """
    current = folder
    while current:
        held = names(current)
        if "__init__.py" in held and any(map(is_called_like_script, held)):
            yield current
        current = current.rpartition("/")[0]
    if folder and "__init__.py" in names(folder):
        yield folder
