"""Which of several processes diverged first.

Clocks of two processes are not compared; causes come before their effects. The rule, also in docs/causes.md:

1. Inside one process, the first divergence is the one that its trace meets first.
2. A process that trains (it takes optimizer steps, or is a root) and its helpers (data loader workers) are one group.
   All that the trainer did before its first divergence is equal, also the batches it got. So a helper's divergence came
   first only if the trainer's own begins with something that came to it: a batch, a tensor from outside, an op whose
   inputs disagree. Otherwise the helper's concerns a batch that is used later. So does that of a helper which was
   forked at a later step (a forked process goes on counting steps where its parent was).
3. Between groups (the ranks of a distributed run), the earliest step wins; in the same step what begins in its own
   process stands before data from outside, these before other tensors than the op had in the other run, and all of
   them before what a collective brought; then the lower rank.
4. A process that trains through processes that it starts, and takes no step itself, stays at step 0. What came to it
   from outside is behind what began in one of these, for it may be their result.
5. A process that exists in one run only comes last: nothing tells when it should have started.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from auditor.model.divergence import Difference, Divergence
from auditor.model.trace import EventKind, TraceEvent

_OWN = (Difference.STATE, Difference.ARGUMENT, Difference.MISSING, Difference.EXTRA)


def in_causal_order(
    divergences: Mapping[str, Divergence], trainers: Collection[str], idle: Collection[str] = ()
) -> list[Divergence]:
    """Sort the first divergences of processes by the rule above; `trainers` are names of processes.

    `idle`: those among the trainers that took no step.
    """
    groups: defaultdict[str, list[Divergence]] = defaultdict(list)
    for name, divergence in divergences.items():
        groups[trainer_of(name, trainers)].append(divergence)
    leaders, followers = [], []
    for trainer, members in groups.items():
        own = next((d for d in members if d.process == trainer), None)
        turns = sorted((_turn(d, own), step(d), _index(d), d.process, i) for i, d in enumerate(members))
        ordered = [members[turn[-1]] for turn in turns]
        leaders.append((trainer, ordered[0], own or ordered[0]))
        followers += ordered[1:]
    begun = [trainer for trainer, _, own in leaders if begins_here(own) and not _is_process(own)]
    late = {
        trainer
        for trainer, _, own in leaders
        if trainer in idle and _distance(own) == 1 and any(_is_below(other, trainer) for other in begun)
    }
    leaders.sort(
        key=lambda leader: (
            _is_process(leader[1]), leader[0] in late, step(leader[2]), _distance(leader[2]), _rank(leader[0]),
        )
    )  # fmt: skip
    return [leader for _, leader, _ in leaders] + followers


def begins_here(divergence: Divergence) -> bool:
    """False if the difference came to the process from outside of what its trace shows."""
    return _distance(divergence) == 0


def is_collective(op: str) -> bool:
    """True for ops whose result depends on what other ranks sent."""
    return op.startswith(("c10d::", "_c10d_functional", "c10d_functional"))


def _distance(divergence: Divergence) -> int:
    """0: begins in this process; 1: a tensor from outside; 2: brought by something unseen; 3: by a collective."""
    event = _event(divergence)
    if event is not None and event.kind in (EventKind.BATCH, EventKind.OUTSIDE):
        return 1
    if event is not None and is_collective(event.identity.op):
        return 3
    return 0 if divergence.difference in _OWN or divergence.inputs_agree is not False else 2


def _turn(divergence: Divergence, own: Divergence | None) -> int:
    """Order inside a group: the trainer's own divergence if it begins there, its helpers', one that arrived there."""
    if _is_process(divergence):
        return 4
    if divergence is not own:
        return 1 if own is None or step(divergence) <= step(own) else 3
    return 0 if begins_here(divergence) else 2


def trainer_of(name: str, trainers: Collection[str]) -> str:
    """The trainer that a process works for: itself, or its nearest ancestor among them."""
    by_place = {_place_name(trainer): trainer for trainer in trainers}
    place = _place_name(name)
    while place not in by_place and "." in place:
        place = place.rpartition(".")[0]
    return by_place.get(place, name)


def step(divergence: Divergence) -> int:
    event = _event(divergence)
    return event.identity.step if event is not None else 0


def _event(divergence: Divergence) -> TraceEvent | None:
    return divergence.reference or divergence.candidate


def _index(divergence: Divergence) -> int:
    event = _event(divergence)
    return event.index if event is not None else 0


def _is_process(divergence: Divergence) -> bool:
    return divergence.difference is Difference.PROCESS


def _rank(name: str) -> tuple[int, str]:
    rank = name.partition("-")[0]
    return (int(rank) if rank.isdigit() else 0, name)


def _is_below(name: str, ancestor: str) -> bool:
    return _place_name(name).startswith(f"{_place_name(ancestor)}.")


def _place_name(name: str) -> str:
    return name.partition("-")[2].partition("~")[0]
