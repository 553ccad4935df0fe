"""What older versions of torch (seen with 2.4) need to run programs below a dispatch mode as they run without one."""


def mend_subclassing(backend):
    """A tensor cannot change its class below a mode there: step aside for that one call, where it is so."""
    torch = backend._torch
    state = backend.context.thread()
    state.paused += 1
    try:
        torch.empty(0, device="cpu").as_subclass(type("Subclass", (torch.Tensor,), {}))
        return
    except RuntimeError:
        pass
    finally:
        state.paused -= 1
    original = torch.Tensor.as_subclass

    def as_subclass(self, cls):
        if torch._C._len_torch_dispatch_stack() != 1 or not backend.context.thread().entered:
            return original(self, cls)
        backend.pop()
        try:
            return original(self, cls)
        finally:
            backend.push()

    torch.Tensor.as_subclass = as_subclass


def accept_higher_order_operators(torch, mode_class, handler):
    """A higher-order operator refuses to run below a mode that it does not know there: let it know ours."""
    owner = torch._ops.HigherOrderOperator
    original = owner.dispatch

    def dispatch(self, dispatch_key, *args, **kwargs):
        self.python_key_mode_table.setdefault(
            mode_class, lambda mode, *inner_args, **inner_kwargs: handler(mode, self, (), inner_args, inner_kwargs)
        )
        return original(self, dispatch_key, *args, **kwargs)

    owner.dispatch = dispatch
