"""Which files are run rather than imported: mostly their bytes and who imports them tell, a few have to be parsed."""

from __future__ import annotations

import re

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern

if TYPE_CHECKING:
    from auditor.static.project import Project
    from auditor.static.syntax.source import SourceFile

COMPOUND = lazy_pattern(
    rb"(?:^|\r)(?:\xef\xbb\xbf|\f)*(?:(?:for|while|with|async|if|try|match)\b|sys\.exit\(\w+\(|main\("
    rb"|(?:\w+ *= *)?\w+\.(?:fit|fit_generator|fit_one_cycle|learn)\()",
    re.MULTILINE,
)
"""A compound statement at the top level, or what makes a program: `main()`, `sys.exit(main())`, `model.fit(x)`."""

NEVER = frozenset(
    {
        "setup.py",
        "conftest.py",
        "noxfile.py",
        "fabfile.py",
        "tasks.py",
        "versioneer.py",
        "conf.py",
        "hubconf.py",
        "__init__.py",
    }
)

SHOWING = frozenset({"demo", "demos", "example", "examples", "experiments", "scripts", "tutorials"})
"""Folders of programs, even where an `__init__.py` makes a package of them."""

_GUARD = lazy_pattern(rb"^if\s+__name__\s*==.*$", re.MULTILINE)
_NETWORK = lazy_pattern(
    rb"\bnn\.(?:Module|Sequential)\b|\bkeras\.(?:models|layers)\b"
    rb"|\btf\.(?:get_variable|variable_scope|keras|layers|nn)\b|\bdef get_model\("
)
_MADE_UP = lazy_pattern(rb"\b(?:rand|randn|randint|ones|zeros|\w*Tensor)\(")
_MORE_THAN_A_TRY = lazy_pattern(
    rb"pars|main\(|run|(?<!pre)train|fit|load|save|open\(|plot|show|write|seed|backward|\.step\(|optim|sys\."
    rb"|[Dd]ata(?:[Ll]oader|set|_)|^\s+(?:while|try)\b",
    re.MULTILINE,
)
"""Words of which a try-out of one module has none: of options, files, training, loops."""

_BUILDING = lazy_pattern(
    rb"(?:\s*(?:#.*|\w+ *= *\w+\([^()]*\)|print\(\w+\)|\w+\.summary\(\)|(?:import|from) .*)?\n)+\s*", re.ASCII
)
"""Statements that make networks and show them."""

_CLASS = lazy_pattern(rb"^class\b", re.MULTILINE)
_SHOWING = lazy_pattern(rb"\b(?:print|summary|profile|logging)\b|flops|_params")
_WORK = lazy_pattern(
    rb"main\(|run\(|train\w*\(|\.fit\(|\.?save\w*\(|dump\(|\.write|\.backward\(|\.step\(|\bwhile\b|pars|open\(|seed"
)
"""Words of what is no check of shapes."""

_MAX_SHOWING = 5000
"""Bytes of a guard that may be one."""

_OPTIONS = lazy_pattern(rb"\.parse_args\(|\.parse_known_args\(|@click\.|@hydra\.|fire\.Fire\(|typer\.|tyro\.|docopt\(")
_TRAINING = lazy_pattern(rb"\.backward\(|\.fit\(|\.minimize\(|\.train_on_batch\(|\bGradientTape\(")
_TESTS = lazy_pattern(rb"\bclass Test|unittest|pytest|doctest|absltest|\bTestCase\b")
_NAMED_AS_TEST = lazy_pattern(rb"\bdef (test_\w+)\(\s*(\))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPoint:
    """One program: executing the module `path` as `__main__` where `is_script`, then calling `functions` of it."""

    path: str
    is_script: bool
    functions: tuple[str, ...] = ()


def is_script(project: Project, path: str) -> bool:
    """Whether a file is a program; parsed where its bytes do not tell."""
    known = is_script_by_its_bytes(project, path)
    if known is not None:
        return known
    imported = project.is_imported(path)
    in_package = project.is_in_package(path) and (imported or path.rpartition("/")[0].rpartition("/")[2] not in SHOWING)
    if in_package and not _is_guarded(project, path) and not _has_compound(project, path):
        return False
    from auditor.static.entrypoints import is_program  # bytes tell of nearly all others

    module = project.module(path)
    return module is not None and is_program(module, imported=imported, in_package=in_package)


def is_script_by_its_bytes(project: Project, path: str) -> bool | None:
    """Whether a file is a program; None where that takes a closer look."""
    if project.is_test(path) or path.rpartition("/")[2] in NEVER:
        return False
    project.trace.note("content", path)
    imported = project.is_imported(path)
    if project.sketch(path).has_guard and path.endswith(".py"):
        if _is_tried_out(project, path):
            return False
        if not imported:
            return None if _may_show_shapes(project, path) else True
    if not project.matters(path):
        return False
    # Without a guard it is one only for what its top level does.
    return False if imported and not _is_guarded(project, path) else None


def _is_tried_out(project: Project, path: str) -> bool:
    """Whether a file below the root ends with `net = Net(); print(net(torch.rand(2, 3)).shape)` under its guard."""
    if "/" not in path:
        return False
    end = _behind_guard(project, path, _NETWORK)
    if end is None or _MORE_THAN_A_TRY.search(end) is not None:
        return False
    return _MADE_UP.search(end) is not None or _BUILDING.fullmatch(end + b"\n") is not None


def _may_show_shapes(project: Project, path: str) -> bool:
    """Whether what a guard does may have to be looked at: it shows something, and does no work by its words."""
    end = _behind_guard(project, path, _CLASS)
    return end is not None and len(end) < _MAX_SHOWING and _SHOWING.search(end) is not None and not _WORK.search(end)


def _behind_guard(project: Project, path: str, before: re.Pattern[bytes]) -> bytes | None:
    """What follows the guard of a file in which something stands before it."""
    project.trace.note("layout", path)
    try:
        raw = project.source(path).raw()  # a try-out in a comment tells that the rest was one
    except ProjectError:
        return None
    finally:
        project.unread(path)
    guard = _GUARD.search(raw)
    return raw[guard.end() :] if guard is not None and before.search(raw, 0, guard.start()) is not None else None


def takes_options(source: SourceFile, *, must_train: bool) -> bool:
    """Whether a file that is called like a test reads a command line, and holds no test."""
    try:
        raw = source.code()
    except ProjectError:
        return False
    trains = not must_train or _TRAINING.search(raw) is not None
    return trains and _OPTIONS.search(raw) is not None and _TESTS.search(raw) is None and not _has_test_function(raw)


def _has_test_function(raw: bytes) -> bool:
    """Whether a function is left to a test runner; `test_one_epoch(model, loader)` is called where it stands."""
    return any(
        without_arguments or len(re.findall(rb"\b%b\(" % name, raw)) == 1
        for name, without_arguments in _NAMED_AS_TEST.findall(raw)
    )


def _is_guarded(project: Project, path: str) -> bool:
    is_main = path.rpartition("/")[2] == "__main__.py"
    return is_main or not path.endswith(".py") or project.sketch(path).names_main


def _has_compound(project: Project, path: str) -> bool:
    """Whether a compound statement may stand at the top level."""
    try:
        return COMPOUND.search(project.source(path).code()) is not None
    except ProjectError:
        return False
    finally:
        project.unread(path)
