"""Spares programs that compile nothing what torch loads for those that do: more than half of a small training's time.

`import torch` finds empty modules in the places below, the first step of an optimizer a TorchDynamo that has nothing to
switch off. Whatever else is asked of them fails by name: such a program needs the original.
"""

import gc
import sys
from contextlib import nullcontext
from importlib import import_module
from importlib.machinery import ModuleSpec

LEFT_OUT = {
    "torch._decomp",
    "torch._dynamo",
    "torch._inductor",
    "torch._inductor.config",  # takes notice of deterministic mode
    "torch._meta_registrations",
    "torch.export",
}


class LeftOut:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self, is_package=name == "torch._inductor") if name in LEFT_OUT else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        if module.__name__ == "torch._meta_registrations":
            import_module("torch._prims")  # which it imports itself, and without which nobody can make a generator
        if module.__name__ == "torch._dynamo":
            module.disable = lambda function, *options, **named: function
            module.graph_break = lambda *options: None
            module.set_stance = lambda *options, **named: nullcontext()


sys.meta_path.insert(0, LeftOut())
gc.set_threshold(100_000)  # looking for garbage is a tenth of what is left
