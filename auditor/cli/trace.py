"""`repro-audit trace show`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.console import Console
from auditor.cli.help import CONTEXT, GroupedCommand, examples, new_app
from auditor.cli.options import AsciiOption, JsonOption, StoreOption, page_text, settings_with
from auditor.cli.stdout import write_stdout
from auditor.errors import UsageError
from auditor.model.trace import Phase

app = new_app("Print what the probe saw of a run.")
EXAMPLES = (
    "repro-audit trace show r1 --step 3",
    "repro-audit trace show r1 --op index_add --limit 20",
    "repro-audit trace show r1 --json | jq .op",
)


@app.callback()
def _group() -> None:
    """Print what the probe saw of a run."""


@app.command("show", cls=GroupedCommand, epilog=examples(*EXAMPLES), context_settings=CONTEXT)
def show_trace(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, or its folder.")],
    process: Annotated[str | None, typer.Option("--process", metavar="NAME", help="One process only: 0-0.")] = None,
    step: Annotated[int | None, typer.Option("--step", metavar="N", help="One optimizer step only.")] = None,
    phase: Annotated[str | None, typer.Option("--phase", metavar="PHASE", help="data, forward, backward, …")] = None,
    op: Annotated[str, typer.Option("--op", metavar="TEXT", help="Operators whose name holds this.")] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Events of each process.")] = 200,
    store: StoreOption = None,
    as_json: JsonOption = False,
    ascii: AsciiOption = False,  # noqa: A002
) -> int:
    """Print events, one a line: position, step, phase, operator, module, line, digests."""
    from auditor.report.prose.events import add_event
    from auditor.report.prose.page import Page
    from auditor.report.schema.values import to_json
    from auditor.services.history import EventFilter, find_run, trace_events

    run = find_run(name, Path.cwd(), settings_with(store))
    chosen = EventFilter(process=process, step=step, phase=_phase(phase), op=op, limit=limit)
    events = trace_events(run, chosen)
    if as_json:
        write_stdout("".join(json.dumps(to_json(event), ensure_ascii=False) + "\n" for event in events))
        return 0
    page = Page()
    for event in events:
        add_event(page, event)
    text = page_text(page, "never", ascii)
    if not text:
        Console().note(f"{run.id}: no event to show; `repro-audit runs show {run.id}` says what the run has left")
    write_stdout(text)
    return 0


def _phase(word: str | None) -> Phase | None:
    words = [phase.value for phase in Phase]
    if word is not None and word not in words:
        raise UsageError(f"--phase: expected one of {', '.join(words)}, found `{word}`")
    return Phase(word) if word else None
