"""Events, tensors and differences in words."""

from __future__ import annotations

from auditor.model.divergence import Difference, Divergence, Magnitude
from auditor.model.trace import EventKind, Fingerprint, Role, TraceEvent
from auditor.report.prose.numbers import count, real
from auditor.report.prose.place import place

MAX_ULP = 1_000_000
"""Beyond that a distance in units in the last place says no more than that the values are others."""

_DISAGREE = {
    Difference.STATE: "differ: the generator that the op draws from is in another state",
    Difference.ARGUMENT: "differ: a number, or another argument that is no tensor, is another one",
}


def event_name(event: TraceEvent) -> str:
    """What happened at an event: an operator's name, or words for events that are none."""
    op = event.identity.op
    words = {
        EventKind.OUTSIDE: "tensor made outside torch",
        EventKind.REGION: f"compiled region {op}".rstrip(),
        EventKind.BATCH: "batch from the data loader",
        EventKind.STATE: f"state of {op}",
        EventKind.SEED: f"seeding of {op}",
        EventKind.LISTING: f"directory listing {op}".rstrip(),
        EventKind.STEP: "optimizer step",
        EventKind.WEIGHTS: f"final weights {op}".rstrip(),
    }
    return words.get(event.kind, op)


def where(event: TraceEvent) -> str:
    """`step 3, forward, Net.embed.pool`."""
    identity = event.identity
    module = identity.module and f", {identity.module}"
    return f"step {identity.step}, {identity.phase.value}{module}"


def op_line(divergence: Divergence) -> str:
    """The operator with its source line."""
    event = divergence.reference or divergence.candidate
    if event is None:
        return "not known"
    site = place(event.site) if event.site else "source line not known"
    return f"{event_name(event)}   {site}"


def tensor_line(divergence: Divergence) -> str:
    """Which tensor differs and by how much."""
    event = divergence.reference or divergence.candidate
    sentences = {
        Difference.MISSING: "only the reference has this event",
        Difference.EXTRA: "only the candidate has this event",
        Difference.PROCESS: f"process {divergence.process} exists in one run only",
    }
    if divergence.difference in sentences:
        text = sentences[divergence.difference]
        if divergence.moved:
            text += "; the other run has it later: the same events came in another order"
        elif divergence.instead is not None:
            text += f"; the other run has {event_name(divergence.instead)} there"
        return text
    fingerprint = _fingerprint(event, divergence.tensor)
    name = divergence.tensor or "not known"
    if fingerprint is None:
        return name
    described = f"{name} {describe(fingerprint)}"
    if divergence.difference in (Difference.SHAPE, Difference.DTYPE):
        other = _fingerprint(divergence.candidate, divergence.tensor)
        against = f" in the reference, {describe(other)} in the candidate" if other else ""
        return f"{described}{against}: another {divergence.difference.value}"
    closeup = divergence.closeup
    if closeup is None or closeup.magnitude is None:
        return f"{described}: bits differ; by how much was not measured"
    return f"{described}: {magnitude_words(closeup.magnitude)}"


def describe(fingerprint: Fingerprint) -> str:
    """`float32 [512, 64]`, with the device where it is not the CPU."""
    device = "" if fingerprint.device in ("", "cpu") else f" on {fingerprint.device}"
    return f"{fingerprint.dtype.removeprefix('torch.')} {list(fingerprint.shape)}{device}"


def magnitude_words(magnitude: Magnitude) -> str:
    """`1,877 of 32,768 elements differ, by at most 2 ulp (1.2e-07, relative 3e-06)`."""
    text = f"{magnitude.differing:,} of {count(magnitude.total, 'element')} differ"
    parts = [] if magnitude.max_absolute is None else [real(magnitude.max_absolute)]
    if magnitude.max_relative is not None:
        parts.append(f"relative {real(magnitude.max_relative)}")
    if magnitude.max_ulp is not None and magnitude.max_ulp <= MAX_ULP:
        text += f", by at most {magnitude.max_ulp:,} ulp" + (f" ({', '.join(parts)})" if parts else "")
    elif parts:
        text += f", by at most {', '.join(parts)}"
    return text + (" (in a second pair of runs)" if magnitude.rerun else "")


def gap(magnitude: Magnitude) -> str:
    """`0.0235, relative 0.0272`: between two single numbers."""
    parts = [] if magnitude.max_ulp is None or magnitude.max_ulp > MAX_ULP else [f"{magnitude.max_ulp:,} ulp"]
    parts += [] if magnitude.max_absolute is None else [real(magnitude.max_absolute)]
    parts += [] if magnitude.max_relative is None else [f"relative {real(magnitude.max_relative)}"]
    return ", ".join(parts) or "an amount that has no number"


def inputs_line(divergence: Divergence) -> str:
    """Whether the op got the same in both runs: the hinge of the whole story."""
    event = divergence.reference or divergence.candidate
    closeup = divergence.closeup
    if divergence.inputs_agree and closeup is not None and closeup.inputs_agree is False:
        return "agree as far as torch wrote them, but their bytes differed in a second pair of runs"
    if divergence.inputs_agree:
        number = f" ({event.input_count} of {event.input_count})" if event is not None and event.input_count else ""
        return f"agree, bit for bit{number}, as do arguments and generator states: this op makes the difference"
    if divergence.inputs_agree is False:
        return _DISAGREE.get(
            divergence.difference, "differ: arguments, generator state or earlier contents are not the same"
        )
    if event is not None and event.kind in (EventKind.OUTSIDE, EventKind.BATCH):
        return "not traced: the tensor was made outside torch"
    return "cannot be told from the traces"


def kernel_line(divergence: Divergence) -> str:
    """The device kernels of the op, or why none is named."""
    closeup = divergence.closeup
    event = divergence.reference or divergence.candidate
    if closeup is not None and closeup.kernels:
        return "; ".join(f"{kernel.name} ({kernel.device}, stream {kernel.stream})" for kernel in closeup.kernels)
    devices = {fingerprint.device for fingerprint in event.tensors} if event is not None else set()
    if devices and devices <= {"cpu"}:
        return "none: the op ran on the CPU"
    if closeup is not None and closeup.kernels_missing:
        return f"not traced: {closeup.kernels_missing}"
    return "not traced: there was no close-up run"


def _fingerprint(event: TraceEvent | None, tensor: str) -> Fingerprint | None:
    """The fingerprint that `outputs[0]` or `mutated[1]` names."""
    role, _, position = tensor.removesuffix("]").partition("[")
    wanted = Role.MUTATED if role == "mutated" else Role.OUTPUT
    for fingerprint in event.tensors if event is not None else ():
        if fingerprint.role is wanted and str(fingerprint.position) == position:
            return fingerprint
    return None
