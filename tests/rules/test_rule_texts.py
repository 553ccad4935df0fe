"""What every rule owes its reader, checked over all rule files."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
import tomllib

from auditor.errors import RuleError
from auditor.model.rule import Category, Rule
from auditor.ruleset import load
from auditor.ruleset.page import rules_page
from auditor.static.matcher import registry

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT.parent / "shared" / "catalogue" / "sources.toml"
RULESET = load()


@pytest.fixture(params=RULESET.rules, ids=lambda rule: rule.id)
def rule(request: pytest.FixtureRequest) -> Rule:
    found = request.param
    assert isinstance(found, Rule)
    return found


def test_there_are_forty_rules_and_five_in_every_category() -> None:
    counts = Counter(rule.category for rule in RULESET.rules)
    assert sum(counts.values()) >= 40
    assert {category: counts[category] >= 5 for category in Category} == dict.fromkeys(Category, True)


def test_rule_has_references_that_are_addresses(rule: Rule) -> None:
    assert rule.references
    assert all(re.fullmatch(r"https://[\w./#?=&%~+-]+", reference) for reference in rule.references)


def test_explanation_is_at_least_two_sentences(rule: Rule) -> None:
    assert len(re.findall(r"[.:!?](?:\s|$)", rule.explanation)) >= 2


def test_title_and_summary_are_one_line_without_full_stop(rule: Rule) -> None:
    for text in (rule.title, rule.fix.summary):
        assert "\n" not in text
        assert not text.endswith(".")


def test_rule_has_a_finding_and_a_near_miss(rule: Rule) -> None:
    assert any(example.finds for example in rule.examples)
    assert any(not example.finds for example in rule.examples)


def test_python_examples_are_python(rule: Rule) -> None:
    for example in rule.examples:
        if example.path.endswith(".py"):
            assert ast.parse(example.source).body, "an example without a statement shows nothing"


def test_match_names_a_matcher_that_accepts_its_options(rule: Rule) -> None:
    matcher = registry()[rule.match.kind]
    matcher.validate(rule.match.options, f"{rule.path}: match")
    with pytest.raises(RuleError, match=f"{rule.path}: match"):
        matcher.validate({**rule.match.options, "no_such_option": 1}, f"{rule.path}: match")


def test_file_lies_in_the_folder_of_its_category_under_its_id(rule: Rule) -> None:
    assert rule.path == f"rules/{rule.category.value}/{rule.id}.toml"


@pytest.mark.skipif(not CATALOGUE.is_file(), reason="the catalogue of sources is not part of this checkout")
def test_sources_are_in_the_catalogue() -> None:
    known = {source["id"] for source in tomllib.loads(CATALOGUE.read_text())["source"]}
    named = {source: rule.id for rule in RULESET.rules for source in rule.sources}
    named |= {source: fact.operators[0] for fact in RULESET.operators for source in fact.sources}
    assert {source: where for source, where in named.items() if source not in known} == {}


def test_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "rules.md").read_text()
    assert page == rules_page(RULESET.rules, RULESET.operators), "run `python -m auditor.ruleset.page > docs/rules.md`"
