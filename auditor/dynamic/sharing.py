"""Work that a pool shares out: which thread or process gets which piece is chance, the pieces are the same.

A pool's workers take tasks as they come free, so worker by worker two runs never agree. If all workers together did
the same events with the same results, nothing differs that anyone could see from outside the pool.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.dynamic.column import is_compared, mix
from auditor.dynamic.pair import PairComparison
from auditor.probe import wire

if TYPE_CHECKING:
    from auditor.runs.tracefile import ProcessTrace

Array = np.ndarray[Any, Any]

LIMIT_ROWS = 20_000_000  # 8 bytes each are kept and sorted


def same_in_total(reference: Iterable[Array], candidate: Iterable[Array]) -> bool:
    """True if both sides hold the same numbers, each as often, in whatever order."""
    a, b = (np.sort(np.concatenate([np.empty(0, np.uint64), *side])) for side in (reference, candidate))
    return bool(np.array_equal(a, b))


def results(trace: ProcessTrace, stop: int, *, helpers_of_main_thread: bool) -> Array:
    """One number for what each event did and gave, without where and when; rows before `stop`.

    With `helpers_of_main_thread`, only events of other threads.
    """
    events = trace.events[: min(stop, LIMIT_ROWS)]
    chosen = is_compared(events) & (events["kind"] != wire.STEP) & (events["tensors"] > 0)
    if helpers_of_main_thread:
        chosen &= events["thread"] > 0
    return event_numbers(events[chosen], trace.names)


def event_numbers(events: Array, names: Mapping[int, str]) -> Array:
    """One number for what each of the events did and gave; `names` are the texts of their process's ids."""
    texts = _text_numbers(names)
    return mix(mix(texts[events["op"]], texts[events["module"]]), events["outputs"] + events["kind"].astype(np.uint64))


def forgive_threads(pair: PairComparison, reference: ProcessTrace, candidate: ProcessTrace) -> int:
    """Take back differences of threads that only share their work out differently; return how many threads."""
    threads = [thread for thread in pair.firsts if thread > 0]
    if not threads:
        return 0
    own = pair.firsts.get(0)
    reference_stop, candidate_stop = len(reference.events), len(candidate.events)
    if own is not None:
        reference_stop = min(own.order, reference_stop)
        candidate_stop = own.candidate if own.candidate is not None else min(own.order, candidate_stop)
    sides = [
        [results(trace, stop, helpers_of_main_thread=True)]
        for trace, stop in ((reference, reference_stop), (candidate, candidate_stop))
    ]
    if not same_in_total(*sides):
        return 0
    for thread in threads:
        pair.clear_thread(thread)
    return len(threads)


def _text_numbers(names: Mapping[int, str]) -> Array:
    """Name id → a number made from the text, the same in every process and run."""
    table: Array = np.zeros(max(names, default=0) + 1, np.uint64)
    for number, text in names.items():
        data = text.encode()
        table[number] = zlib.crc32(data) | (zlib.adler32(data) << 32)
    return table
