"""Every known source that a scan could see is covered by a rule, or `docs/coverage.md` says why not."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import tomllib

from auditor.ruleset import load

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT.parent / "shared" / "catalogue" / "sources.toml"
PAGE = (ROOT / "docs" / "coverage.md").read_text()

RULES = {rule.id: rule for rule in load().rules}
COVERED = {source for rule in RULES.values() for source in rule.sources}
EXPLAINED = Counter(
    name
    for entry in re.findall(r"^- (.*(?:\n  .*)*)", PAGE, re.MULTILINE)
    for name in re.findall(r"`([a-z0-9]+(?:-[a-z0-9.]+)+)`", entry.partition(": ")[0])
)

needs_catalogue = pytest.mark.skipif(
    not CATALOGUE.is_file(), reason="the catalogue of sources is not part of this checkout"
)


def catalogue() -> dict[str, list[str]]:
    """Detection kinds by id."""
    return {entry["id"]: entry["detect"] for entry in tomllib.loads(CATALOGUE.read_text())["source"]}


@needs_catalogue
def test_every_source_that_a_scan_could_see_is_covered_or_explained() -> None:
    visible = {name for name, kinds in catalogue().items() if kinds != ["dynamic-only"]}
    assert visible - COVERED - EXPLAINED.keys() == set()


@needs_catalogue
def test_no_id_is_stale() -> None:
    known = catalogue().keys()
    assert (COVERED - known, EXPLAINED.keys() - known) == (set(), set())


def test_a_source_is_explained_once_and_only_where_no_rule_covers_it() -> None:
    assert {name for name, count in EXPLAINED.items() if count > 1 or name in COVERED} == set()


def test_rules_that_the_page_names_exist() -> None:
    assert set(re.findall(r"\bRA\d{3}\b", PAGE)) - RULES.keys() == set()
