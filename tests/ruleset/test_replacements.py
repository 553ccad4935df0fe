"""Every replacement of `rules/operators_replaced.toml` computes what the operator computes, values and gradients."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from auditor.ruleset import load, load_replacements
from auditor.ruleset.replacements import Replacement, plain_text
from auditor.static.engine import Engine, find_files
from auditor.static.facts import Call, ModuleFacts
from auditor.static.scanning.operatorcall import entry_for, replaced

TABLE = load_replacements()
ENGINE = Engine(load(), ())
HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"


def images(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(len(shape) + sum(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64)


IMAGE, BATCH, LINE, CUBE, LEVELS = (
    images(2, 3, 7, 5),
    images(1, 2, 6, 6),
    images(2, 3, 8),
    images(2, 2, 5, 6, 7),
    images(4, 9),
)
GRID = images(2, 4, 6, 2) * 0.9
INDEX = torch.tensor([0, 2, 2, 1])

# The call, and the tensors that it gets, the first ones with a gradient where they are floating point.
CASES: tuple[tuple[str, tuple[torch.Tensor, ...]], ...] = (
    *((f'F.interpolate(x, size={size}, mode="bicubic", align_corners={corners})', (image,))
      for size in ("(9, 4)", "3", "(1, 1)") for corners in (True, False) for image in (IMAGE, BATCH)),
    *((f'F.interpolate(x, None, {scale}, "bicubic", recompute_scale_factor={again})', (IMAGE,))
      for scale in ("2", "(1.7, 0.6)", "0.5") for again in (True, None)),
    *((f'F.interpolate(x, size={size}, mode="linear", align_corners={corners})', (LINE,))
      for size in (1, 5, 13, 8) for corners in (True, False)),
    *((f'F.interpolate(x, size=(4, 11), mode="{mode}", antialias=True, align_corners={corners})', (IMAGE,))
      for mode in ("bilinear", "bicubic") for corners in (False, True)),
    ('F.interpolate(x, size=(3, 4), mode="area")', (IMAGE,)),
    ('F.interpolate(x, scale_factor=0.5, mode="area")', (CUBE,)),
    ('F.interpolate(x + 1, scale_factor=(2.0, 3.0), mode="bicubic")', (images(0, 3, 4, 4),)),
    ('F.upsample(x, scale_factor=2, mode="bicubic")', (IMAGE,)),
    ('nn.Upsample(scale_factor=2, mode="bicubic")(x)', (IMAGE,)),
    ('nn.Upsample((9, 9), None, "bicubic", True)(x)', (IMAGE,)),
    ('nn.Upsample(size=5, mode="linear")(x)', (LINE,)),
    *((f"F.adaptive_avg_pool2d(x, {size})", (image,))
      for size in (1, 3, "(7, 2)", "(None, 3)", "(9, 11)") for image in (IMAGE, images(3, 7, 5))),
    *((f"F.adaptive_avg_pool3d(x, {size})", (CUBE,)) for size in (2, "(5, 1, 3)", "(None, 2, 9)")),
    ("nn.AdaptiveAvgPool2d((3, 2))(x)", (IMAGE,)),
    ("nn.AdaptiveAvgPool3d(output_size=2)(x)", (CUBE,)),
    *((f"F.adaptive_max_pool2d(x, {size})", (image,))
      for size in (1, 3, "(7, 2)", "(None, 3)", "(9, 11)") for image in (IMAGE, images(3, 7, 5))),
    ("nn.AdaptiveMaxPool2d(3)(x)", (IMAGE,)),
    *((f"F.avg_pool3d(x, {arguments})", (cube,))
      for arguments in ("2", "3, 1", "(2, 3, 2), (1, 2, 2), (1, 0, 1)", "3, 2, 1, True", "3, 2, 1, True, False",
                        "kernel_size=2, ceil_mode=True", "3, stride=2, padding=1, count_include_pad=False")
      for cube in (CUBE, images(2, 5, 6, 7))),
    ("nn.AvgPool3d(2, padding=1)(x)", (CUBE,)),
    ("nn.AvgPool3d((1, 2, 3), 2, ceil_mode=True)(x)", (CUBE,)),
    *((f'F.pad(x, {pad}, mode="reflect")', (tensor,))
      for pad, tensor in (("(2, 3)", LINE), ("(1, 0)", images(3, 8)), ("(1, 2, 3, 0)", IMAGE),
                          ("(1, 2, 0, 3, 2, 1)", CUBE))),
    ('F.pad(x, [2, 2], "reflect")', (LINE,)),
    ("nn.ReflectionPad1d(2)(x)", (LINE,)),
    ("nn.ReflectionPad1d((0, 3))(x)", (LINE,)),
    ("nn.ReflectionPad3d((1, 2, 0, 1, 2, 2))(x)", (CUBE,)),
    *((f"F.cross_entropy(x, y{rest})", (images(2, 4, 3, 5), torch.arange(30).view(2, 3, 5) % 4))
      for rest in ("", ", ignore_index=2", ', reduction="sum"', ", torch.arange(1.0, 5.0).double()",
                   ", label_smoothing=0.1, weight=torch.arange(1.0, 5.0).double(), ignore_index=0")),
    ("F.cross_entropy(x.float() * 2, y)", (images(2, 4, 3, 5, 2), torch.arange(60).view(2, 3, 5, 2) % 4)),
    ("F.cross_entropy(x, y)", (images(6, 4), torch.arange(6) % 4)),
    ("nn.CrossEntropyLoss(ignore_index=1)(x, y)", (images(2, 4, 3, 5), torch.arange(30).view(2, 3, 5) % 4)),
    ("nn.NLLLoss()(F.log_softmax(x, 1), y)", (images(2, 4, 3, 5), torch.arange(30).view(2, 3, 5) % 4)),
    ("nn.CTCLoss(zero_infinity=True)(x, y, lengths, sizes)",
     (images(12, 2, 5).log_softmax(2), torch.arange(8).view(2, 4) % 4 + 1, torch.tensor([12, 9]),
      torch.tensor([4, 2]))),
    ("F.nll_loss(F.log_softmax(x, 1), y, ignore_index=1)", (images(2, 4, 3, 5), torch.arange(30).view(2, 3, 5) % 4)),
    *((f"F.ctc_loss(x, y, lengths, sizes{rest})",
       (images(12, 3, 5).log_softmax(2), torch.arange(12).view(3, 4) % 4 + 1, torch.tensor([12, 10, 9]),
        torch.tensor([4, 3, 2])))
      for rest in ("", ', reduction="sum"', ", blank=0, zero_infinity=True")),
    *((f"F.grid_sample(x, y{rest})", (IMAGE, GRID))
      for rest in ("", ", align_corners=True", ', "bilinear", "border"',
                   ', padding_mode="border", align_corners=True')),
    ("F.grid_sample(x, y, align_corners=False)", (IMAGE, GRID * 3)),
    *((f"F.grid_sample(x, y{rest})", (CUBE, images(2, 3, 4, 2, 3)))
      for rest in ("", ", align_corners=True", ', padding_mode="border", align_corners=False')),
    *((f"torch.bincount(y, {rest})", (images(6).abs(), torch.tensor(index, dtype=torch.long)))
      for rest in ("x.detach()[: len(y)]", "weights=x.detach()[: len(y)], minlength=9", "x.detach()[: len(y)].float()",
                   "(x.detach()[: len(y)] * 9).long(), 2")
      for index in ([0, 3, 3, 1, 3, 0], [], [5])),
    ("y.bincount(weights=x.detach())", (images(4).abs(), INDEX)),
    *((f"torch.histc(x{rest})", (values,))
      for rest in ("", ", 7", ", bins=5, min=-1, max=1", ", 4, 0, 3")
      for values in (images(40), torch.arange(12.0) % 4, torch.zeros(0), torch.ones(3))),
    *((f'torch.index_reduce(x, {dim}, y, z, "{reduce}"{rest})', (images(4, 9), index, images(*shape)))
      for reduce in ("amax", "amin", "mean") for rest in ("", ", include_self=False")
      for dim, index, shape in ((0, INDEX, (4, 9)), (-1, torch.tensor([8, 8, 0]), (4, 3)))),
    ('x.clone().index_reduce(0, y, z, "amax")', (images(4, 9), INDEX, images(4, 9))),
    ('x.index_reduce_(0, y, z, "mean")', (images(4, 9), INDEX, images(4, 9))),
    ("x.put_(y, z)", (images(4, 9), torch.tensor([[0, 35], [7, 3]]), images(2, 2))),
    *((f"x.topk({rest})", (tensor,))
      for rest in ("3", "2, 0", "1, dim=-1, largest=False", "k=2, dim=1") for tensor in (LEVELS, images(3, 2))
      if not (rest == "3" and tensor is not LEVELS)),
    ("torch.topk(x, 2)[1]", (LEVELS,)),
    *((f"x.kthvalue({rest})", (LEVELS,)) for rest in ("3", "1, 0", "2, dim=1, keepdim=True")),
    *((f"torch.median(x, {rest})", (tensor,))
      for rest in ("0", "dim=-1", "dim=1, keepdim=True") for tensor in (LEVELS, images(5, 4), images(1, 1))),
    ("x.median(dim=1).values", (LEVELS,)),
    *((f"torch.sort(x{rest})", (LEVELS,)) for rest in ("", ", 0", ", dim=1, descending=True", ", -1, True")),
    ("x.sort(0, True)", (LEVELS,)),
    ("x.argsort()", (LEVELS,)),
    ("torch.argsort(x, 1, True)", (LEVELS,)),
    ("F.embedding_bag(y, x, mode='max')", (images(7, 3), torch.tensor([[0, 1, 1], [6, 2, 2]]))),
    *((f"F.max_unpool{dims}d(x, y, {rest})", F.__dict__[f"max_pool{dims}d"](tensor, 2, return_indices=True))
      for dims, tensor in ((1, LINE), (2, BATCH), (3, images(1, 2, 4, 4, 4)))
      for rest in ("2", "kernel_size=2, stride=2")),
    *((f"nn.MaxUnpool{dims}d(2)(x, y)", F.__dict__[f"max_pool{dims}d"](tensor, 2, return_indices=True))
      for dims, tensor in ((1, LINE), (2, BATCH), (3, images(1, 2, 4, 4, 4)))),
    ("F.max_unpool2d(x, y, 2, output_size=(7, 7))", F.max_pool2d(images(1, 2, 7, 7), 2, return_indices=True)),
)  # fmt: skip
NAMES = ("x", "y", "z")


def facts(call: str, folder: Path) -> tuple[ModuleFacts, Call]:
    """The call in a function of tensors, as the auditor sees it."""
    names = _names(call)
    annotated = ", ".join(f"{name}: torch.Tensor" for name in names)
    (folder / "module.py").write_text(f"{HEAD}def work({annotated}):\n    return {call}\n")
    (folder / "requirements.txt").write_text("torch==2.6.0\n")
    project = ENGINE.project(find_files(folder, [folder], ()))
    module = project.module("module.py")
    assert module is not None
    matching = [each for each in module.calls if entry_for(module, each, project) is not None]
    assert len(matching) == 1, call
    return module, matching[0]


def _names(call: str) -> tuple[str, ...]:
    return ("x", "y", "lengths", "sizes") if "lengths" in call else NAMES


def entry_of(call: str, folder: Path) -> tuple[Replacement, str]:
    """The entry of the table, and the expression with the replacement in it."""
    module, found = facts(call, folder)
    entry = entry_for(module, found, module.project)
    assert entry is not None
    text = replaced(module, found, entry)
    return entry, call.replace(ast.get_source_segment("\n".join(module.lines), found.node) or "", plain_text(text))


def value_of(expression: str, entry: Replacement | None, tensors: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """What an expression gives, all tensors of it, and the gradients of the tensors that it gets."""
    space: dict[str, object] = {"torch": torch, "nn": nn, "F": F}
    if entry is not None and entry.helper is not None:
        for helper in TABLE.with_needs(entry.helper):
            exec(plain_text(helper.text), space)
    given = [tensor.clone().requires_grad_(tensor.is_floating_point()) for tensor in tensors]
    held = [each * 1 for each in given]  # no leaves: some of the operators write into what they get
    space |= dict(zip(_names(expression), held, strict=False))
    result = eval(expression, space)
    results = tuple(result) if isinstance(result, tuple) else (result,)
    wanted = [each for each in results if each.requires_grad]
    if wanted:
        weights = [torch.linspace(-1, 2, each.numel(), dtype=each.dtype).view(each.shape) for each in wanted]
        sum((each * weight).sum() for each, weight in zip(wanted, weights, strict=True)).backward()
    gradients = tuple(each.grad for each in given if each.grad is not None)
    return (*(each.detach() for each in results), *gradients)


@pytest.mark.parametrize(("call", "tensors"), CASES)
def test_replacement_gives_the_same_values_and_gradients(
    call: str, tensors: tuple[torch.Tensor, ...], tmp_path: Path
) -> None:
    entry, expression = entry_of(call, tmp_path)
    expected, found = value_of(call, None, tensors), value_of(expression, entry, tensors)
    assert [each.shape for each in expected] == [each.shape for each in found]
    assert [each.dtype for each in expected] == [each.dtype for each in found]
    for one, other in zip(expected, found, strict=True):
        close = 1e-5 if torch.float32 in (one.dtype, expected[0].dtype) else 1e-9
        assert torch.allclose(one.double(), other.double(), rtol=close, atol=close)


def test_every_replacement_is_compared(tmp_path: Path) -> None:
    compared = {id(entry_of(call, tmp_path)[0]) for call, _ in CASES}
    left_out = [sorted(entry.callees) for entry in TABLE.entries if entry.to and id(entry) not in compared]
    assert left_out == []
