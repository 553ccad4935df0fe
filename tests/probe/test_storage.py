"""What is known of a storage belongs to that storage, and is exact to the element."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
import torch

from auditor.probe.backends import ops
from auditor.probe.fingerprint import Fingerprints
from auditor.probe.storage import TAINTED, Outside, StorageMap, Tainted


class Names:
    def spec(self, *_: object) -> int:
        return 1


@pytest.fixture
def storages() -> Iterator[StorageMap]:
    prints = Fingerprints(Names())
    prints.install(torch)
    found = StorageMap(torch, prints)
    yield found
    for key in list(found.entries):
        torch.UntypedStorage._free_weak_ref(key)


def tainted(storages: StorageMap, tensor: torch.Tensor) -> Tainted:
    storages.taint(tensor, storages.key(tensor), 7)
    entry = storages.entries[storages.key(tensor)]
    assert isinstance(entry, Tainted)
    return entry


def write(storages: StorageMap, tensor: torch.Tensor, packet: str = "", *args: object) -> bool:
    key = storages.key(tensor)
    entry = storages.entries[key]
    assert isinstance(entry, Tainted)
    mark = None
    if packet:

        def mark(mask: torch.Tensor) -> None:
            ops.MARKS[packet](mask, (tensor, *args))

    return storages.write(tensor, key, entry, 5, mark)


def test_views_share_an_entry_and_copies_do_not(storages: StorageMap) -> None:
    tensor = torch.ones(4, 4)
    storages.put(tensor, storages.key(tensor), 9)
    assert storages.entries[storages.key(tensor.t()[1:])] == 9
    assert storages.key(tensor.clone()) not in storages.entries


def test_an_entry_never_speaks_for_another_storage(storages: StorageMap) -> None:
    for number in range(3000):
        tensor = torch.empty(8)
        key = storages.key(tensor)
        assert key not in storages.entries
        storages.put(tensor, key, number)
        del tensor
    assert len(storages.entries) < 200


def test_tensors_are_not_kept_alive(storages: StorageMap) -> None:
    tensor = torch.ones(1000)
    storages.put(tensor, storages.key(tensor), 1)
    reference, storage = weakref.ref(tensor), weakref.ref(tensor.untyped_storage())
    del tensor
    gc.collect()
    assert reference() is None
    assert storage() is None


def test_pinned_entries_outlive_their_storage(storages: StorageMap) -> None:
    tensor = torch.ones(3)
    key = storages.key(tensor)
    storages.put(tensor, key, 4)
    storages.pinned.add(key)
    del tensor
    storages.prune()
    assert storages.entries[key] == 4


def test_rows_written_one_by_one_complete_a_tensor(storages: StorageMap) -> None:
    tensor = torch.empty(3, 4)
    tainted(storages, tensor)
    assert [write(storages, tensor[row]) for row in (0, 2, 2)] == [False, False, False]
    assert write(storages, tensor[1])
    assert storages.entries[storages.key(tensor)] == 5


def test_columns_and_overlapping_writes_are_counted_once(storages: StorageMap) -> None:
    tensor = torch.empty(4, 4)
    entry = tainted(storages, tensor)
    write(storages, tensor[:, 1])
    write(storages, tensor[1:3])
    assert entry.left == 6
    assert storages.is_written(entry, tensor[1:3, 2:])
    assert not storages.is_written(entry, tensor[:2])
    write(storages, tensor.as_strided((2, 4), (0, 1), 0))  # the same row twice
    assert entry.left == 3


@pytest.mark.parametrize(
    ("packet", "arguments", "left"),
    [
        ("aten::index_put_", ([torch.tensor([0, 2, 2])], torch.ones(())), 4),
        ("aten::index_put_", ([None, torch.tensor([1])], torch.ones(())), 9),
        ("aten::index_copy_", (0, torch.tensor([1]), torch.ones(1, 4)), 8),
        ("aten::index_fill_", (1, torch.tensor([0, 3]), 2.0), 6),
        ("aten::scatter_", (1, torch.tensor([[0, 1]]), torch.ones(1, 2)), 10),
        ("aten::masked_fill_", (torch.eye(3, 4) > 0, 1.0), 9),
        ("aten::put_", (torch.tensor([0, 5, 5]), torch.ones(3)), 10),
    ],
)
def test_chosen_elements_are_marked_exactly(
    packet: str, arguments: tuple[object, ...], left: int, storages: StorageMap
) -> None:
    tensor = torch.empty(3, 4)
    entry = tainted(storages, tensor)
    write(storages, tensor, packet, *arguments)
    assert entry.left == left


def test_chosen_reads_look_at_chosen_elements(storages: StorageMap) -> None:
    tensor = torch.empty(4, 2)
    entry = tainted(storages, tensor)
    write(storages, tensor[:2])

    def reads(packet: str, *args: object) -> bool:
        return storages.is_written(entry, tensor, lambda mask: ops.SELECTS[packet](mask, (tensor, *args)))

    assert reads("aten::index", [torch.tensor([0, 1, 1])])
    assert not reads("aten::index", [torch.tensor([0, 2])])
    assert reads("aten::index_select", 0, torch.tensor([1]))
    assert reads("aten::gather", 0, torch.tensor([[1, 0]]))
    assert not reads("aten::gather", 0, torch.tensor([[3, 0]]))
    assert reads("aten::embedding", torch.tensor([[0], [1]]))


def test_copies_of_uninitialised_memory_are_uninitialised(storages: StorageMap) -> None:
    source = torch.empty(2, 3)
    entry = tainted(storages, source)
    write(storages, source[0])
    target = source.clone()
    storages.copy_taint(source, entry, target, storages.key(target), 7)
    copy = storages.entries[storages.key(target)]
    assert isinstance(copy, Tainted)
    assert copy.left == 3
    assert storages.is_written(copy, target[0])


def test_growing_taints_what_is_new(storages: StorageMap) -> None:
    tensor = torch.ones(4)
    storages.put(tensor, storages.key(tensor), 9)
    tensor.resize_(6)
    storages.grow(tensor, storages.key(tensor), 7, 16)
    entry = storages.entries[storages.key(tensor)]
    assert isinstance(entry, Tainted)
    assert (entry.left, entry.entry) == (2, 9)
    assert storages.is_written(entry, tensor[:4])


def test_foreign_writes_change_the_check(storages: StorageMap) -> None:
    for elements in (16, 4 << 20):  # in all bytes of a small storage, in samples of a big one
        tensor = torch.zeros(elements)
        before = storages.check(tensor)
        assert storages.check(tensor) == before
        tensor.numpy()[:] = 1
        assert storages.check(tensor) != before


def test_exported_storages_are_looked_at_again(storages: StorageMap) -> None:
    tensor = torch.zeros(4)
    storages.put(tensor, storages.key(tensor), 3)
    storages.export(tensor)
    entry = storages.entries[storages.key(tensor)]
    assert isinstance(entry, Outside)
    assert (entry.entry, entry.exported, entry.check) == (3, True, storages.check(tensor))
    storages.export(torch.eye(2).to_sparse())  # nothing to share


def test_our_own_calls_are_seen_by_nobody(storages: StorageMap) -> None:
    seen = []

    class Watching(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            seen.append(func)
            return func(*args, **(kwargs or {}))

    tensor = torch.ones(2, requires_grad=True)
    with Watching(), storages.quiet():
        result = (tensor * 2).sum()
    assert seen == []
    assert not result.requires_grad
    with torch.inference_mode(), storages.quiet():
        assert not torch.ones(1).is_inference()


def test_the_constant_for_nothing_is_not_zero() -> None:
    assert TAINTED
