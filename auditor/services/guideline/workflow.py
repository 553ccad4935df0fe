"""What else a project's files say: commands of ours in CI, what DVC keeps, who sets the number of threads."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

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
_FORGIVEN = re.compile(r"\|\|(?!.*\b(?:exit\s+[1-9$]|false\b))|--exit-zero\b|;\s*(?:true|:|exit 0)(?!\S)")
_PIPE = re.compile(r"(?<!\|)\|(?!\|)")
_NOT_RUN = re.compile(r"\s*(?:-\s+)?(?:['\"]?name['\"]?\s*:|(?:-?\s*run\s*:\s*)?['\"]?echo\b)")
_FORGIVING = re.compile(r"\s*(?:-\s+)?['\"]?(?:continue-on-error|allow_failure|soft_fail)['\"]?\s*:\s*['\"]?true\b")
_MACHINE = frozenset({"cpu_count", "sched_getaffinity", "process_cpu_count", "get_num_threads"})


def ci_commands(root: Path) -> tuple[tuple[str, str], ...]:
    """Return (file, command) for every call of ours in the configuration of a CI service.

    Left out are comments, names of steps, what is only printed, and calls whose failure the line forgives (`|| true`,
    `--exit-zero`, a pipe) or its step or job does (`continue-on-error`). Looked at are the project and, where that lies
    deeper, the top of its repository.
    """
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    found = []
    for folder in dict.fromkeys((root, top)):
        for path in sorted(path for pattern in _CI for path in folder.glob(pattern)):
            found += [(path.relative_to(folder).as_posix(), command) for command in _commands(path)]
    return tuple(found)


def looks_at_runs(command: str, program: str = "") -> bool:
    """Whether a call of ours rests on runs of the program, not on its source alone, nor on another program."""
    verb, *options = command.split()[1:] or [""]
    needed = {"run": "--twice", "fix": "--verify"}.get(verb)
    rests = verb in ("report", "variance", "compare") or (needed is not None and needed in options)
    return rests and _is_about(options, program)


def _is_about(options: list[str], program: str) -> bool:
    """Whether the words name the program, by its file or as a module, or no program at all."""
    words = [word.strip("'\"") for word in options]
    files = [word for word in words if word.endswith(".py")]
    modules = [following for word, following in itertools.pairwise(words) if word == "-m"]
    if not program or not (files or modules):
        return True
    module = program.removesuffix(".py").removesuffix("/__main__").replace("/", ".")
    named = any(PurePosixPath(program).name == PurePosixPath(file).name for file in files)
    return named or any(module == each or module.endswith(f".{each}") for each in modules)


def _commands(path: Path) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    for number, line in enumerate(lines):
        stated = re.split(r"\s#", line, maxsplit=1)[0]
        if line.lstrip().startswith(("#", "//")) or _NOT_RUN.match(stated) or _FORGIVEN.search(stated):
            continue
        calls = list(_COMMAND.finditer(stated))
        if not calls or _is_forgiven(lines, number) or (_PIPE.search(stated) and "pipefail" not in text):
            continue
        for match in calls:
            yield " ".join(match.group().strip().strip("'\"").split())


def _is_forgiven(lines: list[str], number: int) -> bool:
    """Whether the step or the job that a line of YAML is in may fail."""
    for other, line in enumerate(lines):
        if not _FORGIVING.match(line):
            continue
        first, last = sorted((number, other))
        between = [lines[first].replace("- ", "  ", 1), *lines[first + 1 : last + 1]]
        column = _column(line.replace("- ", "  ", 1))
        if all(_column(each) >= column for each in between if each.strip()):
            return True
    return False


def _column(line: str) -> int:
    return len(line) - len(line.lstrip())


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


def sets_threads(root: Path, files: Iterable[str]) -> dict[str, int | None]:
    """Return the source files that call `set_num_threads` → the number, None where it is no number in the source."""
    found: dict[str, int | None] = {}
    for name in sorted(files):
        if name.endswith(".py"):
            given = set(_thread_numbers(root / name))
            if given:
                found[name] = given.pop() if len(given) == 1 else None
    return found


def _thread_numbers(path: Path) -> Iterator[int | None]:
    """What each call is given; a call that asks the machine how many it has sets nothing."""
    try:
        source = path.read_bytes()
        tree = ast.parse(source) if b"set_num_threads" in source else ast.Module(body=[], type_ignores=[])
    except (OSError, ValueError, SyntaxError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == "set_num_threads" and node.args:
            given = node.args[0]
            asked = {_called(each) for each in ast.walk(given) if isinstance(each, ast.Call)}
            if not asked & _MACHINE:
                yield given.value if isinstance(given, ast.Constant) and isinstance(given.value, int) else None


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
