"""What `rules test` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence

from auditor.report.prose.numbers import count
from auditor.report.prose.page import Page, Style
from auditor.services.rule_examples import ExampleOutcome, RuleOutcome


def add_outcomes(page: Page, outcomes: Sequence[RuleOutcome]) -> None:
    """Add one line a rule, below it what failed, and how many passed."""
    width = max(len(outcome.rule.name) for outcome in outcomes)
    for outcome in outcomes:
        word, style = ("pass", Style.GOOD) if outcome.passed else ("FAIL", Style.ERROR)
        failed = [example for example in outcome.examples if not example.passed]
        total = count(len(outcome.examples), "example")
        page.add(
            (word, style),
            f"  {outcome.rule.id} {outcome.rule.name:<{width}}  ",
            f"{len(failed):,} of {total} failed" if failed else total,
        )
        for example in failed:
            page.add(f"      {outcome.rule.path}: example {example.number}, {example.kind}: {complaint(example)}")
    failing = sum(not outcome.passed for outcome in outcomes)
    tried = f"{count(len(outcomes), 'rule')}, {count(sum(len(each.examples) for each in outcomes), 'example')}"
    answer = f"{count(failing, 'rule')} failed" if failing else "all passed"
    page.add()
    page.add((f"{tried}: {answer}.", Style.ERROR if failing else Style.GOOD))


def complaint(example: ExampleOutcome) -> str:
    """What was expected and what was found instead."""
    if example.unread:
        return f"cannot be read: {example.unread}"
    if example.surprise:
        return example.surprise
    return f"expected {_lines(example.expected)}, found {_lines(example.found)}"


def outcomes_json(outcomes: Sequence[RuleOutcome]) -> str:
    """Return an array with an object a rule."""
    content = [
        {
            "id": outcome.rule.id,
            "name": outcome.rule.name,
            "path": outcome.rule.path,
            "passed": outcome.passed,
            "examples": [
                {
                    "number": example.number,
                    "kind": example.kind,
                    "passed": example.passed,
                    "expected": example.expected,
                    "found": example.found,
                    "surprise": example.surprise or None,
                    "unread": example.unread or None,
                }
                for example in outcome.examples
            ],
        }
        for outcome in outcomes
    ]
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _lines(lines: Sequence[int]) -> str:
    if not lines:
        return "nothing"
    return f"{'line' if len(lines) == 1 else 'lines'} {', '.join(map(str, lines))}"
