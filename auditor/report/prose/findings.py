"""What a scan found, file by file, and what it looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import replace
from auditor.model.rule import Confidence, Severity
from auditor.report.prose.excerpt import add_excerpt
from auditor.report.prose.numbers import count
from auditor.report.prose.page import Page, Style
from auditor.report.prose.place import place, position, typed

if TYPE_CHECKING:
    from auditor.model.finding import Finding, Skipped
    from auditor.model.report import AuditReport
    from auditor.model.rule import RuleId
    from auditor.report import RenderOptions

MAX_RELATED = 4
MANY = 20
"""Findings in a list that is too long to be read from the top."""

MAX_ALIKE = 5
"""Findings of one file that say the same of several places, and are all shown."""

FEW = 3
"""Entries of a list of lesser things that are shown without being asked for."""

MAX_PROGRAMS = 8
"""Programs that are named; whatever a module does that half a project imports is told of all of these."""

STYLES = {Severity.ERROR: Style.ERROR, Severity.WARNING: Style.WARNING, Severity.NOTE: Style.NOTE}


def add_findings(page: Page, report: AuditReport) -> None:
    """Add every finding under the name of its file; files in the order of their first finding."""
    names = {rule.id: rule.name for rule in report.rules}
    for path, findings in by_file(report.findings).items():
        page.add((path, Style.STRONG))
        for shown, repeated in _gathered(findings):
            _add_finding(page, shown, names.get(shown.rule_id, ""))
            if repeated:
                _add_repeated(page, shown, repeated)
            page.add()


def told_once(findings: Iterable[Finding]) -> list[Finding]:
    """Findings, in their order; what says the same of one place for several programs is one, of all of them."""
    placed: dict[object, Finding] = {}
    for finding in findings:
        key = finding.rule_id, finding.location, finding.severity, finding.message
        known = placed.setdefault(key, finding)
        if known is not finding:
            programs = tuple(sorted({*known.entry_points, *finding.entry_points}))
            placed[key] = replace(known, entry_points=programs)
    return list(placed.values())


def _gathered(findings: Sequence[Finding]) -> list[tuple[Finding, list[Finding]]]:
    """What to show in full, each with what only repeats it.

    Of what says the same of many places, or is told of one place for many programs, the first few are shown.
    """
    placed = told_once(findings)
    alike: dict[object, list[Finding]] = {}
    here: dict[object, list[Finding]] = {}
    for finding in placed:
        alike.setdefault((finding.rule_id, finding.message, finding.confidence), []).append(finding)
        here.setdefault((finding.rule_id, finding.location), []).append(finding)
    groups = [group for group in (*alike.values(), *here.values()) if len(group) > MAX_ALIKE]
    left_out = {id(finding) for group in groups for finding in group[FEW:]}
    ends = {id(group[FEW - 1]): group[FEW:] for group in groups}
    return [(finding, ends.get(id(finding), [])) for finding in placed if id(finding) not in left_out]


def _add_repeated(page: Page, shown: Finding, findings: Sequence[Finding]) -> None:
    if all(finding.location == shown.location for finding in findings):
        programs = tuple(dict.fromkeys(program for finding in findings for program in finding.entry_points))
        page.named("same", f"here in {count(len(programs), 'more program')}: {programs_named(programs)}")
    else:
        places = ", ".join(position(finding.location) for finding in findings)
        page.named("same", f"{len(findings)} times more in this file: {places}")
    patches = [finding.patch.id for finding in findings if finding.patch is not None and finding.patch.id]
    if patches:
        page.named("patches", ", ".join(dict.fromkeys(patches)))


def programs_named(names: Sequence[str]) -> str:
    more = len(names) - MAX_PROGRAMS
    named = ", ".join(names[:MAX_PROGRAMS] if more > 1 else names)
    return f"{named}, and {more} more (--format json has all)" if more > 1 else named


def by_file(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Group findings by path, everything in the order of first appearance."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.location.path, []).append(finding)
    return groups


def _add_finding(page: Page, finding: Finding, name: str) -> None:
    unsure = "" if finding.confidence is Confidence.HIGH else f"  confidence {finding.confidence.value}"
    page.add(
        f"  {position(finding.location)} ",
        (finding.severity.value, STYLES[finding.severity]),
        (f" {finding.rule_id} {name}".rstrip(), Style.STRONG),
        (unsure, Style.FAINT),
    )
    add_excerpt(page, finding)
    page.named("why", finding.message)
    if finding.entry_points:
        page.named("program", programs_named(finding.entry_points))
    related = [f"{place(item.location)} {item.message}" for item in finding.related]
    if len(related) > MAX_RELATED:
        related = [
            *related[:MAX_RELATED],
            f"and {count(len(related) - MAX_RELATED, 'more place')} (--format json has all)",
        ]
    if related:
        page.named("also", related)
    page.named("fix", finding.advice)
    if (patch := finding.patch) is not None:
        effect = f"; {patch.effect}" if patch.effect else ""
        page.named("patch", f"{patch.id}, {patch.applicability.value}: {patch.title}{effect}")


def add_scan_summary(page: Page, report: AuditReport, options: RenderOptions) -> None:
    """Add the last lines: how much was found, in how much that was looked at, and what was not."""
    scan = report.scan
    if scan is None:
        return
    looked_at = f"{count(scan.files, 'file')}, {count(len(scan.entry_points), 'program')}, {count(scan.rules, 'rule')}"
    new = "new " if report.earlier else ""
    if report.findings:
        page.sentence(
            f"{_counted(report.findings, new)}: {severities(report.findings)}. Looked at {looked_at}.",
            style=Style.STRONG,
        )
    elif not scan.files:
        page.sentence("Nothing was analysed: no Python file was found that can be read.", style=Style.WARNING)
    else:
        # In one line, however long: of a clean project there is no more to say.
        page.add(
            (f"No {new}findings in {looked_at}.", Style.GOOD),
            f" Next: repro-audit run {_program(report, options)} --twice",
        )
    if len(report.findings) > MANY:
        _add_most_frequent(page, report)
    _add_rest(page, report, options)
    if report.findings:
        _add_next_step(page, report, options)


def _add_most_frequent(page: Page, report: AuditReport) -> None:
    """Where to begin in a long list: the rules that explain most of it, the worst first."""
    names = {rule.id: rule.name for rule in report.rules}
    groups: dict[tuple[RuleId, Severity], list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault((finding.rule_id, finding.severity), []).append(finding)
    ranks = list(Severity)
    worst = sorted(groups.items(), key=lambda item: (ranks.index(item[0][1]), -len(item[1]), item[0][0]))
    page.add()
    page.add("Begin with:")
    for (rule, severity), findings in worst[:FEW]:
        page.add(
            "  ",
            (severity.value, STYLES[severity]),
            (f" {rule} {names.get(rule, '')}".rstrip(), Style.STRONG),
            f": {_counted(findings)}, first {place(findings[0].location)}",
        )


def _counted(findings: Sequence[Finding], new: str = "") -> str:
    """`55 findings at 3 places in 1 file`: one place may be told of many programs; each is a finding."""
    files = by_file(findings)
    places = sum(len({finding.location for finding in of_file}) for of_file in files.values())
    at = f" at {count(places, 'place')}" if places < len(findings) else ""
    return f"{count(len(findings), f'{new}finding')}{at} in {count(len(files), 'file')}"


def severities(findings: Sequence[Finding]) -> str:
    """`3 errors, 6 warnings, 1 note`; what there is none of is left out."""
    numbers = [(sum(finding.severity is severity for finding in findings), severity) for severity in Severity]
    return ", ".join(count(number, severity.value) for number, severity in numbers if number)


def _add_rest(page: Page, report: AuditReport, options: RenderOptions) -> None:
    verbosity = options.verbosity
    for earlier in report.earlier:
        from auditor.report.prose.earlier import add_earlier

        add_earlier(page, earlier, options)
    if report.suppressed:
        page.sentence(f"Allowed by comments or settings: {len(report.suppressed)}.")
        if verbosity > 0:
            for item in report.suppressed:
                reason = item.reason or "no reason given"
                page.add(f"  {place(item.finding.location)} {item.finding.rule_id}: {reason}")
    add_skipped(page, "Not analysed", report.skipped, verbosity)
    if verbosity > 0:
        _add_few(page, report.notes, len(report.notes))
        if report.scan is not None and report.scan.entry_points:
            page.sentence("Programs: " + ", ".join(report.scan.entry_points))
    else:
        _add_few(page, report.notes, FEW)


def _add_few(page: Page, notes: Sequence[str], few: int) -> None:
    for note in notes[:few]:
        page.sentence(note)
    if len(notes) > few:
        page.add(f"… and {count(len(notes) - few, 'more remark')} (-v shows all)")


def add_skipped(page: Page, title: str, skipped: Sequence[Skipped], verbosity: int, few: int = FEW) -> None:
    """Add what was not looked at: up to `few` entries, all of them where verbose."""
    if not skipped:
        return
    shown = skipped if verbosity > 0 or len(skipped) <= few else skipped[:few]
    page.sentence(f"{title}: {len(skipped)}")
    for item in shown:
        page.sentence(f"{item.subject}: {item.reason}", indent="  ")
    if len(shown) < len(skipped):
        page.add(f"  … and {len(skipped) - len(shown):,} more (-v lists them)")


def _most_told_of(report: AuditReport) -> str | None:
    """The program that most findings are about, the worst ones first; else the first one."""
    programs = report.scan.entry_points if report.scan else ()
    worst = report.findings[0].severity if report.findings else None
    told = [path for finding in report.findings if finding.severity is worst for path in finding.entry_points]
    return max(programs, key=told.count, default=None)


def _program(report: AuditReport, options: RenderOptions) -> str:
    """What to run to see more, as a shell takes it; `SCRIPT` where the scan knows no program that can be named."""
    program = _most_told_of(report)
    return typed(program, options.ways) if program and program.endswith(".py") else "SCRIPT"


def _add_next_step(page: Page, report: AuditReport, options: RenderOptions) -> None:
    page.add()
    page.add(f"  repro-audit explain {report.findings[0].rule_id:<12} what the rule means, with examples")
    if any("kind" in rule.fix.options for rule in report.rules):
        page.add("  repro-audit fix                  show patches; --apply writes them")
    page.add(f"  repro-audit run {_program(report, options)} --twice    see what really differs between two runs")
