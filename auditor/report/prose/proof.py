"""The proof of patches: the answer, the way there, each patch, what it costs, what is learned; always in this order."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from auditor.model.divergence import Divergence
from auditor.model.overhead import Ratio
from auditor.model.patch import Applicability
from auditor.model.proof import Need, PatchProof, Proof, ProofRound
from auditor.model.report import AuditReport
from auditor.model.verdict import Status
from auditor.report.prose.cost import tested
from auditor.report.prose.numbers import between, count
from auditor.report.prose.page import Page, Style
from auditor.report.prose.place import place
from auditor.report.prose.story import STYLES
from auditor.report.prose.tensors import event_name, where

NAMES = {
    Need.NEEDED: "needed",
    Need.UNKNOWN: "unclear",
    Need.NOT_NEEDED: "unneeded",
    Need.BREAKS: "breaks",
    Need.NOT_EXERCISED: "idle",
    Need.NOT_TRIED: "untried",
}
"""Need → the name of its lines, in the order in which they stand."""

_MANY = 6
"""Patches of a kind that are told one by one; of those that do not matter here, more are only counted."""


def proof_headline(proof: Proof) -> str:
    """The answer in one line."""
    return f"{proof.status.name}: {proof.reasons[0]}"


def add_proof(page: Page, report: AuditReport, proof: Proof) -> None:
    """Add everything that a proof says."""
    page.add((f"{shlex.join(proof.command)}   {_launches(proof)}", Style.FAINT))
    page.add()
    page.sentence(proof_headline(proof), style=STYLES[proof.status])
    if proof.reasons[1:]:
        page.sentence(" ".join(proof.reasons[1:]))
    page.add()
    for number, each in enumerate(proof.rounds):
        page.named("with" if number else "as it is", _round(each))
    _add_patches(page, proof.patches)
    if proof.minimal or proof.status is Status.REPRODUCIBLE:
        page.named("launcher", [f"{line} in front of the command" for line in proof.launcher] or "nothing to set")
        page.named("price", price_lines(proof))
        page.named("training", training_lines(proof))
    for line in proof.advice:
        page.named("do", line)
    if proof.diff:
        page.add()
        for line in proof.diff.splitlines():
            page.add((line, _diff_style(line)))
    if commands := _commands(report, proof):
        page.add()
        page.add("  " + "    ".join(commands))


def _launches(proof: Proof) -> str:
    steps = f", {count(proof.steps, 'step')} each" if proof.steps is not None else ""
    return f"{count(proof.launches, 'run')} in a copy of the project{steps}"


def _round(each: ProofRound) -> list[str]:
    added = f"{', '.join(each.added)}: " if each.added else ""
    runs = count(each.runs, "run")
    if each.status is Status.REPRODUCIBLE:
        return [f"{added}{runs}, all equal"]
    if each.status is Status.INCONCLUSIVE:
        return [f"{added}{runs}, inconclusive"]
    rate = f"; at least {100 * each.rate:.0f} % of the pairs differ" if each.rate is not None and each.rate < 1 else ""
    why = [f"{each.cause.title} (confidence {each.cause.confidence.value})"] if each.cause is not None else []
    return [f"{added}{runs}, DIVERGENT at {parting_place(each.first)}{rate}", *why]


def parting_place(first: Divergence | None) -> str:
    """`step 3, forward, Net.embed: aten::index_add_ at model.py:12`."""
    event = (first.reference or first.candidate) if first is not None else None
    if event is None:
        return "no traced event, only in what the program prints"
    site = f" at {place(event.site)}" if event.site is not None else ""
    return f"{where(event)}: {event_name(event)}{site}"


def _add_patches(page: Page, patches: Sequence[PatchProof]) -> None:
    for need, name in NAMES.items():
        told = [patch for patch in patches if patch.need is need]
        shown = told if need in (Need.NEEDED, Need.UNKNOWN, Need.BREAKS) else told[:_MANY]
        for patch in shown:
            page.named(name, [f"{patch.id} {patch.title} ({_nature(patch)})", *_about(patch)])
        if len(told) > len(shown):
            page.named(name, f"and {count(len(told) - len(shown), 'more patch', 'more patches')}")
    if not patches:
        page.named("patches", "none: no finding of this program has one")


def _nature(patch: PatchProof) -> str:
    effect = f": {patch.effect}" if patch.effect else ""
    return f"{patch.applicability.value}{effect}"


def _about(patch: PatchProof) -> list[str]:
    lines = [patch.reason, *(f"| {line}" for line in patch.log[-4:])]
    if patch.training is not None and patch.need is Need.NEEDED:
        lines.append(f"alone: {patch.training.likeness.value} training; {patch.training.reason}")
    return lines


def price_lines(proof: Proof) -> list[str]:
    """The set first, then each patch alone."""
    if proof.price is None:
        return ["no patch, no price" if not proof.minimal else "not measured (--runs 6 measures it)"]
    lines = [
        f"{ratio.label}: {price_cell(ratio)}" + (f"; {tested(ratio.dominance)}" if ratio.dominance else "")
        for ratio in proof.price.ratios
    ]
    return [*lines, *proof.price.notes] or ["nothing was timed"]


def price_cell(ratio: Ratio | None) -> str:
    """`1.06× (1.02–1.09)`; what is not known says so."""
    if ratio is None:
        return "not measured"
    text = f"{ratio.ratio:.2f}× ({between(ratio.interval)}, {100 * ratio.interval.level:.0f} %)"
    return text if ratio.conclusive else f"inconclusive, {text}"


def training_lines(proof: Proof) -> list[str]:
    """Whether the program learns the same, and the figures that it rests on."""
    if proof.training is None:
        return ["nothing to compare" if not proof.minimal else "not compared"]
    first = f"{proof.training.likeness.value}: {proof.training.reason}"
    more = [metric.reason for metric in proof.training.metrics if metric.reason != proof.training.reason]
    return [first, *more[:3]]


def _diff_style(line: str) -> Style:
    if line.startswith(("--- ", "+++ ")):
        return Style.STRONG
    return {"@": Style.NOTE, "+": Style.ADDED, "-": Style.REMOVED}.get(line[:1], Style.PLAIN)


def _commands(report: AuditReport, proof: Proof) -> list[str]:
    patches = [measure for measure in proof.minimal if "=" not in measure]
    if patches:
        unsafe = any(p.id in patches and p.applicability is not Applicability.SAFE for p in proof.patches)
        return [f"repro-audit fix --apply {'--unsafe ' if unsafe else ''}{' '.join(patches)}"]
    if proof.status is Status.DIVERGENT and len(report.runs) == 2:
        return [f"repro-audit tui {report.runs[0].id} {report.runs[1].id}"]
    return []
