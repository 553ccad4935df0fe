"""Where noise can enter a model: at its input, and after every module that calls no other, in forward order."""

import contextlib
import re

from . import scripted, trees

_RESHAPES = re.compile(r"Flatten|Unflatten")


class Point:
    """One injection point. `module` is the root itself for the input."""

    def __init__(self, root, module, name, is_input):
        self.root = root
        self.module = module
        self.name = name
        self.is_input = is_input
        self.type = scripted.kind(module)
        self.shapes = []  # of the tensors at the first call
        self.dtypes = []
        self.calls = 0  # in one pass over the evaluation
        self.reshape = False
        self.injectable = False

    def described(self, recorder):
        """Return what the auditor is told; `places`: where the module is found in another run, see `training`."""
        return {
            "name": self.name,
            "is_input": self.is_input,
            "places": recorder.places(self.module),
            "type": "input" if self.is_input else self.type,
            "shapes": self.shapes,
            "dtypes": self.dtypes,
            "calls": self.calls,
            "injectable": self.injectable,
        }

    def saw(self, value):
        """Note the tensors of a call."""
        self.calls += 1
        found = trees.tensors(value)
        if self.calls == 1:
            self.shapes = [list(tensor.shape) for tensor in found]
            self.dtypes = [str(tensor.dtype).replace("torch.", "") for tensor in found]
        self.injectable = self.injectable or any(tensor.is_floating_point() for tensor in found)

    def attach(self, operator):
        """Let noise in here until the returned handle is removed."""
        if self.is_input:

            def before(module, args, kwargs):
                return operator.apply(args), operator.apply(kwargs)

            return scripted.before(self.module, before)

        def after(module, args, kwargs, output):
            return operator.apply(output)

        return scripted.after(self.module, after)


@contextlib.contextmanager
def attached(points, operators):
    """Let noise in at some points, each with its operator."""
    handles = []
    try:
        for point, operator in zip(points, operators):
            handles.append(point.attach(operator))
        yield
    finally:
        for handle in handles:
            handle.remove()


class Enumeration:
    """Watches passes through the roots, with hooks on every module; `finish` returns the points and the reshapes."""

    def __init__(self, roots):
        self._names = {}  # id(module) -> (root, name)
        self._points = {}  # id(module) or (id(root), "input") -> Point, in forward order
        self._stack = []  # for each call in progress: has it called another module?
        self._handles = []
        for root, prefix in zip(roots, prefixes(roots)):
            for name, module in root.named_modules():
                if id(module) in self._names:
                    continue
                self._names[id(module)] = (root, prefix + (name or scripted.kind(root)))
                self._handles.append(scripted.before(module, self._before))
                self._handles.append(scripted.after(module, self._after))
            self._points[(id(root), "input")] = Point(root, root, prefix + "input", True)

    def _before(self, module, args, kwargs):
        if self._stack:
            self._stack[-1] = True
        self._stack.append(False)
        point = self._points.get((id(module), "input"))
        if point is not None:
            point.saw((args, kwargs))

    def _after(self, module, args, kwargs, output):
        calls_others = self._stack.pop() if self._stack else False
        if calls_others:
            return
        point = self._points.get(id(module))
        if point is None:
            root, name = self._names[id(module)]
            point = self._points[id(module)] = Point(root, module, name, False)
            point.reshape = is_reshape(module, args, output)
        point.saw(output)

    def finish(self):
        """Take the hooks out. Return (points, names of reshapes); points of a root stand behind its input."""
        for handle in self._handles:
            handle.remove()
        found = [point for point in self._points.values() if point.calls]
        reshapes = ["%s (%s)" % (point.name, point.type) for point in found if point.reshape]
        roots = []
        for point in found:
            if point.root not in roots:
                roots.append(point.root)
        kept = [point for root in roots for point in found if point.root is root and not point.reshape]
        return kept, reshapes


def prefixes(roots):
    """Return what stands before the names of each model's parts: nothing for a single one, else its class, numbered
    where it is there twice."""
    if len(roots) == 1:
        return [""]
    found = []
    for root in roots:
        name = scripted.kind(root)
        before = sum(scripted.kind(each) == name for each in roots[: len(found)])
        found.append("%s-%d." % (name, before + 1) if before else name + ".")
    return found


def is_reshape(module, args, output):
    """True where a module only looks at its input in another shape."""
    if _RESHAPES.fullmatch(scripted.kind(module)):
        return True
    given = args[0] if args else None
    if next(iter(module.parameters()), None) is not None or not hasattr(given, "untyped_storage"):
        return False
    if not hasattr(output, "untyped_storage") or output.shape == given.shape or output.numel() != given.numel():
        return False
    return output.numel() > 0 and output.untyped_storage().data_ptr() == given.untyped_storage().data_ptr()
