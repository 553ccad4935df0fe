"""The frames of calls: what the parameters of the project's own functions are bound to."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.furtherarguments import keyword_rest, leaves_out, positional_rest, spread_given
from auditor.static.evaluation.modes import is_mode
from auditor.static.evaluation.written import given_by
from auditor.static.execution.closures import settled_around
from auditor.static.execution.owngenerators import makes_generator
from auditor.static.execution.ownmethods import is_on_new_object, set_so_far
from auditor.static.execution.settledparameters import bound_again, is_called_as_it_is, is_settled_by_default
from auditor.static.execution.wrappedcalls import keeps_places, put_on
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.indirect import is_configured
from auditor.static.resolution.lengths import with_kept_lengths
from auditor.static.resolution.seedvalue import GIVEN, Seen, constant
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance
from auditor.static.resolution.wrappers import kept, maker_of
from auditor.static.syntax.bindings import Function

if TYPE_CHECKING:
    from auditor.static.evaluation.switches import Switches
    from auditor.static.execution.walk import Walk


class CallFrames:
    """The frames of what one program calls."""

    def __init__(self, walk: Walk, switches: Switches) -> None:
        self._walk = walk
        self._switches = switches

    def frame_of(
        self,
        ref: FunctionRef,
        node: ast.Call | None,
        frame: Frame,
        *,
        defaults: bool = True,
        makers: bool = True,
        made: Instance | None = None,
    ) -> Frame:
        """A frame with the parameters bound as the call gives them.

        `makers`: what the function around it was given is known, too, where the call names what made it.
        """
        module, function = ref.module, ref.node
        inside = Frame(module, function, self._parent(ref, frame))
        inside.values = {**settled_around(module, function, frame)}
        inside.settled.update(inside.values)
        signature = module.written.signature(function)
        positional = signature.positional
        is_own = ref.bound or signature.kind == "class"
        if ref.owner is not None and signature.kind != "static" and positional and is_own:
            self._bind_own(inside, ref.owner, node, frame, made)
            positional = positional[1:]
        given = given_by(node, positional, signature.keyword_only)
        spread = spread_given(self._walk.evaluator, node, frame, positional, signature.keyword_only)
        defaults = defaults and not is_configured(ref)
        for name in (*positional, *signature.keyword_only):
            if name in given:
                self._bind_given(inside, name, given[name], frame)
            elif spread is not None and name in spread.known:
                inside.values[name] = spread.known[name]
                if spread.known[name].is_written:
                    inside.settled.add(name)
            elif defaults and leaves_out(self._walk.evaluator, spread, name, frame):
                inside.values[name] = self._walk.evaluator.parameter(inside, function, name)
                if (
                    node is not None
                    and is_called_as_it_is(function)
                    and is_settled_by_default(signature.defaults[name])
                ):
                    inside.settled.add(name)
            elif defaults and self._stays_off(name, signature.defaults[name]):
                inside.values[name] = constant(False)
                inside.settled.add(name)
            else:
                inside.values[name] = GIVEN
        inside.settled -= bound_again(module, function, inside.settled)
        if function.args.vararg is not None:
            inside.values[function.args.vararg.arg] = positional_rest(
                self._walk.evaluator, node, frame, len(positional)
            )
        if function.args.kwarg is not None:
            inside.values[function.args.kwarg.arg] = keyword_rest(self._walk.evaluator, node, frame, given, spread)
        if node is not None and makers:
            self._bind_around(inside, ref, node, frame)
        return inside

    def _parent(self, ref: FunctionRef, frame: Frame) -> Frame:
        """The frame of what stands around a function: that of a function around it where this is being followed."""
        is_around = frame.module is ref.module and frame.function is not None
        if is_around and ref.module.enclosing_function(ref.node) is frame.function:
            return frame
        return self._walk.module_frame(ref.module)

    def _bind_own(
        self, inside: Frame, owner: ClassRef, node: ast.Call | None, frame: Frame, made: Instance | None
    ) -> None:
        """Bind the first parameter of a method: to its object, and what is known of that, or to its class."""
        function = inside.function
        assert function is not None
        signature = inside.module.written.signature(function)
        first = signature.positional[0]
        inside.bind(function, first, owner if signature.kind == "class" else self.own_object(owner, node, frame))
        inside.is_making = inside.is_making or is_on_new_object(node, frame)
        inside.values |= {f"{first}.{name}": seen for name, seen in set_so_far(node, frame).items()}
        inside.made = made if made is not None else _own(owner, node, frame)
        for name, seen in self._switches_of(owner, inside.made) if signature.kind == "instance" else ():
            inside.values[f"{first}.{name}"] = seen
            inside.settled.add(f"{first}.{name}")

    def _bind_given(self, inside: Frame, name: str, given: ast.expr, frame: Frame) -> None:
        """Bind a parameter to the argument that the call writes for it."""
        function = inside.function
        assert function is not None
        inside.values[name] = self._walk.evaluator.given(given, frame, inside.module)
        if isinstance(given, ast.Constant) or frame.is_settled(given) or makes_generator(given, frame):
            inside.settled.add(name)
        else:
            self._count(inside, function, name, given)
        value = frame.resolve(given)
        if value is not None:
            inside.bind(function, name, value)

    def _bind_around(self, inside: Frame, ref: FunctionRef, node: ast.Call, frame: Frame) -> None:
        """Know what the function around it was given, where the call names what made it."""
        maker = maker_of(ref, node, frame)
        if maker is None:
            return
        outer = frame if maker.is_beside else self._walk.module_frame(frame.module)
        around = self.frame_of(maker.function, maker.call, outer, makers=False).values
        names = around.keys() & kept(maker.function, ref.node)
        inside.values = {**{name: around[name] for name in names}, **inside.values}

    def _stays_off(self, name: str, default: ast.expr | None) -> bool:
        """`create_loader(data, **config)` with `is_training=False`, in a program that does not train."""
        return is_mode(name) and isinstance(default, ast.Constant) and default.value is False and not self._walk.trains

    def _count(self, inside: Frame, function: Function, name: str, given: ast.expr) -> None:
        """Keep how long a list is that a call writes out: `generator([latent])`."""
        if not isinstance(given, ast.List | ast.Tuple) or any(isinstance(part, ast.Starred) for part in given.elts):
            return
        if name in with_kept_lengths(inside.module, function):
            inside.lengths[name] = len(given.elts)

    def frame_through(
        self,
        node: ast.Call,
        frame: Frame,
        ref: FunctionRef,
        outer: tuple[ast.Call | None, Frame],
        *,
        defaults: bool,
        made: Instance | None,
    ) -> Frame:
        """The frame of a decorated function: as the call outside gives it, with what the decorator's call puts on."""
        if not keeps_places(node, frame):
            inside = self.frame_of(ref, None, frame, defaults=False, made=made)
        else:
            inside = self.frame_of(ref, *outer, defaults=defaults, made=made)
        put_on(self._walk.evaluator, node, frame, inside)
        return inside

    def own_object(self, owner: ClassRef, node: ast.Call | None, frame: Frame) -> Instance:
        """`self` in a method that `node` calls; of tables it counts which one it is."""
        called = node.func if node is not None else None
        made = frame.resolve(called.value) if isinstance(called, ast.Attribute) else None
        if isinstance(made, Instance) and self._walk.relevance.registries.is_table(made):
            return made
        return Instance(owner)

    def _switches_of(self, owner: ClassRef, made: Instance | None) -> Iterable[tuple[str, Seen]]:
        """What attributes of the object are that a method works on: in all of its class, and in just this one."""
        own = self._switches.of_object(made) if made is not None and made.of == owner else {}
        return {**self._switches.of(owner), **own}.items()


def _own(owner: ClassRef, node: ast.Call | None, frame: Frame) -> Instance | None:
    """The object of which a method calls another one: `self.augment(image)`."""
    holder = getattr(getattr(node, "func", None), "value", None)
    is_own = frame.made is not None and isinstance(holder, ast.Name) and frame.resolve(holder) == Instance(owner)
    return frame.made if is_own else None
