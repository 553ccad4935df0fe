"""What the programs printed, held against each other.

Timings, dates, addresses and the like differ in every run and say nothing; they are masked. Lines may come in another
order, as from the ranks of a distributed run; a line counts as different only if the other run never printed it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from auditor.model.divergence import OutputDifference

SHOWN = 20
LIMIT_CHARACTERS = 8 << 20
_MASKED_CHARACTERS = 2000
"""Of a line: what follows is compared as it is. Numbers of thousands of digits would take minutes."""

_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")
_NUMBER = r"(?<!\d)[-+]?\d[\d,_]*(?:\.\d+)?(?:[eE][-+]?\d+)?"
_SECOND = r"(?:s|secs?|seconds?)"
_THING = r"(?:[a-z]+[ _])?[a-z]+"
_UNITS = (
    rf"{_SECOND}|ms|msecs?|milliseconds?|us|µs|ns|mins?|minutes?|h|hrs?|hours?|it/s|s/it|fps"
    rf"|{_THING}\s?(?:/|per)\s?{_SECOND}|/\s?{_SECOND}|(?:{_SECOND}|ms|us|µs)\s?/\s?[a-z]+|[kKMGT]i?B"
)
_TIME_WORDS = (
    r"time|elapsed|took|duration|eta|speed|throughput|latency|pid|process id|seconds|secs|runtime|wall|cpu|mem(?:ory)?"
    r"|rss|start(?:ed)?|finish(?:ed)?|date|port|dt|fps|ips|mfu|t?flops"
    rf"|{_THING}(?:/|[ _]per[ _]){_SECOND}|(?:{_SECOND}|ms)/[a-z]+"
)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_MASKS = (
    re.compile(r"\b[IWEFD]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+\b"),  # what glog begins its lines with
    re.compile(r"\d{4}-\d\d-\d\d(?:[T _/-]+\d\d[:-]\d\d(?:[:-]\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"),
    re.compile(r"(?<!\d)20\d{6}[T_-]?\d{6}(?!\d)"),
    re.compile(rf"\b{_MONTH}\d\d[_-]\d\d-\d\d-\d\d"),
    re.compile(rf"\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\w*,? )?{_MONTH}\w* +\d+"),
    re.compile(r"\b\d+:\d\d(?::\d\d)?(?:[.,]\d+)?\b"),
    re.compile(r"\b1[5-9]\d{8}(?:\.\d+|\d{3}|\d{6}|\d{9})?\b"),  # seconds since 1970, or parts of them, until 2033
    re.compile(r"\b0x[0-9a-fA-F]+\b"),
    re.compile(r"(?:/tmp|/var/tmp|/dev/shm)/\S+"),
    re.compile(rf"{_NUMBER}\s?(?:{_UNITS})(?![\w/])(?!\s*[:=]\s*\d)"),  # in `loss 2.3 tok/sec: 900` it is a label
    re.compile(
        rf"(?i)\b(?:\w+[_-])?(?:{_TIME_WORDS})(?:_\w+)?\b['\"]?\s*(?:\([^)\d]*\))?\s*(?:is|was|at|of|in)?"
        rf"[\s|:=]*{_NUMBER}(?:\s*\(\s*{_NUMBER}\s*\))?"
    ),
    re.compile(r"\?it/s"),
    re.compile(rf"\bv_num\b\W{{0,3}}{_NUMBER}"),  # in a bar of Lightning: the folder of logs, counted
)
_DATA = re.compile(rf"(?i)\bdata\b\s*[:=]?\s*{_NUMBER}(?:\s*\(\s*{_NUMBER}\s*\))?")
"""How long the data took, beside a time: as in the training loops of torchvision, timm and their descendants."""

_METRIC = re.compile(
    r"(?i)(?:^|[^a-z])(?:\w*loss\w*|acc\w*|f1|auc\w*|roc\w*|precision|recall|\w*score\w*|perplexity|ppl|bleu|rouge\w*"
    r"|mae|mse|rmse|r2|err(?:or)?s?|reward\w*|return|metrics?|valid\w*|val|test|train|grad\w*|norm\w*|nll|likelihood|elbo"
    r"|dice|iou|map|top-?\d|correct|pred\w*|mean|std|sum|total|weights?|params?|checksum|hash|digest|output\w*|logits?"
    r"|result\w*|epoch|step|final)(?:[^a-z]|$)"
)
_MOMENT = re.compile(rf"(?i)\b(?:epoch|step|iter(?:ation)?|batch|round|episode)s?\b\W*({_NUMBER})")
_NAMED_MOMENT = re.compile(r"(?i)\b(epoch|step|iteration|iter|batch|round|episode)s?\b\W{0,3}(\d+)")
_ANY_NUMBER = re.compile(_NUMBER)
_NO_RESULT = (
    re.compile(rf"(?i)\b(?:in|after)\s+{_NUMBER}\s*[.)]?\s*$"),  # `done in 0.53`
    re.compile(rf"(?i)(?<![a-z])(?:{_SECOND}|ms)\b\]?[\s:=]*{_NUMBER}"),
    re.compile(r"(?i)\b(?:process|thread|job|id|run|version|host|node|worker)[\s:=#]*\d+\b"),
    re.compile(rf"(?i){_NUMBER}\s*(?:bytes|%\s*\||/\s*\d)"),  # what is in use, or is done by now
    re.compile(r"^\s*\[\d+\]|\(\d+\)\s*$"),
    re.compile(r"\b\d{1,2}[./]\d{1,2}[./](?:\d\d)?\d\d\b"),
)
"""Times, numbers of processes and dates, where no word tells that a figure is a result."""

_WORD = re.compile(r"[^\s\[\](){}=,;|'\"]+")
_NAMED = re.compile(r"[a-zA-Z]{2}-?\d|_\d|[/#]\d|\d[/_]|\w:\d{2,}(?![\d.])")
"""In a word: `exp12`, `runs/7`, `localhost:41234`."""

_DIGEST = re.compile(
    r"(?<![0-9a-z])(?:[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})(?![0-9a-z])"
    r"|(?<=md5 )[0-9a-f]{32}(?![0-9a-z])|(?<=(?:md5|sum)[:=])[0-9a-f]{32}(?![0-9a-z])"
    r"|(?<=(?:md5|sum)[:=] )[0-9a-f]{32}(?![0-9a-z])"
)
"""What SHA-1 and its successors give; 32 digits may be an id as well, so they count where they are called a sum."""


_FIGURE = re.compile(rf"(?i)([a-z][\w ./@-]*?)['\"]?\s*(?:is|was|of|at)?\s*[:=]?\s*[\[(]?({_NUMBER}|nan|inf)(?![\w])")
_NO_FIGURES = re.compile(
    r"(?i)^(?:\w*_)?(?:epochs?|steps?|iter\w*|batch\w*|round|episode|seed|rank|worker|device|gpu|size|num\w*|n"
    r"|checksum|hash|digest|weight\w*|params?|\w*decay)$"
)


def metric_values(text: str) -> dict[str, float]:
    """The last value of each figure that a program printed beside a word such as `loss` or `accuracy`, by that word.

    Words are those right before the figure, in lower case; steps, epochs, sizes and times are no figures.
    """
    found: dict[str, float] = {}
    for line in _lines(text):
        for name, number in _FIGURE.findall(_mask(line)):
            words = " ".join(name.lower().split()[-2:])
            if _METRIC.search(words) and not _NO_FIGURES.match(words.split()[-1]):
                found[words] = float(number.replace(",", "").replace("_", ""))
    return found


def printed_figures(text: str) -> Iterator[tuple[str, str, float]]:
    """Yield (place, words, value) of each named figure that a program printed, in order; times are none.

    The place is `epoch 3, step 20`, as far as the line says, else `line 12`; words are the last two before the figure,
    in lower case.
    """
    for number, line in enumerate(_lines(text), 1):
        masked = _mask(line)
        found = _FIGURE.findall(masked)
        if not found:
            continue
        moments = [f"{word.lower()} {value}" for word, value in _NAMED_MOMENT.findall(masked)]
        place = ", ".join(dict.fromkeys(moments)) or f"line {number:,}"
        for name, value in found:
            yield place, " ".join(name.lower().split()[-2:]), float(value.replace(",", "").replace("_", ""))


def output_differences(reference: str, candidate: str, *, cut: bool) -> tuple[OutputDifference, ...]:
    """Lines of two outputs that differ, at most `SHOWN`, in the reference's order.

    With `cut`, one of the programs was stopped early: only lines that both came to are looked at, place by place.
    """
    a, b = _lines(reference), _lines(candidate)
    if cut:
        count = max(min(len(a), len(b)) - 1, 0)
        pairs = [(n, a[n], b[n]) for n in range(count) if _mask(a[n]) != _mask(b[n])]
    else:
        pairs = _unmatched(a, b)
    # Another number of lines: the program prints by the clock, or its output is another one altogether.
    paired = all(first and second for _, first, second in pairs)
    known = set(_DIGEST.findall(reference)), set(_DIGEST.findall(candidate))
    return tuple(
        OutputDifference(
            line=number + 1,
            reference=first,
            candidate=second,
            metric=paired and (_is_digest(first, second, *known) or _is_metric(first, second)),
        )
        for number, first, second in pairs[:SHOWN]
    )


def _lines(text: str) -> list[str]:
    """Lines as a terminal shows them: without colours, and of a progress bar only its last state."""
    plain = _ESCAPES.sub("", text[:LIMIT_CHARACTERS]).replace("\r\n", "\n")
    return [line.rsplit("\r", 1)[-1].rstrip() for line in plain.split("\n")]


def _unmatched(a: list[str], b: list[str]) -> list[tuple[int, str, str]]:
    """Lines that the other side lacks, paired in their order."""
    masked_a, masked_b = [_mask(line) for line in a], [_mask(line) for line in b]
    alone_a = _without(masked_a, masked_b)
    alone_b = _without(masked_b, masked_a)
    count = max(len(alone_a), len(alone_b))
    pairs = []
    for index in range(count):
        first = alone_a[index] if index < len(alone_a) else None
        second = alone_b[index] if index < len(alone_b) else None
        number = first if first is not None else second
        pairs.append((number or 0, a[first] if first is not None else "", b[second] if second is not None else ""))
    return pairs


def _without(lines: list[str], others: list[str]) -> list[int]:
    left = Counter(others)
    alone = []
    for number, line in enumerate(lines):
        if left[line]:
            left[line] -= 1
        elif line:
            alone.append(number)
    return alone


def _mask(line: str) -> str:
    line, rest = line[:_MASKED_CHARACTERS], line[_MASKED_CHARACTERS:]
    for pattern in _MASKS:
        line = pattern.sub("~", line)
    return (_DATA.sub("~", line) if "~" in line else line) + rest


def _is_digest(first: str, second: str, reference: set[str], candidate: set[str]) -> bool:
    """The same sentence about a digest, which the other program printed nowhere: ranks may print in another order."""
    digests = [_DIGEST.findall(line) for line in (first, second)]
    if candidate.issuperset(digests[0]) or reference.issuperset(digests[1]):
        return False
    sentences = [_mask(_DIGEST.sub("#", line)) for line in (first, second)]
    return sentences[0] == sentences[1]


def _is_metric(first: str, second: str) -> bool:
    """The same sentence about something that a training measures, with another figure."""
    return bool(_METRIC.search(first)) and is_figure(first, second)


def is_figure(first: str, second: str) -> bool:
    """The same sentence with another figure, which is no time.

    A program that prints by the clock prints at other steps in every run: then the sentence names another step.
    """
    masked = [_mask(line) for line in (first, second)]
    numbers = [_ANY_NUMBER.findall(line) for line in masked]
    sentences = [_ANY_NUMBER.sub("#", line) for line in masked]
    if numbers[0] == numbers[1] or sentences[0] != sentences[1]:
        return False
    moments = [_MOMENT.findall(line) for line in masked]
    return moments[0] == moments[1]


def may_be_result(first: str, second: str) -> bool:
    """The same sentence with another figure, which no word calls a result and nothing a time, a name or a path."""
    return is_figure(first, second) and is_figure(*(_without_names(line) for line in (first, second)))


def _without_names(line: str) -> str:
    line = _mask(line)
    for pattern in _NO_RESULT:
        line = pattern.sub("~", line)
    return _WORD.sub(lambda word: "~" if _NAMED.search(word[0]) else word[0], line)
