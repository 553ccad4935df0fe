"""Calls that fall back to a shared generator, and version conditions of rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.ruleset import load
from auditor.static.engine import Engine, find_files

RULESET = load()


def found(folder: Path, rule_id: str, source: str) -> list[tuple[int, str]]:
    (folder / "train.py").write_text(source)
    engine = Engine(RULESET, [rule for rule in RULESET.rules if rule.id == rule_id])
    analysis = engine.analyse(find_files(folder, [folder], ()))
    return [(each.location.line, each.message) for each in analysis.findings]


@pytest.mark.parametrize(
    ("call", "speaks"),
    [
        ("tree.DecisionTreeClassifier()", True),
        ("tree.DecisionTreeClassifier(random_state=0)", False),
        ("linear_model.Lasso()", False),
        ("linear_model.Lasso(selection='random')", True),
        ("decomposition.PCA(5)", False),
        ("decomposition.PCA(5, svd_solver='randomized')", True),
        ("preprocessing.TargetEncoder()", True),
        ("preprocessing.TargetEncoder(shuffle=False)", False),
        ("preprocessing.TargetEncoder(**options)", True),
        ("preprocessing.TargetEncoder(**unknown)", False),
        ("manifold.TSNE()", False),
    ],
)
def test_options_decide_whether_an_estimator_draws(call: str, speaks: bool, tmp_path: Path) -> None:
    source = (
        "from sklearn import decomposition, linear_model, manifold, preprocessing, tree\n\n"
        f"options = dict()\nmodel = {call}\nmodel.fit([[1.0]], [1])\n"
    )
    assert [line for line, _ in found(tmp_path, "RA116", source)] == ([4] if speaks else [])


def test_message_names_the_call_and_the_generator(tmp_path: Path) -> None:
    source = "import networkx as nx\n\ngraph = nx.gnp_random_graph(5, 0.5)\nprint(graph)\n"
    message = "`networkx.gnp_random_graph` draws from Python's global generator (`random`), which is not seeded."
    assert found(tmp_path, "RA126", source) == [(3, message)]


@pytest.mark.parametrize(("pin", "count"), [("torch==2.9.1", 1), ("torch==2.10.0", 0), ("torch>=2.11", 0)])
def test_pinned_version_decides_whether_a_rule_applies(pin: str, count: int, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(f"{pin}\n")
    source = "import torch\n\ntorch.use_deterministic_algorithms(True)\nprint(torch.ones(2, 2).cuda().mm(None))\n"
    assert len(found(tmp_path, "RA235", source)) == count
