"""Tasks of asyncio get their own numbers back, in whatever order clocks let them go on."""

from __future__ import annotations

from typing import Any

import pytest

PROGRAM = """
    import asyncio, os, pathlib, random, uuid
    import numpy as np

    DELAYS = [float(each) for each in pathlib.Path(__file__).with_name("delays").read_text().split()]
    found = {}

    async def task(number):
        drawn = []
        for _ in range(2):
            await asyncio.sleep(DELAYS[number])
            drawn += [os.urandom(2), random.random(), uuid.uuid4().hex]
            drawn += [np.random.default_rng().random(), np.random.randn()]
        drawn.append(await asyncio.get_running_loop().run_in_executor(None, os.urandom, 2))
        return drawn

    def late(number):
        found[number] = os.urandom(2), random.random()

    def done(each):
        found[each.get_name()] = os.urandom(2)

    async def for_ever():
        while True:
            await asyncio.sleep(DELAYS[0])
            os.urandom(2), random.random()

    async def main():
        background = asyncio.create_task(for_ever())
        print(await asyncio.gather(*map(task, range(3))))
        tasks = [asyncio.create_task(task(number), name=str(number)) for number in range(3)]
        for number, each in enumerate(tasks):
            each.add_done_callback(done)
            asyncio.get_running_loop().call_later(DELAYS[number], late, number)
        print(await asyncio.gather(*tasks))
        await asyncio.sleep(max(DELAYS))
        print(sorted(found.items(), key=str), random.random())

    asyncio.run(main())
    print(random.random(), np.random.rand(), os.urandom(2))
    """


def test_tasks_get_theirs_back_in_another_order(taped: Any) -> None:
    taped.write(PROGRAM)
    delays = taped.project / "delays"
    delays.write_text("0.02 0.03 0.04")
    recorded = taped.record()
    for order in ("0.04 0.03 0.02", "0.03 0.04 0.02"):
        delays.write_text(order)
        printed, outcome = taped.replay()
        assert printed == recorded
        assert not outcome.divergences


DRAWS = """
    import asyncio, os, random

    async def task(number):
        await asyncio.sleep(0)
        first = random.random()
        await asyncio.sleep(0)
        return first, random.random()

    async def main():
        print(await asyncio.gather(*map(task, range(2))))

    asyncio.run(main())
    """


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("first = random.random()\n        await asyncio.sleep(0)", "first = random.random()", "other numbers"),
        ("first = random.random()", "first = random.random(), os.urandom(2)", "asked for os.urandom"),
    ],
)
def test_a_task_that_cannot_get_its_numbers_ends_the_replay(taped: Any, old: str, new: str, told: str) -> None:
    taped.write(DRAWS)
    taped.record()
    taped.write(DRAWS.replace(old, new))
    _, outcome = taped.replay()
    assert told in outcome.divergences[0].text
    assert "a1.a1" in outcome.divergences[0].text
