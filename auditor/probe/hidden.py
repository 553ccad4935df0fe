"""A context for work of the probe's own in the middle of the program's: nothing of the program's sees it."""

from .storage import Quiet


class Hidden:
    """Neither the tracer, nor TorchDynamo, nor any mode of the program sees what happens inside, and no graph.

    `tracer`: the context in which a tracer of ours sees nothing.
    """

    __slots__ = ("_frames", "_guard", "_inner", "_torch")

    def __init__(self, torch, tracer):
        self._torch = torch
        self._inner = (tracer, Quiet(torch))

    def __enter__(self):
        # The inside of a compiled function: Dynamo would look at every frame, of json and os too.
        self._frames = self._torch._C._dynamo.eval_frame.set_eval_frame(None)
        for each in self._inner:
            each.__enter__()
        self._guard = self._torch._C._DisableTorchDispatch()

    def __exit__(self, *exception):
        del self._guard
        for each in reversed(self._inner):
            each.__exit__(*exception)
        self._torch._C._dynamo.eval_frame.set_eval_frame(self._frames)
