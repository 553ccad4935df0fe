"""Stands in for a built-in function: called, named, pickled and kept in classes as the function itself is."""


class Replaced:
    """Calls `function` where the program calls `original`.

    No Python function: one that is kept in a class would become a method there, which a built-in does not.
    """

    def __init__(self, original, function, name=None):
        """`name`: that of an attribute of the module, where the function calls itself otherwise."""
        self.__dict__.update(
            __module__=getattr(original, "__module__", None),
            __name__=getattr(original, "__name__", "?"),
            __qualname__=getattr(original, "__qualname__", getattr(original, "__name__", "?")),
            __doc__=original.__doc__,
            __text_signature__=getattr(original, "__text_signature__", None),
            __wrapped__=original,
            _function=function,
        )
        if name is not None:
            module, _, attribute = name.rpartition(".")
            self.__dict__.update(__module__=module, __qualname__=attribute)

    def __call__(self, *args, **kwargs):
        return self._function(*args, **kwargs)

    def __repr__(self):
        return repr(self.__wrapped__)

    def __reduce__(self):
        return self.__qualname__


def replace(module, name, make):
    """Put a `Replaced` for `module.name` there, also in the module that defines it; return it, None for no such name.

    `make(original)` returns the function that is called instead.
    """
    import sys

    original = getattr(module, name, None)
    if original is None:
        return None
    found = Replaced(original, make(original))
    for place in (module, sys.modules.get(getattr(original, "__module__", None) or "")):
        if place is not None and getattr(place, name, None) is original:
            setattr(place, name, found)
    return found
