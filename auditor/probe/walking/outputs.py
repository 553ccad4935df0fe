"""What the model was given and put out in one evaluation, seen from outside."""

from . import bits, generators, trees
from .interception import Interceptor
from .recorder import Call
from .stacking import NotStackableError, form_of

STRAYED = "under noise the evaluation gives the model something else"


class Outputs(Interceptor):
    """Notes each call from outside the model: bits and form of that in its output which is `judged`."""

    def __init__(self, torch, roots, judged):
        super().__init__(roots)
        self._torch = torch
        self._judged = judged
        self.digests = []
        self.forms = []  # of the leaves of each output, see `stacking.form_of`
        self.size_bytes = 0
        self.first = None  # a copy of the first output

    def outermost(self, proceed, module, args, kwargs):
        output = proceed(module, *args, **kwargs)
        judged = self._judged(output)
        if not self.digests:
            self.first = trees.mapped(judged, lambda tensor: tensor.detach().clone())
        self.digests.append(bits.digest(judged))
        self.forms.append([form_of(leaf) for leaf in trees.leaves(judged)])
        self.size_bytes += trees.size_bytes(judged)
        return output


class Inquiry(Outputs):
    """The same, and whether the calls leave everything as it was. `calls`: these, where they are known, else copies.

    `obstacle`: why an evaluation cannot be put together from parts of others; None where nothing is known against it.
    """

    def __init__(self, torch, roots, judged, calls, limit_bytes):
        super().__init__(torch, roots, judged)
        self._roots = roots
        self._limit = limit_bytes
        self._size = 0
        self._copies = calls is None
        self.calls = [] if calls is None else calls
        self.obstacle = None

    def outermost(self, proceed, module, args, kwargs):
        if any(part.training for part in module.modules()):
            self._against("modules are in training mode")
        if not trees.is_plain((args, kwargs)):
            self._against("the model is given more than tensors, numbers and words")
        elif self._copies:
            self._keep(module, args, kwargs)
        before, versions = generators.state(self._torch), self._versions()
        output = super().outermost(proceed, module, args, kwargs)
        if not generators.same(self._torch, before, generators.state(self._torch)):
            self._against("the model draws random numbers")
        if versions != self._versions():
            self._against("the model changes its buffers")
        if not trees.is_plain(self._judged(output)):
            self._against("the model returns more than tensors, numbers and words")
        return output

    def _keep(self, module, args, kwargs):
        self._size += trees.size_bytes((args, kwargs))
        if self._size > self._limit:
            self._against("the batches do not fit into memory")
            return
        copies = [trees.mapped(each, lambda tensor: tensor.detach().clone()) for each in (args, kwargs)]
        self.calls.append(Call(self._torch, module, *copies))

    def _against(self, reason):
        self.obstacle = self.obstacle or reason

    def _versions(self):
        """What changes where a parameter or a buffer does."""
        kept = [each for root in self._roots for kind in (root.parameters, root.buffers) for each in kind()]
        return [(id(each), None if each.is_inference() else each._version) for each in kept]


class Answers(Interceptor):
    """Answers the calls from outside the model with outputs that are known already.

    A call that is not the next of `calls`, or was given other values, is an error; `strayed` says so to those who would
    not hear of it, because the user's function caught it.
    """

    def __init__(self, torch, roots, calls, outputs):
        super().__init__(roots)
        self._torch = torch
        self._known = iter(zip(calls, outputs))
        self.strayed = False

    def outermost(self, proceed, module, args, kwargs):
        call, output = next(self._known, (None, None))
        if (
            call is None
            or call.module is not module
            or not bits.same(self._torch, (call.args, call.kwargs), (args, kwargs))
        ):
            self.strayed = True
            raise NotStackableError(STRAYED)
        return output
