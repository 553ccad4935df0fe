"""What is made of the records and files that a close-up leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.dynamic.closeup import focus_on, look
from auditor.dynamic.compare import compare
from auditor.model.divergence import Closeup, Comparison, Divergence
from auditor.runs.tracefile import RunTraces


def racing(runs: Any, result: object, *, op: str = "aten::index_put_") -> Any:
    trace = runs.trace().event("aten::randn", "x")
    trace.module = "Net.embed"
    return trace.event(op, result, inputs="same", line=7)


def kept(trace: Any, values: list[float], position: int = 0, name: int = 0) -> dict[str, Any]:
    """A tensor of a focus record whose bytes are kept; `files` of the run get them."""
    data = np.array(values, "<f4").tobytes()
    number = name or int(np.frombuffer(data, "<u4").sum()) + 1
    return {"position": position, "digest": number, "file": f"tensors/{number:016x}.bin", "reason": "", "role": 0} | {
        "spec": trace.spec(Tensor(values)),
        "data": data,
    }


class Tensor:
    """Enough of a tensor for the builder's table of specs."""

    def __init__(self, values: list[float]) -> None:
        self.dtype, self.shape = "torch.float32", (len(values),)


def focus(trace: Any, outputs: list[float], **more: Any) -> Any:
    """Add a focus record to a trace; remember which files it needs."""
    fields: dict[str, Any] = {"inputs": [], "repeats": [], "not_repeated": "", "differing": []}
    fields |= {"kernels": {"profile": None, "problem": "no CUDA device in this process"}, **more}
    fields["outputs"] = [kept(trace, outputs)]
    trace.files = [entry for key in ("inputs", "outputs", "differing") for entry in fields[key]]
    return trace.record("focus", **{key: _plain(value) for key, value in fields.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {key: item for key, item in value.items() if key != "data"} if isinstance(value, dict) else value


def opened(runs: Any, trace: Any) -> RunTraces:
    found = runs.open(trace)
    for entry in getattr(trace, "files", []):
        path = Path(found.path) / entry["file"]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(entry["data"])
    return found


def first_of(runs: Any) -> Divergence:
    first = compare(runs.open(racing(runs, "a")), runs.open(racing(runs, "b"))).comparison.first
    assert first is not None
    return first


def closeup(runs: Any, one: Any, other: Any, first: Divergence | None = None) -> tuple[Closeup, Comparison]:
    pair = opened(runs, one), opened(runs, other)
    again = compare(*pair).comparison
    return look(first or first_of(runs), pair, again), again


def test_the_focus_is_the_identity_of_the_reference_s_event(runs: Any) -> None:
    assert focus_on(first_of(runs)) == {
        "process": "0-0",
        "thread": 0,
        "step": 0,
        "phase": "forward",
        "module": "Net.embed",
        "op": "aten::index_put_",
        "occurrence": 0,
        "repeats": 8,
    }


def test_two_tensors_that_differ_again_are_measured(runs: Any) -> None:
    found, _ = closeup(runs, focus(racing(runs, "c"), [1, 2, 3]), focus(racing(runs, "d"), [1, 2, 4]))
    assert found.magnitude is not None
    assert (found.magnitude.differing, found.magnitude.total, found.magnitude.max_absolute) == (1, 3, 1.0)
    assert found.magnitude.rerun
    assert (found.note, found.replay) == ("", None)
    assert found.kernels_missing == "no CUDA device in this process"


def test_an_op_that_was_called_again_tells_how_many_results_it_has(runs: Any) -> None:
    one = racing(runs, "c")
    focus(one, [1, 2], repeats=[[5], [6], [5]], differing=[kept(one, [1, 3])])
    found, _ = closeup(runs, one, focus(racing(runs, "d"), [1, 9]))
    assert found.replay is not None
    assert (found.replay.calls, found.replay.distinct) == (3, 2)
    assert found.replay.magnitude is not None
    assert found.replay.magnitude.max_absolute == 1.0


def test_a_pair_that_agrees_this_time_is_measured_inside_one_process(runs: Any) -> None:
    one = racing(runs, "same")
    focus(one, [1, 2], repeats=[[5]], differing=[kept(one, [1, 4])])
    found, _ = closeup(runs, one, focus(racing(runs, "same"), [1, 2]))
    assert found.magnitude is not None
    assert found.magnitude.max_absolute == 2.0
    assert found.note == "a second pair of runs agreed at this event; measured between calls in one process"


def test_a_pair_that_diverges_elsewhere_says_where(runs: Any) -> None:
    sides = []
    for side in "cd":
        trace = runs.trace().event("aten::randn", side, line=3)
        trace.module = "Net.embed"
        sides.append(focus(trace.event("aten::index_put_", side, inputs=side), [1, 2] if side == "c" else [5, 6]))
    found, _ = closeup(runs, *sides)
    assert found.note == "a second pair of runs first diverged elsewhere: step 0, aten::randn at train.py:3"
    assert found.inputs_agree is None


def test_a_pair_that_never_came_there_says_so(runs: Any) -> None:
    found, _ = closeup(runs, racing(runs, "same"), racing(runs, "same"))
    assert (found.magnitude, found.replay) == (None, None)
    assert found.note == "a second pair of runs agreed at this event"


@pytest.mark.parametrize(
    ("inputs", "agree"),
    [(([1, 2], [1, 2]), True), (([1, 2], [1, 3]), False), (([0, 2], [0, 2]), None), (([], []), None)],
)
def test_the_bytes_of_the_inputs_are_held_against_each_other(runs: Any, inputs: Any, agree: bool | None) -> None:
    sides = []
    for side, digests in zip("cd", inputs, strict=True):
        trace = racing(runs, side)
        tensors = [kept(trace, [1.0], position=n, name=number) for n, number in enumerate(digests)]
        for tensor, number in zip(tensors, digests, strict=True):
            tensor["digest"] = number
        sides.append(focus(trace, [1, 2] if side == "c" else [1, 3], inputs=tensors))
    found, _ = closeup(runs, *sides)
    assert found.inputs_agree is agree


def test_tensors_that_were_too_large_to_keep_are_not_measured(runs: Any) -> None:
    sides = []
    for side, values in (("c", [1.0]), ("d", [2.0])):
        trace = racing(runs, side)
        output = kept(trace, values)
        focus(trace, values)
        trace.lines[-1]["outputs"] = [_plain(output) | {"file": None, "reason": "too large"}]
        sides.append(trace)
    found, _ = closeup(runs, *sides)
    assert found.magnitude is None
    assert found.note == ""
