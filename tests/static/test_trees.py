"""Which parsed files are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.static.syntax import trees
from auditor.static.syntax.source import SourceFile
from auditor.static.syntax.trees import Trees

Take = Callable[[str], object]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Trees, Take]:
    """Trees of which two fit, and what takes the one of a file."""
    monkeypatch.setattr(trees, "MAX_KEPT_BYTES", 12)
    made = Trees()

    def take(name: str) -> object:
        (tmp_path / name).write_text("x = 1\n")
        return made.take(SourceFile(name, tmp_path / name)).tree

    return made, take


def test_what_is_in_use_is_never_dropped(kept: tuple[Trees, Take]) -> None:
    _, take = kept
    first = [take(name) for name in "abcd"]
    assert [take(name) for name in "abcd"] == first


def test_what_was_used_longest_ago_makes_room(kept: tuple[Trees, Take]) -> None:
    made, take = kept
    first, second = take("a"), take("b")
    made.trim()
    take("c")
    assert take("b") is second
    assert take("a") is not first


def test_what_is_too_much_is_dropped_once_nobody_uses_it(kept: tuple[Trees, Take]) -> None:
    made, take = kept
    first = [take(name) for name in "abcd"]
    made.trim()
    assert [take(name) is tree for name, tree in zip("cd", first[2:], strict=True)] == [True, True]
    assert take("a") is not first[0]


def test_half_of_what_was_in_use_at_once_is_kept(kept: tuple[Trees, Take]) -> None:
    made, take = kept
    first = [take(name) for name in "abcdefgh"]
    made.trim()
    assert [take(name) is tree for name, tree in zip("efgh", first[4:], strict=True)] == [True] * 4
    assert take("d") is not first[3]


def test_what_several_files_needed_outlives_what_one_did(kept: tuple[Trees, Take]) -> None:
    made, take = kept
    shared = take("a")
    made.trim()
    take("a")
    made.trim()
    lone = take("b")
    made.trim()
    take("c")
    assert take("a") is shared
    assert take("b") is not lone
