"""What the probe costs: process CPU time of a training step, traced, over the same step untraced.

    python benchmarks/probe_cost.py [--steps N] [--models mlp,cnn,gpt]

All tracers take turns in one process, one torch thread, a few steps each, so that whatever slows the machine slows all
of them; the figures are ratios of medians. "no-op mode" is the floor of any tracer in Python. DebugMode is torch's own,
with the hashes that a comparison needs; it records no module, line or step. REPRO_AUDIT_COMPILED_PROBE=0 measures the
probe's hot path in Python, as it is where no C compiler is.
"""

import argparse
import contextlib
import pathlib
import statistics
import sys
import tempfile
import time

import torch
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from auditor.probe import callsite, config, context, writer
from auditor.probe.backends import load
from auditor.runs import hotpath

TARGETS = {"mlp": 2.5, "cnn": 1.2, "gpt": 1.1}


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        q, k, v = (
            part.view(batch, length, self.heads, -1).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, -1)
        )
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(nn.functional.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self, vocabulary: int = 512, width: int = 256, layers: int = 4, length: int = 128) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.zeros(length, width))
        self.blocks = nn.ModuleList(Block(width, 4) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.tokens(x) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def mlp() -> tuple[nn.Module, torch.Tensor, torch.Tensor, type]:
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    return model, torch.randn(64, 784), torch.randint(0, 10, (64,)), torch.optim.Adam


def cnn() -> tuple[nn.Module, torch.Tensor, torch.Tensor, type]:
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(32 * 49, 10),
    )
    return model, torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,)), torch.optim.SGD


def gpt() -> tuple[nn.Module, torch.Tensor, torch.Tensor, type]:
    return GPT(), torch.randint(0, 512, (8, 128)), torch.randint(0, 512, (8, 128)), torch.optim.AdamW


MODELS = {"mlp": (mlp, 40), "cnn": (cnn, 8), "gpt": (gpt, 1)}


class NoOp(torch.utils._python_dispatch.TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        return func(*args, **(kwargs or {}))


class Probe:
    """Our tracer as a context manager: entered and left around the measured steps, which it never is in real use."""

    def __init__(self, folder: str) -> None:
        compiled = hotpath.path(pathlib.Path(sys.executable))
        settings = config.ProbeConfig(
            run_dir=folder, project=str(pathlib.Path(__file__).parent), compiled_path=compiled
        )
        self.language = "C" if compiled else "Python"
        trace = writer.Writer(folder, "0-0", {})
        sites = callsite.CallSites(trace, settings.project)
        self.context = context.Context(trace, sites)
        self.backend = load("dispatch")(settings, trace, self.context, sites)
        self._plain_call = nn.Module.__call__
        sites.install(torch)
        self.context.install(torch)
        self._traced_call = nn.Module.__call__
        self.backend.install(torch)
        self.writer = trace
        self.__exit__()

    def __enter__(self) -> None:
        nn.Module.__call__ = self._traced_call  # type: ignore[method-assign]
        self.backend.enter_thread(self.context.main)

    def __exit__(self, *exception: object) -> None:
        nn.Module.__call__ = self._plain_call  # type: ignore[method-assign]
        self.backend.leave_thread()


def debug_mode() -> contextlib.AbstractContextManager[object]:
    from torch.utils._debug_mode import DebugMode

    stack = contextlib.ExitStack()
    stack.enter_context(DebugMode())
    stack.enter_context(DebugMode.log_tensor_hashes())
    return stack


def step(model: nn.Module, data: torch.Tensor, target: torch.Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    output = model(data)
    loss = nn.functional.cross_entropy(output.flatten(0, -2), target.flatten())
    loss.backward()
    optimizer.step()


def measure(name: str, rounds: int, probe: Probe) -> dict[str, float]:
    """Median CPU seconds a step for every tracer."""
    build, repeat = MODELS[name]
    torch.manual_seed(0)
    model, data, target, kind = build()
    optimizer = kind(model.parameters(), lr=1e-4)
    tracers = {"plain": contextlib.nullcontext, "no-op mode": NoOp, "our probe": lambda: probe, "DebugMode": debug_mode}
    times: dict[str, list[float]] = {label: [] for label in tracers}
    for round_index in range(rounds + 2):
        for label, tracer in tracers.items():
            count = max(1, repeat // 10) if label == "DebugMode" else repeat
            with tracer():
                step(model, data, target, optimizer)
                start = time.process_time()
                for _ in range(count):
                    step(model, data, target, optimizer)
                spent = time.process_time() - start
            if round_index >= 2:  # the first rounds warm up
                times[label].append(spent / count)
    return {label: statistics.median(values) for label, values in times.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--models", default="mlp,cnn,gpt")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one thread, process CPU time of a training step, medians of {arguments.rounds}")
    print(f"{'model':6} {'plain ms':>9} {'no-op mode':>11} {'our probe':>10} {'target':>7} {'DebugMode':>10}")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        probe = Probe(folder)
        for name in arguments.models.split(","):
            medians = measure(name, arguments.rounds, probe)
            ratio = {label: value / medians["plain"] for label, value in medians.items()}
            missed += ratio["our probe"] > TARGETS[name]
            print(
                f"{name:6} {medians['plain'] * 1e3:9.2f} {ratio['no-op mode']:10.2f}x {ratio['our probe']:9.2f}x "
                f"{TARGETS[name]:6.2f}x {ratio['DebugMode']:9.2f}x"
            )
        print(
            f"events written: {probe.writer.events_written:,}, hot path in {probe.language}, "
            f"trace stopped: {probe.writer.stopped}"
        )
    return missed


if __name__ == "__main__":
    sys.exit(main())
