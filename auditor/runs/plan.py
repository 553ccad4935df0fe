"""What to launch, and what to change for it: data only, nothing of the program is started here."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.annotations import Any
from auditor.model.lean import dataclass, field
from auditor.probe import config as probe_config
from auditor.probe import place

BOOTSTRAP = Path(probe_config.__file__).resolve().parent / "bootstrap"

# What a `python` in front of a command may be called for us to choose the interpreter.
_PYTHON_NAMES = ("python", "python3")


@dataclass(frozen=True, kw_only=True)
class LaunchPlan:
    """One launch of a program."""

    argv: Sequence[str]
    """The command. A leading `python` stands for `python`, or else for the interpreter that runs us."""

    cwd: Path
    project: Path
    """Root of the audited project: sites inside it are the user's, paths are told relative to it."""

    run_dir: Path
    """Folder of the run, which exists and is empty."""

    run_id: str
    python: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables to set on top of ours."""

    probe: Mapping[str, object] | None = field(default_factory=dict)
    """Settings of `ProbeConfig` other than `run_dir` and `project`; None to launch the program without a probe."""

    timeout_s: float | None = None
    quiet: bool = False
    """Keep the program's output out of our stderr; it is in `program.log` in any case."""

    watch_files: bool = True
    """Compare the project's files before and after."""


def command(plan: LaunchPlan) -> list[str]:
    """Return the argv to start, with the interpreter filled in."""
    argv = list(plan.argv)
    if not argv:
        raise UsageError("nothing to run: name a script, a module with -m, or a command after --")
    if argv[0] in _PYTHON_NAMES and (plan.python is not None or argv[0] == "python"):
        argv[0] = str(plan.python) if plan.python is not None else sys.executable
    return argv


def environment(plan: LaunchPlan, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the program's whole environment."""
    variables = {key: value for key, value in inherited.items() if key not in (place.VARIABLE, probe_config.VARIABLE)}
    variables.update(changes(plan, inherited))
    return variables


def changes(plan: LaunchPlan, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that we set, apart from the probe's own configuration."""
    changed = dict(plan.environment)
    if plan.probe is None:
        return changed
    settings = _probe_settings(plan)
    changed[probe_config.VARIABLE] = settings.to_json()
    before = changed.get("PYTHONPATH", inherited.get("PYTHONPATH", ""))
    changed["PYTHONPATH"] = os.pathsep.join([str(BOOTSTRAP), before] if before else [str(BOOTSTRAP)])
    if settings.compile == "eager":
        changed["TORCHDYNAMO_DISABLE"] = "1"
    return changed


def _probe_settings(plan: LaunchPlan) -> Any:
    values = dict(plan.probe or {})
    if "xxhash_path" not in values:
        values["xxhash_path"] = xxhash_folder()
    if values.get("mode", "trace") == "trace" and not values.get("focus"):
        from auditor.runs import hotpath  # what is not traced does without

        values.setdefault("compiled_path", hotpath.path(plan.python or Path(sys.executable)))
    paths = {"run_dir": str(plan.run_dir), "project": str(plan.project)}
    return probe_config.ProbeConfig(**values, **paths)  # type: ignore[no-untyped-call]  # plain syntax on purpose


def told_changes(plan: LaunchPlan, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what we change, for the record: variables by name, switches as `switch <name>`.

    How the probe gets into the program is left out; it is the same in every run.
    """
    ours = (probe_config.VARIABLE, "PYTHONPATH")
    told = {key: value for key, value in changes(plan, inherited).items() if key not in ours}
    switches = (plan.probe or {}).get("switches", {})
    if isinstance(switches, Mapping):
        told.update({f"switch {name}": str(value) for name, value in switches.items()})
    return dict(sorted(told.items()))


def xxhash_folder() -> str:
    """Return the folder to lend the program xxhash from; "" where we have none ourselves."""
    try:
        import xxhash
    except ImportError:
        return ""
    return str(Path(xxhash.__file__).resolve().parent.parent)
