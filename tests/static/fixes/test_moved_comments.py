"""A statement that a patch moves takes the comments along that speak of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.static.fixes.conftest import Fixed

Fix = Callable[..., Fixed]


@pytest.mark.parametrize("comment", ["  # for {all} of it", " #é", ""])
def test_a_comment_behind_a_seed_moves_with_it(fix: Fix, comment: str) -> None:
    source = f"import random\n\nprint(random.random())\nrandom.seed(3){comment}\nprint(random.random())\n"
    expected = f"import random\n\nrandom.seed(3){comment}\nprint(random.random())\nprint(random.random())\n"
    fixed = fix("RA106", {"train.py": source})
    assert fixed.texts["train.py"] == expected
