"""Small programs that draw from the system's entropy in every way, made up by Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

CALLS = (
    "os.urandom({n}).hex()",
    "os.getrandom({n}).hex()",
    "random.random()",
    "random.Random().random()",
    "random.SystemRandom().randrange(10**9)",
    "secrets.token_hex({n})",
    "secrets.randbelow(1000)",
    "uuid.uuid4()",
    "uuid.uuid1()",
    "(random.seed(), random.random())[1]",
    "list(set(map(str, range({n}))))",
    "hash('x' * {n})",
    "tempfile.mktemp()",
    "next(tempfile._get_candidate_names())",
    "ssl.RAND_bytes({n}).hex()",
    "random.Random(int(time.time() * 1000)).random()",
    "[random.getrandbits({n}) for _ in range({n})]",
)
HEAD = """\
import multiprocessing, os, random, secrets, ssl, subprocess, sys, tempfile, threading, time, uuid
from concurrent.futures import ThreadPoolExecutor

def task(number):
    time.sleep(0.001 * (number % 3))
    return [{task}]

def fill(results, number):
    results[number] = task(number)

def in_threads(count):
    results = [None] * count
    threads = [threading.Thread(target=fill, args=(results, number)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results

def in_pool(count):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(task, range(count)))

def worker(queue, number):
    queue.put((number, task(number)))

def in_workers(count):
    context = multiprocessing.get_context({method!r})
    queue = context.Queue()
    workers = [context.Process(target=worker, args=(queue, number)) for number in range(count)]
    for process in workers:
        process.start()
    results = sorted(queue.get() for _ in workers)
    for process in workers:
        process.join()
    return results

def in_process_pool(count):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(task, range(count), chunksize=1)

def in_child(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout

if __name__ == "__main__":
"""


@st.composite
def calls(draw: st.DrawFn) -> str:
    """One expression that needs entropy, or follows from it."""
    return draw(st.sampled_from(CALLS)).format(n=draw(st.integers(1, 40)))


@st.composite
def statements(draw: st.DrawFn) -> str:
    """One line of a program."""
    kind = draw(st.sampled_from(("call",) * 8 + ("threads", "pool", "workers", "process pool", "child", "loop")))
    count = draw(st.integers(1, 4))
    if kind == "call":
        return f"print({draw(calls())})"
    if kind == "loop":
        return f"print([{draw(calls())} for _ in range({count})])"
    if kind == "child":
        code = f"import os, random, secrets, ssl, tempfile, time, uuid; print({draw(calls())})"
        return f"print(in_child({code!r}))"
    name = {"threads": "in_threads", "pool": "in_pool", "workers": "in_workers", "process pool": "in_process_pool"}[
        kind
    ]
    return f"print({name}({count}))"


@st.composite
def programs(draw: st.DrawFn) -> list[str]:
    """The lines of a program; the head comes first, as one of them."""
    task = ", ".join(draw(st.lists(calls().filter(lambda call: call != "random.random()"), min_size=1, max_size=3)))
    # What a worker of a pool draws from its own global generator depends on which tasks it happens to get.
    for shared in ("random.getrandbits", "(random.seed(), random.random())[1]", "next(tempfile", "tempfile.mktemp"):
        if shared in task:
            task = "os.urandom(3).hex()"
    head = HEAD.replace("{task}", task).replace("{method!r}", repr(draw(st.sampled_from(("fork", "fork", "spawn")))))
    return [head, *draw(st.lists(statements(), min_size=1, max_size=8))]


def source(lines: list[str]) -> str:
    """The text of a program."""
    return lines[0] + "".join(f"    {line}\n" for line in lines[1:])
