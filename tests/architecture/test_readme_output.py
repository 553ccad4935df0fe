"""The README quotes real output: the scan is done again, the verdict's form is checked.

`REWRITE_GOLDEN=1 pytest tests/architecture/test_readme_output.py` writes both anew (the second one runs the sample).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.services.demo import copy_sample

README = Path(__file__).parents[2] / "README.md"
REWRITE = bool(os.environ.get("REWRITE_GOLDEN"))


def quoted(mark: str) -> tuple[str, str]:
    """Command line and output of the block that follows the comment `mark`."""
    found = re.search(rf"<!-- {mark} -->\n```console\n\$ (.*)\n((?:.*\n)*?)```\n", README.read_text(encoding="utf-8"))
    assert found is not None, f"README.md has no block after <!-- {mark} -->"
    return found[1], found[2]


def rewrite(mark: str, output: str) -> None:
    text = README.read_text(encoding="utf-8")
    command, before = quoted(mark)
    old = f"<!-- {mark} -->\n```console\n$ {command}\n{before}```\n"
    README.write_text(text.replace(old, f"<!-- {mark} -->\n```console\n$ {command}\n{output}```\n"), encoding="utf-8")


def repeat(command: str, sample: str, folder: Path) -> str:
    """Run a quoted command line on a copy of a sample; return what it prints to stdout."""
    copied = copy_sample(sample, folder)
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")}
    words = [sys.executable, "-m", "auditor", *command.split()[1:]]
    ran = subprocess.run(words, cwd=copied.folder, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stderr
    return ran.stdout


def test_scan_in_the_readme_is_what_scan_says(tmp_path: Path) -> None:
    command, shown = quoted("scan: numpy_augment")
    output = repeat(command, "numpy_augment", tmp_path)
    if REWRITE:
        rewrite("scan: numpy_augment", output)
    else:
        assert shown == output


def test_verdict_in_the_readme_has_the_lines_that_the_report_has(tmp_path: Path) -> None:
    command, shown = quoted("run: digits_embed")
    if REWRITE:
        shown = repeat(command, "digits_embed", tmp_path)
        rewrite("run: digits_embed", shown)
    names = re.findall(r"^  (op|tensor|inputs|kernel|why|then|fix) ", shown, re.MULTILINE)
    assert names == ["op", "tensor", "inputs", "kernel", "why", "then", "fix"]
    assert "not everything was seen" not in shown
    assert re.search(r"^DIVERGENT at step \d+, backward, DigitNet\.table$", shown, re.MULTILINE)


@pytest.mark.parametrize("mark", ["scan: numpy_augment", "run: digits_embed"])
def test_quoted_output_names_no_folder_of_a_machine(mark: str) -> None:
    assert not re.search(r"(?<!\w)/(home|root|tmp|work|Users)/", quoted(mark)[1])
