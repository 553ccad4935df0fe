"""Every settings key: its name, how a TOML value or a variable is read, and what is said where it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.annotations import TypeVar
from auditor.model.lean import dataclass
from auditor.model.rule import Confidence, Severity
from auditor.services.settings_files import PREFIX

E = TypeVar("E", bound=Enum)
Reader = Callable[[object, Path], object]
"""(value, folder that relative paths count from) → checked value; raises `ValueError` with what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    name: str
    """As in TOML."""

    read: Reader
    meaning: str
    from_variable: bool = True

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper().replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A settings file, for messages."""

    path: Path
    text: str
    header: str
    """Dotted name of our table in the file; empty where the whole file is ours."""


def _strings(value: object, _: Path) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value):
        return tuple(item.strip() for item in value)
    raise ValueError('a list of strings such as ["RA1", "RA301"]')


def _patterns(value: object, folder: Path) -> tuple[str, ...]:
    try:
        return _strings(value, folder)
    except ValueError:
        raise ValueError('a list of patterns such as ["scripts/old/", "*.ipynb"]') from None


def _pattern_table(value: object, folder: Path) -> Mapping[str, tuple[str, ...]]:
    if isinstance(value, dict):
        try:
            return {pattern: _strings(rules, folder) for pattern, rules in value.items()}
        except ValueError:
            pass
    raise ValueError('a table of lists such as {"tests/*" = ["RA1"]}')


def _severity_table(value: object, _: Path) -> Mapping[str, Severity]:
    words = ", ".join(f'"{severity.value}"' for severity in Severity)
    if isinstance(value, dict):
        try:
            return {rule: choice(Severity, word) for rule, word in value.items()}
        except ValueError:
            pass
    raise ValueError(f'a table such as {{RA204 = "note"}} with {words}')


def _path(value: object, folder: Path) -> Path:
    if isinstance(value, str) and value:
        return folder / Path(value).expanduser()
    raise ValueError("a path as a string")


def _paths(value: object, folder: Path) -> tuple[Path, ...]:
    try:
        return tuple(_path(item, folder) for item in _strings(value, folder))
    except ValueError:
        raise ValueError('a list of folders such as ["rules"]') from None


def choice(kind: type[E], value: object) -> E:
    """Return the member of `kind` that is written as `value`; raises `ValueError` naming the words there are."""
    for member in kind:
        if member.value == value:
            return member
    raise ValueError("one of " + ", ".join(f'"{member.value}"' for member in kind))


KEYS = (
    Key(name="select", read=_strings, meaning="rules to use: ids, beginnings of ids, or names"),
    Key(name="ignore", read=_strings, meaning="rules to leave out"),
    Key(name="exclude", read=_patterns, meaning="paths to leave out, as in .gitignore"),
    Key(
        name="per-file-ignores", read=_pattern_table, meaning="path pattern → rules left out there", from_variable=False
    ),
    Key(name="severity", read=_severity_table, meaning="rule → severity of its findings", from_variable=False),
    Key(name="min-severity", read=lambda value, _: choice(Severity, value), meaning="weakest severity that is told"),
    Key(name="min-confidence", read=lambda value, _: choice(Confidence, value), meaning="weakest confidence told"),
    Key(name="rules", read=_paths, meaning="folders with your own rules"),
    Key(name="baseline", read=_path, meaning="file of findings that are accepted for now"),
    Key(name="store", read=_path, meaning="where runs are kept"),
)
_BY_NAME = {key.name: key for key in KEYS}
_LISTS = {"select", "ignore", "exclude", "rules"}


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` for the known word that is nearest, or the list of all of them."""
    import difflib  # only a mistake needs it

    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else "; there are: " + ", ".join(names)


def read_table(content: object, source: Source) -> Mapping[str, object]:
    """Check a TOML table of settings; raises `UsageError` with file, line and key."""
    if not isinstance(content, dict):
        raise UsageError(f"{_at(source, '')}: [{source.header}] must be a table")
    values = {}
    for name, value in content.items():
        where = _at(source, name)
        key = _BY_NAME.get(name)
        if key is None:
            raise UsageError(f"{where}: no setting is called `{name}`{nearest(name, _BY_NAME)}")
        try:
            values[name] = key.read(value, source.path.parent)
        except ValueError as error:
            raise UsageError(f"{where}: `{name}`: expected {error}, found {value!r}") from None
    return values


def read_option(option: str, name: str, text: str | None) -> object:
    """Return the value of a setting given as the text of an option; None where it was not given."""
    if text is None:
        return None
    try:
        return _BY_NAME[name].read(text, Path.cwd())
    except ValueError as error:
        raise UsageError(f"{option}: expected {error}, found {text!r}") from None


def read_environment(environ: Mapping[str, str]) -> Mapping[str, tuple[str, object]]:
    """Return key → (variable, value) for the variables that are set; lists are separated by commas.

    Variables of other names that begin like ours belong to the probe and are left alone, unless one looks misspelt.
    """
    known = {key.variable: key for key in KEYS if key.from_variable}
    tables = {key.variable: key.name for key in KEYS if not key.from_variable}
    values = {}
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        key = known.get(variable)
        if variable in tables:
            raise UsageError(
                f"{variable}: `{tables[variable]}` is a table and stands in a settings file only, such as "
                "[tool.repro-audit] of pyproject.toml"
            )
        if key is None:
            import difflib

            if close := difflib.get_close_matches(variable.removeprefix(PREFIX), _suffixes(known), n=1, cutoff=0.8):
                raise UsageError(f"{variable}: no such variable; did you mean `{PREFIX}{close[0]}`?")
            continue
        text = environ[variable]
        value: object = [part for part in text.split(",") if part.strip()] if key.name in _LISTS else text
        try:
            values[key.name] = (variable, key.read(value, Path.cwd()))
        except ValueError as error:
            raise UsageError(f"{variable}: expected {error}, found {text!r}") from None
    return values


def _suffixes(variables: Iterable[str]) -> list[str]:
    return sorted(variable.removeprefix(PREFIX) for variable in variables)


def _at(source: Source, key: str) -> str:
    """`pyproject.toml:12`: the line on which the key stands in our table, where it can be found."""
    import re

    inside = not source.header
    table = re.compile(rf"\s*\[\s*{re.escape(source.header)}(\.\"?(?P<sub>[\w-]+)\"?)?\s*\]")
    for number, line in enumerate(source.text.splitlines(), start=1):
        if line.lstrip().startswith("["):
            header = table.match(line)
            inside = (not source.header) or header is not None
            if source.header and header is not None and (header["sub"] or "") == key:
                return f"{source.path}:{number}"
        elif inside and re.match(rf"\s*\"?{re.escape(key)}\"?\s*[.=]", line) and key:
            return f"{source.path}:{number}"
    return str(source.path)
