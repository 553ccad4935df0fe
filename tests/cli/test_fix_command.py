"""`repro-audit fix` as a person or a CI job uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import fix_json
from auditor.ruleset import load

Command = Callable[..., Any]
"""The fixture `command`: words → exit code, stdout, stderr."""

DIRTY = "import numpy as np\n\nprint(np.random.rand(3))\n"
FIXED = "import numpy as np\n\nnp.random.seed(0)\nprint(np.random.rand(3))\n"
ONLY = ("--select", "RA102")


@pytest.fixture
def train(project: Path) -> Path:
    file = project / "train.py"
    file.write_text(DIRTY)
    return file


def patch_id(command: Command) -> str:
    (patch,) = json.loads(command("fix", *ONLY, "--format", "json").out)["patches"]
    return str(patch["id"])


def test_patches_are_shown_and_nothing_is_written(command: Command, train: Path) -> None:
    ran = command("fix", ".", *ONLY)
    assert (ran.code, ran.err) == (1, "")
    assert "safe RA102-" in ran.out
    assert "  +np.random.seed(0)\n" in ran.out
    assert "1 patch for 1 of 1 finding: 1 safe.\n" in ran.out
    assert "repro-audit fix . --apply " in ran.out
    assert "\x1b" not in ran.out
    assert train.read_text() == DIRTY


def test_apply_writes_and_undo_brings_back(command: Command, train: Path) -> None:
    ran = command("fix", "--apply", *ONLY)
    assert ran.code == 0
    assert "Applied 1 patch to 1 file as p1: train.py." in ran.out
    assert train.read_text() == FIXED
    assert command("scan", *ONLY).code == 0
    ran = command("fix", "--undo")
    assert (ran.code, ran.err) == (0, "")
    assert "As before, to the byte: train.py." in ran.out
    assert train.read_text() == DIRTY


def test_a_rule_that_is_none_is_told_without_an_option_that_nobody_gave(command: Command, train: Path) -> None:
    told = "no rule is called `RA999`; `repro-audit rules` lists them\n"
    assert command("fix", "RA999").err == f"repro-audit: {told}"
    assert command("fix", "--select", "RA999").err == f"repro-audit: --select: {told}"


def test_applying_twice_is_applying_once(command: Command, train: Path) -> None:
    command("fix", "--apply", *ONLY)
    ran = command("fix", "--apply", *ONLY)
    assert (ran.code, ran.out) == (0, "Nothing to fix: no findings in 1 file.\n")
    assert train.read_text() == FIXED


def test_diff_is_what_patch_and_git_take(command: Command, train: Path, project: Path) -> None:
    (project / "fix.patch").write_text(command("fix", *ONLY, "--format", "diff").out)
    subprocess.run(["git", "apply", "fix.patch"], cwd=project, check=True)
    assert train.read_text() == FIXED


def test_json_has_patches_and_what_was_applied(command: Command, train: Path) -> None:
    content = json.loads(command("fix", "--apply", *ONLY, "--format", "json").out)
    assert (content["format"], content["version"]) == (fix_json.FORMAT, fix_json.VERSION)
    (patch,) = content["patches"]
    assert content["applied"] == {"step": "p1", "patches": [patch["id"]], "files": ["train.py"]}
    log = json.loads(command("fix", "--log", "--format", "json").out)
    assert [(step["id"], step["is_finished"], step["undone_at"]) for step in log["steps"]] == [("p1", True, None)]


def test_page_names_every_key_of_the_json(command: Command, train: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "fix.md").read_text(encoding="utf-8")
    content = json.loads(command("fix", "--apply", *ONLY, "--format", "json").out)
    log = json.loads(command("fix", "--log", "--format", "json").out)
    keys = {*content, *content["patches"][0], *content["applied"], *log, *log["steps"][0], *log["steps"][0]["files"][0]}
    assert not [key for key in sorted(keys) if f"`{key}`" not in page]


def test_patch_and_rule_can_be_named(command: Command, train: Path) -> None:
    assert command("fix", patch_id(command), "--apply").code == 0
    assert train.read_text() == FIXED
    command("fix", "--undo", "p1")
    assert command("fix", "RA102", "--apply").code == 0
    assert train.read_text() == FIXED
    assert [line.split()[0] for line in command("fix", "--log").out.splitlines() if line.startswith("p")] == [
        "p1",
        "p2",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nope.py",), "nope.py: no such file or folder, and no rule or patch"),
        (("--apply", "--undo"), "--apply and --undo exclude each other"),
        (("--undo",), "nothing to undo"),
        (("--undo", "p4"), "--undo: there is no step p4; none is applied"),
        (("--format", "yaml"), "--format: there is no `yaml`; there are: text, json, diff"),
        (("--interactive",), "--interactive: needs a terminal"),
        (("RA102-000000",), "no patch is called `RA102-000000`"),
        (("--log", "--unsafe"), "--unsafe chooses what --apply writes"),
    ],
)
def test_mistake_is_told_with_what_to_do(command: Command, train: Path, words: tuple[str, ...], message: str) -> None:
    ran = command("fix", *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"repro-audit: {message}")
    assert train.read_text() == DIRTY


def test_unsafe_patches_need_to_be_asked_for(command: Command, project: Path) -> None:
    file = project / "train.py"
    file.write_text("import torch\n\ntorch.backends.cudnn.benchmark = True\ntorch.rand(3).cuda()\n")
    ran = command("fix", "--apply", "--select", "RA201")
    assert ran.code == 1
    assert "Nothing was applied." in ran.out
    assert "Not applied: 1 unsafe patch (fix --apply --unsafe applies them)." in ran.out
    assert command("fix", "--apply", "--unsafe", "--select", "RA201").code == 0
    assert "torch.backends.cudnn.benchmark = False" in file.read_text()


def test_finding_without_a_patch_is_left_with_the_reason(command: Command, project: Path) -> None:
    advised = [rule for rule in load().rules if "kind" not in rule.fix.options]
    rule, example = next(
        (rule, each) for rule in advised for each in rule.examples if each.finds and each.path.endswith(".py")
    )
    (project / "example.py").write_text(example.source)
    ran = command("fix", "--apply", "--select", rule.id)
    assert ran.code == 1
    assert "left to a person:" in ran.out
    assert "no rule can tell here what is right" in " ".join(ran.out.split())
    assert rule.fix.summary.split()[0] in command("fix", "-v", "--select", rule.id).out


def test_colours_are_for_terminals(command: Command, train: Path) -> None:
    assert "\x1b[32m  +np.random.seed(0)\x1b[0m" in command("fix", *ONLY, "--color", "always").out


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("answers", "content"),
    [("y\n", FIXED), ("n\n", DIRTY), ("?\nq\n", DIRTY), ("a\n", FIXED), ("e\n", FIXED.replace("seed(0)", "seed(7)"))],
)
def test_each_patch_is_asked_for(train: Path, answers: str, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import pty

    editor = train.parent / "editor.sh"
    editor.write_text('#!/bin/sh\nsed -i "s/seed(0)/seed(7)/" "$2"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.delenv("VISUAL", raising=False)
    primary, secondary = pty.openpty()
    words = [sys.executable, "-m", "auditor", "fix", "train.py", "--interactive", *ONLY]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "TERM": "xterm"}
    with subprocess.Popen(words, stdin=secondary, stdout=secondary, stderr=secondary, env=environ) as process:
        os.close(secondary)
        os.write(primary, answers.encode())
        shown = b""
        while True:
            try:
                piece = os.read(primary, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
    os.close(primary)
    assert b"Apply this patch? [y]es, [n]o, [e]dit" in shown
    assert train.read_text() == content, shown.decode()
    assert process.returncode == (1 if content == DIRTY else 0)


def test_a_file_whose_name_is_no_text_keeps_no_other_from_being_fixed(
    command: Command, train: Path, project: Path
) -> None:
    try:
        with open(os.fsencode(project) + b"/tr\xe4in.py", "wb") as file:
            file.write(DIRTY.encode())
    except OSError:
        pytest.skip("the file system takes UTF-8 names only")
    ran = command("fix", "--apply", *ONLY)
    assert ran.code == 1
    assert "Applied 1 patch to 1 file as p1: train.py." in ran.out
    assert "is not UTF-8" in ran.out
    assert train.read_text() == FIXED
