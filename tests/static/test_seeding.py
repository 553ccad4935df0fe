"""Verdicts per program and RNG library."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

from auditor.model.rule import Confidence
from auditor.ruleset import Ruleset
from auditor.static.engine import Engine
from auditor.static.evaluation.evaluate import Evaluator
from auditor.static.execution.walk import Walk
from auditor.static.files.discovery import Discovery
from auditor.static.project import Project
from auditor.static.resolution.library_verdict import LibraryVerdict, SeedStatus
from auditor.static.seeding import MAX_DRAWS, reached_seeds

STEP = "model(torch.ones(3)).sum().backward()\ntorch.optim.SGD(model.parameters(), lr=0.1).step()\n"
SEEDED, UNSEEDED = SeedStatus.SEEDED, SeedStatus.UNSEEDED


def judged(project: Project, library: str) -> LibraryVerdict | None:
    for path in project.programs.entry_points:
        module = project.module(path)
        assert module is not None, project.problems
        for verdict in project.programs.verdicts(module):
            if verdict.library.id == library:
                return verdict
    return None


def check(project: Project, library: str, expected: SeedStatus) -> None:
    verdict = judged(project, library)
    if verdict is None:
        assert expected is SEEDED, "no draw was reached"
    else:
        assert verdict.status is expected, (verdict.draws, verdict.seeds)


@pytest.mark.cases("seeding_one_file.txt")
def test_one_file_is_judged(project: Callable[..., Project], case: Any) -> None:
    check(project(case.files), case.expected[0], SeedStatus(case.expected[1]))


@pytest.mark.cases("seeding_options.txt")
def test_options_are_judged_by_their_defaults(project: Callable[..., Project], case: Any) -> None:
    check(project(case.files), case.expected[0], SeedStatus(case.expected[1]))


@pytest.mark.cases("seeding_projects.txt")
def test_files_are_judged_together(project: Callable[..., Project], case: Any) -> None:
    check(project(case.files), case.expected[0], SeedStatus(case.expected[1]))


def test_draws_that_are_not_listed_are_told_in_order(project: Callable[..., Project]) -> None:
    """What is told is compared as text, and a set is written out in another order by each process."""
    verdict = judged(project({"train.py": "import random\n" + "random.random()\n" * (MAX_DRAWS + 20)}), "random")
    assert verdict is not None
    assert [("train.py", MAX_DRAWS + 2 + number, None) for number in range(20)] in verdict.told


def test_two_programs_that_share_a_module_have_their_own_verdicts(project: Callable[..., Project]) -> None:
    found = project(
        {
            "train.py": "import random\nfrom lib import go\nrandom.seed(0)\ngo()",
            "evaluate.py": "from lib import go\ngo()",
            "lib.py": "import random\ndef go():\n    random.random()",
        }
    )
    statuses = {}
    for path in found.programs.entry_points:
        module = found.module(path)
        assert module is not None
        statuses[path] = [verdict.status for verdict in found.programs.verdicts(module)]
    assert statuses == {"evaluate.py": [UNSEEDED], "train.py": [SEEDED]}


def test_a_verdict_says_how_the_draw_is_reached_and_under_which_condition(project: Callable[..., Project]) -> None:
    source = dedent(
        """
        import random, sys

        def draw():
            return random.random()

        def main():
            if len(sys.argv) > 2:
                random.seed(0)
            draw()

        main()
        """
    ).lstrip()
    verdict = judged(project({"main.py": source}), "random")
    assert verdict is not None
    assert verdict.condition == "len(sys.argv) > 2"
    assert [step.line for step in verdict.first_draw.via] == [11, 9]
    assert verdict.first_draw.location.function == "draw"
    assert verdict.first_seed is not None
    assert verdict.first_seed.condition == "len(sys.argv) > 2"


def test_draws_of_one_line_are_one(project: Callable[..., Project]) -> None:
    verdict = judged(
        project({"main.py": "import random\nx = [random.random(), random.random()]\nrandom.random()"}), "random"
    )
    assert verdict is not None
    assert verdict.draw_count == 2


def test_a_large_call_graph_is_bounded(project: Callable[..., Project]) -> None:
    """Every function calls the next two: the number of paths is exponential, the work must not be."""
    functions = [f"def f{n}(x):\n    f{n + 1}(x)\n    f{n + 2}(x)\n" for n in range(400)]
    source = "import random\n" + "".join(functions) + "def f400(x):\n    random.random()\ndef f401(x): pass\nf0(1)\n"
    check(project({"main.py": source}), "random", SEEDED)


def test_nothing_that_flowed_through_programs_outlives_them(
    project: Callable[..., Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[weakref.ref[object]] = []
    real = Walk.close

    def close(self: Walk) -> None:
        followed.extend(map(weakref.ref, (self.calls, self.calls.functions, self.evaluator)))
        real(self)

    monkeypatch.setattr(Walk, "close", close)
    found = project(
        {
            "train.py": "from lib import go\nimport random\ngo(random.random)\n",
            "lib.py": "def go(draw):\n    for each in [draw]:\n        each()\n",
        }
    )
    enabled = gc.isenabled()
    gc.disable()  # as while the engine works
    try:
        judged(found, "random")
        assert [each() for each in followed] == [None, None, None]
        relevance = found.relevance("train.py")
        kept = [weakref.ref(each) for each in (relevance, relevance.candidates)]
        del relevance
        found.start_over()
        assert [each() for each in kept] == [None, None]
    finally:
        if enabled:
            gc.enable()


def test_nothing_that_one_value_was_asked_with_outlives_the_answer(
    discover: Callable[..., Discovery], ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[object]] = []
    real = Evaluator.__init__

    def init(self: Evaluator, *given: Any) -> None:
        made.append(weakref.ref(self))
        real(self, *given)

    monkeypatch.setattr(Evaluator, "__init__", init)
    enabled = gc.isenabled()
    gc.disable()  # as while the engine works
    try:
        text = "def bucket(name: str) -> int:\n    return hash(name) % 8\n"
        Engine(ruleset, ruleset.rules).analyse(discover({"data.py": text}))
        assert made
        assert not any(each() for each in made)
    finally:
        if enabled:
            gc.enable()


def test_whoever_asks_again_for_the_seeds_of_a_program_rests_on_what_they_rest_on(
    project: Callable[[dict[str, str | bytes]], Project],
) -> None:
    scanned = project(
        {
            "seeds.py": "import random\n\n\ndef fix():\n    random.seed(3)\n",
            "run.py": "import seeds\n\nif __name__ == '__main__':\n    seeds.fix()\n",
        }
    )
    entry = scanned.programs.entry_point("run.py")
    assert entry is not None
    rests_on = []
    for _ in range(2):
        scanned.start_over()
        scanned.trace.start()
        assert len(reached_seeds(scanned, entry)) == 1
        rests_on.append(scanned.trace.stop())
    assert rests_on[0] == rests_on[1]
    assert ("content", "seeds.py") in rests_on[1][0]


def test_a_model_that_may_get_all_of_its_weights_from_a_file_is_told_with_less_confidence(
    discover: Callable[..., Discovery], ruleset: Ruleset
) -> None:
    text = dedent(
        """
        import argparse
        import torch

        def load(model, path, strict):
            model.load_state_dict(torch.load(path), strict=strict)

        parser = argparse.ArgumentParser()
        parser.add_argument("--path")
        parser.add_argument("--strict", action="store_true")
        args = parser.parse_args()
        model = torch.nn.Linear(3, 3)
        load(model, args.path, args.strict)
        torch.manual_seed(3)
        print(model(torch.randn(3)))
        """
    )
    sometimes = text.replace("\nload(", "\nif args.path:\n    load(")
    another = text.replace("torch.manual_seed", "head = torch.nn.Linear(3, 3)\ntorch.manual_seed")
    for program, confidence in ((text, Confidence.MEDIUM), (sometimes, Confidence.HIGH), (another, Confidence.HIGH)):
        findings = Engine(ruleset, ruleset.rules).analyse(discover({"train.py": program + STEP})).findings
        assert [each.confidence for each in findings if each.rule_id == "RA106"] == [confidence]
