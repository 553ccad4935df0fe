"""One file that opens anywhere: no script, no request, light and dark, readable on a phone and on paper."""

from __future__ import annotations

from html import escape

from auditor.model.guideline import GuidelineFact, GuidelinePoint, GuidelineReport, Standing
from auditor.model.report import AuditReport
from auditor.report import RenderOptions
from auditor.report.prose.answer import one_line
from auditor.report.prose.guideline import subject
from auditor.report.schema.portable import portable
from auditor.report.text import render as render_text

_STYLE = """
:root { color-scheme: light dark; --met: #14692f; --not-met: #a61b1b; --not-shown: #7a4d00; --faint: #595f69;
  --line: #d5d9df; --plate: #f4f5f7; }
@media (prefers-color-scheme: dark) {
  :root { --met: #6fd08c; --not-met: #ff9a90; --not-shown: #f0c05a; --faint: #a4abb6;
    --line: #3a4048; --plate: #23272d; }
}
* { box-sizing: border-box; }
html { background: Canvas; color: CanvasText; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.4rem; line-height: 1.3; margin: 0 0 .3rem; }
h2 { font-size: 1.05rem; line-height: 1.35; margin: 0; }
pre + h2, ol + h2 { margin-top: 1.4rem; }
p { margin: .4rem 0; }
.about, .source { color: var(--faint); font-size: .9em; overflow-wrap: anywhere; }
.points { list-style: none; margin: 1.2rem 0; padding: 0; }
.point { border-top: 1px solid var(--line); padding: 1rem 0; break-inside: avoid; }
.head { display: flex; gap: .8rem; align-items: baseline; justify-content: space-between; flex-wrap: wrap; }
.standing { font-weight: 650; white-space: nowrap; }
.met { color: var(--met); } .not-met { color: var(--not-met); } .not-shown { color: var(--not-shown); }
.facts { margin: .5rem 0; padding: 0; list-style: none; }
.facts li { margin: .35rem 0; padding-left: 1.4rem; text-indent: -1.4rem; overflow-wrap: anywhere; }
.sign { display: inline-block; width: 1.4rem; text-indent: 0; font-weight: 700; }
pre { background: var(--plate); padding: .6rem .8rem; border-radius: 4px; margin: .5rem 0; white-space: pre-wrap;
  overflow-wrap: anywhere; font: 13px/1.45 ui-monospace, monospace; }
pre span { display: inline-block; max-width: 100%; }
pre.whole { white-space: pre; overflow-x: auto; }
nav { display: flex; flex-wrap: wrap; gap: .4rem; margin: 1rem 0; }
nav a { border: 1px solid currentColor; border-radius: 4px; padding: .1rem .6rem; text-decoration: none;
  font-size: .9em; }
@media print {
  body { max-width: none; padding: 0; font-size: 11pt; }
  nav { display: none; }
  pre { border: 1px solid #999; }
}
"""
_SIGNS = {Standing.MET: "✓", Standing.NOT_MET: "✗", Standing.NOT_SHOWN: "?", Standing.TOLD: "·"}


def render(report: AuditReport, options: RenderOptions) -> str:
    """Return a whole page: the guideline point by point; of any other report its text."""
    report = portable(report)
    headline = one_line(report)
    if report.guideline is not None:
        body = _guideline(report, report.guideline)
    else:
        text = render_text(report, RenderOptions(ascii=options.ascii, verbosity=max(options.verbosity, 0)))
        body = [f"<h1>{_text(headline)}</h1>", f'<pre class="whole">{_text(text)}</pre>']
    return (
        "\n".join(
            [
                "<!doctype html>",
                '<html lang="en"><head><meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                f"<title>repro-audit {_text(report.project)}: {_text(headline)}</title>",
                f"<style>{_STYLE}</style></head><body>",
                *body,
                f'<p class="about">{_text(report.tool)}</p>',
                "</body></html>",
            ]
        )
        + "\n"
    )


RENDERER = render


def _guideline(report: AuditReport, guideline: GuidelineReport) -> list[str]:
    return [
        f"<h1>Reproducibility: {_text(one_line(report))}</h1>",
        f'<p class="about">{_text(subject(report, guideline))}</p>',
        '<nav aria-label="Points">',
        *(
            f'<a class="{_class(point.standing)}" href="#point-{point.number}">{point.number} '
            f"{_text(point.standing.value)}</a>"
            for point in guideline.points
        ),
        "</nav>",
        '<ol class="points">',
        *(line for point in guideline.points for line in _point(point)),
        "</ol>",
        "<h2>Check it again</h2>",
        f"<pre>{_command(guideline.again)}</pre>",
        *_required(guideline),
        "<h2>Evidence that was looked at</h2>",
        '<ul class="facts">',
        *(f"<li>{_text(line)}</li>" for line in guideline.evidence or ("None is kept.",)),
        "</ul>",
    ]


def _point(point: GuidelinePoint) -> list[str]:
    standing = f"{_SIGNS[point.standing]} {_text(point.standing.value)}"
    return [
        f'<li class="point" id="point-{point.number}"><div class="head"><h2>{point.number}. {_text(point.title)}</h2>',
        f'<span class="standing {_class(point.standing)}">{standing}</span>',
        '</div><ul class="facts">',
        *(_fact(fact) for fact in point.facts),
        "</ul>",
        *(f"<pre>{_command(command)}</pre>" for command in point.commands),
        "</li>",
    ]


def _fact(fact: GuidelineFact) -> str:
    source = f' <span class="source">{_text(fact.source)}</span>' if fact.source else ""
    sign = f'<span class="sign {_class(fact.standing)}" title="{fact.standing.value}">{_SIGNS[fact.standing]}</span>'
    return f"<li>{sign}{_text(fact.text)}{source}</li>"


def _command(text: str) -> str:
    """A command whose words stay whole: a browser would break `--epochs` after its hyphens."""
    return " ".join(f"<span>{_text(word)}</span>" for word in text.split(" "))


def _required(guideline: GuidelineReport) -> list[str]:
    if len(guideline.required) == len(guideline.points):
        return []
    return [f'<p class="about">Required: {", ".join(map(str, guideline.required))}.</p>']


def _class(standing: Standing) -> str:
    return standing.value.replace(" ", "-")


def _text(text: str) -> str:
    """Text in which no character is markup, and none that a page cannot hold."""
    shown = "".join(character if character in "\n\t" or character.isprintable() else "?" for character in text)
    return escape(shown)
