"""`docs/rules.md` from the rules: `python -m auditor.ruleset.page > docs/rules.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from auditor.model.rule import Category, Example, Rule
from auditor.ruleset import Operators, Replacements, load, load_replacements
from auditor.ruleset.replacements import plain_text

TITLES = {
    Category.SEEDING: "Seeding",
    Category.OPERATORS: "Operators",
    Category.DATA_ORDER: "Order of the data",
    Category.ENVIRONMENT: "Environment",
    Category.FRAMEWORK: "Framework switches",
    Category.RESUME: "State and resume",
}
_LANGUAGES = {
    "py": "python", "yaml": "yaml", "yml": "yaml", "json": "json", "toml": "toml", "cfg": "ini", "sh": "bash",
    "slurm": "bash", "Dockerfile": "dockerfile", "ipynb": "json",
}  # fmt: skip
_HEAD = """\
# Rules

Generated from `rules/` with `python -m auditor.ruleset.page > docs/rules.md`; a test keeps this page equal to them.
`repro-audit explain RA301` shows the same text. Severity says how bad it is where it holds, confidence how sure we
are that it holds; findings may carry a lower confidence than their rule.
"""


def rules_page(rules: Iterable[Rule], operators: Operators) -> str:
    """Return the page as Markdown."""
    rules = tuple(rules)
    lines = [_HEAD, f"{len(rules)} rules.", ""]
    for category, title in TITLES.items():
        lines += _overview(title, [rule for rule in rules if rule.category is category])
    for category, title in TITLES.items():
        lines += [f"## {title}", ""]
        for rule in rules:
            if rule.category is category:
                lines += _section(rule)
    lines += _operator_table(operators)
    lines += _replacement_table(load_replacements())
    return "\n".join(lines).rstrip("\n") + "\n"


def _overview(title: str, rules: list[Rule]) -> Iterator[str]:
    yield from (f"**{title}**", "", "| rule | name | severity | confidence |", "|---|---|---|---|")
    for rule in rules:
        yield f"| [{rule.id}](#{anchor(rule)}) | {rule.name} | {rule.severity.value} | {rule.confidence.value} |"
    yield ""


def anchor(rule: Rule) -> str:
    """The link target that Markdown renderers give to the rule's heading."""
    return f"{rule.id.lower()}-{rule.name}"


def _section(rule: Rule) -> Iterator[str]:
    yield from (f"### {rule.id} {rule.name}", "", f"**{rule.title}.**", "")
    where = f", only on {' and '.join(rule.devices)}" if rule.devices else ""
    version = f", {rule.versions}" if rule.versions else ""
    yield from (f"Severity {rule.severity.value}, confidence {rule.confidence.value}{where}{version}.", "")
    yield from (rule.explanation, "", f"What to do: {rule.fix.summary}.", "")
    bad = next(example for example in rule.examples if example.finds)
    good = next(example for example in rule.examples if not example.finds)
    yield from ("Found:", "", *_code(bad), "", "Not found:", "", *_code(good), "")
    yield "See " + ", ".join(f"<{reference}>" for reference in rule.references) + "."
    yield ""


def _code(example: Example) -> Iterator[str]:
    yield "```" + _LANGUAGES.get(example.path.rpartition(".")[2], "")
    for number, line in enumerate(example.source.rstrip("\n").split("\n"), 1):
        yield f"{line}  # <-- found" if number in example.finds else line
    yield "```"


def _operator_table(operators: Operators) -> Iterator[str]:
    yield "## Operators that may differ for the same inputs"
    yield from (
        "",
        "From `rules/operators.toml`; used when a run shows equal inputs and other outputs, and by `profile`.",
        "",
    )
    yield "| operators | device | when | deterministic mode |"
    yield "|---|---|---|---|"
    for fact in operators:
        names = ", ".join(f"`{name}`" for name in fact.operators)
        yield f"| {names} | {fact.device} | {fact.condition} | {fact.mode.value} |"


def _replacement_table(table: Replacements) -> Iterator[str]:
    yield from ("", "## What `fix` puts in the place of operators without a deterministic kernel", "")
    yield from (
        "From `rules/operators_replaced.toml`; a test compares each with the operator, values and gradients. The first",
        "line that fits a call counts; other operators get the deterministic mode.",
        "",
        "| operator | where | becomes | what differs |",
        "|---|---|---|---|",
    )
    for entry in table.entries:
        names = ", ".join(f"`{name}`" for name in sorted(entry.callees))
        where = [f"`{name}` {' or '.join(map(str, values))}" for name, values in entry.when.items()]
        where += [f"without `{name}`" for name in sorted(entry.absent)]
        becomes = f"`{plain_text(entry.to)}`" if entry.to else "nothing"
        yield f"| {names} | {', '.join(where)} | {becomes} | {entry.differs or entry.none} |"


def main() -> None:
    """Print the page."""
    ruleset = load()
    sys.stdout.write(rules_page(ruleset.rules, ruleset.operators))


if __name__ == "__main__":
    main()
