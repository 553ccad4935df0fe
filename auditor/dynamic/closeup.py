"""What a second pair of runs kept of the divergent event: how far the tensors are apart, what the op does repeated.

The probe's side, and the layout of the records, is `auditor/probe/focus.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.dynamic import magnitude
from auditor.errors import TraceFormatError
from auditor.model.divergence import Closeup, Comparison, Divergence, Kernel, Magnitude, Replay
from auditor.model.lean import replace
from auditor.runs.profile import read_profile

if TYPE_CHECKING:
    from auditor.runs.tracefile import ProcessTrace, RunTraces

REPEATS = 8
_NO_KERNEL = {"no op": "no op, so no kernel"}
Kept = Mapping[str, Any]
"""One tensor of a focus record: position, digest, spec, file, reason."""


def focus_on(first: Divergence) -> dict[str, object]:
    """The probe's `focus` setting for a divergence that the reference has an event of."""
    event = first.reference
    assert event is not None, "only an event that is there can be looked at"
    identity = event.identity
    return {
        "process": first.process,
        "thread": identity.thread,
        "step": identity.step,
        "phase": identity.phase.value,
        "module": identity.module,
        "op": identity.op,
        "occurrence": identity.occurrence,
        "repeats": REPEATS,
    }


def look(first: Divergence, runs: tuple[RunTraces, RunTraces], again: Comparison) -> Closeup:
    """Hold the two runs of the second pair against each other at the event of the first.

    `again` is the comparison of the second pair; it need not diverge at the same event, or at all.
    """
    sides = [_Side.of(run, first.process) for run in runs]
    here = _is_here(first, again)
    a, b = sides
    if a is None or b is None:
        return _empty(_elsewhere(first, again) or "a second pair of runs did not come to this event")
    apart = _apart(first, a, b)
    replay = max(
        (side.replay() for side in sides if side is not None), key=lambda found: found.distinct if found else 0
    )
    note = _elsewhere(first, again)
    if apart is None and replay is not None and replay.magnitude is not None:
        apart = replay.magnitude
        note = f"{note or 'a second pair of runs agreed at this event'}; measured between calls in one process"
    kernels, missing = a.kernels()
    return Closeup(
        magnitude=apart,
        replay=replay,
        kernels=kernels,
        kernels_missing=missing,
        note=note,
        inputs_agree=_inputs_agree(a, b) if here or again.first is None else None,
    )


class _Side:
    """One run's focus record, with the files that belong to it."""

    def __init__(self, trace: ProcessTrace, folder: Path, record: Mapping[str, Any]) -> None:
        self.trace = trace
        self.folder = folder
        self.record = record

    @classmethod
    def of(cls, run: RunTraces, process: str) -> _Side | None:
        trace = run.processes.get(process)
        if trace is None or not trace.focus:
            return None
        return cls(trace, run.path, trace.focus[-1])

    @property
    def outputs(self) -> Sequence[Kept]:
        outputs: Sequence[Kept] = self.record["outputs"]
        return outputs

    def dtype(self, tensor: Kept) -> str:
        return self.trace.specs[tensor["spec"]].dtype

    def read(self, tensor: Kept) -> bytes | None:
        """The tensor's bytes; None where they were not kept."""
        if tensor["file"] is None:
            return None
        try:
            return Path(self.folder, str(tensor["file"])).read_bytes()
        except OSError:
            return None

    def replay(self) -> Replay | None:
        """What calling the op again on the same inputs gave; None where it was not called again."""
        repeats = self.record["repeats"]
        if not repeats:
            return None
        distinct = len({tuple(digests) for digests in repeats})
        return Replay(calls=len(repeats), distinct=distinct, magnitude=self._apart_from_repeat())

    def _apart_from_repeat(self) -> Magnitude | None:
        for own, other in zip(self.outputs, self.record["differing"], strict=False):
            if own["digest"] != other["digest"]:
                return _measure(self, own, self, other)
        return None

    def kernels(self) -> tuple[tuple[Kernel, ...], str]:
        """Kernels of the event, and why there are none."""
        about = self.record["kernels"]
        if not about["profile"]:
            return (), _NO_KERNEL.get(about["problem"], about["problem"]) or "not traced"
        try:
            found = read_profile(self.folder / about["profile"])
        except TraceFormatError as error:
            return (), str(error)
        kernels = tuple(kernel for _, launched in sorted(found.items()) for kernel in launched)
        return kernels, "" if kernels else "the op launched no kernel that the profiler saw"


def _apart(first: Divergence, a: _Side, b: _Side) -> Magnitude | None:
    """Distance of the first tensor that differs, the one of the first pair if it differs again."""
    unequal = [
        index
        for index, (one, other) in enumerate(zip(a.outputs, b.outputs, strict=False))
        if one["digest"] != other["digest"]
    ]
    if not unequal:
        return None
    event = first.reference
    wanted = [
        index
        for index, tensor in enumerate(event.tensors if event is not None else ())
        if index in unequal and first.tensor.endswith(f"[{tensor.position}]") and tensor.role.value in first.tensor
    ]
    index = (wanted or unequal)[0]
    return _measure(a, a.outputs[index], b, b.outputs[index])


def _measure(a: _Side, one: Kept, b: _Side, other: Kept) -> Magnitude | None:
    dtype = a.dtype(one)
    if a.trace.specs[one["spec"]] != b.trace.specs[other["spec"]] or not magnitude.covers(dtype):
        return None
    first, second = a.read(one), b.read(other)
    if first is None or second is None or len(first) != len(second):
        return None
    return replace(magnitude.measure(first, second, dtype), rerun=True)


def _inputs_agree(a: _Side, b: _Side) -> bool | None:
    """Whether the bytes of all tensor inputs agree; None where there are none, or one has no digest."""
    first, second = ([tensor["digest"] for tensor in side.record["inputs"]] for side in (a, b))
    if not first or len(first) != len(second):
        return None
    if first != second:
        return False
    return None if 0 in first else True


def _is_here(first: Divergence, again: Comparison) -> bool:
    """The second pair diverged at the same event of the same process."""
    event, other = first.reference, again.first.reference if again.first is not None else None
    if event is None or other is None or again.first is None or again.first.process != first.process:
        return False
    return event.identity == other.identity


def _elsewhere(first: Divergence, again: Comparison) -> str:
    """Says where the second pair diverged, if not here."""
    if _is_here(first, again):
        return ""
    if again.first is None:
        return "a second pair of runs agreed at this event"
    event = again.first.reference or again.first.candidate
    if event is None:
        return "a second pair of runs diverged elsewhere"
    place = f" at {event.site.path}:{event.site.line}" if event.site is not None else ""
    what = event.identity.op or event.kind.value
    return f"a second pair of runs first diverged elsewhere: step {event.identity.step:,}, {what}{place}"


def _empty(note: str) -> Closeup:
    return Closeup(magnitude=None, replay=None, kernels=(), kernels_missing="not traced", note=note)
