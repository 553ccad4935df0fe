"""The walk through the guideline as people get it: nothing of it is markup, nothing is loaded, nothing is left out."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from auditor.model.guideline import Standing
from auditor.model.report import AuditReport
from auditor.report import render
from auditor.report.prose.guideline import guideline_headline


class _Page(HTMLParser):
    """Checks that tags close in order; collects text and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(report: AuditReport) -> _Page:
    page = _Page()
    page.feed(render(report, "html"))
    page.close()
    return page


@pytest.mark.parametrize("name", ["guideline", "scan", "divergent", "proof"])
def test_pages_are_whole_and_load_nothing(request: pytest.FixtureRequest, name: str) -> None:
    report: AuditReport = request.getfixturevalue(f"{name}_report")
    page = page_of(report)
    assert page.open == []
    assert all(link.startswith("#") for link in page.links)
    assert not {"script", "link", "img", "iframe", "b"} & set(page.tags)
    assert not re.search(r"url\(|@import", render(report, "html"))


def test_page_tells_every_fact_and_command_as_it_is(guideline_report: AuditReport) -> None:
    page = page_of(guideline_report)
    assert guideline_report.guideline is not None
    for point in guideline_report.guideline.points:
        assert point.title in page.text
        assert all(fact.text in page.text for fact in point.facts)
        assert all(command in page.text for command in point.commands)
    assert guideline_report.guideline.again in page.text


def test_links_of_a_page_lead_to_its_points(guideline_report: AuditReport) -> None:
    text = render(guideline_report, "html")
    targets = set(re.findall(r'id="([^"]+)"', text))
    assert {link.removeprefix("#") for link in page_of(guideline_report).links} == targets != set()


def test_page_holds_no_control_character_of_a_quoted_text(guideline_report: AuditReport) -> None:
    text = render(replace(guideline_report, project="a\x1b[31m\u202eb"), "html")
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_markdown_makes_no_markup_of_facts(guideline_report: AuditReport) -> None:
    text = render(guideline_report, "markdown")
    assert "\\<b\\>\\|x\\|\\</b\\>" in text
    assert "**not met:** The runs differ" in text


def test_headline_counts_and_names_what_is_missing(guideline_report: AuditReport) -> None:
    assert guideline_report.guideline is not None
    assert guideline_headline(guideline_report.guideline) == "1 of 3 points met; not met: 2; not shown: 3"


def test_standing_is_told_without_colour(guideline_report: AuditReport) -> None:
    text = render(guideline_report)
    for standing in (Standing.MET, Standing.NOT_MET, Standing.NOT_SHOWN):
        assert re.search(rf"^\d {standing.value.upper()} ", text, re.MULTILINE)
