"""In which other places what a function did holds."""

from __future__ import annotations

import pytest

from auditor.model.lean import replace
from auditor.static.evaluation.rngstate import NOTHING_YET
from auditor.static.execution.effects import Asked, Effect, Effects, Place
from auditor.static.resolution.seedvalue import GIVEN

PLAIN = Place(
    (),
    is_muted=False,
    is_training=False,
    is_in_network=False,
    is_spawned=False,
    has_workers=False,
    fixed_in_workers=frozenset(),
)
ELSEWHERE = replace(PLAIN, others=("worker",))
MUTED = replace(PLAIN, is_muted=True)
TRAINING = replace(PLAIN, is_training=True)
IN_NETWORK = replace(PLAIN, is_in_network=True)
SPAWNED = replace(PLAIN, is_spawned=True)
LOADING = replace(PLAIN, has_workers=True)
FIXED = replace(LOADING, fixed_in_workers=frozenset({"numpy"}))
ALL = (PLAIN, ELSEWHERE, MUTED, TRAINING, IN_NETWORK, SPAWNED, LOADING, FIXED)


def holds(there: Place, here: Place, *asked: Asked) -> bool:
    """Whether what was followed there is known here."""
    effects = Effects()
    effects.add("f", there, Effect(NOTHING_YET, GIVEN, (), frozenset(), frozenset(), frozenset(), frozenset(asked), {}))
    return effects.at("f", here) is not None


@pytest.mark.parametrize("here", ALL)
def test_what_asked_nothing_holds_everywhere(here: Place) -> None:
    assert holds(PLAIN, here)
    assert holds(ELSEWHERE, here)


def test_what_an_arm_that_is_never_taken_did_tells_nothing_about_others() -> None:
    assert holds(MUTED, ELSEWHERE) is False
    assert holds(MUTED, PLAIN, Asked.PLACE) is False
    assert holds(PLAIN, MUTED, Asked.PLACE) is False
    assert holds(MUTED, MUTED, Asked.PLACE)


def test_a_draw_holds_at_places_of_the_same_kind() -> None:
    assert holds(PLAIN, PLAIN, Asked.PLACE)
    assert holds(PLAIN, ELSEWHERE, Asked.PLACE) is False


@pytest.mark.parametrize("training", [TRAINING, IN_NETWORK])
def test_a_draw_outside_of_training_has_nothing_to_learn_from_training(training: Place) -> None:
    assert holds(PLAIN, training, Asked.PLACE)
    assert holds(training, PLAIN, Asked.PLACE) is False


def test_loaders_and_processes_count_where_they_were_asked_for() -> None:
    assert holds(PLAIN, LOADING, Asked.PLACE)
    assert holds(PLAIN, LOADING, Asked.PLACE, Asked.LOADERS) is False
    assert holds(LOADING, FIXED, Asked.PLACE)
    assert holds(LOADING, FIXED, Asked.PLACE, Asked.LOADERS) is False
    assert holds(PLAIN, SPAWNED, Asked.PLACE)
    assert holds(PLAIN, SPAWNED, Asked.PLACE, Asked.PROCESS) is False


@pytest.mark.parametrize("here", [ELSEWHERE, MUTED, TRAINING, IN_NETWORK, SPAWNED, LOADING])
def test_what_was_followed_in_part_holds_where_it_was_followed(here: Place) -> None:
    assert holds(PLAIN, PLAIN, Asked.MORE)
    assert holds(PLAIN, here, Asked.MORE) is False
