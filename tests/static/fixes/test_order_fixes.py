"""Listings, sets and results that come in any order: what is put in order, how, and what is left to people."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

Fix = Callable[..., object]


def body(source: str) -> str:
    return dedent(source).lstrip("\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("names = list(os.listdir('a'))", "names = sorted(os.listdir('a'))"),
        ("names = tuple(os.listdir('a'))", "names = tuple(sorted(os.listdir('a')))"),
        ("names = [n for n in os.listdir('a') if n]", "names = [n for n in sorted(os.listdir('a')) if n]"),
        ("names = os.listdir('a') + ['b']", "names = sorted(os.listdir('a')) + ['b']"),
        (
            "names = [e.name for e in os.scandir('a')]",
            "names = [e.name for e in sorted(os.scandir('a'), key=lambda entry: entry.name)]",
        ),
        (
            "names = [f for _, _, files in os.walk('a') for f in files]",
            "names = [f for _, _, files in sorted(os.walk('a')) for f in sorted(files)]",
        ),
    ],
)
def test_listings_are_sorted_where_they_stand(fix: Fix, before: str, after: str) -> None:
    head, tail = "import glob\nimport os\n\n", "\nfirst = names[0]\n"
    fixed = fix("RA304", {"train.py": f"{head}{before}{tail}"})
    assert fixed.texts["train.py"] == f"{head}{after}{tail}"
    assert (fixed.left, {patch.applicability.value for patch in fixed.patches}) == (0, {"safe"})


def test_what_is_stepped_through_stays_an_iterator(fix: Fix) -> None:
    source = """
        import glob

        names = glob.iglob("*")
        skipped = next(names)
        found = []
        for name in names:
            found.append(name)
        first = found[0]
    """
    assert fix("RA304", {"train.py": source}).texts["train.py"] == body(source).replace(
        'glob.iglob("*")', 'iter(sorted(glob.iglob("*")))'
    )


def test_a_walk_sorts_its_folders_in_place_first_thing(fix: Fix) -> None:
    source = """
        import os

        found = []
        for root, dirs, files in os.walk("data"):
            # images only
            found.extend(files)
        first = found[0]
    """
    fixed = fix("RA304", {"train.py": source})
    assert 'os.walk("data"):\n    dirs.sort()\n    files.sort()\n' in fixed.texts["train.py"]
    assert fixed.left == 0


def test_entries_of_a_scan_that_is_closed_are_sorted_in_the_loop(fix: Fix) -> None:
    source = """
        import os

        names = []
        with os.scandir("data") as entries:
            for entry in entries:
                names.append(entry.name)
        first = names[0]
    """
    text = fix("RA304", {"train.py": source}).texts.get("train.py", "")
    assert text in ("", body(source).replace("in entries", "in sorted(entries, key=lambda entry: entry.name)"))


def test_images_and_masks_are_sorted_together(fix: Fix) -> None:
    source = """
        import glob


        class Pairs:
            def __init__(self):
                self.images = glob.glob("images/*")
                self.masks = glob.glob("masks/*")

            def __getitem__(self, index):
                return self.images[index], self.masks[index]
    """
    fixed = fix("RA304", {"data.py": source})
    assert len(fixed.patches) == 1
    assert fixed.texts["data.py"] == body(source).replace(
        'glob.glob("images/*")', 'sorted(glob.glob("images/*"))'
    ).replace('glob.glob("masks/*")', 'sorted(glob.glob("masks/*"))')


def test_listings_of_dictionaries_are_left_to_people(fix: Fix) -> None:
    source = 'import fsspec\n\nnames = fsspec.filesystem("s3").ls("bucket")\nfirst = names[0]\n'
    fixed = fix("RA304", {"train.py": source})
    assert (fixed.texts, len(fixed.refused)) == ({}, 1)
    assert "detail=False" in fixed.refused[0].reason
    again = source.replace('"bucket"', '"bucket", detail=False')
    assert "sorted(fsspec" in fix("RA304", {"train.py": again}).texts["train.py"]


@pytest.mark.parametrize(
    ("line", "after", "level"),
    [
        ("names = list({'b', 'a'})", "names = sorted({'b', 'a'})", "safe"),
        ("names = list({w.lower() for w in given})", "names = sorted({w.lower() for w in given})", "safe"),
        ("names = list(set(given))", "names = list(dict.fromkeys(given))", "unsafe"),
        ("names = list({w for w in given})", "names = sorted({w for w in given})", "display"),
    ],
)
def test_sets_are_sorted_only_where_their_elements_are_known_to_compare(
    fix: Fix, line: str, after: str, level: str
) -> None:
    source = "def first(given):\n    {}\n    return names[0]\n\n\nprint(first(load()))\n"
    fixed = fix("RA305", {"train.py": source.format(line)})
    assert fixed.texts["train.py"] == source.format(after)
    assert [patch.applicability.value for patch in fixed.patches] == [level]


@pytest.mark.parametrize(
    ("jobs", "after"),
    [
        ("as_completed([pool.submit(abs, n) for n in range(8)])", "[pool.submit(abs, n) for n in range(8)]"),
        ("as_completed(pool.submit(abs, n) for n in range(8))", "[pool.submit(abs, n) for n in range(8)]"),
        ("as_completed({pool.submit(abs, n): n for n in range(8)})", "{pool.submit(abs, n): n for n in range(8)}"),
        ("as_completed({pool.submit(abs, n) for n in range(8)})", None),
        ("as_completed([pool.submit(abs, n) for n in range(8)], timeout=3)", None),
    ],
)
def test_futures_are_taken_in_the_order_of_their_submission(fix: Fix, jobs: str, after: str | None) -> None:
    source = """
        from concurrent.futures import ThreadPoolExecutor, as_completed

        samples = []
        with ThreadPoolExecutor() as pool:
            for job in {}:
                samples.append(job.result())
        print(samples[0])
    """
    fixed = fix("RA306", {"train.py": source.format(jobs)})
    expected = body(source.format(after)).replace(", as_completed", "") if after else None
    assert fixed.texts.get("train.py") == expected
    assert len(fixed.refused) == (0 if after else 1)


def test_coroutines_are_not_taken_one_after_the_other(fix: Fix) -> None:
    source = """
        import asyncio


        async def load(tasks):
            rows = []
            for task in asyncio.as_completed(tasks):
                rows.append(await task)
            return rows[0]
    """
    fixed = fix("RA306", {"train.py": source})
    assert (fixed.texts, len(fixed.refused)) == ({}, 1)


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("name", "name.encode()"),
        ("names[0]", "str(names[0]).encode()"),
        ('f"{name}!"', 'f"{name}!".encode()'),
        ("str(name)", "str(name).encode()"),
        ('"a" + name', '("a" + name).encode()'),
    ],
)
def test_hashes_of_strings_become_checksums(fix: Fix, value: str, after: str) -> None:
    fixed = fix("RA310", {"split.py": f"def is_test(name: str, names=()):\n    return hash({value}) % 10 == 0\n"})
    assert fixed.texts["split.py"].endswith(f"    return zlib.crc32({after}) % 10 == 0\n")
    assert fixed.texts["split.py"].startswith("import zlib\n")
