"""Seeds that are replaced keep their relations, and private generators keep theirs."""

from __future__ import annotations

from auditor.probe.taping.variation import varied

ONE, OTHER = {"seed": "a"}, {"seed": "b"}


def test_equal_seeds_stay_equal_and_others_stay_different() -> None:
    seeds = [varied(seed, ONE, False) for seed in range(1000)]
    assert len(set(seeds)) == 1000
    assert seeds == [varied(seed, ONE, False) for seed in range(1000)]
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_another_replica_gets_other_seeds() -> None:
    assert varied(0, ONE, False) != varied(0, OTHER, False)


def test_private_generators_keep_their_seed_unless_asked_for() -> None:
    assert varied(7, ONE, True) == 7
    assert varied(7, {**ONE, "private": True}, True) != 7


def test_seeds_that_are_no_single_value_stay() -> None:
    seed = [1, 2, 3]
    assert varied(seed, ONE, False) is seed
