"""Hooks on any module. A scripted one (TorchScript) takes none of its own and calls its parts past Python: hooks on all
modules see its calls, as one.
"""

import sys


def kind(module):
    """The name of a module's class; of a scripted one, of the class that was scripted."""
    return module.original_name if _is_scripted(module) else type(module).__name__


def before(module, hook):
    """Call `hook(module, args, kwargs)` before each call; what it returns are the new ones. Of a scripted module's
    arguments only the positional ones are seen. Returns a handle with `remove`."""
    if not _is_scripted(module):
        return module.register_forward_pre_hook(hook, with_kwargs=True)

    def on_any(called, args):
        changed = hook(called, args, {}) if called is module else None
        return None if changed is None else changed[0]

    return sys.modules["torch.nn.modules.module"].register_module_forward_pre_hook(on_any)


def after(module, hook):
    """Call `hook(module, args, kwargs, output)` after each call; what it returns is the new output."""
    if not _is_scripted(module):
        return module.register_forward_hook(hook, with_kwargs=True)

    def on_any(called, args, output):
        return hook(called, args, {}, output) if called is module else None

    return sys.modules["torch.nn.modules.module"].register_module_forward_hook(on_any)


def _is_scripted(module):
    return isinstance(module, sys.modules["torch"].jit.ScriptModule)
