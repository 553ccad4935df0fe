"""Scan damaged programs, many of them, and say what went wrong.

    python benchmarks/scan_fuzz.py [--count N] [--seed N] [--keep FOLDER]

Every input is a file of this repository (sample projects, benchmarks, tests, the labelled corpus) to which something
happened that editors, merges and disks do: tokens and lines deleted, doubled or swapped, bytes changed, the end cut
off, another encoding, pieces of other files pasted in. Inputs are scanned in projects of three files that import each
other, with all rules, in this process. A scan that raises is a crash: it is printed, its input is kept in FOLDER, and
the exit status is 1. The same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import random
import sys
import tempfile
import time
import tokenize
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from auditor.ruleset import load
from auditor.static.engine import Engine, find_files

ROOT = Path(__file__).parents[1]
SOURCES = ("sample_projects", "benchmarks", "tests", "auditor/static")
NAMES = ("train.py", "helpers.py", "data.py")
SLOW_S = 5.0
LARGEST = 40_000
FRAGMENTS = (
    b"from helpers import *",
    b"import data as np, helpers as torch",
    b"import random, numpy as np, torch",
    b"random.seed(args.seed)",
    b"torch.manual_seed(hash(random.random()))",
    b"for x in set(os.listdir(x)): y += x",
    b"if __name__ == '__main__': main()",
    b"from torch.utils.data import DataLoader",
    b"loader = DataLoader(self, *args, shuffle=True, **options)",
    b"class A(A, torch.nn.Module): x = A()",
    b"def main(*a, seed=lambda: main(), **k): return main",
    b"match x:\n    case {'seed': None, **rest}: pass",
    b"async def f(): [await x async for x in y]",
    b"<<<<<<< HEAD",
    b"# repro-audit: allow RA101 because",
    b"\x0c",
    b"print 'old', x",
    b"x = " + b"(" * 90 + b")" * 90,
    b"x = " + b"-" * 2000 + b"1",
    b"x = " + b"a." * 3000 + b"a",
    b"x = " + b" + ".join([b"f(x)"] * 1500),
)

Damage = Callable[[bytes, random.Random, "Pool"], bytes]


@dataclass
class Pool:
    """The files that inputs are made of."""

    files: list[bytes]

    def pick(self, chance: random.Random) -> bytes:
        return chance.choice(self.files)


@dataclass
class Tally:
    """What happened."""

    inputs: int = 0
    findings: int = 0
    unreadable: int = 0
    slowest_s: float = 0.0
    crashes: Counter[str] = field(default_factory=Counter)


def _lines(raw: bytes, chance: random.Random, pool: Pool) -> bytes:
    lines = raw.split(b"\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    kind = chance.randrange(6)
    if kind == 0:
        del lines[at : at + chance.randint(1, 4)]
    elif kind == 1:
        lines[at:at] = lines[other : other + chance.randint(1, 8)]
    elif kind == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 3:
        lines[at] = chance.choice([b"    ", b"\t", b"  "]) + lines[at]
    elif kind == 4:
        lines[at] = lines[at].lstrip()
    else:
        lines.insert(at, chance.choice(FRAGMENTS))
    return b"\n".join(lines)


def _tokens(raw: bytes, chance: random.Random, pool: Pool) -> bytes:
    try:
        tokens = list(tokenize.tokenize(io.BytesIO(raw).readline))
    except (tokenize.TokenError, SyntaxError, ValueError, LookupError):
        return _bytes(raw, chance, pool)
    words = [token for token in tokens if token.string.strip() and token.start[0] == token.end[0]]
    if len(words) < 2:
        return raw
    lines = raw.split(b"\n")
    for _ in range(chance.randint(1, 4)):
        one, other = chance.choice(words), chance.choice(words)
        row = one.start[0] - 1
        if row >= len(lines) or one.type == tokenize.ENCODING:
            continue
        new = chance.choice(["", other.string, f"{one.string} {one.string}", f"{one.string}.{other.string}"])
        lines[row] = lines[row].replace(one.string.encode(), new.encode(), 1)
    return b"\n".join(lines)


def _expressions(raw: bytes, chance: random.Random, pool: Pool) -> bytes:
    """Put an expression, or a simple statement, where another one of the same file or of another file stands."""
    other = pool.pick(chance) if chance.random() < 0.5 else raw
    kind = ast.expr if chance.random() < 0.8 else ast.stmt
    places, donors = _one_line_nodes(raw, kind), _one_line_nodes(other, kind)
    if not places or not donors:
        return _tokens(raw, chance, pool)
    new = chance.choice(donors)[3]
    row, start, end, _ = chance.choice(places)
    lines = raw.split(b"\n")
    lines[row] = lines[row][:start] + new + lines[row][end:]
    return b"\n".join(lines)


def _one_line_nodes(raw: bytes, kind: type[ast.expr] | type[ast.stmt]) -> list[tuple[int, int, int, bytes]]:
    """Row, columns and text of the nodes that stand in one line."""
    tree, lines = _parsed(raw), raw.split(b"\n")
    found = []
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, kind) and node.lineno == node.end_lineno and node.lineno <= len(lines):
            start, end = node.col_offset, node.end_col_offset or 0
            found.append((node.lineno - 1, start, end, lines[node.lineno - 1][start:end]))
    return found


def _parsed(raw: bytes) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(raw)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError):
        return None


def _bytes(raw: bytes, chance: random.Random, pool: Pool) -> bytes:
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(changed) + 1)
        if chance.random() < 0.5:
            changed[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        else:
            changed[at:at] = chance.choice(
                [b"(", b")", b"[", b"'", b'"""', b"\\", b":", b"\x00", b"\r", b"\xef\xbb\xbf"]
            )
    return bytes(changed)


def _cut(raw: bytes, chance: random.Random, pool: Pool) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] if chance.random() < 0.7 else raw[at:]


def _paste(raw: bytes, chance: random.Random, pool: Pool) -> bytes:
    lines, other = raw.split(b"\n"), pool.pick(chance).split(b"\n")
    start, at = chance.randrange(len(other)), chance.randrange(len(lines))
    lines[at:at] = other[start : start + chance.randint(1, 30)]
    return b"\n".join(lines)


def _encode(raw: bytes, chance: random.Random, pool: Pool) -> bytes:
    text = raw.decode("utf-8", "replace")
    kind = chance.randrange(7)
    if kind == 0:
        return text.encode("utf-16")
    if kind == 1:
        return b"\xef\xbb\xbf" + raw
    if kind == 2:
        return b"# -*- coding: latin-1 -*-\n# \xe4\xf6\xfc\n" + text.encode("latin-1", "replace")
    if kind == 3:
        cookie = chance.choice([b"utf-7", b"cp1252", b"no-such", b"rot13", b"idna", b"utf-16", b"hex"])
        return b"# coding: " + cookie + b"\n" + raw
    if kind == 4:
        return raw.replace(b"\n", chance.choice([b"\r\n", b"\r", b"\n\r", b"\x0b\n"]))
    if kind == 5:
        return text.replace("e", chance.choice(["é", "ℯ", "𝑒", "\u2028"]), 3).encode()
    return raw.replace(b" ", chance.choice([b"\t", b"\x0c", b"\xc2\xa0"]), chance.randint(1, 5))


DAMAGES: tuple[Damage, ...] = (
    _lines, _lines, _lines, _tokens, _tokens, _expressions, _expressions, _expressions, _bytes, _cut, _paste, _encode,
)  # fmt: skip


def damaged(raw: bytes, chance: random.Random, pool: Pool) -> bytes:
    """Several kinds of damage in turn; most that end in a syntax error are taken back, or nothing else were tried."""
    strict = chance.random() < 0.8
    for _ in range(chance.randint(1, 8)):
        new = chance.choice(DAMAGES)(raw, chance, pool) or b"\n"
        if not strict or _parsed(new) is not None:
            raw = new
    return raw


def notebook(raw: bytes, chance: random.Random) -> bytes:
    """The text as cells of a notebook, perhaps with a broken frame."""
    cells = raw.decode("utf-8", "replace").split("\n\n")
    document: dict[str, object] = {
        "cells": [
            {
                "cell_type": chance.choice(["code", "code", "code", "markdown", "raw", None]),
                "source": chance.choice(
                    [cell, cell.splitlines(keepends=True), None, [1]] if chance.random() < 0.05 else [cell]
                ),
                "execution_count": chance.choice([number, None, "x"]),
            }
            for number, cell in enumerate(cells)
        ],
        "nbformat": 4,
    }
    text = json.dumps(document).encode()
    return _bytes(text, chance, Pool([text])) if chance.random() < 0.3 else text


def sources() -> list[bytes]:
    paths = sorted(path for folder in SOURCES for path in (ROOT / folder).rglob("*.py"))
    found = [path.read_bytes() for path in paths]
    for path in sorted((ROOT / "tests").glob("*/cases/*.txt")):
        parts = path.read_bytes().split(b"\n--- ")[1:]
        found += [part.split(b"\n", 1)[-1].split(b"\n=== ")[0] for part in parts]
    return [raw for raw in found if 0 < len(raw) <= LARGEST]


def projects(count: int, seed: int) -> Iterator[dict[str, bytes]]:
    """Projects of damaged files, `count` files in all."""
    pool = Pool(sources())
    number = 0
    while count > 0:
        chance = random.Random(f"{seed}/{number}")
        number += 1
        files = {}
        for name in NAMES[: min(3, count)]:
            raw = damaged(pool.pick(chance), chance, pool)
            if chance.random() < 0.05:
                name, raw = name.replace(".py", ".ipynb"), notebook(raw, chance)
            files[name] = raw
        count -= len(files)
        yield files


def run(count: int, seed: int, keep: Path) -> Tally:
    ruleset = load()
    engine = Engine(ruleset, ruleset.rules)
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for number, files in enumerate(projects(count, seed)):
            for old in root.iterdir():
                old.unlink()
            for name, raw in files.items():
                (root / name).write_bytes(raw)
            started = time.perf_counter()
            try:
                analysis = engine.analyse(find_files(root, [root], ()))
            except Exception as error:
                _keep(keep, f"{seed}-{number}", files)
                print(f"crash {seed}-{number}: {_signature(error)}", file=sys.stderr)
                tally.crashes[_signature(error)] += 1
            else:
                tally.findings += len(analysis.findings)
                tally.unreadable += len(analysis.skipped)
            took = time.perf_counter() - started
            if took > SLOW_S:
                _keep(keep, f"{seed}-{number}-slow", files)
                print(f"slow {seed}-{number}: {took:.1f} s", file=sys.stderr)
            tally.slowest_s = max(tally.slowest_s, took)
            tally.inputs += len(files)
    return tally


def _keep(folder: Path, name: str, files: dict[str, bytes]) -> None:
    (folder / name).mkdir(parents=True, exist_ok=True)
    for each, raw in files.items():
        (folder / name / each).write_bytes(raw)


def _signature(error: BaseException) -> str:
    """Kind and place of an exception: what makes two crashes the same."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno} {last.name}: {str(error)[:80]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=2000, help="inputs to scan (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-crashes"), help="where inputs of crashes are kept")
    options = parser.parse_args()
    started = time.perf_counter()
    tally = run(options.count, options.seed, options.keep)
    took = time.perf_counter() - started
    print(
        f"{tally.inputs} inputs in {took:.0f} s ({1000 * took / max(tally.inputs, 1):.1f} ms each, slowest project "
        f"{tally.slowest_s:.1f} s): {sum(tally.crashes.values())} crashes, {tally.findings} findings, "
        f"{tally.unreadable} files that are not Python and were said to be skipped"
    )
    for signature, times in sorted(tally.crashes.items()):
        print(f"{times:6} × {signature}")
    return 1 if tally.crashes else 0


if __name__ == "__main__":
    raise SystemExit(main())
