"""Install commands in scripts, images and notebooks: `pip install torch`, over several lines too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.model.pattern import lazy_pattern
from auditor.static.documents.dependencies import Dependency, conda_requirement, requirement
from auditor.static.documents.span import Span

_COMMAND = lazy_pattern(
    r"(?:\b(?P<pip>pip3?|python3?\s+-m\s+pip|uv\s+pip)|\b(?P<conda>conda|mamba|micromamba))\s+install\b"
)
_WORD = lazy_pattern(r"\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"';&|]+)|(?P<end>&&|\|\||[;&|])")
_SETTLING = frozenset({"-c", "--constraint", "--no-index"})
"""Options under which the versions do not depend on the day."""

_WITH_VALUE = frozenset(
    {
        "-C", "-c", "-f", "-i", "-n", "-p", "-r", "-t", "--abi", "--build-option", "--cache-dir", "--cert",
        "--channel", "--config-setting", "--config-settings", "--exclude-newer", "--extra", "--extra-index-url",
        "--file", "--find-links", "--global-option", "--group", "--implementation", "--index", "--index-strategy",
        "--index-url", "--log", "--name", "--no-binary", "--no-build-isolation-package", "--only-binary", "--override",
        "--overrides", "--platform", "--prefix", "--progress-bar", "--proxy", "--python", "--python-version",
        "--requirement", "--resume-retries", "--retries", "--root", "--root-user-action", "--solver", "--src",
        "--target", "--timeout", "--torch-backend", "--trusted-host", "--upgrade-strategy",
    }
)  # fmt: skip


def installed(lines: Iterable[tuple[int, str]]) -> Iterator[Dependency]:
    """The packages that commands in these numbered lines install.

    Those under a constraint file are left out, and those from a folder alone: it holds the versions there are.
    """
    for command, is_conda in _commands(lines):
        words = [word for word, _ in command]
        if not is_conda and any(word.split("=")[0] in _SETTLING for word in words):
            continue
        takes_value = False
        for word, span in command:
            if takes_value or word.startswith("-"):
                takes_value = not takes_value and word in _WITH_VALUE
                continue
            found = conda_requirement(word) if is_conda else requirement(word)
            if found:
                yield Dependency(*found, span)


def _commands(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[list[tuple[str, Span]], bool]]:
    """Words after `install` with their places, and whether it is conda that installs."""
    words: list[tuple[str, Span]] = []
    is_conda = goes_on = False
    for number, line in lines:
        start: int | None = 0 if goes_on else None
        while True:
            if start is None:
                match = _COMMAND.search(line)
                if match is None:
                    break
                words, is_conda, start = [], match["conda"] is not None, match.end()
            end = _collect(line, start, number, words)
            if end is None:
                break
            yield words, is_conda
            line = " " * end + line[end:]
            words, start, goes_on = [], None, False
        goes_on = start is not None and line.rstrip().endswith("\\")
        if start is not None and not goes_on:
            yield words, is_conda
            words = []
    if words:
        yield words, is_conda


def _collect(line: str, start: int, number: int, words: list[tuple[str, Span]]) -> int | None:
    """Add the words from `start` on; the end of the command where it ends within the line."""
    for match in _WORD.finditer(line, start):
        if match["end"]:
            return match.end()
        word = match["double"] or match["single"] or match["bare"] or ""
        if word.startswith("#"):
            return len(line)
        if word not in ("\\", ""):
            words.append((word, Span(number, match.start() + 1, number, match.end() + 1)))
    return None
