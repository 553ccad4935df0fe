"""The operators that a run executed, in groups of calls that are alike: from its profile, else from its events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from auditor.model.environment import Environment
from auditor.model.lean import dataclass, field
from auditor.model.location import Location
from auditor.model.trace import Phase
from auditor.probe import wire
from auditor.runs.environment import from_fields
from auditor.runs.tracefile import ProcessTrace, RunTraces, phase_of

Fact = str | int | bool | None
IsListed = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallGroup:
    """Calls of one operator at one place under the same circumstances."""

    operator: str
    device: str
    """Kind of device; empty where no tensor told."""

    phase: Phase
    site: Location | None
    backward_site: bool
    module: str
    calls: int
    time_ns: int | None
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorCalls:
    """All of a run."""

    groups: tuple[CallGroup, ...]
    wall_ns: int | None
    """None where time was not measured."""

    notes_ns: int | None
    missing: tuple[str, ...] = field(default=())
    """Processes that should have left a profile and did not."""


def read_calls(traces: RunTraces, is_listed: IsListed) -> OperatorCalls:
    """Read a run. Of one that was not profiled, calls have no time, and facts where the probe noted them at its end."""
    processes = traces.processes.values()
    if not any(trace.profiled is not None for trace in processes):
        groups = [group for trace in processes for group in (*_from_profile(trace), *_from_events(trace, is_listed))]
        return OperatorCalls(groups=tuple(groups), wall_ns=None, notes_ns=None)
    profiled = [trace for trace in processes if trace.profiled is not None]
    missing = [trace.name for trace in processes if trace.profiled is None and _ran_operators(trace)]
    return OperatorCalls(
        groups=tuple(group for trace in profiled for group in _from_profile(trace)),
        wall_ns=sum(int((trace.profiled or {})["wall_ns"]) for trace in profiled),
        notes_ns=sum(int((trace.profiled or {})["notes_ns"]) for trace in profiled),
        missing=tuple(missing),
    )


def _ran_operators(trace: ProcessTrace) -> bool:
    return bool(np.isin(trace.events["kind"], (wire.OP, wire.REGION)).any())


def _from_profile(trace: ProcessTrace) -> Iterator[CallGroup]:
    unwritten = _unwritten_sites(trace)
    shared = _version(trace)
    for record in trace.profile:
        device, site = str(record["device"]), int(record["site"])
        facts = record["facts"]
        if facts is not None:
            facts = {**facts, **shared, **_read(site, unwritten, trace), "device": device}
        device_ns = int(record["device_ns"])
        yield CallGroup(
            operator=trace.names.get(int(record["op"]), ""),
            device=device,
            phase=phase_of(int(record["phase"])),
            site=trace.sites.get(site),
            backward_site=bool(record["backward_site"]),
            module=trace.names.get(int(record["module"]), ""),
            calls=int(record["calls"]),
            time_ns=(device_ns or int(record["time_ns"])) if trace.profiled is not None else None,
            facts=facts or {},
        )


# of runs that were not profiled


def _from_events(trace: ProcessTrace, is_listed: IsListed) -> Iterator[CallGroup]:
    """What the events tell of operators that the probe noted nothing of."""
    noted = {(trace.names.get(int(record["op"])), record["device"]) for record in trace.profile}
    events = trace.events
    ran = np.flatnonzero(np.isin(events["kind"], (wire.OP, wire.REGION)))
    columns = [events[name][ran].astype(np.int64) for name in ("op", "phase", "module", "site")]
    columns.append((events["flags"][ran] & wire.BACKWARD_SITE).astype(np.int64))
    columns.append(_first_specs(trace, ran))
    unwritten = _unwritten_sites(trace)
    shared = {**_version(trace), **_settled(trace)}
    others: Counter[tuple[str, str]] = Counter()
    rows, counts = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    for (op, phase, module, site, backward, spec_id), calls in zip(rows.tolist(), counts.tolist(), strict=True):
        name, spec = trace.names.get(op, ""), trace.specs.get(spec_id)
        device = spec.device.partition(":")[0] if spec is not None else ""
        if (name, device) in noted:
            continue
        if not is_listed(name):
            others[(name, device)] += calls
            continue
        facts: dict[str, Fact] = {**shared, **_read(site, unwritten, trace), "device": device}
        if spec is not None and device == "cuda":
            facts.pop("threads", None)
        if spec is not None and not name.startswith("compiled."):
            facts |= _of_result(spec.dtype)
        yield CallGroup(
            operator=name,
            device=device,
            phase=phase_of(phase),
            site=trace.sites.get(site),
            backward_site=bool(backward),
            module=trace.names.get(module, ""),
            calls=calls,
            time_ns=None,
            facts=facts,
        )
    for (name, device), calls in sorted(others.items()):
        yield CallGroup(
            operator=name,
            device=device,
            phase=Phase.OTHER,
            site=None,
            backward_site=False,
            module="",
            calls=calls,
            time_ns=None,
            facts={},
        )


def _first_specs(trace: ProcessTrace, ran: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The spec of each event's first tensor; 0 where it has none."""
    events, specs = trace.events, trace.tensors["spec"]
    first = events["first_tensor"][ran].astype(np.int64)
    has = (events["tensors"][ran] > 0) & (first < len(specs))
    found: np.ndarray[Any, Any] = np.zeros(len(ran), np.int64)
    found[has] = specs[first[has]]
    return found


def _of_result(dtype: str) -> dict[str, Fact]:
    """Listed operators with a condition on a dtype make, or write to, a tensor of the dtype that they add up."""
    name = dtype.removeprefix("torch.")
    floating = name.startswith(("float", "bfloat", "complex"))
    arguments = ("self", "values", "source", "src")
    found: dict[str, Fact] = {f"{argument}.dtype": name for argument in arguments}
    return found | {f"{argument}.floating": floating for argument in arguments}


def _settled(trace: ProcessTrace) -> dict[str, Fact]:
    """Switches that were the same when the process began to use torch and when it ended, and its threads at the end."""
    if {"start", "end"} - trace.environments.keys():
        return {}
    start, end = (from_fields(trace.environments[moment]) for moment in ("start", "end"))
    found: dict[str, Fact] = {}
    if _mode(start) is not None and _mode(start) == _mode(end):
        found["deterministic"] = _mode(end)
    for fact, flag in (
        ("fill", "fill_uninitialized_memory"),
        ("cudnn.benchmark", "cudnn.benchmark"),
        ("cudnn.deterministic", "cudnn.deterministic"),
    ):
        if flag in end.flags and start.flags.get(flag) == end.flags[flag]:
            found[fact] = end.flags[flag] == "True"
    if end.threads is not None:
        found["threads"] = end.threads
    found["workspace"] = end.variables.get("CUBLAS_WORKSPACE_CONFIG")
    return found


def _mode(environment: Environment) -> str | None:
    flags = environment.flags
    if "deterministic_algorithms" not in flags:
        return None
    if flags["deterministic_algorithms"] != "True":
        return "off"
    return "warn" if flags.get("deterministic_warn_only") == "True" else "on"


# of both


def _version(trace: ProcessTrace) -> dict[str, Fact]:
    version = from_fields(trace.environment).torch
    return {} if version is None else {"torch": version}


def _unwritten_sites(trace: ProcessTrace) -> frozenset[int]:
    """Where memory was allocated that something read before it was written."""
    events = trace.events
    reads = (events["kind"] == wire.OUTSIDE) & (events["flags"] & wire.READS_UNINITIALISED > 0)
    return frozenset(events["site"][reads].tolist())


def _read(site: int, unwritten: frozenset[int], trace: ProcessTrace) -> dict[str, Fact]:
    """Not known where the trace ends early, or where an allocation's line is not known."""
    if site in unwritten and site:
        return {"read": True}
    return {"read": False} if trace.complete and site and 0 not in unwritten else {}
