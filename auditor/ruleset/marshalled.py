"""Files of plain values in the user's cache folder, which load in a hundredth of the time that making them took.

A file is replaced in one step and carries a checksum. Whatever is wrong with it (damaged, written by another version,
in a folder that cannot be written) only costs the time to make its content again.
"""

from __future__ import annotations

import marshal
import os
import time
from binascii import crc32

from auditor.model.annotations import TYPE_CHECKING, Any
from auditor.model.home import NOWHERE, base_folder

if TYPE_CHECKING:
    from pathlib import Path

MARSHAL_VERSION = 4


def cache_home_name() -> str:
    """Return our folder of things that can be made again, whether or not it exists."""
    return os.path.join(base_folder("XDG_CACHE_HOME", ".cache") or NOWHERE, "repro-audit")


def cache_home() -> Path:
    """The same as a path."""
    from pathlib import Path  # takes longer to load than a kept answer to find

    return Path(cache_home_name())


def read_marshalled(file: Path | str, magic: bytes) -> bytes | None:
    """Return what is to be unmarshalled; None where there is no file, a damaged one, or one of another kind."""
    try:
        with open(file, "rb") as stream:
            content = stream.read()
    except OSError:
        return None
    start = len(magic)
    body = content[start + 4 :]
    whole = content[:start] == magic and int.from_bytes(content[start : start + 4], "little") == crc32(body)
    return body if whole else None


def write_marshalled(file: Path | str, magic: bytes, content: Any) -> bool:
    """Replace the file in one step, so that others see the old one or the new one. Whether it could be written."""
    temporary = f"{file}.{os.getpid()}.{time.monotonic_ns()}.tmp"
    try:
        body = marshal.dumps(content, MARSHAL_VERSION)
    except ValueError:  # a date in a rule's options: not for us to judge
        return False
    try:
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(temporary, "xb") as stream:
            stream.write(magic + crc32(body).to_bytes(4, "little") + body)
        os.replace(temporary, file)
    except OSError:
        try:  # noqa: SIM105  # contextlib takes 4 ms to load
            os.unlink(temporary)
        except OSError:
            pass
        return False
    return True
