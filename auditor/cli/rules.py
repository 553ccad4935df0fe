"""`repro-audit rules` and `repro-audit rules test FOLDER`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.exit_codes import ExitCode
from auditor.cli.help import CONTEXT, GroupedCommand, GroupedGroup, examples, new_app
from auditor.cli.option_table import words
from auditor.cli.options import AsciiOption, ColorOption, JsonOption, SelectOption, named_path, page_text
from auditor.cli.stdout import write_stdout

app = new_app("List the rules.\n\nThose of your own folders too, with the severities of your settings.")
EXAMPLES = (
    "repro-audit rules",
    "repro-audit rules --select RA3",
    "repro-audit rules --json",
    "repro-audit rules test team_rules",
)


@app.callback(cls=GroupedGroup, invoke_without_command=True, epilog=examples(*EXAMPLES))
def rules(
    context: typer.Context,
    select: SelectOption = None,
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    ascii: AsciiOption = False,  # noqa: A002
) -> int:
    """List the rules."""
    if context.invoked_subcommand is not None:
        return ExitCode.CLEAN
    from auditor.report.prose.page import Page
    from auditor.report.prose.rules import add_rule_list
    from auditor.report.schema.values import to_json
    from auditor.services.catalog import listed_rules
    from auditor.services.settings import load_settings

    settings = load_settings(Path.cwd(), {"select": words(select) or (), "ignore": ()})
    chosen = listed_rules(settings)
    if as_json:
        write_stdout(json.dumps(to_json(chosen), indent=2, ensure_ascii=False) + "\n")
        return ExitCode.CLEAN
    page = Page()
    add_rule_list(page, chosen)
    write_stdout(page_text(page, color, ascii))
    return ExitCode.CLEAN


@app.command("test", cls=GroupedCommand, epilog=examples("repro-audit rules test team_rules"), context_settings=CONTEXT)
def try_examples(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of rule files.", parser=named_path)],
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    ascii: AsciiOption = False,  # noqa: A002
) -> int:
    """Run the examples of your own rules.

    What is `bad` must be found on its lines; what is `good` or `fixed` must not. Exits with 1 where one of them
    fails, with 2 where a rule file is malformed.
    """
    from auditor.report.prose.page import Page
    from auditor.services.rule_examples import try_rules

    outcomes = try_rules(folder)
    if as_json:
        from auditor.cli.rule_tests import outcomes_json

        write_stdout(outcomes_json(outcomes))
    else:
        from auditor.cli.rule_tests import add_outcomes

        page = Page()
        add_outcomes(page, outcomes)
        write_stdout(page_text(page, color, ascii))
    return ExitCode.CLEAN if all(outcome.passed for outcome in outcomes) else ExitCode.FOUND
