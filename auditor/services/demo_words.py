"""What a chapter of the demo tells: sentences with the figures of a report."""

from __future__ import annotations

from auditor.experiments.variants import ALGORITHMIC, BOTH, CONTROL, IMPLEMENTATION
from auditor.model.guideline import GuidelineReport, Standing
from auditor.model.margin import LayerMargin, MarginReport, StepDifference
from auditor.model.proof import Proof
from auditor.model.report import AuditReport
from auditor.model.variance import GroupSpread, VarianceReport
from auditor.model.verdict import Verdict
from auditor.report.prose.cost import summary as cost_summary
from auditor.report.prose.guideline import guideline_headline
from auditor.report.prose.margin import summary as margin_summary
from auditor.report.prose.numbers import count, percent
from auditor.report.prose.place import place
from auditor.report.prose.story import headline

_VARIANTS = {
    BOTH.name: "Other seeds, operators as they are",
    ALGORITHMIC.name: "Other seeds, deterministic operators",
    IMPLEMENTATION.name: "One seed, operators as they are",
    CONTROL.name: "One seed, deterministic operators",
}


def scan_words(report: AuditReport) -> list[str]:
    """How much was read, and the first finding."""
    if report.scan is None or not report.findings:
        return ["Nothing was found in the source; what follows shows whether that is the whole truth."]
    names = {rule.id: rule.name for rule in report.rules}
    first = report.findings[0]
    what = f"{first.rule_id} {names.get(first.rule_id, '')}".strip()
    looked = f"{count(len(report.findings), 'finding')} in {count(report.scan.files, 'file')}."
    return [f"{looked} {what} at {place(first.location)}: {first.message}", "That is a suspicion. Nothing has run yet."]


def variance_words(variance: VarianceReport) -> list[str]:
    """How many different results each variant gave, and how far they lie apart."""
    told = [_group(group) for group in variance.groups]
    return [each for each in told if each] or ["No replica has ended; where the spread comes from stays open."]


def _group(group: GroupSpread) -> str:
    name = _VARIANTS.get(group.name, group.name)
    if group.replicas < 2:
        return f"{name}: one replica, so no spread."
    weights = group.weights
    text = f"{name}: {group.replicas} trainings"
    if weights is not None and weights.replicas > 1:
        text += f" ended in {count(weights.distinct, 'set of weights', 'different sets of weights')}"
        if weights.normalised is not None and weights.distinct > 1:
            text += f", {weights.normalised.mean:.2g} apart"
    spread = next((each for each in (group.overall, *group.metrics) if each is not None), None)
    if spread is not None:
        name = "accuracy" if spread.name == "overall" else spread.name
        same = spread.minimum == spread.maximum
        text += f"; {name} {spread.minimum:.4g}" if same else f"; {name} {spread.minimum:.4g} to {spread.maximum:.4g}"
    return f"{text}."


def verdict_words(verdict: Verdict) -> list[str]:
    """Where two runs part, how far that spread, and why."""
    told = [f"{headline(verdict).rstrip('.')}."]
    comparison = verdict.comparison
    if comparison is not None and comparison.differing_events:
        share = percent(comparison.differing_events, comparison.compared_events)
        told.append(f"{comparison.differing_events:,} of {comparison.compared_events:,} events differ ({share}).")
    for cause in verdict.causes[:1]:
        sentence = cause.evidence[0] if cause.evidence else ""
        told.append(f"Why, with {cause.confidence.value} confidence: {cause.title}. {sentence}".strip())
    return told


def proof_words(proof: Proof) -> list[str]:
    """The answer, what it rests on, and whether the program still learns the same."""
    told = [f"{proof.status.name}: {proof.reasons[0]}", *proof.reasons[1:2]]
    told.append(f"{count(proof.launches, 'launch', 'launches')} in a copy; your files were only read.")
    if proof.training is not None:
        told.append(proof.training.reason)
    return told


def cost_words(proof: Proof) -> list[str]:
    """What the proven patches cost."""
    if proof.price is None:
        return ["The price was not measured: nothing is proven, or the program took too few steps to time."]
    return [f"{cost_summary(proof.price).rstrip('.')}.", "Measured with the proof, in turns with the program as it is."]


def margin_words(margins: MarginReport | None) -> list[str]:
    """How far the layers of two runs are apart, beside the noise that they tolerate."""
    if margins is None:
        return ["Nothing was measured."]
    told = [f"{margin_summary(margins)}."]
    nearest = next((layer for layer in margins.layers if layer.first_margin is not None), None)
    if nearest is not None:
        told += [_distance(nearest.layer, at, decades) for at, decades in _ends(nearest) if at.rms is not None]
        told.append("A decade is a factor of ten: that many times larger, and half of the quality would be lost.")
    return told


def _ends(layer: LayerMargin) -> list[tuple[StepDifference, float]]:
    """The first and the last step in which it differs, with the margin there."""
    pairs = [(layer.first, layer.first_margin), (layer.last, layer.last_margin)]
    known = [(at, decades) for at, decades in pairs if at is not None and decades is not None]
    return known if len(known) < 2 or known[0][0].step != known[1][0].step else known[:1]


def _distance(layer: str, at: StepDifference, decades: float) -> str:
    return f"In step {at.step} {layer} is {at.rms:.1e} apart, {decades:.1f} decades from what it tolerates."


def guideline_words(guideline: GuidelineReport) -> list[str]:
    """How many points are met, and the first thing that is missing for each other one."""
    open_points = [point for point in guideline.points if point.standing is not Standing.MET and point.facts]
    return [
        f"{guideline_headline(guideline)}.",
        *(f"{point.number} {point.standing.value}: {point.facts[0].text}" for point in open_points),
    ]
