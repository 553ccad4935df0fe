"""A kept result is given again only where a scan from scratch would give the same."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.model.report import AuditReport
from auditor.services.scan import scan
from auditor.services.scan_cache import cache_folder
from auditor.services.scan_store import MAX_ENTRIES
from auditor.services.settings import Settings
from auditor.static import project as project_module
from auditor.static.engine import Engine
from auditor.static.programwide import programgroups, programs
from auditor.static.reuse import programfacts
from auditor.static.scanning import shifts, syntaxcheck
from auditor.static.scanning.judging import Judging
from auditor.static.scanning.passes import Passes
from auditor.static.syntax import source

MAIN = "\n\nif __name__ == '__main__':\n    print(random.random(), load())\n"
FILES = {
    "train.py": "import random\nfrom lib.data import load" + MAIN,
    "lib/__init__.py": "",
    "lib/data.py": "import numpy as np\n\n\ndef load():\n    return np.random.rand(3)\n",
    "lib/seeds.py": "import numpy as np\n\n\ndef seed_all():\n    np.random.seed(0)\n",
    "pyproject.toml": "[project]\nname = 'demo'\n",
}


@pytest.fixture(autouse=True)
def cache_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    settle(root)
    return root


def settle(root: Path) -> None:
    """Let everything be older than this moment, as files mostly are."""
    time.sleep(0.02)


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one whenever files are really looked at."""
    made: list[int] = []
    analyse = Engine.analyse

    def counting(self: Engine, *args: object, **words: object) -> object:
        made.append(1)
        return analyse(self, *args, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "analyse", counting)
    return made


def cached(root: Path, **words: object) -> AuditReport:
    return scan([root], Settings(**words), root=root, cached=True)  # type: ignore[arg-type]


def cold(root: Path, **words: object) -> AuditReport:
    return scan([root], Settings(**words), root=root)  # type: ignore[arg-type]


def test_an_unchanged_tree_is_not_looked_at_again(project: Path, scans: list[int]) -> None:
    first = cached(project)
    assert cached(project) == first == cold(project)
    assert len(scans) == 2


def test_a_pipe_with_a_python_name_holds_nothing_up(project: Path) -> None:
    os.mkfifo(project / "pipe.py")
    settle(project)
    first = cached(project)
    assert cached(project) == first == cold(project)
    assert [(entry.subject, entry.reason) for entry in first.skipped] == [("pipe.py", "not a regular file")]


def test_nothing_is_kept_unless_asked_for(project: Path, cache_home: Path) -> None:
    cold(project)
    assert not (cache_home / "repro-audit" / "scan").exists()


def test_other_settings_have_their_own_result(project: Path) -> None:
    everything = cached(project)
    assert cached(project, ignore=("RA101",)) == cold(project, ignore=("RA101",)) != everything


def edit_in_place(root: Path) -> None:
    """The same size and the same times, as far as a program can set them."""
    path = root / "lib/data.py"
    before = path.stat()
    path.write_text(path.read_text().replace("rand(3)", "seed(3)"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file": lambda root: (root / "lib/data.py").write_text("def load():\n    return 3\n"),
    "a file, keeping its times": edit_in_place,
    "a new file": lambda root: (root / "more.py").write_text(
        "import os\nfor name in os.listdir('.'):\n    print(name)\n"
    ),
    "a removed file": lambda root: (root / "lib/data.py").unlink(),
    "a comment that allows": lambda root: (root / "train.py").write_text(
        FILES["train.py"].replace("load())", "load())  # repro-audit: allow RA101 because it is a demonstration")
    ),
    "a console script": lambda root: (root / "pyproject.toml").write_text(
        "[project]\nname = 'demo'\n[project.scripts]\nload = 'lib.data:load'\n"
    ),
    "a file that grows beyond what is looked at": lambda root: put(
        root, "lib/seeds.py", f"x = 1  # {'x' * source.MAX_BYTES}\n"
    ),
    "a document in a folder": lambda root: put(root, "docker/Dockerfile", "FROM pytorch/pytorch:latest\n"),
    "an ignore file": lambda root: (root / ".gitignore").write_text("train.py\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_after_a_change_the_result_is_that_of_a_scan_from_scratch(
    project: Path, change: Callable[[Path], object]
) -> None:
    before = cached(project)
    change(project)
    after = cached(project)
    assert after == cold(project) != before


RULE = """schema = 1
id = "TEAM101"
name = "our-own"
title = "Ours"
category = "seeding"
severity = "warning"
confidence = "high"
explanation = "Ours."

[match]
kind = "call"
callee = ["numpy.random.rand"]

[fix]
summary = "do not"

[[example]]
bad = "import numpy\\nnumpy.random.rand(3)"
finds = [2]

[[example]]
good = "x = 1"
"""


def test_a_rule_that_changes_and_keeps_its_size_and_time_is_read_again(project: Path, tmp_path: Path) -> None:
    rule = tmp_path / "team" / "TEAM101.toml"
    rule.parent.mkdir()
    rule.write_text(RULE)
    os.utime(rule, ns=(10**18, 10**18))
    before = cached(project, rules=(rule.parent,))
    settle(project)
    rule.write_text(RULE.replace("Ours", "Mine"))
    os.utime(rule, ns=(10**18, 10**18))
    after = cached(project, rules=(rule.parent,))
    assert after == cold(project, rules=(rule.parent,)) != before


TIES = """import torch


class Net(torch.nn.Module):
    def forward(self, x):
        value, index = torch.kthvalue(x, 2)
        return x[index]


torch.manual_seed(0)
print(Net().cuda()(torch.ones(3)))
"""


SITE = ".venv/lib/python3.11/site-packages"


@pytest.mark.parametrize("name", ["deps/base.txt", "requirements/base.txt", f"{SITE}/torch-2.6.0.dist-info/top"])
def test_other_versions_are_seen_wherever_they_are_written(project: Path, name: str) -> None:
    (project / "ties.py").write_text(TIES)
    (project / "requirements.txt").write_text("-r deps/base.txt\n")
    put(project, name, "torch==2.6.0\n")
    settle(project)
    old = cached(project)
    if name.startswith(SITE):
        (project / SITE / "torch-2.6.0.dist-info").rename(project / SITE / "torch-2.12.0.dist-info")
    else:
        put(project, name, "torch==2.12.0\n")
    new = cached(project)
    assert new == cold(project)
    assert ["RA227" in {each.rule_id for each in report.findings} for report in (old, new)] == [True, False]


def test_a_file_outside_what_is_scanned_counts_too(project: Path) -> None:
    def only_train() -> AuditReport:
        return scan([project / "train.py"], Settings(), root=project, cached=True)

    before = only_train()
    settle(project)
    (project / "lib/data.py").write_text("import numpy as np\n\n\ndef load():\n    np.random.seed(0)\n    return 1\n")
    assert only_train() == scan([project / "train.py"], Settings(), root=project) != before


def test_any_row_of_edits_gives_what_scans_from_scratch_give(project: Path) -> None:
    rng = random.Random(7)
    lines = [
        "import random",
        "x = random.random()",
        "random.seed(0)",
        "from lib.seeds import seed_all",
        "seed_all()",
        "",
    ]
    for _ in range(25):
        path = project / rng.choice(["train.py", "lib/data.py", "lib/seeds.py", "other.py"])
        path.write_text("\n".join(rng.choice(lines) for _ in range(rng.randrange(6))))
        assert cached(project) == cold(project)
        assert cached(project) == cold(project)


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def notebook(code: str) -> str:
    cell = {"cell_type": "code", "source": code, "metadata": {}, "outputs": [], "execution_count": None}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


SOURCES = [
    "",
    "import random\nx = random.random()\n",
    "import numpy as np\n\n\ndef load():\n    return np.random.rand(3)\n",
    "import numpy as np\n\n\ndef seed_all():\n    np.random.seed(0)\n",
    "from lib.seeds import seed_all\nfrom utils import load\n\nseed_all()\n" + MAIN,
    "from .data import *\nfrom . import seeds\n\nseeds.seed_all()\n",
    "import sys\n\nsys.path.append('other')\nimport data, utils\n\nfor item in data.load():\n    print(item)\n",
    "import lib.data\nimport deep.lib.data as again\n\nif __name__ == '__main__':\n    lib.data.load(again.load())\n",
    "def broken(:\n",
]
NAMES = [
    "train.py", "utils.py", "data.py", "numpy.py", "random.py", "lib/utils.py", "lib/data.py", "lib/seeds.py",
    "lib/__init__.py", "lib/deep/__init__.py", "__init__.py", "other/data.py", "other/__init__.py", "src/lib/data.py",
    "src/utils.py", "numpy/__init__.py", "tests/data.py", "test_data.py", "deep/lib/data.py",
]  # fmt: skip
FOLDERS = ["lib", "other", "src", "tests", "deep", "numpy", "deep/lib"]


def come_or_go(root: Path, rng: random.Random) -> None:
    """One edit after which other files are found, or the same ones elsewhere."""
    name, other, folder, target = rng.choice(NAMES), rng.choice(NAMES), rng.choice(FOLDERS), rng.choice(FOLDERS)
    kind = rng.randrange(8)
    if kind < 3:
        if not (root / name).parent.is_file():
            put(root, name, rng.choice(SOURCES))
    elif kind == 3:
        (root / name).unlink(missing_ok=True)
    elif kind == 4 and (root / name).exists():
        (root / other).parent.mkdir(parents=True, exist_ok=True)
        (root / name).rename(root / other)
    elif kind == 5 and (root / folder).exists() and not (root / target).exists() and not target.startswith(folder):
        (root / target).parent.mkdir(parents=True, exist_ok=True)
        (root / folder).rename(root / target)
    elif kind == 6:
        put(root, rng.choice(["note.ipynb", "lib/note.ipynb"]), notebook(rng.choice(SOURCES)))
    elif kind == 7:
        put(root, ".gitignore", rng.choice(["", "train.py\n", "lib/\n", "*.ipynb\n", "/data.py\n"]))


@pytest.mark.parametrize("seed", range(4))
def test_after_files_came_and_went_the_result_is_what_scans_from_scratch_give(project: Path, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(25):
        come_or_go(project, rng)
        assert cached(project) == cold(project)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("moved_bytes", [70, 250])
def test_after_edits_around_the_limits_of_what_is_followed_the_result_is_what_scans_from_scratch_give(
    project: Path, monkeypatch: pytest.MonkeyPatch, seed: int, moved_bytes: int
) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr(programfacts, "MAX_MOVED_BYTES", moved_bytes)
    monkeypatch.setattr(shifts, "MAX_MOVED_BYTES", moved_bytes)
    monkeypatch.setattr(programs, "MAX_FOLLOWED_BYTES", 300)
    monkeypatch.setattr(programs, "MAX_NEAR_BYTES", 200)
    monkeypatch.setattr(programgroups, "MAX_GROUP_BYTES", 350)
    put(project, "again.py", "import random\nimport lib.data\nimport lib.seeds" + MAIN)
    for _ in range(25):
        path = project / rng.choice(["train.py", "again.py", "lib/data.py", "lib/seeds.py"])
        if rng.randrange(4):
            put(project, str(path.relative_to(project)), path.read_text() + "#" * rng.randrange(60) + "\n")
        else:
            put(project, str(path.relative_to(project)), FILES.get(path.name, rng.choice(SOURCES)))
        assert cached(project) == cold(project)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows by what each answer that is worked out is about: a file, or programs that are followed together."""
    made: list[object] = []
    each, judge = Passes._each, Judging.judge

    def noting(self: Passes, work: Callable[[object], object], *rest: object) -> object:
        def noted(item: object) -> object:
            made.append(item)
            return work(item)

        return each(self, noted, *rest)  # type: ignore[arg-type]

    def judging(self: Judging, group: tuple[str, ...]) -> object:
        made.append(group)
        return judge(self, group)

    monkeypatch.setattr(Passes, "_each", noting)
    monkeypatch.setattr(Judging, "judge", judging)
    return made


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by each program that is followed."""
    made: list[str] = []
    follow = Judging._follow

    def noting(self: Judging, program: str) -> object:
        made.append(program)
        return follow(self, program)

    monkeypatch.setattr(Judging, "_follow", noting)
    return made


def test_a_comment_in_what_a_program_reaches_in_part_leaves_what_is_known_of_it_where_as_much_is_followed(
    project: Path, answers: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "MAX_FOLLOWED_BYTES", 600)
    monkeypatch.setattr(programs, "MAX_NEAR_BYTES", 100)
    for module in (programfacts, shifts):
        monkeypatch.setattr(module, "MAX_MOVED_BYTES", 80)
    near = "import far\nimport middle\n"
    put(project, "far.py", f"import numpy as np\n\nNOISE = np.random.rand()\n{'#' * 900}\n")
    put(project, "middle.py", "import numpy as np\n\nNOISE = np.random.rand()\n")
    put(project, "near.py", near)
    put(project, "part.py", "import random\nimport near\n\nprint(random.random())\n")
    first = cached(project)
    answers.clear()
    put(project, "near.py", f"{near}# why\n")
    found = cached(project)
    assert answers == []
    assert found == cold(project)
    answers.clear()
    put(project, "near.py", f"{near}# {'why ' * 12}\n")  # there is no room for `middle.py` any more
    found = cached(project)
    assert "part.py" in str(answers)
    assert found == cold(project)
    assert found.findings != first.findings


def test_a_comment_leaves_who_calls_a_function_where_their_sizes_stay_on_one_side_of_the_limit(
    project: Path, answers: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    called = "def words(text):\n    return set(text.split())\n"
    calling = "import json\nfrom called import words\n\njson.dump(list(words('a b')), open('o.json', 'w'))\n"
    limit = len(called) + len(calling) + 100
    monkeypatch.setattr(project_module, "MAX_FOLLOWED_BYTES", limit)
    put(project, "called.py", called)
    put(project, "calling.py", calling)
    assert "RA305" in {each.rule_id for each in cached(project).findings}
    for comment, is_asked in (("# why\n", False), (f"# {'why ' * 40}\n", True)):
        answers.clear()
        put(project, "calling.py", f"{calling}{comment}")
        found = cached(project)
        assert ("called.py" in answers) is is_asked
        assert found == cold(project)


@pytest.mark.parametrize("name", ["more.py", "lib/more.py", "src/more.py", "lib/note.ipynb"])
def test_a_new_program_leaves_what_is_known_of_the_others(project: Path, answers: list[object], name: str) -> None:
    code = "import random\nprint(random.random())\nfor _ in range(3):\n    print(random.random())\n"
    cached(project)
    assert "train.py" in answers
    answers.clear()
    put(project, name, notebook(code) if name.endswith(".ipynb") else code)
    assert name in cached(project).scan.entry_points
    assert name in answers
    assert set(answers).isdisjoint({"train.py", "lib/data.py", "lib/seeds.py"})


MAIN_CALLING = "from lib.steps import often, run\n\n\ndef main():\n    "
PROGRAMS = {
    "lib/steps.py": "def run(step):\n    return step()\n\n\ndef often(step):\n    run(step)\n    run(step)\n",
    "one.py": f"import random\n{MAIN_CALLING}often(random.random)\n\n\nmain()\n",
    "two.py": f"import numpy as np\n{MAIN_CALLING}run(np.random.rand)\n\n\nmain()\n",
    "three.py": f"import random\n{MAIN_CALLING}run(print)\n\n\nmain()\nx = random.random()\n",
}
"""Programs that are followed together, and a module that draws only for those that hand it what does."""


def test_an_edited_program_leaves_those_that_are_followed_with_it(project: Path, followed: list[str]) -> None:
    for name, text in PROGRAMS.items():
        put(project, name, text)
    cached(project)
    assert {"one.py", "two.py", "three.py"} <= {*followed}
    for name in ("one.py", "two.py", "three.py"):
        followed.clear()
        put(project, name, PROGRAMS[name].replace("def main():\n", "def main():\n    print(3)\n"))
        found = cached(project)
        assert followed == [name]
        assert found == cold(project)


def test_what_an_edited_program_makes_relevant_is_followed_for_the_others_too(
    project: Path, followed: list[str]
) -> None:
    for name, text in PROGRAMS.items():
        put(project, name, text.replace("run(np.random.rand)", "run(print); np.random.rand()"))
    put(project, "one.py", PROGRAMS["one.py"].replace("often(random.random)", "often(print); random.random()"))
    cached(project)
    followed.clear()
    put(project, "two.py", PROGRAMS["two.py"])
    found = cached(project)
    assert {*followed} == {"one.py", "two.py", "three.py"}
    assert found == cold(project)


def test_a_program_whose_lines_moved_and_that_is_followed_again_is_told_as_it_is_now(project: Path) -> None:
    for name, text in PROGRAMS.items():
        put(project, name, text.replace("run(np.random.rand)", "run(print); np.random.rand()"))
    cached(project)
    put(project, "three.py", "# moves all lines\n" + PROGRAMS["three.py"])
    put(project, "two.py", PROGRAMS["two.py"])
    assert cached(project) == cold(project)


BODIES = [
    "often(random.random)", "run(print)", "run(np.random.rand)", "np.random.seed(0)", "random.seed(0)", "made = Net()",
    "Net().draw()", "TABLE['net']().draw()", "STEPS.append(np.random.rand)", "register('net', Net)", "make(3)",
    "make()", "for step in STEPS:\n        step()", "setattr(steps, 'run', print)", "steps.SEED = None",
    "seed_all()", "x = 3",
]  # fmt: skip
SHARED = """
import random
import numpy as np

TABLE, STEPS, SEED = {}, [], 3


def register(name, cls):
    TABLE[name] = cls


def make(seed=None):
    return np.random.default_rng(seed).random()


class Net:
    def draw(self):
        return BODY


def seed_all():
    if SEED is not None:
        random.seed(SEED)


def run(step):
    return step()


def often(step):
    BODY
"""
PROGRAM = """
import random
import numpy as np
from lib import steps
from lib.steps import *


def main():
    BODY
    BODY


if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("seed", range(2))
def test_after_edits_of_bodies_the_result_is_what_scans_from_scratch_give(project: Path, seed: int) -> None:
    rng = random.Random(seed)

    def write(name: str) -> None:
        text = SHARED.replace("return BODY", "return np.random.rand()") if name == "lib/steps.py" else PROGRAM
        while "BODY" in text:
            text = text.replace("BODY", rng.choice(BODIES), 1)
        put(project, name, text)

    names = ["lib/steps.py", "one.py", "two.py", "three.py"]
    for name in names:
        write(name)
    for _ in range(15):
        assert cached(project) == cold(project)
        write(rng.choice(names))


def test_renaming_a_module_leaves_what_does_not_lead_to_it(project: Path, answers: list[object]) -> None:
    put(project, "apart.py", "import random\nfor _ in range(3):\n    print(random.random())\n")
    settle(project)
    cached(project)
    answers.clear()
    (project / "lib/data.py").rename(project / "lib/batches.py")
    settle(project)
    assert cached(project) == cold(project)
    assert "train.py" in answers
    answers.clear()
    (project / "lib/batches.py").rename(project / "lib/data.py")
    assert cached(project).findings
    assert "train.py" in answers
    assert "apart.py" not in answers


def test_what_is_wrong_with_a_file_that_two_programs_share_stays_told_when_one_is_edited(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syntaxcheck, "MAX_CHECKED_BYTES", 0)  # as in large projects
    program = "import torch\nimport threads\n\nif __name__ == '__main__':\n    torch.zeros(3).put_(index, values)\n"
    put(project, "threads.py", "import torch\ntorch.set_num_threads(1)\ndef broken(:\n")
    for name in ("a.py", "b.py"):
        put(project, name, program)

    def both(*, cached: bool) -> AuditReport:
        return scan([project / "a.py", project / "b.py"], Settings(), root=project, cached=cached)

    assert both(cached=True) == both(cached=False)
    put(project, "a.py", "if __name__ == '__main__':\n    print('nothing')\n")
    again = both(cached=True)
    assert [entry.subject for entry in again.skipped] == ["threads.py"]
    assert again == both(cached=False)


def test_what_a_file_cannot_be_read_for_is_told_as_it_is_now(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 500)
    text = FILES["train.py"]
    for size in (600, 700):
        put(project, "train.py", text + "#" * (size - len(text)))
        report = cached(project)
        assert [entry.reason for entry in report.skipped] == [f"too large: {size} bytes, the limit is 500"]
        assert report == cold(project)


@pytest.mark.parametrize("name", ["numpy/__init__.py", "numpy.py", "lib/deep/er/__init__.py", "src/numpy/__init__.py"])
def test_a_file_that_comes_where_an_import_was_looked_for_counts(project: Path, name: str) -> None:
    (project / "train.py").write_text("import random\nimport lib.deep.er\nfrom lib.data import load" + MAIN)
    first = cached(project)
    assert cached(project) == first
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text("def rand(count):\n    return count\n")
    assert cached(project) == cold(project)


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_entry_is_made_anew(project: Path, scans: list[int], damage: bytes | None) -> None:
    first = cached(project)
    (entry,) = cache_folder().glob("*.bin")
    content = entry.read_bytes()
    entry.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if damage is None else damage)
    assert cached(project) == first
    assert entry.read_bytes() == content or len(scans) == 2
    assert cached(project) == first
    assert len(scans) == 2


def test_an_entry_cannot_make_anything_but_a_report(project: Path, scans: list[int]) -> None:
    import pickle

    from auditor.services.scan_store import read, write

    first = cached(project)
    settle(project)
    assert cached(project) == first
    (entry,) = cache_folder().glob("*.bin")
    *rest, report = read(entry)
    assert isinstance(report, bytes)
    assert write(entry, (*rest, pickle.dumps(print)))
    assert cached(project) == first
    assert len(scans) == 2


@pytest.mark.parametrize("damage", ["cut", "flipped", "other types", "pickles"])
def test_damaged_parts_are_made_anew(project: Path, damage: str) -> None:
    import pickle

    from auditor.services.scan_store import read, write

    cached(project)
    (parts,) = cache_folder().glob("*.parts")
    content = parts.read_bytes()
    key, plain, folders = read(parts)
    if damage == "cut":
        parts.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        parts.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "other types":
        write(parts, (key, [1, 2], folders))
    else:
        answered = {
            name: (notes, {item: (pickle.dumps(print), *rest) for item, (_, *rest) in found.items()}, numbered)
            for name, (notes, found, numbered) in plain[7].items()
        }
        write(parts, (key, (*plain[:7], answered, *plain[8:]), folders))
    (project / "train.py").write_text(FILES["train.py"] + "# changed\n")
    assert cached(project) == cold(project)
    assert read(parts) is not None
    assert len(read(parts)[1]) == len(plain)


def test_a_folder_that_cannot_be_written_is_no_error(project: Path, cache_home: Path) -> None:
    cache_home.write_text("a file where the folder should be")
    assert cached(project) == cold(project)


def test_a_name_that_the_locale_cannot_say_is_no_error(project: Path) -> None:
    odd = os.path.join(os.fsencode(project), b"tr\xe9.py")
    try:
        with open(odd, "w") as file:
            file.write("import random\nprint(random.random())\n")
    except OSError:
        pytest.skip("this file system takes no such name")
    surroundings = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    surroundings |= {name: os.environ[name] for name in ("PYTHONPATH", "XDG_CACHE_HOME") if name in os.environ}
    line = [sys.executable, "-m", "auditor", "scan", "--format", "concise", str(project)]
    ran = subprocess.run(line, env=surroundings, capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (1, b"")
    assert b"tr\\ufffd.py:2:7: error RA101" in ran.stdout


def test_old_entries_go(project: Path) -> None:
    cache_folder().mkdir(parents=True)
    for number in range(MAX_ENTRIES + 5):
        old = cache_folder() / f"{number}.bin"
        old.write_bytes(b"old")
        os.utime(old, (number, number))
    cached(project)
    assert len(list(cache_folder().iterdir())) == MAX_ENTRIES


def test_a_folder_beside_that_is_written_to_meanwhile_is_not_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scans: list[int]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "train.py").write_text("import layers\nimport losses\nprint(layers.draw(), losses.draw())\n")
    settle(tmp_path)
    for _ in range(2):
        scan([package], Settings(), root=tmp_path, cached=True)
    assert len(scans) == 1
