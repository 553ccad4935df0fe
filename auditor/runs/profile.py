"""Read a profile that `auditor.probe.kernels` recorded: which kernels did each event launch.

The file is the Chrome trace that torch's profiler exports
(https://docs.pytorch.org/docs/stable/profiler.html; format: "Trace Event Format", Google). Used of it: annotations
(`user_annotation`, ours carry an event number), launches (`cuda_runtime`, `cuda_driver`; on ROCm `hip_runtime` too) and
device work (`kernel`, `gpu_memcpy`, `gpu_memset`), tied together by `args.correlation`.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from auditor.errors import TraceFormatError
from auditor.model.divergence import Kernel
from auditor.probe.kernels import ANNOTATION

LAUNCHES = frozenset({"cuda_runtime", "cuda_driver", "hip_runtime", "privateuse1_runtime"})
DEVICE_WORK = frozenset({"kernel", "gpu_memcpy", "gpu_memset"})


def read_profile(path: Path) -> Mapping[int, tuple[Kernel, ...]]:
    """Kernels by event number, each event's in the order in which they were launched.

    Device work that no annotated event launched (the program's own threads, work queued before the window) is left out.
    Raises TraceFormatError when the file is no such profile.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8", errors="replace"))
        events = data["traceEvents"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TraceFormatError(
            f"{path}: not a profile of torch's profiler ({error}); run the close-up again"
        ) from error
    complete = [event for event in events if isinstance(event, dict) and event.get("ph") == "X"]
    owners = _Annotations(complete)
    launches: dict[int, tuple[float, int]] = {}
    for event in complete:
        if event.get("cat") in LAUNCHES:
            owner = owners.at(event)
            correlation = event.get("args", {}).get("correlation")
            if owner is not None and correlation is not None:
                launches[int(correlation)] = (float(event["ts"]), owner)
    found: dict[int, list[tuple[float, Kernel]]] = defaultdict(list)
    for event in complete:
        arguments = event.get("args", {})
        if event.get("cat") in DEVICE_WORK and (launch := launches.get(arguments.get("correlation", -1))):
            launched_at, owner = launch
            found[owner].append((launched_at, _kernel(event, arguments)))
    return {
        owner: tuple(kernel for _, kernel in sorted(work, key=lambda item: item[0]))
        for owner, work in sorted(found.items())
    }


def _kernel(event: Mapping[str, Any], arguments: Mapping[str, Any]) -> Kernel:
    return Kernel(
        name=str(event.get("name", "")),
        device=f"cuda:{arguments.get('device', 0)}",
        stream=int(arguments.get("stream", 0)),
        duration_us=float(event.get("dur", 0.0)),
    )


class _Annotations:
    """Our annotations, thread by thread, to be found by time; they never overlap on one thread."""

    def __init__(self, events: Iterable[Mapping[str, Any]]) -> None:
        spans: dict[object, list[tuple[float, float, int]]] = defaultdict(list)
        for event in events:
            name = str(event.get("name", ""))
            # Kineto repeats annotations on the device's track (gpu_user_annotation); the host's tell who launched.
            if event.get("cat") == "user_annotation" and name.startswith(ANNOTATION):
                start = float(event["ts"])
                number = name[len(ANNOTATION) :]
                if number.isdecimal():
                    spans[event.get("tid")].append((start, start + float(event.get("dur", 0.0)), int(number)))
        self._spans = {thread: sorted(found) for thread, found in spans.items()}

    def at(self, event: Mapping[str, Any]) -> int | None:
        """Number of the event whose annotation was open on the thread when this happened."""
        spans = self._spans.get(event.get("tid"), [])
        time = float(event["ts"])
        place = bisect_right(spans, (time, float("inf"), 0)) - 1
        if place < 0:
            return None
        _, end, number = spans[place]
        return number if time <= end else None
