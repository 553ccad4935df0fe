"""Laws of patches over generated programs: what is applied is gone, twice is once, undone is the same bytes."""

from __future__ import annotations

import ast
import json
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.model.report import AuditReport
from auditor.report import render
from auditor.ruleset import load
from auditor.services.apply import apply, undo
from auditor.services.fix import FixPlan, with_patches
from auditor.static.engine import Engine, find_files
from auditor.static.patches import Sources, plan_patches

RULESET = load()
RULES = [rule for rule in RULESET.rules if "kind" in rule.fix.options]
ENGINE = Engine(RULESET, RULES)
BY_ID = {rule.id: rule for rule in RULES}

IMPORTS = (
    "import torch",
    "import torch as th",
    "import random",
    "import numpy as np",
    "from torch.utils.data import DataLoader",
    "import os, sys",
    "from pathlib import (\n    Path,\n)",
)
LINES = (
    "loader = DataLoader(data, 32, True)",
    "loader = DataLoader(\n    data,\n    shuffle=True,  # every epoch\n    num_workers=2,\n)",
    "for batch in DataLoader(data, shuffle=True): print(batch)",
    "x = random.random(); y = np.random.rand(3)",
    "model = torch.nn.Linear(2, 2)",
    "files = os.listdir('data')",
    "files = [os.path.join('data', name) for name in os.listdir('data')]",
    "for name in os.listdir('data'):\n    print(name)",
    "names = list({'a', 'b'})",
    "torch.backends.cudnn.benchmark = True",
    "rng = np.random.default_rng()",
    "# nothing but a comment",
    "print('{braces}', f\"{1 + 1:>{4}}\")",
    "train, test = train_test_split(rows, test_size=0.2)",
)
FRAMES = ("", "def main():", "if __name__ == '__main__':", "class Trainer:\n    def fit(self):")
TAILS = ("", "main()\n", "    # the end\n")


@st.composite
def programs(draw: st.DrawFn) -> bytes:
    head = draw(st.sampled_from(["", '"""A program."""\n', "#!/usr/bin/env python\n# coding: utf-8\n"]))
    imports = draw(st.lists(st.sampled_from(IMPORTS), unique=True, max_size=6))
    unit = draw(st.sampled_from(["    ", "  ", "\t"]))
    text = head + "".join(f"{line}\n" for line in [*imports, "from sklearn.model_selection import train_test_split"])
    for _ in range(draw(st.integers(1, 3))):
        frame = draw(st.sampled_from(FRAMES))
        text += "\n" * draw(st.integers(0, 2)) + (f"{frame}\n" if frame else "")
        depth = 2 if "class" in frame else 1 if frame else 0
        for line in draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=3)):
            text += "".join(f"{'    ' * depth}{part}\n" for part in line.split("\n"))
        if depth:
            text += f"{'    ' * depth}pass\n"
    text = text.replace("    ", unit)
    if draw(st.booleans()):
        text = text.rstrip("\n")
    raw = text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n"]))).encode()
    return draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"])) + raw


@contextmanager
def project_with(source: bytes) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="repro-audit-test-")).resolve()
    try:
        (folder / "project").mkdir()
        (folder / "project" / "train.py").write_bytes(source)
        yield folder / "project"
    finally:
        shutil.rmtree(folder)


def planned(root: Path) -> FixPlan:
    found = find_files(root, [root], ())
    findings = ENGINE.analyse(found).findings
    project = ENGINE.project(found)
    sources = Sources(project)
    patches, refused = plan_patches(findings, BY_ID, project, sources)
    report = AuditReport(tool="repro-audit 0", project="project", findings=findings)
    return FixPlan(report=report, root=root, patches=patches, refused=refused, sources=sources)


def keys_of(plan: FixPlan, ids: Collection[str]) -> set[str]:
    return {key for patch in plan.patches if patch.id in ids for key in patch.finding_keys}


LIMITS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@LIMITS
@given(programs())
def test_what_is_applied_is_found_no_more_and_twice_is_once(source: bytes) -> None:
    ast.parse(source)
    with project_with(source) as root:
        plan = planned(root)
        ids, _ = plan.compatible([patch.id for patch in plan.patches])
        for path, content in plan.texts(ids).items():
            (root / path).write_bytes(content)
        again = planned(root)
        kinds = {(patch.rule_ids[0], patch.title) for patch in plan.patches if patch.id in ids}
        assert not kinds & {(patch.rule_ids[0], patch.title) for patch in again.patches}
        fixed = {finding.source_lines[:1] for finding in plan.report.findings if finding.key in keys_of(plan, ids)}
        left = [finding for finding in again.report.findings if finding.key in keys_of(plan, ids)]
        assert not [finding for finding in left if finding.source_lines[:1] in fixed]


@LIMITS
@given(programs(), st.randoms(use_true_random=False))
def test_subsets_of_patches_never_garble(source: bytes, random: st.DataObject) -> None:
    with project_with(source) as root:
        plan = planned(root)
        every = [patch.id for patch in plan.patches]
        subset = [each for each in every if random.random() < 0.5]  # type: ignore[attr-defined]
        ids, left_out = plan.compatible(subset)
        assert set(ids) | set(left_out) == set(subset)
        texts = plan.texts(ids)
        for content in texts.values():
            ast.parse(content)
        assert texts == plan.texts(tuple(reversed(ids)))
        if not ids:
            assert not texts


@LIMITS
@given(programs())
def test_apply_then_undo_gives_the_same_bytes(source: bytes) -> None:
    with project_with(source) as root:
        store = root.parent / "store"
        plan = planned(root)
        ids, _ = plan.compatible([patch.id for patch in plan.patches])
        if not ids:
            return
        apply(plan, ids, store=store)
        assert (root / "train.py").read_bytes() != source
        undo(root, store=store)
        assert (root / "train.py").read_bytes() == source
        assert [path.name for path in root.iterdir()] == ["train.py"]


@LIMITS
@given(programs())
def test_fixes_of_a_sarif_report_yield_the_patched_text(source: bytes) -> None:
    """Lines and columns of its regions count neither a byte order mark nor anything that other tools do not count."""
    with project_with(source) as root:
        plan = planned(root)
        log = json.loads(render(with_patches(plan), "sarif"))
        for result in log["runs"][0]["results"]:
            for fix in result.get("fixes", []):
                (change,) = fix["artifactChanges"]
                (patched,) = plan.texts([result["properties"]["patch"]["id"]]).values()
                text = source.decode("utf-8-sig")
                assert replaced(text, change["replacements"]) == patched.decode("utf-8-sig")


def replaced(text: str, replacements: list[dict[str, Any]]) -> str:
    """What a program makes of a text that knows nothing but the standard."""
    starts = [0, *(at + 1 for at, character in enumerate(text) if character == "\n")]
    for replacement in reversed(replacements):
        region = replacement["deletedRegion"]
        first = starts[region["startLine"] - 1] + region["startColumn"] - 1
        last = starts[region["endLine"] - 1] + region["endColumn"] - 1
        text = text[:first] + replacement["insertedContent"]["text"] + text[last:]
    return text
