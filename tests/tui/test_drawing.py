"""Rows made from model data, without a screen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auditor.model.divergence import Closeup, Difference, OutputDifference
from auditor.model.finding import Skipped
from auditor.model.verdict import Status
from auditor.report.prose.tensors import inputs_line
from auditor.tui.drawing.divergence import GridRows, ModuleRows
from auditor.tui.drawing.event import event_rows, inputs_text, magnitude_text, parting_text
from auditor.tui.drawing.explanation import explanation_rows, markdown_rows
from auditor.tui.drawing.highlight import highlighted
from auditor.tui.drawing.verdict import cause_rows, headline
from auditor.tui.evidence import EventPair, Grid, ModuleCount
from auditor.tui.lines import Row
from auditor.tui.signs import ASCII, UNICODE


def text_of(rows: list[Row]) -> str:
    return "\n".join(row.text.rstrip() for row in rows)


def grid_of_cells(*cells: str) -> Grid:
    states = {" ": 0, "=": 1, "!": 2}
    rows = tuple((f"phase{at}", bytes(states[sign] for sign in row)) for at, row in enumerate(cells))
    return Grid(rows=rows, steps=len(cells[0]))


def test_a_group_of_steps_differs_if_any_does() -> None:
    rows = GridRows(grid_of_cells("=" * 99 + "!" + "=" * 100), 0, 62, ASCII)
    assert rows.group == 4
    assert rows.row(0, 62).text.split()[1] == "=" * 24 + "!" + "=" * 25
    assert rows.row(1, 62).text.startswith(" step/4    0")


def test_a_short_grid_has_room_between_its_columns() -> None:
    rows = GridRows(grid_of_cells("==!!", "= ! "), 2, 60, UNICODE)
    assert [rows.row(at, 60).text.rstrip() for at in range(3)] == [
        " phase0    = = ≠ ≠",
        " phase1    = · ≠ ·",
        " step      0",
    ]
    assert rows.step_at(11 + 2 * 3) == 3
    assert rows.step_at(500) == 3


def test_step_of_the_cursor_is_marked_in_every_phase() -> None:
    rows = GridRows(grid_of_cells("==", "!!"), 1, 60, UNICODE)
    tones = [[piece.tone for piece in rows.row(at, 60).pieces if piece.tone.startswith("grid")] for at in range(2)]
    assert tones == [["grid-here"], ["grid-here-differs"]]


def test_modules_form_a_tree_with_sums() -> None:
    counts = (
        ModuleCount("", 5, 0, False),
        ModuleCount("Net.a", 2, 1, False),
        ModuleCount("Net.b.c", 3, 2, True),
        ModuleCount("Net.b.d", 1, 0, False),
    )
    rows = ModuleRows(counts, UNICODE)
    assert [rows.row(at, 30).text.rstrip() for at in range(len(rows))] == [
        "≠ all events              3/11",
        "= outside modules            5",
        "≠ Net                      3/6",
        "≠ ├ a                      1/2",
        "≠ └ b                      2/4",
        "≠   ├ c              first 2/3",
        "=   └ d                      1",
    ]
    assert rows.path(0) is None
    assert rows.index("Net.b") == 4


@pytest.mark.parametrize(
    ("inputs_agree", "words"),
    [
        (True, "agree, bit for bit (3 of 3): this op makes the difference"),
        (False, "differ: the cause is upstream"),
        (None, "cannot be told"),
    ],
)
def test_inputs_are_never_said_to_agree_without_evidence(
    shared_project: Any, inputs_agree: bool | None, words: str
) -> None:
    first = replace(shared_project.first, inputs_agree=inputs_agree)
    pair = EventPair(reference=first.reference, candidate=first.candidate, differs=True)
    assert words in inputs_text(pair, first)


def test_inputs_whose_bytes_differed_are_not_said_to_make_the_op_responsible(shared_project: Any) -> None:
    closeup = Closeup(magnitude=None, replay=None, kernels=(), kernels_missing="", note="", inputs_agree=False)
    first = replace(shared_project.first, inputs_agree=True, closeup=closeup)
    pair = EventPair(reference=first.reference, candidate=first.candidate, differs=True)
    for told in (inputs_text(pair, first), inputs_line(first)):
        assert "but their bytes differed in a second pair of runs" in told
        assert "makes the difference" not in told


def test_missing_event_names_what_the_other_run_did(shared_project: Any) -> None:
    first = replace(
        shared_project.first,
        difference=Difference.MISSING,
        candidate=None,
        tensor="",
        instead=shared_project.first.reference,
    )
    assert parting_text(first) == (
        "only the reference has this event; instead the other run did aten::index_add_ at src/model/embed.py:8"
    )
    assert "another order" in parting_text(replace(first, moved=True))
    rows = text_of(event_rows(EventPair(reference=first.reference, candidate=None, differs=True), first, 80, UNICODE))
    assert "only in    reference" in rows
    assert "≠ missing" in rows


def test_event_without_a_closeup_says_so(shared_project: Any) -> None:
    first = replace(shared_project.first, closeup=None)
    pair = EventPair(reference=first.reference, candidate=first.candidate, differs=True)
    assert "not measured: no second pair of runs was made" in text_of(event_rows(pair, first, 80, UNICODE))


def test_magnitude_leaves_out_what_has_no_meaning(shared_project: Any) -> None:
    magnitude = shared_project.first.closeup.magnitude
    whole = replace(magnitude, max_ulp=None, max_absolute=None, max_relative=None, rerun=False)
    assert magnitude_text(whole) == "1,877 of 32,768 elements differ"


def test_causes_come_with_evidence_and_what_was_not_seen(shared_project: Any) -> None:
    printed = OutputDifference(line=7, reference="loss 5.81", candidate="loss 5.82", metric=True)
    comparison = replace(
        shared_project.comparison,
        output=(printed,),
        others=(replace(shared_project.first, process="1-0"),),
        not_compared=(Skipped(subject="process 0-0.2", reason="left no trace (killed)"),),
    )
    verdict = replace(shared_project.verdict(), comparison=comparison)
    text = text_of(cause_rows(verdict, shared_project.report().findings, 90, UNICODE))
    assert "why        aten::index_add_ gives another result for the same inputs (confidence high)" in text
    assert "or         the data came in another order (confidence low)" in text
    assert "finding    RA204 at src/model/embed.py:8 (enter)" in text
    assert "also       process 1-0: step 3, aten::index_add_" in text
    assert "printed    line 7: `loss 5.81` ≠ `loss 5.82`" in text
    assert "not seen   process 0-0.2: left no trace (killed)" in text
    assert "weights    not compared" in text


def test_inconclusive_is_not_called_anything_else(shared_project: Any) -> None:
    verdict = replace(shared_project.verdict(), status=Status.INCONCLUSIVE, causes=())
    assert headline(verdict) == "INCONCLUSIVE"


def test_explanation_has_the_related_places_as_targets(shared_project: Any) -> None:
    finding = next(each for each in shared_project.report().findings if each.rule_id == "RA101")
    rows = explanation_rows(finding, None, None, 70, UNICODE)
    assert [row.target.path for row in rows if row.target] == ["src/data.py"]


def test_markdown_keeps_bullets_and_code() -> None:
    text = text_of(markdown_rows("One `code` line.\n\n- first point that goes on\n- second\n\n    x = 1", 24))
    assert text == " One `code` line.\n\n - first point that\n   goes on\n - second\n\n    x = 1"


@pytest.mark.parametrize(
    "line",
    ["x = 'a # b'  # c", 'def f(a="1"): return 0x1', "@cached", "'''open", "", "  ", "print(f'{x}') or not 1e-3"],
)
def test_highlighting_changes_no_character(line: str) -> None:
    assert "".join(piece.text for piece in highlighted(line)) == line


def test_comment_inside_a_string_is_a_string() -> None:
    assert [piece.tone for piece in highlighted("x = 'a # b'  # c") if "code" in piece.tone] == [
        "code-string",
        "code-comment",
    ]


@pytest.mark.parametrize("width", [44, 60, 90])
def test_shape_of_a_tensor_is_never_cut_off(shared_project: Any, width: int) -> None:
    first = shared_project.first
    pair = EventPair(reference=first.reference, candidate=first.candidate, differs=True)
    rows = event_rows(pair, first, width, UNICODE)
    assert "float32 [512, 64] cuda:0" in text_of(rows)
    assert all(len(row.text) <= max(width, 48) for row in rows)
