"""What an interpreter is asked, against what the standard library finds."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from auditor.runs.installed import installed, looked_up
from auditor.runs.surroundings import ask_surroundings


def _package(folder: Path, name: str, text: str | None, file: str = "METADATA") -> None:
    (folder / name).mkdir(parents=True)
    if text is not None:
        (folder / name / file).write_text(text)


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Two folders of packages: wheels, source installs, a name twice, metadata that is odd or missing."""
    one, two = tmp_path / "one", tmp_path / "two"
    _package(one, "Some_Pack.age-1.0.dist-info", "name: Some_Pack.age\nVersion:  1.0\n\nName: no")
    _package(one, "editable.egg-info", "Metadata-Version: 1.0\nVersion: 0.1\nName: editable\n", "PKG-INFO")
    (one / "old-2.egg-info").write_text("Metadata-Version: 1.0\nName: old\nVersion: 2\n")
    _package(one, "nothing.dist-info", "Metadata-Version: 2.1\n\nName: in the description\n")
    _package(two, "some_pack_age-0.9.dist-info", "Name: some-pack_age\nVersion: 0.9\n")
    (two / "module.py").write_text("")
    return [str(one), str(two), str(tmp_path / "missing")]


def test_packages_are_those_that_the_standard_library_finds(
    folders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", folders)
    found = installed(folders, sys.meta_path)
    assert found == {"some-pack-age": "1.0", "editable": "0.1", "old": "2"}
    assert found == looked_up()


def test_a_package_without_metadata_is_none(tmp_path: Path) -> None:
    _package(tmp_path, "broken-1.dist-info", None)
    assert installed([str(tmp_path)], []) == {}


def test_archives_eggs_and_finders_are_left_to_the_standard_library(folders: list[str], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "packages.zip", "w") as archive:
        archive.writestr("zipped-1.dist-info/METADATA", "Name: zipped\nVersion: 1\n")

    class Finder:
        @staticmethod
        def find_distributions(context: object) -> list[object]:
            return []

    assert installed([*folders, str(tmp_path / "packages.zip")], []) is None
    assert installed([*folders, str(tmp_path / "one.egg")], []) is None
    assert installed(folders, [Finder]) is None


def test_this_interpreter_tells_what_is_installed_here() -> None:
    told = ask_surroundings(sys.executable)
    assert told is not None
    assert told.python == sys.version.split()[0]
    assert told.packages == looked_up() | {name: told.packages[name] for name in told.packages.keys() - looked_up()}
    assert told.packages["pytest"] == pytest.__version__
    assert told.machine["platform"]
