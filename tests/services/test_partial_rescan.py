"""After an edit, what an earlier scan found out is used again; the report is that of a scan from scratch."""

from __future__ import annotations

import codecs
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.report import render
from auditor.services import rule_choice
from auditor.services.scan import scan
from auditor.services.settings import Settings
from auditor.static.engine import Engine
from auditor.static.files.importpath import MAX_BESIDE
from auditor.static.scanning.passes import Passes

SEED = "import random\nimport numpy as np\nimport torch\n\n\ndef seed_all(seed):\n    {}\n"
VARIANTS = {
    "train.py": [
        (
            "import torch\nfrom lib.seed import seed_all\nfrom lib import model\n\nif __name__ == '__main__':\n"
            "    seed_all(0)\n    model.build().cuda()\n"
        ),
        (
            "import torch\nfrom lib.seed import seed_all\nfrom lib import model\n\nif __name__ == '__main__':\n"
            "    model.build()\n    seed_all(0)\n"
        ),
        "from lib.model import build\n\nif __name__ == '__main__':\n    build()\n",
        "from lib.model import build\n\n\ndef main():\n    build()\n",
        "def broken(:\n",
    ],
    "evaluate.py": [
        "from lib import data\n\nfor name in data.names():\n    print(name)\n",
        (
            "from lib.data import names, KEEP\nimport torch\ntorch.use_deterministic_algorithms(True)\n"
            "for name in KEEP:\n    print(name, names())\n"
        ),
        (
            "# repro-audit: allow-file RA305 because the order is only shown\n"
            "from lib.data import KEEP\nprint(list(KEEP))\n"
        ),
        "x = 1\n",
    ],
    "lib/__init__.py": ["", "from lib.data import *\n", "from lib.model import build\n"],
    "lib/seed.py": [
        SEED.format("torch.manual_seed(seed)"),
        SEED.format("random.seed(seed)\n    np.random.seed(seed)\n    torch.manual_seed(seed)"),
        SEED.format("pass"),
        SEED.format("if seed:\n        torch.manual_seed(seed)"),
    ],
    "lib/model.py": [
        (
            "import torch\nfrom torch import nn\n\n\ndef build():\n    torch.backends.cudnn.benchmark = True\n"
            "    return nn.Linear(3, 3)\n"
        ),
        "import torch\nfrom lib.data import noise\n\n\ndef build():\n    return torch.empty(3) + noise()\n",
        (
            "import torch as t\n\n\ndef build():\n    out = t.zeros(9)\n"
            "    return out.index_add_(0, t.randint(0, 9, (3,)), out)\n"
        ),
    ],
    "lib/data.py": [
        (
            "import os\nimport numpy as np\n\nKEEP = {'a', 'b'}\n\n\ndef names():\n    return os.listdir('.')\n\n\n"
            "def noise():\n    return np.random.rand()\n"
        ),
        (
            "import os\nimport random\n\nKEEP = sorted({'a', 'b'})\n\n\n"
            "def names():\n    return sorted(os.listdir('.'))\n\n\ndef noise():\n    return random.random()\n"
        ),
        (
            "import numpy as np\nfrom lib.seed import seed_all\n\nKEEP = ['a']\nrng = np.random.default_rng()\n\n\n"
            "def names():\n    return []\n\n\ndef noise():\n    return rng.random()\n"
        ),
    ],
}
LATE = (
    "import torch\nfrom lib.seed import seed_all\n\n\ndef draw():\n"
    "    return torch.rand(  # of one\n        # inside\n        3\n    )\n\n\ndraw()\nseed_all(0)\n"
)
"""Draws before it seeds, which the message tells with a line."""

COMMENTS = ["", "# a comment\n", "\n\n"]

File = tuple[str, int, int]
files = st.sampled_from(sorted(VARIANTS)).flatmap(
    lambda name: st.tuples(st.just(name), st.integers(0, len(VARIANTS[name]) - 1), st.integers(0, len(COMMENTS) - 1))
)


@pytest.fixture
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def put(root: Path, file: File) -> None:
    name, variant, comment = file
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(COMMENTS[comment] + VARIANTS[name][variant])


def report(root: Path, *, cached: bool) -> str:
    return render(scan([root], Settings(), root=root, cached=cached), "json")


@pytest.fixture(scope="module", autouse=True)
def rules_read_once() -> Iterator[None]:
    """What is tested here is not the reading of rules."""
    with pytest.MonkeyPatch.context() as patch:
        loaded = rule_choice.load_rules(Settings())
        patch.setattr(rule_choice, "load_rules", lambda settings: loaded)
        yield


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(edits=st.lists(st.lists(files, min_size=1, max_size=2), min_size=1, max_size=4))
def test_a_scan_after_edits_is_a_fresh_scan(edits: list[list[File]], cache_home: Path) -> None:
    with tempfile.TemporaryDirectory(dir=cache_home) as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_text("")
        for name in VARIANTS:
            put(root, (name, 0, 0))
        assert report(root, cached=True) == report(root, cached=False)
        for edit in edits:
            for file in edit:
                put(root, file)
            assert report(root, cached=True) == report(root, cached=False)


def test_what_a_file_beside_the_program_puts_on_the_path_counts_after_an_edit(cache_home: Path) -> None:
    root = cache_home / "project"
    for folder in ("tools", "lib", "other"):
        (root / folder).mkdir(parents=True)
    (root / "tools/train.py").write_text("import _init_paths\nfrom noise import draw\n\ndraw()\n")
    (root / "lib/noise.py").write_text("import random\n\n\ndef draw():\n    return random.random()\n")
    (root / "other/noise.py").write_text("def draw():\n    return 4\n")
    found = []
    for added in ("lib", "other", "lib"):
        (root / "tools/_init_paths.py").write_text(f"import sys\n\nsys.path.insert(0, '../{added}')\n")
        found.append(report(root, cached=True))
        assert found[-1] == report(root, cached=False)
    assert ["RA101" in each for each in found] == [True, False, True]


def test_folders_beside_each_other_are_looked_into_as_long_as_they_are_few(cache_home: Path) -> None:
    root = cache_home / "project"
    for number in range(MAX_BESIDE - 3):
        (root / f"src/part{number}").mkdir(parents=True)
    for folder in ("bin", "data", "models"):
        (root / "src" / folder).mkdir()
    program = b"from data_set import rows\nfrom noise import draw\n\nprint(draw(), rows())\n"
    (root / "src/bin/train.py").write_bytes(program)
    (root / "src/models/noise.py").write_text("import random\n\n\ndef draw():\n    return random.random()\n")
    (root / "src/data/data_set.py").write_text("def rows():\n    return 4\n")
    found = [report(root, cached=True)]
    (root / "src/more").mkdir()
    found.append(report(root, cached=True))
    assert found[-1] == report(root, cached=False)
    (root / "src/more").rmdir()
    found.append(report(root, cached=True))
    for written in (codecs.BOM_UTF8 + program, program.replace(b"\n", b"\r"), program.replace(b"\n", b"\r\n")):
        (root / "src/bin/train.py").write_bytes(written)
        found.append(report(root, cached=True))
        assert found[-1] == report(root, cached=False)
    assert ["RA101" in each for each in found] == [True, False, True, True, True, True]


LISTING = """
import importlib
import pathlib

NETS = {}


def register(cls):
    NETS[cls.__name__] = cls
    return cls


for file in pathlib.Path(__file__).parent.glob("*.py"):
    importlib.import_module(f"{__name__}.{file.stem}")
"""
NETWORK = (
    "import random\nfrom nets import register\n\n\n@register\n"
    "class Net:\n    def __init__(self):\n        self.w = {}\n"
)


@pytest.mark.parametrize("package", [LISTING, ""])
def test_modules_that_are_imported_by_their_names_come_and_go(package: str, cache_home: Path) -> None:
    root = cache_home / "project"
    (root / "nets").mkdir(parents=True)
    start = "if __name__ == '__main__':\n    "
    made = "NETS[sys.argv[1]]()" if package else "import_module(f'nets.{sys.argv[1]}').Net()"
    named = "from nets import NETS" if package else "from importlib import import_module"
    (root / "train.py").write_text(f"import sys\n{named}\n\n{start}{made}\n")
    (root / "nets/__init__.py").write_text(package or "def register(cls):\n    return cls\n")
    (root / "nets/first.py").write_text(NETWORK.format(0))
    found = []

    def look() -> None:
        found.append(report(root, cached=True))
        assert found[-1] == report(root, cached=False)

    look()
    (root / "nets/other.py").write_text(NETWORK.format("random.random()"))
    look()
    (root / "nets/other.py").rename(root / "nets/second.py")
    look()
    (root / "nets/second.py").write_text(NETWORK.format(1))
    look()
    (root / "nets/first.py").write_text(NETWORK.format("random.random()"))
    look()
    (root / "nets/first.py").unlink()
    look()
    assert ["RA101" in each for each in found] == [False, True, True, False, True, False]


def test_what_the_configuration_of_a_program_says_counts_after_an_edit(cache_home: Path) -> None:
    root = cache_home / "project"
    (root / "conf/net").mkdir(parents=True)
    (root / "train.py").write_text(
        "import hydra\n\n\n@hydra.main(config_path='conf', config_name='all', version_base=None)\n"
        "def main(cfg):\n    print(hydra.utils.instantiate(cfg.net))\n\n\nif __name__ == '__main__':\n    main()\n"
    )
    (root / "conf/all.yaml").write_text("defaults:\n  - net: small\n")
    (root / "one.py").write_text("class Net:\n    pass\n")
    (root / "two.py").write_text(NETWORK.format("random.random()").replace("from nets import register\n", ""))
    (root / "two.py").write_text((root / "two.py").read_text().replace("@register\n", ""))
    found = []
    for text in ("_target_: one.Net\n", "_target_: two.Net\n", "width: 3\n", "_target_: two.Net\nwidth: 3\n"):
        (root / "conf/net/small.yaml").write_text(text)
        found.append(report(root, cached=True))
        assert found[-1] == report(root, cached=False)
    (root / "conf/all.yaml").write_text("defaults:\n  - net: large\n")
    found.append(report(root, cached=True))
    assert found[-1] == report(root, cached=False)
    (root / "conf/net/large.yaml").write_text("_target_: two.Net\n")
    found.append(report(root, cached=True))
    assert found[-1] == report(root, cached=False)
    assert ["RA101" in each for each in found] == [False, True, False, True, False, True]


def test_a_script_in_a_folder_of_tests_is_asked_again_where_the_first_test_comes(cache_home: Path) -> None:
    root = cache_home / "project"
    (root / "tests").mkdir(parents=True)
    (root / "tests" / "train.py").write_text(
        "import argparse\nimport torch\n\nargparse.ArgumentParser().parse_args()\nmodel = torch.nn.Linear(3, 3)\n"
        "model(torch.ones(3)).sum().backward()\n"
    )
    told = []
    for edit in (None, "write", "delete"):
        if edit == "write":
            (root / "tests" / "test_model.py").write_text("")
        elif edit == "delete":
            (root / "tests" / "test_model.py").unlink()
        after = report(root, cached=True)
        assert after == report(root, cached=False)
        told.append("RA103" in after)
    assert told == [True, False, True]


def test_what_is_kept_of_objects_and_calls_rests_on_the_files_that_make_them(cache_home: Path) -> None:
    root = cache_home / "project"
    root.mkdir()
    (root / "sampler.py").write_text(
        "import numpy as np\n\n\nclass Sampler:\n    def __init__(self, seed=None):\n        self.seed = seed\n\n"
        "    def go(self):\n        return np.random.default_rng(self.seed).random()\n\n\n"
        "def bucket(name):\n    return hash(name) % 3\n"
    )
    start = "from sampler import Sampler, bucket\n\n"
    told = []
    for rest in ("Sampler().go(), bucket('a')\n", "Sampler(3).go(), bucket(3)\n", "Sampler().go(), bucket('a')\n"):
        (root / "train.py").write_text(f"{start}print({rest.strip()})\n")
        after = report(root, cached=True)
        assert after == report(root, cached=False)
        told.append(("RA110" in after, "RA310" in after))
    assert told == [(True, True), (False, False), (True, True)]


def test_only_what_rests_on_an_edit_is_looked_at_again(cache_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIANTS:
        put(cache_home / "project", (name, 0, 0))
    for number in range(5):
        (cache_home / "project" / f"apart{number}.py").write_text("import os\nprint(os.listdir('.'))\n")
    report(cache_home / "project", cached=True)
    looked: list[str] = []
    find = Engine._findings
    monkeypatch.setattr(
        Engine, "_findings", lambda self, path, project: looked.append(path) or find(self, path, project)
    )
    (cache_home / "project/evaluate.py").write_text(f"{VARIANTS['evaluate.py'][0]}x = 1\n")
    report(cache_home / "project", cached=True)
    # The program itself, and what is judged by the programs that reach it.
    assert looked == ["evaluate.py", "lib/data.py"]


def test_comments_and_blank_lines_only_move_what_was_found(cache_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where messages name lines, and where a program is judged by what stands in the file."""
    root = cache_home / "project"
    for name in VARIANTS:
        put(root, (name, 0, 0))
    (root / "late.py").write_text(LATE)
    report(root, cached=True)
    monkeypatch.setattr(Engine, "_findings", lambda self, path, project: pytest.fail(f"{path} was looked at"))
    monkeypatch.setattr(Passes, "_worker", lambda *args, **options: pytest.fail)
    for name, text in {**{name: texts[0] for name, texts in VARIANTS.items()}, "late.py": LATE}.items():
        (root / name).write_text("# a comment\n\n" + text.replace("\n\n\n", "\n\n    # another\n\n"))
    found = report(root, cached=True)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home / "cache"))
    assert found == report(root, cached=False)
    assert "late.py:9" in found
    (root / "late.py").write_text(LATE)
    assert report(root, cached=True) == report(root, cached=False)


@pytest.mark.parametrize(
    "edited",
    [
        LATE.replace("# of one", "# of two"),  # shown with the finding
        LATE.replace("        # inside\n", ""),
        f"# repro-audit: allow-file RA103 because it is a test\n{LATE}",
        LATE.replace("import torch\n", "import torch\n# optimizer.step( loss.backward( trainer.fit(\n"),
        LATE.replace("import torch\n", "import torch\n# from lib import model\n"),
    ],
)
def test_what_a_comment_says_counts_where_it_does(edited: str, cache_home: Path) -> None:
    root = cache_home / "project"
    for name in VARIANTS:
        put(root, (name, 0, 0))
    (root / "late.py").write_text(LATE)
    report(root, cached=True)
    (root / "late.py").write_text(edited)
    assert report(root, cached=True) == report(root, cached=False)


CALLED = "def names():\n    return {'a', 'b'}\n"
CALLING = "from lib.order import names\n\n\ndef told():\n    return list(names())\n"


def test_whoever_looked_for_callers_is_asked_again_where_one_comes_or_goes(
    cache_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after every edit of what the programs around it reach."""
    root = cache_home / "project"
    (root / "lib").mkdir(parents=True)
    (root / "lib/order.py").write_text(CALLED)
    (root / "train.py").write_text("import lib.order\nimport lib.other\nimport lib.more\n\nprint(lib.other.told())\n")
    (root / "lib/other.py").write_text(CALLING)
    (root / "lib/more.py").write_text("def told():\n    return 1\n")
    report(root, cached=True)
    looked: list[str] = []
    find = Engine._findings
    monkeypatch.setattr(
        Engine, "_findings", lambda self, path, project: looked.append(path) or find(self, path, project)
    )

    def is_asked_again_after(name: str, text: str) -> bool:
        (root / name).write_text(text)
        looked.clear()
        found = report(root, cached=True)
        was_asked = "lib/order.py" in looked
        assert found == report(root, cached=False)
        return was_asked

    assert not is_asked_again_after("lib/more.py", "def told():\n    return 2\n")
    assert not is_asked_again_after("lib/more.py", "def told():\n    return 2 + 2\n")
    assert is_asked_again_after("lib/more.py", CALLING)
    assert is_asked_again_after("lib/more.py", "def told():\n    return 3\n")
    assert is_asked_again_after("lib/new.py", CALLING) is False  # no program reaches it
    assert is_asked_again_after("lib/more.py", "import lib.new\n")
    assert is_asked_again_after("lib/new.py", "def told():\n    return 3\n")


def test_what_one_file_found_out_for_others_rests_on_all_that_it_resolved(cache_home: Path) -> None:
    """`a.py` has resolved `t` before it asks whether its own loop fills the parameters, also those of `b.py`."""
    root = cache_home / "project"
    root.mkdir()
    net = (
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.w = nn.Parameter(torch.empty(3))\n\n"
        "    def forward(self, x):\n        return x * self.w\n"
    )
    fill = "\n\ndef fill(model):\n    for p in model.parameters():\n        t.nn.init.xavier_uniform_(p)\n"
    (root / "a.py").write_text("from one import t\n\nSHAPE = t.empty(2).shape\n" + net + fill)
    (root / "b.py").write_text(net)
    (root / "one.py").write_text("from two import t\n")
    (root / "train.py").write_text("import a\nimport b\n\nif __name__ == '__main__':\n    a.fill(b.Net())\n")
    found = []
    for text in ("import torch as t\n", "class t:\n    empty = None\n", "import torch as t\n"):
        (root / "two.py").write_text(text)
        found.append(report(root, cached=True))
        assert found[-1] == report(root, cached=False)
    assert ["RA213" in each for each in found] == [False, True, False]


def test_what_a_program_does_rests_on_modules_that_no_statement_imports(cache_home: Path) -> None:
    """`aa.py` has resolved the call before anybody asks whether the program holds it."""
    root = cache_home / "project"
    (root / "pkg").mkdir(parents=True)
    add = "import torch\n\n\ndef add(out, index, source):\n    return out.cuda().index_add_(0, index, source)\n"
    (root / "aa.py").write_text(f"import pkg\n{add}\n\npkg.sub.use_deterministic_algorithms(True, warn_only=True)\n")
    (root / "z.py").write_text(add)
    (root / "pkg/__init__.py").write_text("")
    (root / "pkg/sub.py").write_text("from pkg.deep import use_deterministic_algorithms\n")
    (root / "train.py").write_text(
        "import aa\nimport z\n\nif __name__ == '__main__':\n    z.add(aa.add(1, 2, 3), 2, 3)\n"
    )
    found = []
    for text in ("from torch import use_deterministic_algorithms\n", "use_deterministic_algorithms = print\n"):
        (root / "pkg/deep.py").write_text(text)
        found.append(report(root, cached=True))
        assert found[-1] == report(root, cached=False)
    assert ["RA207" in each for each in found] == [False, True]


def test_a_new_file_leaves_alone_what_imports_by_computed_names(
    cache_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = cache_home / "project"
    (root / "lib/utils").mkdir(parents=True)
    (root / "lib/__init__.py").write_text("")
    (root / "lib/utils/__init__.py").write_text("")
    (root / "lib/utils/import_utils.py").write_text("def here():\n    return '.'\n")
    (root / "lib/load.py").write_text(
        "import os\nfrom importlib import import_module\nfrom .utils.import_utils import here\n\n\n"
        "def load(name):\n    return import_module(f'lib.models.{name}'), os.listdir(here())[0]\n"
    )
    (root / "train.py").write_text("import sys\nfrom lib.load import load\n\nload(sys.argv[1])\n")
    before = report(root, cached=True)
    assert "RA304" in before
    looked: list[str] = []
    find = Engine._findings
    monkeypatch.setattr(
        Engine, "_findings", lambda self, path, project: looked.append(path) or find(self, path, project)
    )
    (root / "lib/extra.py").write_text("x = 1\n")
    assert report(root, cached=True) == before.replace('"files": 5', '"files": 6')
    assert "lib/load.py" not in looked


def test_parts_of_another_scan_are_not_used(cache_home: Path) -> None:
    root = cache_home / "project"
    for name in VARIANTS:
        put(root, (name, 0, 0))
    report(root, cached=True)
    (parts,) = (cache_home / "cache").rglob("*.parts")
    older = parts.read_bytes()
    put(root, ("lib/data.py", 1, 0))
    report(root, cached=True)
    parts.write_bytes(older)
    put(root, ("lib/seed.py", 2, 0))
    assert report(root, cached=True) == report(root, cached=False)


def test_a_script_that_comes_into_a_package_and_goes(tmp_path: Path) -> None:
    """What is run there has the package on `sys.path`, and so have the modules below it."""
    files = {
        "lab/__init__.py": "",
        "lab/envs/__init__.py": "from envs.plain import make\n",
        "lab/envs/plain.py": "import random\n\n\ndef make():\n    return random.random()\n",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "start.py").write_text("from lab.envs import make\n\nprint(make())\n")
    assert scan([tmp_path], Settings()).findings == ()
    script = tmp_path / "lab" / "train.py"
    script.write_text("from envs import make\n\nif __name__ == '__main__':\n    print(make())\n")
    assert {path for finding in scan([tmp_path], Settings()).findings for path in finding.entry_points} == {
        "lab/train.py",
        "start.py",
    }
    script.unlink()
    assert scan([tmp_path], Settings()).findings == ()
