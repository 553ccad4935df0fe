"""A pattern that is compiled later finds what one finds that is compiled at once."""

from __future__ import annotations

import re

import pytest

from auditor.model.digest import sha256
from auditor.model.pattern import lazy_pattern


@pytest.mark.parametrize("method", ["match", "search", "fullmatch", "findall", "split"])
def test_every_method_is_that_of_the_pattern(method: str) -> None:
    lazy, eager = lazy_pattern(r"(a)\s*=", re.IGNORECASE), re.compile(r"(a)\s*=", re.IGNORECASE)
    for text in ("A = 1, a=2", "a=", "b"):
        one, other = getattr(lazy, method)(text), getattr(eager, method)(text)
        assert (one and one if isinstance(one, list) else one and one.span()) == (
            other and other if isinstance(other, list) else other and other.span()
        )
    assert lazy.sub("x", "a=1") == eager.sub("x", "a=1")
    assert lazy.pattern == eager.pattern
    assert lazy.flags == eager.flags


def test_bytes_are_searched_by_patterns_of_bytes() -> None:
    assert [match[0] for match in lazy_pattern(rb"\d+").finditer(b"12 a 3")] == [b"12", b"3"]


def test_a_mistake_shows_at_the_first_use() -> None:
    wrong = lazy_pattern("(")
    with pytest.raises(re.error):
        wrong.search("a")


def test_digests_are_those_of_hashlib() -> None:
    import hashlib

    assert sha256(b"a text").hexdigest() == hashlib.sha256(b"a text").hexdigest()
