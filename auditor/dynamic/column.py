"""Columns of event rows: which events are compared, what makes two the same event, and what makes them equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from auditor.dynamic.vocabulary import Vocabulary
from auditor.probe import wire

Array = np.ndarray[Any, Any]

# What these say is evidence for a cause: an unseeded generator that nothing draws from differs in every run of a
# reproducible program.
EVIDENCE_KINDS = (wire.STATE, wire.SEED, wire.LISTING)
UNCOMPARED_FLAGS = wire.UNINITIALISED | wire.NOT_COVERED | wire.SCRATCH | wire.DIGEST_LATE

_ALLOCATING = ("aten::empty", "aten::new_empty", "aten::_empty_affine_quantized")

_COMPARED: Array = np.ones(256, np.bool_)
_COMPARED[[0, *EVIDENCE_KINDS]] = False

_MIX = tuple(np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))
_SHIFT = np.uint64(32)


def is_compared(events: Array) -> Array:
    """True for events whose difference is a divergence."""
    chosen: Array = _COMPARED[events["kind"]]
    return chosen


def allocations(names: Mapping[int, str]) -> Array:
    """Ids of ops that only allocate: nothing is in their results, and when they run says nothing.

    Unpickling what a worker sends allocates, at a moment that chance decides.
    """
    found: Array = np.array([number for number, text in names.items() if text.startswith(_ALLOCATING)], np.uint32)
    return found


def identities(events: Array, vocabulary: Vocabulary | None) -> Array:
    """One 64-bit number for (kind, phase, step, op, module); the thread is kept apart, the occurrence is the order.

    `vocabulary` is None for the reference.
    """
    op, module = events["op"], events["module"]
    if vocabulary is not None:
        op, module = vocabulary.translate(op), vocabulary.translate(module)
    names = (op.astype(np.uint64) << _SHIFT) | module
    place = (events["step"].astype(np.uint64) << np.uint64(16)) | (events["kind"].astype(np.uint64) << np.uint64(8))
    return mix(names, place | events["phase"])


def mix(first: Array, second: Array) -> Array:
    """Two columns of 64-bit numbers as one; different pairs are as good as always different."""
    mixed = first * _MIX[0]
    mixed ^= mixed >> _SHIFT
    mixed += second * _MIX[1]
    mixed ^= mixed >> _SHIFT
    mixed *= _MIX[2]
    mixed ^= mixed >> _SHIFT
    result: Array = mixed
    return result


def values(events: Array, identity: Array) -> Array:
    """Identity and outputs as one number: equal where two events are the same event with the same results."""
    return mix(identity, events["outputs"])


def differing(reference: Array, candidate: Array, reference_tensors: Array, candidate_tensors: Array) -> Array:
    """True for pairs of rows whose results differ in a tensor that both runs have a digest of.

    The rows must be paired already. Tensors that nothing was written to, or that have no digest, are not compared.
    """
    unequal: Array = reference["outputs"] != candidate["outputs"]
    doubtful = np.flatnonzero(unequal & (reference["tensors"] == candidate["tensors"]))
    if len(doubtful):
        flagged = _has_uncompared(reference, doubtful, reference_tensors)
        flagged |= _has_uncompared(candidate, doubtful, candidate_tensors)
        for position in doubtful[flagged].tolist():
            a = tensor_rows(reference[position], reference_tensors)
            b = tensor_rows(candidate[position], candidate_tensors)
            unequal[position] = len(first_differing_tensor(a, b)) > 0
    return unequal


def tensor_rows(event: Any, tensors: Array) -> Array:
    """The tensor rows of one event."""
    first = int(event["first_tensor"])
    rows: Array = tensors[first : first + int(event["tensors"])]
    return rows


def first_differing_tensor(reference: Array, candidate: Array) -> Array:
    """Indices of tensors that differ between the rows of one event, first one first."""
    count = min(len(reference), len(candidate))
    a, b = reference[:count], candidate[:count]
    compared = ((a["flags"] | b["flags"]) & UNCOMPARED_FLAGS) == 0
    found: Array = np.flatnonzero(compared & (a["digest"] != b["digest"]))
    return found


def _has_uncompared(events: Array, chosen: Array, tensors: Array) -> Array:
    """True for those of the chosen events that have a tensor which is not compared.

    A digest that never arrived is not in the event's own flags.
    """
    nothing: Array = np.zeros(len(chosen), np.bool_)
    counts: Array = events["tensors"][chosen].astype(np.intp)
    first: Array = events["first_tensor"][chosen].astype(np.intp)
    low, high = int(first.min()), int((first + counts).max())
    # The rows of neighbouring events lie side by side: one look at all of them is nearly always enough.
    if not counts.any() or not (tensors["flags"][low:high] & UNCOMPARED_FLAGS).any():
        return nothing
    owner: Array = np.repeat(np.arange(len(chosen)), counts)
    offsets = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = first[owner] + offsets
    flags = tensors["flags"][np.minimum(rows, max(len(tensors) - 1, 0))] & UNCOMPARED_FLAGS
    marked: Array = np.bincount(owner, weights=flags != 0, minlength=len(chosen)) > 0
    return marked
