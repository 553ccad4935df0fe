"""Numbers as people read them."""

from __future__ import annotations

import pytest

from auditor.report.prose.numbers import count, duration


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.42, "0.4 s"), (12.4, "12 s"), (185, "3 min 5 s"), (7440, "2 h 4 min"), (59.9, "1 min 0 s")]
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_counts_agree_with_their_nouns() -> None:
    assert (count(1, "finding"), count(1204, "finding"), count(0, "run")) == (
        "1 finding",
        "1,204 findings",
        "0 runs",
    )
