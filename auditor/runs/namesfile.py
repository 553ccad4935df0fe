"""The names file of a trace: header, names, sites, specs, facts and problems, one JSON object a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor.errors import TraceFormatError
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.trace import FileAccess, SeedCall
from auditor.probe import wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What a tensor is, apart from its values."""

    dtype: str
    shape: tuple[int, ...]
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A directory that the program listed. The LISTING event at `event` has the digests of the names."""

    event: int
    path: str
    """Relative to the project where inside it, else absolute."""

    count: int
    site: Location | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that the probe could not do."""

    where: str
    what: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """We stopped the program after this optimizer step."""

    event: int
    step: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A scalar that backward was called on."""

    step: int
    """Optimizer steps that were completed before it."""

    value: float


class NamesFile:
    """Tables of one names file, filled line by line. Kinds of records that are not known are passed over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        self.header: dict[str, Any] = {}
        self.names: dict[int, str] = {0: ""}
        self.sites: dict[int, Location] = {}
        self.specs: dict[int, Spec] = {}
        self.seeds: list[SeedCall] = []
        self.files: list[FileAccess] = []
        self.listings: list[Listing] = []
        self.focus: list[dict[str, Any]] = []
        self.losses: list[Loss] = []
        self.profile: list[dict[str, Any]] = []
        self.profiled: dict[str, Any] | None = None
        self.sources: tuple[str, ...] | None = None
        self.problems: dict[tuple[str, str], Problem] = {}
        self.environments: dict[str, dict[str, Any]] = {}
        self.stop: Stop | None = None
        self.end: dict[str, Any] | None = None
        self._offset = 0
        self._takers = {
            "name": self._take_name,
            "site": self._take_site,
            "spec": self._take_spec,
            "seed": self._take_seed,
            "file": self._take_file,
            "listing": self._take_listing,
            "problem": self._take_problem,
            "environment": self._take_environment,
            "stop": self._take_stop,
            "end": self._take_end,
            "focus": self.focus.append,
            "loss": self._take_loss,
            "profile": self.profile.append,
            "profiled": self._take_profiled,
            "sources": self._take_sources,
        }

    def refresh(self) -> None:
        """Read the whole lines that were added. A torn last line stays for next time; damage elsewhere raises."""
        with self.path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        whole = data.rfind(b"\n") + 1
        lines = data[:whole].split(b"\n")[:-1]
        for number, line in enumerate(lines):
            try:
                self._take(line)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                if number == len(lines) - 1 and whole == len(data) and self.lines:
                    return  # the last line, cut off in the middle of a line break
                raise TraceFormatError(
                    f"{self.path}: damaged at byte {self._offset} (line {self.lines + 1}): {error}"
                ) from error
            self.lines += 1
            self._offset += len(line) + 1

    def _take(self, line: bytes) -> None:
        record = json.loads(line)
        kind = record["record"]
        if not self.lines:
            self._take_header(record)
        elif kind in self._takers:
            self._takers[kind](record)

    def _take_header(self, record: dict[str, Any]) -> None:
        if record.get("format") != wire.FORMAT or record["record"] != "header":
            raise TraceFormatError(f"{self.path}: not a trace: its first line is no header of format {wire.FORMAT}")
        if record.get("version") != wire.VERSION:
            raise TraceFormatError(
                f"{self.path}: trace format version {record.get('version')}, written by repro-audit "
                f"{record.get('probe', '?')}; this program reads version {wire.VERSION}. Read it with the version that "
                "wrote it, or run again"
            )
        if record.get("digest") not in (wire.XXH3_64, wire.CRC32_ADLER32):
            raise TraceFormatError(f"{self.path}: unknown digest algorithm {record.get('digest')!r}")
        self.header = record

    def _take_name(self, record: dict[str, Any]) -> None:
        self.names[record["id"]] = record["text"]

    def _take_site(self, record: dict[str, Any]) -> None:
        line = max(int(record["line"]), 1)
        self.sites[record["id"]] = Location(path=record["path"], line=line, function=record.get("function"))

    def _take_spec(self, record: dict[str, Any]) -> None:
        self.specs[record["id"]] = Spec(
            dtype=record["dtype"], shape=tuple(record["shape"]), device=record.get("device", "")
        )

    def _take_seed(self, record: dict[str, Any]) -> None:
        self.seeds.append(
            SeedCall(
                event=record["event"],
                library=record["library"],
                call=record["call"],
                value=record["value"],
                site=self.sites.get(record["site"]),
            )
        )

    def _take_file(self, record: dict[str, Any]) -> None:
        site = self.sites.get(record["site"])
        self.files.append(FileAccess(event=record["event"], path=record["path"], mode=record["mode"], site=site))

    def _take_listing(self, record: dict[str, Any]) -> None:
        site = self.sites.get(record["site"])
        self.listings.append(Listing(event=record["event"], path=record["path"], count=record["count"], site=site))

    def _take_problem(self, record: dict[str, Any]) -> None:
        problem = Problem(where=record["where"], what=record["what"], count=record["count"])
        self.problems[(problem.where, problem.what)] = problem

    def _take_environment(self, record: dict[str, Any]) -> None:
        fields = {key: value for key, value in record.items() if key not in ("record", "event", "moment")}
        self.environments[record["moment"]] = fields

    def _take_stop(self, record: dict[str, Any]) -> None:
        self.stop = Stop(event=record["event"], step=record["step"], reason=record.get("reason", ""))

    def _take_end(self, record: dict[str, Any]) -> None:
        self.end = {key: int(record[key]) for key in ("events", "tensors", "rows", "steps")}

    def _take_profiled(self, record: dict[str, Any]) -> None:
        self.profiled = record

    def _take_loss(self, record: dict[str, Any]) -> None:
        self.losses.append(Loss(step=int(record["step"]), value=float(record["value"])))

    def _take_sources(self, record: dict[str, Any]) -> None:
        self.sources = tuple(record["paths"])
