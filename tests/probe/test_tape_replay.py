"""Programs that never seed print the same bytes when they are replayed, whatever their processes and threads do."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

_SPEC = importlib.util.spec_from_file_location("entropy_programs", Path(__file__).with_name("entropy_programs.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
made_up = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(made_up)

EVERYTHING = """
    import os, random, secrets, subprocess, sys, tempfile, uuid
    import numpy as np, torch
    from torch.utils.data import DataLoader, Dataset

    class Noise(Dataset):
        def __len__(self):
            return 4
        def __getitem__(self, index):
            return np.random.default_rng().random(), random.random()

    print(random.random(), np.random.rand(), np.random.default_rng().random(), torch.initial_seed(), torch.rand(1))
    print(list({"a", "b", "c", "dd", "eee"}), os.urandom(4), uuid.uuid4(), uuid.uuid1(), secrets.token_hex(4))
    print(np.random.RandomState().rand(), torch.seed(), torch.Generator().seed(), tempfile.mktemp())
    model = torch.nn.Linear(3, 2)
    for batch in DataLoader(Noise(), shuffle=True, num_workers=2, multiprocessing_context="fork"):
        print(batch)
    print(model.weight, flush=True)
    subprocess.run([sys.executable, "-c", "import random; print(random.random())"])
    """

TASKS = """
    import os, random, time
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    from multiprocessing import get_context

    def task(number):
        time.sleep(0.002 * (number % 3))
        return os.urandom(3), random.Random(int(time.time() * 1000)).random()

    def drawing(number):
        return task(number), random.random()

    if __name__ == "__main__":
        with ThreadPoolExecutor(3) as pool:
            print(list(pool.map(task, range(6))))
        with get_context("fork").Pool(2) as pool:
            print(pool.map(drawing, range(6), chunksize=1))
        with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
            print(list(pool.map(drawing, range(6))))
    """

THREE = """
    import os
    def draw():
        return os.urandom(4).hex()
    print(draw())
    print(draw())
    print(os.urandom(4).hex())
    """


def test_a_program_that_never_seeds_is_repeated_to_the_byte_by_any_number_of_replays(taped: Any) -> None:
    taped.write(EVERYTHING)
    recorded = taped.record()
    assert recorded != taped.record(tape="other")
    for _ in range(2):
        printed, outcome = taped.replay()
        assert printed == recorded
        assert (outcome.divergences, outcome.problems, outcome.exit_code) == ((), (), 0)
    lines = recorded.splitlines()
    assert len(lines) > 8
    assert lines[0].split()[0] != lines[-1], "the child's value is its own"


def test_tasks_of_pools_get_theirs_back_whichever_worker_runs_them(taped: Any) -> None:
    taped.write(TASKS)
    recorded = taped.record()
    for _ in range(3):
        printed, outcome = taped.replay()
        assert printed == recorded
        assert not outcome.divergences


def test_programs_made_up_at_random_are_repeated(taped: Any) -> None:
    @seed(20)
    @settings(
        max_examples=5, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(made_up.programs())
    def check(lines: list[str]) -> None:
        taped.write(made_up.source(lines))
        recorded = taped.record()
        printed, outcome = taped.replay()
        assert printed == recorded
        assert (outcome.divergences, outcome.problems) == ((), ())

    check()


@pytest.mark.parametrize(
    ("index", "before", "after"),
    [
        (0, "print(draw())\n    print", "print(os.urandom(4).hex())\n    print(draw())\n    print"),
        (1, "print(draw())\n    print(os", "print(os.urandom(2))\n    print(draw())\n    print(os"),
        (3, "print(os.urandom(4).hex())\n", "print(os.urandom(4).hex())\n    os.urandom(1)\n"),
    ],
    ids=["first", "another size", "at the end"],
)
def test_an_added_request_is_named_by_process_and_index(taped: Any, index: int, before: str, after: str) -> None:
    taped.write(THREE)
    taped.record()
    assert before in THREE
    taped.write(THREE.replace(before, after, 1))
    _, outcome = taped.replay()
    (found,) = outcome.divergences
    assert (found.process, found.stream, found.index) == ("0-0", "main", index)
    assert "program.py:" in found.text
    assert outcome.exit_code == 97


@pytest.mark.parametrize("place", ["in the middle", "at the end"])
def test_a_request_that_a_task_of_a_pool_adds_is_caught_in_the_worker(taped: Any, place: str) -> None:
    text = """
    import os
    from multiprocessing import get_context

    def task(number):
        first = os.urandom(3)
        second = os.urandom(3)
        return first, second

    if __name__ == "__main__":
        with get_context("fork").Pool(2) as pool:
            print(pool.map(task, range(4), chunksize=1))
    """
    taped.write(text)
    taped.record()
    before = "        second" if place == "in the middle" else "        return"
    taped.write(text.replace(before, "        os.urandom(1)\n" + before))
    _, outcome = taped.replay()
    found = outcome.divergences[0]
    assert found.process.startswith("0-0.")
    assert found.stream.startswith("task job")
    assert found.index == (1 if place == "in the middle" else 2)


def test_a_request_that_is_no_longer_made_is_told(taped: Any) -> None:
    taped.write(THREE)
    taped.record()
    taped.write(THREE.replace("print(os.urandom(4).hex())", "pass"))
    _, outcome = taped.replay()
    (found,) = outcome.divergences
    assert found.index == 2
    assert "ended after 2 of 3 requests" in found.text


def test_lenient_replay_tells_and_finds_back_to_the_tape(taped: Any) -> None:
    taped.write(THREE)
    recorded = taped.record().splitlines()
    taped.write(THREE.replace("print(draw())\n    print(os", "os.urandom(9)\n    print(os"))
    printed, outcome = taped.replay(strict=False)
    assert printed.splitlines() == [recorded[0], recorded[2]]
    assert outcome.divergences
    assert outcome.exit_code == 0


def test_moved_lines_are_the_same_requests(taped: Any) -> None:
    taped.write(THREE)
    recorded = taped.record()
    taped.write("\n    # one\n    # two\n" + THREE)
    assert taped.replay()[0] == recorded


def test_the_tape_of_a_killed_program_is_played_up_to_its_end(taped: Any) -> None:
    text = "import os, sys\nfor i in range(9):\n    print(os.urandom(4).hex(), flush=True)\n    i == 4 and {end}\n"
    taped.write(text.format(end="os.kill(os.getpid(), 9)"))
    recorded = taped.record()
    assert len(recorded.splitlines()) == 5
    taped.write(text.format(end="None"))
    printed, outcome = taped.replay()
    (found,) = outcome.divergences
    assert printed == recorded
    assert (found.index, found.tape_was_cut) == (5, True)
    assert "the tape ends here" in found.text


@pytest.mark.parametrize(
    "text",
    [
        "import random, time; seed = int(time.time() * 1000) % 2**32; random.seed(seed); print(seed)",
        "import random, time\nstart = time.time_ns()\nrandom.seed(start // 1000 % (2**31))\nprint(random.random())",
        "import numpy, time\nt = int(time.time() * 1e6)\nprint(numpy.random.default_rng(t + 3).random())",
        "import numpy, os\nnumpy.random.seed(os.getpid())\nprint(numpy.random.rand())",
        "import random\nfrom datetime import datetime\nrandom.seed(datetime.now().timestamp())\nprint(random.random())",
    ],
    ids=["named", "nanoseconds", "rank added", "pid", "datetime"],
)
def test_clocks_and_pids_that_become_seeds_are_given_back(taped: Any, text: str) -> None:
    taped.write(text)
    recorded = taped.record()
    assert taped.replay()[0] == recorded
    assert taped.record(tape="other") != recorded


def test_a_seed_that_the_tape_does_not_hold_is_a_divergence(taped: Any) -> None:
    """Everything that is drawn from it would differ, and the replay would say that all was as recorded."""
    taped.write(
        "import hashlib, random, time\nt = str(time.time())\nn = hashlib.md5(t.encode()).hexdigest()\nrandom.seed(n)"
    )
    taped.record()
    (found,) = taped.replay()[1].divergences
    assert "random.seed was seeded with" in found.text
    assert "program.py:4" in found.text
    assert "--tape time" in found.text
    taped.record(tape="other", volatile=("time",))
    assert not taped.replay(tape="other")[1].divergences


def test_every_way_to_read_the_clock_is_taped_on_request(taped: Any) -> None:
    taped.write(
        """
        import datetime, time
        print(time.clock_gettime(0), time.clock_gettime_ns(0), time.process_time_ns())
        print(time.localtime(), time.gmtime(), time.ctime(), time.asctime(), time.strftime("%H%M%S"))
        print(datetime.date.today(), time.strftime("%Y", (1999, 1, 1, 0, 0, 0, 0, 1, 0)))
        """
    )
    recorded = taped.record(volatile=("time",))
    assert taped.replay()[0] == recorded
    assert recorded.split()[-1] == "1999"


def test_clocks_that_are_only_read_run_on_unless_asked_for(taped: Any) -> None:
    taped.write("import time; print(time.time()); print(time.perf_counter())")
    recorded = taped.record()
    assert taped.replay()[0] != recorded
    recorded = taped.record(volatile=("time",))
    assert taped.replay()[0] == recorded


def test_the_order_of_a_folder_is_given_back_on_request(taped: Any) -> None:
    folder = taped.project / "data"
    folder.mkdir()
    for name in "cab":
        (folder / name).touch()
    taped.write(
        """
        import glob, os, pathlib
        print(os.listdir("data"), glob.glob("data/*"), [str(path) for path in pathlib.Path("data").iterdir()])
        with os.scandir("data") as entries:
            print([entry.name for entry in entries if entry.is_file()])
        """
    )
    recorded = taped.record(volatile=("listing",))
    (taped.project / "tape").rename(taped.project / "kept")
    for name in "cab":
        (folder / name).unlink()
    for name in "bca":
        (folder / name).touch()
    assert taped.replay(tape="kept")[0] == recorded


def test_without_a_probe_in_the_program_a_replay_proves_nothing(taped: Any) -> None:
    taped.write("import os; print(os.urandom(4))")
    taped.record()
    _, outcome = taped.replay(sys.executable, "-I", "program.py")
    assert "no process asked for anything" in outcome.problems[0]


def test_a_seed_answers_everything_the_same_way_each_time(taped: Any) -> None:
    from auditor.services.outside import Setup, run_outside

    taped.write(
        """
        import os, random, time, uuid
        print(os.urandom(4), random.random(), uuid.uuid4(), hash("x"), flush=True)
        if not os.fork():
            print(os.urandom(4), flush=True)
            os._exit(0)
        os.wait()
        seed = int(time.time_ns() % 2**32)
        random.seed(seed + 1)
        print(random.random())
        """
    )
    printed = []
    for number in (7, 7, 8):
        taped.capfd.readouterr()
        assert run_outside(["python", "program.py"], Setup(seed=number), cwd=taped.project) == 0
        printed.append(taped.capfd.readouterr().out)
    assert printed[0] == printed[1]
    assert not set(printed[0].splitlines()) & set(printed[2].splitlines())
    assert printed[0].splitlines()[0].split()[0] != printed[0].splitlines()[1]


@pytest.mark.skipif(not hasattr(os, "getrandom"), reason="no getrandom here")
def test_stand_ins_are_called_and_kept_as_the_functions_are(taped: Any) -> None:
    program = """
        import copy, os, pickle, time
        class Clock:
            now = time.time
            draw = os.urandom
        print(type(Clock().now()), len(Clock().draw(3)), os.urandom.__name__, callable(os.urandom))
        print(pickle.loads(pickle.dumps(os.urandom)) is os.urandom, copy.deepcopy(os.urandom) is os.urandom)
        print(len(os.getrandom(5, os.GRND_NONBLOCK)), os.urandom(0))
        for wrong in ("x", -1, 1.5):
            try:
                os.urandom(wrong)
            except (TypeError, ValueError) as error:
                print(type(error).__name__, error)
        """
    taped.write(program)
    recorded = taped.record()
    assert recorded.splitlines()[0] == "<class 'float'> 3 urandom True"
    assert recorded.splitlines()[1] == "True True"
    assert recorded.count("Error") == 3
    assert taped.replay()[0] == recorded


def test_the_same_bytes_seed_a_generator_as_the_system_does(taped: Any) -> None:
    """What C does with 624 words of entropy, a number of 624 words does as well."""
    data = bytes(range(1, 157)) * 16
    generator = random.Random(int.from_bytes(data, "little"))
    words = (ctypes.c_uint32 * 624).from_buffer_copy(data)
    assert generator.getstate()[1] == _init_by_array(list(words))


def _init_by_array(key: list[int]) -> tuple[int, ...]:
    """The reference implementation of Matsumoto and Nishimura (2002)."""
    mask = 0xFFFFFFFF
    state = [19650218]
    for i in range(1, 624):
        state.append((1812433253 * (state[-1] ^ state[-1] >> 30) + i) & mask)
    i, j = 1, 0
    for _ in range(max(624, len(key))):
        state[i] = ((state[i] ^ (state[i - 1] ^ state[i - 1] >> 30) * 1664525) + key[j] + j) & mask
        i, j = i + 1, (j + 1) % len(key)
        if i >= 624:
            state[0], i = state[623], 1
    for _ in range(623):
        state[i] = ((state[i] ^ (state[i - 1] ^ state[i - 1] >> 30) * 1566083941) - i) & mask
        i += 1
        if i >= 624:
            state[0], i = state[623], 1
    state[0] = 0x80000000
    return (*state, 624)
