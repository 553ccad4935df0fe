"""Which of the project's own Python files the process ran or imported: said once, at its end."""

import os
import sys


def program():
    """Return the file that runs as the program; None without one. The interpreter forgets it at the program's end."""
    path = _file(sys.modules.get("__main__"))
    return os.path.abspath(path) if path is not None else None


def remind(path):
    """Give the program's module its `__file__` back, for functions of it that are called when it has ended."""
    main = sys.modules.get("__main__")
    if path and type(main).__name__ == "module":
        vars(main).setdefault("__file__", path)


def loaded(project, main):
    """Return the paths below `project`, sorted; nothing of a module is called or imported for it."""
    inside = os.path.join(project, "")
    found = {os.path.abspath(path) for path in map(_file, list(sys.modules.values())) if path is not None}
    return sorted(path for path in found | {main} if path is not None and path.startswith(inside))


def _file(module):
    path = vars(module).get("__file__") if type(module).__name__ == "module" else None
    return path if isinstance(path, str) and path.endswith(".py") else None
