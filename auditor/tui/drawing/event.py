"""One event in words: operator, module, place, and both digests of each tensor."""

from __future__ import annotations

from rich.cells import cell_len

from auditor.model.divergence import Closeup, Difference, Divergence, Magnitude
from auditor.model.trace import Fingerprint, TraceEvent
from auditor.tui.drawing.divergence import kind_text
from auditor.tui.drawing.findings import place_of
from auditor.tui.evidence import EventPair
from auditor.tui.lines import Piece, Row, labelled
from auditor.tui.signs import Signs

DIFFERENCES = {
    Difference.VALUE: "other values",
    Difference.SHAPE: "another shape",
    Difference.DTYPE: "another dtype",
    Difference.ARGUMENT: "another argument",
    Difference.STATE: "another generator state",
    Difference.MISSING: "only the reference has this event",
    Difference.EXTRA: "only the candidate has this event",
    Difference.PROCESS: "only one run has this process",
}
_TENSORS_SHOWN = 12


def event_rows(pair: EventPair, divergence: Divergence | None, width: int, signs: Signs) -> list[Row]:
    """Rows with fixed names in a fixed order; what is not known says so. `divergence` where the runs part here."""
    event = pair.event
    identity = event.identity
    where = f"{identity.module or 'outside modules'}, step {identity.step:,}, {identity.phase.value}"
    rows = labelled("op", kind_text(event.kind, identity.op), width, tone="strong", target=event.site)
    rows += labelled("module", where, width, target=event.site)
    place = place_of(event.site) if event.site else "not known: no line of the project on the stack"
    rows += labelled("line", place, width, target=event.site)
    if pair.reference is None or pair.candidate is None:
        rows += labelled("only in", "candidate" if pair.reference is None else "reference", width, tone="differs")
    rows += _tensor_rows(pair, width, signs)
    rows += labelled("inputs", inputs_text(pair, divergence), width)
    if event.random:
        rows += labelled("generator", _state_text(pair, signs), width)
    if divergence is not None:
        rows += labelled("parts by", parting_text(divergence), width, tone="differs")
        rows += _closeup_rows(divergence.closeup, width, signs)
    return rows


def parting_text(divergence: Divergence) -> str:
    """`other values in outputs[0]`; for an event of one run only, what the other one did instead."""
    text = DIFFERENCES[divergence.difference]
    if divergence.tensor:
        text += f" in {divergence.tensor}"
    if divergence.moved:
        text += "; the candidate has it too, later: the same events came in another order"
    elif divergence.instead is not None:
        instead = divergence.instead
        place = f" at {place_of(instead.site)}" if instead.site else ""
        text += f"; instead the other run did {kind_text(instead.kind, instead.identity.op)}{place}"
    return text


def inputs_text(pair: EventPair, divergence: Divergence | None) -> str:
    agree = divergence.inputs_agree if divergence else inputs_agree(pair)
    count = pair.event.input_count
    if count == 0 and agree is not False:
        return "none"
    if agree is None:
        return "cannot be told: contents of an input are not known in both runs"
    if not agree:
        return "differ: the cause is upstream, or the arguments differ"
    if divergence is not None and divergence.closeup is not None and divergence.closeup.inputs_agree is False:
        return (
            f"agree as far as torch wrote them ({count} of {count}), but their bytes differed in a second pair of runs"
        )
    extra = ": this op makes the difference" if pair.differs else ""
    return f"agree, bit for bit ({count} of {count}){extra}"


def inputs_agree(pair: EventPair) -> bool | None:
    """Whether both sides got the same contents and arguments; None where one side is missing."""
    a, b = pair.reference, pair.candidate
    if a is None or b is None:
        return None
    return (a.inputs, a.arguments, a.state) == (b.inputs, b.arguments, b.state)


def _state_text(pair: EventPair, signs: Signs) -> str:
    states = [f"{event.state:016x}" if event else "missing" for event in (pair.reference, pair.candidate)]
    return states[0] if states[0] == states[1] else f"{states[0]} {signs.differs} {states[1]} before the draw"


def _tensor_rows(pair: EventPair, width: int, signs: Signs) -> list[Row]:
    left = pair.reference.tensors if pair.reference else ()
    right = pair.candidate.tensors if pair.candidate else ()
    rows: list[Row] = []
    for index in range(min(max(len(left), len(right)), _TENSORS_SHOWN)):
        a = left[index] if index < len(left) else None
        b = right[index] if index < len(right) else None
        rows += _one_tensor(a, b, width, signs)
    hidden = max(len(left), len(right)) - _TENSORS_SHOWN
    if hidden > 0:
        rows += labelled("", f"and {hidden:,} more tensors", width, tone="muted")
    return rows


def _one_tensor(a: Fingerprint | None, b: Fingerprint | None, width: int, signs: Signs) -> list[Row]:
    """Both digests, and what the tensor is: beside them, or below where there is no room."""
    shown = a or b
    if shown is None:
        return []
    name = f"{shown.role.value}s[{shown.position}]" if shown.role.value == "output" else f"mutated[{shown.position}]"
    texts = [_digest(side) for side in (a, b)]
    same = texts[0] == texts[1]
    kind = f"{_dtype(shown)} {list(shown.shape)}" + (f" {shown.device}" if shown.device != "cpu" else "")
    if a and b and (a.dtype, a.shape) != (b.dtype, b.shape):
        kind = f"{_dtype(a)} {list(a.shape)} {signs.differs} {_dtype(b)} {list(b.shape)}"
    pieces = [Piece(" " + name.ljust(11), "muted"), Piece(texts[0], "plain" if same else "strong")]
    pieces.append(Piece(f" {signs.equal if same else signs.differs} ", "muted" if same else "differs"))
    pieces.append(Piece(texts[1], "plain" if same else "differs"))
    if sum(cell_len(piece.text) for piece in pieces) + 2 + cell_len(kind) <= width:
        return [Row((*pieces, Piece("  " + kind, "muted")))]
    return [Row(tuple(pieces)), *labelled("", kind, width, tone="muted")]


def _dtype(tensor: Fingerprint) -> str:
    return tensor.dtype.removeprefix("torch.")


def _digest(tensor: Fingerprint | None) -> str:
    if tensor is None:
        return "missing"
    return tensor.note or "no digest" if tensor.digest is None else f"{tensor.digest:016x}"


def _closeup_rows(closeup: Closeup | None, width: int, signs: Signs) -> list[Row]:
    if closeup is None:
        return labelled("apart", "not measured: no second pair of runs was made", width, tone="muted")
    rows: list[Row] = []
    if closeup.magnitude is not None:
        rows += labelled("apart", magnitude_text(closeup.magnitude), width)
    if closeup.replay is not None:
        replay = closeup.replay
        text = f"called {replay.calls} times on the same inputs: {replay.distinct} different results"
        rows += labelled("repeat", text, width, tone="differs" if replay.distinct > 1 else "plain")
    if closeup.kernels:
        for index, kernel in enumerate(closeup.kernels[:4]):
            text = f"{kernel.name}  {kernel.device}, stream {kernel.stream}"
            rows += labelled("kernel" if index == 0 else "", text, width)
    elif closeup.kernels_missing:
        rows += labelled("kernel", f"not traced: {closeup.kernels_missing}", width, tone="muted")
    if closeup.note:
        rows += labelled("note", closeup.note, width, tone="muted")
    return rows


def magnitude_text(magnitude: Magnitude) -> str:
    """`1,877 of 32,768 elements differ, by at most 2 ulp (1.2e-07)`."""
    text = f"{magnitude.differing:,} of {magnitude.total:,} elements differ"
    parts = []
    if magnitude.max_ulp is not None:
        parts.append(f"{magnitude.max_ulp:,} ulp")
    if magnitude.max_absolute is not None:
        parts.append(f"{magnitude.max_absolute:.2g} absolute")
    if magnitude.max_relative is not None:
        parts.append(f"{magnitude.max_relative:.2g} relative")
    text += ", by at most " + ", ".join(parts) if parts else ""
    return text + ("" if magnitude.rerun is False else " (measured on a second pair of runs)")


def event_title(event: TraceEvent) -> str:
    return f"event {event.index:,} {kind_text(event.kind, event.identity.op)}"
