"""Source as git has it at a revision, put into a folder of its own; the checkout, its index and its hooks stay alone.

Blobs are read as they are stored: no attribute, no filter and no program of the repository is asked, and nothing is
fetched over a network.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from auditor.errors import UsageError
from auditor.model.lean import dataclass

MAX_OTHER_BYTES = 1_000_000
"""Files that are no Python are taken up to this size: settings are small, data is not."""

_SOURCE = (".py", ".ipynb")
# fmt: off
_DATA = frozenset({
    ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".svg", ".pdf", ".html", ".wav", ".mp3", ".mp4",
    ".npy", ".npz", ".pt", ".pth", ".bin", ".h5", ".hdf5", ".pkl", ".onnx", ".safetensors", ".so",
    ".parquet", ".csv", ".tsv", ".jsonl", ".gz", ".zip",
})
# fmt: on
_OF_THE_CALLER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "LANGUAGE")
"""Variables of a hook that we may run in; they would answer for another repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit of the repository whose files are in `top`."""

    top: Path
    commit: str | None
    """None before the first commit of a repository."""

    asked: str
    """As the user named it."""


@dataclass(frozen=True, slots=True)
class _Blob:
    name: str
    path: PurePosixPath
    is_link: bool


def find_revision(folder: Path, asked: str) -> Revision:
    """Return what `asked` names in the repository that `folder` is in; `main...` is where HEAD left `main`.

    Ranges are those of `git diff`: what stands behind the dots has to be what is checked out. Raises `UsageError`
    outside a repository, without git and for what git does not know.
    """
    if not asked:
        raise UsageError("--diff-base: the word is empty; name a revision, such as `main...`")
    top = Path(os.fsdecode(_ask(folder, asked, "rev-parse", "--show-toplevel")).rstrip("\n"))
    dots = next((each for each in ("...", "..") if each in asked), "")
    name, _, end = asked.partition(dots) if dots else (asked, "", "")
    if asked.strip(".") in ("", "HEAD") and _has_no_commit(top):
        return Revision(top=top, commit=None, asked=asked)
    commit = _known(top, asked, name or "HEAD")
    if end and _known(top, asked, end) != _commit(top, "HEAD"):
        raise UsageError(
            f"--diff-base {asked}: `{end}` is not what is checked out, and files are scanned as they lie in the "
            f"working tree; check `{end}` out and give `{name}{dots}`"
        )
    if dots == "...":
        base = _run(top, "merge-base", commit, "HEAD")
        if base.returncode:
            raise UsageError(f"--diff-base {asked}: `{name}` and HEAD have no common commit{_shallow_hint(top, name)}")
        commit = os.fsdecode(base.stdout).strip()
    return Revision(top=top, commit=commit, asked=asked)


def _known(top: Path, asked: str, name: str) -> str:
    """The commit that a name stands for; raises `UsageError` where it stands for none."""
    commit = _commit(top, name)
    if commit is not None:
        return commit
    if _object(top, name) not in (None, name):  # a whole hash is taken for an object, whether or not there is one
        raise UsageError(f"--diff-base {asked}: `{name}` is no commit; give a branch, a tag or a commit")
    raise UsageError(f"--diff-base {asked}: git knows no revision `{name}` here{_hint(top, name)}")


def extract(revision: Revision, target: Path) -> tuple[str, ...]:
    """Write the revision's source files below `target`, an empty folder; return submodules that could not be read."""
    unread: list[str] = []
    if revision.commit is not None:
        _extract(revision.top, revision.commit, target, unread)
    # The marker by which the top of a checkout is known.
    (target / ".git").mkdir()
    return tuple(sorted(unread))


def _extract(repository: Path, commit: str, target: Path, unread: list[str]) -> None:
    blobs: list[_Blob] = []
    listing = _ask(repository, commit, "ls-tree", "-r", "-z", "-l", "--full-tree", commit)
    for record in listing.split(b"\0"):
        if not record:
            continue
        head, _, raw = record.partition(b"\t")
        mode, _, name, size = os.fsdecode(head).split()
        path = PurePosixPath(os.fsdecode(raw))
        if path.is_absolute() or {"..", ".git"} & {part.lower() for part in path.parts}:
            continue
        if mode == "160000":
            _extract_module(repository / path, name, target / path, unread, str(path))
        elif _is_wanted(path, int(size)):
            blobs.append(_Blob(name, path, mode == "120000"))
    # Links last, so that none of them leads a file out of the folder.
    blobs.sort(key=lambda blob: blob.is_link)
    for blob, content in zip(blobs, _contents(repository, blobs), strict=True):
        _write(target / blob.path, content, is_link=blob.is_link)


def _extract_module(folder: Path, commit: str, target: Path, unread: list[str], path: str) -> None:
    if (folder / ".git").exists() and _commit(folder, commit) is not None:
        _extract(folder, commit, target, unread)
    else:
        unread.append(path)


def _is_wanted(path: PurePosixPath, size: int) -> bool:
    return path.suffix in _SOURCE or (size <= MAX_OTHER_BYTES and path.suffix.lower() not in _DATA)


def _write(path: Path, content: bytes, *, is_link: bool) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if is_link:
            with contextlib.suppress(FileExistsError):
                os.symlink(content, os.fsencode(path))
        else:
            path.write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"--diff-base: {path}: cannot be written: {error.strerror}; TMPDIR chooses the place"
        ) from error


def _contents(repository: Path, blobs: Sequence[_Blob]) -> Iterator[bytes]:
    """What the blobs hold, in their order, by one git process."""
    with subprocess.Popen(
        git_command(repository, "cat-file", "--batch"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=git_environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin = process.stdin

        def ask() -> None:
            with contextlib.suppress(BrokenPipeError), stdin:
                stdin.writelines(f"{blob.name}\n".encode() for blob in blobs)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        for blob in blobs:
            head = process.stdout.readline().split()
            if len(head) != 3:
                process.kill()
                raise UsageError(
                    f"--diff-base: git has no content of {blob.path} at that revision (a partial clone?); "
                    "fetch it first, nothing is fetched here"
                )
            yield process.stdout.read(int(head[2]))
            process.stdout.read(1)
        asking.join()


def _has_no_commit(repository: Path) -> bool:
    """Whether HEAD names a branch that is still to come, as for a hook that runs at the very first commit."""
    return _commit(repository, "HEAD") is None and not _run(repository, "symbolic-ref", "--quiet", "HEAD").returncode


def _commit(repository: Path, name: str) -> str | None:
    # The object first: what is appended to `:/words` would be searched for as well.
    found = _object(repository, name)
    return None if found is None else _object(repository, f"{found}^{{commit}}")


def _object(repository: Path, name: str) -> str | None:
    found = _run(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
    said = os.fsdecode(found.stdout).strip()
    return None if found.returncode or said.startswith("^") else said


def _hint(top: Path, name: str) -> str:
    from auditor.ruleset.table import nearest

    known = os.fsdecode(_run(top, "for-each-ref", "--format=%(refname:short)").stdout).split()
    shallow = _shallow_hint(top, name)  # what has a name like it may be all that was fetched
    if close := nearest(name, known):
        return f"; did you mean `{close}`?{shallow}"
    return shallow or "; `git branch -a` and `git tag` list the names"


def _shallow_hint(top: Path, name: str) -> str:
    shallow = _run(top, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
    return (
        f"; this clone is shallow: fetch all of `{name}` first (in GitHub Actions: fetch-depth: 0)" if shallow else ""
    )


def _ask(folder: Path, asked: str, *words: str) -> bytes:
    """stdout of git; raises `UsageError` in git's own words where it fails."""
    done = _run(folder, *words)
    if done.returncode == 0:
        return done.stdout
    said = os.fsdecode(done.stderr).strip()
    if "not a git repository" in said:
        raise UsageError(f"--diff-base {asked}: {folder} is in no git repository; leave the option out")
    raise UsageError(f"--diff-base {asked}: git {words[0]} failed in {folder}: {said.removeprefix('fatal: ')}")


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            git_command(folder, *words),
            capture_output=True,
            env=git_environment(),
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except FileNotFoundError:
        raise UsageError("--diff-base: git is not installed, or not on PATH; install it or use --baseline") from None


def git_command(folder: Path, *words: str) -> list[str]:
    """A call of git that starts no monitor of the repository."""
    return ["git", "-C", str(folder), "-c", "core.fsmonitor=false", *words]


def git_environment() -> dict[str, str]:
    """Variables under which git answers for the folder it is pointed at, writes nothing and asks nobody."""
    own = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    return {name: value for name, value in os.environ.items() if name not in _OF_THE_CALLER} | own
