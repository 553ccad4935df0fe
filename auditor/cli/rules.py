"""`repro-audit rules`."""

from __future__ import annotations

import json

from auditor.cli.help import GroupedCommand, examples, new_app
from auditor.cli.options import AsciiOption, ColorOption, JsonOption, SelectOption, page_text, words
from auditor.cli.stdout import write_stdout

app = new_app()
EXAMPLES = ("repro-audit rules", "repro-audit rules --select RA3", "repro-audit rules --json")


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
def rules(
    select: SelectOption = None,
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    ascii: AsciiOption = False,  # noqa: A002
) -> int:
    """List the rules."""
    from auditor.report.prose.page import Page
    from auditor.report.prose.rules import add_rule_list
    from auditor.report.schema.values import to_json
    from auditor.ruleset import load
    from auditor.services.scan import chosen_rules
    from auditor.services.settings import Settings

    chosen = chosen_rules(load(), Settings(select=words(select) or ()))
    if as_json:
        write_stdout(json.dumps(to_json(chosen), indent=2, ensure_ascii=False) + "\n")
        return 0
    page = Page()
    add_rule_list(page, chosen)
    write_stdout(page_text(page, color, ascii))
    return 0
