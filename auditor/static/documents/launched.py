"""What the project's own launchers give its programs: `export CUBLAS_WORKSPACE_CONFIG=:4096:8`, `train.py --seed 1`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern
from auditor.model.rule import RuleId
from auditor.static.documents.document import MAX_BYTES, Document
from auditor.static.documents.kinds import LAUNCHERS, Kind, document_kind
from auditor.static.documents.said import is_only_said
from auditor.static.documents.shell import code_lines, settings, unquoted

if TYPE_CHECKING:
    from auditor.static.syntax.source import SourceFile

_FOR_ALL = (Kind.ENVIRONMENT_FILE, Kind.DOCKERFILE)
"""What these set holds for every program."""

_STARTING = frozenset({Kind.SHELL, Kind.MAKEFILE, Kind.DOCKERFILE, Kind.YAML})
_TOGETHER = lazy_pattern(r"&&|\|\|?|;|(?<!>)&(?=\s|$)")
"""Between commands on one line."""

_COMMENT = lazy_pattern(r"(?:^|(?<=\s))#.*")
_ABOUT = lazy_pattern(
    r"under `([^`]*)`|seeded with `((?:\w*args|opts?|options|arguments|FLAGS|flags)\.\w+)` \(None by default\)"
)
"""A condition; or an option itself, while a parameter that is called like one may be given by nobody."""

_ENVIRONMENT = lazy_pattern(
    r"seeded with `os\.(?:environ\.get|getenv)\([\"'](\w+)[\"'](?:, None)?\)` \(None where the variable is not set\)"
)
_EXPORTING = lazy_pattern(r"(?:export|declare\s+-x|ENV)\s+\w+=")
"""At the beginning of a line: what is exported under a condition may not be."""

_UNSETTING = lazy_pattern(r"\s*unset\b")
_NO_ZERO = r"(?![\"']?0+(?:[\"'\s)]|$))"
_NOTHING = r"(?![\"']?(?i:none|null)?[\"']?(?:\s|$))"
"""Not before what leaves an option as it is."""

_ALSO_ZERO = lazy_pattern(r"is not None|!= ?None|>= ?0|> ?-1|!= ?-1|seeded with `")
"""Conditions about a seed that hold for 0, too; what is given to a library as it is needs none."""

_GENERATOR = lazy_pattern(r"(\w+'s global (?:generator|seed))\b", re.IGNORECASE)
_FOLLOWING = lazy_pattern(r"is seeded under a condition only|gets another seed in each run")
"""What draws say of a library's generator where a finding of its own tells why."""

_STARTED = lazy_pattern(r"(?<![\w./-])([\w./-]+\.py)(?![\w.])|\s-m\s+([A-Za-z_][\w.]*)")


def without_launched(
    findings: Iterable[Finding], variables: Mapping[RuleId, Collection[str]], documents: Iterable[SourceFile]
) -> Iterator[Finding]:
    """Leave out findings of rules that a variable answers, where a launcher of each program sets it to something.

    So are those about draws from a generator that only such findings were about, in all of its programs.

    `variables`: by the rule's id, the names of which one is enough. A script is a program's launcher where it names
    the program's file or its module. An option (`--seed`) answers findings that name it, where each command of the
    project that starts the program gives it; so does the variable that a seed is read from.
    """
    listed = list(findings)
    files = list(documents)
    asked = {name for finding in listed for name in _answering(finding, variables)}
    read = {finding: variable for finding in listed if (variable := _read_from(finding, variables))}
    set_names = {name for name in asked if not name.startswith("-")}
    launchers = list(_launchers(files, set_names)) if set_names else []
    commands = _Commands(files) if read or asked - set_names else None
    left: list[Finding] = []
    answered: set[tuple[str, str]] = set()

    def is_answered(finding: Finding) -> bool:
        programs = finding.entry_points or (finding.location.path,)
        if commands is not None and finding in read and all(commands.export(path, read[finding]) for path in programs):
            return True
        names = _answering(finding, variables)
        options = [name for name in names if name.startswith("-")]
        has_zero = _ALSO_ZERO.search(finding.message) is not None
        return bool(names) and all(
            _is_launched(path, names, launchers)
            or (commands is not None and commands.give(path, options, has_zero=has_zero))
            for path in programs
        )

    for finding in listed:
        if is_answered(finding):
            answered |= _generators(finding)
        else:
            left.append(finding)
    open_still = {each for finding in left if finding.rule_id in variables for each in _generators(finding)}
    yield from (finding for finding in left if not _follows(finding, answered - open_still))


def _generators(finding: Finding) -> set[tuple[str, str]]:
    """The generator that a finding is about, with each of its programs."""
    found = _GENERATOR.search(finding.message)
    return {(found[1].casefold(), path) for path in finding.entry_points} if found is not None else set()


def _follows(finding: Finding, answered: Collection[tuple[str, str]]) -> bool:
    """Whether a finding says no more than that a seed is open which the launchers of all its programs give."""
    generators = _generators(finding) if _FOLLOWING.search(finding.message) is not None else set()
    return bool(generators) and generators <= set(answered)


def _answering(finding: Finding, variables: Mapping[RuleId, Collection[str]]) -> list[str]:
    """What a launcher may set to answer a finding: variables, and those options that the finding is about."""
    asked = variables.get(finding.rule_id, ())
    about = _ABOUT.search(finding.message) if any(name.startswith("-") for name in asked) else None
    # `args.deterministic and args.seed` also asks for another option.
    text = (about[1] or about[2]) if about is not None else ""
    words = set(re.findall(r"\w+", text)) if " and " not in text else set()
    return [name for name in asked if not name.startswith("-") or name.lstrip("-").replace("-", "_") in words]


def _read_from(finding: Finding, variables: Mapping[RuleId, Collection[str]]) -> str | None:
    """The variable of the environment that a seed is taken from, where a launcher may answer the finding."""
    found = _ENVIRONMENT.search(finding.message) if finding.rule_id in variables else None
    return found[1] if found is not None else None


@dataclass(frozen=True, slots=True)
class _Start:
    """A command of a launcher or a job that starts a Python program."""

    folder: str
    """Of the launcher."""

    words: frozenset[str]
    """Of the launcher."""

    written: str
    """The program as it stands there."""

    command: str
    exported: str
    """The commands before it that export variables."""


class _Commands:
    """Commands of a project's launchers and jobs that start Python programs, by the program's file name."""

    def __init__(self, documents: Iterable[SourceFile]) -> None:
        self._found: dict[str, list[_Start]] = {}
        self._images: list[tuple[str, str]] = []
        """Folder of an image's file, and what it exports."""

        for source in documents:
            commands = list(_commands(source))
            words = frozenset(re.findall(r"[\w.-]+", " ".join(commands)))
            exported: list[str] = []
            for command in commands:
                if _EXPORTING.match(command):
                    exported.append(command)
                elif _UNSETTING.match(command):
                    exported.clear()
                for started in _STARTED.finditer(command):
                    if is_only_said(command[: started.start()]):
                        continue
                    written = (started[1] or started[2].replace(".", "/") + ".py").removeprefix("./")
                    start = _Start(source.path.rpartition("/")[0], words, written, command, " ".join(exported))
                    self._found.setdefault(written.rpartition("/")[2], []).append(start)
            if exported and document_kind(source.path.rpartition("/")[2]) is Kind.DOCKERFILE:
                self._images.append((source.path.rpartition("/")[0], " ".join(exported)))

    def give(self, path: str, options: Sequence[str], *, has_zero: bool) -> bool:
        """Whether there are commands that start the program, and each gives one of the options, 0 only if it counts."""
        value = rf"{_NOTHING}{'' if has_zero else _NO_ZERO}[\w$\"']"
        forms = [rf"(?<!\S)(?:{option}[= ]|{option.lstrip('-')}=)\s*{value}" for option in options]
        given = [any(re.search(form, start.command) for form in forms) for start in self._starts(path)]
        return bool(given) and all(given)

    def export(self, path: str, variable: str) -> bool:
        """Whether an image sets a variable, or each of those commands has it, or what stands above it exports it."""
        form = rf"(?<!\S){variable}={_NOTHING}[\w$\"']"
        if any(re.search(form, exported) for folder, exported in self._images if _holds(folder, path)):
            return True
        given = [
            re.search(form, start.exported) or re.search(form, start.command.partition(start.written)[0])
            for start in self._starts(path)
        ]
        return bool(given) and all(given)

    def _starts(self, path: str) -> Iterator[_Start]:
        for start in self._found.get(path.rpartition("/")[2], ()):
            if _is_program(path, start.written, start.folder, start.words):
                yield start


def _holds(folder: str, path: str) -> bool:
    """Whether an image that is described in a folder may hold a program: it lies below, or the folder is of images."""
    return not folder or path.startswith(f"{folder}/") or "docker" in folder.rpartition("/")[2].lower()


def _is_program(path: str, written: str, launcher: str, words: Collection[str]) -> bool:
    """Whether what a launcher in a folder calls `written` may be the program at `path`; `words`: of the launcher."""
    if "/" in written:
        return f"/{path}".endswith(f"/{written}") or f"/{written}".endswith(f"/{path}")
    folder = path.rpartition("/")[0]
    if folder == launcher or not folder or f"{launcher}/".startswith(f"{folder}/"):
        return True
    # `python train.py` beside the launcher is another program, unless that goes to the folder first.
    return folder.startswith(f"{launcher}/" if launcher else "") and folder.rpartition("/")[2] in words


def _commands(source: SourceFile) -> Iterator[str]:
    """The lines of a launcher, each with those in which it goes on."""
    kind = document_kind(source.path.rpartition("/")[2])
    if kind is None or kind not in _STARTING:
        return
    try:
        sought = (b".py", b" -m ", b"ENV") if kind is Kind.DOCKERFILE else (b".py", b" -m ")
        if source.file.stat().st_size > MAX_BYTES or not any(each in source.raw() for each in sought):
            return
        document = Document(source, kind)
        lines = document.lines if kind is Kind.YAML else [line for _, line in code_lines(document)]
    except (OSError, ProjectError):
        return
    command = ""
    for line in lines:
        command += (_COMMENT.sub("", line) if kind is Kind.YAML else line).rstrip()
        if command.endswith("\\"):
            command = command[:-1] + " "
            continue
        yield from _TOGETHER.split(command)
        command = ""
    yield from _TOGETHER.split(command)


def _launchers(documents: Iterable[SourceFile], names: Collection[str]) -> Iterator[tuple[Document, frozenset[str]]]:
    for source in documents:
        kind = document_kind(source.path.rpartition("/")[2])
        if kind is None or kind not in LAUNCHERS:
            continue
        try:
            if source.file.stat().st_size > MAX_BYTES or not any(name.encode() in source.raw() for name in names):
                continue
            document = Document(source, kind)
            found = {each.name for each in settings(document) if unquoted(each.value)}
        except (OSError, ProjectError):
            continue
        yield document, frozenset(found)


def _is_launched(path: str, names: Collection[str], launchers: Iterable[tuple[Document, frozenset[str]]]) -> bool:
    file = path.rpartition("/")[2]
    module = path.removesuffix(".py").replace("/", ".")
    return any(
        not given.isdisjoint(names) and (document.kind in _FOR_ALL or file in document.text or module in document.text)
        for document, given in launchers
    )
