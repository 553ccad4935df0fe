"""Try patches: put them into a copy of the project and run the program there two times."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What two runs of the program with these patches, and no others, came to."""

    patches: tuple[str, ...]
    """Ids, sorted."""

    verdict: Verdict | None
    """None where the program failed."""

    failure: str = ""
    """The last line of a program that failed with the patches."""
