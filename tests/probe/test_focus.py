"""The close-up of one event: bytes kept, op called again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.probe import wire

pytestmark = pytest.mark.usefixtures("light_imports")

PROGRAM = """
import torch
torch.manual_seed(0)
torch.set_num_threads(8)
w = torch.randn(1000, 64, requires_grad=True)
index, factor = torch.randint(0, 1000, (20000,)), torch.randn(20000, 64)
optimizer = torch.optim.SGD([w], 0.1)
for _ in range(2):
    optimizer.zero_grad()
    (w[index] * factor).sum().backward()
    optimizer.step()
    torch.rand(3)
torch.from_numpy(w.detach().numpy().copy()).t()[3:].neg()
print(float(w.sum()) != 0)
"""


def focus(audited: Any, program: str = PROGRAM, **wanted: Any) -> tuple[Any, Any, Path]:
    """(the trace, its focus record, the run's folder)"""
    wanted = {"process": "0-0", "thread": 0, "module": "", "occurrence": 0, "repeats": 6, "limit_bytes": None, **wanted}
    run = audited.script(program, probe={"focus": wanted})
    trace = audited.trace(run)
    assert trace.problems == ()
    (record,) = trace.focus
    return trace, record, Path(run.folder)


def kept(trace: Any, folder: Path, entry: dict[str, Any], dtype: type) -> Any:
    spec = trace.specs[entry["spec"]]
    return np.fromfile(folder / entry["file"], dtype).reshape(spec.shape)


def test_a_racing_op_gives_other_results_on_the_same_inputs(audited: Any) -> None:
    trace, record, folder = focus(audited, step=1, phase="backward", op="aten::index_put")
    event = trace.event(record["event"])
    assert event.identity.op == "aten::index_put"
    assert event.identity.step == 1
    assert [entry["digest"] for entry in record["outputs"]] == [event.tensors[0].digest]
    assert len(record["repeats"]) == 6
    assert len({tuple(digests) for digests in record["repeats"]}) > 1
    (output,), (differing,) = record["outputs"], record["differing"]
    first, second = (kept(trace, folder, entry, np.float32) for entry in (output, differing))
    assert (first != second).any()
    assert np.allclose(first, second, atol=1e-3)
    zeros, index, values = (
        kept(trace, folder, entry, dtype)
        for entry, dtype in zip(record["inputs"], (np.float32, np.int64, np.float32), strict=True)
    )
    expected = zeros.copy()
    np.add.at(expected, index, values)
    assert np.allclose(first, expected, atol=1e-3)


def test_a_deterministic_op_gives_one_result_and_the_program_goes_on_as_before(audited: Any) -> None:
    trace, record, folder = focus(audited, step=0, phase="optimizer", op="aten::add_.Tensor")
    (output,) = record["outputs"]
    assert output["role"] == wire.MUTATED
    assert {tuple(digests) for digests in record["repeats"]} == {(output["digest"],)}
    assert record["differing"] == []
    before, gradient = (kept(trace, folder, entry, np.float32) for entry in record["inputs"])
    after = kept(trace, folder, output, np.float32)
    assert np.allclose(after, before - 0.1 * gradient, atol=1e-6)


def test_the_second_occurrence_is_another_event(audited: Any) -> None:
    found = [focus(audited, step=1, phase="other", op="aten::rand", occurrence=0)[1]]
    assert found[0]["not_repeated"] == "random"
    assert found[0]["repeats"] == []
    assert found[0]["outputs"][0]["file"]


def test_a_tensor_from_outside_is_kept_whole(audited: Any) -> None:
    trace, record, folder = focus(audited, step=2, phase="other", op="aten::neg")
    assert trace.event(record["event"]).kind.value == "outside"
    assert record["not_repeated"] == "no op"
    assert kept(trace, folder, record["outputs"][0], np.float32).shape == (1000, 64)


def test_the_op_after_it_is_the_next_occurrence_with_its_view_as_input(audited: Any) -> None:
    trace, record, folder = focus(audited, step=2, phase="other", op="aten::neg", occurrence=1)
    assert trace.event(record["event"]).kind.value == "op"
    seen, negated = (kept(trace, folder, record[side][0], np.float32) for side in ("inputs", "outputs"))
    assert seen.shape == (61, 1000)
    assert np.array_equal(seen, -negated)
    assert len({tuple(digests) for digests in record["repeats"]}) == 1


def test_nothing_is_kept_beyond_the_limit(audited: Any) -> None:
    _, record, folder = focus(audited, step=1, phase="backward", op="aten::index_put", limit_bytes=1000)
    entries = record["inputs"] + record["outputs"]
    assert all(entry["file"] is None and "limit" in entry["reason"] for entry in entries)
    assert not (folder / "tensors").exists()
    assert record["repeats"]


@pytest.mark.parametrize("wanted", [{"process": "0-7"}, {"occurrence": 99}])
def test_an_event_that_never_comes_changes_nothing(wanted: dict[str, Any], audited: Any) -> None:
    program = "import torch; print(torch.ones(2).add(1).tolist())"
    asked = {"process": "0-0", "thread": 0, "step": 0, "phase": "other", "module": "", "op": "aten::add.Tensor"}
    run = audited.script(program, probe={"focus": {**asked, "occurrence": 0, **wanted}})
    trace = audited.trace(run)
    assert audited.printed(run) == ["[2.0, 2.0]"]
    assert (trace.focus, trace.problems, trace.complete) == ((), (), True)
