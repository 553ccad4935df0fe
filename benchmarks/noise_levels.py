"""What keeping the activations before the noisy layer, and several levels in one forward pass, save in `noise walk`.

    python benchmarks/noise_levels.py [digits cnn transformer lstm] [--device cpu] [--threads 1]

Walks over a small model in this process, in each way, with the default sweep: CPU time (on a GPU: time) of all
evaluations, of finding out how to evaluate, and the ratio to plain evaluations. Every way must give the same report.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from torch import nn  # noqa: E402

from auditor.experiments.noiselevels import parse_levels  # noqa: E402
from auditor.probe.walking.recorder import Call, Recorder  # noqa: E402
from auditor.probe.walking.server import Server  # noqa: E402
from auditor.services.noise_options import WalkOptions, probe_settings  # noqa: E402
from auditor.services.noise_report import describe  # noqa: E402
from auditor.services.noise_walk import Walk  # noqa: E402
from auditor.services.progress import Silent  # noqa: E402

WAYS: dict[str, dict[str, Any]] = {
    "plain": {"levels_at_once": 1, "reuse": False},
    "from the layer on": {"levels_at_once": 1},
    "8 at once": {"levels_at_once": 8, "reuse": False},
    "both": {"levels_at_once": 8},
    "auto": {},
}


class Convolutional(nn.Sequential):
    def __init__(self) -> None:
        def stage(inputs: int, outputs: int) -> list[nn.Module]:
            return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]

        head = [nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * 16, 10)]
        super().__init__(*stage(1, 8), *stage(8, 16), nn.MaxPool2d(2), *stage(16, 32), *head)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.lstm = nn.Embedding(50, 16), nn.LSTM(16, 32, 2, batch_first=True)
        self.head = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        output, (hidden, _) = self.lstm(self.embed(x))
        return self.head(output[:, -1]), hidden


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
        self.embed, self.encoder = nn.Embedding(50, 32), nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
        self.head = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(self.embed(x)).mean(1))


def digits() -> nn.Module:
    layers: list[nn.Module] = []
    for _ in range(3):
        layers += [nn.Linear(64, 64), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(64, 10))


Made = tuple[Callable[[], nn.Module], Callable[[], torch.Tensor]]
PROGRAMS: dict[str, Made] = {
    "digits": (digits, lambda: torch.rand(500, 64)),
    "digits in batches of 8": (digits, lambda: torch.rand(8, 64)),
    "cnn": (Convolutional, lambda: torch.rand(64, 1, 16, 16)),
    "transformer": (Transformer, lambda: torch.randint(0, 50, (32, 12))),
    "lstm": (Recurrent, lambda: torch.randint(0, 50, (32, 12))),
}


class InProcess:
    """Answers as a program that has ended does, and notes the time that it takes."""

    def __init__(self, model: nn.Module, batches: list[torch.Tensor]) -> None:
        recorder = Recorder(torch, 1 << 30, lambda where, function, *arguments: function(*arguments))
        recorder.evaluation = [Call(torch, model, (batch,), {}) for batch in batches]
        self._server = Server(torch, probe_settings(), recorder, [model], [], None)
        self.hello = self._server.hello()
        self.seconds: dict[str, float] = {}
        self.at_once = 1

    def ask(self, request: Mapping[str, object]) -> Mapping[str, Any]:
        clock = time.perf_counter if torch.cuda.is_available() else time.process_time
        begun = clock()
        answer: dict[str, Any] = self._server.answer(request)
        what = "plan" if "plan" in request else "levels"
        self.seconds[what] = self.seconds.get(what, 0.0) + clock() - begun
        self.at_once = answer.get("at_once", self.at_once)
        return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", nargs="*", default=[], metavar="PROGRAM", help=", ".join(PROGRAMS))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for name in args.programs or PROGRAMS:
        measure(name, args.device)


def measure(name: str, device: str) -> None:
    """Print one table."""
    make, batch = PROGRAMS[name]
    torch.manual_seed(0)
    model = make().eval().to(device)
    batches = [batch().to(device) for _ in range(2)]
    options = WalkOptions(sigmas=parse_levels("log:1e-2:1e3:26"))
    plain: Any = None
    print(f"{name}, {sum(parameter.numel() for parameter in model.parameters()):,} parameters")
    for way, more in WAYS.items():
        link = InProcess(model, batches)
        points = describe(["program"], link.hello)["points"]
        walk = Walk(
            link=link, hello=link.hello, points=points, options=dataclasses.replace(options, **more), progress=Silent()
        )
        found = walk.run()
        plain = plain or (found, link.seconds["levels"])
        same = {**found, "notes": None} == {**plain[0], "notes": None}
        why = [note for note in found["notes"] if note.startswith("evaluated one level")]
        total = link.seconds["levels"] + link.seconds["plan"]
        print(
            f"  {way:<18} {found['evaluations']:>4} evaluations  {link.seconds['levels']:>6.2f} s + "
            f"{link.seconds['plan']:.2f} s  {plain[1] / total:>5.2f}×  {link.at_once} at once  "
            f"{'same report' if same else 'OTHER NUMBERS'} {' '.join(why)}"
        )


if __name__ == "__main__":
    main()
