"""Names and endings are compared as texts; that gives what their expressions would give."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.static.text.gitignore import parse_ignore_file

NAMES = st.text("ab.*_", min_size=1, max_size=4)
LINES = st.one_of(
    NAMES, NAMES.map(lambda name: f"/{name}"), st.tuples(NAMES, NAMES).map("/".join), NAMES.map("*".__add__)
)
PATHS = st.lists(st.text("ab._", min_size=1, max_size=3), min_size=1, max_size=3).map("/".join)


@settings(max_examples=400, deadline=None)
@given(LINES, PATHS)
def test_the_short_way_gives_what_the_expression_gives(line: str, path: str) -> None:
    for pattern in parse_ignore_file(line).patterns:
        expression = pattern.expression
        assert expression is not None
        assert pattern.matches(path) is (expression.fullmatch(path) is not None)
