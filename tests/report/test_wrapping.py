"""Sentences are wrapped as the standard library wraps them, most of them without loading it."""

from __future__ import annotations

import textwrap

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.report.prose.page import wrap


@settings(max_examples=400, deadline=None)
@given(st.text("ab-. \t\u00a0\u2009é\n", max_size=60), st.integers(3, 30))
def test_lines_are_those_of_textwrap(text: str, width: int) -> None:
    standard = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    assert wrap(text, width) == (standard or [""])
