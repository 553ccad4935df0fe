"""Complaints about rule files: each names the file and the key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.errors import RuleError
from auditor.model.rule import Category, Severity
from auditor.ruleset.schema import read_definitions, read_rule
from auditor.ruleset.table import read_table

RULE = '''
schema = 1
id = "RA399"
name = "some-pattern"
title = "A pattern"
category = "data-order"
severity = "warning"
confidence = "medium"
explanation = "It is there. It does harm."
references = ["https://example.org/"]
sources = ["dataloader-in-order-false"]

[match]
kind = "call"
callee = ["torch.rand"]

[fix]
summary = "leave it out"

[[example]]
bad = """
import torch
torch.rand(1)
"""
finds = [2]

[[example]]
good = "import torch"
'''


def read(tmp_path: Path, text: str, definitions: str = "schema = 1") -> object:
    (tmp_path / "rule.toml").write_text(text)
    (tmp_path / "definitions.toml").write_text(definitions)
    known = read_definitions(read_table(tmp_path / "definitions.toml", "rules/definitions.toml"))
    return read_rule(read_table(tmp_path / "rule.toml", "rules/rule.toml"), known)


def test_rule_is_read(tmp_path: Path) -> None:
    (tmp_path / "rule.toml").write_text(RULE)
    rule = read_rule(read_table(tmp_path / "rule.toml", "rules/rule.toml"), {})
    assert (rule.id, rule.name, rule.category, rule.severity) == (
        "RA399",
        "some-pattern",
        Category.DATA_ORDER,
        Severity.WARNING,
    )
    assert rule.match.options == {"callee": ["torch.rand"]}
    assert [example.finds for example in rule.examples] == [(2,), ()]
    assert rule.examples[0].source.startswith("import torch\n")
    assert (rule.devices, rule.versions) == ((), None)


@pytest.mark.parametrize(
    ("change", "to", "complaint"),
    [
        (
            'severity = "warning"',
            'severty = "warning"',
            "severity: missing; expected a string .is `severty` meant for it",
        ),
        (
            'severity = "warning"',
            'severity = "warn"',
            "severity: expected one of `error`, `warning`, `note`, found `warn`",
        ),
        ('title = "A pattern"', 'title = "A pattern"\ncolour = "red"', "colour: unknown key"),
        (
            'title = "A pattern"',
            'title = "A pattern"\nversion = "x"',
            r"version: unknown key \(did you mean `versions`\?\)",
        ),
        ('title = "A pattern"', "title = 3", "title: expected a non-empty string, found `3`"),
        ('id = "RA399"', 'id = "RA199"', "id: rules of category `data-order` are RA300 to RA399, found `RA199`"),
        ('id = "RA399"', 'id = "R3"', "id: expected `RA` and three digits"),
        ('name = "some-pattern"', 'name = "Some Pattern"', "name: expected lower-case words joined by `-`"),
        ("schema = 1", "schema = 2", "schema: this program reads version 1, found `2`"),
        ("references = [", 'references = ["a", "a", ', "references: `a` is listed twice"),
        ('references = ["https://example.org/"]', "references = []", "references: expected at least one string"),
        ('[match]\nkind = "call"', "[match]", "match.kind: missing; expected a string"),
        ('summary = "leave it out"', "", "fix.summary: missing"),
        ('summary = "leave it out"', 'summary = "x"\nkind = "remove"', "fix.applicability: missing"),
        ('summary = "leave it out"', 'summary = "x"\nvalue = "1"', "fix.value: unknown key"),
        ("finds = [2]", "finds = [9]", r"example\[1\].finds: line 9 is outside the example"),
        ("finds = [2]", "finds = true", r"example\[1\].finds: expected the line numbers"),
        ('[[example]]\ngood = "import torch"', "", "example: a rule needs at least one `good` example"),
        ('category = "data-order"', 'category = "data-order"\ndevices = ["tpu"]', "devices: expected `cpu` or `cuda`"),
        ('callee = ["torch.rand"]', 'callee = ["torch.rand"]\nrequires = ["cudo"]', "match.requires: `cudo` is not in"),
    ],
)
def test_complaint_names_file_and_key(tmp_path: Path, change: str, to: str, complaint: str) -> None:
    assert change in RULE
    with pytest.raises(RuleError) as caught:
        read(tmp_path, RULE.replace(change, to, 1))
    assert re.match(f"rules/rule.toml: {complaint}", str(caught.value))


def test_definition_replaces_its_name(tmp_path: Path) -> None:
    definitions = 'schema = 1\n[[definition]]\nname = "gpu"\nany = [{ strings = ["cuda"] }]\n'
    text = RULE.replace('callee = ["torch.rand"]', 'callee = ["torch.rand"]\nrequires = ["gpu"]')
    (tmp_path / "rule.toml").write_text(text)
    (tmp_path / "definitions.toml").write_text(definitions)
    known = read_definitions(read_table(tmp_path / "definitions.toml", "rules/definitions.toml"))
    rule = read_rule(read_table(tmp_path / "rule.toml", "rules/rule.toml"), known)
    assert rule.match.options["requires"] == [{"any": [{"strings": ["cuda"]}]}]


def test_rule_for_cuda_alone_prefers_cuda(tmp_path: Path) -> None:
    definitions = 'schema = 1\n[[definition]]\nname = "cuda"\nany = [{ strings = ["cuda"] }]\n'
    (tmp_path / "rule.toml").write_text(RULE.replace("[match]", 'devices = ["cuda"]\n[match]', 1))
    (tmp_path / "definitions.toml").write_text(definitions)
    known = read_definitions(read_table(tmp_path / "definitions.toml", "rules/definitions.toml"))
    rule = read_rule(read_table(tmp_path / "rule.toml", "rules/rule.toml"), known)
    assert rule.match.options["prefers"] == [{"any": [{"strings": ["cuda"]}]}]


def test_broken_toml_and_odd_encoding_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "rule.toml").write_text("schema = ")
    with pytest.raises(RuleError, match=r"rules/rule\.toml: not TOML: "):
        read_table(tmp_path / "rule.toml", "rules/rule.toml")
    (tmp_path / "rule.toml").write_bytes(b"schema = 1 # \xff")
    with pytest.raises(RuleError, match=r"rules/rule\.toml: not UTF-8: byte 13"):
        read_table(tmp_path / "rule.toml", "rules/rule.toml")
    with pytest.raises(RuleError, match=r"rules/none\.toml: cannot be read"):
        read_table(tmp_path / "none.toml", "rules/none.toml")
