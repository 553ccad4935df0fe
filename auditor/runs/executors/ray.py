"""Programs as tasks of a Ray cluster. Its nodes need Ray, our interpreter at the same path, and the shared folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from typing import Any

from auditor.errors import UsageError
from auditor.model.run import Ending, RunRecord
from auditor.runs.executor import Needs, unfinished
from auditor.runs.executors.order import command, own_environment, read_answer, write_order
from auditor.runs.plan import LaunchPlan

_COUNT_S = 2.0
_GRACE_S = 40.0


class RayCluster:
    """`address` as `ray.init` takes it; "" for a running cluster, else one of our own on this machine."""

    name = "ray"

    def __init__(self, address: str, needs: Needs) -> None:
        self._address = address
        self._needs = needs
        self._ray: Any = None
        self._ours = False
        self._task: Any = None
        self._given: dict[Any, LaunchPlan] = {}
        self._places = (0.0, 1)

    def open(self) -> None:
        if self._ray is not None:
            return
        try:
            import ray
        except ImportError:
            raise UsageError("--executor ray: Ray is not installed; pip install 'repro-audit[ray]'") from None
        if not ray.is_initialized():
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster that we start tells nobody about its use
            try:
                ray.init(
                    address=self._address or None,
                    log_to_driver=False,
                    logging_level="ERROR",
                    include_dashboard=None if self._address else False,
                )
            except Exception as error:  # whatever it is: Ray documents no tree of errors here
                where = f"ray:{self._address}" if self._address else "ray"
                raise UsageError(
                    f"--executor {where}: cannot connect: {type(error).__name__}: {error}. A cluster with tokens needs "
                    "RAY_AUTH_MODE=token set here too"
                ) from error
            self._ours = True
            _silence(ray)
        self._ray = ray
        self._task = ray.remote(_make_task())
        self._check()

    def places(self) -> int:
        counted, places = self._places
        if time.monotonic() - counted > _COUNT_S:
            places = max(1, sum(self._fit(node) for node in self._nodes()))
            self._places = time.monotonic(), places
        return places

    def submit(self, plan: LaunchPlan, avoid: Collection[str]) -> None:
        options: dict[str, Any] = {"num_cpus": self._needs.cpus or 1, "num_gpus": self._gpus(), "max_retries": 0}
        if self._needs.memory_bytes:
            options["memory"] = self._needs.memory_bytes
        others = [node for node in self._nodes() if node["NodeManagerHostname"] not in avoid and self._fit(node)]
        if avoid and others:
            from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

            options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(others[0]["NodeID"], soft=True)
        order = write_order(plan, own_environment(), carried=False)
        self._given[self._task.options(**options).remote(command(), order, _GRACE_S)] = plan

    def ended(self, timeout_s: float) -> dict[str, RunRecord]:
        ready, _ = self._ray.wait(list(self._given), num_returns=1, timeout=timeout_s)
        found = {}
        for reference in ready:
            plan = self._given.pop(reference)
            found[plan.run_id] = self._result(reference, plan)
        return found

    def cancel(self) -> None:
        for reference in self._given:
            self._ray.cancel(reference, force=False)

    def kill(self) -> None:
        for reference in self._given:
            self._ray.cancel(reference, force=True)
        self._given.clear()

    def close(self) -> None:
        if self._ray is None:
            return
        self.kill()
        if self._ours:
            self._ray.shutdown()
        self._ray = None

    def _result(self, reference: Any, plan: LaunchPlan) -> RunRecord:
        errors = self._ray.exceptions
        try:
            answer = self._ray.get(reference)
        except errors.TaskCancelledError:
            return unfinished(plan, Ending.INTERRUPTED, "it was cancelled")
        except errors.RayTaskError as error:
            raise UsageError(f"--executor ray: a worker cannot start {command()[0]}: {error.cause}") from error
        except errors.RayError as error:
            sentence = str(error).strip().split("\n")[0].split(". ")[0]
            return unfinished(plan, Ending.LOST, f"{type(error).__name__}: {sentence}")
        return read_answer(answer, plan)

    def _gpus(self) -> int:
        if self._needs.gpus is not None:
            return self._needs.gpus
        return 1 if any(node["Resources"].get("GPU") for node in self._nodes()) else 0

    def _nodes(self) -> list[dict[str, Any]]:
        return [node for node in self._ray.nodes() if node["Alive"]]

    def _fit(self, node: dict[str, Any]) -> int:
        """How many programs a node takes at a time."""
        wanted = {"CPU": self._needs.cpus or 1, "GPU": self._needs.gpus or 0, "memory": self._needs.memory_bytes or 0}
        if self._needs.gpus is None and node["Resources"].get("GPU"):
            wanted["GPU"] = 1
        return min(int(node["Resources"].get(name, 0) // amount) for name, amount in wanted.items() if amount)

    def _check(self) -> None:
        nodes = self._nodes()
        if not any(self._fit(node) for node in nodes):
            have = "; ".join(
                f"{node['NodeManagerHostname']}: {node['Resources'].get('CPU', 0):g} CPUs, "
                f"{node['Resources'].get('GPU', 0):g} GPUs, {node['Resources'].get('memory', 0) / (1 << 30):.1f} GiB"
                for node in nodes
            )
            raise UsageError(f"--needs: no node of the Ray cluster has that much; there are {have or 'none'}")


def _silence(ray: Any) -> None:
    """Keep Ray from writing about workers that died to stdout, where the report goes; we tell it ourselves.

    Ray 2.60 has no public switch: `log_to_driver` does not cover it.
    """
    worker: Any = getattr(getattr(ray, "_private", None), "worker", None)
    if hasattr(worker, "_worker_logs_enabled"):
        worker._worker_logs_enabled = False


def _make_task() -> Callable[[list[str], str, float], str]:
    """Return what a Ray worker runs. Made here and not in the module, so that it travels by value: workers need not
    import us."""

    def replica(argv: list[str], order: str, grace_s: float) -> str:
        import signal
        import subprocess

        pipe = subprocess.PIPE
        # A session of its own: Ray kills the group of a worker that died, and who would then end the program?
        worker = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
        sent: str | None = order
        try:
            while True:
                try:
                    out, said = worker.communicate(sent, timeout=0.5)
                    break
                except subprocess.TimeoutExpired:  # Ray cancels by a KeyboardInterrupt that wakes no system call
                    sent = None
        except BaseException:
            worker.send_signal(signal.SIGINT)
            out, said = worker.communicate(timeout=grace_s)
        return out or f"exit code {worker.returncode}: {said[-2000:]}"

    return replica
