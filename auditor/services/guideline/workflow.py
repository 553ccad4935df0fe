"""What else a project's files say: commands of ours in CI, what DVC keeps, who sets the number of threads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from auditor.runs.snapshot import walk

_CI = (
    ".github/workflows/*.yml",
    ".github/workflows/*.yaml",
    ".gitlab-ci.yml",
    ".circleci/config.yml",
    ".buildkite/*.yml",
    ".travis.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "Jenkinsfile",
)
_COMMAND = re.compile(r"\brepro-audit\s+(?:scan|run|report|fix|variance|compare|replay|overhead)\b[^&;|\n]*")
_FORGIVEN = re.compile(r"\|\|\s*(?:true|:|exit 0)(?!\S)|--exit-zero\b")
_THREADS = re.compile(rb"^[^#\n]*\bset_num_threads\s*\(", re.MULTILINE)


def ci_commands(root: Path) -> tuple[tuple[str, str], ...]:
    """Return (file, command) for every call of ours in the configuration of a CI service.

    Left out are comments, and calls whose failure the line forgives (`|| true`, `--exit-zero`). Looked at are the
    project and, where that lies deeper, the top of its repository.
    """
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    found = []
    for folder in dict.fromkeys((root, top)):
        for path in sorted(path for pattern in _CI for path in folder.glob(pattern)):
            found += [(path.relative_to(folder).as_posix(), command) for command in _commands(path)]
    return tuple(found)


def looks_at_runs(command: str) -> bool:
    """Whether a call of ours rests on runs of the program, not on its source alone."""
    verb, *options = command.split()[1:] or [""]
    needed = {"run": "--twice", "fix": "--verify"}.get(verb)
    return verb in ("report", "variance", "compare") or (needed is not None and needed in options)


def _commands(path: Path) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        stated = re.split(r"\s#", line, maxsplit=1)[0]
        if line.lstrip().startswith(("#", "//")) or _FORGIVEN.search(stated):
            continue
        for match in _COMMAND.finditer(stated):
            yield " ".join(match.group().strip().strip("'\"").split())


def dvc_paths(root: Path) -> frozenset[str]:
    """Return files and folders that DVC keeps: each `NAME.dvc`, and the outputs in `dvc.lock`."""
    found = set()
    for entry in walk(root):
        path = Path(entry.path)
        if path.suffix == ".dvc" and path.is_file():
            found.add(path.relative_to(root).with_suffix("").as_posix())
        elif entry.name == "dvc.lock":
            text = path.read_text(encoding="utf-8", errors="replace")
            names = re.findall(r"^\s*-?\s*path:\s*['\"]?([^'\"\n]+?)['\"]?\s*$", text, re.MULTILINE)
            found |= {(path.parent / name).relative_to(root).as_posix() for name in names if not name.startswith("/")}
    return frozenset(found)


def sets_threads(root: Path, files: Iterable[str]) -> str:
    """Return the first of some source files that calls `set_num_threads`; empty for none."""
    return next((name for name in sorted(files) if name.endswith(".py") and _calls(root / name)), "")


def _calls(path: Path) -> bool:
    try:
        return _THREADS.search(path.read_bytes()) is not None
    except OSError:
        return False
