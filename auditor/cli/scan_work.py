"""What `scan` does once its line has been read, by Typer or without it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from auditor.cli.delivery import deliver
from auditor.cli.option_table import words
from auditor.cli.output import Output, take_output
from auditor.cli.progress import choose_progress
from auditor.errors import UsageError
from auditor.model.annotations import TYPE_CHECKING, Any
from auditor.model.lean import replace

if TYPE_CHECKING:
    from auditor.services.check import CheckOptions
    from auditor.services.kept_report import Keeping
    from auditor.services.settings import Settings


def run_scan(values: dict[str, Any], line: Sequence[str] | None = None, keeping: Keeping | None = None) -> int:
    """Scan as the values of the options of `option_table` say; return the exit code.

    `line`: the words that said so, for which it may be kept what is printed; None where they are not known. `keeping`:
    what is known of the kept report.
    """
    started_ns = time.time_ns()
    from auditor.services.check import CheckOptions, check
    from auditor.services.kept_report import Keeping
    from auditor.services.settings import resolve_settings
    from auditor.static.files.discovery import find_root

    given, output = take_output(values)
    chosen: list[Path] = given["paths"] or [Path()]
    for path in chosen:
        _require(path)
    if given["baseline"] is not None and given["no_baseline"]:
        raise UsageError("--baseline and --no-baseline exclude each other")
    if given["jobs"] is not None and given["jobs"] < 1:
        raise UsageError(f"--jobs {given['jobs']}: expected a number of processes, 1 or more")
    overrides = _overrides(given)

    def settings() -> Settings:
        found = resolve_settings(chosen[0], overrides).settings
        return replace(found, baseline=None) if given["no_baseline"] else found

    if given["show_settings"]:
        return _show_settings(chosen[0], overrides)
    keeping = keeping or Keeping()
    options = CheckOptions(
        diff_base=given["diff_base"],
        write_baseline=given["write_baseline"],
        cached=not given["no_cache"],
        processes=given["jobs"],
        keeping=keeping,
    )
    if given["watch"]:
        return _watch(chosen, settings, options, output)
    progress = choose_progress(output.progress, lambda: False)
    try:
        resolved = settings()
        report = check(chosen, resolved, options, progress)
        if report.findings and (given["patches"] or output.format == "sarif"):
            from auditor.services.fix import plan_for, with_patches  # LibCST, which other scans do without

            report = with_patches(plan_for(report, chosen, resolved, progress))
    finally:
        progress.close()
    if options.write_baseline is not None:
        from auditor.report.prose.numbers import count

        accepted = sum(earlier.known for earlier in report.earlier)
        told = f"{options.write_baseline}: holds {count(accepted, 'finding')}; --baseline leaves them out"
        output.console().note(told)

    def keep(text: str, code: int) -> None:
        from auditor.cli.printed import keep_printed

        if line is not None and keeping.place is not None:
            keep_printed(line, [str(path) for path in chosen], started_ns, keeping.place, code, text)

    # What is printed rests on more than the report where it is held against something, or has patches.
    more = options.diff_base or options.write_baseline or resolved.baseline or given["patches"]
    is_alone = not more and output.format != "sarif"
    return deliver(report, output, find_root(chosen), keep if is_alone else None)


def _require(path: Path) -> None:
    """Raise `UsageError` for a path that leads to nothing."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{path}: no such file or folder") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None


def _overrides(given: dict[str, Any]) -> dict[str, object]:
    """The settings that are given as options."""
    from auditor.services.setting_keys import read_option

    return {
        "select": words(given["select"]),
        "ignore": words(given["ignore"]),
        "exclude": words(given["exclude"]),
        "min_severity": read_option("--severity", "min-severity", given["severity"]),
        "min_confidence": read_option("--confidence", "min-confidence", given["confidence"]),
        "baseline": given["baseline"],
    }


def _show_settings(path: Path, overrides: dict[str, object]) -> int:
    from auditor.cli.settings_page import settings_page
    from auditor.cli.stdout import write_stdout
    from auditor.services.settings import resolve_settings

    write_stdout(settings_page(resolve_settings(path, overrides)))
    return 0


def _watch(paths: Sequence[Path], settings: Callable[[], Settings], options: CheckOptions, output: Output) -> int:
    from auditor.cli.watching import watch_and_print
    from auditor.static.files.discovery import find_root

    for option, given in (("-o", output.path), ("--write-baseline", options.write_baseline)):
        if given is not None:
            raise UsageError(f"--watch and {option} exclude each other")
    gc.enable()  # this goes on for days
    settings()  # a mistake that is there from the beginning ends the command
    return watch_and_print(paths, settings, options, output, find_root(paths))
