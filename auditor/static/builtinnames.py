"""The names that every Python module can use without importing anything."""

from __future__ import annotations

import builtins

BUILTINS = frozenset(dir(builtins))
