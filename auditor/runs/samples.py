"""Reads what is said of each test sample: predictions, labels, sub-groups; from `.npy`, `.csv` and `.json` files."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auditor.errors import UsageError

Column = tuple[str, ...]
"""One value a sample, as text: `3` for the class 3 and for 3.0."""

PREDICTION_NAMES = ("prediction", "predictions", "predicted", "pred", "preds", "y_pred")
LABEL_NAMES = ("label", "labels", "target", "targets", "y_true", "y", "truth")


def read_columns(path: Path) -> dict[str, Column]:
    """Return the columns of a file by name; "" for one without a name. Rows of scores become the place of the highest.

    Raises `UsageError` for another kind of file, for what cannot be read, and for columns of different lengths.
    """
    check_kind(path)
    reader = {".npy": _read_npy, ".csv": _read_csv, ".json": _read_json}[path.suffix.lower()]
    try:
        columns = reader(path)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1 or not min(lengths):
        told = ", ".join(f"{name or 'values'}: {len(column):,}" for name, column in columns.items()) or "nothing"
        raise UsageError(f"{path}: expected one value for each sample, found {told}")
    return columns


def check_kind(path: Path) -> None:
    """Raise `UsageError` for a file that `read_columns` would not read, by its name."""
    if path.suffix.lower() not in (".npy", ".csv", ".json"):
        raise UsageError(f"{path}: expected a .npy, .csv or .json file")


def one_column(path: Path, columns: Mapping[str, Column], names: Sequence[str], what: str) -> Column:
    """Return the column that is called one of `names`, or the only one."""
    for name in names:
        if name in columns:
            return columns[name]
    if len(columns) == 1:
        return next(iter(columns.values()))
    raise UsageError(f"{path}: no column of {what}: has {', '.join(columns)}; name one of them `{names[0]}`")


def as_column(values: Sequence[Any]) -> Column:
    """Return values, or rows of scores, as texts; ValueError for numbers that are no classes."""
    return tuple(_text(value) for value in values)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return str(max(range(len(value)), key=value.__getitem__))
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        if value != int(value):
            raise ValueError(f"{value} is no class; churn counts classes: give a metric of a regression with --metric")
        return str(int(value))
    return str(value).strip()


def _read_npy(path: Path) -> dict[str, Column]:
    try:
        import numpy
    except ImportError:
        raise UsageError(f"{path}: .npy files need numpy: pip install repro-audit[torch], or write .csv") from None
    values = numpy.load(path, allow_pickle=False)
    if values.dtype.names:
        return {name: as_column(values[name].tolist()) for name in values.dtype.names}
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2:
        values = values.argmax(1)
    return {"": as_column(values.tolist())}


def _read_csv(path: Path) -> dict[str, Column]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row]
    if not rows:
        return {}
    header = rows[0] if not all(_is_number(cell) for cell in rows[0]) else None
    body = rows[1:] if header else rows
    names = (
        [name.strip() for name in header]
        if header
        else ["" if len(rows[0]) == 1 else str(i) for i in range(len(rows[0]))]
    )
    if any(len(row) != len(names) for row in body):
        line = next(number for number, row in enumerate(body, 1 + bool(header)) if len(row) != len(names))
        raise ValueError(f"row {line} has another number of cells than the first one ({len(names)})")
    return {name: tuple(_cell(row[index]) for row in body) for index, name in enumerate(names)}


def _cell(text: str) -> str:
    text = text.strip()
    if _is_number(text) and not text.lstrip("+-").isdigit():
        return _text(float(text))
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_json(path: Path) -> dict[str, Column]:
    content = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(content, list) and content and all(isinstance(row, dict) for row in content):
        return {name: as_column([row[name] for row in content]) for name in content[0]}
    if isinstance(content, dict):
        return {name: as_column(values) for name, values in content.items() if isinstance(values, list)}
    if isinstance(content, list):
        return {"": as_column(content)}
    raise ValueError("expected a list, or an object of lists")
