"""`repro-audit demo digits`: the story on a terminal."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from auditor.cli.console import needs_ascii, use_color
from auditor.cli.exit_codes import ExitCode
from auditor.cli.interrupt import Interrupts
from auditor.cli.output import Output
from auditor.cli.progress import choose_progress
from auditor.cli.stdout import write_stdout
from auditor.errors import ReproAuditError
from auditor.report.prose.numbers import duration
from auditor.report.prose.page import Page, Style
from auditor.services.demo_story import QUOTED, Chapter, Story, StoryOptions

CHAPTERS = 8


def tell_story(folder: Path, options: StoryOptions, output: Output) -> ExitCode:
    """Tell chapter after chapter; return 0 where the fault was shown, proven and reported, else 4."""
    looks = {"color": use_color(output.color, sys.stdout), "ascii": output.ascii or needs_ascii(sys.stdout)}
    began = time.monotonic()
    with Interrupts(output.console()) as interrupts:
        progress = choose_progress(output.progress, interrupts.requested)
        story = Story.begin(folder, options, progress)
        write_stdout(_opening(story).text(**looks))
        for number, chapter in enumerate(story.chapters(), 1):
            write_stdout(_heading(number, chapter).text(**looks))
            told: list[str] = []
            try:
                told = chapter.work()
            except ReproAuditError:
                if not interrupts.requested():
                    raise
            finally:
                progress.close()
            write_stdout(_told(told).text(**looks))
            if interrupts.requested():
                write_stdout(f"\nStopped in chapter {number} of {CHAPTERS}; what was run is kept in {folder}\n")
                return ExitCode.INTERRUPTED
    page = Page()
    page.add()
    page.add(("The report lies in ", Style.PLAIN), (str(story.report), Style.STRONG))
    page.add(f"The program and its runs: {folder} ({duration(time.monotonic() - began)})")
    write_stdout(page.text(**looks))
    shown = story.proof is not None and bool(story.proof.minimal) and story.report.is_file()
    return ExitCode.CLEAN if shown else ExitCode.INCONCLUSIVE


def _opening(story: Story) -> Page:
    page = Page()
    page.sentence(f"A small network learns to read digits. {story.sample.story}")
    return page


def _heading(number: int, chapter: Chapter) -> Page:
    page = Page()
    page.add()
    page.add((f"{number} of {CHAPTERS}  {chapter.title}", Style.STRONG))
    page.sentence(chapter.why, "  ")
    page.add((f"  $ {chapter.command}", Style.FAINT))
    return page


def _told(lines: list[str]) -> Page:
    page = Page()
    for line in lines:
        if line.startswith(QUOTED):
            page.add((line, Style.ADDED if line.lstrip().startswith("+") else Style.REMOVED))
        else:
            page.sentence(line, "  ")
    return page
