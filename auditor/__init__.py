"""repro-audit: finds what makes a training script give another result each time.

The public API is what `__all__` names; it is loaded on first use, so that `import auditor` costs little.
"""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["__version__"]
