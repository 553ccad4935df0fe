"""Operators without a deterministic kernel: how their replacement gets into a file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Fix = Callable[..., object]
HEAD = "import torch\nimport torch.nn.functional as F\n\n\nclass Net(torch.nn.Module):\n    def forward(self, x, y):\n"
CUDA = '\n\ndevice = torch.device("cuda")\n'


def net(expression: str) -> str:
    return f"{HEAD}        return {expression}\n{CUDA}"


def test_only_what_is_called_changes_and_a_helper_is_put_above(fix: Fix) -> None:
    call = "F.interpolate(  # to the size of the masks\n            x, scale_factor=2, mode='bicubic'\n        )"
    fixed = fix("RA208", {"net.py": net(call)})
    text = fixed.texts["net.py"]
    assert call.replace("F.interpolate", "resize_by_matmul") in text
    assert text.index("def resize_by_matmul(") < text.index("class Net")
    assert (fixed.left, len(fixed.patches)) == (0, 1)


def test_two_calls_share_one_helper(fix: Fix) -> None:
    fixed = fix("RA225", {"net.py": net("torch.bincount(x, y), torch.bincount(y, weights=x, minlength=3)")})
    text = fixed.texts["net.py"]
    assert text.count("def weighted_bincount(") == 1
    assert "weighted_bincount(x, y), weighted_bincount(y, weights=x, minlength=3)" in text
    assert (fixed.left, len(fixed.patches)) == (0, 2)


def test_methods_hand_their_object_over(fix: Fix) -> None:
    text = fix("RA227", {"net.py": net("x.topk(3, dim=0).indices").replace("x, y)", "x: torch.Tensor, y)")}).texts
    assert "stable_topk(x, 3, dim=0).indices" in text["net.py"]


def test_positions_of_sort_get_names(fix: Fix) -> None:
    text = fix("RA227", {"net.py": net("torch.sort(x, 1, True)")}).texts["net.py"]
    assert "torch.sort(x, stable=True, dim=1, descending=True)" in text


@pytest.mark.parametrize(
    ("rule", "expression", "words"),
    [
        ("RA217", "torch.nn.EmbeddingBag(9, 3, mode='max')", "rows of a matrix"),
        ("RA225", "x.index_reduce(0, y, x, 'prod')", "no deterministic kernel"),
        ("RA207", "torch.scatter_reduce(x, 0, y, x, 'prod')", "no deterministic kernel"),
        ("RA222", "torch.nn.FractionalMaxPool2d(2, 4)", "drawn at random"),
        ("RA210", "F.ctc_loss(self.net(x), y, 1, 2)", "twice"),
        ("RA211", "F.adaptive_max_pool2d(x, 3, return_indices=True)", "indices"),
    ],
)
def test_what_has_no_replacement_says_why(fix: Fix, rule: str, expression: str, words: str) -> None:
    fixed = fix(rule, {"net.py": net(expression)})
    assert fixed.texts == {}
    assert [words in refused.reason for refused in fixed.refused] == [True]


def test_outside_of_modules_a_person_decides(fix: Fix) -> None:
    body = "def load(table):\n    return F.interpolate(table, size=(7, 7), mode='bicubic')\n"
    source = f"import torch\nimport torch.nn.functional as F\n\n\n{body}"
    fixed = fix("RA208", {"load.py": f"{source}{CUDA}"})
    assert [patch.applicability.value for patch in fixed.patches] == ["display"]


def test_uninitialised_memory_is_filled_unless_an_argument_has_no_equal(fix: Fix) -> None:
    source = "import torch\n\ntotal = torch.empty(3{}) + 1\n"
    assert fix("RA213", {"a.py": source.format(", device='cpu'")}).texts["a.py"] == source.replace(
        "empty", "zeros"
    ).format(", device='cpu'")
    refused = fix("RA213", {"a.py": source.format(", memory_format=torch.contiguous_format")})
    assert (refused.texts, len(refused.refused)) == ({}, 1)


def test_arguments_that_may_hide_in_others_are_left_to_people(fix: Fix) -> None:
    source = (
        "import torch\n\noptions = {}\nmodel = torch.compile(torch.nn.Linear(2, 2), mode='max-autotune', **options)\n"
    )
    assert 'mode="default"' in fix("RA215", {"a.py": source}).texts["a.py"]
    source = "import optuna\n\nstudy = optuna.create_study()\nstudy.optimize(print, 3, None, 4)\n"
    assert "study.optimize(print, 3, None, 1)" in fix("RA505", {"a.py": source}).texts["a.py"]


def test_a_seed_joins_what_a_dictionary_holds(fix: Fix) -> None:
    source = "from mmengine.runner import Runner\n\nrunner = Runner(model=None, work_dir='o', randomness={})\n"
    fixed = fix("RA515", {"a.py": source.format("dict(deterministic=True)")})
    assert "randomness=dict(deterministic=True, seed=0)" in fixed.texts["a.py"]
    fixed = fix("RA515", {"a.py": source.format('{"seed": None, "deterministic": True}')})
    assert 'randomness={"seed": 0, "deterministic": True}' in fixed.texts["a.py"]


def test_several_targets_of_one_assignment_are_left_to_people(fix: Fix) -> None:
    source = (
        "import torch\n\ntorch.backends.cudnn.benchmark = torch.backends.cudnn.enabled = True\ntorch.device('cuda')\n"
    )
    fixed = fix("RA201", {"a.py": source})
    assert (fixed.texts, [("split" in each.reason) for each in fixed.refused]) == ({}, [True])


def test_products_in_csr_layout_are_the_same_up_to_rounding_and_so_are_their_gradients() -> None:
    """What the patch of RA238 makes of `torch.sparse.mm` and `addmm`."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    indices, values, base = torch.randint(0, 5, (2, 9)), torch.randn(9), torch.randn(5, 3)
    found = []
    for csr in (False, True):
        weights, dense = values.clone().requires_grad_(), base.clone().requires_grad_()
        matrix = torch.sparse_coo_tensor(indices, weights, (5, 5), check_invariants=True)
        matrix = matrix.to_sparse_csr() if csr else matrix
        product = torch.sparse.mm(matrix, dense)
        product.square().sum().backward()
        assert dense.grad is not None
        assert weights.grad is not None
        found.append((product, torch.sparse.addmm(base, matrix.detach(), base), dense.grad, weights.grad))
    for plain, patched in zip(*found, strict=True):
        assert torch.allclose(plain, patched, rtol=1e-5, atol=1e-6)


def test_what_is_coalesced_on_a_gpu_is_left_to_people(fix: Callable[..., object]) -> None:
    source = "import torch\n\nmatrix = torch.eye(3).to_sparse().cuda()\ntotal = torch.sparse.sum(matrix)\n"
    fixed = fix("RA238", {"train.py": source})
    assert not fixed.texts
    assert ["coalesce on the CPU" in each.reason for each in fixed.refused] == [True]


def test_an_expression_that_is_wrapped_gets_parentheses(fix: Callable[..., object]) -> None:
    head = "import torch\n\na = torch.eye(3).to_sparse().cuda()\n"
    source = (
        head + "b = torch.sparse.mm(a + a, a.to_dense())\nc = torch.sparse.mm(mat1=a if b is None else a.t(), mat2=b)\n"
    )
    fixed = fix("RA238", {"train.py": source})
    expected = source.replace("a + a", "(a + a).to_sparse_csr()")
    expected = expected.replace("a if b is None else a.t()", "(a if b is None else a.t()).to_sparse_csr()")
    assert fixed.texts["train.py"] == expected
    assert fixed.left == 0
