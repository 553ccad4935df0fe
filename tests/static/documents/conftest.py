"""Small projects with documents, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from auditor.ruleset import Ruleset
from auditor.static.engine import Analysis, Engine
from auditor.static.files.discovery import Discovery

Scan = Callable[..., Analysis]
Files = Mapping[str, str | bytes]


@pytest.fixture(scope="session")
def engine(ruleset: Ruleset) -> Engine:
    return Engine(ruleset, ruleset.rules)


@pytest.fixture
def scan(discover: Callable[..., Discovery], engine: Engine) -> Scan:
    """What all rules find in these files."""

    def scan_files(files: Files, *below: str) -> Analysis:
        return engine.analyse(discover(files, *below))

    return scan_files


@pytest.fixture
def told(scan: Scan) -> Callable[..., list[str]]:
    """The findings as `RA181 conf/train.yaml:7`, in the order of their places."""

    def tell(files: Files, *below: str) -> list[str]:
        places = [(each.location.path, each.location.line, each.rule_id) for each in scan(files, *below).findings]
        return [f"{rule} {path}:{line}" for path, line, rule in sorted(places)]

    return tell
