"""Functions that draw are all wrapped, and seeds of private generators change only where that was asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from auditor.probe.splitting import Splitter
from auditor.probe.taping.streams import Streams

torch = pytest.importorskip("torch")


def test_every_function_that_draws_is_known() -> None:
    from auditor.probe.splitting import torch as split

    known = {*split.DRAWING, *split.PERMUTING, *split.DROPPING, *split.LAYERS, *split.METHODS}
    schemas = torch._C._jit_get_all_schemas()
    drawing = set()
    for schema in schemas:
        namespace, _, name = schema.name.partition("::")
        if namespace == "aten":
            op = getattr(getattr(torch.ops.aten, name), schema.overload_name or "default", None)
            if op is not None and torch.Tag.nondeterministic_seeded in op.tags:
                drawing.add(name)
    public = {name for name in drawing if not name.startswith("_")}
    missed = {name for name in public - known if hasattr(torch, name) or hasattr(torch.Tensor, name)}
    assert len(drawing) > 30
    assert missed <= {"miopen_rnn", "random"}  # AMD's, called by lstm and its like; and a module


class Items(torch.utils.data.Dataset):  # type: ignore[misc, name-defined]
    def __init__(self, splitter: Splitter) -> None:
        self.splitter = splitter

    def __getitem__(self, index: int) -> int:
        return int(self.splitter.seeded("numpy.random.SeedSequence", index, sys._getframe()))


def seeds(folder: Path, vary: list[str], private: bool) -> list[int]:
    settings = {"folder": str(folder), "vary": vary, "base": "base", "seed": "x", "private": private}
    splitter = Splitter(settings, lambda: "0-0", lambda frame: ("train.py", 1, "?"))
    splitter.sources.know(torch)
    items = Items(splitter)
    found = [items[5], items[5], items[6], int(splitter.seeded("random.Random", 5, sys._getframe()))]
    splitter.finish()
    return found


def test_seeds_made_inside_a_data_set_are_replaced_where_augmentation_is_varied(tmp_path: Path) -> None:
    first, again, other, elsewhere = seeds(tmp_path, ["augment"], True)
    assert first == again != other
    assert first != 5
    assert elsewhere == 5
    assert "seeded by the program" in (tmp_path / "0-0.draws").read_text(), "what is held is told"


class Unseeded(Items):
    def __getitem__(self, index: int) -> bytes:  # type: ignore[override]
        return bytes(self.splitter.entropy("os.urandom", b"tape" * 10, sys._getframe(), Streams("")))


def test_entropy_belongs_to_the_source_that_asks_for_it(tmp_path: Path) -> None:
    def asked(vary: list[str], seed: str) -> list[bytes]:
        settings = {"folder": str(tmp_path), "vary": vary, "base": "base", "seed": seed}
        splitter = Splitter(settings, lambda: "0-0", lambda frame: ("train.py", 1, "?"))
        splitter.sources.know(torch)
        items = Unseeded(splitter)
        return [items[0], items[1]]

    assert asked(["order"], "x") == [b"tape" * 10, b"tape" * 10]
    first, second = asked(["augment"], "x")
    assert (len(first), first != second) == (40, True)
    assert asked(["augment"], "x") == [first, second]
    assert asked(["augment"], "y")[0] != first


@pytest.mark.parametrize(("vary", "private"), [(["augment"], False), (["order"], True)])
def test_seeds_are_held_otherwise(tmp_path: Path, vary: list[str], private: bool) -> None:
    assert seeds(tmp_path, vary, private) == [5, 5, 6, 5]
