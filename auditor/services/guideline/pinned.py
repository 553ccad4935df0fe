"""Point 2: the environment is pinned."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.environment import Environment
from auditor.model.evidence import Evidence, EvidenceKind
from auditor.model.guideline import GuidelineFact, GuidelinePoint, Standing
from auditor.report.prose.numbers import count
from auditor.services.guideline.facts import listed, met, missing, not_met, not_shown, point, told
from auditor.services.guideline.known import Known
from auditor.static.files.pins import distribution_name, same_version

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def pinned(known: Known) -> GuidelinePoint:
    """Judge by what lock files and lists fix, and by what the newest current runs had."""
    run = known.twice()
    if run is None or run.evidence.environment is None:
        nothing = "No traced runs are kept, so nobody knows what the program runs on."
        facts = [missing(known, EvidenceKind.TWICE, nothing), *_listed_only(known)]
        return point(2, TITLE, facts, [known.words[EvidenceKind.TWICE]])
    evidence, environment = run.evidence, run.evidence.environment
    facts = [
        _interpreter(known, environment, run.name),
        *_packages(known, environment, run.name),
        _threads(known, environment, run.name),
        *_devices(evidence, environment, run.name),
        *_variables(environment, run.name),
    ]
    if evidence.differences:
        facts.append(not_met(f"The two runs had different environments: {listed(evidence.differences)}.", run.name))
    loose = any(fact.standing is Standing.NOT_MET and "package" in fact.text for fact in facts)
    freeze = f"{_python(evidence)} -m pip freeze > requirements.txt" if loose and not known.pins.files else None
    return point(2, TITLE, facts, [freeze])


TITLE = "The environment is pinned"


def _python(evidence: Evidence) -> str:
    return "python" if evidence.command[:1] == ("python",) else evidence.interpreter.rpartition("/")[2]


def _interpreter(known: Known, environment: Environment, source: str) -> GuidelineFact:
    wanted, has = known.pins.python, environment.python
    if not wanted:
        advice = "name it in .python-version or a Dockerfile"
        return not_met(f"Python {has} ran it, and nothing fixes the interpreter: {advice}.", source)
    if has == wanted or has.startswith(f"{wanted}."):
        return met(f"Python {has}, as {known.pins.python_file} fixes it ({wanted}).", known.pins.python_file)
    return not_met(f"Python {has} ran it, {known.pins.python_file} fixes {wanted}.", known.pins.python_file)


def _packages(known: Known, environment: Environment, source: str) -> Iterator[GuidelineFact]:
    used = {distribution_name(name): version for name, version in environment.packages.items()}
    pins = known.pins
    for reason in pins.unread:
        yield not_shown(f"Not held against the runs: {reason}.")
    if not used:
        yield not_shown("The runs told no package's version.", source)
        return
    if not pins.files:
        if not pins.unread:
            yield not_met("No lock file or list fixes the version of any package.")
        return
    where = listed(pins.files)
    other = [
        f"{name} {version} (fixed: {' or '.join(sorted(pins.versions[name]))})"
        for name, version in sorted(used.items())
        if name in pins.versions and not any(same_version(pin, version) for pin in pins.versions[name])
    ]
    free = sorted(name for name in used if name not in pins.versions)
    if other:
        yield not_met(f"Other versions of packages ran than are fixed: {listed(other)}.", where)
    if free:
        yield not_met(f"Without a fixed version, of the packages that ran: {listed(free)}.", where)
    if not other and not free:
        told_of = listed(f"{name} {version}" for name, version in sorted(used.items()))
        yield met(f"All {len(used)} packages that the trace knows ran as fixed: {told_of}.", where)


def _threads(known: Known, environment: Environment, source: str) -> GuidelineFact:
    number = environment.threads
    threads = "an unknown number of threads" if number is None else count(number, "thread")
    variable = next((name for name in THREADS if environment.variables.get(name) == str(number)), None)
    setting = next((file for file, given in known.threads_set_by.items() if given in (None, number)), None)
    if number is not None and setting is not None:
        return met(f"Operators used {threads}; {setting} sets the number.", source)
    if variable is not None:
        return met(f"Operators used {threads}, by {variable}={environment.variables[variable]}.", source)
    if number is None:
        return not_shown("The runs did not tell how many threads operators use.", source)
    advice = f"set {THREADS[0]}={number} where it is started"
    return not_met(f"Operators used {threads}, as many as this machine offers: {advice}.", source)


def _devices(evidence: Evidence, environment: Environment, source: str) -> Iterator[GuidelineFact]:
    if not environment.devices:
        yield told("No GPU was used, so no driver and no CUDA version matter.", source)
        return
    machine = evidence.surroundings.machine if evidence.surroundings is not None else {}
    devices = listed(environment.devices)
    if "driver" in machine:
        yield met(f"{devices}; torch {environment.torch}; driver recorded: {machine['driver']}.", source)
    else:
        yield not_shown(f"{devices}; torch {environment.torch}; the driver's version is not recorded.", source)


def _variables(environment: Environment, source: str) -> Iterator[GuidelineFact]:
    bearing = [f"{name}={value}" for name, value in sorted(environment.variables.items()) if name in SHOWN_VARIABLES]
    if bearing:
        yield told(f"Variables that were set: {listed(bearing)}.", source)


SHOWN_VARIABLES = frozenset(
    {*THREADS, "PYTHONHASHSEED", "CUBLAS_WORKSPACE_CONFIG", "CUDA_VISIBLE_DEVICES", "NVIDIA_TF32_OVERRIDE"}
)
"""What a person sets to make runs repeat; the command for CI sets it again."""


def _listed_only(known: Known) -> Iterator[GuidelineFact]:
    if known.pins.files:
        fixed = count(len(known.pins.versions), "exact version")
        yield told(f"{fixed} in {listed(known.pins.files)}, not held against a run.", listed(known.pins.files))
