"""Which changes of a project's files are the program's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model.evidence import EvidenceKind
from auditor.model.lean import replace
from auditor.model.run import Ending, ExitStatus, RunRecord
from auditor.services.evidence import Inquiry
from auditor.services.touched import Touched

RUN = RunRecord(
    id="r1",
    argv=("python", "train.py"),
    cwd="/p",
    project="/p",
    changes={},
    started_at="2026-01-31T10:00:00+00:00",
    duration_s=1.0,
    status=ExitStatus(ending=Ending.FINISHED, code=0),
    processes=(),
    files_written=(),
)


@pytest.mark.parametrize(
    ("changed_in", "read", "wrote", "there", "edited"),
    [
        ("first", True, False, True, True),
        ("both", True, False, True, False),
        ("first", False, False, True, False),
        ("first", True, True, True, False),
        ("first", True, False, False, False),
    ],
)
def test_a_file_that_is_read_and_changes_during_one_run_alone_was_edited_by_another(
    tmp_path: Path, changed_in: str, read: bool, wrote: bool, there: bool, edited: bool
) -> None:
    """Else it would count as written by the program, and nobody would look at it again."""
    if there:
        (tmp_path / "a.csv").write_text("1")
    (tmp_path / "train.py").write_text("")
    inquiry = Inquiry.begin(EvidenceKind.TWICE, RUN.argv, tmp_path, store=tmp_path / "store")
    first = replace(RUN, files_written=("a.csv",))
    second = first if changed_in == "both" else RUN
    paths = frozenset({"a.csv"})
    seen = Touched(
        loaded=frozenset({"train.py"}),
        read=paths if read else frozenset(),
        wrote=paths if wrote else frozenset(),
        listed=frozenset(),
        trained=True,
        unseen=(),
    )
    assert bool(inquiry._edited((first, second), seen)) is edited
