"""Draws of objects that are made to be looked at: what a seed behind them would have to make up for is nothing."""

from __future__ import annotations

import ast
from weakref import WeakKeyDictionary

from auditor.model.location import Location
from auditor.static.facts import ModuleFacts
from auditor.static.programwide.throwaway import is_only_looked_at
from auditor.static.project import Project
from auditor.static.resolution.library_verdict import Draw
from auditor.static.resolution.values import ClassRef

_PLACES: WeakKeyDictionary[ModuleFacts, dict[Location, ast.Call]] = WeakKeyDictionary()
"""Calls by where they stand, of files that stand on the way to draws."""


def is_for_looking(draw: Draw, project: Project) -> bool:
    """Whether a draw stands on the way to an object that is made to be looked at, and dropped before the seed.

    Of what a file makes outside of functions that holds for networks: numbers that are printed are there to be read,
    and what a function gives may keep weights.
    """
    is_weight = project.networks.initialises(draw.callee)
    for place in (*draw.via, draw.location):
        module = project.module(place.path)
        call = _standing_at(module, place) if module is not None else None
        if module is None or call is None:
            continue
        makes = place == draw.location or isinstance(module.names.value(call.func), ClassRef)
        if is_only_looked_at(module, call, of_file=is_weight and makes):
            return True
    return False


def _standing_at(module: ModuleFacts, place: Location) -> ast.Call | None:
    if module not in _PLACES:
        _PLACES[module] = {module.location(node): node for node, _, _ in module.index.calls}
    return _PLACES[module].get(place)
