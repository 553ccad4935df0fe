"""Reads every `sample_projects/*/expected.toml` and hands the samples to the tests that ask for them.

A test takes `sample` (all of them), `faulty_sample` or `clean_sample` and runs once for each. Programs are run in a
copy, so that nothing is written into the checkout.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SAMPLES = Path(__file__).parents[2] / "sample_projects"
ONLY_DIGITS = "from sklearn.datasets import load_digits"


@dataclass(frozen=True, kw_only=True)
class ExpectedFinding:
    rule: str
    path: str
    line: int


@dataclass(frozen=True, kw_only=True)
class ExpectedEvent:
    """The first divergent event; None is not checked, a list holds every right answer."""

    process: str | list[str]
    kind: str
    op: str | list[str]
    phase: str | list[str]
    module: str | None = None
    path: str | None = None
    line: int | list[int] | None = None
    inputs_agree: bool | None = None


@dataclass(frozen=True, kw_only=True)
class ExpectedCause:
    kind: str
    confidence: str
    path: str | None = None
    line: int | None = None
    rule: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sample:
    name: str
    story: str
    command: list[str]
    verdict: str
    isolate: str = "none"
    timeout_s: float = 600.0
    closeup: bool = True
    finding: list[ExpectedFinding] = field(default_factory=list)
    first: ExpectedEvent | None = None
    cause: ExpectedCause | None = None

    @property
    def folder(self) -> Path:
        return SAMPLES / self.name

    @property
    def is_clean(self) -> bool:
        return self.verdict == "reproducible"

    @property
    def lines(self) -> list[str]:
        return [line for path in self.folder.rglob("*.py") for line in path.read_text(encoding="utf-8").splitlines()]

    @property
    def takes_only_digits(self) -> bool:
        """Of scikit-learn it uses nothing else."""
        return {line for line in self.lines if "sklearn" in line} == {ONLY_DIGITS}

    @property
    def needs_dynamo(self) -> bool:
        """It compiles, or is trained by processes together."""
        return any("torch.compile" in line or "torch.distributed" in line for line in self.lines)


def read_sample(folder: Path) -> Sample:
    """Unknown and missing keys raise TypeError: an expectation that nobody checks is a mistake."""
    values: dict[str, Any] = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
    values["finding"] = [ExpectedFinding(**finding) for finding in values.get("finding", [])]
    if "first" in values:
        values["first"] = ExpectedEvent(**values["first"])
    if "cause" in values:
        values["cause"] = ExpectedCause(**values["cause"])
    return Sample(name=folder.name, **values)


def read_samples() -> list[Sample]:
    return [read_sample(folder) for folder in sorted(SAMPLES.iterdir()) if folder.is_dir()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    wanted = {
        "sample": lambda sample: True,
        "faulty_sample": lambda sample: not sample.is_clean,
        "clean_sample": lambda sample: sample.is_clean,
    }
    for name, chosen in wanted.items():
        if name in metafunc.fixturenames:
            samples = [sample for sample in read_samples() if chosen(sample)]
            metafunc.parametrize(name, samples, ids=[sample.name for sample in samples])


@pytest.fixture(scope="session")
def samples() -> list[Sample]:
    return read_samples()


@pytest.fixture
def own_sample(request: pytest.FixtureRequest) -> Sample:
    """The sample that the test runs with, under whatever name it asked for it."""
    names = [name for name in ("sample", "faulty_sample", "clean_sample") if name in request.fixturenames]
    sample: Sample = request.getfixturevalue(names[0])
    return sample


@pytest.fixture
def project(own_sample: Sample, tmp_path: Path) -> Path:
    """A copy of the test's sample in a folder of the same name."""
    copy = tmp_path / "projects" / own_sample.name
    shutil.copytree(own_sample.folder, copy, ignore=shutil.ignore_patterns("__pycache__", "expected.toml"))
    return copy


@pytest.fixture
def light_sample(own_sample: Sample, stand_ins: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the samples what they import for nothing. `digits_embed` keeps all of it, clean samples the whole torch."""
    names = []
    if own_sample.name != "digits_embed":
        names += ["light_sklearn"] if own_sample.takes_only_digits else []
        names += [] if own_sample.is_clean or own_sample.needs_dynamo else ["light_torch"]
    if names:
        monkeypatch.setenv("PYTHONPATH", stand_ins(*names))
