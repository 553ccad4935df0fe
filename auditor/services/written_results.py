"""Results in files that two runs wrote with other contents: metrics, losses, predictions, arrays.

What is not read here says nothing: a log with times, a checkpoint that holds the date. Nothing in a file is executed.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from auditor.dynamic.printed import output_differences
from auditor.errors import UsageError
from auditor.model.run import RunRecord
from auditor.runs.result_files import Parts, read_parts
from auditor.runs.sides import FinalWeights, Number, Samples, Series
from auditor.runs.written import kept_copy, kept_tensors

_TIMES = re.compile(
    r"(?i)(?:^|[^a-z])(?:times?|durations?|elapsed|latenc(?:y|ies)|speeds?|throughput|timings?)(?:[^a-z]|$)"
)
_TEXTS = (".txt", ".log", ".out")
_NUMBERS = re.compile(r"[-+\d.eE,;\s]*|nan|inf")
"""A whole file of this holds numbers alone, as `numpy.savetxt` writes them."""

_MODELS = re.compile(r"(?i)\.(?:pkl|pickle|joblib|pt|pth|ckpt|safetensors|bin|onnx|h5|hdf5|model|ubj)$")
"""What fitted models are written to, by libraries of every kind; too many to be read here."""


def differing_results(records: tuple[RunRecord, RunRecord], changed: Iterable[str]) -> tuple[str, ...]:
    """One sentence a file of `changed` whose results differ, of those that the runs' folders hold copies of.

    A model counts as a result where the tensors in it are others, or where no process took an optimizer step:
    then it was fitted by something else.
    """
    trained = any(process.steps for record in records for process in record.processes)
    found = []
    for path in changed:
        if _other_tensors(records, path):
            told = f"tensors in {path} differ"
        elif _MODELS.search(path):
            told = "" if trained else f"{path} holds other bytes, and no optimizer of torch took a step"
        else:
            told = _difference(records, path)
        if told:
            found.append(told)
    return tuple(found)


def _other_tensors(records: tuple[RunRecord, RunRecord], path: str) -> bool:
    """Both runs saved tensors to the file, and not the same."""
    kept = [kept_tensors(Path(record.folder), path) for record in records]
    if _TIMES.search(Path(path).stem) or not all(each.is_file() for each in kept):
        return False
    return kept[0].read_text(encoding="ascii") != kept[1].read_text(encoding="ascii")


def _difference(records: tuple[RunRecord, RunRecord], path: str) -> str:
    copies = [kept_copy(Path(record.folder), path) for record in records]
    if _TIMES.search(Path(path).stem) or not all(copy.is_file() for copy in copies):
        return ""
    contents = copies[0].read_bytes(), copies[1].read_bytes()
    if contents[0] and contents[1].startswith(contents[0]):
        return _added(path, *(content.decode("utf-8", "replace") for content in contents))
    if path.lower().endswith((*_TEXTS, ".csv")):
        texts = [content.decode("utf-8", "replace") for content in contents]
        if all(_NUMBERS.fullmatch(text) for text in texts):
            return f"the numbers in {path} differ"
        if not path.lower().endswith(".csv"):
            return _printed(path, *texts)
    return _read(path, *copies)


def _read(path: str, reference: Path, candidate: Path) -> str:
    try:
        a, b = (read_parts(copy, path) for copy in (reference, candidate))
    except UsageError:
        return ""
    return next((f"{told} (in {path})" for told in _differences(a, b)), "")


def _added(path: str, reference: str, candidate: str) -> str:
    """Both runs append to the file: what the second one added is held against as many lines before it."""
    added = candidate[len(reference) :]
    lines = reference.splitlines(keepends=True)
    before = "".join(lines[-len(added.splitlines()) :])
    if before == added:
        return ""
    if path.lower().endswith(".csv") and not _NUMBERS.fullmatch(lines[0]):
        with tempfile.TemporaryDirectory() as folder:
            tables = Path(folder, "before.csv"), Path(folder, "added.csv")
            for table, rows in zip(tables, (before, added), strict=True):
                table.write_text(lines[0] + rows, encoding="utf-8", newline="")
            return _read(path, *tables)
    if _NUMBERS.fullmatch(before + added):
        return f"the numbers that both runs appended to {path} differ"
    return _printed(path, before, added)


def _printed(path: str, reference: str, candidate: str) -> str:
    """The first figure of a log that is not the time of the run."""
    lines = output_differences(reference, candidate, cut=False)
    return next(
        (
            f"line {each.line} of {path} is `{each.reference}` in the reference and `{each.candidate}` in the candidate"
            for each in lines
            if each.metric
        ),
        "",
    )


def _differences(a: Parts, b: Parts) -> Iterator[str]:
    for numbers, others in ((a.metrics, b.metrics), (a.classes, b.classes)):
        yield from _numbers(numbers, others)
    for name in sorted(set(a.losses) & set(b.losses)):
        yield from _series(name, a.losses[name], b.losses[name])
    yield from _samples(a.predictions, b.predictions)
    yield from _arrays(a.weights, b.weights)


def _numbers(a: Mapping[str, Number], b: Mapping[str, Number]) -> Iterator[str]:
    for name in sorted(set(a) & set(b)):
        if not _same(a[name].value, b[name].value) and not _TIMES.search(name):
            yield _sides(name, a[name].value, b[name].value)


def _series(name: str, a: Series, b: Series) -> Iterator[str]:
    for place, first, second in zip(a.places, a.values, b.values, strict=False):
        if not _same(first, second):
            yield _sides(f"{name} of {place}", first, second)
            return
    if len(a.values) != len(b.values):
        yield _sides(f"the number of values of {name}", len(a.values), len(b.values))


def _samples(a: Samples | None, b: Samples | None) -> Iterator[str]:
    if a is None or b is None:
        return
    differing = sum(first != second for first, second in zip(a.bits, b.bits, strict=False))
    differing += abs(len(a.bits) - len(b.bits))
    if differing:
        yield f"{differing:,} of {max(len(a.bits), len(b.bits)):,} predictions differ"


def _arrays(a: FinalWeights | None, b: FinalWeights | None) -> Iterator[str]:
    first, second = a.tensors if a else {}, b.tensors if b else {}
    names = [name for name in sorted(set(first) & set(second)) if first[name].digest != second[name].digest]
    names = [name for name in names if not _TIMES.search(name)]
    if names:
        yield f"the array {names[0]} differs" if len(names) == 1 else f"{len(names):,} arrays differ"


def _sides(name: str, first: float, second: float) -> str:
    return f"{name} is {first!r} in the reference and {second!r} in the candidate"


def _same(first: float, second: float) -> bool:
    return first == second or (first != first and second != second)
