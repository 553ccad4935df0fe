"""RNG libraries and operators as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import RuleError
from auditor.ruleset import NoneMeaning, load
from auditor.ruleset.library import read_library, read_seeders
from auditor.ruleset.operators import DeterministicMode, read_operators
from auditor.ruleset.table import Table, read_table

RULESET = load()


@pytest.mark.parametrize(
    ("library", "name", "draws"),
    [
        ("numpy.random", "numpy.random.rand", True),
        ("numpy.random", "numpy.random.seed", False),
        ("numpy.random", "numpy.random.default_rng", False),
        ("numpy.random", "numpy.random.Generator.normal", False),
        ("random", "random.shuffle", True),
        ("random", "random.Random", False),
        ("random", "random.SystemRandom.choice", False),
        ("torch", "torch.randn", True),
        ("torch", "torch.nn.Linear", True),
        ("torch", "torch.nn.ReLU", False),
        ("torch", "torch.manual_seed", False),
    ],
)
def test_is_draw(library: str, name: str, draws: bool) -> None:
    assert RULESET.libraries[library].is_draw(name) is draws


@pytest.mark.parametrize(
    ("call", "libraries", "none"),
    [
        ("random.seed", ("random",), NoneMeaning.ENTROPY),
        ("torch.manual_seed", ("torch",), NoneMeaning.INVALID),
        ("torch.set_rng_state", ("torch",), NoneMeaning.FIXED),
        ("lightning.seed_everything", ("random", "numpy.random", "torch", "torch.cuda"), NoneMeaning.FIXED),
        ("stable_baselines3.PPO", ("random", "numpy.random", "torch"), NoneMeaning.NOTHING),
    ],
)
def test_seed_calls_name_their_libraries(call: str, libraries: tuple[str, ...], none: NoneMeaning) -> None:
    seed = RULESET.seed_calls[call]
    assert (seed.seeds, seed.none) == (libraries, none)


def test_missing_and_none_may_mean_different_things() -> None:
    seed = RULESET.seed_calls["monai.utils.set_determinism"]
    assert (seed.missing, seed.none) == (NoneMeaning.FIXED, NoneMeaning.ENTROPY)


def test_star_covers_names_directly_in_a_module_only() -> None:
    models = next(draw for draw in RULESET.libraries["torch"].conditional if "torchvision.models.*" in draw.callees)
    assert models.covers("torchvision.models.resnet18")
    assert not models.covers("torchvision.models.list_models")
    assert not models.covers("torchvision.models.quantization.resnet18")


def test_seeder_of_an_unknown_library_names_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "seeders.toml").write_text('schema = 1\n[[seeder]]\ncalls = ["x.seed"]\nseeds = ["numpy"]\n')
    table = read_table(tmp_path / "seeders.toml", "rules/seeders.toml")
    with pytest.raises(RuleError, match=r"seeder\[1\].seeds: `numpy` is no library; known: cupy.random, jax, numpy"):
        read_seeders(table, RULESET.libraries)


@pytest.mark.parametrize(("words", "tokens"), [({}, ("team",)), ({"tokens": ["draw"]}, ("draw",))])
def test_files_with_the_module_s_name_are_looked_at_where_nothing_else_is_said(
    words: dict[str, object], tokens: tuple[str, ...]
) -> None:
    head = {"id": "x", "title": "x", "module": "team.random", "scope": "process", "advice": "x", **words}
    assert read_library(Table({"library": head, "draw": {}}, "x.toml")).tokens == tokens


def test_library_with_a_wrong_scope_is_refused() -> None:
    head = {"id": "x", "title": "x", "module": "x", "scope": "proces", "advice": "x", "tokens": ["x"]}
    with pytest.raises(RuleError, match=r"x.toml: library.scope: expected one of .*did you mean `process`"):
        read_library(Table({"library": head, "draw": {}}, "x.toml"))


@pytest.mark.parametrize(
    "spelling", ["aten::_index_put_impl_", "aten._index_put_impl_.default", "aten::_index_put_impl_.x"]
)
def test_operator_is_found_by_any_spelling(spelling: str) -> None:
    fact = RULESET.operators.find(spelling, "cpu")
    assert fact is not None
    assert fact.mode is DeterministicMode.SWITCHES
    assert "32,768" in fact.condition


def test_in_place_and_functional_variant_share_a_fact() -> None:
    find = RULESET.operators.find
    assert find("aten::index_add", "cuda:1") is find("aten::index_add_", "cuda") is not None


@pytest.mark.parametrize(("operator", "device"), [("aten::add", "cpu"), ("aten::index_add_", "cpu"), ("", "cuda")])
def test_operator_that_is_deterministic_has_no_fact(operator: str, device: str) -> None:
    assert RULESET.operators.find(operator, device) is None


def test_operator_listed_twice_for_a_device_is_refused() -> None:
    entry = {
        "names": ["aten::x"],
        "devices": ["cpu"],
        "condition": "c",
        "cause": "c",
        "remedy": "r",
        "mode": "raises",
        "sources": ["s"],
        "references": ["https://example.org"],
        "when": ["always"],
    }
    with pytest.raises(RuleError, match=r"operator\[2\].names: `aten::x` on cpu is listed twice"):
        read_operators(Table({"operator": [entry, dict(entry)]}, "operators.toml"))
