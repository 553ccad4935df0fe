"""`repro-audit explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.help import GroupedCommand, examples, new_app
from auditor.cli.options import AsciiOption, ColorOption, page_text
from auditor.cli.stdout import write_stdout
from auditor.errors import UsageError

app = new_app()
EXAMPLES = ("repro-audit explain RA101", "repro-audit explain unseeded-numpy", "repro-audit explain --all")


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
def explain(
    names: Annotated[list[str] | None, typer.Argument(metavar="RULE...", help="Ids or names of rules.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All rules.")] = False,
    color: ColorOption = "auto",
    ascii: AsciiOption = False,  # noqa: A002
) -> int:
    """Explain one rule: what, why, examples, fix."""
    from auditor.report.prose.page import Page
    from auditor.report.prose.rules import add_rule_page
    from auditor.services.catalog import all_rules, find_rule
    from auditor.services.settings import load_settings

    if not names and not everything:
        raise UsageError("name a rule, such as RA101; `repro-audit rules` lists them")
    settings = load_settings(Path.cwd())
    chosen = all_rules(settings) if everything else [find_rule(name, settings) for name in names or ()]
    page = Page()
    for number, rule in enumerate(chosen):
        if number:
            page.add()
        add_rule_page(page, rule)
    write_stdout(page_text(page, color, ascii))
    return 0
