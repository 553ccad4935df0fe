"""The hot path in C does what the one in Python does, and hands over what it does not do.

In the test's own process, on stand-ins for torch's objects; whole programs are in `test_program_unchanged.py`.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib.machinery
import marshal
import struct
import sys
from _thread import get_ident
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auditor.probe import wire
from auditor.probe.backends import compiled, ops
from auditor.probe.callsite import CallSites
from auditor.probe.context import ThreadState
from auditor.probe.fingerprint import MASK, load_hash
from auditor.probe.storage import Tainted
from auditor.probe.writer import Writer
from auditor.runs import hotpath

PATH = hotpath.path(Path(sys.executable))
needs_compiler = pytest.mark.skipif(not PATH, reason="no C compiler or no Python.h: the hot path is in Python")
DATA = ctypes.create_string_buffer(b"the bits of a tensor", 20)


class Tensor:
    """As much of a tensor as the hot path looks at."""

    dtype, shape, is_cpu = "float", (5,), True

    def __init__(self, key: int) -> None:
        self.key = key

    def storage_offset(self) -> int:
        return 0

    def stride(self) -> tuple[int, ...]:
        return (1,)

    def is_contiguous(self) -> bool:
        return True

    def data_ptr(self) -> int:
        return ctypes.addressof(DATA)

    def untyped_storage(self) -> Tensor:
        return self

    def nbytes(self) -> int:
        return 20

    def _weak_ref(self) -> int:
        return self.key


class Scene:
    """A tracer of stand-ins, its handler in C, and what that asked of Python's part."""

    def __init__(self, folder: Path, **parts: Any) -> None:
        self.writer = Writer(str(folder), "0-0", {})
        self.sites = CallSites(self.writer, str(Path(__file__).parent))
        self.hash = load_hash()[1]
        self.problems: list[BaseException] = []
        self.handed_over: list[str] = []
        self.state = ThreadState(0)
        self.storages = SimpleNamespace(limit=64)
        self.infos: dict[int, ops.OpInfo] = {}
        self.parts: dict[str, Any] = {
            "backward_place": None,
            "boundary": None,
            "content_types": {Tensor},
            "context": SimpleNamespace(step=7),
            "current_node": lambda: None,
            "digest": self.hash,
            "entries": {1: 11, 2: 22},
            "events": self.writer.events,
            "forget_storage": lambda key: None,
            "grad_enabled": lambda: True,
            "infos": self.infos,
            "inputs": SimpleNamespace(lazy_bits=False),
            "known": {("float", (5,)): (3, 20, (ctypes.c_char * 20).from_address, 99)},
            "learn_spec": None,
            "learn_whole": lambda tensor, key: None,
            "next_sequence": lambda: -1,
            "parameter_type": Tensor,
            "problem": lambda info, error: self.problems.append(error),
            "prune": lambda: setattr(self.storages, "limit", 1 << 20),
            "python": lambda mode, func, types, args, kwargs: self.handed_over.append("call"),
            "rows": self.writer.tensors,
            "settle": lambda *arguments: self.handed_over.append("settle"),
            "site_from": self.sites.site_from,
            "sites": self.sites.tables,
            "storage_key": lambda tensor: tensor.key,
            "storages": self.storages,
            "tensor_type": Tensor,
            "threads": {get_ident(): self.state},
            "wholes": {},
            "write_op": self.writer.make_op(),
            **parts,
        }
        self.handler = compiled.make_handler(PATH, self.parts)

    def op(self, call: Callable[..., Any], fast: int = ops.FAST_OUTPUT, **changes: Any) -> object:
        """An operator; returns what torch would pass for it."""
        info = ops.OpInfo.__new__(ops.OpInfo)
        plain = {"accumulates": False, "careful": False, "mark": None, "special": False, "write_only": frozenset()}
        fields = {**plain, "call": call, "fast": fast, "id": 5, "treatment": ops.RECORD, **changes}
        for name, value in fields.items():
            setattr(info, name, value)
        func = object()
        info.func = func
        self.infos[id(func)] = info
        return func

    def __call__(self, func: object, *args: Any, **kwargs: Any) -> Any:
        return self.handler("mode", func, (), args, kwargs)

    def rows(self) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
        """All events and tensors as the files have them."""
        events, tensors = self.writer.events, self.writer.tensors
        return (
            list(struct.iter_unpack(wire.EVENT_STRUCT, events.map[: events.count * 64] if events.map else b"")),
            list(struct.iter_unpack(wire.TENSOR_STRUCT, tensors.map[: tensors.count * 32] if tensors.map else b"")),
        )


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


pytestmark = needs_compiler


def test_a_new_tensor_is_written_as_in_python(scene: Scene) -> None:
    func = scene.op(lambda *args, **kwargs: Tensor(3))
    scene(func, Tensor(1), 2.5, Tensor(2), alpha=True)
    inputs = hash((11, 0, (5,), (1,), 22, 0, (5,), (1,))) & MASK
    arguments = scene.hash(marshal.dumps([1, 2.5, "alpha", True], 2), 0)
    digest = scene.hash(DATA.raw, 99)
    (event,), (tensor,) = scene.rows()
    site = event[6]
    assert event == (wire.OP, 0, 0, 7, 5, 0, site, 0, 1, 0, 2, 0, inputs, arguments, digest, 0)
    assert tensor == (digest, 3, wire.OUTPUT, 0, 0, 0, 0)
    assert scene.parts["entries"][3] == digest
    assert site
    assert not scene.handed_over + scene.problems


def test_what_was_written_in_place_has_a_new_entry(scene: Scene) -> None:
    func = scene.op(lambda tensor: tensor, ops.FAST_INPLACE)
    scene(func, Tensor(1))
    digest = scene.hash(DATA.raw, 99)
    assert scene.parts["entries"][1] == digest
    assert scene.rows()[1] == [(digest, 3, wire.MUTATED, 0, 0, 0, 0)]


def test_a_number_is_an_event_without_tensors(scene: Scene) -> None:
    scene(scene.op(lambda *args: Tensor(3)), Tensor(1))  # the first of all goes to the writer, who maps the files
    assert scene(scene.op(lambda tensor: 2.5), Tensor(1)) == 2.5
    (_, event), tensors = scene.rows()
    assert (event[8], event[9], event[14]) == (0, 1, scene.hash(marshal.dumps([2.5], 2), 0))
    assert len(tensors) == 1


@pytest.mark.parametrize(
    "argument",
    [Tensor(9), [Tensor(1), Tensor(9)], {"a": object()}],
    ids=["unknown storage", "unknown storage in a list", "no value"],
)
def test_what_is_not_plain_goes_to_python_before_the_call(scene: Scene, argument: object) -> None:
    ran: list[int] = []
    scene(scene.op(lambda *args: ran.append(1)), argument)
    assert (scene.handed_over, ran, scene.problems) == (["call"], [], [])
    assert scene.rows() == ([], [])


def test_uninitialised_memory_goes_to_python(tmp_path: Path) -> None:
    scene = Scene(tmp_path, entries={1: Tainted(0, 5, 4, None)})
    scene(scene.op(lambda tensor: Tensor(3)), Tensor(1))
    assert scene.handed_over == ["call"]


def test_what_is_written_without_being_read_is_no_input(scene: Scene) -> None:
    func = scene.op(lambda *args: None, careful=True, write_only=frozenset([0]))
    scene(func, Tensor(9), Tensor(2))
    assert scene.handed_over == ["settle"]


def test_an_error_of_the_operator_is_the_programs(scene: Scene) -> None:
    def fail(*args: object) -> None:
        raise ValueError("of the program")

    with pytest.raises(ValueError, match="of the program"):
        scene(scene.op(fail), Tensor(1))
    assert not scene.problems


def test_an_error_of_ours_is_a_problem_and_the_program_goes_on(tmp_path: Path) -> None:
    def digest(data: object, seed: int) -> int:
        if seed == 99:
            raise ZeroDivisionError("a bug")
        return 1

    scene = Scene(tmp_path, digest=digest)
    assert type(scene(scene.op(lambda *args: Tensor(3)), Tensor(1), 4)) is Tensor
    assert [str(error) for error in scene.problems] == ["a bug"]


def test_a_limit_of_the_wrong_kind_is_a_problem_and_the_program_goes_on(scene: Scene) -> None:
    scene.storages.limit = 1 << 70
    assert type(scene(scene.op(lambda *args: Tensor(3)), Tensor(1))) is Tensor
    assert [type(error) for error in scene.problems] == [TypeError]


class OnDevice(Tensor):
    """Its address is one that the CPU cannot read: the process would end."""

    is_cpu = False

    def data_ptr(self) -> int:
        return 8


def test_memory_of_a_device_is_never_read_here(tmp_path: Path) -> None:
    """A new tensor, one written in place for the first time and again, and one that was remembered on the CPU."""
    remembered = ("float", [0, (5,), (1,)], DATA, 99, 3, ctypes.addressof(DATA))
    scene = Scene(tmp_path, content_types={Tensor, OnDevice}, wholes={2: remembered})
    made = scene.op(lambda *args: OnDevice(3))
    written = scene.op(lambda tensor: tensor, ops.FAST_INPLACE)
    for func, argument in ((made, OnDevice(1)), (written, OnDevice(1)), (written, OnDevice(1)), (written, OnDevice(2))):
        scene(func, argument)
    assert (scene.handed_over, scene.problems, scene.rows()) == (["settle"] * 4, [], ([], []))


def test_an_interrupt_in_our_part_reaches_the_program(tmp_path: Path) -> None:
    def interrupt(data: object, seed: int) -> int:
        raise KeyboardInterrupt

    scene = Scene(tmp_path, digest=interrupt)
    with pytest.raises(KeyboardInterrupt):
        scene(scene.op(lambda *args: Tensor(3)), Tensor(1))


def test_numbers_that_do_not_fit_and_a_full_chunk_go_to_the_writer(scene: Scene) -> None:
    func = scene.op(lambda *args: Tensor(3 + scene.writer.events_written))
    per_chunk = wire.CHUNK_BYTES // wire.EVENT_SIZE
    for _ in range(per_chunk + 2):
        scene(func, Tensor(1))
    assert (scene.writer.events_written, scene.writer.tensors_written) == (per_chunk + 2, per_chunk + 2)
    scene.parts["context"].step = 1 << 32
    scene(func, Tensor(1))
    assert "the trace ends here" in str(scene.writer._problems)
    assert not scene.problems


def test_no_reference_is_lost_or_kept(scene: Scene) -> None:
    """2,000 calls of each kind; a reference too many or too few a call would show in the counts."""
    kept = Tensor(1)

    def fail(*args: object) -> None:
        raise ValueError

    calls = (
        scene.op(lambda *args: Tensor(3)),
        scene.op(lambda tensor, *args: tensor, ops.FAST_INPLACE),
        scene.op(lambda *args: 2.5),
        scene.op(lambda *args: None),
        scene.op(lambda *args: Tensor(2), special=True),
        scene.op(lambda *args: None, treatment=ops.PASS),
        scene.op(fail),
    )
    watched = [kept, Tensor, scene.state, *calls, *scene.infos.values(), *scene.parts.values(), DATA]

    def turn(count: int) -> None:
        for _ in range(count):
            for call in calls:
                with contextlib.suppress(ValueError):
                    scene(call, kept, 2.5, [kept, kept])
                scene.parts["entries"].pop(3, None)
        scene.handed_over.clear()

    turn(10)
    gc.collect()  # what other tests have left may hold any of them, such as None
    before = [sys.getrefcount(value) for value in watched]
    turn(2000)
    gc.collect()
    after = [sys.getrefcount(value) for value in watched]
    assert [n - m for m, n in zip(before, after, strict=True) if abs(n - m) > 50] == []


def test_a_library_that_cannot_be_loaded_is_no_obstacle(tmp_path: Path) -> None:
    broken = tmp_path / "handler"
    Path(str(broken) + importlib.machinery.EXTENSION_SUFFIXES[0]).write_bytes(b"no library")
    assert compiled.make_handler(str(broken), {}) is None
    assert compiled.make_handler(str(tmp_path / "nothing"), {}) is None
    assert compiled.make_handler(PATH, {}) is None
