"""The user's own evaluation is called with what was trained, and its failure is told and not raised."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from auditor.probe import sources
from auditor.probe.replica.evaluation import evaluate

SOURCE = """
def both(model):
    return [1, 0], (1, 1)

def number(model):
    return 0.5

def named(model):
    return {"predictions": [1], "metrics": {"models": len(model)}}

def broken(model):
    raise ValueError("no test set here")

def nothing(model):
    pass

def wrong(model):
    return {"accuracy": 1}
"""


@pytest.fixture(autouse=True)
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "judge_of_replicas.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "judge_of_replicas", raising=False)


def test_what_it_returns_is_told_apart() -> None:
    model = object()
    assert evaluate("judge_of_replicas:both", [model]) == {"predictions": [1, 0], "labels": [1, 1]}
    assert evaluate("judge_of_replicas:number", [model]) == {"metrics": {"evaluation": 0.5}}
    assert evaluate("judge_of_replicas:named", [model, model]) == {"predictions": [1], "metrics": {"models": 2.0}}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("judge_of_replicas:broken", "line 12, in broken"),
        ("judge_of_replicas:broken", "ValueError: no test set here"),
        ("judge_of_replicas:nothing", "returned None"),
        ("judge_of_replicas:wrong", "returned the keys accuracy"),
        ("judge_of_replicas:absent", "cannot be imported: AttributeError"),
        ("nowhere_at_all:predict", "cannot be imported: ModuleNotFoundError"),
    ],
)
def test_its_failure_is_told(name: str, message: str) -> None:
    assert message in evaluate(name, [object()])["error"]


def test_without_a_trained_module_nothing_is_called() -> None:
    assert "no module was trained" in evaluate("judge_of_replicas:both", [])["error"]


def test_a_program_that_has_ended_is_not_run_again_and_knows_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter takes `__file__` from the program's module before its last exit handlers run."""
    path = tmp_path / "judge_of_replicas.py"
    path.write_text("raise SystemExit('it ran again')")
    main = ModuleType("__main__")
    exec("def size(model):\n    return len(open(__file__).read())", vars(main))
    monkeypatch.setitem(sys.modules, "__main__", main)
    sources.remind(str(path))
    assert evaluate("judge_of_replicas:size", [object()]) == {"metrics": {"evaluation": 32.0}}
