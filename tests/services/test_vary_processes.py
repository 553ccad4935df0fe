"""A source that is varied alone is varied alone in spawned workers and in every rank as well.

Without torch: what matters is which process draws for what.
"""

from __future__ import annotations

import re

import pytest

from auditor.experiments.variants import Variant, split_variant
from auditor.services.replica_results import Sources
from auditor.services.settings import Settings
from auditor.services.variance import VarianceOptions, measure_variance, parse_metrics

pytestmark = pytest.mark.usefixtures("light_imports")

LAUNCHER = """
import os, subprocess, sys
ranks = [subprocess.Popen([sys.executable, "rank.py"], env={**os.environ, "RANK": str(rank)}) for rank in range(2)]
sys.exit(max(rank.wait() for rank in ranks))
"""

RANK = """
import multiprocessing, os, random

class Items:
    def __getitem__(self, index):
        return [random.random() for _ in range(random.randint(1, 9))][-1]

def load(queue, seed):
    random.seed(seed)
    queue.put([Items()[index] for index in range(3)])

if __name__ == "__main__":
    rank = int(os.environ["RANK"])
    random.seed(5)
    order = list(range(20))
    random.shuffle(order)
    noise = random.random()
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    worker = context.Process(target=load, args=(queue, rank))
    worker.start()
    items = queue.get()
    worker.join()
    told = {"order": int("".join(map(str, order))), "augment": sum(items), "other": noise}
    text = "".join("%d%s %.17g\\n" % (rank, name, value) for name, value in told.items())
    os.write(1, text.encode())
"""

Values = dict[str, str]


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Values]]:
    """Variant → what each of its replicas printed."""
    folder = tmp_path_factory.mktemp("ranks")
    for name, text in (("pyproject.toml", ""), ("train.py", LAUNCHER), ("rank.py", RANK)):
        (folder / name).write_text(text)
    variants: tuple[Variant, ...] = tuple(split_variant(sources) for sources in ((), ("order",), ("augment",)))
    options = VarianceOptions(runs=2, variants=variants, sources=Sources(metrics=parse_metrics(["x=0other (.*)"])))
    measure_variance(("python", "train.py"), cwd=folder, settings=Settings(store=folder / "s"), options=options)
    found: dict[str, list[Values]] = {}
    for log in sorted((folder / "s").glob("*/v1/*/*/program.log")):
        found.setdefault(log.parent.parent.name, []).append(dict(re.findall(r"(\d\w+) (.+)", log.read_text())))
    return found


def moved(first: Values, second: Values) -> set[str]:
    return {name for name in first if first[name] != second[name]}


def test_each_source_moves_alone_in_ranks_and_in_spawned_workers(replicas: dict[str, list[Values]]) -> None:
    none, again = replicas["algo-none"]
    assert len(none) == 6
    assert not moved(none, again)
    for source in ("order", "augment"):
        first, second = replicas[f"algo-{source}"]
        assert moved(first, second) == moved(none, first) == {f"0{source}", f"1{source}"}


def test_ranks_of_one_seed_go_on_drawing_the_same_and_others_go_on_differing(replicas: dict[str, list[Values]]) -> None:
    for told in (each for group in replicas.values() for each in group):
        assert told["0order"] == told["1order"]
        assert told["0other"] == told["1other"]
        assert told["0augment"] != told["1augment"], "their workers are seeded by rank"
