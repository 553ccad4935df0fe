"""Laws of a scan: nothing crashes it, comments only shift lines, twice is the same."""

from __future__ import annotations

import ast
import random
import sysconfig
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.ruleset import Ruleset
from auditor.static.engine import Analysis, Engine, find_files

NAMES = (
    "random",
    "np",
    "torch",
    "x",
    "self",
    "f",
    "A",
    "seed",
    "shuffle",
    "args",
    "os",
    "listdir",
    "DataLoader",
    "None",
)

names = st.sampled_from(NAMES)
expressions = st.recursive(
    st.one_of(names, st.sampled_from(["0", "'a'", "None", "True", "[]", "{1, 2}", "lambda: random.random()"])),
    lambda inner: st.one_of(
        st.builds("{}.{}".format, inner, names),
        st.builds("{}({})".format, inner, inner),
        st.builds("{}({}={})".format, inner, names, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("[{} for {} in {}]".format, inner, st.sampled_from(["x", "random"]), inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("({} is not {})".format, inner, inner),
        st.builds("(x := {})".format, inner),
    ),
    max_leaves=8,
)
targets = st.sampled_from(["x", "random", "np", "self.x", "x.seed", "args.seed", "x, f", "x[0]"])
simple = st.one_of(
    expressions,
    st.builds("{} = {}".format, targets, expressions),
    st.builds("x += {}".format, expressions),
    st.sampled_from(
        [
            "import random",
            "import numpy as np, torch",
            "import a.b, a",
            "from . import x",
            "from .. import f",
            "from random import *",
            "from a import x as random",
            "from torch.utils.data import DataLoader",
            "print(x)",
            "raise x",
            "global random",
            "del x",
            "pass",
            "lambda: x",
            "args = x.parse_args()",
            "x.add_argument('--seed', default=None)",
            "random.seed(args.seed)",
            "np.random.seed(seed)",
            "random.shuffle(x)",
            "f()",
        ]
    ),
)


def block(statements: list[str]) -> str:
    return "\n".join("    " + line for statement in statements for line in statement.splitlines())


compound = st.deferred(
    lambda: st.builds(
        "{}\n{}".format,
        st.one_of(
            st.builds("if {}:".format, expressions),
            st.builds("for {} in {}:".format, st.sampled_from(["x", "random", "x, f"]), expressions),
            st.builds("while {}:".format, expressions),
            st.builds("with {} as x:".format, expressions),
            st.sampled_from(
                [
                    "def f(x=None, *args, seed=0, **k):",
                    "def f():",
                    "async def f(random):",
                    "class A(A, torch.nn.Module):",
                    "class A:",
                    "@f\ndef f(self):",
                    "@x.command()\ndef f(seed=None):",
                    "if __name__ == '__main__':",
                ]
            ),
        ),
        st.lists(statements, min_size=1, max_size=4).map(block),
    )
)
statements = st.one_of(simple, compound)
sources = st.lists(statements, max_size=12).map("\n".join)


@pytest.fixture(scope="module")
def analyse(ruleset: Ruleset, tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, bytes]], Analysis]:
    engine = Engine(ruleset, ruleset.rules)
    root = tmp_path_factory.mktemp("generated")

    def analyse_files(files: dict[str, bytes]) -> Analysis:
        for old in root.iterdir():
            old.unlink()
        for name, raw in files.items():
            (root / name).write_bytes(raw)
        return engine.analyse(find_files(root, [root], ()))

    return analyse_files


fuzzing = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@fuzzing
@given(main=sources, other=sources)
def test_no_generated_program_crashes_a_scan(
    analyse: Callable[[dict[str, bytes]], Analysis], main: str, other: str
) -> None:
    files = {"main.py": main.encode(), "a.py": other.encode()}
    assert analyse(files) == analyse(files)


@fuzzing
@given(source=sources, where=st.integers(0, 40))
def test_a_comment_shifts_lines_and_nothing_else(
    analyse: Callable[[dict[str, bytes]], Analysis], source: str, where: int
) -> None:
    lines = source.split("\n")
    at = min(where, len(lines))
    commented = "\n".join([*lines[:at], "# nothing", *lines[at:]])

    def shifted(found: Analysis, by: int) -> list[tuple[object, ...]]:
        return [
            (finding.rule_id, finding.location.line + (by if finding.location.line > at else 0), finding.key)
            for finding in found.findings
        ]

    before = analyse({"main.py": source.encode()})
    after = analyse({"main.py": commented.encode()})
    assert shifted(before, 1) == shifted(after, 0)


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """The kind of damage that editors, merges and disks do."""
    lines = raw.split(b"\n")
    for _ in range(chance.randint(1, 6)):
        kind = chance.randrange(7)
        at = chance.randrange(len(lines))
        other = chance.randrange(len(lines))
        if kind == 0:
            del lines[at]
            lines = lines or [b""]
        elif kind == 1:
            lines.insert(at, lines[other])
        elif kind == 2:
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == 3:
            lines[at] = b"    " + lines[at]
        elif kind == 4:
            lines[at] = lines[at].replace(chance.choice([b"(", b")", b":", b"=", b".", b"'"]), b"", 1)
        elif kind == 5:
            lines.insert(at, chance.choice(FRAGMENTS))
        else:
            cut = chance.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:cut] + bytes([chance.randrange(256)]) + lines[at][cut:]
    return b"\n".join(lines)


FRAGMENTS = (
    b"import random, numpy as np, torch",
    b"random.shuffle(x)",
    b"if __name__ == '__main__': main()",
    b"from . import *",
    b"# repro-audit: allow RA101",
    b"torch.manual_seed(args.seed)",
    b"<<<<<<< HEAD",
    b"random = random.random",
)


def library_files() -> list[Path]:
    folder = Path(sysconfig.get_paths()["stdlib"])
    return sorted(path for path in folder.glob("*.py") if path.stat().st_size < 60_000)


def test_no_mutated_file_crashes_a_scan(analyse: Callable[[dict[str, bytes]], Analysis]) -> None:
    chance = random.Random(7)
    paths = library_files()
    for _ in range(60):
        chosen = {f"m{number}.py": mutated(chance.choice(paths).read_bytes(), chance) for number in range(3)}
        analyse(chosen)


def test_sources_are_python_often_enough_for_these_laws_to_mean_something() -> None:
    """Guards the generator: a law over files that never parse would hold for nothing."""
    found: list[bool] = []

    @settings(deadline=None, max_examples=100, database=None, derandomize=True)
    @given(source=sources)
    def collect(source: str) -> None:
        try:
            ast.parse(source)
        except SyntaxError:
            found.append(False)
        else:
            found.append(bool(source))

    collect()
    assert sum(found) > len(found) / 2


def test_replacing_the_root_changes_no_key(ruleset: Ruleset, tmp_path: Path) -> None:
    engine = Engine(ruleset, ruleset.rules)
    analyses = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text("import random\nrandom.random()\n")
        analyses.append(engine.analyse(find_files(tmp_path / name, [tmp_path / name], ())))
    assert replace(analyses[0]) == analyses[1]
