"""A program that does more than is followed is told as such: what was not looked at is no evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.services.scan import scan
from auditor.services.settings import Settings
from auditor.static.execution import functions
from auditor.static.programwide import programs

SEEDED = "import numpy as np\n\nnp.random.seed(0)\n\n"
MAIN = "\nif __name__ == '__main__':\n"


def _reasons(folder: Path) -> dict[str, str]:
    report = scan([folder], Settings())
    assert report.findings == ()
    return {item.subject: item.reason for item in report.skipped}


def _many(count: int) -> str:
    """Functions that all draw from a seeded generator, and a last one that draws from another."""
    made = "".join(f"def f{number}():\n    return np.random.rand()\n\n" for number in range(count))
    called = "".join(f"    f{number}()\n" for number in range(count))
    return f"{SEEDED}import random\n\n{made}def last():\n    return random.random()\n{MAIN}{called}    last()\n"


@pytest.mark.parametrize("limit", ["MAX_CALLS", "MAX_STEPS"])
def test_a_program_that_does_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(functions, limit, 10)
    (tmp_path / "train.py").write_text(_many(20))
    first = _reasons(tmp_path)
    assert first["train.py"].startswith("followed in part: it does more than")
    assert _reasons(tmp_path) == first  # out of the cache
    (tmp_path / "other.py").write_text("x = 1\n")
    assert _reasons(tmp_path) == first


def test_calls_in_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "MAX_DEPTH", 3)
    nested = "".join(f"def f{number}():\n    return f{number + 1}()\n\n" for number in range(9))
    drawing = f"{SEEDED}import random\n\n{nested}def f9():\n    return random.random()\n{MAIN}    f0()\n"
    (tmp_path / "train.py").write_text(drawing)
    assert "inside more than" in _reasons(tmp_path)["train.py"]


def test_a_function_that_calls_itself_is_followed_as_a_whole(tmp_path: Path) -> None:
    text = f"{SEEDED}def f(n):\n    return np.random.rand() + f(n - 1)\n{MAIN}    f(3)\n"
    (tmp_path / "train.py").write_text(text)
    assert _reasons(tmp_path) == {}


def test_modules_that_are_too_far_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "MAX_FOLLOWED_BYTES", 300)
    monkeypatch.setattr(programs, "MAX_NEAR_BYTES", 100)
    (tmp_path / "train.py").write_text(f"{SEEDED}import near\n\nnp.random.rand()\n")
    (tmp_path / "near.py").write_text("import far\n")
    far = tmp_path / "far.py"
    far.write_text(f"import random\n\nNOISE = random.random()\n{'#' * 400}\n")
    assert "larger than 5 MB" in _reasons(tmp_path)["train.py"]
    far.write_text("import numpy as np\n\nNOISE = np.random.rand()\n")
    assert _reasons(tmp_path) == {}


MAKER = (
    "import importlib\n\ndef instantiate_from_config(config):\n    module, cls = config['target'].rsplit('.', 1)\n"
    "    return getattr(importlib.import_module(module), cls)(**config.get('params', {}))\n"
)
MAKING = "import json, sys\nfrom maker import instantiate_from_config\n\nconfig = json.load(open(sys.argv[1]))\n"


def test_what_a_configuration_names_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "maker.py").write_text(MAKER)
    (tmp_path / "train.py").write_text(f"{MAKING}instantiate_from_config(config['model']).fit()\n")
    (tmp_path / "other.py").write_text(f"{MAKING}print(config)\n")
    reasons = _reasons(tmp_path)
    assert list(reasons) == ["train.py"]
    assert reasons["train.py"].startswith("followed in part: what is made at train.py:5")
    (tmp_path / "model.yaml").write_text("model:\n  target: models.Net\n")
    (tmp_path / "models.py").write_text("class Net:\n    def fit(self):\n        pass\n")
    assert _reasons(tmp_path) == {}


def test_a_table_of_more_than_is_followed(tmp_path: Path) -> None:
    """Said where nothing that was followed draws."""
    keeping = "TASKS = {}\n\ndef register(task):\n    TASKS[task.__name__] = task\n    return task\n\n"
    functions = "".join(f"@register\ndef task_{number}():\n    random.seed(3)\n\n" for number in range(9))
    last = "@register\ndef noise():\n    return random.random()\n\n"
    (tmp_path / "train.py").write_text(f"import random, sys\n\n{keeping}{functions}{last}TASKS[sys.argv[1]]()\n")
    assert "followed in part: what is picked at train.py" in _reasons(tmp_path)["train.py"]


def test_a_runner_of_a_configuration(tmp_path: Path) -> None:
    text = "import sys\nfrom mmengine.config import Config\nfrom mmengine.runner import Runner\n\n"
    (tmp_path / "train.py").write_text(f"{text}Runner.from_cfg(Config.fromfile(sys.argv[1])).train()\n")
    assert "made at train.py:5" in _reasons(tmp_path)["train.py"]


def test_what_gin_gives_a_function(tmp_path: Path) -> None:
    text = (
        f"import sys\nimport gin\n{SEEDED}class Net:\n    def fit(self):\n        return np.random.rand()\n\n"
        "@gin.configurable\ndef train(model{}):\n    print(model().fit(), np.random.rand())\n"
    )
    main = "\nif __name__ == '__main__':\n    gin.parse_config_file(sys.argv[1])\n    train({})\n"
    (tmp_path / "train.py").write_text(text.format("=gin.REQUIRED") + main.format(""))
    assert "made at train.py:13" in _reasons(tmp_path)["train.py"]
    (tmp_path / "train.py").write_text(text.format("") + main.format("list"))
    assert _reasons(tmp_path) == {}


def test_modules_whose_names_are_known_in_part(tmp_path: Path) -> None:
    """`models.` and a name: all of these are followed."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("")
    (tmp_path / "models" / "net.py").write_text("class Net:\n    def fit(self):\n        pass\n")
    (tmp_path / "train.py").write_text(
        "import importlib, json, sys\n\ndef make(config):\n"
        "    module = importlib.import_module('models.' + config['name'].rsplit('.', 1)[0])\n"
        "    return getattr(module, config['cls'])()\n\nmake(json.load(open(sys.argv[1]))['model']).fit()\n"
    )
    assert _reasons(tmp_path) == {}


LOADING = (
    "import importlib.util\n\ndef load(path):\n    spec = importlib.util.spec_from_file_location('made', path)\n"
    "    module = importlib.util.module_from_spec(spec)\n    spec.loader.exec_module(module)\n    return module\n\n"
    "def build(path):\n    return load(path).Net()\n\nclass Own:\n    def fit(self):\n        return np.random.rand()\n"
    "\ndef own():\n    return Own()\n"
)


def test_modules_that_functions_hand_out(tmp_path: Path) -> None:
    (tmp_path / "loading.py").write_text(f"{SEEDED}{LOADING}")
    for name, called in (("train", "load"), ("fit", "build"), ("own", "own")):
        given = "sys.argv[1]" if called != "own" else ""
        text = f"import sys\nfrom loading import {called}\n\n{SEEDED}made = {called}({given})\nprint(made.fit())\n"
        (tmp_path / f"{name}.py").write_text(text)
    reasons = _reasons(tmp_path)
    assert sorted(reasons) == ["fit.py", "train.py"]
    assert reasons["fit.py"].startswith("followed in part: what is made at fit.py:9")


NAMING = {
    "a module by its name": "import importlib\n\ndef load(package, name):\n"
    "    return getattr(importlib.import_module(package), name)\n",
    "a statement that is put together": "def load(package, name):\n    text = 'from ' + package + ' import ' + name\n"
    "    exec(text + ' as found')\n    return eval('found')\n",
}


@pytest.mark.parametrize("helper", NAMING.values(), ids=NAMING.keys())
def test_what_a_helper_imports_by_what_it_is_given(tmp_path: Path, helper: str) -> None:
    """Also where nothing that is certainly reached draws: what is imported so may."""
    (tmp_path / "helpers.py").write_text(helper)
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "small.py").write_text(
        "import torch\n\nclass Net:\n    def fit(self):\n        print(torch.rand(3))\n"
    )
    (tmp_path / "show.py").write_text("import sys\nfrom helpers import load\n\nprint(sys.argv)\n")
    text = "import sys\nfrom helpers import load\n\nNet = load('nets.' + sys.argv[1], 'Net')\nNet().fit()\n"
    (tmp_path / "train.py").write_text(text)
    reasons = _reasons(tmp_path)
    assert list(reasons) == ["train.py"]
    assert reasons["train.py"].startswith("followed in part: what is made at train.py:5 is found by a name")


def test_a_part_of_a_known_configuration(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text("model:\n  _target_: nets.Net\n")
    (tmp_path / "nets.py").write_text("import random\n\nclass Net:\n    pass\n")
    (tmp_path / "train.py").write_text(
        "import hydra\n\n@hydra.main(config_path='conf', config_name='config', version_base=None)\n"
        "def main(cfg):\n    hydra.utils.instantiate(cfg.model)\n    for each in cfg.callbacks.values():\n"
        "        hydra.utils.instantiate(each)\n\nif __name__ == '__main__':\n    main()\n"
    )
    assert _reasons(tmp_path) == {}


@pytest.mark.parametrize(("count", "is_told"), [(12, False), (13, True)])
def test_more_than_are_followed_are_named_by_configurations(tmp_path: Path, count: int, *, is_told: bool) -> None:
    (tmp_path / "lib.py").write_text(MAKER)
    (tmp_path / "train.py").write_text(
        "import json, sys\nfrom lib import instantiate_from_config\n\n"
        "print(instantiate_from_config(json.load(open(sys.argv[1]))['model']))\n"
    )
    for number in range(count):
        (tmp_path / f"net{number}.py").write_text("class Net:\n    x = 3\n")
        (tmp_path / f"c{number}.yaml").write_text(f"model:\n  target: net{number}.Net\n")
    reasons = _reasons(tmp_path)
    assert ("what is made at train.py:4 is one of more things than" in reasons.get("train.py", "")) is is_told
    assert len(reasons) == is_told


def test_a_module_that_is_loaded_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        f"import importlib, sys\n{SEEDED}experiment = importlib.import_module(sys.argv[1])\n"
        "print(experiment.Experiment().run(np.random.rand()))\n"
    )
    assert "what is made at train.py:7" in _reasons(tmp_path)["train.py"]


FINDER = (
    "import importlib\nimport pkgutil\n\nimport lab\n\ndef find(name, package):\n    found = None\n"
    "    for _, module, _ in pkgutil.iter_modules(lab.__path__):\n"
    "        held = importlib.import_module(package + '.' + module)\n"
    "        if hasattr(held, name):\n            found = getattr(held, name)\n            break\n    return found\n\n"
    "def configuration(name):\n    kind = find(name, name)\n    return 'plans', kind\n"
)


@pytest.mark.parametrize(
    ("program", "is_told"),
    [
        ("    plans, kind = configuration(sys.argv[1])\n    kind(3).run()\n", True),
        ("    kind = find(sys.argv[1], 'nets')\n    kind(3).run()\n", True),
        ("    kind, plans = configuration(sys.argv[1])\n    print(kind.upper())\n", False),
        ("    plans, kind = configuration(sys.argv[1])\n    kind = print\n    kind(plans)\n", False),
        ("    plans = configuration(sys.argv[1])[0]\n    print(plans)\n", False),
    ],
)
def test_a_class_that_is_found_by_its_name(tmp_path: Path, program: str, *, is_told: bool) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "__init__.py").write_text("")
    (tmp_path / "finder.py").write_text(FINDER)
    (tmp_path / "train.py").write_text(
        f"import sys\n\nfrom finder import configuration, find\n{SEEDED}print(np.random.rand())\n{MAIN}{program}"
    )
    assert ("train.py" in _reasons(tmp_path)) is is_told
