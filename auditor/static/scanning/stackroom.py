"""Room for the frames of deep calls, taken once and not thousands of times.

Since 3.11 CPython keeps the frames of Python functions in pieces of 16 KB. Where following a program goes on at the end
of one, each further call takes a piece from the system and gives it back when it returns: 100,000 times in a scan of
400 files, an eighth of its time. A function that says it needs a large stack gets one large piece, of which memory is
used only as far as calls get into it; those inside of it find room there.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType

from auditor.model.annotations import TypeVar

Result = TypeVar("Result")

SLOTS = 1 << 18
"""Of eight bytes: the piece is the next power of two that holds them and a little more, so that half of it is left.

That is 2 MB for the thousand calls inside each other that Python allows.
"""


def with_room(work: Callable[[], Result]) -> Result:
    """What `work()` gives, done where there is room for the frames of all its calls."""
    roomy = FunctionType(_call.__code__.replace(co_stacksize=SLOTS), {})
    result: Result = roomy(work)
    return result


def _call(work: Callable[[], Result]) -> Result:
    return work()
