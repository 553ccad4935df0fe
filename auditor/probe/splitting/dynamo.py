"""TorchDynamo looks torch's functions up by their names and finds our wrappers there: let it know the functions too.

It follows a wrapper when it compiles, which calls the function that it wraps; that one goes into the graph as it would
without us.
"""


class Rules:
    """Stands in for `torch._dynamo.trace_rules.get_torch_obj_rule_map`, a cached function."""

    def __init__(self, original, wrapped):
        self._original = original
        self._wrapped = wrapped  # pairs of wrapper and function
        self._known = None

    def __call__(self):
        found = self._original()
        if found is not self._known:
            self._known = found
            for wrapper, function in self._wrapped:
                if wrapper in found:
                    found.setdefault(function, found[wrapper])
        return found

    def __getattr__(self, name):
        return getattr(self._original, name)


def follow(hook, wrapped):
    """Take effect as soon as the program imports TorchDynamo."""

    def ready(module):
        module.get_torch_obj_rule_map = Rules(module.get_torch_obj_rule_map, wrapped)

    hook.after("torch._dynamo.trace_rules", ready)
