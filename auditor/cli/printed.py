"""What a scan printed, kept beside its report: where nothing changed it is all that is loaded.

Whatever is not known here (nothing kept, an option that changes more than the text, one stamp that differs) is left to
the command itself. Little is imported here, as the shortest scans do nothing else.
"""

from __future__ import annotations

import marshal
import os
import sys
from binascii import crc32
from collections.abc import Sequence

from auditor.cli.stdout import write_stdout
from auditor.ruleset.marshalled import read_marshalled, write_marshalled
from auditor.services.kept_report import FORMAT, Keeping, cache_folder_name, read_kept
from auditor.services.settings_files import PREFIX, settings_files
from auditor.static.text.projectroot import root_of, upwards
from auditor.static.text.stamps import SETTLED_NS, Stamps, packed_stamps, stamp_of

_VARIABLES = ("HOME", "XDG_CONFIG_HOME", "NO_COLOR", "FORCE_COLOR", "TERM")
"""What a scan reads of the environment, besides the settings that stand in it."""


def print_again(words: Sequence[str], keeping: Keeping) -> int | None:
    """Print what the same command printed, and return its exit code; None where that is not known.

    `keeping`: takes the report that it was made of where something differs.
    """
    asked = _asked(words)
    content = read_marshalled(_name(asked), FORMAT)
    if content is None:
        return None
    try:
        before, paths, tops, settings, entry, identity, code, text = marshal.loads(content)
        if before != asked or _tops(paths) != tops or Stamps(settings).differing(""):
            return None
    except (ValueError, TypeError, EOFError):
        return None
    kept = read_kept(entry)
    if kept is None or kept.identity != identity:
        return None
    if not kept.compare(root_of(paths)):
        keeping.leave(entry, kept)
        return None
    write_stdout(text)
    return int(code)


def keep_printed(
    words: Sequence[str], paths: Sequence[str], started_ns: int, kept: tuple[str, bytes], code: int, text: str
) -> None:
    """Keep what was printed for a report. `kept`: where that is, and what it and all that it rests on go by."""
    asked = _asked(words)
    settings = packed_stamps(
        {path: (stamp_of(path, started_ns - SETTLED_NS), b"") for path in settings_files(paths[0])}
    )
    write_marshalled(_name(asked), FORMAT, (asked, list(paths), _tops(paths), settings, *kept, int(code), text))


def _asked(words: Sequence[str]) -> str:
    """All that decides what is printed besides settings and the project."""
    variables = [(name, os.environ.get(name)) for name in _VARIABLES]
    variables += sorted(item for item in os.environ.items() if item[0].startswith(PREFIX))
    stream = sys.stdout
    try:
        return repr((list(words), os.getcwd(), variables, stream.encoding, stream.isatty()))
    except (OSError, ValueError, AttributeError):  # a folder that is gone, a stream that is closed
        return ""


def _name(asked: str) -> str:
    return os.path.join(cache_folder_name(), f"{crc32(asked.encode('utf-8', 'surrogateescape')):08x}.text")


def _tops(paths: Sequence[str]) -> list[bool]:
    """Which of the folders above are tops of repositories: how far up settings are looked for."""
    return [os.path.exists(os.path.join(folder, ".git")) for folder in upwards(os.path.abspath(paths[0]))]
