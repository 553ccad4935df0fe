"""Predictions and labels are read as classes whatever the file, and never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.runs.samples import PREDICTION_NAMES, one_column, read_columns


@pytest.mark.parametrize(
    ("name", "content", "columns"),
    [
        ("p.csv", "3\n1\n3\n", {"": ("3", "1", "3")}),
        ("p.csv", "prediction,label\ncat,dog\n1.0,2\n", {"prediction": ("cat", "1"), "label": ("dog", "2")}),
        ("p.csv", "\ufeffsex,age\nf,old\n", {"sex": ("f",), "age": ("old",)}),
        ("p.json", "[3, 1.0, true]", {"": ("3", "1", "1")}),
        ("p.json", '{"pred": [[0.1, 0.9], [2, 1]], "y": [1, 0]}', {"pred": ("1", "0"), "y": ("1", "0")}),
        ("p.json", '[{"pred": 1}, {"pred": 2}]', {"pred": ("1", "2")}),
    ],
)  # fmt: skip
def test_texts_are_read(tmp_path: Path, name: str, content: str, columns: dict[str, tuple[str, ...]]) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert read_columns(path) == columns


def test_arrays_are_read_and_scores_become_classes(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    path = tmp_path / "p.npy"
    numpy.save(path, numpy.array([[0.1, 0.9], [0.8, 0.2]], dtype="float32"))
    assert read_columns(path) == {"": ("1", "0")}
    numpy.save(path, numpy.array([[4], [5]]))
    assert read_columns(path) == {"": ("4", "5")}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.txt", "1", "expected a .npy, .csv or .json"),
        ("p.json", "[0.5, 0.25]", "0.5 is no class"),
        ("p.json", '{"a": [1], "b": [1, 2]}', "a: 1, b: 2"),
        ("p.json", "{}", "found nothing"),
        ("p.csv", "a,b\n1\n", "row 2"),
        ("p.npy", "no array", "cannot be read"),
    ],
)
def test_what_cannot_be_understood_is_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(UsageError, match=message):
        read_columns(path)


def test_a_column_is_chosen_by_name_and_never_by_place(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    assert one_column(path, {"id": ("7",), "pred": ("1",)}, PREDICTION_NAMES, "predictions") == ("1",)
    with pytest.raises(UsageError, match="no column of predictions: has id, other"):
        one_column(path, {"id": ("7",), "other": ("1",)}, PREDICTION_NAMES, "predictions")
