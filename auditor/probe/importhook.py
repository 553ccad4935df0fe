"""Calls back right after the program itself has imported a module; imports nothing by itself."""

import sys


class ImportHook:
    """A finder that lets the others find, and wraps the loader of the modules that are waited for.

    While such a module runs, its spec and `__loader__` are the ones that it would have had. The finder goes away with
    the last module waited for.
    """

    def __init__(self, guard):
        self._guard = guard
        self._waiting = {}
        self._seeking = set()  # names that the other finders are being asked for: some of them ask us in turn

    def after(self, name, callback):
        """Call `callback(module)` once `name` has been imported; at once where it is there already."""
        module = sys.modules.get(name)
        if module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False):
            self._guard("import of " + name, callback, module)
            return
        self._waiting.setdefault(name, []).append(callback)
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def find_spec(self, name, path=None, target=None):
        if name not in self._waiting or name in self._seeking:
            return None
        self._seeking.add(name)
        try:
            for finder in list(sys.meta_path):
                if finder is self or not hasattr(finder, "find_spec"):
                    continue
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                        spec.loader = _Loader(spec.loader, self)
                    return spec
            return None
        finally:
            self._seeking.discard(name)

    def loaded(self, module):
        """The module has run to its end."""
        callbacks = self._waiting.pop(module.__name__, ())
        if not self._waiting:
            try:
                sys.meta_path.remove(self)
            except ValueError:
                pass
        for callback in callbacks:
            self._guard("import of " + module.__name__, callback, module)


class _Loader:
    """Runs a module with its own loader, then reports; everything else is the own loader's business."""

    def __init__(self, loader, hook):
        self._loader = loader
        self._hook = hook

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        create = getattr(self._loader, "create_module", None)
        return create(spec) if create is not None else None

    def exec_module(self, module):
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._hook.loaded(module)


# Python takes frames of this file and name out of the traceback of a failed import, and ours has no business there.
_Loader.exec_module.__code__ = _Loader.exec_module.__code__.replace(
    co_filename="<frozen importlib._bootstrap>", co_name="_call_with_frames_removed"
)
