"""Rules for people: the list, and the page of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from auditor.model.rule import Example, Rule
from auditor.report.prose.findings import STYLES
from auditor.report.prose.numbers import count
from auditor.report.prose.page import Page, Style


def add_rule_list(page: Page, rules: Sequence[Rule]) -> None:
    """Add one line a rule, by category."""
    width = max((len(rule.name) for rule in rules), default=0)
    ids = max((len(rule.id) for rule in rules), default=0)
    for category, members in groupby(rules, key=lambda rule: rule.category):
        page.add((category.value, Style.STRONG))
        for rule in members:
            page.add(
                f"  {rule.id:<{ids}}  ",
                (f"{rule.severity.value:<8}", STYLES[rule.severity]),
                f"{rule.name:<{width}}  {rule.title}",
            )
        page.add()
    page.add(f"{count(len(rules), 'rule')}; `repro-audit explain RULE` explains one")


def add_rule_page(page: Page, rule: Rule) -> None:
    """Add everything about one rule: what, why, where it holds, fix, examples, references."""
    page.add((f"{rule.id} {rule.name}", Style.STRONG))
    page.sentence(rule.title)
    page.add()
    devices = f", on {' and '.join(rule.devices)}" if rule.devices else ""
    versions = f", {rule.versions}" if rule.versions else ""
    page.add(
        (rule.severity.value, STYLES[rule.severity]),
        f", confidence {rule.confidence.value}, {rule.category.value}{devices}{versions}",
    )
    page.add()
    _add_markdown(page, rule.explanation)
    page.named("fix", rule.fix.summary)
    page.add()
    for example in rule.examples:
        _add_example(page, example)
    page.named("allow", f"# repro-audit: allow {rule.id} because …")
    if rule.references:
        page.named("see", rule.references)


def _add_markdown(page: Page, text: str) -> None:
    """Paragraphs are wrapped; lists and code stay as they are written."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph.lstrip().startswith(("-", "*", "```", "    ", "1.", "|")):
            for line in paragraph.splitlines():
                page.add(line)
        else:
            page.sentence(" ".join(paragraph.split()))
        page.add()


def _add_example(page: Page, example: Example) -> None:
    """The source, with `>` before the lines on which the rule speaks."""
    page.add(("found on the lines marked with >:" if example.finds else "not found:", Style.FAINT))
    for number, line in enumerate(example.source.strip("\n").splitlines(), start=_first_line(example.source)):
        mark = ">" if number in example.finds else " "
        page.add(f"  {mark} {line}")
    if example.fixed:
        page.add(("fixed:", Style.FAINT))
        for line in example.fixed.strip("\n").splitlines():
            page.add(f"    {line}")
    page.add()


def _first_line(source: str) -> int:
    return 1 + len(source) - len(source.lstrip("\n"))
