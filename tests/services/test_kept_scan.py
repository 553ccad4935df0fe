"""An unchanged project is told by stamps, without listing it; whatever is done to it, a scan from scratch agrees."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli import main, printed
from auditor.model.report import AuditReport
from auditor.services import kept_walk, scan_cache
from auditor.services import surroundings as surroundings_module
from auditor.services.kept_report import Keeping, KeptReport, read_kept
from auditor.services.scan import scan
from auditor.services.scan_store import read
from auditor.services.settings import Settings
from auditor.static.engine import Engine
from auditor.static.files import discovery

DRAW = "import random\nprint(random.random())\n"
SEEDED = "import random\nrandom.seed(0)\nprint(random.random())\n"
FILES = {
    "pyproject.toml": "[project]\nname = 'demo'\n",
    "train.py": "import random\nfrom lib.data import load\n\nprint(random.random(), load())\n",
    "lib/__init__.py": "",
    "lib/data.py": "import numpy as np\n\n\ndef load():\n    return np.random.rand(3)\n",
    "lib/deep/more.py": DRAW,
    "tools/run.py": SEEDED,
    "tools/launch.sh": "export PYTHONHASHSEED=random\npython run.py\n",
    "requirements.txt": "-r deps/base.txt\ntorch\n",
}
NAMES = [
    "train.py",
    "new.py",
    "lib/data.py",
    "lib/new.py",
    "lib/deep/more.py",
    "tools/run.py",
    "tools/run.sh",
    "d/x.py",
]
FOLDERS = ["lib", "lib/deep", "tools", "d", "moved", "tools/inner"]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stamps count at once: what a test does is never as young as the clock of the file system is coarse."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for module in (scan_cache, printed):
        monkeypatch.setattr(module, "SETTLED_NS", 0)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in FILES.items():
        put(root, name, text)
    put(tmp_path / "outside", "elsewhere.py", DRAW)
    return root


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def cached(root: Path) -> AuditReport:
    time.sleep(0.02)
    return scan([root], Settings(), root=root, cached=True)


def cold(root: Path) -> AuditReport:
    return scan([root], Settings(), root=root)


def kept(root: Path) -> AuditReport:
    """The report after everything has its stamp."""
    for _ in range(2):
        report = cached(root)
    return report


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by each folder that is listed while looking for files."""
    made: list[str] = []
    entries_of = discovery.entries_of

    def noting(folder: str) -> list[discovery.Entry]:
        made.append(folder)
        return entries_of(folder)

    monkeypatch.setattr(discovery, "entries_of", noting)
    monkeypatch.setattr(kept_walk, "entries_of", noting)
    return made


def test_nothing_is_listed_of_a_project_in_which_nothing_changed(project: Path, listings: list[str]) -> None:
    first = kept(project)
    listings.clear()
    assert cached(project) == first
    assert listings == []


def test_a_project_without_folders_is_told_by_stamps_too(tmp_path: Path, listings: list[str]) -> None:
    put(tmp_path / "flat", "train.py", DRAW)
    first = kept(tmp_path / "flat")
    listings.clear()
    assert cached(tmp_path / "flat") == first
    assert listings == []


def test_a_file_that_is_edited_means_no_listing(project: Path, listings: list[str]) -> None:
    kept(project)
    listings.clear()
    put(project, "lib/data.py", FILES["lib/data.py"] + "\n\nnp.random.seed(0)\n")
    assert cached(project) == cold_without_noting(project, listings)
    assert listings == []


def cold_without_noting(project: Path, listings: list[str]) -> AuditReport:
    before = [*listings]
    report = cold(project)
    listings[:] = before
    return report


def test_a_file_that_an_editor_replaces_means_listing_its_folder(project: Path, listings: list[str]) -> None:
    kept(project)
    listings.clear()
    put(project, "lib/data.py~", SEEDED)
    (project / "lib/data.py~").replace(project / "lib/data.py")
    found = cached(project)
    assert [os.path.relpath(folder, project) for folder in listings] == ["lib"]
    assert found == cold(project)


def test_a_young_stamp_tells_nothing(project: Path, monkeypatch: pytest.MonkeyPatch, listings: list[str]) -> None:
    monkeypatch.setattr(scan_cache, "SETTLED_NS", 3_600_000_000_000)
    kept(project)
    listings.clear()
    cached(project)
    assert listings


def write_one(root: Path, rng: random.Random) -> None:
    path = root / rng.choice(NAMES)
    with contextlib.suppress(OSError):
        put(root, str(path.relative_to(root)), rng.choice([DRAW, SEEDED, "", FILES["lib/data.py"]]))


def remove(root: Path, rng: random.Random) -> None:
    with contextlib.suppress(OSError):
        (root / rng.choice(NAMES)).unlink()


def rename(root: Path, rng: random.Random) -> None:
    with contextlib.suppress(OSError):
        (root / rng.choice(NAMES)).rename(root / rng.choice(NAMES))


def touch(root: Path, rng: random.Random) -> None:
    with contextlib.suppress(OSError):
        os.utime(root / rng.choice([*NAMES, *FOLDERS]), (rng.randrange(2**30), rng.randrange(2**30)))


def replace_with_all_but_the_text_alike(root: Path, rng: random.Random) -> None:
    path, other = root / rng.choice(NAMES), root / "other.tmp"
    if path.is_file():
        before, text = path.stat(), path.read_text()
        other.write_text(text.replace("random.seed(0)", "random.rand(0)") if "seed" in text else text.swapcase())
        os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
        if rng.randrange(2):
            other.replace(path)
        else:
            shutil.copy2(other, path)


def ignore(root: Path, rng: random.Random) -> None:
    path = root / rng.choice(["", "lib", "tools"]) / ".gitignore"
    if rng.randrange(3) and path.parent.is_dir():
        path.write_text(rng.choice(["train.py\n", "*.py\n!data.py\n", "deep/\n", "new.py\n", "# nothing\n", "*.sh\n"]))
    else:
        path.unlink(missing_ok=True)


def link(root: Path, rng: random.Random) -> None:
    path = root / rng.choice(["linked.py", "lib/linked.py", "linked", "tools/linked"])
    if path.is_symlink():
        path.unlink()
    elif not path.exists() and path.parent.is_dir():
        to = ["../outside", str(root.parent / "outside/elsewhere.py"), "nowhere", "lib", str(root / "tools"), str(path)]
        path.symlink_to(rng.choice(to))


def move_folder(root: Path, rng: random.Random) -> None:
    with contextlib.suppress(OSError):
        (root / rng.choice(FOLDERS)).rename(root / rng.choice(FOLDERS))


def outside(root: Path, rng: random.Random) -> None:
    path = root.parent / "outside" / rng.choice(["elsewhere.py", "another.py", "pyvenv.cfg"])
    if rng.randrange(2):
        path.parent.mkdir(exist_ok=True)
        path.write_text(rng.choice([DRAW, SEEDED]))
    else:
        path.unlink(missing_ok=True)
    if not rng.randrange(5):
        shutil.rmtree(root.parent / "outside", ignore_errors=True)


def permit(root: Path, rng: random.Random) -> None:
    with contextlib.suppress(OSError):
        path = root / rng.choice([*NAMES, *FOLDERS])
        path.chmod(0o755 if path.stat().st_mode & 0o777 == 0 else 0)


def environment(root: Path, rng: random.Random) -> None:
    path = root / rng.choice(FOLDERS) / "pyvenv.cfg"
    if path.exists():
        path.unlink()
    elif path.parent.is_dir():
        path.write_text("")


def configure(root: Path, rng: random.Random) -> None:
    name = rng.choice(
        ["pyproject.toml", "requirements.txt", "deps/base.txt", "requirements/dev.txt", ".git/info/exclude"]
    )
    text = ["torch==2.0\n", "-r deps/base.txt\n", "[project.scripts]\nload = 'lib.data:load'\n", "lib\n"]
    put(root, name, rng.choice(text))


EDITS: list[Callable[[Path, random.Random], None]] = [
    write_one, write_one, remove, rename, touch, replace_with_all_but_the_text_alike, ignore, link, move_folder,
    outside, permit, environment, configure,
]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_after_any_row_of_edits_of_all_kinds_the_report_is_that_of_a_scan_from_scratch(
    project: Path, seed: int
) -> None:
    rng = random.Random(seed)
    for number in range(20):
        for _ in range(rng.choice([1, 1, 1, 2])):
            edit = rng.choice(EDITS)
            edit(project, rng)
        expected = cold(project)
        for _ in range(rng.choice([1, 2])):
            assert cached(project) == expected, (number, edit.__name__)


def scanned(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    time.sleep(0.02)
    code = main(["scan", *words])
    return code, capsys.readouterr().out


@pytest.fixture
def analyses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows whenever a report is loaded or made."""
    made: list[str] = []
    for holder, name in ((scan_cache, "loaded"), (Engine, "analyse")):
        work = getattr(holder, name)

        def noting(*args: object, _work: Callable[..., object] = work, _name: str = name, **more: object) -> object:
            made.append(_name)
            return _work(*args, **more)

        monkeypatch.setattr(holder, name, noting)
    return made


def test_what_was_printed_is_printed_again_and_nothing_else_is_loaded(
    project: Path, capsys: pytest.CaptureFixture[str], analyses: list[str]
) -> None:
    first = scanned(capsys, str(project))
    assert scanned(capsys, str(project)) == first
    analyses.clear()
    assert scanned(capsys, str(project)) == first
    assert analyses == []
    assert first == scanned(capsys, str(project), "--no-cache")


CHANGES: dict[str, Callable[[Path, pytest.MonkeyPatch], object]] = {
    "a file": lambda root, patch: put(root, "train.py", SEEDED),
    "a new file": lambda root, patch: put(root, "lib/new.py", DRAW),
    "settings of the project": lambda root, patch: put(
        root, "pyproject.toml", "[tool.repro-audit]\nignore = ['RA1']\n"
    ),
    "settings above": lambda root, patch: put(root.parent, "repro-audit.toml", "ignore = ['RA1']\n"),
    "the user's settings": lambda root, patch: put(
        root.parent / "config", "repro-audit/config.toml", "ignore = ['RA1']\n"
    ),
    "a setting in a variable": lambda root, patch: patch.setenv("REPRO_AUDIT_IGNORE", "RA1"),
    "colour": lambda root, patch: patch.setenv("FORCE_COLOR", "1"),
    "a repository around it": lambda root, patch: (root.parent / ".git").mkdir(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("words", [(), ("--format", "github")], ids=["text", "github"])
def test_after_a_change_it_is_not_printed_again(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path, pytest.MonkeyPatch], object],
    words: tuple[str, ...],
) -> None:
    for _ in range(3):
        scanned(capsys, str(project), *words)
    change(project, monkeypatch)
    expected = scanned(capsys, str(project), *words, "--no-cache")
    for _ in range(3):
        assert scanned(capsys, str(project), *words) == expected


@pytest.mark.parametrize("words", [("--write-baseline", "accepted.json"), ("--patches",), ("--format", "sarif")])
def test_what_rests_on_more_than_the_report_is_not_kept(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(project.parent)
    for _ in range(2):
        scanned(capsys, str(project), *words)
    assert list(scan_cache.cache_folder().glob("*.text")) == []


def test_what_changes_after_it_was_compared_is_not_kept_as_it_was(project: Path) -> None:
    """A command compares the report before it prints, and scans with what it found to differ."""
    keeping = Keeping()
    scan([project], Settings(), root=project, cached=True, keeping=keeping)
    assert keeping.place is not None
    name = keeping.place[0]
    time.sleep(0.02)
    put(project, "tools/run.py", DRAW)
    kept = read_kept(name)
    assert kept is not None
    assert not kept.compare(str(project))
    time.sleep(0.02)
    put(project, "lib/deep/more.py", SEEDED)
    keeping.leave(name, kept)
    scan([project], Settings(), root=project, cached=True, keeping=keeping)
    assert keeping.take(name) is None
    assert cached(project) == cold(project)


def test_of_an_edit_the_command_compares_what_is_kept_once(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(capsys, str(project))
    put(project, "train.py", SEEDED)
    compare, compared = KeptReport.compare, list[str]()
    monkeypatch.setattr(KeptReport, "compare", lambda self, root: compared.append(root) or compare(self, root))
    told = scanned(capsys, str(project))
    assert told == scanned(capsys, str(project), "--no-cache")
    assert len(compared) == 1


@pytest.mark.parametrize("name", ["train.py", "lib/new.py"])
def test_after_an_edit_the_program_is_not_looked_over_where_its_stamps_are_the_same(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    cached(project)
    stamped: list[str] = []
    stamp = surroundings_module.program_stamp
    monkeypatch.setattr(surroundings_module, "program_stamp", lambda *given: stamped.append("") or stamp(*given))
    put(project, name, SEEDED)
    assert cached(project) == cold(project)
    assert not stamped
    put(project, "requirements.txt", "torch==2.1.0\n")
    assert cached(project) == cold(project)
    assert stamped


@pytest.mark.parametrize("ending", [".text", ".bin"])
def test_damage_only_costs_time(project: Path, capsys: pytest.CaptureFixture[str], ending: str) -> None:
    first = [scanned(capsys, str(project)) for _ in range(3)][-1]
    (entry,) = scan_cache.cache_folder().glob(f"*{ending}")
    content = entry.read_bytes()
    for damaged in (b"", content[: len(content) // 2], content[:-1] + bytes([content[-1] ^ 1])):
        entry.write_bytes(damaged)
        assert scanned(capsys, str(project)) == first


def test_an_entry_of_another_root_is_none(project: Path) -> None:
    report = kept(project)
    (entry,) = scan_cache.cache_folder().glob("*.bin")
    values = read(entry)
    assert KeptReport(values).compare(str(project))
    assert not KeptReport(values).compare(str(project.parent))
    assert report


@pytest.mark.parametrize("seed", range(3))
def test_parts_that_stay_behind_the_report_hold_for_what_they_were_made_of(
    project: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(scan_cache, "WORTH", 0)
    rng = random.Random(seed)
    cached(project)
    (parts,) = scan_cache.cache_folder().glob("*.parts")
    written = parts.stat().st_ino
    put(project, "train.py", FILES["train.py"] + "print(1)\n")
    assert cached(project) == cold(project)
    assert parts.stat().st_ino == written
    for _ in range(20):
        rng.choice([write_one, configure, replace_with_all_but_the_text_alike, rename])(project, rng)
        assert cached(project) == cold(project)


MOUNTS = """22 1 8:1 / / rw - ext4 /dev/root rw
23 22 0:5 / /srv/my\\040bucket rw - fuse.s3fs s3fs rw
24 22 0:6 / /home/me/project/data rw - fuse.gcsfuse bucket rw
25 22 0:7 / /containers rw - fuse.fuse-overlayfs fuse-overlayfs rw
"""


@pytest.mark.parametrize(
    ("root", "to", "tells"),
    [
        ("/home/me/other", "folder /home/me/other", True),
        ("/containers/project", "folder /containers/project", True),
        ("/srv/my bucket/project", "folder /srv/my bucket/project", False),
        ("/home/me/project", "folder /home/me/project", False),
        ("/home/me/other", "folder /srv/my bucket/more", False),
    ],
)
def test_folders_of_what_users_mount_tell_nothing(tmp_path: Path, root: str, to: str, tells: bool) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert kept_walk.folders_tell(root, {"link": to}, str(mounts)) is tells
