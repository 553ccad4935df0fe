"""A function that --evaluate misnames is told before anything trains."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.services.evaluation_name import check_evaluation

SOURCES = {
    "train.py": "import torch\ndef accuracy(model): ...\nclass Task:\n    def score(self, model): ...\n",
    "scores.py": "from elsewhere import *\n",
    "made.py": "globals()['f1'] = len\n",
}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    for name, text in SOURCES.items():
        (tmp_path / name).write_text(text)
    return tmp_path / "train.py"


@pytest.mark.parametrize(
    "evaluate", ["train:accuracy", "__main__:Task.score", "scores:any", "made:f1", "far.away:f", "torch:anything"]
)
def test_what_may_be_there_is_let_through(evaluate: str, script: Path) -> None:
    check_evaluation(evaluate, script)


@pytest.mark.parametrize("evaluate", ["train:acuracy", "__main__:acuracy", "train:score_of.model"])
def test_what_is_certainly_not_there_is_told(evaluate: str, script: Path) -> None:
    with pytest.raises(UsageError, match=r"--evaluate .*: train\.py has no "):
        check_evaluation(evaluate, script)
