"""`docs/record-replay.md` says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from auditor.probe.taping import wire

PAGE = (Path(__file__).parents[2] / "docs" / "record-replay.md").read_text(encoding="utf-8")


def test_kinds_flags_and_version_of_tapes_are_those_of_the_code() -> None:
    said = {name: int(value) for name, value in re.findall(r"^\| `([A-Z]+)` \| (\d+) \|", PAGE, re.MULTILINE)}
    assert said == {name.upper(): kind for kind, name in wire.KIND_NAMES.items()}
    assert f"`SOFT` {wire.SOFT} " in PAGE
    assert f"`CUT_OFF` {wire.CUT_OFF} " in PAGE
    assert f"## Format `{wire.FORMAT}`, version {wire.VERSION}\n" in PAGE
    history = PAGE.split("| version | change |", 1)[1]
    assert re.findall(r"^\| (\d+) \| ", history, re.MULTILINE)[: wire.VERSION] == [
        str(number) for number in range(1, wire.VERSION + 1)
    ]
