"""Break and mend real projects in one place at a time, and see whether the scan notices.

    python benchmarks/scan_mutations.py FOLDER... [--each N] [--seed N] [--kinds NAME,NAME]

Every folder is copied and scanned; then one mutation after the other is made in the copy, scanned and taken back.
What breaks a program should be told: a finding more, or one that says more. What mends it should take findings away
and add none. What changes nothing should leave the report as it is, up to lines and the text of statements. Every
mutation that turns out otherwise is a *suspect*, and listed: who is right has to be read in the source. A seed that is
left out can be redundant, and what it seeds may never be drawn from: where the text of the project shows that, the
mutation counts as one that cannot be judged. The same seed chooses the same mutations.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path

from mutations import BREAK, LARGEST, MEND, MUTATORS, SAME, Mutation, mended, module_of

from auditor.model.finding import Finding
from auditor.model.report import AuditReport
from auditor.ruleset import load
from auditor.services.rule_choice import chosen_rules
from auditor.services.scan import scan
from auditor.services.settings import Settings
from auditor.static.engine import Engine, find_files
from auditor.static.fixes.compose import Conflict
from auditor.static.patches import Sources, plan_patches

SLOWEST_S = 5.0
"""CPU time of a scan from which on a project is left out."""

SUFFIXES = (".py", ".ipynb", ".toml", ".yaml", ".yml", ".json", ".cfg", ".ini", ".txt", ".sh", ".lock")
UNSEEDED = ("RA101", "RA102", "RA103")
SEEDED_PROGRAMS_ONLY = ("RA106", "RA108", "RA109", "RA2", "RA3", "RA4", "RA5", "RA6")
"""What is told of seeds that are there, or in seeded programs only: a seed at the top may well bring it up."""

Signature = tuple[str, ...]


@dataclass
class Tally:
    """What happened to the mutations of one kind."""

    tried: int = 0
    expected: int = 0
    unclear: int = 0
    suspects: list[str] = field(default_factory=list)


class Trial:
    """One project, copied, and what is told of it as it is."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.name = source.name
        self._root = folder
        ruleset = load()
        self._rules = chosen_rules(ruleset, Settings())
        self._engine = Engine(ruleset, self._rules)
        copy_sources(source, folder)
        self.report = self.scan()
        read = {
            path: (folder / path).read_bytes()
            for path in sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*.py"))
        }
        self.modules = [module for path, raw in read.items() if (module := module_of(path, raw))]

    def scan(self, *, cached: bool = True) -> AuditReport:
        return scan([self._root], Settings(), root=self._root, cached=cached, processes=1)

    def scan_with(self, files: dict[str, bytes], *, cached: bool = True) -> AuditReport:
        """The project with these files; afterwards it is as before."""
        before = {path: (self._root / path).read_bytes() if (self._root / path).exists() else None for path in files}
        try:
            for path, raw in files.items():
                (self._root / path).write_bytes(raw)
            return self.scan(cached=cached)
        finally:
            for path, old in before.items():
                (self._root / path).unlink() if old is None else (self._root / path).write_bytes(old)

    def text(self, path: str) -> bytes:
        place = self._root / path
        return place.read_bytes() if place.exists() else b""

    def mutations(self) -> Iterator[Mutation]:
        for module in self.modules:
            for mutator in MUTATORS:
                yield from mutator(module, self.modules)
            if self.report.scan and module.path in self.report.scan.entry_points:
                yield from mended(module, self.modules)
        yield from self._patched()

    def _patched(self) -> Iterator[Mutation]:
        """Each of our own patches; the finding is named in the place of the path."""
        project = self._engine.project(find_files(self._root, [self._root], ()))
        sources = Sources(project)
        by_id = {rule.id: rule for rule in self._rules}
        for patch in plan_patches(self.report.findings, by_id, project, sources)[0]:
            try:
                files = {path: new for path, new in sources.texts(patch.changes).items() if new != self.text(path)}
            except Conflict:
                continue
            for key in patch.finding_keys[:1]:
                yield Mutation(kind=f"patch of {patch.rule_ids[0]}", expected=MEND, path=key, files=files)


def copy_sources(source: Path, folder: Path) -> None:
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        hidden = any(part in (".git", "__pycache__") for part in relative.parts)
        if hidden or not path.is_file() or path.stat().st_size > LARGEST * 5:
            continue
        if path.suffix in SUFFIXES or path.name in ("Dockerfile", "Makefile", ".gitignore"):
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / relative)


def said(finding: Finding) -> Signature:
    """What a finding says, apart from its line."""
    statement = " ".join(" ".join(finding.source_lines).split())
    message = re.sub(r":\d+", "", finding.message)
    head = (finding.rule_id, finding.location.path, statement, finding.severity.value, finding.confidence.value)
    return (*head, message, *finding.entry_points)


def placed(finding: Finding, *, is_moved: bool = False) -> Signature:
    """What stays the same where nothing but names and places change."""
    path = "" if is_moved else finding.location.path
    head = (finding.rule_id, path, finding.severity.value, finding.confidence.value)
    return (*head, *finding.entry_points)


def disagreement(before: AuditReport, after: AuditReport, mutation: Mutation) -> str | None:
    """Why a mutation is a suspect; None where the report is as expected."""
    if mutation.expected == SAME:
        moves = mutation.kind == "seeder in another file"
        was, now = (Counter(placed(one, is_moved=moves) for one in each.findings) for each in (before, after))
        return None if was == now else difference(was, now)
    was, now = (Counter(map(said, each.findings)) for each in (before, after))
    if mutation.expected == BREAK:
        return (
            None if now - was else "nothing more is told" + (f", but less: {difference(was, now)}" if was - now else "")
        )
    if mutation.kind.startswith("patch"):
        ours = SEEDED_PROGRAMS_ONLY if mutation.kind.startswith(("patch of RA1", "patch of RA201")) else ("RA106",)
        rules_then, rules_now = (Counter(each.rule_id for each in found.findings) for found in (before, after))
        gone = sum((rules_then - rules_now).values()) > 0
        added = [rule for rule in rules_now - rules_then if not rule.startswith(ours)]
        return None if gone and not added else difference(rules_then, rules_now) or "not gone"
    left = [each for each in after.findings if each.rule_id in UNSEEDED and mutation.path in each.entry_points]
    then, later = ({(one.rule_id, one.location.path) for one in each.findings} for each in (before, after))
    added = sorted(each for each in later - then if not each[0].startswith(SEEDED_PROGRAMS_ONLY))
    return None if not left and not added else f"left {[said(each)[:3] for each in left]}, added {added}"


def difference(was: Counter[Signature] | Counter[str], now: Counter[Signature] | Counter[str]) -> str:
    return " ".join(f"{sign}{each}" for sign, some in (("-", was - now), ("+", now - was)) for each in sorted(some))


def diff_of(trial: Trial, mutation: Mutation) -> str:
    lines: list[str] = []
    for path, new in sorted(mutation.files.items()):
        old = trial.text(path).decode("utf-8", "replace").splitlines()
        lines += unified_diff(old, new.decode("utf-8", "replace").splitlines(), path, path, lineterm="", n=1)
    return "\n".join(f"    {line}" for line in lines[:40])


def try_project(source: Path, each: int, seed: int, kinds: Sequence[str], tallies: dict[str, Tally]) -> None:
    with tempfile.TemporaryDirectory() as place:
        os.environ["XDG_CACHE_HOME"] = f"{place}/cache"
        folder = Path(place) / source.name
        folder.mkdir()
        started = time.process_time()
        trial = Trial(source, folder)
        if time.process_time() - started > SLOWEST_S:
            print(f"left out, takes too long: {source.name}", file=sys.stderr)
            return
        by_kind: dict[str, list[Mutation]] = {}
        for mutation in trial.mutations():
            if not kinds or any(mutation.kind.startswith(kind) for kind in kinds):
                by_kind.setdefault(mutation.kind, []).append(mutation)
        for kind, found in sorted(by_kind.items()):
            chance = random.Random(f"{seed}/{source.name}/{kind}")
            for mutation in chance.sample(found, min(each, len(found))):
                try_mutation(trial, mutation, tallies)


def try_mutation(trial: Trial, mutation: Mutation, tallies: dict[str, Tally]) -> None:
    if any(path.endswith(".py") and not parses(raw) for path, raw in mutation.files.items()):
        return
    tally = tallies.setdefault(mutation.kind, Tally())
    tally.tried += 1
    quick = disagreement(trial.report, trial.scan_with(mutation.files), mutation)
    why = quick and disagreement(trial.report, trial.scan_with(mutation.files, cached=False), mutation)
    if quick and not why:
        why = f"only where what an earlier scan found is kept: {quick}"
    if why is None:
        tally.expected += 1
    elif mutation.unclear:
        tally.unclear += 1
    else:
        name = f"{mutation.kind} | {trial.name} | {mutation.path}\n  {why}\n{diff_of(trial, mutation)}"
        tally.suspects.append(name)
        print(f"suspect: {name}\n", flush=True)


def parses(raw: bytes) -> bool:
    try:
        ast.parse(raw)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument(
        "--each", type=int, default=2, help="mutations of each kind in a project (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default="", help="beginnings of kinds, with commas (default: all)")
    options = parser.parse_args()
    tallies: dict[str, Tally] = {}
    kinds = [kind for kind in options.kinds.split(",") if kind]
    for folder in options.folders:
        try_project(folder.absolute(), options.each, options.seed, kinds, tallies)
    print(f"{'kind':36} {'tried':>6} {'expected':>9} {'unclear':>8} {'suspect':>8}")
    for kind, tally in sorted(tallies.items()):
        print(f"{kind:36} {tally.tried:6} {tally.expected:9} {tally.unclear:8} {len(tally.suspects):8}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
