"""Small programs that are put together from ways to hand on seeds and draws: what differs when they are run is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import auditor
from auditor.model.rule import Severity

PROGRAMS = 150

HEAD = """\
import argparse
import functools
import os
import random
import time
from dataclasses import dataclass

weights = []
parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=4)
parser.add_argument("--other", type=int)
args = parser.parse_args([])
CONFIG = {"seed": 3, "other": None}


class Settings:
    seed = 6
    other = None
"""

VALUES = (
    "3", "None", "time.time_ns()", "os.getpid()", 'CONFIG["seed"]', 'CONFIG["other"]', 'CONFIG.get("missing", 5)',
    "args.seed", "args.other", "Settings.seed", "Settings.other", 'hash("train")', "args.seed + 1",
    'int(os.environ.get("SEED_OF_NOBODY", 5))', "args.other or 7",
)  # fmt: skip

WAYS = (
    ("def {name}(seed):\n    {inner}\n", "{name}({value})", "seed"),
    ("def {name}(rate=0.1, *, seed=None):\n    {inner}\n", "{name}(seed={value})", "seed"),
    ("def {name}(**options):\n    {inner}\n", "{name}(seed={value})", 'options.pop("seed", None)'),
    ("def {name}(options):\n    {inner}\n", '{name}({{"seed": {value}}})', 'options["seed"]'),
    ("class {name}:\n    def run(self, seed):\n        {inner}\n", "{name}().run({value})", "seed"),
    ("class {name}:\n    @classmethod\n    def run(cls, seed):\n        {inner}\n", "{name}.run({value})", "seed"),
    ("class {name}:\n    def __call__(self, seed):\n        {inner}\n", "{name}()({value})", "seed"),
    (
        (
            "class {name}:\n    def __init__(self, seed=None):\n        self.seed = seed\n"
            "    def run(self):\n        {inner}\n"
        ),
        "{name}({value}).run()",
        "self.seed",
    ),
    (
        (
            "@dataclass\nclass {name}:\n    rate: float = 0.1\n    seed: object = None\n"
            "    def run(self):\n        {inner}\n"
        ),
        "{name}(seed={value}).run()",
        "self.seed",
    ),
    (
        "@dataclass\nclass {name}:\n    seed: object = None\n    def __post_init__(self):\n        {inner}\n",
        "{name}({value})",
        "self.seed",
    ),
    (
        (
            "class {name}Base:\n    def run(self, seed):\n        {inner}\n"
            "class {name}({name}Base):\n    def run(self, seed):\n        super().run(seed)\n"
        ),
        "{name}().run({value})",
        "seed",
    ),
    (
        "def {name}(seed=None):\n    def inside():\n        {inner}\n    return inside\n",
        "{name}({value})()",
        "seed",
    ),
    (
        (
            "def {name}_with(function):\n    @functools.wraps(function)\n"
            "    def wrapper(*given, seed=None):\n        {inner}\n"
            "        return function(*given)\n    return wrapper\n"
            "@{name}_with\ndef {name}(steps):\n    return steps\n"
        ),
        "{name}(2, seed={value})",
        "seed",
    ),
    (
        "def {name}(seed):\n    {inner}\n{name}_TABLE = {{'first': {name}, 'second': print}}\n",
        "{name}_TABLE['first']({value})",
        "seed",
    ),
    ("def {name}(rate, seed):\n    {inner}\n", "functools.partial({name}, 0.1, seed={value})()", "seed"),
    (
        (
            "class {name}:\n    def __init__(self, seed):\n        self.seed = seed\n"
            "    def __enter__(self):\n        {inner}\n    def __exit__(self, *given):\n        pass\n"
        ),
        "with {name}({value}): pass",
        "self.seed",
    ),
)  # fmt: skip
"""Definitions, a call of them with a value, and where the value is then; `inner` is another call, or what is done."""

RUNNER = """\
import json, os, random, sys
results = []
for path in sys.argv[1:]:
    random.seed(os.urandom(32))
    names = {"__name__": "__main__"}
    exec(compile(open(path).read(), path, "exec"), names)
    results.append(names["weights"])
print(json.dumps(results))
"""


def _wrapped(choice: Random, done: str, prefix: str) -> tuple[list[str], str]:
    """Definitions that lead to `done` in one to three steps, and the call that leads there."""
    definitions = []
    for number in range(choice.randint(1, 3)):
        definition, call, value = choice.choice(WAYS)
        name = f"{prefix}{number}"
        definitions.append(definition.format(name=name, inner=done.replace("VALUE", value)))
        done = call.format(name=name, value="VALUE")
    return definitions, done


def _program(choice: Random) -> str:
    seeding, seed = _wrapped(choice, "random.seed(VALUE)", "Start")
    drawing, draw = _wrapped(choice, "weights.append(random.random())", "Step")
    steps = [seed.replace("VALUE", choice.choice(VALUES)), draw.replace("VALUE", "1")]
    if choice.random() < 0.2:
        steps.reverse()
    if choice.random() < 0.5:
        body = "".join(f"{step}\n" for step in steps)
    else:
        body = "def main():\n" + "".join(f"    {step}\n" for step in steps) + "main()\n"
    return "\n\n".join((HEAD, *seeding, *drawing, body))


def _results(paths: Sequence[Path], hash_seed: str) -> list[object]:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", RUNNER, *map(str, paths)]
    found: list[object] = json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
    return found


def test_what_differs_is_told_and_what_does_not_is_not(tmp_path: Path) -> None:
    choice = Random(3)
    paths = [tmp_path / f"train{number}.py" for number in range(PROGRAMS)]
    for path in paths:
        path.write_text(_program(choice))
    runs = _results(paths, "1"), _results(paths, "2")
    differing = {path.name for path, one, other in zip(paths, *runs, strict=True) if one != other}
    findings = auditor.scan(tmp_path).findings
    told = {finding.location.path for finding in findings if finding.severity is not Severity.NOTE}
    assert 0.3 * PROGRAMS < len(differing) < 0.7 * PROGRAMS
    assert sorted(told - differing) == [], "told, but the same in every run"
    assert sorted(differing - told) == [], "differs, and is not told"
