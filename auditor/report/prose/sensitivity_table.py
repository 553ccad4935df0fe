"""The curves of a walk as CSV, for spreadsheets and plots elsewhere: one line a measurement."""

from __future__ import annotations

import csv
import io

from auditor.model.sensitivity import SensitivityReport

COLUMNS = ("layer", "name", "type", "sigma", "repeat", "metric", "value", "status", "midpoint", "low", "high")


def to_csv(report: SensitivityReport) -> str:
    """Return a header and one line for each evaluation; columns of the layer are repeated on each of its lines."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(COLUMNS)
    types = {point.index: point.type for point in report.points}
    together = [] if report.all_layers is None else [report.all_layers]
    for each in (*report.tolerances, *together):
        index = "" if each.index is None else each.index
        kind = "" if each.index is None else types[each.index]
        low, high = ("", "") if each.interval is None else (repr(each.interval.low), repr(each.interval.high))
        midpoint = "" if each.midpoint is None else repr(each.midpoint)
        for level in each.curve:
            for repeat, value in enumerate(level.values):
                shown = "" if value is None else repr(value)
                measured = (repr(level.sigma), repeat, report.metric, shown)
                writer.writerow((index, each.name, kind, *measured, each.status.value, midpoint, low, high))
    return target.getvalue()


WEIGHT_COLUMNS = ("layer", "sigma", "repeat", "weight", "shape", "spectral", "frobenius", "effective_rank", "values")


def weights_to_csv(report: SensitivityReport) -> str:
    """Return a line for each weight of each training; `layer` is where noise was in it, empty for the plain one.

    `values`: the greatest singular values, with blanks between them.
    """
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(WEIGHT_COLUMNS)
    for each in report.weights:
        for matrix in each.matrices:
            known = (matrix.spectral, matrix.frobenius, matrix.effective_rank)
            writer.writerow(
                (
                    each.layer,
                    repr(each.sigma),
                    each.repeat,
                    matrix.name,
                    "x".join(map(str, matrix.shape)),
                    *("" if value is None else repr(value) for value in known),
                    " ".join(map(repr, matrix.singular_values)),
                )
            )
    return target.getvalue()
