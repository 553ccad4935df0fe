"""What documents name counts in the scans that come after it changed: each report is that of a scan from scratch."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.report import render
from auditor.services.scan import scan
from auditor.services.settings import Settings
from auditor.static.files.importgraph import ImportGraph

FILES = {
    "make.py": (
        "import importlib\n\ndef make(config):\n    module, cls = config['target'].rsplit('.', 1)\n"
        "    return getattr(importlib.import_module(module), cls)(**config.get('params', {}))\n"
    ),
    "train.py": "import json, sys\nfrom make import make\n\nprint(make(json.load(open(sys.argv[1]))['model']).x)\n",
    "nets.py": (
        "import random\n\nclass Small:\n    def __init__(self):\n        self.x = random.random()\n\n"
        "class Quiet:\n    def __init__(self):\n        self.x = 3\n"
    ),
    "configs/a.yaml": "model:\n  target: nets.Small\n",
}
STEPS: tuple[tuple[str, str | None, int], ...] = (
    ("configs/a.yaml", "model:\n  target: nets.Quiet\n", 0),
    ("configs/b.yaml", "model:\n  target: nets.Small\n", 1),
    ("configs/b.yaml", "other:\n  target: nets.Small\n", 0),
    ("configs/b.yaml", "model:\n  target: later.Net\n", 0),
    ("later.py", "import random\n\nclass Net:\n    x = random.random()\n", 1),
    ("train.py", FILES["train.py"] + "# more\n", 1),
    ("later.py", None, 0),
    ("configs/b.yaml", None, 0),
    ("configs/a.yaml", FILES["configs/a.yaml"], 1),
    ("make.py", FILES["make.py"].replace("'target'", "'kind'"), 0),
)


PICKING = {
    "train.py": (
        "import json, sys\nimport nets\n\nconfig = json.load(open(sys.argv[1]))\n"
        "print(getattr(nets, config['model']['type'])().x)\n"
    ),
    "nets.py": FILES["nets.py"],
    "a.json": '{"model": {"type": "Small"}}',
}
PICKING_STEPS: tuple[tuple[str, str | None, int], ...] = (
    ("a.json", '{"model": {"type": "Quiet"}}', 0),
    ("b.yaml", "model: {type: Small}\n", 1),
    ("b.yaml", None, 0),
    ("a.json", None, 1),
    ("a.json", '{"model": {"kind": "Quiet"}}', 1),
    ("a.json", '{"model": {"type": "Quiet"}}', 0),
    ("train.py", PICKING["train.py"].replace("'type'", "'kind'"), 1),
)
TASKS = {
    "work.py": "import random\n\ndef train():\n    return random.random()\n",
    "run.py": "print(3)\n",
}
_TASK = "import random\nfrom celery import shared_task\n\n@shared_task\ndef train():\n    return random.random()\n"
_FLOW = "import random\nfrom prefect import flow\n\n@flow\ndef train():\n    return random.random()\n"
TASK_STEPS: tuple[tuple[str, str | None, int], ...] = (
    ("work.py", _TASK, 1),
    ("work.py", _TASK + "# more\n", 1),
    ("run.py", "import work\n", 1),
    ("work.py", _FLOW, 0),
    ("run.py", "print(3)\n", 1),
    ("work.py", _FLOW.replace("@flow", "# @flow"), 0),
)


@pytest.mark.parametrize(
    ("files", "steps", "before"),
    [(FILES, STEPS, 1), (PICKING, PICKING_STEPS, 1), (TASKS, TASK_STEPS, 0)],
    ids=["made", "picked", "tasks"],
)
def test_each_edit_is_seen(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    steps: tuple[tuple[str, str | None, int], ...],
    before: int,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    assert len(scan([root], Settings(), root=root, cached=True).findings) == before
    for name, changed, count in steps:
        if changed is None:
            (root / name).unlink()
        else:
            (root / name).write_text(changed)
        again = scan([root], Settings(), root=root, cached=True)
        assert len(again.findings) == count, (name, changed)
        assert render(again, "json") == render(scan([root], Settings(), root=root), "json")


def test_where_nothing_tells_what_is_made_moves_with_comments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    root.mkdir()
    for name in ("make.py", "train.py"):
        (root / name).write_text(FILES[name])
    for comments, place in (("", "train.py:4 "), ("# why\n", "train.py:5 "), ("\n# why\n", "train.py:6 ")):
        (root / "train.py").write_text(comments + FILES["train.py"])
        again = scan([root], Settings(), root=root, cached=True)
        assert place in again.skipped[0].reason
        assert render(again, "json") == render(scan([root], Settings(), root=root), "json")


def test_where_documents_name_what_they_named_no_import_is_looked_up_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    scan([root], Settings(), root=root, cached=True)
    asked: list[str] = []
    outside = ImportGraph._outside
    monkeypatch.setattr(
        ImportGraph,
        "_outside",
        lambda self, origin, names, path: asked.append(path) or outside(self, origin, names, path),
    )
    (root / "configs/a.yaml").write_text(f"# why\n{FILES['configs/a.yaml']}")
    (root / "nets.py").write_text(f"{FILES['nets.py']}# more\n")
    again = scan([root], Settings(), root=root, cached=True)
    assert asked == []
    monkeypatch.undo()
    assert render(again, "json") == render(scan([root], Settings(), root=root), "json")
