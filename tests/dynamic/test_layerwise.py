"""Differences of kept activations, layer by layer and step by step, with what cannot be told."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import pytest

from auditor.dynamic import layerwise
from auditor.dynamic.layerwise import LayerSeries, Layerwise, compare_layers
from auditor.errors import TraceFormatError
from auditor.probe.activations.keeping import FOLDER, Keeper


def floats(
    *values: float, digest: int | None = None, shape: list[int] | None = None, sums: tuple[float, ...] = ()
) -> Any:
    number = hash(values) & 0xFFFFFFFF if digest is None else digest
    sketch = struct.pack(f"={len(sums)}d", *sums) if sums else None
    return "float32", shape or [len(values)], number, struct.pack(f"<{len(values)}f", *values), len(values), sketch


def integers(digest: int) -> Any:
    return "int64", [2], digest, None, 0, None


def run(folder: Path, calls: list[tuple[int, str, Any]], complete: bool = True) -> Path:
    kept = Keeper(str(folder), lambda: "0-0", {"budget_bytes": 1 << 20, "elements": 4})
    for step, layer, tensor in calls:
        assert kept.keeps(step)
        kept.call("Net", layer, "Linear", [tensor])
    if complete:
        kept.finish(calls[-1][0] + 1)
    else:
        kept._files.flush()
    return folder


def compared(tmp_path: Path, first: Any, second: Any, **more: Any) -> tuple[Layerwise, LayerSeries]:
    found = compare_layers(run(tmp_path / "a", first), run(tmp_path / "b", second, **more))
    return found, found.layers[0]


def test_equal_layers_are_identical_and_differing_ones_have_a_size_by_step(tmp_path: Path) -> None:
    a = [(0, "0", floats(1.0, 2.0)), (1, "0", floats(1.0, 2.0)), (1, "0", floats(5.0, 5.0))]
    b = [(0, "0", floats(1.0, 2.0)), (1, "0", floats(1.0, 2.5)), (1, "0", floats(5.0, 5.0))]
    found, layer = compared(tmp_path, a, b)
    assert [(step.step, step.calls, step.differing_calls) for step in layer.steps] == [(0, 1, 0), (1, 2, 1)]
    assert layer.steps[0].rms == 0
    assert layer.steps[1].rms == pytest.approx(math.sqrt(0.25 / 4))
    assert layer.steps[1].max_ulp == 1 << 21
    assert layer.differs
    assert found.measured == {0, 1}
    assert found.complete
    assert found.gaps == ()


@pytest.mark.parametrize(
    ("first", "second", "fault"),
    [
        (integers(1), integers(2), layerwise.INTEGERS),
        (floats(1.0, math.nan), floats(1.0, 2.0), layerwise.NOT_FINITE),
        (floats(1.0, 2.0, digest=1, shape=[9]), floats(1.0, 2.0, digest=2, shape=[9]), layerwise.OUTSIDE),
        (floats(1.0, 2.0), floats(1.0, 2.0, shape=[1, 2]), layerwise.SHAPES),
        (("float32", [2], None, None, 0, None), floats(1.0, 2.0), layerwise.UNREAD),
    ],
    ids=["integers", "nan", "outside the sample", "shapes", "no bits"],
)
def test_a_difference_without_a_size_says_why(tmp_path: Path, first: Any, second: Any, fault: str) -> None:
    _, layer = compared(tmp_path, [(0, "0", first)], [(0, "0", second)])
    assert layer.faults == (fault,)
    assert layer.differs
    assert layer.steps[0].rms is None


def test_of_a_large_tensor_the_size_comes_from_the_sums_even_where_the_sample_misses_it(tmp_path: Path) -> None:
    a = [(0, "0", floats(1.0, 2.0, digest=1, shape=[100], sums=(5.0, 7.0)))]
    b = [(0, "0", floats(1.0, 2.0, digest=2, shape=[100], sums=(5.0, 7.5)))]
    _, layer = compared(tmp_path, a, b)
    assert layer.faults == ()
    assert layer.is_sample
    assert layer.steps[0].rms == pytest.approx(math.sqrt(0.25 / 100))
    assert layer.steps[0].max_ulp is None


@pytest.mark.parametrize("sums", [(math.nan, 1.0), (math.inf, 1.0), (1e300, 1.0)], ids=["nan", "infinity", "overflow"])
def test_sums_that_tell_nothing_leave_the_sample(tmp_path: Path, sums: tuple[float, ...]) -> None:
    a = [(0, "0", floats(1.0, 2.0, digest=1, shape=[100], sums=(1.0, 1.0)))]
    b = [(0, "0", floats(1.0, 2.5, digest=2, shape=[100], sums=sums))]
    _, layer = compared(tmp_path, a, b)
    assert layer.faults == ()
    assert layer.steps[0].rms == pytest.approx(math.sqrt(0.25 / 2))


def test_files_of_the_first_version_are_read(tmp_path: Path) -> None:
    run(tmp_path / "a", [(0, "0", floats(1.0, 2.0))])
    path = tmp_path / "a" / FOLDER / "0-0.jsonl"
    path.write_text(path.read_text().replace('"version": 2', '"version": 1').replace(', "sketch": 0', ""))
    found = compare_layers(tmp_path / "a", tmp_path / "a")
    assert not found.layers[0].differs
    assert found.complete


def test_steps_that_only_one_run_has_are_not_measured(tmp_path: Path) -> None:
    tensor = floats(1.0)
    found, _ = compared(tmp_path, [(0, "0", tensor), (1, "0", tensor)], [(0, "0", tensor), (1, "1", tensor)])
    assert found.measured == {0}
    assert found.gaps == ("process 0-0: the runs made other calls in step 1",)


def test_a_killed_process_is_read_as_far_as_it_goes_and_is_not_complete(tmp_path: Path) -> None:
    calls = [(0, "0", floats(1.0))]
    found, layer = compared(tmp_path, calls, calls, complete=False)
    assert len(layer.steps) == 1
    assert not found.complete
    assert found.gaps == ("process 0-0 of the candidate did not come to its end",)


def test_a_damaged_index_is_told_with_its_line(tmp_path: Path) -> None:
    run(tmp_path / "a", [(0, "0", floats(1.0))])
    path = tmp_path / "a" / FOLDER / "0-0.jsonl"
    path.write_text(path.read_text().replace('"call"', '"call', 1))
    with pytest.raises(TraceFormatError, match=r"0-0\.jsonl:3: damaged"):
        compare_layers(tmp_path / "a", tmp_path / "a")


def test_without_activations_nothing_is_measured(tmp_path: Path) -> None:
    found = compare_layers(tmp_path, tmp_path)
    assert (found.layers, found.measured) == ((), frozenset())
