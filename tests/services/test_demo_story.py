"""The story of `demo digits`: its chapters on a copy of the sample, and their words on literals."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.cli.demo_story import CHAPTERS
from auditor.model.evidence import EvidenceKind
from auditor.model.guideline import GuidelineFact, GuidelinePoint, GuidelineReport, Standing
from auditor.model.overhead import Interval
from auditor.model.report import AuditReport
from auditor.model.rule import Category, Confidence
from auditor.model.variance import GroupSpread, PairSpread, ReplicaSpread, VarianceReport, WeightSpread
from auditor.model.verdict import Cause, Status, Verdict
from auditor.runs.evidencefile import read_evidence
from auditor.runs.store import open_store
from auditor.services.demo_story import Story, StoryOptions
from auditor.services.demo_words import guideline_words, margin_words, scan_words, variance_words, verdict_words
from auditor.services.progress import Silent

pytestmark = pytest.mark.usefixtures("light_imports")

SMALL = StoryOptions(replicas=2, timed_runs=1)


def test_chapters_count_as_the_headings_say(tmp_path: Path) -> None:
    assert len(list(Story.begin(tmp_path, SMALL, Silent()).chapters())) == CHAPTERS


def test_chapters_that_read_tell_what_they_found_and_end_with_a_report(tmp_path: Path) -> None:
    story = Story.begin(tmp_path, SMALL, Silent())
    suspicion, _, _, patch, proof, cost, margins, report = story.chapters()
    assert "RA205 parameter-indexed-by-tensor at train.py:21" in suspicion.work()[0]
    assert "    +torch.use_deterministic_algorithms(True)" in patch.work()
    story.plan = None
    assert proof.work() == ["Without a patch there is nothing to prove."]
    assert cost.work() == ["Nothing was proven, so nothing was timed."]
    assert margins.work() == ["Nothing was measured."]
    told = report.work()
    assert told[0].startswith("0 of 6 points met; not met: 1, 6; not shown: 2, 3, 4, 5")
    page = story.report.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "digits_embed, train.py" in page
    assert str(tmp_path) not in page


def test_two_real_runs_give_the_divergence_the_margins_and_evidence_for_the_report(tmp_path: Path) -> None:
    story = Story.begin(tmp_path, SMALL, Silent())
    chapters = list(story.chapters())
    told = chapters[2].work()
    assert re.fullmatch(r"DIVERGENT at step \d+, backward, DigitNet\.table\.", told[0])
    assert "aten::index_put gives another result for the same inputs" in told[2]
    margins = chapters[6].work()
    assert "decades" in margins[0]
    assert "decades from what it tolerates" in margins[1]
    kept, unread = read_evidence(open_store(story.sample.folder, story.settings.store).root)
    assert unread == ()
    twice = next(each for each in kept if each.kind is EvidenceKind.TWICE)
    assert (twice.status, twice.is_whole, twice.loaded) == (Status.DIVERGENT, True, ("train.py",))
    assert twice.margins.startswith("Margins")
    assert twice.environment is not None
    assert twice.environment.threads == 8
    report = "\n".join(chapters[7].work())
    assert "5 not met: The runs differ: DIVERGENT at step " in report


def test_a_scan_without_findings_is_no_proof_of_anything() -> None:
    assert "Nothing was found" in scan_words(AuditReport(tool="t", project="p"))[0]


def spread(deviation: float) -> ReplicaSpread:
    interval = Interval(low=0, high=1, level=0.95)
    return ReplicaSpread(
        name="f1", mean=0.5, minimum=0.5 - deviation, maximum=0.5, deviation=deviation, interval=interval
    )


def group(name: str, replicas: int, distinct: int, deviation: float) -> GroupSpread:
    distance = PairSpread(mean=0.25, interval=Interval(low=0.2, high=0.3, level=0.95))
    return GroupSpread(
        name=name,
        replicas=replicas,
        distinct=distinct,
        overall=None,
        classes=(),
        widest_class=None,
        amplification=None,
        churn=None,
        churn_interval=None,
        replicas_to_halve=0,
        metrics=(spread(deviation),),
        weights=WeightSpread(replicas=replicas, distinct=distinct, numbers=9, normalised=distance, plain=None),
    )


def test_each_variant_is_told_with_its_spread_and_a_lone_replica_with_none() -> None:
    groups = (group("impl", 2, 2, 0.1), group("control", 2, 1, 0.0), group("algo", 1, 1, 0.0))
    variance = VarianceReport(
        source="s", results=5, ddof=0, artifact=False, pairs=(), groups=groups, warnings=(), method="m"
    )
    assert variance_words(variance) == [
        "One seed, operators as they are: 2 trainings ended in 2 different sets of weights, 0.25 apart; f1 0.4 to 0.5.",
        "One seed, deterministic operators: 2 trainings ended in 1 set of weights; f1 0.5.",
        "Other seeds, deterministic operators: one replica, so no spread.",
    ]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (Status.REPRODUCIBLE, "REPRODUCIBLE: Equal bit for bit."),
        (Status.INCONCLUSIVE, "INCONCLUSIVE: Equal bit for bit."),
    ],
)
def test_a_verdict_is_told_as_it_is(status: Status, told: str) -> None:
    verdict = Verdict(status=status, comparison=None, causes=(), reasons=("Equal bit for bit.",))
    assert verdict_words(verdict) == [told]


def test_the_best_cause_is_told_with_its_confidence() -> None:
    cause = Cause(
        kind="k",
        title="an op differs",
        category=Category.OPERATORS,
        confidence=Confidence.MEDIUM,
        evidence=("8 different results.", "More."),
        location=None,
        findings=(),
        remedy="r",
    )
    verdict = Verdict(status=Status.DIVERGENT, comparison=None, causes=(cause, cause), reasons=("They differ.",))
    assert verdict_words(verdict)[1:] == ["Why, with medium confidence: an op differs. 8 different results."]


def test_nothing_measured_is_said_to_be_nothing() -> None:
    assert margin_words(None) == ["Nothing was measured."]


def test_points_that_are_not_met_are_told_with_what_decides() -> None:
    facts = (GuidelineFact(standing=Standing.NOT_MET, text="No commit."),)
    points = tuple(
        GuidelinePoint(number=number, title="t", standing=standing, facts=facts, commands=())
        for number, standing in enumerate((Standing.MET, Standing.NOT_MET, Standing.NOT_SHOWN), 1)
    )
    made = GuidelineReport(program="", source="", files=0, evidence=(), points=points, required=(1,), again="")
    assert guideline_words(made) == [
        "1 of 3 points met; not met: 2; not shown: 3.",
        "2 not met: No commit.",
        "3 not shown: No commit.",
    ]
