"""Which files a scan looks at, and what becomes of those that cannot be read."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import ProjectError, UsageError
from auditor.static.engine import find_files
from auditor.static.files.discovery import Discovery, find_root, folder_of_tests, is_test, suites
from auditor.static.text.gitignore import is_ignored, parse_ignore_file

Discover = Callable[..., Discovery]


def paths(found: Discovery) -> list[str]:
    return [file.path for file in found.files]


@pytest.mark.parametrize(
    ("pattern", "path", "is_folder", "ignored"),
    [
        ("*.py", "a.py", False, True),
        ("*.py", "x/a.py", False, True),
        ("/a.py", "a.py", False, True),
        ("/a.py", "x/a.py", False, False),
        ("x/a.py", "x/a.py", False, True),
        ("x/a.py", "y/x/a.py", False, False),
        ("**/x/a.py", "y/x/a.py", False, True),
        ("x/**", "x/y/a.py", False, True),
        ("x/**", "x", True, False),
        ("a/**/b", "a/b", False, True),
        ("a/**/b", "a/x/y/b", False, True),
        ("out/", "out", True, True),
        ("out/", "out", False, False),
        ("a?.py", "ab.py", False, True),
        ("a?.py", "a/.py", False, False),
        ("[ab].py", "b.py", False, True),
        ("[!ab].py", "b.py", False, False),
        ("[!ab].py", "c.py", False, True),
        ("[a-c].py", "b.py", False, True),
        ("a[.py", "a[.py", False, True),
        ("\\#a", "#a", False, True),
        ("\\!a", "!a", False, True),
        ("# comment", "# comment", False, False),
        ("a\\ ", "a ", False, True),
        ("a  ", "a", False, True),
        ("*", "x/y", False, True),
        ("a.py\n!a.py", "a.py", False, False),
        ("!a.py\na.py", "a.py", False, True),
    ],
)
def test_patterns_mean_what_git_means(pattern: str, path: str, is_folder: bool, ignored: bool) -> None:
    assert is_ignored(path, (parse_ignore_file(pattern),), is_folder=is_folder) is ignored


def test_inner_ignore_files_win_and_folders_stay_shut(discover: Discover) -> None:
    found = discover(
        {
            ".gitignore": "*.py\n!keep.py\nshut/\n",
            "a.py": "",
            "keep.py": "",
            "in/.gitignore": "!*.py\nkeep.py\n",
            "in/a.py": "",
            "in/keep.py": "",
            "shut/keep.py": "",
        }
    )
    assert paths(found) == ["in/a.py", "keep.py"]


def test_an_ignored_path_that_is_asked_for_is_scanned(discover: Discover) -> None:
    files = {".gitignore": "old/\n", "old/a.py": "", "b.py": ""}
    assert paths(discover(files, "old")) == ["old/a.py"]


def test_environments_builds_and_caches_are_left_out(discover: Discover) -> None:
    shut = [
        "env/lib/a.py",
        "conda/a.py",
        "build/a.py",
        "node_modules/a.py",
        "__pycache__/a.py",
        ".git/a.py",
        "x.egg-info/a.py",
    ]
    files = dict.fromkeys(shut, "") | {
        "env/pyvenv.cfg": "",
        "conda/conda-meta/x": "",
        "a.py": "",
        "b.txt": "",
        "c.ipynb": "",
    }
    assert paths(discover(files)) == ["a.py", "c.ipynb"]


def test_excluded_paths_are_left_out(discover: Discover) -> None:
    files = {"a.py": "", "old/b.py": "", "x/old_c.py": ""}
    assert paths(discover(files, exclude=("old/", "old_*.py"))) == ["a.py"]


def test_a_file_is_scanned_once(discover: Discover) -> None:
    files = {"a.py": "", "x/b.py": ""}
    assert paths(discover(files, "x", "x/b.py", ".", "a.py")) == ["a.py", "x/b.py"]


def test_a_path_that_does_not_exist_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        find_files(tmp_path, [tmp_path / "nothing"], ())


def test_links_are_followed_once_and_loops_end(write: Callable[..., Path], tmp_path: Path) -> None:
    root = write({"p/real/a.py": "x = 1", "outside.py": ""})
    (root / "p/loop").symlink_to(root / "p")
    (root / "p/again").symlink_to(root / "p/real")
    (root / "p/broken.py").symlink_to(root / "nowhere.py")
    (root / "p/self.py").symlink_to(root / "p/self.py")
    (root / "p/alias.py").symlink_to(root / "outside.py")
    found = find_files(root / "p", [root / "p"], ())
    assert paths(found) == ["alias.py", "real/a.py"]
    assert [skipped.subject for skipped in found.skipped] == ["broken.py", "self.py"]


def test_odd_things_with_a_python_name_do_not_hang(write: Callable[..., Path]) -> None:
    root = write({"a.py": ""})
    os.mkfifo(root / "fifo.py")
    (root / "folder.py").mkdir()
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(root / "s.py"))
    found = find_files(root, [root], ())
    by_path = {file.path: file for file in found.files}
    with pytest.raises(ProjectError, match="not a regular file"):
        by_path["fifo.py"].raw()
    with pytest.raises(ProjectError, match="cannot be read"):
        by_path["s.py"].raw()
    server.close()
    assert by_path["a.py"].raw() == b""
    assert "folder.py" not in by_path


def test_the_root_is_the_project_that_all_paths_are_in(write: Callable[..., Path]) -> None:
    root = write({"pyproject.toml": "", "src/p/a.py": "", "lib/b.py": ""})
    assert find_root([root / "src/p/a.py"]) == root
    assert find_root([root / "src/p", root / "lib"]) == root


def test_without_a_project_the_root_is_above_the_package(write: Callable[..., Path]) -> None:
    root = write({"x/p/__init__.py": "", "x/p/q/__init__.py": "", "x/p/q/a.py": ""})
    assert find_root([root / "x/p/q/a.py"]) == root / "x"


def test_a_folder_that_no_import_can_name_is_no_package(write: Callable[..., Path]) -> None:
    """As what an archive of a repository is unpacked into, whose top has an `__init__.py` by mistake."""
    root = write({"x/work-main/__init__.py": "", "x/work-main/p/__init__.py": "", "x/work-main/p/a.py": ""})
    assert find_root([root / "x/work-main/p/a.py"]) == root / "x/work-main"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/a.py", True),
        ("a/test/b.py", True),
        ("test_a.py", True),
        ("a_test.py", True),
        ("conftest.py", True),
        ("testing.py", False),
        ("contest/a.py", False),
    ],
)
def test_tests_are_known_by_their_names(path: str, expected: bool) -> None:
    assert is_test(path) is expected


def test_a_folder_of_tests_is_one_by_a_file_that_is_called_like_a_test() -> None:
    paths = ("tests/a.py", "tests/unit/test_b.py", "lib/test/train.py", "test_c.py", "other/tests/conftest.py")
    assert [folder_of_tests(path) for path in paths] == ["tests/", "tests/", "lib/test/", "", "other/tests/"]
    assert suites(paths) == {"tests/", "", "other/tests/"}


def test_a_folder_called_tests_that_is_asked_for_is_no_test(discover: Discover) -> None:
    files = {"tests/a.py": "", "tests/tests/b.py": ""}
    found = discover(files, "tests")
    assert paths(found) == ["tests/a.py", "tests/tests/b.py"]
    assert found.test_paths == {"tests/tests/b.py"}
