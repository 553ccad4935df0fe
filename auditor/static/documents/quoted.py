"""Lines of a shell script that are no commands of it: what it hands on as a text.

`python - <<EOF` and `python -c "` are followed by Python, `cat > words.txt <<EOF` by whatever the file shall hold. What
a shell is given, or a file that one will run, stays: these are commands all the same.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from auditor.model.pattern import lazy_pattern

_BEGINNING = lazy_pattern(r"(?<![<\w(])\d?<<-?[ \t]*[\"'\\]?(?P<end>[A-Za-z_]\w*)")
_ARITHMETIC = lazy_pattern(r"\(\([^()]*\)\)")
_SCRIPTS = lazy_pattern(
    r"\.(?:sh|bash|zsh|sbatch|slurm|pbs|lsf|job|env)\b|\$\{?\w*(?i:script|job|slurm|sbatch|launcher)\w*"
)
"""Files of commands."""

_SHELLS = lazy_pattern(
    r"(?:^|[\s;&|(/\"'])(?:(?:ba|da|k|z)?sh|ssh|sbatch|srun|salloc|qsub|bsub|RUN)(?=[\s<;&|)\"'-]|$)"
)
"""What reads commands."""

_PYTHON = lazy_pattern(r"(?:^|[\s;&|(/\"'])(?:python|pypy)[\d.]*(?=[\s<\"'])")
_TEXT = lazy_pattern(r"(?:^|[\s;&|(/\"'])(?:python|pypy)[\d.]*(?:\s+-[A-Za-z]+)*\s+-[A-Za-z]*c\s+(?P<quote>[\"'])")


def foreign_lines(lines: Sequence[str]) -> frozenset[int]:
    """The numbers, from 1, of the lines that no shell executes."""
    found: set[int] = set()
    places: dict[str, list[int]] | None = None
    unclosed: set[str] = set()
    last = 0
    for number, line in enumerate(lines, 1):
        if number <= last or line.lstrip().startswith("#"):
            continue
        if "<<" in line:
            bare = _ARITHMETIC.sub("", line)
            is_executed = _is_executed(bare)
            for beginning in _BEGINNING.finditer(bare):
                places = _places(lines) if places is None else places
                end = _following(places.get(beginning["end"], ()), max(number, last))
                if end is None:
                    break
                if not is_executed:
                    found.update(range(max(number, last) + 1, end + 1))
                last = end
        elif (opened := _TEXT.search(line)) and opened["quote"] not in unclosed:
            end = _closing(lines, number, opened.end(), opened["quote"])
            if end is None:
                unclosed.add(opened["quote"])  # nor does one that begins below it end
                continue
            found.update(range(number + 1, end))
            last = end - 1
    return frozenset(found)


def _is_executed(line: str) -> bool:
    """Whether what a line is given is executed by a shell, now or later."""
    return _SCRIPTS.search(line) is not None or (_SHELLS.search(line) is not None and not _PYTHON.search(line))


def _places(lines: Sequence[str]) -> dict[str, list[int]]:
    """The lines that hold one word alone, which may be the end of something, by that word."""
    found: dict[str, list[int]] = {}
    for number, line in enumerate(lines, 1):
        word = line.strip()
        if word.isidentifier():
            found.setdefault(word, []).append(number)
    return found


def _following(numbers: Sequence[int], number: int) -> int | None:
    index = bisect_right(numbers, number)
    return numbers[index] if index < len(numbers) else None


def _closing(lines: Sequence[str], number: int, start: int, quote: str) -> int | None:
    """The line in which a text ends that begins in line `number`, behind its opening quote."""
    for below, line in enumerate(lines[number - 1 :], number):
        text = line[start:] if below == number else line
        if quote in (text.replace(f"\\{quote}", "") if quote == '"' else text):
            return below
    return None
