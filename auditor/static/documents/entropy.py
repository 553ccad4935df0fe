"""Values in launch scripts that are others in each run: `$RANDOM`, `$(date +%s)`, `$$`, the number of the job."""

from __future__ import annotations

import re

from auditor.static.documents.kinds import Kind

_SOURCES = (
    (re.compile(r"\$\{?(?:S?RANDOM)\b|\$\(\([^)]*\bS?RANDOM\b"), "a random number of the shell"),
    (re.compile(r"\$(?:\{?|\(\([^)]*\b)(?:EPOCHSECONDS|EPOCHREALTIME|SECONDS)\b"), "the time"),
    (re.compile(r"(?:\$\(|`)\s*date\b(?!\s+(?:-d|--date|-r|-f)\b)"), "the time"),
    (re.compile(r"\btime\.time(?:_ns)?\("), "the time"),
    (re.compile(r"\$\$|\$\{?(?:BASHPID|PPID)\b"), "the number of a process"),
    (
        re.compile(r"\$(?:\{?|\(\([^)]*\b)(?:SLURM_(?:ARRAY_)?JOB_?ID|PBS_JOBID|LSB_JOBID|JOB_ID)\b"),
        "the number of the job",
    ),
    (re.compile(r"/dev/u?random\b|\bopenssl\s+rand\b|\buuidgen\b|\bos\.urandom\("), "entropy of the operating system"),
    (re.compile(r"\b(?:shuf|sort\s+-R)\b(?!.*--random-source)"), "a draw of the shell"),
    (re.compile(r"(?:\$\(|`)\s*python3?\s+-c\b.*\b(?:random|secrets)\.\w+\("), "a draw of an unseeded Python"),
)


def entropy(value: str, kind: Kind, *, shell_is_seeded: bool = False) -> str | None:
    """What makes a value another one in each run, in words; None where nothing does.

    `shell_is_seeded`: the script has set `RANDOM`, so bash repeats its numbers.
    """
    if value.startswith("'") or kind is Kind.ENVIRONMENT_FILE:
        # Nothing is expanded there.
        return None
    sources = _SOURCES[1:] if shell_is_seeded else _SOURCES
    return next((words for pattern, words in sources if pattern.search(value)), None)
