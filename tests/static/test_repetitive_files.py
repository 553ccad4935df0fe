"""Files that say the same thing over and over, or lead back to themselves, are answered for as soon as others."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

import pytest

from auditor.model.location import Location
from auditor.ruleset import Ruleset
from auditor.static import facts
from auditor.static.evaluation import flow, modes, spread, textvalues, unset
from auditor.static.evaluation.evaluate import Evaluator
from auditor.static.evaluation.maybetrue import may_be_true
from auditor.static.evaluation.optionvalues import OptionValues
from auditor.static.evaluation.wholenumbers import is_number
from auditor.static.execution import callwalk, constructed, functions, initialweights, weights
from auditor.static.execution.loaderitems import may_draw
from auditor.static.execution.outsidecalls import OutsideCalls
from auditor.static.execution.training import trains
from auditor.static.execution.walk import Walk
from auditor.static.facts import ModuleFacts
from auditor.static.files.texts import Texts
from auditor.static.matcher import find_matcher
from auditor.static.names import Names
from auditor.static.programwide.forlooking import is_for_looking
from auditor.static.project import Project
from auditor.static.resolution import members
from auditor.static.resolution.candidates import Candidates
from auditor.static.resolution.contents import Contents
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.library_verdict import LibraryVerdict, SeedStatus
from auditor.static.resolution.picked import picked
from auditor.static.resolution.seedvalue import Seen
from auditor.static.resolution.values import ClassRef, Value
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.nodes import walk
from auditor.static.unordered.order import ordered_use
from auditor.static.unordered.ordertrail import Kind
from auditor.static.unordered.worklist import MAX_PLACES, MAX_STATEMENTS, worked_off

Files = dict[str, str | bytes]
MakeProject = Callable[[Files], Project]
TIMES = 60


def last_name(project: Project, path: str, name: str) -> ast.Name:
    module = project.module(path)
    assert module is not None
    return [node for node in walk(module.tree) if isinstance(node, ast.Name) and node.id == name][-1]


def verdicts(project: Project, path: str) -> tuple[LibraryVerdict, ...]:
    module = project.module(path)
    assert module is not None
    return project.programs.verdicts(module)


def numbers(project: Project, name: str) -> bool:
    module = project.module("a.py")
    assert module is not None
    return is_number(module, last_name(project, "a.py", name))


def test_a_name_that_is_made_of_itself_is_asked_once(project: MakeProject) -> None:
    sums = "".join("    x = x + y\n    y = y + x\n" for _ in range(TIMES))
    assert not numbers(project({"a.py": f"def go():\n    x = y = 1\n{sums}    return x\n"}), "x")
    counted = "".join("    x = x + 1\n" for _ in range(TIMES))
    assert numbers(project({"a.py": f"def go():\n    x = 1\n{counted}    return x\n"}), "x")


def test_a_range_that_is_made_of_its_own_numbers_says_nothing(project: MakeProject) -> None:
    text = "import numpy as np\n\nfor n in np.random.permutation(n):\n    print(n)\n"
    assert not numbers(project({"a.py": text}), "n")


def test_a_function_that_calls_itself_in_many_places_is_asked_once(project: MakeProject) -> None:
    calls = "    go(shuffle)\n" * TIMES
    for given, expected in (("False", False), ("True", True)):
        scanned = project({"a.py": f"def go(shuffle):\n{calls}    return shuffle\n\n\ngo({given})\n"})
        module = scanned.module("a.py")
        assert module is not None
        returned = next(node for node in walk(module.tree) if isinstance(node, ast.Return))
        assert returned.value is not None
        assert may_be_true(module, returned.value) is expected


def test_what_a_data_set_calls_is_looked_into_once(project: MakeProject) -> None:
    for drawn in (False, True):
        functions = "".join(f"def f{i}():\n" + f"    f{i + 1}()\n" * 150 for i in range(3))
        end = "np.random.rand()" if drawn else "3"
        dataset = "class Items:\n    def __getitem__(self, i):\n" + "        f1()\n" * 150
        text = f"import numpy as np\n{functions}def f3():\n    return {end}\n{dataset}\nitems = Items()\nitems\n"
        scanned = project({"a.py": text})
        module = scanned.module("a.py")
        assert module is not None
        assert may_draw(module, last_name(scanned, "a.py", "items"), "numpy.random.") is drawn


def test_names_lead_to_training_through_a_large_module(project: MakeProject) -> None:
    count = 500
    functions = "".join(
        f"def f{i}(a):\n" + "".join(f"    x{k} = a + f{(i + 1) % count}(a)\n" for k in range(10)) for i in range(count)
    )
    training = "def fit():\n    f0(1)\n    loss.backward()\n    optimizer.step()\n"
    library = functions.replace("x0 = a + f1(a)", "x0 = fit()", 1) + training
    files: Files = {"lib.py": library, "run.py": "import lib\n", "train.py": "from lib import f7\n\nf7(3)\n"}
    scanned = project(files)
    assert trains(scanned, "train.py")
    assert not trains(scanned, "run.py")


def test_groups_of_commands_that_hold_each_other_come_to_an_end(project: MakeProject) -> None:
    count = 7
    groups = "".join(f"@click.group()\ndef g{i}():\n    torch.rand({i})\n\n\n" for i in range(count))
    added = "".join(f"g{i}.add_command(g{j})\n" for i in range(count) for j in range(count))
    scanned = project({"run.py": f"import click\nimport torch\n\n\n{groups}{added}g0()\n"})
    module = scanned.module("run.py")
    assert module is not None
    (verdict,) = scanned.programs.verdicts(module)
    assert verdict.draw_count == count


@pytest.mark.parametrize(("length", "expected"), [(20, 1), (1500, 0)])
def test_what_is_picked_out_of_a_chain_of_modules(length: int, expected: int, project: MakeProject) -> None:
    files: Files = {f"m{i}.py": f"from m{i + 1} import *\n" for i in range(length)}
    text = "import sys\nimport m0\n\nmodel = m0.__dict__[sys.argv[1]]()\n"
    scanned = project({**files, f"m{length}.py": "class Net:\n    pass\n", "run.py": text})
    module = scanned.module("run.py")
    assert module is not None
    calls = [node for node in walk(module.tree) if isinstance(node, ast.Call)]
    assert len([found for call in calls for found in picked(module, call)]) == expected


def test_a_chain_of_imports_that_is_too_long_ends_one_program_and_not_the_scan(project: MakeProject) -> None:
    deep = {f"m{number}.py": f"import m{number + 1}\n" for number in range(1500)}
    made = project({**deep, "m1500.py": "import random\nx = random.random()\n", "train.py": "import m0\nprint(1)\n"})
    assert made.programs.verdicts(made.module("train.py")) == ()
    assert made.problems["train.py"] == "nested too deeply for following it as a program"


def test_a_long_function_with_another_argument_each_time_is_followed_so_far(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "".join(f"    a{number} = x + {number}\n" for number in range(TIMES))
    calls = "".join(f"y = go({number})\n" for number in range(TIMES))
    text = f"import random\n\n\ndef go(x):\n{body}    return random.random()\n\n\n{calls}print(y)\n"
    (whole,) = verdicts(project({"run.py": text}), "run.py")
    monkeypatch.setattr(functions, "MAX_STEPS", 10 * TIMES)
    (cut,) = verdicts(project({"run.py": text}), "run.py")
    assert (whole.certain, whole.status) == (True, SeedStatus.UNSEEDED)
    assert (cut.certain, cut.status) == (False, SeedStatus.UNSEEDED)


def followed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The functions that are followed from now on, by name."""
    names: list[str] = []
    run = Walk.run_function

    def counted(walk: Walk, function: Function, frame: Frame, at: Location | None) -> Seen:
        names.append(getattr(function, "name", "<lambda>"))
        return run(walk, function, frame, at)

    monkeypatch.setattr(Walk, "run_function", counted)
    return names


def test_what_is_called_with_and_without_a_condition_is_followed_once(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = followed(monkeypatch)
    text = "import random, sys\ndef draw():\n    random.random()\nif sys.argv[2] == 'a':\n    draw()\ndraw()\n"
    assert [verdict.status for verdict in verdicts(project({"a.py": text}), "a.py")] == [SeedStatus.UNSEEDED]
    assert names == ["draw"]


def test_what_runs_here_and_in_a_new_process_is_followed_once_and_told_of_both(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = followed(monkeypatch)
    head = "import random\nimport torch.multiprocessing as mp\ndef draw():\n    random.random()\n"
    text = head + "def work(rank):\n    draw()\ndraw()\nmp.spawn(work)\n"
    (verdict,) = verdicts(project({"a.py": text}), "a.py")
    assert [draw.in_spawned for draw in verdict.draws] == [True]
    assert names == ["draw", "work"]


def test_what_a_parameter_stands_for_is_resolved_once_for_all_that_are_given_the_same(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call gives another number, so that the function is followed again and again."""
    asked: list[ast.expr] = []
    compute = Names._compute

    def counted(names: Names, node: ast.expr) -> Value:
        asked.append(node)
        return compute(names, node)

    monkeypatch.setattr(Names, "_compute", counted)
    head = "import random\nclass Net:\n    def draw(self, number):\n        self.layer.first.second(random.random())\n"
    calls = "".join(f"net.draw({number})\n" for number in range(TIMES))
    verdicts(project({"a.py": f"{head}net = Net()\n{calls}"}), "a.py")
    assert sum(isinstance(node, ast.Attribute) and node.attr == "second" for node in asked) <= 2


def test_options_of_many_modules_are_put_together_once(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    options = OptionValues._module_options

    def counted(evaluator: OptionValues, module: ModuleFacts) -> dict[str, Seen]:
        asked.append(module.path)
        return options(evaluator, module)

    monkeypatch.setattr(OptionValues, "_module_options", counted)
    option = "import argparse, random\nparser = argparse.ArgumentParser()\nparser.add_argument('--s{}', default=1)\n"
    files: Files = {f"m{number}.py": option.format(number) for number in range(TIMES)}
    imports = "".join(f"import m{number}\n" for number in range(TIMES))
    uses = "".join(f"if args.s{number}:\n    random.random()\n" for number in range(TIMES))
    verdicts(project({**files, "a.py": f"import random\n{imports}args = m1.parser.parse_args()\n{uses}"}), "a.py")
    assert len(asked) <= 4 * TIMES


def test_calls_to_which_nothing_more_flows_are_asked_once(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ast.expr] = []
    real = Candidates.values

    def values(self: Candidates, module: ModuleFacts, node: ast.expr) -> Sequence[Value]:
        asked.extend([node] if isinstance(node, ast.Attribute) and node.attr == "view" else [])
        return real(self, module, node)

    monkeypatch.setattr(Candidates, "values", values)
    views = "    x.view(1)\n" * TIMES
    text = (
        "import random\n\n\nclass A:\n    def go(self, step):\n        step()\n\n\n"
        f"def shape(x):\n{views}\n\n"
        'agent = {"a": A, "b": A}[name]()\nagent.go(random.random)\nshape(data)\n'
    )
    scanned = project({"train.py": text})
    relevance = scanned.relevance("train.py")
    assert relevance.is_relevant(_function(scanned, "train.py", "go")), "what an uncertain call gives is called"
    assert len(asked) == TIMES


def test_files_that_name_a_class_are_listed_once_for_all_programs(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[tuple[str, frozenset[str]]] = []
    real = Texts.hold

    def hold(self: Texts, path: str, literals: frozenset[str]) -> bool:
        listed.extend([(path, literals)] if literals == {"Data"} else [])
        return real(self, path, literals)

    monkeypatch.setattr(Texts, "hold", hold)
    data = (
        "import random\n\n\nclass Data:\n    def __init__(self, shift):\n        self.shift = shift\n\n"
        "    def item(self):\n        if self.shift:\n            return random.random()\n        return 0\n"
    )
    program = 'import data\n\nif __name__ == "__main__":\n    data.Data(False).item()\n'
    programs = [f"run{number}.py" for number in range(10)]
    scanned = project({"data.py": data, **dict.fromkeys(programs, program)})
    assert all(verdicts(scanned, path) == () for path in programs)
    assert len(listed) == len(set(listed)) == len(programs) + 1


def test_options_that_many_calls_spread_are_looked_into_once(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[ast.expr] = []
    real = spread._is_changed

    def is_changed(module: ModuleFacts, use: ast.expr) -> bool:
        looked_at.append(use)
        return real(module, use)

    monkeypatch.setattr(spread, "_is_changed", is_changed)
    text = (
        "import random\n\noptions = dict(shift=False)\n\n\nclass Data:\n    def __init__(self, shift):\n"
        "        self.shift = shift\n\n    def item(self):\n        if self.shift:\n            random.random()\n\n\n"
        + "Data(**options).item()\n"
        * TIMES
    )
    assert verdicts(project({"train.py": text}), "train.py") == ()
    assert len(looked_at) == TIMES


def test_names_that_lead_to_one_text_in_many_ways_are_asked_once(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ast.expr] = []
    real = textvalues._sources

    def sources(evaluator: Evaluator, node: ast.expr, frame: Frame) -> list[tuple[ast.expr, Frame]]:
        asked.append(node)
        return real(evaluator, node, frame)

    monkeypatch.setattr(textvalues, "_sources", sources)
    loops = "".join(f"for x{n} in [{', '.join([f'x{n + 1}'] * 8)}]:\n    pass\n" for n in (3, 2, 1, 0))
    text = f"import random\nx4 = make()\n{loops}random.seed(hash(x0))\nrandom.random()\n"
    verdicts(project({"train.py": text}), "train.py")
    assert len(asked) == len(set(asked))


def test_what_objects_of_a_class_keep_is_asked_once(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = unset.kept_parameter

    def kept(given: ast.Attribute, holder: ast.ClassDef, module: ModuleFacts) -> ast.Name | None:
        asked.append(given.attr)
        return real(given, holder, module)

    monkeypatch.setattr(unset, "kept_parameter", kept)
    methods = "".join(f"    def go{n}(self):\n        return default_rng(self.seed)\n" for n in range(TIMES))
    made = project(
        {
            "train.py": "from numpy.random import default_rng\nclass Sampler:\n    def __init__(self, seed=None):\n"
            f"        self.seed = seed\n{methods}Sampler()\n"
        }
    )
    module = made.module("train.py")
    assert module is not None
    seeds = [call.args[0] for call, _, _ in module.index.calls if call.args]
    assert len(seeds) == TIMES
    assert all(unset.is_unset(seed, module) for seed in seeds)
    assert asked == ["seed"]


def test_a_name_that_stands_everywhere_is_taken_for_read_behind_a_loop(project: MakeProject) -> None:
    loop = "    while nodes:\n        node = nodes.pop()\n        seen.add(node)\n"
    module = project({"a.py": "def walk(nodes, seen):\n" + loop * (MAX_PLACES // 2 + 1)}).module("a.py")
    assert module is not None
    pops = [call for call, _, _ in module.index.calls if getattr(call.func, "attr", "") == "pop"]
    assert [worked_off(module, call) for call in pops[-1:]] == [None]


def test_a_turn_of_many_statements_is_taken_to_show_the_order(project: MakeProject) -> None:
    turn = "    while nodes:\n        node = nodes.pop()\n" + "        seen.add(node)\n" * MAX_STATEMENTS
    module = project({"a.py": f"def walk(nodes, seen):\n{turn}"}).module("a.py")
    assert module is not None
    (pop,) = [call for call, _, _ in module.index.calls if getattr(call.func, "attr", "") == "pop"]
    assert worked_off(module, pop) is None


def test_a_table_that_holds_one_function_of_a_library_many_times_is_called_once(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    real = OutsideCalls.call

    def call(self: OutsideCalls, name: str, node: ast.Call, frame: Frame) -> None:
        called.append(name)
        real(self, name, node, frame)

    monkeypatch.setattr(OutsideCalls, "call", call)
    table = "".join(f"    'k{n}': np.random.rand,\n" for n in range(TIMES))
    calls = "".join(f"draws['k{n}'](3)\n" for n in range(TIMES))
    (verdict,) = verdicts(project({"a.py": f"import numpy as np\ndraws = {{\n{table}}}\n{calls}"}), "a.py")
    assert verdict.draw_count == TIMES
    assert len(called) <= 2 * TIMES


@pytest.mark.parametrize("name", ["rng", "rng{}"])
def test_what_is_done_with_each_of_many_generators_is_put_in_order_once(
    name: str, project: MakeProject, ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[ast.AST] = []
    real = ast.unparse

    def unparse(node: ast.AST) -> str:
        written.append(node)
        return real(node)

    monkeypatch.setattr(ast, "unparse", unparse)
    made = "{0} = np.random.default_rng()\n{0}.random()\n"
    scanned = project({"a.py": "import numpy as np\n" + "".join(made.format(name.format(n)) for n in range(TIMES))})
    module = scanned.module("a.py")
    assert module is not None
    rule = next(rule for rule in ruleset.rules if rule.id == "RA110")
    matcher = find_matcher(rule.match.kind)
    assert matcher is not None
    assert len(list(matcher.find(rule, module, scanned))) == TIMES
    assert len(written) <= 10 * TIMES


def _function(project: Project, path: str, name: str) -> Function:
    module = project.module(path)
    assert module is not None
    return next(
        node for node, found in module.index.functions.items() if found.endswith(name) and isinstance(node, Function)
    )


def test_the_bases_of_a_class_are_looked_up_once(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = "".join(f"class C{number + 1}(C{number}):\n    pass\n" for number in range(TIMES))
    module = project({"a.py": f"class C0:\n    pass\n{chain}"}).module("a.py")
    assert module is not None
    last = module.tree.body[-1]
    assert isinstance(last, ast.ClassDef)
    asked: list[ClassRef] = []

    def bases(cls: ClassRef) -> list[Value]:
        asked.append(cls)
        return members.bases(cls)

    monkeypatch.setattr(facts, "bases", bases)
    assert {len(module.base_classes(last)) for _ in range(TIMES)} == {TIMES}
    assert len(asked) == TIMES + 1


def test_what_a_call_does_to_weights_is_asked_once(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = "".join(f"f({number})\n" for number in range(TIMES))
    text = f"import random\ndef f(x):\n    print(x)\n    return random.random()\n{calls}"
    asked: list[ast.Call] = []

    def loads_weights(node: ast.Call, name: str | None) -> bool:
        asked.append(node)
        return weights.loads_weights(node, name)

    monkeypatch.setattr(callwalk, "loads_weights", loads_weights)
    assert verdicts(project({"a.py": text}), "a.py")
    assert len(asked) == len(set(asked)) == TIMES + 2


def test_a_row_that_is_unpacked_is_sought_in_the_loop_around_it(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    loops = "for batch in load():\n    x, y = batch\n    x.to(y)\n" * TIMES
    asked: list[ast.expr] = []
    along = Contents._along

    def counted(self: Contents, module: ModuleFacts, node: ast.expr, places: tuple[int, ...]) -> Iterator[Value]:
        asked.append(node)
        return along(self, module, node, places)

    monkeypatch.setattr(Contents, "_along", counted)
    verdicts(project({"a.py": f"import random\nfrom data import load\n{loops}print(random.random())\n"}), "a.py")
    assert len(asked) <= TIMES * TIMES


def test_the_classes_of_a_file_are_listed_once_for_all_draws_that_come_too_early(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[ast.ClassDef] = []
    methods = constructed._methods

    def counted(holder: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        listed.append(holder)
        return methods(holder)

    monkeypatch.setattr(constructed, "_methods", counted)
    early = "".join(f"def early{i}():\n    random.random()\n\n\nearly{i}()\n" for i in range(TIMES))
    constructor = "    def __init__(self):\n        random.seed(1)\n\n"
    box = f"class Box:\n{constructor}    def draw(self):\n        random.random()\n\n\n"
    scanned = project({"a.py": f"import random\n\n{box}{early}Box().draw()\n"})
    assert [verdict.status for verdict in verdicts(scanned, "a.py")] == [SeedStatus.TOO_LATE]
    assert len(listed) == 1


def test_a_file_is_searched_once_for_all_switches_that_something_may_turn_on(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []
    put_on = modes._put_on

    def counted(path: str, project: Project) -> tuple[frozenset[bytes], frozenset[bytes]]:
        searched.append(path)
        return put_on(path, project)

    monkeypatch.setattr(modes, "_put_on", counted)
    switches = "".join(f"OFF{i} = False\n" for i in range(TIMES))
    draws = "".join(f"if OFF{i}:\n    random.random()\n" for i in range(TIMES))
    text = f"import random\n{switches}{draws}setattr(random, 'other', 3)\n"
    assert not verdicts(project({"a.py": text}), "a.py")
    assert searched == ["a.py"]


def test_a_function_is_walked_once_for_all_tensors_that_it_makes(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked: list[ast.AST] = []

    def counted(node: ast.AST) -> Iterator[ast.AST]:
        walked.append(node)
        return walk(node)

    for module in (flow, initialweights):
        monkeypatch.setattr(module, "walk", counted)
    made = "".join(f"    x{i} = torch.randn({i})\n    print(x{i})\n" for i in range(TIMES))
    assert verdicts(project({"a.py": f"import torch\n\n\ndef go():\n{made}\n\ngo()\n"}), "a.py")
    assert len([node for node in walked if isinstance(node, ast.FunctionDef)]) == 1


def test_places_above_a_binding_are_told_by_their_lines(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[ast.AST] = []
    enclosing_function = ModuleFacts.enclosing_function

    def counted(self: ModuleFacts, node: ast.AST) -> Function | None:
        asked.append(node)
        return enclosing_function(self, node)

    loops = "".join("    for x in {a, b}:\n        rows.append(x)\n" for _ in range(TIMES))
    module = project({"a.py": f"def go(a, b):\n    rows = []\n{loops}    print(len(rows))\n"}).module("a.py")
    assert module is not None
    monkeypatch.setattr(ModuleFacts, "enclosing_function", counted)
    sets = [node for node in walk(module.tree) if isinstance(node, ast.Set)]
    assert not any(ordered_use(module, node, Kind.SET) for node in sets)
    assert len(asked) < TIMES * TIMES


def test_calls_on_the_way_to_draws_are_placed_once(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    placed: list[ast.AST] = []
    location = ModuleFacts.location

    def counted(self: ModuleFacts, node: ast.AST) -> Location:
        placed.append(node)
        return location(self, node)

    early = "".join(f"def early{i}():\n    return random.random()\n\n\nprint(early{i}() + 1)\n" for i in range(TIMES))
    scanned = project({"a.py": f"import random\n\n{early}random.seed(1)\nrandom.random()\n"})
    module = scanned.module("a.py")
    (verdict,) = verdicts(scanned, "a.py")
    assert module is not None
    monkeypatch.setattr(ModuleFacts, "location", counted)
    assert not any(is_for_looking(draw, scanned) for draw in verdict.draws)
    assert verdict.draws
    assert len(placed) == len(set(placed))


def test_what_a_name_is_kept_in_is_asked_once(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[ast.AST | None] = []
    keeps = initialweights._keeps

    def counted(module: ModuleFacts, node: ast.AST | None) -> bool:
        asked.append(node)
        return keeps(module, node)

    monkeypatch.setattr(initialweights, "_keeps", counted)
    made = "".join(f"    w = torch.randn({i})\n    net.w{i} = torch.nn.Parameter(w)\n" for i in range(TIMES))
    found = verdicts(project({"a.py": f"import torch\n\n\ndef go(net):\n{made}\n\ngo(net)\n"}), "a.py")
    assert [verdict.status for verdict in found] == [SeedStatus.UNSEEDED]
    assert len(asked) == 2 * TIMES
