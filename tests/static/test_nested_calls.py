"""What calls give is worked out once for each question, however many ways lead to them."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from auditor.static.evaluation.callvalues import CallValues
from auditor.static.execution.callframes import CallFrames
from auditor.static.project import Project
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.seedvalue import Seen, static_seed_value
from auditor.static.resolution.values import FunctionRef

MakeProject = Callable[[dict[str, str | bytes]], Project]


def judge(project: Project) -> None:
    module = project.module("train.py")
    assert module is not None
    project.programs.verdicts(module)


@pytest.mark.parametrize("layers", [2, 4, 8])
def test_layers_on_layers_are_asked_a_few_times_each(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch, layers: int
) -> None:
    asked: list[ast.Call] = []
    real = CallValues._returned

    def returned(self: CallValues, function: FunctionRef, node: ast.Call, frame: Frame) -> Seen:
        asked.append(node)
        return real(self, function, node, frame)

    monkeypatch.setattr(CallValues, "_returned", returned)
    chain = "".join(
        "        self.x = layer(self.x, self.y)\n        self.y = layer(self.y, self.x)\n" for _ in range(layers)
    )
    text = (
        "import random\n\n\ndef layer(x, name):\n    return build(x, hash(name))\n\n\n"
        f"class Net:\n    def __init__(self):\n{chain}        random.seed(layer(self.x, self.y))\n"
    )
    module = project({"train.py": text}).module("train.py")
    assert module is not None
    seed = next(call.args[0] for call, _, _ in module.index.calls if getattr(call.func, "attr", "") == "seed")
    static_seed_value(module, seed)
    assert len(asked) <= 50 * layers


def test_functions_that_cannot_count_get_no_frame(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real = CallFrames.frame_of

    def frame_of(self: CallFrames, ref: FunctionRef, *given: object, **words: object) -> Frame:
        made.append(getattr(ref.node, "name", "lambda"))
        return real(self, ref, *given, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(CallFrames, "frame_of", frame_of)
    text = (
        "import random\n\n\ndef show(number, name='x'):\n    print(number, name)\n\n\n"
        "def call(action):\n    action()\n\n\n"
        "def seed():\n    random.seed(3)\n\n\nshow(1)\nshow(2, name='y')\ncall(seed)\nrandom.random()\n"
    )
    judge(project({"train.py": text}))
    assert "show" not in made
    assert "call" in made
    assert "seed" in made
