"""Where an arbitrary order is followed to, and where the trail ends in silence."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from auditor.ruleset import load
from auditor.static.engine import Engine, find_files
from auditor.static.resolution.callingfiles import CallingFiles

RULESET = load()
ENGINE = Engine(RULESET, [rule for rule in RULESET.rules if rule.id in ("RA304", "RA305", "RA306")])

COUNTS = {
    "unpacked": "a, b = os.listdir('d')",
    "sliced": "first = glob.glob('*')[:10]",
    "next of a set": "one = next(iter(set(words)))",
    "popped": "one = set(words).pop()",
    "starred": "order = [*set(words)]\nx = order[0]",
    "numbered with a counter": "n = 0\nids = {}\nfor w in set(words):\n    ids[w] = n\n    n += 1",
    "numbered by enumerate": "ids = {}\nfor i, w in enumerate(set(words)):\n    ids[w] = i",
    "random draw in the loop": "for w in set(words):\n    weights[w] = random.random()",
    "shuffled": "random.shuffle(list(set(words)))",
    "through a helper": "def names():\n    return os.listdir('d')\nfirst = names()[0]",
    "into a constructor": (
        "class Data:\n    def __init__(self, names):\n        self.first = names[0]\nData(os.listdir('d'))"
    ),
    "through a generator": "first = [n.upper() for n in os.listdir('d') if n][0]",
    "extended": "found = []\nfound.extend(glob.glob('*'))\nx = found[0]",
    "parameters of an optimizer": "def groups():\n    return [{'params': [p for p in set(words)]}]",
    "assigned beside another": "kept, words = [], set(names)\nfirst = list(words)[0]",
    "array": "x = np.array(list(set(words)))",
    "yielded": "def each():\n    for name in os.listdir('d'):\n        yield name",
    "difference of sets": "rest = list(set(words) - {'a'})\nx = rest[0]",
    "set from a method": "both = set(words).union(other)\nfor w in both:\n    out.append(w)\nprint(out[0])",
    "walked": "for root, dirs, files in os.walk('d'):\n    for f in files:\n        out.append(f)\nx = out[0]",
    "rows of an array": "for i, n in enumerate(os.listdir('d')):\n    x[i] = np.load(n)\ny = x[:5]",
    "rows by a counter": "i = 0\nfor n in os.listdir('d'):\n    x[i, :] = np.load(n)\n    i += 1\ny = x[:5]",
    "rows of a set, stored": "for i, w in enumerate(set(words)):\n    x[i] = len(w)\nnp.save('x.npy', x)",
    "rows made from it": (
        "for i, n in enumerate(os.listdir('d')):\n    row = np.load(n)\n    x[i] = row / 2\nnp.random.shuffle(x)"
    ),
    "sum of floats as they finish": "s = 0.0\nfor job in as_completed(jobs):\n    s += job.result()",
}

SILENT = {
    "sorted": "first = sorted(os.listdir('d'))[0]",
    "sorted in place": "names = os.listdir('d')\nnames.sort()\nfirst = names[0]",
    "sorted again": "names = os.listdir('d')\nnames = sorted(names, key=len)\nfirst = names[0]",
    "sorted attribute": (
        "class Data:\n    def __init__(self):\n        self.names = os.listdir('d')\n        self.names.sort()\n"
        "    def __getitem__(self, i):\n        return self.names[i]"
    ),
    "counted": "n = len(os.listdir('d'))",
    "asked": "has = 'x' in os.listdir('d') or not os.listdir('e')",
    "stored by name": "for name in os.listdir('d'):\n    sizes[name] = os.path.getsize(name)",
    "dictionary by name": "sizes = {name: len(name) for name in set(words)}",
    "set of a set": "upper = {w.upper() for w in set(words)}",
    "only shown": "print(', '.join(set(words)))\nraise ValueError(f'unknown: {set(words)}')",
    "shown and raised": "raise KeyError('unknown ' + ', '.join(set(words)))",
    "known integers": "for n in {1, 2, 3}:\n    out.append(n)\nprint(out[0])",
    "indices of a range": "x = list(set(range(10)))[0]",
    "helper whose callers sort": "def names():\n    return os.listdir('d')\nfirst = sorted(names())[0]",
    "helper that sorts its argument": "def use(names):\n    names.sort()\n    return names[0]\nuse(os.listdir('d'))",
    "flag in a loop": "for name in os.listdir('d'):\n    if name == 'x':\n        return_value = True",
    "removed": "for name in os.listdir('d'):\n    os.remove(name)",
    "counted in a loop": "n = 0\nfor name in os.listdir('d'):\n    n += 1",
    "fresh list in each turn": "for name in os.listdir('d'):\n    row = []\n    row.append(name)",
    "one element": "found = glob.glob('*')\nassert len(found) == 1\nx = found[0]",
    "walk in order": (
        "for root, dirs, files in os.walk('d'):\n    dirs[:] = sorted(dirs)\n"
        "    for f in sorted(files):\n        out.append(f)"
    ),
    "membership built up": (
        "seen = set()\nfor w in words:\n    if w not in seen:\n        seen.add(w)\n        out.append(w)\nx = out[0]"
    ),
    "results by index": "for job in as_completed(jobs):\n    results[jobs[job]] = job.result()",
    "a method of something else": (
        "class Store:\n    def listdir(self):\n        return ['b']\nfirst = Store().listdir()[0]"
    ),
    "rows by name": "for i, n in enumerate(os.listdir('d')):\n    x[places[n]] = np.load(n)\ny = x[:5]",
    "rows of each turn": (
        "for i, n in enumerate(os.listdir('d')):\n    x = np.zeros(3)\n    x[i] = np.load(n)\n    y = x[:5]"
    ),
    "rows of something else": "for i, n in enumerate(os.listdir('d')):\n    x[i] = 1.0\ny = x[:5]",
    "rows in order": "for i, n in enumerate(sorted(os.listdir('d'))):\n    x[i] = np.load(n)\ny = x[:5]",
    "rows that are averaged": "for i, n in enumerate(os.listdir('d')):\n    x[i] = np.load(n)\ny = x.mean(0)",
    "a count that begins anew": ("for n in os.listdir('d'):\n    i = 0\n    x[i] = len(n)\n    i += 1\ny = x[:5]"),
    "rows of a weight": "y = net.weight[list(set(words) - set(other))].mean()",
    "gradients of a bias": "y = net.bias.grad[list(set(words))]",
    "numbers that are joined to a list": (
        "ids = []\nfor _ in range(3):\n    ids = ids + [random.randint(0, 9)]\nids = list(set(ids))[:2]"
    ),
    "dictionary views": "x = list({'a': 1}.keys())[0]",
}

HEAD = """\
import glob, os, random
from concurrent.futures import as_completed
import numpy as np
words, other, out, weights, sizes, jobs, results = ["a"], ["b"], [], {}, {}, {}, {}
x, places, net = np.zeros((9, 4)), {}, None
"""


def findings(folder: Path, source: str) -> list[str]:
    (folder / "program.py").write_text(HEAD + source + "\n")
    analysis = ENGINE.analyse(find_files(folder, [folder], ()))
    assert not analysis.skipped
    return [f"{finding.location.line} {finding.message}" for finding in analysis.findings]


@pytest.mark.parametrize("source", COUNTS.values(), ids=COUNTS.keys())
def test_order_that_counts_is_found_once(source: str, tmp_path: Path) -> None:
    assert len(findings(tmp_path, source)) == 1


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT.keys())
def test_order_that_does_not_count_is_not_reported(source: str, tmp_path: Path) -> None:
    assert findings(tmp_path, source) == []


def test_order_is_followed_into_another_file(tmp_path: Path) -> None:
    (tmp_path / "files.py").write_text("import os\n\n\ndef names(root):\n    return os.listdir(root)\n")
    (tmp_path / "train.py").write_text("from files import names\n\nprint(names('d')[0])\n")
    (found,) = ENGINE.analyse(find_files(tmp_path, [tmp_path], ())).findings
    assert (found.location.path, found.location.line) == ("files.py", 5)
    assert [(related.location.path, related.location.line) for related in found.related] == [("train.py", 3)]


@pytest.mark.parametrize(("use", "asks"), [("'a' in set(words)", False), ("list(set(words))[0]", True)])
def test_who_calls_a_function_is_looked_for_only_where_the_order_counts(
    use: str, asks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    find = CallingFiles.of

    def counted(self: CallingFiles, starts: Iterable[str], name: str, *, is_handed: bool = False) -> tuple[str, ...]:
        asked.append(name)
        return find(self, starts, name, is_handed=is_handed)

    monkeypatch.setattr(CallingFiles, "of", counted)
    findings(tmp_path, f"def chosen(words):\n    x = {use}\n    print(x)")
    assert ("chosen" in asked) == asks


@pytest.mark.parametrize(
    ("made_of", "severity"),
    [
        ("labels.tolist()", "note"),
        ("graph.y[mask].reshape(-1).tolist()", "note"),
        ("labels", "warning"),
        ("table['name'].tolist()", "warning"),
        ("table.name.values.tolist()", "warning"),
        ("table['name'].unique().tolist()", "warning"),
    ],
)
def test_a_set_of_what_an_array_holds_is_a_note(tmp_path: Path, made_of: str, severity: str) -> None:
    (tmp_path / "train.py").write_text(
        f"import joblib\nlabels, graph, table, mask = joblib.load('d')\nids = {{}}\n"
        f"for i, each in enumerate(set({made_of})):\n    ids[each] = i\n",
        encoding="utf-8",
    )
    (finding,) = ENGINE.analyse(find_files(tmp_path, [tmp_path], ())).findings
    assert (finding.rule_id, finding.severity.value, finding.confidence.value) == ("RA305", severity, "low")
