"""Executed operators against the list of non-deterministic ones, as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.model.profile import Holding, OperatorProfile, OperatorUse
from auditor.model.report import AuditReport
from auditor.model.trace import Phase
from auditor.report.prose.findings import add_skipped
from auditor.report.prose.numbers import count, duration
from auditor.report.prose.page import Page, Style
from auditor.report.prose.place import place
from auditor.report.prose.story import add_runs

SHOWN_LINES = 3
SHOWN_REMARKS = 3


def add_profile(page: Page, report: AuditReport, profile: OperatorProfile, verbosity: int) -> None:
    """Add the answer, every use that holds, the others in short, what the list covers, and how to go on."""
    add_runs(page, report.runs)
    page.add()
    page.sentence(profile_headline(profile), style=_style(profile))
    page.add()
    uses = {holding: [use for use in profile.uses if use.holding is holding] for holding in Holding}
    for use in uses[Holding.HOLDS]:
        _add_use(page, use, verbosity)
        page.add()
    _add_others(page, "It cannot be told whether these are:", uses[Holding.UNKNOWN], verbosity)
    _add_others(page, "On the list, and a condition is not met:", uses[Holding.FAILS], verbosity)
    _add_coverage(page, profile, verbosity)
    _add_time(page, profile)
    _add_remarks(page, profile, verbosity)
    add_skipped(page, "Not scanned", report.skipped, verbosity)
    if profile.commands:
        page.add()
        for each in profile.commands:
            page.sentence(f"{each.purpose[0].upper()}{each.purpose[1:]}:")
            page.add(f"  {each.command}")


def profile_headline(profile: OperatorProfile) -> str:
    """The answer in one line; never that a program is reproducible."""
    holding = [use for use in profile.uses if use.holding is Holding.HOLDS]
    if holding:
        share = (
            "" if profile.time_s is None else f", {_share(sum(use.share or 0.0 for use in holding))} of operator time"
        )
        first = holding[0]
        if len(holding) == 1:
            return f"NON-DETERMINISTIC here: {first.operator} at {_where(first)}{share}"
        places = f"operators at {len(holding)} places{share}"
        return f"NON-DETERMINISTIC here: {places}; first {first.operator} at {_where(first)}"
    if not profile.calls:
        return "INCONCLUSIVE: no operator was seen"
    unknown = {use.operator for use in profile.uses if use.holding is Holding.UNKNOWN}
    if unknown:
        named = ", ".join(sorted(unknown)[:SHOWN_LINES]) + (", …" if len(unknown) > SHOWN_LINES else "")
        return f"INCONCLUSIVE: it cannot be told of {named} whether conditions hold that make it non-deterministic"
    answer = _nothing_holds(profile)
    return f"INCONCLUSIVE: {answer}, but the profile is not whole" if is_open(profile) else f"NOTHING HOLDS: {answer}"


def _nothing_holds(profile: OperatorProfile) -> str:
    if not profile.listed:
        return "no executed operator is on the list of non-deterministic ones"
    conditions = "under conditions that make it non-deterministic"
    if profile.listed == 1:
        return f"the one executed operator on the list does not run {conditions}"
    return f"none of the {profile.listed:,} executed operators on the list runs {conditions}"


def is_open(profile: OperatorProfile) -> bool:
    """Nothing holds, and that is not the whole answer."""
    held = {use.holding for use in profile.uses}
    if Holding.HOLDS in held:
        return False
    return Holding.UNKNOWN in held or not profile.complete or not profile.calls


def use_advice(use: OperatorUse) -> str:
    """`Fix: …` for a use that holds."""
    removal = use.removal
    if removal is None:
        return f"Known for: {use.condition}."
    return f"Fix: {removal.patch_title} ({removal.patch})" if removal.patch else f"Fix: {removal.advice}"


def _style(profile: OperatorProfile) -> Style:
    if any(use.holding is Holding.HOLDS for use in profile.uses):
        return Style.ERROR
    return Style.WARNING if is_open(profile) else Style.STRONG


def _add_use(page: Page, use: OperatorUse, verbosity: int) -> None:
    """`aten::index_put   10 calls, 2.7 % of operator time`, then where, why and what to do."""
    page.add((use.operator, Style.STRONG), f"  {_amount(use)}")
    page.named("where", _where(use) + (f", {use.module}" if use.module else ""))
    page.named("because", ", ".join(use.reasons) + _part_of_calls(use))
    page.named("what", use.cause)
    removal = use.removal
    if removal is not None:
        if removal.patch:
            page.named("patch", f"{removal.patch}: {removal.patch_title}")
        elif removal.rule_id:
            page.named("rule", f"{removal.rule_id}, without a patch here")
        page.named("or" if removal.patch else "remove", removal.advice)
    for link in use.references if verbosity > 0 else use.references[:1]:
        page.named("see", link)


def _part_of_calls(use: OperatorUse) -> str:
    return "" if use.holding_calls == use.calls else f" ({use.holding_calls:,} of the {use.calls:,} calls)"


def _amount(use: OperatorUse) -> str:
    calls = f"{count(use.calls, 'call')} on {use.device}"
    return calls if use.share is None else f"{calls}, {_share(use.share)} of operator time"


def _share(value: float) -> str:
    return "< 0.1 %" if 0 < value < 0.001 else f"{100 * value:.1f} %"


def _where(use: OperatorUse) -> str:
    """`train.py:21 (backward)`."""
    at = place(use.site) if use.site is not None else "an unknown line"
    if use.backward_site:
        return f"{at} (backward of that line)"
    return at if use.phase is Phase.OTHER else f"{at} ({use.phase.value})"


def _add_others(page: Page, title: str, uses: Sequence[OperatorUse], verbosity: int) -> None:
    """Operators that share their reasons together; line by line with -v."""
    if not uses:
        return
    page.add((title, Style.STRONG))
    for members in _alike(uses):
        first = members[0]
        calls = sum(use.calls for use in members)
        lines = list(dict.fromkeys(_where(use) for use in members))
        shown = lines if verbosity > 0 else lines[:SHOWN_LINES]
        more = f" and {count(len(lines) - len(shown), 'more place')}" if len(lines) > len(shown) else ""
        share = "" if first.share is None else f", {_share(sum(use.share or 0.0 for use in members))}"
        head = f"{first.operator}, {count(calls, 'call')} on {first.device}{share}:"
        page.add(f"  {head}")
        page.sentence("; ".join(first.reasons), "    ")
        page.sentence(", ".join(shown) + more, "    ", Style.FAINT)
    page.add()


def _alike(uses: Iterable[OperatorUse]) -> list[list[OperatorUse]]:
    groups: dict[tuple[object, ...], list[OperatorUse]] = {}
    for use in uses:
        groups.setdefault((use.operator, use.device, use.reasons), []).append(use)
    return list(groups.values())


def _add_coverage(page: Page, profile: OperatorProfile, verbosity: int) -> None:
    on_each = ", ".join(f"{number} on {device}" for device, number in profile.entries.items())
    ran = f"{count(profile.operators, 'operator')} ran in {count(profile.calls, 'call')}"
    listed = f"{profile.listed or 'none'} {'is' if profile.listed < 2 else 'are'} on the list ({on_each})"
    others = f"{count(len(profile.off_list), 'other')} ({count(sum(profile.off_list.values()), 'call')})"
    page.sentence(
        f"{ran}; {listed}. Of the {others} nothing is known that makes them non-deterministic, which is no proof that "
        "they are deterministic."
    )
    if verbosity > 0:
        names = ", ".join(f"{name} {calls:,}" for name, calls in profile.off_list.items())
        page.named("not on it", names or "none")


def _add_time(page: Page, profile: OperatorProfile) -> None:
    if profile.time_s is None or profile.wall_s is None:
        page.sentence("Time was not measured: this run was not made by `repro-audit profile`.")
        return
    page.sentence(
        f"Shares are of the operators' own {_seconds(profile.time_s)}, not of the {_seconds(profile.wall_s)} between "
        "the first operator and the last: the rest is the program's Python, its data and the tracer. Looking at "
        f"arguments and clocks took {_seconds(profile.notes_s or 0.0)} of it."
    )


def _seconds(value: float) -> str:
    return f"{1e3 * value:.0f} ms" if value < 1 else duration(value)


def _add_remarks(page: Page, profile: OperatorProfile, verbosity: int) -> None:
    shown = profile.remarks if verbosity > 0 else profile.remarks[:SHOWN_REMARKS]
    for remark in shown:
        page.sentence(f"note: {remark}", style=Style.WARNING)
    if len(profile.remarks) > len(shown):
        page.sentence(f"note: {count(len(profile.remarks) - len(shown), 'more remark')}; -v shows all")
