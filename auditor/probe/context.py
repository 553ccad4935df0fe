"""Where in the training loop the program is: step, phase, module path and thread of whatever runs now.

Kept by a wrapper around `torch.nn.Module.__call__`, torch's own optimizer hooks and a wrapper around the data loader's
iterator. Leaves to the backends what to do with it. `module` and all paths are name ids of the writer.
"""

import contextlib
import sys
import threading
import weakref
from _thread import get_ident

from . import wire
from .dynamo import skip_code
from .modulepaths import ModulePaths

# A phase of our own, never written: forward if gradients are on, else other. Only the op itself can tell.
OPEN = 255


class ThreadState:
    """What is going on in one thread."""

    __slots__ = (
        "data",
        "entered",
        "forward_open",
        "index",
        "last_sequence",
        "module",
        "modules",
        "nodes",
        "optimizer",
        "paused",
        "phase",
        "site",
    )

    def __init__(self, index):
        self.index = index
        self.modules = []  # name ids of the modules being called, outermost first
        self.module = 0  # the innermost of them
        self.optimizer = 0  # depth of optimizer steps
        self.data = 0  # depth of data loader iteration
        self.forward_open = False  # a module was called, no backward since
        self.phase = wire.OTHER  # or OPEN
        self.site = 0  # site of every op for now, where one is known without looking: inside torch's own optimizers
        self.paused = 0  # above 0: ops pass unseen (the probe's own work, the inside of a compiled region)
        self.entered = False  # a backend sees this thread's ops
        self.nodes = {}  # autograd sequence number -> (module, site, op) of the forward op that made the node
        self.last_sequence = -1

    def update(self):
        """Recompute `phase` after a change of any of the above."""
        if self.data:
            self.phase = wire.DATA
        elif self.modules:
            self.phase = wire.FORWARD
        elif self.forward_open:
            self.phase = OPEN
        elif self.optimizer:
            self.phase = wire.OPTIMIZER
        else:
            self.phase = wire.OTHER


class Unseen:
    """Inside, the tracer sees nothing of a thread. No generator: TorchDynamo would be kept off all of `contextlib`."""

    __slots__ = ("_state",)

    def __init__(self, state):
        self._state = state

    def __enter__(self):
        self._state.paused += 1

    def __exit__(self, *exception):
        self._state.paused -= 1


class Context:
    """Step, phase, module path and thread. `install` once torch is imported; then read the attributes.

    `on_step` is a list of functions of one argument, the number of completed optimizer steps; called after the STEP
    event was written, in order. `on_optimizer` functions get the optimizer before each of its steps. `on_batch`
    functions get what a data loader handed out. A function may raise SystemExit to end the program; any other error
    becomes a problem record.
    """

    def __init__(self, writer, sites):
        self.writer = writer
        self.sites = sites
        self.step = 0  # optimizer steps completed: the greatest count of any one optimizer
        self.on_step = []
        self.on_optimizer = []
        self.on_batch = []
        self.before_step_event = []  # backends that have something to settle before the STEP event
        self.threads = {}  # thread ident -> ThreadState
        self._next_thread = 0
        self._optimizers = {}  # id -> [weak reference, steps]
        self.modules = None  # ModulePaths, once installed
        self.installed = False
        self._unseen_by_modes = contextlib.nullcontext
        self._lock = threading.Lock()
        self.enter_thread = None  # set by a backend: called with a thread's state before its first module call
        self.main = self.thread()  # whoever starts the probe is the main thread

    def after_fork(self):
        """In a forked child: only the forking thread lives on, and it is the main thread now."""
        self._lock = threading.Lock()
        state = self.thread()
        state.index = 0
        # The same dictionary, because the tracer's hot path holds on to it.
        self.threads.clear()
        self.threads[get_ident()] = state
        self._next_thread = 1
        self.main = state

    # threads

    def thread(self):
        """Return the calling thread's state."""
        ident = get_ident()
        state = self.threads.get(ident)
        if state is None:
            with self._lock:
                state = self.threads[ident] = ThreadState(min(self._next_thread, 0xFFFF))
                self._next_thread += 1
        return state

    def unseen(self):
        """Return a context in which ops of the calling thread pass unseen: work of the probe's own."""
        return Unseen(self.thread())

    def leave_thread(self):
        """The calling thread ends; its ident may be given to another one."""
        self.threads.pop(get_ident(), None)

    # what the program does now, for those who write events of their own

    @property
    def phase(self):
        state = self.thread()
        return state.phase if state.phase != OPEN else wire.FORWARD

    @property
    def module(self):
        return self.thread().module

    @property
    def thread_index(self):
        return self.thread().index

    # hooks

    def install(self, torch):
        """Hook into torch's modules, optimizers and data loader. Call once, right after torch was imported."""
        if self.installed:
            return
        self.installed = True
        self._unseen_by_modes = torch._C.DisableTorchFunction
        self.modules = ModulePaths(self.writer, torch.nn.Module)
        self._wrap_modules(torch)
        self._hook_optimizers(torch)
        self._wrap_loader(torch)

    def guard(self, where, function, *arguments):
        """Call a function of ours; whatever it raises becomes a problem, except the end of the program.

        The program's function modes do not see what it asks of tensors.
        """
        try:
            with self._unseen_by_modes():
                return function(*arguments)
        except SystemExit:
            raise
        except Exception as error:
            self.writer.problem(where, "%s: %s" % (type(error).__name__, error))
            return None

    def _wrap_modules(self, torch):
        original = torch.nn.Module.__call__
        is_compiling = torch.compiler.is_compiling
        threads = self.threads_of
        paths = self.modules
        guard = self.guard
        context = self

        def call(self, *args, **kwargs):
            # TorchDynamo folds the test to True and inlines the rest: compiled graphs are those of the bare program.
            if is_compiling():
                return original(self, *args, **kwargs)
            state = threads()
            stack = state.modules
            depth = len(stack)
            try:
                path = paths.path(self, state.module)
            except Exception as error:
                guard("module path", _raise, error)
                path = state.module
            stack.append(path)
            state.module = path
            if depth == 0:
                if not state.entered and context.enter_thread is not None:
                    guard("thread", context.enter_thread, state)
                if state.site:  # a step of torch's own optimizer calls no module: this one ended in an error
                    state.site = state.optimizer = 0
                state.forward_open = True
                state.update()
            try:
                return original(self, *args, **kwargs)
            finally:
                del stack[depth:]
                if depth:
                    state.module = stack[-1]
                else:
                    state.module = 0
                    state.update()

        _disguise(call, original)
        skip_code(torch, call)
        torch.nn.Module.__call__ = call

    def threads_of(self):
        return self.threads.get(get_ident()) or self.thread()

    def _hook_optimizers(self, torch):
        is_compiling = torch.compiler.is_compiling
        context = self

        def before(optimizer, args, kwargs):
            if not is_compiling():
                context.guard("optimizer hook", context._optimizer_starts, optimizer, args, kwargs)

        def after(optimizer, args, kwargs):
            if not is_compiling():
                context.guard("optimizer hook", context._optimizer_ends, optimizer)

        for hook in (before, after):
            skip_code(torch, hook)
        hooks = sys.modules["torch.optim.optimizer"]  # torch.optim hides it
        hooks.register_optimizer_step_pre_hook(before)
        hooks.register_optimizer_step_post_hook(after)

    def _optimizer_starts(self, optimizer, args, kwargs):
        state = self.thread()
        state.optimizer += 1
        state.forward_open = False
        state.update()
        for function in self.on_optimizer:
            self.guard("optimizer hook", function, optimizer)
        closure = kwargs.get("closure") or (args[1] if len(args) > 1 else None)
        if closure is None and type(optimizer).__module__.startswith("torch."):
            state.site = self.sites.user_site(2)

    def _optimizer_ends(self, optimizer):
        state = self.thread()
        state.optimizer = max(0, state.optimizer - 1)
        state.site = 0
        state.update()
        key = id(optimizer)
        known = self._optimizers.get(key)
        if known is None or known[0]() is not optimizer:
            known = self._optimizers[key] = [weakref.ref(optimizer), 0]
        known[1] += 1
        if known[1] > self.step:
            self._count_step(known[1], state)

    def _count_step(self, count, state):
        for function in self.before_step_event:
            self.guard("step", function)
        site = self.sites.user_site(2)
        self.writer.event(wire.STEP, wire.OPTIMIZER, 0, self.step, 0, 0, site, state.index)
        self.step = count
        for function in self.on_step:
            self.guard("step", function, count)

    def _wrap_loader(self, torch):
        loader = torch.utils.data.dataloader
        self._wrap_data_call(torch, loader._BaseDataLoaderIter, "__next__", self.on_batch)
        self._wrap_data_call(torch, loader.DataLoader, "__iter__", ())

    def _wrap_data_call(self, torch, owner, name, callbacks):
        original = getattr(owner, name)
        is_compiling = torch.compiler.is_compiling
        threads = self.threads_of
        guard = self.guard

        def wrapper(self):
            if is_compiling():
                return original(self)
            state = threads()
            state.data += 1
            state.update()
            try:
                result = original(self)
                # An iterator that reads from another one hands out the outer batch; both are what a loader handed out.
                for function in callbacks:
                    guard("batch", function, result)
                return result
            finally:
                state.data -= 1
                state.update()

        _disguise(wrapper, original)
        skip_code(torch, wrapper)
        setattr(owner, name, wrapper)


def _raise(error):
    raise error


def _disguise(wrapper, original):
    """Give a wrapper the name and documentation of what it wraps; no `__wrapped__`, which tools unwrap through."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        try:
            setattr(wrapper, name, getattr(original, name))
        except (AttributeError, TypeError):
            pass
