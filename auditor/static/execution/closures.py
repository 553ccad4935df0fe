"""What a function inside another one finds settled around it: `convert(data, shuffle=False)` and the `build` in it."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.frame import Frame
from auditor.static.syntax.bindings import Function

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.seedvalue import Seen

_NONE: Mapping[str, Seen] = {}


def settled_around(module: ModuleFacts, function: Function, frame: Frame) -> Mapping[str, Seen]:
    """The parameters of the function around one that the call of that settles, where `frame` calls the one inside.

    It is called by the function around it, by itself or by another one beside it.
    """
    around = module.enclosing_function(function) if frame.settled and frame.module is module else None
    caller = frame.function
    if around is None or caller is None or around not in (caller, module.enclosing_function(caller)):
        return _NONE
    own, outer, calling = (module.index.scopes.get(each) for each in (function, around, caller))
    if own is None or outer is None or calling is None:
        return _NONE
    hidden = {*own.bindings, *own.elsewhere, *(() if caller is around else calling.bindings)}
    return {
        name: frame.values[name]
        for name in sorted(frame.settled - hidden)
        if name in frame.values and len(outer.bindings.get(name, ())) == 1
    }
