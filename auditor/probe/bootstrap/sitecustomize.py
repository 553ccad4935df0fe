"""What Python imports at the start of every process that was told to (this folder is first on PYTHONPATH).

Starts the probe where the environment asks for it, then steps aside: takes its folder off `sys.path` and hands over to
the user's own `sitecustomize`, so that the program finds what it would have found without us.
"""

import os
import sys


def _load_probe(folder):
    """Import the probe package by its path under a private name; no path of ours stays importable."""
    import importlib.util

    name = "_repro_audit_probe"
    path = os.path.join(folder, "__init__.py")
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=[folder])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _leave_path(folder):
    folder = os.path.realpath(folder)
    sys.path[:] = [entry for entry in sys.path if not entry or os.path.realpath(entry) != folder]
    for entry in [entry for entry in sys.path_importer_cache if os.path.realpath(entry) == folder]:
        del sys.path_importer_cache[entry]


_here = os.path.dirname(os.path.abspath(__file__))
_leave_path(_here)
if os.environ.get("REPRO_AUDIT_PROBE"):
    try:
        _load_probe(os.path.dirname(_here)).start()
    except Exception as error:  # the program always goes on
        try:
            sys.stderr.write("repro-audit: the probe could not start: %s: %s\n" % (type(error).__name__, error))
        except Exception:
            pass

# The next `sitecustomize` on the path takes this one's place. Where there is none, the ImportError below is what the
# `site` module expects, and no module of this name is left behind. Errors of the user's own one pass through.
del sys.modules["sitecustomize"]
import sitecustomize  # noqa: E402, F401
