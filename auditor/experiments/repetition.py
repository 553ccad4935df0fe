"""How many runs it takes to say that a program is reproducible, when what makes it differ comes and goes.

A program's runs have outcomes (all bits of a trace) with unknown probabilities q1, q2, …; two runs differ with the rate
p = 1 - (q1² + q2² + …). Two facts carry everything here:

* k runs that all agree have the probability q1ᵏ + q2ᵏ + …, which is at most (1 - p)^(k/2), because the k-norm of a
  vector is at most its 2-norm (k ≥ 2). So k runs held against one of them are worth k/2 independent pairs, and no more:
  one likely outcome beside countless rare ones reaches the bound.
* m runs that all differ from each other are likeliest, for a given p, with just such a distribution: at most one run
  has the likely outcome, of probability a = sqrt(1 - p): (1 - a)^m + m·a·(1 - a)^(m-1). Where that is as small as the
  error that we allow, a is no larger: a lower bound of p. It is far better than that of m/2 independent pairs.

Where some of the m runs agree, disjoint pairs are counted (Clopper and Pearson, Biometrika 26, 1934).
"""

from __future__ import annotations

import math
from collections.abc import Callable

CERTAIN = 1.0
"""Rate of what is another in every run: the system's entropy, the time."""


def undetected(rate: float, runs: int) -> float:
    """Greatest probability that `runs` runs all agree although pairs differ with at least this rate."""
    return (1 - rate) ** (runs / 2) if runs >= 2 else 1.0


def runs_needed(rate: float, confidence: float) -> int | None:
    """How many agreeing runs rule out a rate; at least 2. None for a rate of 0, which nothing rules out."""
    if rate >= CERTAIN:
        return 2
    if rate <= 0:
        return None
    return max(2, math.ceil(2 * math.log(1 - confidence) / math.log(1 - rate) - 1e-9))


def settling_runs(confidence: float) -> int:
    """The smallest number of runs that, if all of them differ, asks for no more than so many that agree."""
    runs = 3
    while (runs_needed(rate_bound(True, 0, runs, confidence), confidence) or runs + 1) > runs:
        runs += 1
    return runs


def excluded_rate(runs: int, confidence: float) -> float:
    """The smallest rate that so many agreeing runs rule out; 1.0 for a single run, which rules out nothing."""
    return 1 - (1 - confidence) ** (2 / runs) if runs >= 2 else 1.0


def rate_bound(distinct: bool, differing_pairs: int, runs: int, confidence: float) -> float:
    """Lower bound of the rate with which pairs differ, from runs of one program.

    `distinct`: no two of the runs agree. Otherwise `differing_pairs` of the `runs // 2` disjoint pairs differ (1st and
    2nd, 3rd and 4th, …).
    """
    if runs < 2:
        return 0.0
    if distinct:
        return 1 - _bisect(lambda a: (1 - a) ** runs + runs * a * (1 - a) ** (runs - 1), 1 - confidence) ** 2
    return _clopper_pearson(differing_pairs, runs // 2, 1 - confidence)


def _clopper_pearson(hits: int, trials: int, error: float) -> float:
    """The smallest probability under which so many hits, or more, are not rarer than `error`."""
    if not hits:
        return 0.0

    def fewer(p: float) -> float:
        return sum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(hits))

    return _bisect(fewer, 1 - error)


def _bisect(falling: Callable[[float], float], target: float) -> float:
    """Where a function that falls from 1 at 0 to 0 at 1 has a value."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if falling(middle) > target:
            low = middle
        else:
            high = middle
    return (low + high) / 2
