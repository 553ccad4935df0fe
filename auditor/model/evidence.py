"""What an experiment has shown, kept so that later reports can rest on it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from auditor.model.environment import Environment
from auditor.model.lean import dataclass, field
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Status


class EvidenceKind(Enum):
    """The command that gave it."""

    TWICE = "run --twice"
    VERIFY = "fix --verify"
    OVERHEAD = "overhead"
    VARIANCE = "variance"
    NOISE = "noise walk"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCause:
    """Why runs differed, in short."""

    title: str
    category: Category
    confidence: Confidence
    evidence: str
    """The strongest sentence; empty where there is none."""

    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an interpreter and a machine offer, asked from outside the program."""

    python: str
    packages: Mapping[str, str]
    """Every installed distribution, its name as installers compare names, and its version."""

    machine: Mapping[str, str]
    """`cpu`, `platform`, and `driver` and `gpus` where there are any of NVIDIA."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One experiment: what it was about, under what it ran, what came of it."""

    id: str
    """`e3`."""

    kind: EvidenceKind
    command: tuple[str, ...]
    cwd: str
    project: str
    """Root of the project, absolute."""

    interpreter: str
    kept_at: str
    """ISO 8601 with UTC offset."""

    sources: Mapping[str, str]
    """Digest of every source file and configuration of the project before the first run."""

    unstable: tuple[str, ...]
    """Those of them that were others after the last run."""

    surroundings: Surroundings | None
    """None where the interpreter could not be asked."""

    answer: str
    """The report's answer, one line."""

    status: Status | None = None
    runs: tuple[str, ...] = ()
    steps: int = 0
    """Optimizer steps that were seen, or to which runs were limited."""

    is_whole: bool = False
    """The program came to its own end each time; of a proof: nobody limited its steps."""

    compared: int = 0
    """Events."""

    environment: Environment | None = None
    """Of the reference's process that took most steps; None where no run was traced."""

    differences: tuple[str, ...] = ()
    """What differed between the environments of the runs."""

    cause: KeptCause | None = None
    margins: str = ""
    """How far the runs were apart beside what the layers tolerate, one line; empty where nobody asked."""

    criteria: tuple[str, ...] = ()
    """In what runs were held against each other."""

    loaded: tuple[str, ...] | None = None
    """Files of the project that the runs loaded or read; None where that is not known."""

    written: tuple[str, ...] = ()
    """Files of the project that runs of this command write."""

    data: Mapping[str, str] = field(default_factory=dict)
    """Digest of each file that the runs read or loaded and that is no source, such as data and modules that git
    ignores; empty where it was too large or gone."""

    listings: Mapping[str, str] = field(default_factory=dict)
    """Digest of the names in each folder that the runs listed, but for what runs write there."""

    unseen: tuple[str, ...] = ()
    """What the traces do not tell of the files that were read, half a sentence each."""

    trained: bool | None = None
    """Whether an optimizer took a step or a gradient was computed; None where that is not known."""

    altered: str = ""
    """What we had the runs do otherwise than the program does by itself; empty for nothing."""

    apart: str = ""
    """What differed between runs of the program as it is in which nothing was varied, one line; empty for nothing."""

    artifacts: Mapping[str, str] = field(default_factory=dict)
    """The same of the files that they wrote, as the last run left them."""

    patched: Mapping[str, str] = field(default_factory=dict)
    """Digests of files with the proven patches in; empty where nothing was proven by patches."""

    variables: tuple[str, ...] = ()
    """Variables that the proof sets outside the program."""
