"""`dataclass`, `field`, `replace`, `asdict` of the standard library, for what we use of them, at a tenth of the cost.

The standard decorator compiles six methods for every class when its module is imported, and loads `inspect` for that:
more than a scan of a small project takes. Here a method is compiled when it is first called, and most never are.
Instances are as fast; `dataclasses.fields`, `replace` and `is_dataclass` know these classes as their own.
"""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import asdict, dataclass, field, replace

__all__ = ["asdict", "dataclass", "field", "replace"]


class _Missing:
    """Stands for "no default"."""


_MISSING = _Missing()
_FEW = 12
"""Calls of an `__init__` after which it is compiled."""

_ORDER = {"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}


class _Field:
    """What `field()` was told."""

    __slots__ = ("compare", "default", "default_factory", "init", "kw_only", "name", "repr")

    def __init__(self, default: object, default_factory: object, init: bool, shown: bool, compare: bool) -> None:
        self.name = ""
        self.kw_only = False
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = shown
        self.compare = compare

    @property
    def is_optional(self) -> bool:
        return self.default is not _MISSING or self.default_factory is not _MISSING


class _StandardFields:
    """`__dataclass_fields__`: the fields as the functions of `dataclasses` want them, made when they ask."""

    def __get__(self, instance: object, owner: type) -> dict[str, Any]:
        import dataclasses

        found: dict[str, Any] = {}
        for each in owner.__lean_fields__:  # type: ignore[attr-defined]
            given = {"init": each.init, "repr": each.repr, "compare": each.compare, "kw_only": each.kw_only}
            if each.default is not _MISSING:
                given["default"] = each.default
            if each.default_factory is not _MISSING:
                given["default_factory"] = each.default_factory
            made = dataclasses.field(**given)
            made.name = each.name
            made.type = _annotation(owner, each.name)
            made._field_type = dataclasses._FIELD  # type: ignore[attr-defined]  # as `fields` and `replace` look for it
            found[each.name] = made
        return found


def _annotation(owner: type, name: str) -> object:
    return next(base.__annotations__[name] for base in owner.__mro__ if name in getattr(base, "__annotations__", ()))


if not TYPE_CHECKING:

    def field(*, default=_MISSING, default_factory=_MISSING, init=True, repr=True, compare=True):  # noqa: A002
        return _Field(default, default_factory, init, repr, compare)

    def dataclass(cls=None, /, *, frozen=False, slots=False, kw_only=False, eq=True, order=False):
        def make(cls):
            return _make(cls, frozen, slots, kw_only, eq, order)

        return make if cls is None else make(cls)

    def replace(instance, /, **changes):
        if not hasattr(instance, "__lean_fields__"):
            import dataclasses

            return dataclasses.replace(instance, **changes)
        for each in instance.__lean_fields__:
            if not each.init:
                if each.name in changes:
                    raise TypeError(f"field {each.name} is not an argument of {type(instance).__name__}")
            elif each.name not in changes:
                changes[each.name] = getattr(instance, each.name)
        return type(instance)(**changes)

    def asdict(instance):
        """As in `dataclasses`, for these classes; what is no record, list, tuple or table is not copied."""
        if not hasattr(instance, "__lean_fields__"):
            raise TypeError(f"{type(instance).__name__} is no lean dataclass")
        return _as_plain(instance)


def _as_plain(value: Any) -> Any:
    if not isinstance(value, type) and hasattr(value, "__lean_fields__"):
        return {each.name: _as_plain(getattr(value, each.name)) for each in value.__lean_fields__}
    if isinstance(value, dict):
        return {key: _as_plain(each) for key, each in value.items()}
    return type(value)(map(_as_plain, value)) if type(value) in (list, tuple) else value


def _make(cls: Any, frozen: bool, slots: bool, kw_only: bool, eq: bool, order: bool) -> Any:
    own = _own_fields(cls, kw_only)
    by_name = {each.name: each for each in getattr(cls, "__lean_fields__", ())}
    by_name.update((each.name, each) for each in own)
    fields = tuple(by_name.values())
    if slots:
        cls = _with_slots(cls, [each.name for each in own])
    else:
        for each in own:
            if each.default is _MISSING and isinstance(cls.__dict__.get(each.name), _Field):
                delattr(cls, each.name)
            elif each.default is not _MISSING:
                setattr(cls, each.name, each.default)
    cls.__lean_fields__ = fields
    cls.__dataclass_fields__ = _StandardFields()
    positional = tuple(each.name for each in fields if each.init and not each.kw_only)
    type.__setattr__(cls, "__match_args__", positional)
    _put_init(cls, fields, frozen, slots)
    if "__repr__" not in cls.__dict__:
        cls.__repr__ = _repr
    if eq and "__eq__" not in cls.__dict__:
        _put(cls, "__eq__", lambda: _comparison(fields, "__eq__", "=="))
    if frozen:
        cls.__setattr__ = _refuse_to_set
        cls.__delattr__ = _refuse_to_delete
        if slots:
            cls.__getstate__ = _state
            cls.__setstate__ = _take_state
    if eq and cls.__dict__.get("__hash__") is None:
        if frozen:
            _put(cls, "__hash__", lambda: _hash(fields))
        else:
            cls.__hash__ = None
    if order:
        for name, sign in _ORDER.items():
            _put(cls, name, lambda name=name, sign=sign: _comparison(fields, name, sign))  # type: ignore[misc]
    return cls


def _own_fields(cls: type, kw_only: bool) -> list[_Field]:
    found: list[_Field] = []
    namespace = cls.__dict__
    for name, annotation in cls.__annotations__.items():
        if str(annotation).startswith("ClassVar"):
            continue
        given = namespace.get(name, _MISSING)
        each = given if isinstance(given, _Field) else _Field(given, _MISSING, True, True, True)
        each.name, each.kw_only = name, kw_only
        found.append(each)
    return found


def _with_slots(cls: type, names: list[str]) -> Any:
    namespace = dict(cls.__dict__)
    for name in (*names, "__dict__", "__weakref__"):
        namespace.pop(name, None)
    inherited = {slot for base in cls.__mro__[1:] for slot in base.__dict__.get("__slots__", ())}
    namespace["__slots__"] = tuple(name for name in names if name not in inherited)
    made = type(cls)(cls.__name__, cls.__bases__, namespace)
    made.__qualname__ = cls.__qualname__
    return made


def _put(cls: Any, name: str, build: Callable[[], Any]) -> None:
    """Put a method into a class that is compiled by the first call of it."""

    def first(*positional: Any, **named: Any) -> Any:
        method = build()
        method.__qualname__ = f"{cls.__qualname__}.{name}"
        setattr(cls, name, method)
        return method(*positional, **named)

    first.__name__ = name
    first.__qualname__ = f"{cls.__qualname__}.{name}"
    type.__setattr__(cls, name, first)


def _put_init(cls: Any, fields: tuple[_Field, ...], frozen: bool, slots: bool) -> None:
    """Put `__init__` into a class; compiling it takes as long as a dozen calls do without."""
    calls = 0

    def first(self: Any, *positional: Any, **named: Any) -> None:
        nonlocal calls
        calls += 1
        if calls > _FEW or not _fill(self, fields, frozen, positional, named):
            method = _init(cls, fields, frozen, slots)
            method.__qualname__ = f"{cls.__qualname__}.__init__"
            type.__setattr__(cls, "__init__", method)
            method(self, *positional, **named)

    first.__name__ = "__init__"
    first.__qualname__ = f"{cls.__qualname__}.__init__"
    type.__setattr__(cls, "__init__", first)


def _fill(
    self: Any, fields: tuple[_Field, ...], frozen: bool, positional: tuple[object, ...], named: dict[str, object]
) -> bool:
    """Do what a compiled `__init__` does; False where that would complain about the arguments, or call anything."""
    order = [each.name for each in fields if each.init and not each.kw_only]
    given = {**dict(zip(order, positional, strict=False)), **named}
    wanted = [each for each in fields if each.init and (each.name in given or not each.is_optional)]
    if len(given) != len(positional) + len(named) or given.keys() != {each.name for each in wanted}:
        return False
    if hasattr(self, "__post_init__"):
        return False
    put = object.__setattr__ if frozen else setattr
    for each in fields:
        if each.name in given:
            put(self, each.name, given[each.name])
        elif each.default_factory is not _MISSING:
            put(self, each.name, each.default_factory())  # type: ignore[operator]
        elif each.default is not _MISSING:
            put(self, each.name, each.default)
    return True


def _compiled(name: str, parameters: str, lines: list[str], names: dict[str, object]) -> Any:
    body = "\n ".join(lines) or "pass"
    made: dict[str, Any] = {}
    exec(f"def {name}({parameters}):\n {body}", names, made)
    return made[name]


def _init(cls: Any, fields: tuple[_Field, ...], frozen: bool, slots: bool) -> Any:
    names: dict[str, object] = {"_missing": _MISSING, "_set": object.__setattr__}
    positional, lines = ["self"], []
    named: list[str] = []
    for each in fields:
        value = each.name
        if each.default_factory is not _MISSING:
            names[f"_make_{value}"] = each.default_factory
            value = f"_make_{value}() if {value} is _missing else {value}" if each.init else f"_make_{value}()"
        elif not each.init:
            if each.default is _MISSING:
                continue
            names[f"_default_{value}"] = each.default
            value = f"_default_{value}"
        if each.init:
            default = ""
            if each.is_optional:
                names[f"_default_{each.name}"] = _MISSING if each.default is _MISSING else each.default
                default = f"=_default_{each.name}"
            (named if each.kw_only else positional).append(each.name + default)
        if not frozen:
            lines.append(f"self.{each.name} = {value}")
        elif slots:
            names[f"_set_{each.name}"] = getattr(cls, each.name).__set__
            lines.append(f"_set_{each.name}(self, {value})")
        else:
            lines.append(f"_set(self, {each.name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    return _compiled("__init__", ", ".join(positional + (["*", *named] if named else [])), lines, names)


def _values(fields: tuple[_Field, ...], of: str) -> str:
    return "(" + "".join(f"{of}.{each.name}, " for each in fields if each.compare) + ")"


def _comparison(fields: tuple[_Field, ...], name: str, sign: str) -> Any:
    lines = [
        "if other.__class__ is self.__class__:",
        f" return {_values(fields, 'self')} {sign} {_values(fields, 'other')}",
        "return NotImplemented",
    ]
    return _compiled(name, "self, other", lines, {})


def _hash(fields: tuple[_Field, ...]) -> Any:
    return _compiled("__hash__", "self", [f"return hash({_values(fields, 'self')})"], {"hash": hash})


def _repr(self: Any) -> str:
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in self.__lean_fields__ if each.repr)
    return f"{type(self).__qualname__}({shown})"


def _refuse_to_set(self: object, name: str, value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:
    return [getattr(self, each.name) for each in self.__lean_fields__]


def _take_state(self: Any, state: list[object]) -> None:
    for each, value in zip(self.__lean_fields__, state, strict=True):
        object.__setattr__(self, each.name, value)
