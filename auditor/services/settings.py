"""What the user wants, resolved once: defaults ← user file ← project file ← environment ← options.

The highest layer that names a setting decides it alone; lists of two layers are not joined. Reading and checking of
single values is in `setting_keys`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.lean import dataclass, field
from auditor.model.rule import Confidence, Severity
from auditor.services.setting_keys import KEYS, Source, nearest, read_environment, read_table
from auditor.services.settings_files import PROJECT_FILE, PYPROJECT, settings_folders, user_file_name
from auditor.static.files.discovery import find_root

NAME = "repro-audit"
TABLE = f"tool.{NAME}"
_MISSPELT = NAME.replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Resolved settings; rules go by id, by the beginning of an id (`RA1`) or by name."""

    select: tuple[str, ...] = ()
    """Rules to use; empty means all."""

    ignore: tuple[str, ...] = ()
    """Rules to leave out; wins over `select`."""

    exclude: tuple[str, ...] = ()
    """Paths to leave out, as .gitignore patterns relative to the project."""

    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Path pattern → rules that are left out there."""

    severity: Mapping[str, Severity] = field(default_factory=dict)
    """Rule → severity of its findings, whatever the rule says."""

    min_severity: Severity = Severity.NOTE
    min_confidence: Confidence = Confidence.LOW
    rules: tuple[Path, ...] = ()
    """Folders with the user's own rules."""

    baseline: Path | None = None
    """File of findings that are accepted for now; None means none."""

    store: Path | None = None
    """Where runs are kept; None means the user's state folder."""

    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Key → where its value comes from, for messages; empty where nobody said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedSettings:
    """Settings with where each came from."""

    settings: Settings
    project: Path
    """Root of the project, absolute."""

    origins: Mapping[str, str]
    """Key → `default`, a file, a variable or `option`."""


def load_settings(start: Path, overrides: Mapping[str, object] | None = None) -> Settings:
    """Return the settings that hold for `start`; see `resolve_settings`."""
    return resolve_settings(start, overrides).settings


def resolve_settings(
    start: Path,
    overrides: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> ResolvedSettings:
    """Resolve the settings for the file or folder `start`.

    `overrides` maps field names of `Settings` to values given as options; None means "not given". Raises `UsageError`
    for unknown keys and values of the wrong kind, naming file, line, key and the nearest known key.
    """
    values: dict[str, object] = {}
    origins = {key.name: "default" for key in KEYS}
    for source, found in _layers(start, environ):
        for key in found:
            origins[key] = source
        values.update(found)
    for name, value in (overrides or {}).items():
        key = name.replace("_", "-")
        if key not in origins:
            raise UsageError(f"no setting is called `{key}`{nearest(key, origins)}")
        if value is not None:
            values[key] = value
            origins[key] = "option"
    fields = {key.replace("-", "_"): value for key, value in values.items()}
    settings = Settings(**fields, origins=origins)  # type: ignore[arg-type]  # checked by the keys' readers
    return ResolvedSettings(settings=settings, project=find_root([start]), origins=origins)


def user_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the user's own settings are, whether or not the file exists."""
    return Path(user_file_name(environ))


def _layers(start: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield (where from, values), weakest first."""
    personal = user_file(environ)
    if os.path.isfile(personal) and (table := _table_of(personal)) is not None:
        yield str(personal), table
    for folder in map(Path, settings_folders(str(start))):
        own = [folder / name for name in (PROJECT_FILE, PYPROJECT) if os.path.isfile(folder / name)]
        tables = [(path, table) for path in own if (table := _table_of(path)) is not None]
        if tables:
            path, table = tables[0]
            yield str(path), table
            break
    for key, (variable, value) in read_environment(environ).items():
        yield variable, {key: value}


def _table_of(path: Path) -> Mapping[str, object] | None:
    """Read a settings file; None where it does not speak of us."""
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        if path.name == PYPROJECT:
            return None  # not ours to judge: the project may be just what is to be audited
        raise UsageError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    if path.name == PYPROJECT and NAME not in text and _MISSPELT not in text:
        return None
    if sys.version_info >= (3, 11):  # few projects have settings for us, and the parser takes as long as a small scan
        import tomllib
    else:
        import tomli as tomllib
    try:
        content: object = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from error
    header = ""
    if path.name == PYPROJECT:
        tools = content.get("tool") if isinstance(content, dict) else None
        content = tools.get(NAME) if isinstance(tools, dict) else None
        header = TABLE
        if content is None:
            _forbid_misspelt(path, tools)
            return None
    return read_table(content, Source(path=path, text=text, header=header))


def _forbid_misspelt(path: Path, tools: object) -> None:
    if isinstance(tools, dict) and _MISSPELT in tools:
        raise UsageError(f"{path}: [tool.{_MISSPELT}]: the table is called [{TABLE}]")
