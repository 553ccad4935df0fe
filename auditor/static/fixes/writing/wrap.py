"""Lines that a patch made too long, broken the way formatters break them.

Only where the file kept to the limit before: in one that did not, a long line is nobody's concern. Calls and displays
are opened at their last bracket: what is inside on one line if it fits there, else one element a line. What would take
more than that (operators, chains of calls) stays long, which is valid all the same.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise

_OPENING, _CLOSING = "([{", ")]}"
_SKIPPED = (tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT)
_OPERATORS = frozenset(
    {"and", "or", "not", "if", "else", "is", "lambda", "assert", "global", "nonlocal", "del", "import"}
)
_BEFORE_OPERAND = frozenset({"=", ":", ",", "@", ":=", "->", "*", "**"})
_KEYWORDS = frozenset(
    {"return", "yield", "await", "raise", "in", "with", "for", "while", "async", "elif", "from", "as"}
)


def wrapped(before: str, after: str, limit: int, indent: str = "    ") -> str:
    """Return `after` with those of its new lines broken that are longer than `limit`; its meaning is the same."""
    old, new = before.split("\n"), after.split("\n")
    if not any(len(line) > limit for line in new) or not _kept_to(old, limit):
        return after
    lines: list[str] = []
    for tag, _, _, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for number in range(start, end):
            line = new[number]
            if tag == "equal" or len(line) <= limit:
                lines.append(line)
            else:
                lines.extend(_broken(line, _is_inside(new, number), limit, indent))
    result = "\n".join(lines)
    return result if _means_the_same(after, result) else after


def _kept_to(lines: Sequence[str], limit: int) -> bool:
    """Whether no line is too long that a formatter would have broken: comments and strings it leaves alone."""
    return not any(
        len(line) > limit and not line.lstrip().startswith("#") and '"' not in line and "'" not in line
        for line in lines
    )


def _means_the_same(first: str, second: str) -> bool:
    try:
        return ast.dump(ast.parse(first)) == ast.dump(ast.parse(second))
    except SyntaxError:
        return False


def _is_inside(lines: Sequence[str], number: int) -> bool:
    """Whether a line is all that stands between a bracket that is opened above and closed below."""
    above = lines[number - 1].rstrip() if number else ""
    below = lines[number + 1].lstrip() if number + 1 < len(lines) else ""
    return above.endswith(tuple(_OPENING)) and below.startswith(tuple(_CLOSING))


def _broken(line: str, inside: bool, limit: int, indent: str) -> list[str]:
    margin = line[: len(line) - len(line.lstrip())]
    text = line.strip()
    if inside and not text.endswith(","):
        tokens = _tokens(text)
        elements = _elements(text, tokens) if tokens else []
        if len(elements) > 1 and not any(token.string == "for" and not depth for token, depth in _with_depth(tokens)):
            return [piece for each in elements for piece in _fitted(margin, f"{each},", limit, indent)]
    return _fitted(margin, text, limit, indent)


def _fitted(margin: str, text: str, limit: int, indent: str) -> list[str]:
    """A line and those that it becomes."""
    whole = [margin + text]
    if len(whole[0]) <= limit:
        return whole
    tokens = _tokens(text)
    if text.startswith("from ") and " import " in text and "(" not in text:
        head, _, names = text.partition(" import ")
        return [
            f"{margin}{head} import (",
            *(f"{margin}{indent}{name.strip()}," for name in names.split(",")),
            f"{margin})",
        ]
    split = _last_bracket(text, tokens) if tokens else None
    if split is None:
        return _in_parentheses(margin, text, tokens, limit, indent) or whole
    opening, closing = split
    body = text[opening + 1 : closing].strip()
    head, tail = margin + text[: opening + 1], margin + text[closing:]
    inner = _tokens(body)
    if not body or not inner:
        return whole
    depths = _with_depth(inner)
    is_comprehension = any(token.string == "for" and not depth for token, depth in depths)
    if len(margin + indent + body) <= limit and not body.endswith(","):
        return [head, margin + indent + body, tail]
    if is_comprehension:
        return [head, *(margin + indent + clause for clause in _clauses(body, depths)), tail]
    elements = _elements(body, inner)
    lines = [piece for each in elements for piece in _fitted(margin + indent, f"{each},", limit, indent)]
    return [head, *lines, tail]


def _in_parentheses(
    margin: str, text: str, tokens: Sequence[tokenize.TokenInfo], limit: int, indent: str
) -> list[str] | None:
    """A chain of calls that is assigned or returned, in parentheses of its own; None for anything else."""
    depths = _with_depth(tokens)
    start = _operand_start(depths)
    chain = [token for token, depth in depths[start:] if not depth]
    if not start or depths[start - 1][0].string not in ("=", "return") or _links(chain) < 2:
        return None
    if any(token.type != tokenize.NAME and token.string not in ".([)]" for token in chain):
        return None
    if any(token.string in _OPERATORS for token in chain):
        return None
    at = depths[start][0].start[1]
    inner = margin + indent + text[at:]
    return [margin + text[:at] + "(", inner, margin + ")"] if len(inner) <= limit else None


def _links(chain: Sequence[tokenize.TokenInfo]) -> int:
    """How many attributes in a chain are taken of what a call or a subscript gives."""
    return sum(first.string in (")", "]") and second.string == "." for first, second in pairwise(chain))


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    """The tokens of a line; none where it is no whole one."""
    try:
        found = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return []
    return [token for token in found if token.type not in _SKIPPED]


def _with_depth(tokens: Sequence[tokenize.TokenInfo]) -> list[tuple[tokenize.TokenInfo, int]]:
    """Each token with the number of brackets around it; a bracket has that of what is around it."""
    found = []
    depth = 0
    for token in tokens:
        is_bracket = token.type == tokenize.OP
        depth -= is_bracket and token.string in _CLOSING
        found.append((token, depth))
        depth += is_bracket and token.string in _OPENING
    return found


def _elements(text: str, tokens: Sequence[tokenize.TokenInfo]) -> list[str]:
    """What stands between the commas of a line, those inside of brackets left alone."""
    cuts = [token.start[1] for token, depth in _with_depth(tokens) if token.string == "," and not depth]
    pieces = [text[start + 1 : end] for start, end in zip([-1, *cuts], [*cuts, len(text)], strict=True)]
    return [piece.strip() for piece in pieces if piece.strip()]


def _clauses(text: str, depths: Sequence[tuple[tokenize.TokenInfo, int]]) -> list[str]:
    """A comprehension, cut before each of its `for` and `if`."""
    cuts = [0]
    seen = False
    for token, depth in depths:
        seen = seen or (token.string == "for" and not depth)
        if seen and not depth and token.string in ("for", "async", "if"):
            cuts.append(token.start[1])
    return [text[start:end].strip() for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def _last_bracket(text: str, tokens: Sequence[tokenize.TokenInfo]) -> tuple[int, int] | None:
    """Where the last bracket of a line opens and closes, if everything before it is a plain name or a target."""
    depths = _with_depth(tokens)
    depths = _without_condition(depths)
    closing = next((number for number in range(len(depths) - 1, -1, -1) if _closes(depths[number])), None)
    if closing is not None and depths[closing][0].string == "]":
        closing = _before_subscript(depths, closing)
    if closing is None or not _is_tail([token for token, _ in depths[closing + 1 :]]):
        return None
    opening = max(number for number in range(closing) if _opens(depths[number]))
    operand = _operand_start(depths[:opening])
    between = [token for token, depth in depths[operand:opening] if not depth]
    if any(token.type not in (tokenize.NAME, tokenize.OP) or token.string in _OPERATORS for token in between):
        return None
    if any(token.type == tokenize.OP and token.string not in ".([)]" for token in between) or _links(between) > 1:
        return None
    kind = depths[opening][0].string
    is_call = bool(between) and between[-1].string not in _KEYWORDS
    if (kind == "(" and not is_call) or (kind != "(" and is_call):
        return None  # parentheses around something, or a subscript
    if any(token.string in _OPERATORS for token, depth in depths[:operand] if not depth):
        return None
    return depths[opening][0].start[1], depths[closing][0].start[1]


def _without_condition(depths: list[tuple[tokenize.TokenInfo, int]]) -> list[tuple[tokenize.TokenInfo, int]]:
    """The line without the `if` or `while` that it begins with."""
    return depths[1:] if depths and depths[0][0].string in ("if", "elif", "while") else depths


def _before_subscript(depths: Sequence[tuple[tokenize.TokenInfo, int]], closing: int) -> int:
    """The call that a subscript at the end is taken of, if it is one: that is broken instead."""
    opening = max(number for number in range(closing) if _opens(depths[number]))
    is_of_call = opening > 0 and _closes(depths[opening - 1]) and depths[opening - 1][0].string == ")"
    return opening - 1 if is_of_call else closing


def _closes(each: tuple[tokenize.TokenInfo, int]) -> bool:
    token, depth = each
    return token.type == tokenize.OP and token.string in _CLOSING and not depth


def _opens(each: tuple[tokenize.TokenInfo, int]) -> bool:
    token, depth = each
    return token.type == tokenize.OP and token.string in _OPENING and not depth


def _is_tail(tokens: Sequence[tokenize.TokenInfo]) -> bool:
    """Whether what follows a closing bracket may stay behind it: `,`, `:`, `as name:`, a comment."""
    words = [token.string for token in tokens if token.type != tokenize.COMMENT]
    if words[:1] == ["["] and "]" in words:
        words = words[words.index("]") + 1 :]
    if words[:1] == ["as"]:
        words = words[2:]
    return words in ([], [","], [":"])


def _operand_start(depths: Sequence[tuple[tokenize.TokenInfo, int]]) -> int:
    """Index of the first token of the expression that ends here."""
    for number in range(len(depths) - 1, -1, -1):
        token, depth = depths[number]
        if depth:
            continue
        if token.string in _KEYWORDS or (token.type == tokenize.OP and token.string in _BEFORE_OPERAND):
            return number + 1
        if token.type == tokenize.OP and token.string.endswith("=") and token.string not in ("==", "!=", "<=", ">="):
            return number + 1
    return 0
