"""Callbacks right after the program's own imports."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.probe.importhook import ImportHook


def plain_guard(where: str, function: Any, *arguments: Any) -> Any:
    return function(*arguments)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "hooked_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("LOADER = type(__loader__).__name__\nVALUE = 1\n")
    (folder / "part.py").write_text("VALUE = 2\n")
    (folder / "failing.py").write_text("raise ValueError('in the module')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.startswith("hooked_package")]:
        del sys.modules[name]


@pytest.fixture
def hook() -> Iterator[ImportHook]:
    made = ImportHook(plain_guard)
    yield made
    if made in sys.meta_path:
        sys.meta_path.remove(made)


@pytest.mark.usefixtures("package")
def test_the_callback_comes_after_the_module_has_run(hook: ImportHook) -> None:
    seen: list[int] = []
    hook.after("hooked_package", lambda module: seen.append(module.VALUE))
    assert seen == []
    importlib.import_module("hooked_package")
    assert seen == [1]


@pytest.mark.usefixtures("package")
def test_the_module_keeps_its_own_loader(hook: ImportHook) -> None:
    hook.after("hooked_package", lambda module: None)
    module = importlib.import_module("hooked_package")
    assert module.LOADER == "SourceFileLoader"
    assert type(module.__loader__).__name__ == type(module.__spec__.loader).__name__ == "SourceFileLoader"
    assert importlib.reload(module) is module


@pytest.mark.usefixtures("package")
def test_the_finder_goes_with_the_last_module_waited_for(hook: ImportHook) -> None:
    seen: list[str] = []
    for name in ("hooked_package", "hooked_package.part"):
        hook.after(name, lambda module: seen.append(module.__name__))
    importlib.import_module("hooked_package")
    assert hook in sys.meta_path
    importlib.import_module("hooked_package.part")
    assert hook not in sys.meta_path
    assert seen == ["hooked_package", "hooked_package.part"]


@pytest.mark.usefixtures("package")
def test_a_module_that_is_there_already_is_reported_at_once(hook: ImportHook) -> None:
    importlib.import_module("hooked_package")
    seen: list[int] = []
    hook.after("hooked_package", lambda module: seen.append(module.VALUE))
    assert seen == [1]
    assert hook not in sys.meta_path


def test_an_import_that_fails_fails_as_without_us_and_is_not_reported(hook: ImportHook, package: Path) -> None:
    seen: list[object] = []
    hook.after("hooked_package.failing", seen.append)
    with pytest.raises(ValueError, match="in the module") as error:
        exec("import hooked_package.failing")
    assert seen == []
    frames = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.tb)]
    assert frames == [__file__, "<string>", str(package / "failing.py")]
    assert "hooked_package.failing" not in sys.modules


@pytest.mark.usefixtures("package")
def test_asking_for_a_spec_reports_nothing_and_offers_what_the_loader_offers(hook: ImportHook) -> None:
    seen: list[object] = []
    hook.after("hooked_package.part", seen.append)
    spec = importlib.util.find_spec("hooked_package.part")
    assert spec is not None
    loader: Any = spec.loader
    assert loader.get_source("hooked_package.part") == "VALUE = 2\n"
    assert seen == []


def test_a_missing_module_is_still_missing(hook: ImportHook) -> None:
    hook.after("no_such_module_anywhere", lambda module: None)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_module_anywhere")
