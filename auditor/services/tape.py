"""Record what the system answers a program, and give it back."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.annotations import Any
from auditor.model.lean import dataclass, replace
from auditor.model.tape import ReplayOutcome, Tape, TapeDivergence, TapeLaunch
from auditor.probe.taping import wire
from auditor.runs import native as native_code
from auditor.runs.passthrough import run_through
from auditor.runs.plan import LaunchPlan
from auditor.runs.tapefile import open_tape, read_launch, write_launch
from auditor.services.program import script_of
from auditor.static.files.discovery import find_root

VOLATILE = ("time", "pid", "host", "listing")
"""What is taped on request everywhere, and else only where it becomes a seed."""


Tell = Callable[[str], None]
"""Tells the person something before the program starts."""

_NOBODY_ASKED = (
    "no process asked for anything: the probe is not in the program (python -I, -E or -S, or another PYTHONPATH)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What came of a recording."""

    tape: Tape
    folder: Path
    exit_code: int


def record_tape(
    command: Sequence[str],
    folder: Path,
    *,
    cwd: Path,
    volatile: Sequence[str] = (),
    python: Path | None = None,
    force: bool = False,
    native: bool = True,
    environment: Mapping[str, str] | None = None,
    tell: Tell = lambda text: None,
) -> Recorded:
    """Run a program on our own terminal and record what it is given into `folder`.

    How the program ended is in the result; that it failed is no exception. Raises `UsageError` where the folder
    holds something already.
    """
    interposer = _interposer(tell) if native else None
    _make(folder, force)
    launch = TapeLaunch(
        argv=tuple(command),
        hash_seed=hash_seed(os.environ),
        python=_version(python),
        volatile=tuple(sorted(volatile)),
        native=interposer is not None,
        recorded_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        exit_code=None,
        interpreter=_absolute(python) if python is not None else "",
    )
    write_launch(folder, launch)
    settings = {"mode": "record", "folder": str(folder.resolve()), "volatile": list(launch.volatile)}
    place = folder.resolve()
    variables = {**_native(interposer, "record", place, place, launch), **(environment or {})}
    plan = tape_plan(command, cwd, place, settings, launch.hash_seed, python, variables)
    code = run_through(plan)
    write_launch(folder, replace(launch, exit_code=code))
    return Recorded(tape=open_tape(folder), folder=folder, exit_code=code)


def recording_remarks(recorded: Recorded) -> list[str]:
    """What a person should know of a recording, a sentence each."""
    processes = recorded.tape.processes
    entries = [
        entry for process in processes.values() for entry in process.entries if entry.kind in ("entropy", "initial")
    ]
    remarks = [f"process {process.name}: {text}" for process in processes.values() for text in process.problems]
    size = sum(path.stat().st_size for path in recorded.folder.iterdir())
    remarks.append(
        f"recorded: {len(entries):,} answers in {len(processes):,} processes, {size:,} bytes in {recorded.folder}"
        if entries
        else f"recorded: the program asked for nothing random; {recorded.folder} holds its hash secret alone"
    )
    return remarks


def replay_tape(
    folder: Path,
    command: Sequence[str] | None = None,
    *,
    cwd: Path,
    strict: bool = True,
    python: Path | None = None,
    environment: Mapping[str, str] | None = None,
    tell: Tell = lambda text: None,
) -> ReplayOutcome:
    """Run a program on our own terminal and answer it from a tape; without a command, the recorded one.

    Without `python`, a tape that was recorded with an interpreter of its own is replayed with that one.

    Strict: the first request that is not the recorded one ends the program. Raises `UsageError` where there is no
    tape, `TraceFormatError` where it is damaged.
    """
    tape = open_tape(folder)
    argv = tuple(command) if command else tape.launch.argv
    python = python or recorded_python(tape.launch)
    interposer = _interposer(tell) if tape.launch.native else None
    with _report_folder() as report:
        settings = {
            "mode": "replay",
            "folder": str(folder.resolve()),
            "report": str(report),
            "strict": strict,
            "same_command": argv == tape.launch.argv,
            "volatile": list(tape.launch.volatile),
        }
        variables = {
            **_native(interposer, "replay" if strict else "lenient", folder.resolve(), report, tape.launch),
            **(environment or {}),
        }
        plan = tape_plan(argv, cwd, report, settings, tape.launch.hash_seed, python, variables)
        code = run_through(plan, lambda: strict and _has_diverged(report))
        return outcome(tape, report, code, argv)


def recorded_python(launch: TapeLaunch) -> Path | None:
    """The interpreter that a recording named; None where it was ours.

    Raises `UsageError` where it is gone: another one may compute something else.
    """
    if not launch.interpreter:
        return None
    import shutil

    if shutil.which(launch.interpreter) is None:
        raise UsageError(f"{launch.interpreter}: recorded with this interpreter, which is gone; name one with --python")
    return Path(launch.interpreter)


def _absolute(python: Path) -> str:
    import shutil

    return os.path.abspath(shutil.which(str(python)) or python)


def _version(python: Path | None) -> str:
    """The version of the program's interpreter; empty where it does not tell."""
    if python is None:
        return sys.version.split()[0]  # as `platform.python_version()` has it
    from auditor.runs.surroundings import ask_surroundings

    told = ask_surroundings(str(python))
    return told.python if told is not None else ""


def _interposer(tell: Tell) -> Path | None:
    built, reason = native_code.library()
    if reason:
        tell(reason)
    return built


def _native(built: Path | None, mode: str, folder: Path, report: Path, launch: TapeLaunch) -> dict[str, str]:
    if built is None:
        return {}
    return native_code.variables(built, mode, folder, report, "time" in launch.volatile)


def hash_seed(environ: Mapping[str, str]) -> str:
    """The hash secret that is in force, else a random one: the same for all processes of a recording."""
    found = environ.get("PYTHONHASHSEED", "")
    return found if found.isdigit() else str(int.from_bytes(os.urandom(4), "little"))


def tape_plan(
    command: Sequence[str],
    cwd: Path,
    run_dir: Path,
    settings: Mapping[str, object] | None,
    hash_secret: str,
    python: Path | None = None,
    environment: Mapping[str, str] | None = None,
    switches: Mapping[str, object] | None = None,
) -> LaunchPlan:
    """A launch with a tape and no trace."""
    cwd = cwd.resolve()
    return LaunchPlan(
        argv=command,
        cwd=cwd,
        project=find_root([script_of(command, cwd) or cwd]).resolve(),
        run_dir=run_dir,
        run_id="tape",
        python=python,
        environment={"PYTHONHASHSEED": hash_secret, **(environment or {})},
        probe={"mode": "none", "xxhash_path": "", "tape": settings, "switches": dict(switches or {})},
    )


def outcome(tape: Tape, report: Path, exit_code: int, argv: Sequence[str]) -> ReplayOutcome:
    """Put together what the processes of a replay told."""
    divergences: list[TapeDivergence] = []
    problems: list[str] = []
    told = _reports(report)
    notes: list[str] = _launch_notes(tape, argv, told)
    for name, lines in told.items():
        for line in lines:
            if "divergence" in line:
                divergences.append(_divergence(line["divergence"]))
            elif "note" in line:
                notes.append(line["note"])
            elif "problem" in line and tape.launch.native and line["problem"].startswith("children:"):
                notes.append(f"process {name}: {line['problem']}; its native requests are on the tape")
            elif "problem" in line:
                problems.append(f"process {name}: {line['problem']}")
            elif "end" in line:
                divergences += _left(name, line["end"]["left"])
    if not told and any(_is_asked(tape, name) for name in tape.processes):
        problems.append(_NOBODY_ASKED)
    elif exit_code == 0 and not divergences:
        native = wire.NATIVE_SUFFIX  # what native code asks for below a request that Python made is not asked again
        absent = [n for n in tape.processes if n not in told and not n.endswith(native) and _is_asked(tape, n)]
        notes += [f"process {name} was recorded and did not come" for name in absent]
    return ReplayOutcome(
        exit_code=exit_code,
        processes=len(told),
        divergences=tuple(divergences),
        notes=tuple(notes),
        problems=tuple(problems),
    )


def _is_asked(tape: Tape, name: str) -> bool:
    return any(entry.kind == "entropy" and not entry.stream.startswith("~") for entry in tape.processes[name].entries)


def _launch_notes(tape: Tape, argv: Sequence[str], told: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    notes = []
    if tuple(argv) != tape.launch.argv:
        notes.append(f"the command is another one than was recorded: {' '.join(tape.launch.argv)}")
    found = set()
    for name, lines in told.items():
        was = tape.processes[name].python if name in tape.processes else ""
        now = next((str(line["header"].get("python", "")) for line in lines if "header" in line), "")
        if was and now and was != now:
            found.add((was, now))
    notes += [f"recorded under Python {was}, replayed under {now}" for was, now in sorted(found)]
    return notes


def _left(name: str, left: Mapping[str, Mapping[str, Any]]) -> list[TapeDivergence]:
    """Requests that were recorded and not made; a sequence that ends early differs as one that goes on does."""
    return [
        TapeDivergence(
            process=name,
            stream=stream,
            index=entry["index"],
            text=f"process {name}{'' if stream == wire.MAIN else f', thread or task {stream}'} ended after "
            f"{entry['index']} of {entry['recorded']} requests; the next one recorded is {entry['what']} at "
            f"{entry['at']}",
        )
        for stream, entry in sorted(left.items())
    ]


def _divergence(fields: Mapping[str, Any]) -> TapeDivergence:
    return TapeDivergence(
        process=fields["process"],
        stream=fields["stream"],
        index=fields["index"],
        text=fields["text"],
        tape_was_cut=fields["tape_was_cut"],
    )


def _reports(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Lines of every process's report, by name; a torn last line of a killed process is dropped."""
    found = {}
    for path in sorted(folder.glob("*.replay")):
        lines = path.read_bytes().split(b"\n")[:-1]
        found[path.name.removesuffix(".replay")] = [json.loads(line) for line in lines]
    return found


def _has_diverged(report: Path) -> bool:
    return any(b'{"divergence"' in path.read_bytes() for path in report.glob("*.replay"))


@contextmanager
def _report_folder() -> Iterator[Path]:
    import shutil  # a recording with our own interpreter does without
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="repro-audit-replay-")).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make(folder: Path, force: bool) -> None:
    """Make an empty folder for a tape; with `force`, in the place of another tape and of nothing else."""
    if folder.exists():
        is_tape = (folder / wire.LAUNCH).is_file()
        if not folder.is_dir() or (any(folder.iterdir()) and not is_tape):
            raise UsageError(f"-o {folder}: exists and is no tape; name a folder that is not there yet")
        if is_tape and not force:
            raise UsageError(f"-o {folder}: holds a tape already; --force records over it")
        if is_tape:
            import shutil

            read_launch(folder)
            shutil.rmtree(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"-o {folder}: cannot be made: {error.strerror}") from error
