"""What changes in a file, as places and texts for other tools."""

from __future__ import annotations

from auditor.static.patches import edits_between


def test_columns_do_not_count_a_byte_order_mark() -> None:
    (edit,) = edits_between("a.py", b"\xef\xbb\xbfimport os\n", b"\xef\xbb\xbfimport random\n")
    assert (edit.span.line, edit.span.column, edit.span.end_line, edit.span.end_column) == (1, 8, 1, 10)
    assert edit.replacement == "random"
