"""Only what the working tree adds to a git revision; the checkout is not touched."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.model.report import AuditReport
from auditor.services.check import CheckOptions, check
from auditor.services.settings import Settings

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

TRAIN = "import random\nfrom lib import draw\n\nrandom.shuffle([1])\ndraw()\n"
LIB = "import numpy as np\n\ndef draw():\n    x = np.zeros(3)\n    return x + np.random.rand(3)\n"
Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Run git in the repository, without the settings of whoever runs the tests."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]

    def run(*words: str, at: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *who, *words], cwd=at or tmp_path / "repository", capture_output=True, text=True, check=True
        )
        return done.stdout

    return run


@pytest.fixture
def repository(tmp_path: Path, git: Git) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git("init", "-q", "-b", "main", ".")
    (folder / "train.py").write_text(TRAIN)
    (folder / "lib.py").write_text(LIB)
    commit(git)
    return folder


def commit(git: Git) -> None:
    git("add", "-A")
    git("commit", "-q", "-m", "more")


def since(folder: Path, revision: str = "main", *paths: Path) -> AuditReport:
    return check(paths or [folder], Settings(), CheckOptions(diff_base=revision))


def told(report: AuditReport) -> list[tuple[str, str]]:
    return [(finding.rule_id, finding.location.path) for finding in report.findings]


def test_an_unchanged_tree_adds_nothing(repository: Path) -> None:
    report = since(repository)
    assert told(report) == []
    assert [(earlier.known, earlier.gone) for earlier in report.earlier] == [(2, ())]
    assert report.earlier[0].name.startswith("main (")


def test_new_files_changed_lines_and_what_is_gone_are_told(repository: Path) -> None:
    (repository / "new.py").write_text("import random\n\nrandom.random()\n")
    (repository / "train.py").write_text("# shifted\n" + TRAIN)
    (repository / "lib.py").write_text(LIB.replace("rand(3)", "rand(4)"))
    report = since(repository)
    assert told(report) == [("RA102", "lib.py"), ("RA101", "new.py")]
    assert [entry.source for entry in report.earlier[0].gone] == ["return x + np.random.rand(3)"]


@pytest.mark.parametrize("by", ["git", "plain"])
def test_renamed_files_add_nothing(repository: Path, git: Git, by: str) -> None:
    for old, new in (("train.py", "fit.py"), ("lib.py", "package/draws.py")):
        (repository / new).parent.mkdir(exist_ok=True)
        if by == "git":
            git("mv", old, new)
        else:
            (repository / old).rename(repository / new)
    (repository / "fit.py").write_text(TRAIN.replace("from lib", "from package.draws"))
    report = since(repository)
    assert (told(report), report.earlier[0].gone) == ([], ())


def test_a_renamed_file_adds_nothing_where_it_alone_is_scanned(repository: Path, git: Git) -> None:
    git("mv", "train.py", "fit.py")
    (repository / "tools").mkdir()
    (repository / "lib.py").rename(repository / "tools" / "lib.py")
    (repository / "fit.py").write_text(TRAIN.replace("from lib", "from tools.lib") + "random.random()\n")
    assert told(since(repository, "main", repository / "fit.py")) == []
    assert told(since(repository, "main", repository / "fit.py", repository / "tools")) == []
    (repository / "other.py").write_text("import random\nrandom.random()\n")
    assert told(since(repository, "main", repository / "other.py")) == [("RA101", "other.py")]


def test_many_files_are_known_again_by_their_text_and_else_by_their_name(repository: Path, git: Git) -> None:
    """400 of each would be 160,000 pairs to compare."""
    for number in range(400):
        (repository / f"draw_{number}.py").write_text(f"import random\nprint({number}, random.random())\n")
    commit(git)
    (repository / "moved").mkdir()
    for number in range(400):
        text = (repository / f"draw_{number}.py").read_text()
        (repository / f"draw_{number}.py").unlink()
        name = f"other_{number}.py" if number % 2 else f"draw_{number}.py"
        (repository / "moved" / name).write_text(text if number % 2 else text + "# the same\n")
    assert told(since(repository)) == []


def test_where_a_branch_left_the_base_is_asked_for_with_dots(repository: Path, git: Git) -> None:
    git("checkout", "-q", "-b", "branch")
    git("checkout", "-q", "main")
    (repository / "lib.py").write_text("def draw():\n    pass\n")
    commit(git)
    git("checkout", "-q", "branch")
    assert told(since(repository, "main")) == [("RA102", "lib.py")]
    assert told(since(repository, "main...")) == []


def test_a_project_below_the_top_of_the_repository_has_its_own_paths(repository: Path, git: Git) -> None:
    project = repository / "deep" / "project"
    project.mkdir(parents=True)
    (project / "pyproject.toml").touch()
    (project / "a.py").write_text("import random\n\nrandom.random()\n")
    commit(git)
    assert told(since(project)) == []
    (project / "b.py").write_text("import random\n\nrandom.random()\n")
    assert told(since(project)) == [("RA101", "b.py")]
    assert told(since(project, "main", project / "b.py")) == [("RA101", "b.py")]


def test_a_comment_that_is_taken_away_makes_the_finding_new(repository: Path, git: Git) -> None:
    allowed = TRAIN.replace("shuffle([1])", "shuffle([1])  # repro-audit: allow RA101 because it is a demo")
    (repository / "train.py").write_text(allowed)
    commit(git)
    assert told(since(repository)) == []
    (repository / "train.py").write_text(TRAIN)
    assert told(since(repository)) == [("RA101", "train.py")]


def test_the_checkout_its_index_and_its_settings_are_left_alone(repository: Path, git: Git) -> None:
    (repository / "train.py").write_text("# shifted\n" + TRAIN)
    (repository / "half.py").write_text("import random\nrandom.random()\n")
    git("add", "half.py")
    files = {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()}
    since(repository)
    assert {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()} == files


def test_variables_of_a_hook_lead_to_no_other_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert told(since(repository)) == []


def test_baseline_and_revision_can_be_used_together(repository: Path) -> None:
    (repository / "new.py").write_text("import random\n\nrandom.random()\n")
    file = repository / "b.json"
    check([repository / "new.py"], Settings(), CheckOptions(write_baseline=file))
    report = check([repository], Settings(baseline=file), CheckOptions(diff_base="main"))
    assert told(report) == []
    assert [earlier.known for earlier in report.earlier] == [1, 2]


@pytest.mark.parametrize(
    ("revision", "complaint"),
    [
        ("nain", "git knows no revision `nain` here; did you mean `main`?"),
        ("v9", "git knows no revision `v9` here; `git branch -a` and `git tag` list the names"),
        ("--upload-pack=x", "git knows no revision `--upload-pack=x` here"),
        ("main:train.py", "`main:train.py` is no commit; give a branch, a tag or a commit"),
        ("main^{tree}", "`main^{tree}` is no commit"),
        ("^main", "git knows no revision `^main` here"),
        ("main...nain", "git knows no revision `nain` here; did you mean `main`?"),
        ("HEAD..old", "`old` is not what is checked out, and files are scanned as they lie"),
    ],
)
def test_unknown_revisions_are_told(repository: Path, git: Git, revision: str, complaint: str) -> None:
    git("branch", "old")
    (repository / "more.py").write_text("x = 1\n")
    commit(git)
    with pytest.raises(UsageError) as error:
        since(repository, revision)
    assert str(error.value).startswith(f"--diff-base {revision}: {complaint}")


def test_before_the_first_commit_everything_is_new(tmp_path: Path, git: Git) -> None:
    """A hook with `--diff-base HEAD` runs at the very first commit, too."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git("init", "-q", "-b", "main", ".")
    (folder / "a.py").write_text("import random\n\nrandom.random()\n")
    git("add", "-A")
    report = since(folder, "HEAD")
    assert told(report) == [("RA101", "a.py")]
    assert report.earlier[0].name == "HEAD (no commit yet)"
    with pytest.raises(UsageError, match="git knows no revision `main` here"):
        since(folder, "main")


def test_an_empty_revision_is_told(repository: Path) -> None:
    with pytest.raises(UsageError, match="the word is empty; name a revision, such as `main"):
        since(repository, "")


def test_a_shallow_clone_is_told_to_fetch(repository: Path, tmp_path: Path, git: Git) -> None:
    commit_more = repository / "more.py"
    commit_more.write_text("x = 1\n")
    commit(git)
    git("clone", "-q", "--depth", "1", f"file://{repository}", str(tmp_path / "shallow"))
    with pytest.raises(UsageError, match="this clone is shallow: fetch all of `v9` first"):
        since(tmp_path / "shallow", "v9")
    with pytest.raises(
        UsageError, match=r"did you mean `origin/\w+`\?; this clone is shallow: fetch all of `origin/mian`"
    ):
        since(tmp_path / "shallow", "origin/mian...")


def test_outside_of_git_and_without_git_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("print(1)\n")
    with pytest.raises(UsageError, match="is in no git repository; leave the option out"):
        since(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git is not installed, or not on PATH; install it or use --baseline"):
        since(tmp_path)


def test_paths_outside_of_the_repository_are_told(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text("print(1)\n")
    (tmp_path / "pyproject.toml").touch()
    (repository / "link.py").symlink_to(other)
    with pytest.raises(UsageError, match=r"link\.py is not in the repository .*; scan it apart"):
        since(repository, "main", repository / "link.py")


def test_submodules_are_read_too(repository: Path, tmp_path: Path, git: Git) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git("init", "-q", "-b", "main", ".", at=other)
    (other / "tool.py").write_text("import random\n\nrandom.random()\n")
    git("add", "-A", at=other)
    git("commit", "-q", "-m", "one", at=other)
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "vendor")
    commit(git)
    assert told(since(repository)) == []
