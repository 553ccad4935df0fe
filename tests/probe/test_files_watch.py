"""Files that the program opens and folders that it lists."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auditor.probe import wire
from auditor.probe.files import Files

FILES = """
import glob, io, json, os, pathlib, random, sys, tempfile
import helper
open("data/a.txt").read()
with open("out.txt", "w") as file:
    file.write("x")
pathlib.Path("data/b.txt").read_text()
os.close(os.open("raw.bin", os.O_CREAT | os.O_WRONLY))
open("out.txt", "a").close()
open("data/a.txt", "r+").close()
for i in range(3): open("data/a.txt").close()
try:
    open("missing.txt")
except FileNotFoundError:
    print("missing")
os.chdir("data")
open("b.txt").close()
os.chdir("..")
open(os.path.abspath("data/a.txt").encode()).close()
tempfile.mkdtemp()
json.load(open("/proc/self/status")) if False else open("/proc/self/status").close()
print(sorted(os.listdir("data")), len(list(os.scandir("data"))))
print(sorted(glob.glob("data/*.txt")))
sorted(pathlib.Path("data").iterdir())
print(os.listdir(b"data") and len(os.listdir()) > 2)
open(sys.executable, "rb").close()
"""


def test_reads_and_writes_are_recorded_with_their_lines(audited: Any) -> None:
    for name in ("data/a.txt", "data/b.txt"):
        audited.write(name, "text")
    audited.write("helper.py", "VALUE = 1")
    run = audited.script(FILES)
    assert audited.printed(run)[0] == "missing"
    trace = audited.trace(run)
    seen = [(access.site.line, access.path, access.mode) for access in trace.files if access.site]
    assert seen == [
        (4, "data/a.txt", "r"),
        (5, "out.txt", "w"),
        (7, "data/b.txt", "r"),
        (8, "raw.bin", "w"),
        (9, "out.txt", "w"),
        (10, "data/a.txt", "w"),
        (11, "data/a.txt", "r"),
        (17, "data/b.txt", "r"),
        (19, "data/a.txt", "r"),
    ]
    assert len(seen) == len(trace.files)
    assert trace.problems == ()
    assert run.files_written == ("out.txt", "raw.bin")


def test_listings_have_a_digest_of_the_order_and_one_of_the_names(audited: Any) -> None:
    audited.write("helper.py", "VALUE = 1")
    for name in ("data/a.txt", "data/b.txt"):
        audited.write(name, "text")
    trace = audited.trace(audited.script(FILES))
    listings = [(listing.site.line, listing.path, listing.count) for listing in trace.listings if listing.site]
    data = [entry for entry in listings if entry[1] == "data"]
    assert data[:3] == [(22, "data", 2), (22, "data", 2), (23, "data", 2)]
    assert {entry[0] for entry in data} == {22, 23, 24, 25}
    rows = trace.events[trace.events["kind"] == wire.LISTING]
    assert len(rows) == len(listings) == len(trace.listings)
    of_data = [row for row, listing in zip(rows, trace.listings, strict=True) if listing.path == "data"]
    assert len({int(row["outputs"]) for row in of_data}) == 1
    assert len({int(row["arguments"]) for row in of_data}) == 1
    assert of_data[0]["outputs"]
    assert of_data[0]["arguments"]


def test_torch_save_is_seen_though_it_opens_its_file_natively(audited: Any) -> None:
    run = audited.script("""
        import pathlib, torch
        torch.save(torch.ones(2), "weights.pt")
        torch.save(torch.ones(2), pathlib.Path("more.pt"))
        print(torch.load("weights.pt").tolist())
        """)
    trace = audited.trace(run)
    seen = [(access.site.line, access.path, access.mode) for access in trace.files if access.site]
    assert seen == [(3, "weights.pt", "w"), (4, "more.pt", "w"), (5, "weights.pt", "r")]
    assert run.files_written == ("more.pt", "weights.pt")
    assert audited.printed(run) == ["[1.0, 1.0]"]


MOVED = """
import os
open("last.part", "w").close()
os.replace("last.part", "last.ckpt")
open("last.ckpt").close()
os.rename("folder", "other")
"""


def test_a_file_that_is_moved_to_its_place_is_written_there(audited: Any) -> None:
    """Else a checkpoint that a run makes and reads would be one that the run before left."""
    audited.write("folder/a.txt", "text")
    trace = audited.trace(audited.script(MOVED))
    assert [(access.path, access.mode) for access in trace.files] == [
        ("last.part", "w"),
        ("last.ckpt", "w"),
        ("last.ckpt", "r"),
    ]


def test_a_database_is_read_and_written_where_it_is_opened(audited: Any) -> None:
    audited.write("state.db", "")
    trace = audited.trace(
        audited.script("""
        import sqlite3
        sqlite3.connect("state.db").close()
        sqlite3.connect("file:state.db?mode=ro", uri=True).close()
        sqlite3.connect(":memory:").close()
        """)
    )
    seen = [(access.site.line, access.path, access.mode) for access in trace.files if access.site]
    assert seen == [(3, "state.db", "r"), (3, "state.db", "w"), (4, "state.db", "r")]
    assert trace.problems == ()


def test_an_audit_hook_of_the_programs_own_still_works_and_sees_no_more_than_the_trace(audited: Any) -> None:
    run = audited.script("""
        import sys
        seen = []
        sys.addaudithook(lambda event, args: seen.append(args[0]) if event == "open" else None)
        open("own.txt", "w").close()
        print([path for path in seen if "/trace/" not in path])
        """)
    assert audited.printed(run) == ["['own.txt']"]


def test_many_files_are_told_as_a_number(audited: Any) -> None:
    (audited.project / "many").mkdir()
    trace = audited.trace(audited.script("for i in range(20_010): open(f'many/{i}', 'w').close()"))
    assert len(trace.files) == 20_000
    assert [(problem.where, problem.count) for problem in trace.problems] == [("files", 10)]


@pytest.mark.parametrize(
    ("project", "folder", "counts"),
    [
        ("p", "p/data", True),
        ("p", "p/store/r1", False),
        ("p/store/r1/project", "p/store/r1/project", True),
        ("p/store/r1/project", "p/store/r1/project/data", True),
        ("p/store/r1/project", "p/store/r1/trace", False),
        ("p/store/r1/project", "p/data", True),
    ],
)
def test_a_runs_folder_is_left_out_but_for_the_copy_of_the_project_in_it(
    tmp_path: Path, project: str, folder: str, counts: bool
) -> None:
    top = tmp_path.resolve()
    config = SimpleNamespace(project=str(top / project), run_dir=str(top / "p/store/r1"))
    files: Any = Files(SimpleNamespace(config=config))  # type: ignore[no-untyped-call]  # plain syntax on purpose
    assert files._is_data(str(top / folder), str(top / folder / "a.csv")) is counts


def test_a_program_without_a_suffix_is_no_data_and_no_trouble(audited: Any) -> None:
    audited.write("launcher", "import torch\nopen('a.txt').close()\ntorch.ones(1)\n")
    audited.write("a.txt", "1")
    trace = audited.trace(audited.run("python", "launcher"))
    assert [access.path for access in trace.files] == ["a.txt"]
    assert trace.problems == ()
