"""Kernels by event, read from a profile in the form that torch's profiler exports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.errors import TraceFormatError
from auditor.probe import kernels
from auditor.runs.profile import read_profile

PROFILE = Path(__file__).parent / "data" / "profile.json"


def test_kernels_belong_to_the_event_whose_op_launched_them() -> None:
    found = read_profile(PROFILE)
    assert list(found) == [1203, 1204]
    assert [kernel.name.split("<")[0] for kernel in found[1203]] == ["void at::native::vectorized_elementwise_kernel"]
    copy, kernel = found[1204]
    assert copy.name == "Memcpy DtoD (Device -> Device)"
    assert "indexFuncLargeIndex" in kernel.name
    assert (kernel.device, kernel.stream, kernel.duration_us) == ("cuda:0", 20, 33.75)


def test_launches_of_other_threads_and_after_the_window_are_left_out() -> None:
    names = [kernel.name for work in read_profile(PROFILE).values() for kernel in work]
    assert "triton_poi_fused_add_0" not in names
    assert len(names) == 3


@pytest.mark.parametrize("text", ["", "[]", "{}", "{not json"])
def test_a_file_that_is_no_profile_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "profile.json"
    path.write_text(text)
    with pytest.raises(TraceFormatError, match=r"profile\.json: not a profile"):
        read_profile(path)


def test_annotations_reach_an_exported_profile(tmp_path: Path) -> None:
    """What the probe writes is what the reader looks for; on a CPU there are no launches, so no kernels."""
    torch = pytest.importorskip("torch")
    path = tmp_path / "profile.json"
    window = kernels.KernelWindow(torch, str(path))
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        window._profile = profile
        with window.annotate(7):
            torch.ones(3).sum()
    profile.export_chrome_trace(str(path))
    annotations = [
        event for event in json.loads(path.read_text())["traceEvents"] if event.get("cat") == "user_annotation"
    ]
    assert [event["name"] for event in annotations] == ["repro-audit event 7"]
    assert read_profile(path) == {}


def test_without_a_gpu_the_window_says_why_and_does_nothing(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    window = kernels.KernelWindow(torch, str(tmp_path / "profile.json"))
    window.start()
    with window.annotate(1):
        pass
    window.stop()
    assert window.problem == "no CUDA device in this process"
    assert not (tmp_path / "profile.json").exists()


@pytest.mark.gpu
def test_kernels_of_index_add_on_a_gpu(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    window = kernels.KernelWindow(torch, str(tmp_path / "profile.json"))
    target, index = torch.zeros(8, 64, device="cuda"), torch.randint(0, 8, (4096,), device="cuda")
    window.start()
    with window.annotate(3):
        target.index_add_(0, index, torch.ones(4096, 64, device="cuda"))
    window.stop()
    assert not window.problem
    assert any("index" in kernel.name.lower() for kernel in read_profile(tmp_path / "profile.json")[3])
