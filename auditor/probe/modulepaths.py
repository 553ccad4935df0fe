"""What the modules of a program are called: by the class of the outermost one, then by attribute names."""

import weakref


class ModulePaths:
    """Dotted path of every module, from the class of the outermost module that was called: `Net.embed.pool`."""

    def __init__(self, writer, module_class):
        self._writer = writer
        self._named_modules = module_class.named_modules
        self._known = {}  # id(module) -> (weak reference, path, name id)
        self._counts = {}  # path -> how many modules were given it
        self.roots = []  # (weak reference, path) of modules called from outside any other
        self.on_module = []  # functions of (module, name id, path), called when a path is given

    def path(self, module, outer):
        """Return the name id of a module's path. `outer` is that of the innermost module being called, or 0."""
        known = self._known.get(id(module))
        if known is not None and known[0]() is module:
            return known[2]
        return self._learn_inner(module, outer) if outer else self._learn_root(module)

    def _learn_root(self, module):
        inner = module._modules.get("_orig_mod") if type(module).__name__ == "OptimizedModule" else None
        if inner is not None:  # what torch.compile wraps around a module is not the program's
            number = self.path(inner, 0)
            self._learned(module, self._known[id(inner)][1])
            return number
        path = self._unique(type(module).__name__, module)
        self._register(module, path)
        self.roots = [entry for entry in self.roots if entry[0]() is not None]
        self.roots.append((weakref.ref(module), path))
        return self._known[id(module)][2]

    def _learn_inner(self, module, outer):
        if not _is_stateless(module):  # it may have been put into its parent after the parent was first called
            for reference, path in self.roots:
                root = reference()
                if root is not None:
                    self._register(root, path, only_new=True)
            known = self._known.get(id(module))
            if known is not None and known[0]() is module:
                return known[2]
        # Kept in a plain list, or made on the fly: a child of whoever calls it.
        prefix = next(path for _, path, number in list(self._known.values()) if number == outer)
        path = self._unique(prefix + "." + type(module).__name__, module)
        self._register(module, path, only_new=True)
        return self._known[id(module)][2]

    def _unique(self, path, module):
        """Number the second and later modules of a path, except those without state: losses are often made anew."""
        if _is_stateless(module):
            return path
        count = self._counts.get(path, 0) + 1
        self._counts[path] = count
        return path if count == 1 else "%s#%d" % (path, count)

    def _register(self, root, prefix, only_new=False):
        for name, module in self._named_modules(root):
            key = id(module)
            known = self._known.get(key)
            if only_new and known is not None and known[0]() is module:
                continue
            self._learned(module, prefix + "." + name if name else prefix)

    def _learned(self, module, path):
        key = id(module)
        reference = weakref.ref(module, lambda dead, key=key, known=self._known: _forget(known, key, dead))
        number = self._writer.name(path)
        self._known[key] = (reference, path, number)
        for function in self.on_module:
            function(module, number, path)


def _is_stateless(module):
    return not (module._parameters or module._modules or module._buffers)


def _forget(known, key, dead):
    entry = known.get(key)
    if entry is not None and entry[0] is dead:
        del known[key]
