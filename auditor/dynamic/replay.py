"""What the close-up adds to the question whether an op got the same inputs and gave another result."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, line
from auditor.model.divergence import Replay


def inputs_really_agree(case: Case) -> bool | None:
    """Whether the bytes of the inputs agreed in the second pair of runs; None where they were not looked at."""
    return case.first.closeup.inputs_agree if case.first.closeup is not None else None


def replay_sentence(replay: Replay) -> str:
    """`Called again 8 times on the same inputs: 8 different results.`"""
    if replay.distinct == 1:
        return f"Called again {replay.calls} times on the same inputs in one process, it gave one result."
    return f"Called again {replay.calls} times on the same inputs: {replay.distinct} different results."


def input_sentence(case: Case) -> str:
    """What proves that the inputs agree."""
    event = case.event
    tensors = f"{event.input_count} tensor inputs" if event.input_count != 1 else "tensor input"
    looked = " and so did their bytes in a second pair of runs" if inputs_really_agree(case) else ""
    return (
        f"The {tensors}, the arguments and the generator states of {event.identity.op} at {line(event.site)} agree bit "
        f"for bit{looked}; {case.first.tensor or 'its result'} does not."
    )
