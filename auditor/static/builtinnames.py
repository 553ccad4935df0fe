"""The names that every Python module can use without importing anything, and one that means another."""

from __future__ import annotations

import builtins

BUILTINS = frozenset(dir(builtins))

SECOND = "tensorflow.compat.v2"
"""TensorFlow 2 by its long name: everything in it is what `tensorflow` itself has under the same name."""
