"""Gradients are kept as optimizers are given them, of every kind, and weights are those of the bare program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.runs.gradients import KeptGradients, keep_gradients, read_gradients
from auditor.runs.parameters import KeptNumbers

numpy = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")

# Each kind trains a model of a class of its own name; what the optimizer consumes the program saves itself.
PROGRAM = """
import sys, warnings
import numpy, torch
from torch import nn

warnings.simplefilter("ignore")
consumed = {}


def net(kind):
    return type(kind, (nn.Sequential,), {})(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))


def note(kind, step, model, scale=1.0, prefix=""):
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            grad = parameter.grad.to_dense() if parameter.grad.is_sparse else parameter.grad
            consumed["%s|%d|%s" % (kind, step, prefix + name)] = grad.float().numpy().copy() / scale


def loss(model):
    return model(torch.randn(6, 8, dtype=next(model.parameters()).dtype)).float().square().mean()


def plain(kind, model, optimizer, batches=1, clip=None, scaler=None):
    for step in range(3):
        optimizer.zero_grad()
        for _ in range(batches):
            value = loss(model) / batches
            (scaler.scale(value) if scaler else value).backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        if scaler:
            note(kind, step, model, 1024.0)
            scaler.step(optimizer)
            scaler.update()
        else:
            note(kind, step, model)
            optimizer.step()
    return model


def accumulated_and_clipped():
    model = net("accumulated_and_clipped")
    return plain("accumulated_and_clipped", model, torch.optim.SGD(model.parameters(), 0.1), 3, 0.01)


def frozen_foreach():
    model = net("frozen_foreach")
    model[0].weight.requires_grad_(False)
    return plain("frozen_foreach", model, torch.optim.AdamW(model.parameters(), foreach=True))


def unscaled():
    model = net("unscaled")
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    return plain("unscaled", model, torch.optim.SGD(model.parameters(), 0.1), scaler=scaler)


def unscaled_by_a_fused_optimizer():
    model = net("unscaled_by_a_fused_optimizer")
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    return plain("unscaled_by_a_fused_optimizer", model, optimizer, scaler=scaler)


def halves():
    model = net("halves").to(torch.bfloat16)
    return plain("halves", model, torch.optim.SGD(model.parameters(), 0.1))


def sparse():
    model = type("sparse", (nn.Embedding,), {})(5000, 4, sparse=True)
    optimizer = torch.optim.SparseAdam(model.parameters())
    for step in range(3):
        optimizer.zero_grad()
        model(torch.randint(0, 5000, (700,))).square().sum().backward()
        note("sparse", step, model)
        optimizer.step()
    return model


def closure():
    model, data = net("closure"), torch.randn(6, 8)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3)

    def again():
        optimizer.zero_grad()
        value = model(data).square().mean()
        value.backward()
        return value

    for step in range(3):
        optimizer.step(again)
        note("closure", step, model)
    return model


def hook_of_its_own():
    model = net("hook_of_its_own")
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def halve(*anything):
        for parameter in model.parameters():
            parameter.grad *= 0.5

    optimizer.register_step_pre_hook(halve)
    for step in range(3):
        optimizer.zero_grad()
        loss(model).backward()
        optimizer.step()
        note("hook_of_its_own", step, model)
    return model


def unscaled_with_a_hook():
    model = net("unscaled_with_a_hook")
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    optimizer.register_step_pre_hook(lambda *anything: None)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    for step in range(3):
        optimizer.zero_grad()
        scaler.scale(loss(model)).backward()
        note("unscaled_with_a_hook", step, model, 1024.0)
        scaler.step(optimizer)
        scaler.update()
    return model


def two_optimizers():
    models = type("two_optimizers", (nn.ModuleList,), {})([net("-"), nn.Linear(4, 1)])
    optimizers = [torch.optim.SGD(model.parameters(), 0.1) for model in models]
    for step in range(3):
        for number in (1, 0):
            models.zero_grad()
            models[1](models[0](torch.randn(5, 8))).mean().backward()
            note("two_optimizers", step, models[number], prefix="%d." % number)
            optimizers[number].step()
    return models


def nobody_steps():
    model = net("nobody_steps")
    for _ in range(3):
        model.zero_grad()
        loss(model).backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter -= 0.1 * parameter.grad
    return model


torch.manual_seed(0)
for kind in sys.argv[2:]:
    for name, value in globals()[kind]().state_dict().items():
        consumed["%s|final|%s" % (kind, name)] = value.detach().float().numpy()
numpy.savez(sys.argv[1], **consumed)
"""
KINDS = (
    "accumulated_and_clipped",
    "frozen_foreach",
    "unscaled",
    "unscaled_by_a_fused_optimizer",
    "halves",
    "sparse",
    "closure",
    "hook_of_its_own",
    "unscaled_with_a_hook",
    "two_optimizers",
    "nobody_steps",
)


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what every kind consumed, bare and probed, and what was kept of it."""
    from auditor.runs.launch import launch, log_tail
    from auditor.runs.plan import LaunchPlan

    folder = tmp_path_factory.mktemp("kinds")
    (folder / "kinds.py").write_text(PROGRAM)
    for name in ("bare", "probed"):
        (folder / name).mkdir()
        gradients = {**keep_gradients(folder / name, whole=True), "elements": 100}
        collect = {"folder": str(folder / name), "keep": False, "evaluate": "", "nudge": None, "gradients": gradients}
        run = launch(
            LaunchPlan(
                argv=("python", "kinds.py", str(folder / name / "consumed.npz"), *KINDS),
                cwd=folder,
                project=folder,
                run_dir=folder / name,
                run_id=name,
                probe=None if name == "bare" else {"mode": "none", "collect": collect},
                environment={"PYTHONPATH": "", "OMP_NUM_THREADS": "1"},
                quiet=True,
            )
        )
        assert run.status.code == 0, log_tail(run, 20)
    return folder


@pytest.fixture(scope="module")
def kept(kinds: Path) -> KeptGradients:
    found = read_gradients(kinds / "probed")
    assert found is not None
    return found


def consumed(kinds: Path, kind: str, run: str = "probed") -> dict[str, Any]:
    """What a kind's optimizer consumed, by step and name, and the final weights."""
    saved = numpy.load(kinds / run / "consumed.npz")
    return {name.partition("|")[2]: saved[name] for name in saved.files if name.startswith(f"{kind}|")}


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_those_of_the_bare_program(kinds: Path, kind: str) -> None:
    bare, probed = (consumed(kinds, kind, run) for run in ("bare", "probed"))
    assert list(bare) == list(probed)
    assert any(name.startswith("final|") for name in bare)
    assert all(bare[name].tobytes() == probed[name].tobytes() for name in bare)


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_what_is_kept_is_what_the_optimizer_consumes(kinds: Path, kept: KeptGradients, kind: str) -> None:
    expected = {name: value for name, value in consumed(kinds, kind).items() if not name.startswith("final|")}
    assert len(expected) >= 3
    for key, value in expected.items():
        step, _, name = key.partition("|")
        steps = kept.parameters[kind, name]
        assert len(steps) == 3
        (part,) = steps[sorted(steps)[int(step)]].values()
        assert part.shape == value.shape
        assert part.kept == min(value.size, 100)
        assert numbers(part).tobytes() == value.reshape(-1)[chosen(value.size)].tobytes(), key


def test_parameters_without_a_gradient_are_told_apart_from_zeros(kept: KeptGradients) -> None:
    for parts in kept.parameters["frozen_foreach", "0.weight"].values():
        (frozen,) = parts.values()
        assert (frozen.digest, frozen.kept, frozen.why) == (None, 0, "there is no gradient")


def test_the_optimizers_of_a_gan_share_their_steps(kept: KeptGradients) -> None:
    steps = {name: set(steps) for (model, name), steps in kept.parameters.items() if model == "two_optimizers"}
    assert set(steps) == {"0.0.weight", "0.0.bias", "0.2.weight", "0.2.bias", "1.weight", "1.bias"}
    assert len({frozenset(each) for each in steps.values()}) == 1


def test_weights_that_are_changed_by_hand_leave_no_gradients(kept: KeptGradients) -> None:
    assert kept.complete
    assert {model for model, _ in kept.parameters} == set(KINDS[:-1])


def numbers(part: KeptNumbers) -> Any:
    return numpy.asarray(part.numbers)


def chosen(total: int) -> Any:
    from auditor.probe.activations.keeping import places

    return numpy.array(places(total, 100) if total > 100 else range(total))
