"""What the code that Inductor generates says about itself."""

from __future__ import annotations

import pytest

from auditor.probe.profiling.generated import adds_floats, called, facts

CPP = """extern "C" void kernel(const int64_t* in_ptr0, const float* in_ptr1, {kind}* out_ptr0) {{
    #pragma omp parallel num_threads(8)
    {{ atomic_add(&out_ptr0[static_cast<int64_t>(x0 + 8L*tmp2)], static_cast<{kind}>(tmp3)); }}
}}"""
TRITON = """@triton.jit({{'signature': {{'in_ptr0': '*i64', 'out_ptr0': '*{kind}'}}}})
def triton_(in_ptr0, out_ptr0, xnumel):
    tl.atomic_add(out_ptr0 + (tl.broadcast_to(tmp4, [XBLOCK])), tmp5, None)"""


@pytest.mark.parametrize(
    ("source", "adds"),
    [
        (CPP.format(kind="float"), True),
        (CPP.format(kind="double"), True),
        (CPP.format(kind="int64_t"), False),
        (TRITON.format(kind="fp32"), True),
        (TRITON.format(kind="i64"), False),
        ("out_ptr0[x] = tmp0 + tmp1;", False),
        ("atomic_add(&somewhere[0], tmp1);", True),
    ],
)
def test_atomic_additions_of_floats_are_told_from_those_of_whole_numbers(source: str, adds: bool) -> None:
    assert adds_floats(source) is adds


def test_operators_that_the_code_falls_back_on_are_named() -> None:
    source = "torch.ops.aten.index_put_(buf0, [arg1], buf2, True)\nextern_kernels.mm(a, b, out=c)"
    assert called(source) == ["index_put_", "mm"]
    assert dict(facts(source, lambda name: name == "aten::index_put_")) == {"code.atomic": False, "code.listed": True}


def test_code_that_cannot_be_read_says_nothing() -> None:
    assert facts(None, lambda name: True) == []
