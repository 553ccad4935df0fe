"""Regular expressions that are compiled when they are first used: most of ours wait for files that a project lacks."""

from __future__ import annotations

import re

from auditor.model.annotations import TYPE_CHECKING

if TYPE_CHECKING:
    from re import compile as lazy_pattern
else:
    _METHODS = ("finditer", "findall", "fullmatch", "match", "search", "split", "sub", "subn")

    class lazy_pattern:  # noqa: N801  # it is called as a function, and looked at as the pattern that it stands for
        """As `re.compile`; a mistake in the expression shows at its first use."""

        def __init__(self, pattern, flags=0):
            self.pattern = pattern
            self._flags = flags

        def __getattr__(self, name):
            compiled = re.compile(self.pattern, self._flags)
            for method in _METHODS:
                setattr(self, method, getattr(compiled, method))
            return getattr(compiled, name)


__all__ = ["lazy_pattern"]
