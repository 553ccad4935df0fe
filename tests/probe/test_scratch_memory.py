"""Working memory that ops hand to their own backward holds garbage; it must not look like a difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from auditor.probe.backends import ops  # noqa: E402 - needs torch


class Names:
    def name(self, text: str) -> int:
        return 1


@pytest.mark.parametrize("packet", sorted(ops._SCRATCH))
def test_scratch_positions_exist_in_the_schema(packet: str) -> None:
    """The table is about ops and results that torch has; those of other builds are left out."""
    namespace, _, name = packet.partition("::")
    op = getattr(getattr(torch.ops, namespace), name, None)
    if op is None:
        pytest.skip(f"this torch has no {packet}")
    for overload in op.overloads():
        info = ops.OpInfo(torch, getattr(op, overload), Names())
        assert max(info.scratch) < len(info.func._schema.returns)


@pytest.mark.parametrize(
    ("packet", "call"),
    [
        (
            "aten::mkldnn_rnn_layer",
            lambda: torch.nn.LSTM(4, 4)(torch.zeros(2, 3, 4)),
        ),
        ("aten::_embedding_bag", lambda: torch.nn.EmbeddingBag(5, 3, mode="sum")(torch.tensor([[0, 1]]))),
    ],
)
def test_ops_of_the_table_are_those_that_modules_call(packet: str, call: Callable[[], Any]) -> None:
    from torch.utils._python_dispatch import TorchDispatchMode

    seen = []

    class Listen(TorchDispatchMode):  # type: ignore[misc]
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append(func._schema.name)
            return func(*args, **(kwargs or {}))

    with Listen():
        call()
    if packet == "aten::mkldnn_rnn_layer" and packet not in seen:
        pytest.skip("this build runs LSTM without oneDNN")
    assert packet in seen
