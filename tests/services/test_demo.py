"""Samples to try things on: whole, without the answer, in a folder of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.services.demo import DEFAULT, copy_sample, missing_packages, sample_names


def test_default_sample_is_there() -> None:
    assert DEFAULT in sample_names()


def test_copy_has_the_program_and_not_the_answer(tmp_path: Path) -> None:
    sample = copy_sample(DEFAULT, tmp_path)
    assert sample.folder == tmp_path / DEFAULT
    assert (sample.folder / sample.command[1]).is_file()
    assert not (sample.folder / "expected.toml").exists()
    assert sample.story.endswith(".")


def test_unknown_sample_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"no sample is called `nope`; there are: .*{DEFAULT}"):
        copy_sample("nope", tmp_path)


def test_packages_are_looked_for_in_the_programs_interpreter(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho torch sklearn\n")
    python.chmod(0o755)
    assert missing_packages(python) == ("torch", "sklearn")


def test_interpreter_that_does_not_run_is_a_usage_error(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no such library >&2\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(UsageError, match="does not run"):
        missing_packages(python)
