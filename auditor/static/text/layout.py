"""Which lines of a file hold code: an edit of the others moves what stands below them and changes nothing else."""

from __future__ import annotations

from _ast import AST  # `ast` takes 2 ms to load
from collections.abc import Iterator, Sequence
from itertools import compress

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.digest import content_digest

if TYPE_CHECKING:
    import ast

_TEXTS = frozenset({"Constant", "JoinedStr", "TemplateStr"})
_DIGEST_BYTES = 16
_TO_DIGITS = bytes.maketrans(b"\0\1", b"01")
_FROM_DIGITS = bytes.maketrans(b"01", b"\0\1")


def code_lines(lines: Sequence[str], tree: ast.Module) -> bytearray:
    """1 for each line that counts, 0 for blank ones and comments that have a line of their own."""
    found = bytearray([line.lstrip()[:1] not in ("", "#") for line in lines])
    for first, last in _long_texts(tree, found):
        found[first - 1 : last] = b"\1" * (last - first + 1)
    for number, line in enumerate(lines[:-1]):
        if line.endswith("\\"):
            found[number + 1] = 1  # a blank line behind it ends the statement
    return found


def _long_texts(tree: ast.Module, found: bytearray) -> Iterator[tuple[int, int]]:
    """First and last line of each text that stands in several, some of which do not count in `found` yet.

    What stands in one line, or in lines that all count, is not looked into.
    """
    pending: list[AST] = [tree]
    while pending:
        node = pending.pop()
        first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 1)
        if first == last:
            continue
        if first:
            above: Sequence[AST] = getattr(
                node, "decorator_list", ()
            )  # they stand above the line of what they decorate
            if found.find(0, (above[0].lineno if above else first) - 1, last) < 0:  # type: ignore[attr-defined]
                continue
        if type(node).__name__ in _TEXTS:
            yield first, last
            continue
        for name in node._fields:
            part = getattr(node, name, None)
            if isinstance(part, list):
                pending += [each for each in part if isinstance(each, AST)]
            elif isinstance(part, AST):
                pending.append(part)


def gist(text: str, tree: ast.Module) -> bytes:
    """What stands for the code of a file, with the lines in which it stands."""
    lines = text.split("\n")
    found = code_lines(lines, tree)
    code = "\n".join(compress(lines, found)).encode("utf-8", "surrogatepass")
    packed = int(found.translate(_TO_DIGITS), 2)
    return (
        content_digest(code)[:_DIGEST_BYTES] + packed.to_bytes((len(lines) + 7) // 8, "big") + bytes([len(lines) % 8])
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
