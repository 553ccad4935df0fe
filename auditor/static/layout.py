"""Which lines of a file hold code: an edit of the others moves what stands below them and changes nothing else."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import compress

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.digest import sha256

if TYPE_CHECKING:
    from auditor.static.scopes import ScopeIndex

_DIGEST_BYTES = 16
_TO_DIGITS = bytes.maketrans(b"\0\1", b"01")
_FROM_DIGITS = bytes.maketrans(b"01", b"\0\1")


def code_lines(lines: Sequence[str], index: ScopeIndex) -> bytearray:
    """1 for each line that counts, 0 for blank ones and comments that have a line of their own."""
    found = bytearray([line.lstrip()[:1] not in ("", "#") for line in lines])
    for node in index.nodes[ast.Constant]:
        if isinstance(node, ast.Constant) and node.end_lineno is not None and node.end_lineno > node.lineno:
            found[node.lineno - 1 : node.end_lineno] = b"\1" * (node.end_lineno - node.lineno + 1)
    for number, line in enumerate(lines[:-1]):
        if line.endswith("\\"):
            found[number + 1] = 1  # a blank line behind it ends the statement
    return found


def gist(text: str, index: ScopeIndex) -> bytes:
    """What stands for the code of a file, with the lines in which it stands."""
    lines = text.split("\n")
    found = code_lines(lines, index)
    code = "\n".join(compress(lines, found)).encode("utf-8", "surrogatepass")
    packed = int(found.translate(_TO_DIGITS), 2)
    return (
        sha256(code).digest()[:_DIGEST_BYTES] + packed.to_bytes((len(lines) + 7) // 8, "big") + bytes([len(lines) % 8])
    )


def moved_lines(before: bytes, now: bytes) -> dict[int, int] | None:
    """Where each line of code stands now, by where it stood; None where the code of two gists is not the same."""
    if not before or before[:_DIGEST_BYTES] != now[:_DIGEST_BYTES]:
        return None
    return dict(zip(_numbers(before), _numbers(now), strict=True))


def _numbers(packed: bytes) -> list[int]:
    bits, rest = packed[_DIGEST_BYTES:-1], packed[-1]
    count = len(bits) * 8 - (8 - rest) % 8
    digits = bin(int.from_bytes(bits, "big"))[2:].rjust(count, "0").encode().translate(_FROM_DIGITS)
    return [number for number, is_code in enumerate(digits, 1) if is_code]
