"""Ledgers of draws are read as far as they go."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import TraceFormatError
from auditor.probe.splitting.ledger import Ledger
from auditor.runs.draws import read_draws


def written(folder: Path, close: bool = True) -> Path:
    ledger = Ledger(str(folder), lambda: "0-0")
    for _ in range(3):
        ledger.count("init", "torch.randn", ("train.py", 7, "Net.__init__"), "")
    ledger.count("order", "torch.randperm", None, "from a generator of the program's own")
    if close:
        ledger.close()
    return folder / "0-0.draws"


def test_draws_are_counted_by_line(tmp_path: Path) -> None:
    written(tmp_path)
    first, second = read_draws(tmp_path).drawn
    assert (first.source, first.call, first.place, first.draws) == (
        "init",
        "torch.randn",
        "train.py:7 in Net.__init__",
        3,
    )
    assert (second.place, second.held) == ("", "from a generator of the program's own")


def test_a_process_that_was_killed_has_told_each_line_once(tmp_path: Path) -> None:
    path = written(tmp_path, close=False)
    path.write_bytes(path.read_bytes() + b'{"draw": {"ca')
    assert [(one.source, one.draws) for one in read_draws(tmp_path).drawn] == [("init", 1), ("order", 1)]


def test_a_damaged_ledger_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text().replace("torch.randn", 'torch"randn', 1))
    with pytest.raises(TraceFormatError, match="damaged"):
        read_draws(tmp_path)
