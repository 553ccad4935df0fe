"""Files with thousands of arms or options are answered for in a time that grows as they do."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from auditor.static.evaluation import commandline
from auditor.static.project import Project
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.seedvalue import GIVEN, Seen, static_seed_value
from auditor.static.syntax import bindings
from auditor.static.syntax.nodes import walk

Files = dict[str, str | bytes]
MakeProject = Callable[[Files], Project]
TIMES = 60


def seeds(project: Project) -> list[SeedValue]:
    """What the text of `a.py` tells of what each call of `seed` is given."""
    module = project.module("a.py")
    assert module is not None
    calls = (node for node in walk(module.tree) if isinstance(node, ast.Call))
    return [static_seed_value(module, call.args[0]) for call in calls if getattr(call.func, "attr", "") == "seed"]


def test_the_defaults_of_options_are_read_once_for_all_seeds(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[ast.Call] = []
    real = commandline._argparse_default

    def default(call: ast.Call) -> Seen | ast.expr:
        read.append(call)
        return real(call)

    monkeypatch.setattr(commandline, "_argparse_default", default)
    options = "".join(f"parser.add_argument('--s{number}', default={number})\n" for number in range(TIMES))
    uses = "".join(f"random.seed(args.s{number})\n" for number in range(TIMES))
    head = "import argparse, random\nparser = argparse.ArgumentParser()\n"
    found = seeds(project({"a.py": f"{head}{options}args = parser.parse_args()\n{uses}"}))
    assert found == [SeedValue.FIXED] * TIMES
    assert len(read) == TIMES


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["'--seed', default=3"], SeedValue.FIXED),
        (["'--seed'"], SeedValue.NONE),
        (["'--seed', default=None"], SeedValue.NONE),
        (["'--seed', default=3", "'--seed', default=3"], SeedValue.FIXED),
        (["'--seed', default=3", "'--seed'"], GIVEN.kind),
        (["'--seed'", "'--seed', default=3", "'--seed'"], GIVEN.kind),
        (["'--seed', default=time.time()"], SeedValue.ENTROPY),
        (["'--other', default=3", "'--seed', default=OTHER"], SeedValue.FIXED),
        (["'seed'"], GIVEN.kind),
        (["'--seed', required=True"], GIVEN.kind),
        (["'--seed', action='store_true'"], SeedValue.FIXED),
        (["'--seed', **options"], GIVEN.kind),
        (["'--start', dest='seed', default=3"], SeedValue.FIXED),
        (["'--start', dest='seed'", "'--seed', default=3"], GIVEN.kind),
    ],
)
def test_what_a_seed_is_worth_is_what_its_options_say(
    options: list[str], expected: SeedValue, project: MakeProject
) -> None:
    head = "import argparse, random, time\nOTHER = 5\nparser = argparse.ArgumentParser()\n"
    added = "".join(f"parser.add_argument({option})\n" for option in options)
    text = f"{head}{added}args = parser.parse_args()\nrandom.seed(args.seed)\nrandom.seed(args.seed)\n"
    assert seeds(project({"a.py": text})) == [expected] * 2, "whoever asks first or later"


def test_what_hides_a_binding_is_found_out_once_for_all_uses(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = bindings._hidden_by

    def hidden_by(found: list[bindings.Binding]) -> list[int]:
        asked.append(len(found))
        return real(found)

    monkeypatch.setattr(bindings, "_hidden_by", hidden_by)
    arms = "".join(f"if mode == {number}:\n    x = {number}\n    print(x)\n" for number in range(TIMES))
    module = project({"a.py": f"import sys\nmode = len(sys.argv)\n{arms}print(x)\n"}).module("a.py")
    assert module is not None
    uses = [node for node in walk(module.tree) if isinstance(node, ast.Name) and node.id == "x"]
    in_force = [len(module.lookup.in_force(node)) for node in uses if isinstance(node.ctx, ast.Load)]
    assert sorted(in_force) == [*range(1, TIMES + 1), TIMES]
    assert asked == [TIMES]
