"""Keeps weights within bounds after each optimizer step, as analogue hardware does; only where the user asks for it."""


class Clamp:
    """Clamps to [-limit, limit] what an optimizer trains, parameters of normalisation layers left out."""

    def __init__(self, torch, limit, recorder):
        self._torch = torch
        self._limit = limit
        self._recorder = recorder
        self._left_out = None
        self._optimizers = 0

    def stepped(self, optimizer):
        count = self._recorder.optimizers()
        if self._left_out is None or count != self._optimizers:
            self._optimizers = count
            self._left_out = {
                id(parameter)
                for root in self._recorder.roots()
                for module in root.modules()
                if "Norm" in type(module).__name__
                for parameter in module.parameters(recurse=False)
            }
        with self._torch.no_grad():
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    if id(parameter) not in self._left_out:
                        parameter.clamp_(-self._limit, self._limit)
