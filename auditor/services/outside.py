"""Run a program once with everything that determinism needs set from outside, and say how to write that down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.lean import dataclass
from auditor.runs.passthrough import run_through
from auditor.services.tape import tape_plan

WORKSPACE = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
"""cuBLAS needs this to be set before CUDA starts; without it deterministic mode raises at the first matrix product."""

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is set from outside."""

    seed: int | None = None
    """Seed of a made-up tape that answers every request for entropy; None leaves entropy alone."""

    deterministic: bool = False
    threads: int | None = None

    def environment(self) -> dict[str, str]:
        """Variables for the launcher, PYTHONHASHSEED among them."""
        variables = {"PYTHONHASHSEED": str((self.seed or 0) % 2**32)}
        if self.deterministic:
            variables |= WORKSPACE
        if self.threads is not None:
            variables |= dict.fromkeys(_THREAD_VARIABLES, str(self.threads))
        return variables

    def switches(self) -> dict[str, object]:
        """What the probe sets right after the program has imported torch."""
        found: dict[str, object] = {}
        if self.deterministic:
            found["deterministic"] = True
        if self.threads is not None:
            found["threads"] = self.threads
        return found


def run_outside(command: Sequence[str], setup: Setup, *, cwd: Path, python: Path | None = None) -> int:
    """Run a program on our own terminal with the setup; return its exit code, negative for a signal."""
    if setup.seed is None and not setup.deterministic and setup.threads is None:
        raise UsageError("nothing to set: give --seed N, --deterministic or --threads N")
    if setup.seed is not None and setup.seed < 0:
        raise UsageError(f"--seed {setup.seed}: a seed is 0 or more")
    variables: Mapping[str, str] = setup.environment()
    tape = {"mode": "seed", "seed": setup.seed, "volatile": ["listing"]} if setup.seed is not None else None
    import tempfile

    with tempfile.TemporaryDirectory(prefix="repro-audit-exec-") as folder:
        plan = tape_plan(
            command,
            cwd,
            Path(folder).resolve(),
            tape,
            variables["PYTHONHASHSEED"],
            python,
            {key: value for key, value in variables.items() if key != "PYTHONHASHSEED"},
            setup.switches(),
        )
        return run_through(plan)


def equivalent_lines(command: Sequence[str], setup: Setup) -> list[str]:
    """Lines for the launcher that set the same without this program, and for the program what no variable sets."""
    import shlex

    lines = [f"export {name}={value}" for name, value in sorted(setup.environment().items())]
    inside = []
    if setup.seed is not None:
        inside += [f"random.seed({setup.seed})", f"numpy.random.seed({setup.seed})", f"torch.manual_seed({setup.seed})"]
    if setup.deterministic:
        inside += [
            "torch.use_deterministic_algorithms(True)",
            "torch.backends.cudnn.benchmark = False",
            "torch.backends.cudnn.deterministic = True",
        ]
    if setup.threads is not None:
        inside.append(f"torch.set_num_threads({setup.threads})")
    lines.append(shlex.join(command))
    lines += [f"# in the program, before anything is drawn: {line}" for line in inside]
    if setup.seed is not None:
        lines.append(
            "# these seeds fix other numbers than --seed does; generators without a seed need one of their own"
        )
    return lines
