"""Formats are found by their files; the same report gives the same bytes."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import auditor.report
from auditor.errors import UsageError
from auditor.model.report import AuditReport
from auditor.report import find_renderer, formats, render


def test_every_module_of_the_folder_is_a_format() -> None:
    folder = Path(auditor.report.__file__).parent
    files = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    assert list(formats()) == files
    assert {"text", "json", "sarif"} <= set(files)
    for name in formats():
        assert callable(importlib.import_module(f"auditor.report.{name}").RENDERER)


def test_unknown_format_is_told_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="no report format is called `xml`; there are: concise, "):
        find_renderer("xml")


@pytest.mark.parametrize("format_name", formats())
def test_same_report_gives_the_same_bytes_whatever_the_hash_seed(format_name: str) -> None:
    """Two processes with different hash seeds, terminals and locales."""
    code = (
        "import importlib.util, sys;"
        f"spec = importlib.util.spec_from_file_location('reports', {str(Path(__file__).parent / 'conftest.py')!r});"
        "reports = importlib.util.module_from_spec(spec); spec.loader.exec_module(reports);"
        "scan = reports.scan_report._get_wrapped_function()();"
        "both = [scan, reports.divergent_report._get_wrapped_function()(scan)];"
        "from auditor.report import render;"
        f"sys.stdout.buffer.write(''.join(render(each, {format_name!r}) for each in both).encode())"
    )
    outputs = set()
    for seed, columns, locale in (("1", "40", "C"), ("2", "200", "C.UTF-8")):
        environment = {"PYTHONHASHSEED": seed, "COLUMNS": columns, "LC_ALL": locale, "PYTHONUTF8": "1"}
        outputs.add(
            subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True).stdout
        )
    assert len(outputs) == 1


def test_rendering_changes_nothing(scan_report: AuditReport) -> None:
    assert render(scan_report, "json") == render(scan_report, "json")
