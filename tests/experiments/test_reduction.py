"""The minimal set: nothing of it can be left out, and what could be is told apart from what nobody knows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.experiments.reduction import Answer, reduce


def never() -> bool:
    return False


@given(st.sets(st.integers(0, 11)), st.sets(st.integers(0, 11)))
def test_exactly_the_needed_ones_stay(needed: set[int], others: set[int]) -> None:
    tried: list[frozenset[int]] = []

    def trial(kept: frozenset[int]) -> Answer:
        tried.append(kept)
        return Answer.HOLDS if needed <= kept else Answer.FAILS

    found = reduce(sorted(needed | others), trial, never)
    assert found.kept == tuple(sorted(needed))
    assert set(found.removed) == others - needed
    assert found.unknown == ()
    assert len(tried) == len(set(tried))


@given(st.integers(1, 8), st.data())
def test_what_is_left_is_one_minimal_for_any_answers(size: int, data: st.DataObject) -> None:
    items = list(range(size))
    answers: dict[frozenset[int], Answer] = {frozenset(items): Answer.HOLDS}

    def trial(kept: frozenset[int]) -> Answer:
        return answers.setdefault(kept, data.draw(st.sampled_from(Answer)))

    found = reduce(items, trial, never)
    kept = frozenset(found.kept)
    assert answers[kept] is Answer.HOLDS
    for item in found.kept:
        assert answers[kept - {item}] is (Answer.UNKNOWN if item in found.unknown else Answer.FAILS)


def test_a_lone_patch_is_tried_against_none() -> None:
    assert reduce(["a"], lambda kept: Answer.HOLDS, never).kept == ()
    assert reduce(["a"], lambda kept: Answer.FAILS, never).kept == ("a",)


def test_giving_up_keeps_what_was_not_tried_as_unknown() -> None:
    found = reduce(["a", "b"], lambda kept: Answer.FAILS, lambda: True)
    assert (found.kept, found.unknown, found.complete) == (("a", "b"), ("a", "b"), False)
