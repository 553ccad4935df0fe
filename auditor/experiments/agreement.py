"""Holds two trainings against each other, criterion by criterion, exactly: the same bits or not.

Criteria and their order are those of Chen et al. ("Towards Training Reproducible Deep Learning Models", ICSE 2022),
with final weights, the trace and written files behind them. What one side does not show is not seen, never equal.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from auditor.model.criteria import Agreement, CriterionResult, Parting
from auditor.model.divergence import Magnitude
from auditor.model.lean import replace
from auditor.model.variance import Criterion
from auditor.runs.sides import FinalTensor, FinalWeights, Number, Samples, Series, Side

T = TypeVar("T")


def agreement(criterion: Criterion, reference: Side, candidate: Side) -> CriterionResult:
    """Compare two sides in any criterion but the trace, which traces tell."""
    if missing := _missing(criterion, reference, candidate):
        return not_seen(criterion, missing)
    if criterion is Criterion.OVERALL:
        return _numbers(criterion, reference.metrics, candidate.metrics, "")
    if criterion is Criterion.PER_CLASS:
        return _numbers(criterion, reference.classes, candidate.classes, "class ")
    if criterion is Criterion.PREDICTIONS:
        return _predictions(reference.predictions, candidate.predictions)
    return _FURTHER[criterion](reference, candidate)


def not_seen(criterion: Criterion, reasons: Iterable[str]) -> CriterionResult:
    """What is said of a criterion that could not be looked at."""
    return CriterionResult(
        criterion=criterion,
        agreement=Agreement.NOT_SEEN,
        compared=0,
        differing=0,
        held="",
        first=None,
        reasons=tuple(dict.fromkeys(reasons)),
    )


def _missing(criterion: Criterion, reference: Side, candidate: Side) -> list[str]:
    """Why a criterion cannot be looked at; empty where it can."""
    cuts = [side.cut for side in (reference, candidate) if side.cut]
    if cuts and criterion is not Criterion.LOSSES:
        return cuts
    sides = [side for side in (reference, candidate) if not _shows(side, criterion)]
    told = [side.tried.get(criterion, ()) for side in sides]
    of_both = [text for text in (told[0] if told else ()) if all(text in texts for texts in told)]
    tried = [text for texts in told for text in texts if text not in of_both] + of_both
    if len(sides) == 1:
        other = candidate if sides[0] is reference else reference
        return [f"only {other.name} shows it", *tried]
    return tried or (["nothing that shows it was found"] if sides else [])


def _shows(side: Side, criterion: Criterion) -> bool:
    return {
        Criterion.OVERALL: bool(side.metrics),
        Criterion.PER_CLASS: bool(side.classes),
        Criterion.PREDICTIONS: bool(side.predictions),
        Criterion.LOSSES: bool(side.losses),
        Criterion.WEIGHTS: side.weights is not None and bool(side.weights.tensors),
        Criterion.FILES: side.files is not None,
    }[criterion]


def _result(criterion: Criterion, compared: int, differing: int, held: str, first: Parting | None) -> CriterionResult:
    return CriterionResult(
        criterion=criterion,
        agreement=Agreement.DIFFERS if differing else Agreement.EQUAL,
        compared=compared,
        differing=differing,
        held=held,
        first=first,
        reasons=(),
    )


def _pairs(reference: Mapping[str, T], candidate: Mapping[str, T]) -> list[tuple[str, T | None, T | None]]:
    """Both sides' entries by name, in the order of the reference, then those that only the candidate has."""
    names = [*reference, *(name for name in candidate if name not in reference)]
    return [(name, reference.get(name), candidate.get(name)) for name in names]


# numbers


def _numbers(
    criterion: Criterion, reference: Mapping[str, Number], candidate: Mapping[str, Number], before: str
) -> CriterionResult:
    pairs = _pairs(reference, candidate)
    unequal = [pair for pair in pairs if pair[1] is None or pair[2] is None or not _same(pair[1].value, pair[2].value)]
    held = f"{_sources(each.source for each in reference.values())}: {_listed(list(reference))}"
    return _result(criterion, len(pairs), len(unequal), held, _number_parting(*unequal[0], before) if unequal else None)


def _number_parting(name: str, first: Number | None, second: Number | None, before: str) -> Parting:
    magnitude = None
    if first is not None and second is not None:
        magnitude = distance([first.value], [second.value], printed=first.printed or second.printed)
    return Parting(
        place=f"{before}{name}",
        reference="" if first is None else repr(first.value),
        candidate="" if second is None else repr(second.value),
        magnitude=magnitude,
        note=_alone(first, second),
    )


def distance(reference: Sequence[float], candidate: Sequence[float], *, printed: bool = False) -> Magnitude | None:
    """How far numbers lie apart, over as many as both have; None without numpy.

    Numbers that are all of single precision are measured in its units in the last place; printed ones in none.
    """
    try:
        from auditor.dynamic.magnitude import measure
    except ImportError:
        return None
    count = min(len(reference), len(candidate))
    both = [*reference[:count], *candidate[:count]]
    single = all(_is_single(value) for value in both)
    code, dtype = ("f", "float32") if single else ("d", "float64")
    data = [struct.pack(f"<{count}{code}", *side[:count]) for side in (reference, candidate)]
    found = measure(data[0], data[1], dtype)
    return replace(found, max_ulp=None) if printed else found


def _is_single(value: float) -> bool:
    try:
        return value != value or struct.unpack("<f", struct.pack("<f", value))[0] == value
    except OverflowError:
        return False


def _same(first: float, second: float) -> bool:
    """The same bits: 0.0 is not -0.0, a nan equals itself; whole numbers that no double holds as they are."""
    if isinstance(first, int) or isinstance(second, int):
        return first == second
    return struct.pack("<d", first) == struct.pack("<d", second)


# samples


def _predictions(reference: Mapping[str, Samples], candidate: Mapping[str, Samples]) -> CriterionResult:
    compared = differing = 0
    first: Parting | None = None
    for name, one, other in _pairs(reference, candidate):
        if one is None or other is None:
            compared, differing = compared + 1, differing + 1
            first = first or Parting(place=name, reference="", candidate="", magnitude=None, note=_alone(one, other))
            continue
        places = [index for index, (a, b) in enumerate(zip(one.bits, other.bits, strict=False)) if a != b]
        lengths = len(one.bits), len(other.bits)
        compared += max(lengths)
        differing += len(places) + abs(lengths[0] - lengths[1])
        if first is None and (places or lengths[0] != lengths[1]):
            first = _sample_parting(one, other, places)
    if not compared:
        return not_seen(Criterion.PREDICTIONS, ["there are predictions of no sample"])
    held = f"{compared:,} samples of {_sources(each.source for each in reference.values())}"
    return _result(Criterion.PREDICTIONS, compared, differing, held, first)


def _sample_parting(one: Samples, other: Samples, places: Sequence[int]) -> Parting:
    lengths = len(one.bits), len(other.bits)
    index = places[0] if places else min(lengths)
    note = (
        "" if lengths[0] == lengths[1] else f"{lengths[0]:,} samples in the reference, {lengths[1]:,} in the candidate"
    )
    shown = [side.shown(index) if index < len(side.bits) else "" for side in (one, other)]
    if shown[0] == shown[1] and shown[0]:
        note = "the same class, other scores" + (f"; {note}" if note else "")
    return Parting(place=f"sample {index + 1:,}", reference=shown[0], candidate=shown[1], magnitude=None, note=note)


# losses


def _losses(reference: Side, candidate: Side) -> CriterionResult:
    cuts = [side.cut for side in (reference, candidate) if side.cut]
    compared = differing = 0
    first: Parting | None = None
    for name, one, other in _pairs(reference.losses, candidate.losses):
        if one is None or other is None:
            if not cuts:
                compared, differing = compared + 1, differing + 1
                first = first or Parting(
                    place=name, reference="", candidate="", magnitude=None, note=_alone(one, other)
                )
            continue
        lengths = len(one.values), len(other.values)
        places = [i for i, (a, b) in enumerate(zip(one.values, other.values, strict=False)) if not _same(a, b)]
        compared += min(lengths) if cuts else max(lengths)
        more = 0 if cuts else abs(lengths[0] - lengths[1])
        differing += len(places) + more
        if first is None and (places or more):
            first = _loss_parting(name, one, other, places)
    if cuts and not differing:
        return not_seen(Criterion.LOSSES, [f"equal for the first {compared:,} losses, then: {cuts[0]}", *cuts[1:]])
    if not compared:
        return not_seen(Criterion.LOSSES, ["there is no loss in what was found"])
    held = f"{compared:,} losses of {_sources(each.source for each in reference.losses.values())}"
    return _result(Criterion.LOSSES, compared, differing, held, first)


def _loss_parting(name: str, one: Series, other: Series, places: Sequence[int]) -> Parting:
    lengths = len(one.values), len(other.values)
    index = places[0] if places else min(lengths)
    longer = one if index < len(one.places) else other
    told = f"{name}, " if name and name != "loss" else ""
    return Parting(
        place=f"{told}{longer.places[index]}",
        reference=repr(one.values[index]) if index < lengths[0] else "",
        candidate=repr(other.values[index]) if index < lengths[1] else "",
        magnitude=distance(one.values, other.values, printed=one.printed or other.printed) if places else None,
        note=""
        if lengths[0] == lengths[1]
        else f"{lengths[0]:,} losses in the reference, {lengths[1]:,} in the candidate",
    )


# weights and files


def _weights(reference: Side, candidate: Side) -> CriterionResult:
    assert reference.weights is not None
    assert candidate.weights is not None
    pairs = _pairs(_held(reference.weights, candidate.weights), _held(candidate.weights, reference.weights))
    unequal = [pair for pair in pairs if _digest(pair[1]) != _digest(pair[2])]
    measurable = [pair for pair in unequal if all(each is None or each.data is not None for each in pair[1:])]
    unseen = (*reference.weights.unseen, *candidate.weights.unseen)
    if unseen and not unequal:
        return not_seen(Criterion.WEIGHTS, [f"{len(pairs):,} tensors are equal, but not all were seen", *unseen])
    held = f"{len(pairs):,} final tensors of {_sources([reference.weights.source])}"
    return _result(
        Criterion.WEIGHTS,
        len(pairs),
        len(unequal),
        held,
        _tensor_parting(*(measurable or unequal)[0]) if unequal else None,
    )


def _held(mine: FinalWeights, theirs: FinalWeights) -> dict[str, FinalTensor]:
    """Without what only a file shows that the other side has not kept (a later run wrote over it, say)."""
    files = theirs.source.split(", ")
    return {name: each for name, each in mine.tensors.items() if not each.file or each.file in files}


def _digest(tensor: FinalTensor | None) -> tuple[str, tuple[int, ...], str] | None:
    return None if tensor is None else (tensor.dtype, tensor.shape, tensor.digest)


def _tensor_parting(name: str, one: FinalTensor | None, other: FinalTensor | None) -> Parting:
    described = [f"{each.dtype} {list(each.shape)}" if each and each.dtype else "" for each in (one, other)]
    magnitude = None
    note = _alone(one, other)
    if one is not None and other is not None and described[0] == described[1]:
        if one.data is not None and other.data is not None:
            magnitude = _tensor_distance(one.data, other.data)
        else:
            note = "bits differ; by how much was not kept"
    same = described[0] == described[1]
    return Parting(
        place=f"{name} {described[0]}".rstrip() if same else name,
        reference="" if same else described[0],
        candidate="" if same else described[1],
        magnitude=magnitude,
        note=note,
    )


def _tensor_distance(one: Callable[[], tuple[bytes, str]], other: Callable[[], tuple[bytes, str]]) -> Magnitude | None:
    from auditor.dynamic.magnitude import covers, measure

    (first, dtype), (second, _) = one(), other()
    return measure(first, second, dtype) if covers(dtype) and len(first) == len(second) else None


def _files(reference: Side, candidate: Side) -> CriterionResult:
    assert reference.files is not None
    assert candidate.files is not None
    pairs = sorted(_pairs(reference.files.digests, candidate.files.digests), key=lambda pair: pair[0])
    unequal = [pair for pair in pairs if pair[1] != pair[2]]
    unseen = (*reference.files.unseen, *candidate.files.unseen)
    if unseen and not unequal:
        return not_seen(Criterion.FILES, [f"{len(pairs):,} files are equal, but not all were read", *unseen])
    first = None
    if unequal:
        name, one, other = unequal[0]
        first = Parting(
            place=name, reference="", candidate="", magnitude=None, note=_alone(one, other) or "other contents"
        )
    if not pairs:
        return not_seen(Criterion.FILES, ["neither wrote a file in the project"])
    held = f"{len(pairs):,} {'file' if len(pairs) == 1 else 'files'}: {_listed([name for name, _, _ in pairs])}"
    return _result(Criterion.FILES, len(pairs), len(unequal), held, first)


def _alone(one: object | None, other: object | None) -> str:
    if one is None:
        return "only the candidate has it"
    return "only the reference has it" if other is None else ""


def _sources(sources: Iterable[str]) -> str:
    return _listed(list(dict.fromkeys(sources)))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


_FURTHER = {Criterion.LOSSES: _losses, Criterion.WEIGHTS: _weights, Criterion.FILES: _files}
