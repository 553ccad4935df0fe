"""Rules × facts: the order, the keys, the places, and that nothing stops a scan."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import RuleError
from auditor.model.finding import Finding
from auditor.model.rule import Confidence, Match, Severity
from auditor.ruleset import Ruleset
from auditor.static.engine import Analysis, Engine, find_files
from auditor.static.files.discovery import Discovery

FILES = {
    "train.py": """
        import random, os
        import numpy as np
        from lib.data import load

        def main():
            for name in os.listdir("."):
                print(name)
            load()
            random.shuffle([1])

        if __name__ == "__main__":
            main()
        """,
    "evaluate.py": "from lib.data import load\nload()\n",
    "lib/__init__.py": "",
    "lib/data.py": "import numpy as np\n\ndef load():\n    return np.random.rand(3)\n",
}


@pytest.fixture
def analyse(discover: Callable[..., Discovery], ruleset: Ruleset) -> Callable[..., Analysis]:
    def analyse_files(files: dict[str, str | bytes]) -> Analysis:
        return Engine(ruleset, ruleset.rules).analyse(discover(files))

    return analyse_files


def of(found: Analysis, rule: str) -> list[Finding]:
    return [finding for finding in found.findings if finding.rule_id == rule]


def test_one_finding_a_program_and_library(analyse: Callable[..., Analysis]) -> None:
    found = analyse(FILES)
    assert found.entry_points == ("evaluate.py", "train.py")
    assert [finding.entry_points for finding in of(found, "RA102")] == [("evaluate.py",), ("train.py",)]
    assert [finding.location.path for finding in of(found, "RA102")] == ["lib/data.py", "lib/data.py"]
    assert len({finding.key for finding in found.findings}) == len(found.findings)


@pytest.mark.parametrize(
    "source",
    [
        "out = torch.zeros(9, 3)\nindex = index.view(-1)\nout[index] = rows\n",
        "out = torch.zeros(9, 3)\nindex = index[0]\nout[index.view(-1)] = rows\n",
        "net = torch.nn.Linear(3, 3)\nstored = stored['model']\nnet.load_state_dict(stored)\n",
        "files = os.listdir('d')\nepochs = list(epochs)\nlast = files[np.argmax(epochs)]\n",
    ],
)
def test_a_name_from_elsewhere_that_is_made_of_itself_ends_no_scan(
    analyse: Callable[..., Analysis], source: str
) -> None:
    """It is bound once in the file: what it was before comes from another one."""
    found = analyse(
        {"train.py": f"import os\nimport numpy as np\nimport torch\nfrom names import *\n\n{source}print(1)\n"}
    )
    assert not found.skipped


def test_a_seed_from_the_clock_names_what_it_stands_under(analyse: Callable[..., Analysis]) -> None:
    start = "import argparse, time\nimport numpy as np\nparser = argparse.ArgumentParser()\n"
    options = "parser.add_argument('--evolve', type=int)\nopt = parser.parse_args()\n"
    seed = "np.random.seed(int(time.time()))\n"
    under = f"if opt.evolve:\n    {seed}    print(np.random.rand())\n"
    (found,) = of(analyse({"train.py": f"{start}{options}{under}"}), "RA109")
    assert "(the time of day) under `opt.evolve`, which is another value in each run" in found.message
    assert found.confidence is Confidence.MEDIUM
    (found,) = of(analyse({"train.py": f"{start}{options}{seed}print(np.random.rand())\n"}), "RA109")
    assert "(the time of day), which is another value in each run" in found.message
    assert found.confidence is Confidence.HIGH


def test_what_stands_in_is_told_of_the_programs_that_need_it(analyse: Callable[..., Analysis]) -> None:
    found = analyse(
        {
            "lib.py": "import numpy as np\ndef draw(rng=None):\n    return (rng or np.random.default_rng()).random()\n",
            "handing.py": "import numpy as np\nfrom lib import draw\nprint(draw(np.random.default_rng(3)))\n",
            "leaving.py": "from lib import draw\nprint(draw())\n",
        }
    )
    assert [(finding.location.path, finding.entry_points) for finding in of(found, "RA110")] == [
        ("lib.py", ("leaving.py",))
    ]


def test_findings_carry_source_and_place(analyse: Callable[..., Analysis]) -> None:
    finding = of(analyse(FILES), "RA101")[0]
    assert finding.source_lines == ("    random.shuffle([1])",)
    assert (finding.location.line, finding.location.column, finding.location.function) == (9, 5, "main")


def test_columns_count_characters(analyse: Callable[..., Analysis]) -> None:
    found = analyse({"a.py": "import random\nx = 'äöü€', random.random()\n"})
    location = of(found, "RA101")[0].location
    assert (location.column, location.end_column) == (13, 28)


def test_the_order_is_severity_then_place(analyse: Callable[..., Analysis]) -> None:
    found = analyse(FILES).findings
    ranks = [list(Severity).index(finding.severity) for finding in found]
    assert ranks == sorted(ranks)
    for severity in Severity:
        places = [(f.location.path, f.location.line) for f in found if f.severity is severity]
        assert places == sorted(places)


def test_keys_survive_line_shifts_and_reformatting(analyse: Callable[..., Analysis], tmp_path: Path) -> None:
    before = {finding.key for finding in analyse(FILES).findings}
    moved = {name: f"# a comment\n\n{text.strip()}\n".replace("\n        ", "\n") for name, text in FILES.items()}
    assert {finding.key for finding in analyse(moved).findings} == before


def test_equal_lines_have_keys_of_their_own(analyse: Callable[..., Analysis]) -> None:
    source = "import numpy as np\nx = np.random.default_rng()\nx = np.random.default_rng()\n"
    found = analyse({"a.py": source}).findings
    assert len(found) == 2
    assert len({finding.key for finding in found}) == len(found)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("broken.py", b"def f(:\n"),
        ("old.py", b"print 'x'\n"),
        ("bytes.py", b"\xff\xfe\x00"),
        ("deep.py", b"x = " + b"-" * 100_000 + b"1"),
        ("chain.py", b"import random\nx = random" + b".a" * 3_000 + b"()\n"),
        ("sum.py", b"import random\nx = " + b" + ".join([b"random.random()"] * 3_000) + b"\n"),
        ("calls.py", b"import random\nrandom" + b".random()" * 600 + b"\n"),
        ("broken.ipynb", b"{"),
    ],
)
def test_a_bad_file_is_skipped_and_the_others_are_scanned(
    analyse: Callable[..., Analysis], name: str, raw: bytes
) -> None:
    found = analyse({name: raw, "a.py": "import random\nrandom.random()\n"})
    assert [finding.location.path for finding in of(found, "RA101") if finding.location.path == "a.py"] == ["a.py"]
    if name not in ("chain.py", "sum.py", "calls.py"):
        assert [skipped.subject for skipped in found.skipped] == [name]


def test_notebooks_have_cells(analyse: Callable[..., Analysis]) -> None:
    cells = ["%matplotlib inline\nimport random", "x = 1\nrandom.random()"]
    text = json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]})
    location = of(analyse({"a.ipynb": text}), "RA101")[0].location
    assert (location.cell, location.line, location.end_line) == (2, 2, 2)


def test_tests_get_no_findings_of_their_own(analyse: Callable[..., Analysis]) -> None:
    assert analyse({"tests/test_a.py": "import os\nfor x in os.listdir('.'):\n    print(x)\n"}).findings == ()


def test_an_unknown_kind_of_match_is_the_rules_error(ruleset: Ruleset) -> None:
    rule = dataclasses.replace(ruleset.rules[0], match=Match(kind="telepathy", options={}))
    with pytest.raises(RuleError, match=r"match\.kind: there is no `telepathy`; known are"):
        Engine(ruleset, [rule])


def test_wrong_options_are_the_rules_error(ruleset: Ruleset) -> None:
    rule = dataclasses.replace(
        ruleset.rules[0], match=Match(kind="seeding", options={"status": "unseeded", "nonsense": 1})
    )
    with pytest.raises(RuleError, match="nonsense"):
        Engine(ruleset, [rule])


def test_a_scan_that_is_cancelled_keeps_what_it_has(discover: Callable[..., Discovery], ruleset: Ruleset) -> None:
    found = Engine(ruleset, ruleset.rules).analyse(discover(FILES), cancelled=lambda: True)
    assert found.findings == ()


SCRIPT = """
import sys
from pathlib import Path
from auditor.ruleset import load
from auditor.static.engine import Engine, find_files
root = Path(sys.argv[1])
ruleset = load()
paths = [root / name for name in sys.argv[2:]]
found = Engine(ruleset, ruleset.rules).analyse(find_files(root, paths, ()))
print(found)
"""


def test_output_does_not_depend_on_order_or_hash_seed(write: Callable[..., Path]) -> None:
    root = write(FILES | {"lib/more.py": "import os\nx = {1, 2}\nfor y in set('ab'):\n    print(y, os.listdir('.'))\n"})
    outputs = set()
    for seed, names in (("0", ("train.py", "evaluate.py", "lib")), ("1", ("lib", "evaluate.py", "train.py"))):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(root), *names],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        outputs.add(run.stdout)
    assert len(outputs) == 1


def test_modules_outside_the_asked_paths_are_followed_but_not_reported(
    write: Callable[..., Path], ruleset: Ruleset
) -> None:
    root = write(
        {
            "pyproject.toml": "",
            "train.py": "import random\nfrom lib import seed\nseed()\nrandom.random()\n",
            "lib.py": "import random, os\ndef seed():\n    random.seed(0)\nfor x in os.listdir('.'):\n    print(x)\n",
        }
    )
    found = Engine(ruleset, ruleset.rules).analyse(find_files(root, [root / "train.py"], ()))
    assert found.files == 1
    assert found.findings == ()
