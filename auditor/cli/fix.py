"""`repro-audit fix`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.exit_codes import ExitCode, of_report
from auditor.cli.help import GroupedCommand, examples, new_app
from auditor.cli.option_table import words
from auditor.cli.options import AsciiOption, ColorOption, IgnoreOption, SelectOption, StoreOption, page_text
from auditor.cli.output import Output
from auditor.cli.progress import choose_progress
from auditor.cli.stdout import write_stdout
from auditor.cli.verify import (
    ConfidenceOption,
    FreshOption,
    MaxRunsOption,
    PythonOption,
    RunsOption,
    StepsOption,
    TimeoutOption,
    VerifyOption,
    Wish,
    WritePatchOption,
    check_wish,
    prove,
)
from auditor.errors import UsageError
from auditor.model.lean import dataclass, replace

if TYPE_CHECKING:
    from auditor.services.apply import Applied
    from auditor.services.fix import FixPlan
    from auditor.services.settings import Settings

app = new_app()
EXAMPLES = (
    "repro-audit fix .",
    "repro-audit fix . --apply",
    "repro-audit fix train.py --select RA1 --apply --unsafe",
    "repro-audit fix RA301-4f09ab --apply --unsafe",
    'repro-audit fix --verify "train.py -- --epochs 1" --steps 50',
    "repro-audit fix --undo",
)
FORMATS = ("text", "json", "diff")

_RULE = re.compile(r"[A-Z]{2,}[0-9]{1,5}")
_PATCH = re.compile(r"([A-Z]{2,}[0-9]{1,5})-[0-9a-f]{6,16}")
_STEP = re.compile(r"p[1-9]\d*")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the words of the command line name: files, rules, patches, or a step of the journal."""

    paths: tuple[Path, ...]
    rules: tuple[str, ...]
    patches: tuple[str, ...]
    step: str | None


def _option(*names: str, help: str, panel: str) -> typer.models.OptionInfo:  # noqa: A002
    option = typer.Option(*names, help=help, rich_help_panel=panel)
    assert isinstance(option, typer.models.OptionInfo)
    return option


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
def fix(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH|RULE|PATCH]...", help="Files, folders, rules, patches; default: ."),
    ] = None,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    apply: Annotated[bool, _option("--apply", help="Write the safe patches.", panel="How")] = False,
    unsafe: Annotated[
        bool, _option("--unsafe", help="With --apply and --format diff: the unsafe ones too.", panel="How")
    ] = False,
    interactive: Annotated[
        bool, _option("--interactive", "-i", help="Ask for each patch: yes, no, edit.", panel="How")
    ] = False,
    undo: Annotated[
        bool, _option("--undo", help="Take back the last step, or the one named: --undo p3.", panel="How")
    ] = False,
    log: Annotated[bool, _option("--log", help="List what was applied and undone.", panel="How")] = False,
    format: Annotated[  # noqa: A002
        str,
        typer.Option(
            "--format", metavar="FORMAT", help="text, json or diff; markdown for a proof.", rich_help_panel="Output"
        ),
    ] = "text",
    quiet: Annotated[bool, _option("-q", "--quiet", help="The answer in one line.", panel="Output")] = False,
    verbose: Annotated[
        bool, _option("-v", "--verbose", help="Also every finding without a patch.", panel="Output")
    ] = False,
    color: ColorOption = "auto",
    ascii: AsciiOption = False,  # noqa: A002
    no_progress: Annotated[bool, _option("--no-progress", help="No progress on stderr.", panel="Output")] = False,
    store: StoreOption = None,
    verify: VerifyOption = None,
    steps: StepsOption = None,
    runs: RunsOption = 6,
    max_runs: MaxRunsOption = 6,
    confidence: ConfidenceOption = 0.95,
    timeout: TimeoutOption = None,
    fresh: FreshOption = False,
    python: PythonOption = None,
    write_patch: WritePatchOption = None,
) -> int:
    """Show patches for what a scan finds; --apply writes them.

    Without --apply nothing is written. `safe` patches change nothing but that runs repeat; `unsafe` ones may change
    results or speed and need --unsafe; those `to look at` are shown and never applied. --verify runs a program with
    them, in a copy of the project, and tells which of them it takes to make its runs equal, and at what price.
    """
    if verify is not None:
        wish = Wish(
            command=verify,
            steps=steps,
            runs=runs,
            max_runs=max_runs,
            confidence=confidence,
            timeout=timeout,
            fresh=fresh,
            python=python,
            write_patch=write_patch,
        )
        _check_modes({"--verify": True, "--apply": apply, "--interactive": interactive, "--undo": undo, "--log": log})
        check_wish(wish, format)
        asked = _asked(what or (), undo)
        output = Output(
            format=format,
            path=None,
            force=False,
            verbosity=int(verbose) - int(quiet),
            color=color,
            ascii=ascii,
            progress=not (quiet or no_progress),
            exit_zero=False,
        )
        kept = None if store is None else store.absolute()
        paths = asked.paths if asked.paths != (Path(),) else ()
        return prove(wish, paths, asked.patches, _settings(asked, select, ignore, kept), output)
    if write_patch is not None:
        raise UsageError("--write-patch writes what --verify has proven; --format diff prints patches without a proof")
    if format not in FORMATS:
        raise UsageError(f"--format: there is no `{format}`; there are: {', '.join(FORMATS)}")
    _check_modes({"--apply": apply, "--interactive": interactive, "--undo": undo, "--log": log})
    if unsafe and (undo or log):
        raise UsageError("--unsafe chooses what --apply writes; it says nothing here")
    asked = _asked(what or (), undo)
    look = Look(format=format, verbosity=int(verbose) - int(quiet), color=color, ascii=ascii)
    settings = _settings(asked, select, ignore, store)
    if undo or log:
        return _back(asked, settings, look, undo=undo)
    progress = choose_progress(not (quiet or no_progress or interactive), lambda: False)
    from auditor.services.fix import plan_fixes

    try:
        plan = plan_fixes(asked.paths, settings, progress)
    finally:
        progress.close()
    if asked.patches:
        plan = plan.only(asked.patches)
    if interactive:
        from auditor.cli.fix_prompt import ask_for_each

        return ask_for_each(plan, asked.paths, settings, look)
    if apply:
        return _apply(plan, settings, look, unsafe=unsafe or bool(asked.patches))
    return _show(plan, look, shlex.join(what or ()), unsafe=unsafe)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the answer is shown."""

    format: str
    verbosity: int
    color: str
    ascii: bool


def _check_modes(given: dict[str, bool]) -> None:
    chosen = [name for name, value in given.items() if value]
    if len(chosen) > 1:
        raise UsageError(f"{chosen[0]} and {chosen[1]} exclude each other")


def _asked(what: Sequence[str], undo: bool) -> Asked:
    """Sort the words: a file that exists is a file, whatever its name looks like."""
    paths: list[Path] = []
    rules: list[str] = []
    patches: list[str] = []
    step = None
    for word in what:
        if not word:
            raise UsageError("the name of a file, rule or patch was expected, and the word is empty")
        if undo and _STEP.fullmatch(word):
            if step is not None:
                raise UsageError(f"--undo takes one step, found {step} and {word}")
            step = word
        elif Path(word).exists():
            paths.append(Path(word))
        elif match := _PATCH.fullmatch(word):
            patches.append(word)
            rules.append(match[1])
        elif _RULE.fullmatch(word):
            rules.append(word)
        else:
            raise UsageError(f"{word}: no such file or folder, and no rule or patch such as RA301 or RA301-4f09ab")
    return Asked(tuple(paths) or (Path(),), tuple(dict.fromkeys(rules)), tuple(patches), step)


def _settings(asked: Asked, select: str | None, ignore: str | None, store: Path | None) -> Settings:
    from auditor.services.rule_choice import ARGUMENT
    from auditor.services.settings import resolve_settings

    selected = words(select)
    if asked.rules:
        selected = (*(selected or ()), *asked.rules)
    overrides = {"select": selected, "ignore": words(ignore), "store": store}
    settings = resolve_settings(asked.paths[0], overrides).settings
    return replace(settings, origins={**settings.origins, "select": ARGUMENT}) if asked.rules else settings


def _show(plan: FixPlan, look: Look, words: str, *, unsafe: bool) -> int:
    """Print the patches; with `diff` those that --apply would write, as one patch file."""
    from auditor.cli.fix_json import plan_json
    from auditor.cli.fix_page import add_plan, add_summary
    from auditor.report.prose.page import Page

    if look.format == "json":
        write_stdout(plan_json(plan))
    elif look.format == "diff":
        ids, left_out = plan.compatible(plan.ids(unsafe=unsafe))
        _tell(left_out.values())
        write_stdout(plan.diff(ids))
    else:
        page = Page()
        if look.verbosity < 0:
            add_summary(page, plan)
        else:
            add_plan(page, plan, words, look.verbosity)
        write_stdout(page_text(page, look.color, look.ascii))
    return of_report(plan.report)


def _apply(plan: FixPlan, settings: Settings, look: Look, *, unsafe: bool) -> int:
    from auditor.services.apply import apply

    ids, left_out = plan.compatible(plan.ids(unsafe=unsafe))
    applied = apply(plan, ids, store=settings.store) if ids else None
    _print_applied(plan, applied, left_out, look)
    fixed = {key for patch in plan.patches if applied and patch.id in applied.patches for key in patch.finding_keys}
    if plan.report.findings and all(finding.key in fixed for finding in plan.report.findings):
        return ExitCode.CLEAN
    return of_report(plan.report)


def _print_applied(plan: FixPlan, applied: Applied | None, left_out: Mapping[str, str], look: Look) -> None:
    from auditor.cli.fix_json import plan_json
    from auditor.cli.fix_page import add_applied
    from auditor.report.prose.page import Page

    if look.format == "json":
        write_stdout(plan_json(plan, applied, left_out))
    elif look.format == "diff":
        _tell(left_out.values())
        write_stdout(plan.diff(applied.patches) if applied else "")
    else:
        page = Page()
        add_applied(page, plan, applied, left_out, look.verbosity)
        write_stdout(page_text(page, look.color, look.ascii))


def _back(asked: Asked, settings: Settings, look: Look, *, undo: bool) -> int:
    """Take a step back, or list all steps."""
    from auditor.cli.fix_json import log_json, undone_json
    from auditor.cli.fix_page import add_log, add_undone
    from auditor.report.prose.page import Page
    from auditor.services import apply as service
    from auditor.static.files.discovery import find_root

    root = find_root(asked.paths)
    page = Page()
    if undo:
        undone = service.undo(root, asked.step, store=settings.store)
        as_json = undone_json(undone)
        add_undone(page, undone)
    else:
        steps = service.history(root, store=settings.store)
        as_json = log_json(steps)
        add_log(page, steps)
    write_stdout(as_json if look.format == "json" else page_text(page, look.color, look.ascii))
    return ExitCode.CLEAN


def _tell(reasons: Iterable[str]) -> None:
    from auditor.cli.console import Console

    for reason in reasons:
        Console().note(f"left out: {reason}")
