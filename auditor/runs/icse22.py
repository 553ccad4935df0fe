"""Reads the result files of Chen et al., "Towards Training Reproducible Deep Learning Models" (ICSE 2022).

One text file a training, `<model>_tf_<version>_<device>_seed_<seed>_<patch>_<mode>_<number>.txt`: a line
`overall_acc,<float>`, a line `loss,[<float>, …]` (one an epoch), `<class>,<float>` for each class, then the predicted
class of each test sample, one a line. Read from an archive (`.tar`, `.tar.gz`, …) without unpacking it, or from a
folder.
"""

from __future__ import annotations

import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from auditor.errors import UsageError
from auditor.model.finding import Skipped
from auditor.model.lean import dataclass
from auditor.model.variance import Replica

MAX_BYTES = 50_000_000
"""Larger members of an archive are no result files."""

UNSEEDED = -1
_NAME = re.compile(
    r"(?P<model>.+)_tf_(?P<tf>\d+)_(?P<device>cpu|gpu)_seed_(?P<seed>-?\d+)"
    r"_(?P<patch>nopatch|patch)_(?P<mode>norecord|record|replay)_(?P<number>\d+)\.txt"
)
_VERSIONS = {"114": "1.14", "210": "2.1"}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SetUp:
    """Under what a training ran."""

    model: str
    device: str
    tensorflow: str
    patched: bool
    mode: str
    """`norecord`, `record` or `replay`."""

    seed: int
    """`UNSEEDED`: none was set."""

    def group(self) -> str:
        """`lenet1 cpu 1.14 patched`: all but mode and seed."""
        return f"{self.model} {self.device} {self.tensorflow} {'patched' if self.patched else 'unpatched'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One file."""

    set_up: SetUp
    number: int
    replica: Replica


def read_results(source: Path) -> tuple[list[Result], list[Skipped]]:
    """Return all results, sorted by set-up and number, and the files that are none.

    Raises `UsageError` where `source` is no folder and no archive, and where there is no result in it.
    """
    results: list[Result] = []
    skipped: list[Skipped] = []
    for path, data in _files(source):
        name = PurePosixPath(path).name
        if not name.endswith(".txt"):
            continue
        match = _NAME.fullmatch(name)
        if match is None:
            skipped.append(Skipped(subject=path, reason="the name is not that of a result file"))
            continue
        try:
            replica = parse_result(name.removesuffix(".txt"), data.decode("utf-8"))
        except ValueError as error:  # also UnicodeDecodeError
            skipped.append(Skipped(subject=path, reason=str(error)))
            continue
        results.append(Result(set_up=_set_up(match), number=int(match["number"]), replica=replica))
    results, cut = _whole(results)
    skipped += cut
    if not results:
        raise UsageError(f"{source}: holds no result file such as lenet1_tf_114_cpu_seed_0_nopatch_norecord_1.txt")
    results.sort(key=lambda result: (result.set_up, result.number))
    return results, sorted(skipped, key=lambda entry: entry.subject)


def _whole(results: list[Result]) -> tuple[list[Result], list[Skipped]]:
    """Tell results apart from files that were cut off: all results of a model have as many losses, classes, samples."""
    sizes = {each.replica.name: _size(each.replica) for each in results}
    full: dict[str, tuple[int, ...]] = {}
    for each in results:
        known = full.get(each.set_up.model, (0, 0, 0))
        full[each.set_up.model] = tuple(map(max, known, sizes[each.replica.name]))
    cut = [each for each in results if sizes[each.replica.name] != full[each.set_up.model]]
    skipped = [
        Skipped(
            subject=f"{each.replica.name}.txt",
            reason=f"cut off: it has {_words(sizes[each.replica.name])}; others of {each.set_up.model} have "
            f"{_words(full[each.set_up.model])}",
        )
        for each in cut
    ]
    return [each for each in results if each not in cut], skipped


def _size(replica: Replica) -> tuple[int, ...]:
    return len(replica.losses), len(replica.classes), len(replica.predictions)


def _words(size: tuple[int, ...]) -> str:
    losses, classes, predictions = size
    return f"{losses:,} losses, {classes:,} classes and {predictions:,} predictions"


def parse_result(name: str, text: str) -> Replica:
    """Return what a file says; raises ValueError with the line where it is malformed."""
    overall: float | None = None
    losses: tuple[float, ...] = ()
    classes: list[tuple[str, float]] = []
    predictions: list[int] = []
    for number, line in enumerate(text.splitlines(), 1):
        key, comma, value = line.partition(",")
        try:
            if not comma:
                if line.strip():
                    predictions.append(int(line))
            elif key == "overall_acc":
                overall = float(value)
            elif key == "loss":
                losses = _losses(value)
            else:
                classes.append((key, float(value)))
        except ValueError:
            raise ValueError(f"line {number}: cannot be read: {line[:40]!r}") from None
    if overall is None:
        raise ValueError("no line `overall_acc,…`: the file is cut off or of another kind")
    return Replica(name=name, overall=overall, losses=losses, classes=tuple(classes), predictions=tuple(predictions))


def _losses(text: str) -> tuple[float, ...]:
    inside = text.strip().removeprefix("[").removesuffix("]")
    return tuple(float(part) for part in inside.split(",")) if inside.strip() else ()


def _set_up(match: re.Match[str]) -> SetUp:
    return SetUp(
        model=match["model"],
        device=match["device"],
        tensorflow=_VERSIONS.get(match["tf"], match["tf"]),
        patched=match["patch"] == "patch",
        mode=match["mode"],
        seed=int(match["seed"]),
    )


def _files(source: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of every regular file."""
    try:
        if source.is_dir():
            for file in sorted(source.rglob("*")):
                if file.is_file() and file.stat().st_size <= MAX_BYTES:
                    yield file.relative_to(source).as_posix(), file.read_bytes()
            return
        with tarfile.open(source) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() and member.size <= MAX_BYTES else None
                if content is not None:
                    yield member.name.removeprefix("./"), content.read()
    except tarfile.TarError as error:
        reason = str(error).partition(":")[0]
        raise UsageError(f"{source}: is no folder and no archive (.tar, .tar.gz, …) of results: {reason}") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{source}: cannot be read: {reason}") from error
