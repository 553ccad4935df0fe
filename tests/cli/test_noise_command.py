"""`repro-audit noise`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import sys, torch
assert sys.argv[1:] == ["--epochs", "1"], sys.argv
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Flatten(), torch.nn.Linear(8, 3)).eval()
with torch.no_grad():
    model(torch.randn(64, 4, generator=torch.Generator().manual_seed(0)))
print("done")
"""


def test_a_walk_is_printed_written_and_shared_out(command: Any, project: Path) -> None:
    (project / "train.py").write_text(PROGRAM)
    ran = command(
        *("noise", "walk", "train.py", "--sigma", "log:1e-3:1e2:11", "--repeats", "2", "--format", "json"),
        *("-o", "walk.json", "--csv", "curves.csv", "--plot", "curves.html", "--", "--epochs", "1"),
    )
    assert (ran.code, ran.out) == (0, "")
    assert "done" in ran.err
    assert "Sequential, additive noise: " in ran.err
    walk = json.loads((project / "walk.json").read_text())["sensitivity"]
    assert [each["name"] for each in walk["tolerances"]] == ["input", "0", "2"]
    assert (project / "curves.csv").read_text().startswith("layer,name,type,sigma")
    assert (project / "curves.html").read_text().startswith("<!doctype html>")

    shared = command("noise", "allocate", "walk.json", "--budget", "4", "--power", "2", "--json")
    executions = json.loads(shared.out)["executions"]
    assert (shared.code, sum(executions.values())) == (0, 12)
    table = command("noise", "allocate", "walk.json", "--budget", "4")
    assert "promised: with noise in all layers the midpoint goes from" in table.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["walk", "train.py", "--kind", "blur"], "--kind: expected one of add, mul, combined, found `blur`"),
        (["walk", "train.py", "--sigma", "log:1:2"], "--sigma `log:1:2`: expected log:FROM:TO:COUNT"),
        (["walk", "train.py", "--precision", "fine"], "--precision: expected a share such as 10% or 0.1"),
        (["walk", "train.py", "--levels-at-once", "all"], "--levels-at-once: expected auto, or 1 or more, found `all`"),
        (["walk", "train.py", "--mode", "both"], "--mode: expected one of eval, train, found `both`"),
        (
            ["walk", "train.py", "--jobs", "2"],
            "--jobs, --executor, --needs, --retries, --resume: with --mode eval there is but one training",
        ),
        (["walk", "train.py", "--weights-csv", "new.csv"], "--weights-csv: weights are looked at with --mode train"),
        (["walk", "train.py", "--mode", "train", "--resume"], "--resume: no walk with noise in training"),
        (["simulate", "train.py"], "--profile: name at least one"),
        (["simulate", "train.py", "--profile", "int9"], "there is no `int9` (did you mean `int8`?)"),
        (["walk", "train.py", "--metric", "accuracy"], "--evaluate module:function"),
        (["walk", "train.py", "--executions", "missing.json"], "missing.json: cannot be read"),
        (["walk", "train.py", "--csv", "train.py"], "--csv train.py: exists already; --force overwrites it"),
        (["layers", "nowhere.py"], "nowhere.py"),
        (["allocate", "train.py", "--budget", "2"], "train.py: is no JSON"),
        (["allocate", "other.json", "--budget", "2"], "other.json: holds no walk"),
        (["allocate", "walk.json", "--budget", "0.5"], "leaves some layers without any"),
        (["allocate", "walk.json", "--budget", "inf"], "--budget inf --power 1: expected executions a layer"),
        (["allocate", "walk.json", "--budget", "2", "--power", "nan"], "--budget 2 --power nan: expected"),
        (
            ["walk", "train.py", "--executions", "walk.json"],
            "expected a number, or what `noise allocate --json` writes",
        ),
        (["walk", "train.py", "--executions", "many.json"], "executions.0: expected a whole number, found `many`"),
        (["walk", "train.py", "--chance", "nan"], "--chance: expected the metric of a model that guesses, found nan"),
        (["allocate", "open.json", "--budget", "2"], "no midpoint is known of 0; walk with wider levels"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(words: list[str], said: str, command: Any, project: Path) -> None:
    (project / "train.py").write_text("raise SystemExit('it ran')\n")
    (project / "other.json").write_text("{}")
    for name, midpoint in (("walk.json", 1.5), ("open.json", None)):
        tolerances = [{"name": "0", "status": "measured", "midpoint": midpoint}]
        (project / name).write_text(json.dumps({"sensitivity": {"kind": "add", "tolerances": tolerances}}))
    many = {"format": "repro-audit-executions", "version": 1, "executions": {"0": "many"}}
    (project / "many.json").write_text(json.dumps(many))
    ran = command("noise", *words)
    assert ran.code == 2
    assert said in ran.err.replace("\n", " ")
    assert "it ran" not in ran.err
