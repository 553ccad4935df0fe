from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from auditor.tui.lines import clean, fit, fit_left, labelled, wrap
from auditor.tui.signs import to_ascii

TEXT = st.text(alphabet="ab cdé日本語…/_.", max_size=60)


@given(TEXT, st.integers(0, 40))
def test_fitted_text_is_exactly_as_wide_as_asked(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) == width
    assert cell_len(fit_left(text, width)) <= max(width, 0)


@given(TEXT, st.integers(8, 40))
def test_wrapping_keeps_every_letter_and_the_width(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= width for line in lines)


def test_the_end_of_a_path_is_what_is_kept() -> None:
    assert fit_left("src/model/embed.py:88", 12) == "…embed.py:88"
    assert fit("dataloader-shuffle", 10) == "dataloade…"


def test_control_characters_cannot_move_the_cursor() -> None:
    assert clean("a\x1b[2Jb\tc\r\u202e") == "a?[2Jb  c??"


@pytest.mark.parametrize(("text", "shown"), [("1.38× ≠", "1.38x !="), ("plain", "plain"), ("日", "?")])
def test_ascii_form_is_ascii(text: str, shown: str) -> None:
    assert to_ascii(text) == shown


def test_labelled_text_is_wrapped_beside_its_label() -> None:
    assert [row.text for row in labelled("fix", "one two three four", 24)] == [
        " fix        one two",
        "            three four",
    ]
