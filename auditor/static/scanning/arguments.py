"""What a rule asks of one argument of a call.

Where the source does not tell, the answer is no: an argument hidden behind `**kwargs` is not absent, and a value that
cannot be read off the source equals nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass, replace
from auditor.ruleset.table import Table
from auditor.static.evaluation.fieldsgiven import is_field_given
from auditor.static.evaluation.maybetrue import default_value, may_be_true
from auditor.static.evaluation.scalars import is_number
from auditor.static.evaluation.spread import spread
from auditor.static.evaluation.unset import is_differing, is_unset
from auditor.static.facts import Call, Known, ModuleFacts
from auditor.static.resolution.constants import is_as_large, may_hold_for_none
from auditor.static.scanning.optionvalues import compiled, values
from auditor.static.syntax.elements import is_same
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """What must hold for one argument; everything that is given must hold."""

    name: str
    position: int | None = None
    absent: bool | None = None
    """True: not passed (and not hidden behind `**kwargs`); False: passed."""

    equals: tuple[object, ...] = ()
    """Known to be one of these."""

    sometimes: bool = False
    """With `equals = true`: also where it is true in some calls, `shuffle=(split == "train")` (`maybetrue`)."""

    differs: tuple[object, ...] = ()
    """Known, and none of these."""

    plain: bool = False
    """With `differs`: an option counts as what it is where nobody gives it (`plainvalue`)."""

    given: bool = False
    """Passed, and not known to be None."""

    by_callers: bool = False
    """With `given`: nor a parameter that no call of its function gives, as `super().reset(seed=seed)` hands it on."""

    not_equals: tuple[object, ...] = ()
    """Not known to be one of these, nor where a call leaves it out; holds where it is not passed or not known."""

    known: bool = False
    """A value that can be read off the source."""

    none: bool = False
    """Not passed, or known to be None."""

    entropy: bool = False
    """A value that differs from run to run: time, process id, `hash()` of a string."""

    resolves: frozenset[str] = frozenset()
    """Names something (a function) that is one of these."""

    pattern: re.Pattern[str] | None = None
    """A known string in which this is found."""

    calls: frozenset[str] = frozenset()
    """Holds a call of one of these, at any depth; so does a name that stands for such an expression."""

    is_call: frozenset[str] = frozenset()
    """Is itself a call of one of these."""

    literal: frozenset[str] = frozenset()
    """Is written as one of these: `tuple`, `list`, `set`, `dict`."""

    text: re.Pattern[str] | None = None
    """Found in the source text; where a name stands for a dictionary, in that one's."""

    unread: bool = False
    """A value that cannot be read off the source, and is not known to be a plain number either."""

    below: str = ""
    """Not known to be as large as this other argument, as `batch_size=n` beside `num_envs=n` is."""

    below_position: int | None = None

    def can_hold(self, call: Call) -> bool:
        """Whether it may hold, as far as can be told without knowing any value."""
        if call.argument(self.name, self.position) is not None:
            return self.absent is not True
        return self.holds_when_left_out or call.opaque

    def holds(self, call: Call, module: ModuleFacts) -> bool:
        """Whether the call passes (or leaves out) the argument like this."""
        given = call.argument(self.name, self.position)
        if given is None and call.opaque:
            call = replace(call, node=spread(module, call.node))
            given = call.argument(self.name, self.position)
        if given is None:
            return self.holds_when_left_out and not call.opaque
        if self.absent is True:
            return False
        if self.entropy and not is_differing(given, module):
            return False
        if self.resolves and module.resolve(given) not in self.resolves:
            return False
        if self.calls and _call_within(module.origin(given), self.calls, module) is None:
            return False
        other = call.argument(self.below, self.below_position) if self.below else None
        if other is not None and is_as_large(module, given, other):
            return False
        return self._text_holds(given, module) and self._value_holds(given, module)

    def source(self, call: Call, module: ModuleFacts) -> ast.Call | None:
        """The call of one of `calls` that the argument's value comes from."""
        given = call.argument(self.name, self.position)
        if given is None and call.opaque:
            given = replace(call, node=spread(module, call.node)).argument(self.name, self.position)
        return _call_within(module.origin(given), self.calls, module) if given is not None else None

    def _text_holds(self, given: ast.expr, module: ModuleFacts) -> bool:
        if self.literal and type(given).__name__.lower() not in self.literal:
            return False
        if self.is_call and not (isinstance(given, ast.Call) and module.resolve(given.func) in self.is_call):
            return False
        if self.unread and (isinstance(module.constant(given), Known) or is_number(module, given)):
            return False
        if self.text is None:
            return True
        origin = module.origin(given)
        shown = origin if isinstance(origin, ast.Dict) or _makes_dictionary(origin) else given
        return self.text.search(" ".join(module.text(shown).split())) is not None

    @property
    def holds_when_left_out(self) -> bool:
        """Whether a call that does not pass it is as it has to be."""
        return self.absent is True or self.none or self._only_excludes

    @property
    def _only_excludes(self) -> bool:
        return bool(self.not_equals) and self == Argument(
            name=self.name, position=self.position, not_equals=self.not_equals
        )

    @property
    def only_none(self) -> bool:
        """Whether it asks for nothing but that the argument is None or left out."""
        return self.none and self == Argument(name=self.name, position=self.position, none=True)

    def _value_holds(self, given: ast.expr, module: ModuleFacts) -> bool:
        value = module.constant(given)
        if self.not_equals:
            usual = value if isinstance(value, Known) else default_value(module, given)
            if isinstance(usual, Known) and any(is_same(usual.value, each) for each in self.not_equals):
                return False
        if self.given and isinstance(value, Known) and value.value is None:
            return False
        if self.by_callers and is_unset(given, module):
            return False
        if not (self.equals or self.differs or self.none or self.pattern or self.known):
            return True
        if self.plain and not isinstance(value, Known):
            from auditor.static.evaluation.plainvalue import plain_argument  # which few files need

            value = plain_argument(module, given)
        if not isinstance(value, Known):
            if True in self.equals and (
                may_be_true(module, given) if self.sometimes else may_hold_for_none(module, given)
            ):
                return True
            return self.only_none and is_unset(given, module)
        if self.none and (value.value is not None or is_field_given(given, module)):
            return False
        if self.equals and not any(is_same(value.value, wanted) for wanted in self.equals):
            return False
        if any(is_same(value.value, unwanted) for unwanted in self.differs):
            return False
        if self.pattern is not None:
            return isinstance(value.value, str) and self.pattern.search(value.value) is not None
        return True


def read_arguments(table: Table) -> Iterator[Argument]:
    """Read the tables of `arguments`."""
    arguments = table.table("arguments")
    if arguments is None:
        return
    for name in arguments.keys():  # noqa: SIM118
        if not isinstance(arguments.value(name), Mapping):
            from auditor.ruleset.table import describe

            found = describe(arguments.value(name))
            raise arguments.complain(name, f"expected a table with `equals` or `absent`, found {found}")
        yield _read_argument(arguments.required_table(name), name)
    arguments.finish()


def _read_argument(entry: Table, name: str) -> Argument:
    argument = Argument(
        name=name,
        position=entry.position("position"),
        absent=entry.boolean("absent", True) if "absent" in entry else None,
        equals=values(entry, "equals"),
        sometimes=entry.boolean("sometimes", False),
        differs=values(entry, "differs"),
        plain=entry.boolean("plain", False),
        not_equals=values(entry, "not_equals"),
        known=entry.boolean("known", False),
        given=entry.boolean("given", False),
        by_callers=entry.boolean("by_callers", False),
        none=entry.boolean("none", False),
        entropy=entry.boolean("entropy", False),
        resolves=frozenset(entry.strings("resolves")),
        calls=frozenset(entry.strings("calls")),
        is_call=frozenset(entry.strings("is_call")),
        literal=frozenset(entry.strings("literal")),
        unread=entry.boolean("unread", False),
        below=entry.string("below") if "below" in entry else "",
        below_position=entry.position("below_position"),
        text=compiled(entry, "text"),
        pattern=compiled(entry, "pattern"),
    )
    entry.finish()
    if argument == Argument(name=name, position=argument.position):
        raise entry.complain(
            "", "expected a condition: `absent`, `given`, `equals`, `differs`, `none`, `entropy`, `pattern`, …"
        )
    return argument


def _makes_dictionary(node: ast.expr) -> bool:
    """`dict(device="cuda")`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict"


def _call_within(node: ast.expr, names: frozenset[str], module: ModuleFacts) -> ast.Call | None:
    """The first call of one of these in an expression."""
    inner = {id(each) for each in walk(node) if isinstance(each, ast.Call)}
    return next((call.node for call in module.calls_to(names) if id(call.node) in inner), None)
