"""Functions that a framework runs in processes of their own, read off the bytes: tasks of celery, assets of dagster.

They are entered as console scripts are: what their file does when it is imported comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.pattern import lazy_pattern

if TYPE_CHECKING:
    from auditor.static.project import Project

TASK = "[task]"
"""In place of a name of a module: none; a function that a framework runs has this before its name."""

FLOW = "[flow]"
"""The same of a function that the file itself, or another one, may call as well."""

MAX_TASKS = 40
"""Functions of one file; more are followed for little."""

_DECORATED = (
    rb"^@(?:\w+\.){0,3}(?:%s)\b[ \t]*(?:\((?:[^()]|\([^()]{0,300}\)){0,1000}\))?[^\n]{0,200}\n"
    rb"(?:@[^\n]*\n){0,5}(?:async[ \t]+)?def[ \t]+(\w+)"
)
RUNNING_TASKS = {
    "celery": (TASK, lazy_pattern(_DECORATED % rb"shared_task|task", re.MULTILINE)),
    "dagster": (TASK, lazy_pattern(_DECORATED % rb"asset|multi_asset|op", re.MULTILINE)),
    "kedro": (TASK, lazy_pattern(rb"^def[ \t]+(create_pipeline)\(", re.MULTILINE)),
    "prefect": (FLOW, lazy_pattern(_DECORATED % rb"flow", re.MULTILINE)),
}
"""By the package that a file imports."""


def is_known_by(package: str, names: set[str]) -> bool:
    """Whether a name that a file imports, or imports from, is that of a package or of an application made with it.

    `from project.celery_app import app`, `from project import celery_app`: what projects call their application.
    """
    return package in names or any(name.startswith(f"{package}_app") for name in names)


def task_names(package: str, code: bytes) -> Iterator[tuple[str, str]]:
    """What stands above each function of a file that a package runs, and its name."""
    mark, pattern = RUNNING_TASKS[package]
    yield from ((mark, match[1].decode()) for match in islice(pattern.finditer(code), MAX_TASKS))


def tasks(project: Project, path: str, *, imported: bool) -> tuple[str, ...]:
    """The functions of a file that a framework runs; `imported`: some file of the project imports it."""
    if project.is_test(path):
        return ()
    sketch = project.sketch(path)
    marks = (TASK,) if imported or sketch.names_main else (TASK, FLOW)
    named = (pair for _, pairs in sketch.imports for pair in pairs if pair[0] in marks)
    return tuple(sorted({name for _, name in named}))
