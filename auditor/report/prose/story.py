"""The story of two runs: verdict, where, why, what then, what to do; always in this order, with fixed names."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.model.divergence import Comparison, Divergence
from auditor.model.report import AuditReport
from auditor.model.run import RunRecord
from auditor.model.trace import TraceEvent
from auditor.model.verdict import Cause, Status, Verdict
from auditor.report.prose.findings import add_skipped, severities
from auditor.report.prose.numbers import count, duration, percent, short_count
from auditor.report.prose.page import Page, Style
from auditor.report.prose.place import ending, place, process_line, process_words
from auditor.report.prose.tensors import event_name, inputs_line, kernel_line, op_line, tensor_line, where

MAX_EVIDENCE = 2
STYLES = {
    Status.REPRODUCIBLE: Style.GOOD,
    Status.DIVERGENT: Style.ERROR,
    Status.INCONCLUSIVE: Style.WARNING,
    Status.WITHIN_TOLERANCE: Style.WARNING,
}


def add_story(page: Page, report: AuditReport, verdict: Verdict, verbosity: int) -> None:
    """Add runs, headline, what it rests on, and where two runs part."""
    add_runs(page, report.runs)
    page.add()
    page.sentence(headline(verdict), style=STYLES[verdict.status])
    if rest := " ".join(verdict.reasons if _parting(verdict) else verdict.reasons[1:]):
        page.sentence(rest)
    comparison = verdict.comparison
    if comparison is not None and comparison.first is not None:
        page.add()
        _add_divergence(page, report, verdict, comparison.first, verbosity)
    if comparison is not None:
        page.add()
        if not comparison.not_compared and verdict.status is Status.REPRODUCIBLE:
            page.sentence("Nothing that was seen was left uncompared.")
        add_skipped(page, "Seen, but not compared", comparison.not_compared, verbosity)
    if report.margins is not None:
        from auditor.report.prose.margin import add_margins  # few reports have any

        page.add()
        add_margins(page, report.margins, verbosity)
    _add_leftovers(page, report, verdict)
    _add_commands(page, report, verdict)


def headline(verdict: Verdict) -> str:
    """The answer in one line: where two runs part, else the first reason."""
    event = _parting(verdict)
    word = "DIVERGENT WITHIN TOLERANCE" if verdict.status is Status.WITHIN_TOLERANCE else verdict.status.name
    if event is not None:
        return f"{word} at {where(event)}"
    return f"{word}: {verdict.reasons[0] if verdict.reasons else 'no reason was given'}"


def _parting(verdict: Verdict) -> TraceEvent | None:
    """The event at which two runs part; None where they don't, or it is not known."""
    first = verdict.comparison.first if verdict.comparison is not None else None
    if verdict.status not in (Status.DIVERGENT, Status.WITHIN_TOLERANCE) or first is None:
        return None
    return first.reference or first.candidate


def add_runs(page: Page, runs: Sequence[RunRecord]) -> None:
    """Add one line a run: id, steps, time, events, how it ended; and processes where there are several."""
    roles = ("reference", "candidate") if len(runs) == 2 else ("run",) * len(runs)
    width = max((len(run.id) for run in runs), default=0)
    for role, run in zip(roles, runs, strict=True):
        steps = max((process.steps for process in run.processes), default=0)
        events = sum(process.events for process in run.processes)
        processes = count(len(run.processes), "process", "processes")
        facts = [
            count(steps, "step"),
            duration(run.duration_s),
            f"{short_count(events)} events",
            processes,
            ending(run),
        ]
        page.add(f"{role:<9} {run.id:<{width}}   " + "   ".join(fact for fact in facts if fact))


def _add_divergence(page: Page, report: AuditReport, verdict: Verdict, first: Divergence, verbosity: int) -> None:
    comparison = verdict.comparison
    assert comparison is not None, "the first divergence is part of a comparison"
    if name := process_line(report.runs, first):
        page.named("in", name)
    page.named("op", op_line(first))
    page.named("tensor", tensor_line(first))
    page.named("inputs", inputs_line(first))
    page.named("kernel", kernel_line(first))
    if verdict.causes:
        _add_cause(page, verdict.causes[0], verbosity)
    else:
        page.named("why", "not known: no cause has evidence")
    page.named("then", _afterwards(comparison))
    page.named("fix", _remedies(report, verdict.causes))
    if first.closeup is not None and first.closeup.note:
        page.named("note", first.closeup.note)
    for other in comparison.others[:3]:
        event = other.reference or other.candidate
        if event is not None:
            name = process_words(report.runs, other.process)
            page.named("also", f"{name}: {where(event)}, {event_name(event)}")
    for cause in verdict.causes[1:3]:
        page.named("or", f"{cause.title} (confidence {cause.confidence.value})")


def _add_cause(page: Page, cause: Cause, verbosity: int) -> None:
    """The best cause with its strongest evidence; all of it where verbose."""
    shown = cause.evidence if verbosity > 0 else cause.evidence[:MAX_EVIDENCE]
    more = len(cause.evidence) - len(shown)
    rest = [f"{count(more, 'more sentence')} of evidence (-v)"] if more else []
    page.named("why", [f"{cause.title} (confidence {cause.confidence.value})", *shown, *rest])


def _afterwards(comparison: Comparison) -> list[str]:
    """How far the difference spreads: events by step and module, final weights, what the program printed."""
    steps = [spread for spread in comparison.by_step if spread.compared]
    differing = [spread for spread in steps if spread.differing]
    share = percent(comparison.differing_events, comparison.compared_events)
    texts = [f"{share} of the events differ, in {len(differing):,} of {count(len(steps), 'step')}"]
    if modules := [spread for spread in comparison.by_module if spread.differing and spread.label]:
        shown = ", ".join(f"{spread.label} {spread.differing:,} of {spread.compared:,}" for spread in modules[:3])
        texts.append(f"modules: {shown}" + (f" and {len(modules) - 3} more" if len(modules) > 3 else ""))
    if comparison.weights is None:
        texts.append("final weights: not seen")
    if comparison.output:
        line = next((output for output in comparison.output if output.metric), comparison.output[0])
        texts.append(f"printed, line {line.line}: `{line.reference.strip()}` / `{line.candidate.strip()}`")
    return texts


def _remedies(report: AuditReport, causes: Sequence[Cause]) -> list[str]:
    """The best cause's remedy, and the findings of a scan that say the same."""
    if not causes:
        return ["not known; `repro-audit tui` shows the events around the difference"]
    names = {rule.id: rule.name for rule in report.rules}
    linked = [finding for finding in report.findings if finding.key in causes[0].findings]
    found = [
        f"{finding.rule_id} {names.get(finding.rule_id, '')} at {place(finding.location)} says the same"
        for finding in linked[:3]
    ]
    return [causes[0].remedy, *found]


def _add_leftovers(page: Page, report: AuditReport, verdict: Verdict) -> None:
    """Findings of the source that the verdict does not speak of."""
    told = {key for cause in verdict.causes for key in cause.findings}
    rest = [finding for finding in report.findings if finding.key not in told]
    if rest:
        page.sentence(
            f"Read in the source, not proved by these runs: {count(len(rest), 'finding')} ({severities(rest)})."
        )


def _add_commands(page: Page, report: AuditReport, verdict: Verdict) -> None:
    """What to do next."""
    linked = {key for cause in verdict.causes[:1] for key in cause.findings}
    rules = sorted({finding.rule_id for finding in report.findings if finding.key in linked})
    commands = [f"repro-audit explain {rule}" for rule in rules[:1]]
    if len(report.runs) == 2:
        commands.append(f"repro-audit tui {report.runs[0].id} {report.runs[1].id}")
    elif verdict.status is Status.INCONCLUSIVE:
        commands.append("repro-audit runs list")
    if commands:
        page.add()
        page.add("  " + "    ".join(commands))
