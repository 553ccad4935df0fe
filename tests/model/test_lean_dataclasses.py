"""Our dataclasses are the standard library's in everything that we use of them."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pytest

from auditor.model import lean


@pytest.fixture(scope="module", autouse=True, params=[12, 0], ids=["filled", "compiled"])
def way_of_making(request: pytest.FixtureRequest) -> Iterator[None]:
    """Everything holds of instances that are made before `__init__` is compiled, and of those that are made by it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lean, "_FEW", request.param)
        yield


def _declare(module: Any) -> dict[str, Any]:
    """The same classes, once with each implementation."""
    dataclass, field = module.dataclass, module.field

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Plain:
        name: str
        size: int = 3
        parts: tuple[int, ...] = ()

    @dataclass(frozen=True, slots=True, kw_only=True, order=True)
    class Ordered:
        path: str
        line: int = 1

    @dataclass(frozen=True, slots=True)
    class Positional:
        name: str
        table: dict[str, int] = field(default_factory=dict, compare=False, repr=False)

    @dataclass(frozen=True, kw_only=True)
    class Cached:
        number: int

        @cached_property
        def double(self) -> int:
            return 2 * self.number

    @dataclass
    class Loose:
        items: list[int] = field(default_factory=list)
        hidden: int = field(default=7, init=False)

    @dataclass(frozen=True, kw_only=True, eq=False)
    class ByIdentity:
        number: int

    @dataclass(frozen=True, slots=True)
    class Below(Positional):
        depth: int = 0

    @dataclass(kw_only=True)
    class Completed:
        number: int

        def __post_init__(self) -> None:
            self.double = 2 * self.number

    return {name: value for name, value in locals().items() if isinstance(value, type)}


LEAN = _declare(lean)
STANDARD = _declare(dataclasses)
MADE: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Plain", (), {"name": "a"}),
    ("Plain", (), {"name": "a", "size": 4, "parts": (1, 2)}),
    ("Plain", (), {"size": 4}),
    ("Plain", ("a",), {}),
    ("Plain", (), {"name": "a", "unknown": 1}),
    ("Ordered", (), {"path": "a", "line": 2}),
    ("Positional", ("a",), {}),
    ("Positional", ("a", {"b": 1}), {}),
    ("Positional", ("a", {}, 3), {}),
    ("Cached", (), {"number": 4}),
    ("Loose", (), {}),
    ("Loose", ([1],), {}),
    ("Loose", ([1], 8), {}),
    ("ByIdentity", (), {"number": 4}),
    ("Below", ("a", {}, 2), {}),
    ("Below", ("a",), {"depth": 1}),
]


def _outcome(action: Any) -> object:
    """What came of it: the text of a value, or the kind of the error and what it says."""
    try:
        return repr(action())
    except (TypeError, AttributeError) as error:
        return type(error), str(error)


@pytest.mark.parametrize(("name", "given", "named"), MADE)
def test_instances_are_made_shown_and_refused_as_by_the_standard_library(
    name: str, given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    assert _outcome(lambda: LEAN[name](*given, **named)) == _outcome(lambda: STANDARD[name](*given, **named))


@pytest.mark.parametrize("name", sorted(LEAN))
def test_a_class_says_of_itself_what_the_standard_library_says(name: str) -> None:
    def said(cls: Any) -> object:
        fields = [
            (each.name, each.type, each.init, each.repr, each.compare, each.kw_only, each.default, each.default_factory)
            for each in dataclasses.fields(cls)
        ]
        return fields, cls.__match_args__, cls.__doc__ if cls.__doc__ and "(" not in cls.__doc__ else None

    assert said(LEAN[name]) == said(STANDARD[name])
    assert dataclasses.is_dataclass(LEAN[name])


@pytest.mark.parametrize("classes", [LEAN, STANDARD], ids=["lean", "standard"])
def test_equality_order_and_hash_go_by_the_compared_fields(classes: dict[str, Any]) -> None:
    plain, ordered, positional = classes["Plain"], classes["Ordered"], classes["Positional"]
    assert plain(name="a") == plain(name="a", size=3)
    assert plain(name="a") != plain(name="a", size=4)
    assert plain(name="a") != ("a", 3, ())
    assert hash(plain(name="a")) == hash(("a", 3, ()))
    assert positional("a", {"b": 1}) == positional("a", {})
    assert {positional("a"): 1}[positional("a", {"c": 2})] == 1
    assert sorted([ordered(path="b"), ordered(path="a", line=2), ordered(path="a")])[0] == ordered(path="a", line=1)
    assert ordered(path="a") <= ordered(path="a") < ordered(path="b")
    with pytest.raises(TypeError, match="unhashable"):
        hash(classes["Loose"]())
    one = classes["ByIdentity"](number=1)
    assert one != classes["ByIdentity"](number=1)
    assert one in {one}


@pytest.mark.parametrize("classes", [LEAN, STANDARD], ids=["lean", "standard"])
@pytest.mark.parametrize("name", ["Plain", "Cached", "Below"])
def test_frozen_instances_refuse_to_change(classes: dict[str, Any], name: str) -> None:
    made = classes[name](**({"number": 1} if name == "Cached" else {"name": "a"}))
    first = dataclasses.fields(made)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError, match=f"cannot assign to field '{first}'"):
        setattr(made, first, "b")
    with pytest.raises(dataclasses.FrozenInstanceError, match=f"cannot delete field '{first}'"):
        delattr(made, first)


def test_slots_leave_no_dictionary_and_cached_properties_need_one() -> None:
    assert not hasattr(LEAN["Plain"](name="a"), "__dict__")
    assert not hasattr(LEAN["Below"]("a"), "__dict__")
    assert LEAN["Cached"](number=4).double == 8


@pytest.mark.parametrize("replace", [lean.replace, dataclasses.replace], ids=["lean", "standard"])
def test_both_functions_called_replace_take_our_instances(replace: Any) -> None:
    assert replace(LEAN["Plain"](name="a", size=4), name="b") == LEAN["Plain"](name="b", size=4)
    with pytest.raises(TypeError):
        replace(LEAN["Plain"](name="a"), unknown=1)
    with pytest.raises((TypeError, ValueError), match="hidden"):
        replace(LEAN["Loose"](), hidden=1)


@pytest.mark.parametrize("classes", [LEAN, STANDARD], ids=["lean", "standard"])
@pytest.mark.parametrize("asdict", [lean.asdict, dataclasses.asdict], ids=["ours", "theirs"])
def test_both_functions_called_asdict_say_the_same(classes: dict[str, Any], asdict: Any) -> None:
    if classes is STANDARD and asdict is lean.asdict:
        with pytest.raises(TypeError, match="no lean dataclass"):
            asdict(classes["Plain"](name="a"))
        return
    inner = classes["Plain"](name="a", size=4)
    inside = dataclasses.asdict(STANDARD["Plain"](name="a", size=4))
    given = {"one": inner, "many": [inner, (inner, 1)], 3: (None, "x")}
    made = classes["Positional"]("p", given)
    field = dataclasses.fields(made)[1].name
    assert asdict(made)[field] == {"one": inside, "many": [inside, (inside, 1)], 3: (None, "x")}


def test_our_replace_takes_instances_of_the_standard_library() -> None:
    assert lean.replace(STANDARD["Plain"](name="a"), size=9).size == 9


def test_an_instance_completes_itself_when_its_fields_are_set() -> None:
    assert LEAN["Completed"](number=4).double == STANDARD["Completed"](number=4).double == 8


def test_defaults_made_by_a_function_are_not_shared() -> None:
    one, other = LEAN["Loose"](), LEAN["Loose"]()
    one.items.append(1)
    assert other.items == []


@lean.dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    name: str
    parts: tuple[int, ...] = ()


def test_instances_survive_being_pickled_and_copied() -> None:
    sent = Sent(name="a", parts=(1,))
    assert copy.deepcopy(sent) == sent
    assert Sent.__reduce_ex__(sent, 4)[2] == ["a", (1,)]
    assert pickle.loads(pickle.dumps(LEAN_LOCATION)) == LEAN_LOCATION


def _location() -> object:
    from auditor.model.location import Location

    return Location(path="a.py", line=3)


LEAN_LOCATION = _location()


def test_a_method_is_compiled_when_it_is_first_called() -> None:
    class Seen:
        a: int

    made = lean.dataclass(frozen=True)(Seen)
    before = made.__hash__
    assert hash(made(1)) == hash(made(1))
    assert made.__hash__ is not before


def test_making_instances_is_compiled_once_it_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lean, "_FEW", 2)

    class Seen:
        a: int
        b: list[int] = lean.field(default_factory=list)

    made = lean.dataclass(frozen=True)(Seen)
    before = made.__init__
    assert [made(1), made(a=1, b=[])] == [made(1, []), made(1)]
    assert made.__init__ is not before
    assert made(2).a == 2
