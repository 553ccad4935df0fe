"""What one process of a replica leaves behind: its final weights, and what the user's own evaluation says of them.

Nothing is watched while the program runs but the steps of its optimizers; the work is done when it ends.
"""

import contextlib
import json
import os
import sys
import weakref

from .. import sources
from . import evaluation, nudge, tensors, trained

FORMAT = "repro-audit-replica"
VERSION = 1
# Version 1: first version.

_SCANS = 50  # searches of all objects for the modules of an optimizer; programs that make more of them train by parts


class _Training:
    """One optimizer and what it trains."""

    def __init__(self, optimizer, roots, loose):
        self.reference = weakref.ref(optimizer)
        self.roots = roots  # held: models often live in a function that has returned when the program ends
        self.loose = loose  # parameters of no module
        self.steps = 0
        # What `gradients.Gradients` notes of it.
        self.number = None
        self.last_step = -1
        self.read_late = False


class Collector:
    """`settings`: "folder", "keep" (write the weights, not only their digests), "evaluate" (`module:function`, or ""),
    "nudge" (number of a weight to change by one ulp after the first step, or None), "gradients" (settings of
    `gradients.keeping`; absent or None keeps none)."""

    def __init__(self, settings, name_of, unseen=contextlib.nullcontext):
        self._settings = settings
        self._name_of = name_of
        self._unseen = unseen  # context in which a tracer of ours sees nothing
        self._gradients = None
        self._trainings = {}  # id of an optimizer -> _Training
        self._last = None
        self._earlier = []  # digests of what was trained and let go before the end
        self._scans = 0
        self._problems = []
        self._nudged = None
        self._done = False
        self._program = None

    def install(self, hook):
        hook.after("torch", self._torch_ready)

    def _torch_ready(self, torch):
        from ..dynamo import skip_code

        self._program = sources.program()
        is_compiling = torch.compiler.is_compiling

        def after(optimizer, args, kwargs):
            if not is_compiling():
                self._guard("optimizer", self._stepped, torch, optimizer)

        hooks = sys.modules["torch.optim.optimizer"]
        if self._settings.get("gradients"):
            self._guard("gradients", self._follow_gradients, torch, hooks)
        self._guard("dynamo", skip_code, torch, after)
        hooks.register_optimizer_step_post_hook(after)

    def _follow_gradients(self, torch, hooks):
        from ..dynamo import skip_code, skip_package
        from ..gradients import Gradients

        self._gradients = Gradients(self._settings["gradients"], self._name_of)
        is_compiling = torch.compiler.is_compiling

        def before(optimizer, args, kwargs):
            if not is_compiling():
                self._guard("gradients", self._starts, torch, optimizer, (args, kwargs))

        skip_code(torch, before)
        skip_package(torch)
        hooks.register_optimizer_step_pre_hook(before)

    def _guard(self, where, function, *arguments):
        try:
            with self._unseen():
                return function(*arguments)
        except Exception as error:
            if len(self._problems) < 20:
                self._problems.append("%s: %s: %s" % (where, type(error).__name__, error))
            return None

    # while it trains

    def _starts(self, torch, optimizer, arguments):
        with self._hidden(torch):
            self._gradients.begins(torch, optimizer, self._training(torch, optimizer), arguments)

    def _hidden(self, torch):
        from ..hidden import Hidden

        return Hidden(torch, contextlib.nullcontext())

    def _training(self, torch, optimizer):
        training = self._trainings.get(id(optimizer))
        if training is None or training.reference() is not optimizer:
            training = self._meet(torch, optimizer)
        return training

    def _stepped(self, torch, optimizer):
        with self._hidden(torch):
            self._take_note(torch, optimizer)

    def _take_note(self, torch, optimizer):
        training = self._training(torch, optimizer)
        if self._gradients is not None and training.read_late:
            self._gradients.ends(torch, optimizer, training)
        training.steps += 1
        self._last = training
        if self._nudged is None and self._settings.get("nudge") is not None:
            self._nudged = nudge.by_one_ulp(torch, optimizer, self._settings["nudge"])

    def _meet(self, torch, optimizer):
        """Learn what a new optimizer trains, and let go of what earlier ones did whose optimizer is gone."""
        for key, training in list(self._trainings.items()):
            if training.reference() is None:
                self._earlier.append(tensors.digest_of(tensors.read(torch, _named(training.roots, training.loose))[0]))
                del self._trainings[key]
        parameters = trained.parameters_of(optimizer)
        known = [root for training in self._trainings.values() for root in training.roots]
        roots, loose = trained.owners(parameters, known)
        if loose and self._scans < _SCANS:
            self._scans += 1
            roots, loose = trained.owners(parameters, trained.all_roots(torch))
        training = self._trainings[id(optimizer)] = _Training(optimizer, roots, loose)
        return training

    def forget(self):
        """In a forked child: what was trained is the parent's to tell."""
        gradients = self._gradients
        self.__init__(self._settings, self._name_of, self._unseen)
        if gradients is not None:
            gradients.forget()
            self._gradients = gradients

    # at the end

    def finish(self):
        """Write what is known; once, and nothing where nothing was trained."""
        if self._done or not any(training.steps for training in self._trainings.values()):
            return
        self._done = True
        if self._gradients is not None:
            self._guard("gradients", self._gradients.finish)
        torch = sys.modules.get("torch")
        name = self._name_of()
        content = {
            "format": FORMAT,
            "version": VERSION,
            "steps": max(training.steps for training in self._trainings.values()),
            "earlier": self._earlier,
            "nudged": self._nudged,
        }
        self._guard("weights", self._write_weights, torch, name, content)
        self._guard("environment", _describe, torch, content)
        if self._settings.get("evaluate"):
            sources.remind(self._program)
            content["evaluation"] = evaluation.evaluate(self._settings["evaluate"], self._models())
        content["problems"] = self._problems
        path = os.path.join(self._settings["folder"], name + ".json")
        temporary = "%s.%d" % (path, os.getpid())
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(content, file, sort_keys=True)
        os.replace(temporary, path)

    def _write_weights(self, torch, name, content):
        loose = _distinct(self._trainings.values(), "loose")
        listed, faults = tensors.read(torch, _numbered(_named(self._models(), loose)))
        self._problems += faults
        path = os.path.join(self._settings["folder"], name + ".weights") if self._settings.get("keep") else None
        content["tensors"] = tensors.write(torch, listed, path)
        content["digest"] = tensors.digest_of(listed)

    def _models(self):
        """The trained modules, in the order in which their training began."""
        return _distinct(self._trainings.values(), "roots")


def _distinct(trainings, attribute):
    return list({id(thing): thing for training in trainings for thing in getattr(training, attribute)}.values())


def _named(roots, loose):
    """Pairs of name and tensor; a list for each module, and one for parameters of none."""
    groups = [
        [(name, tensor) for kind in (root.named_parameters, root.named_buffers) for name, tensor in kind()]
        for root in roots
    ]
    if loose:
        groups.append([("parameter.%d" % index, parameter) for index, parameter in enumerate(loose)])
    return groups


def _numbered(groups):
    """The groups, with their number in front of the names where there are several."""
    if len(groups) == 1:
        return groups
    return [[("%d.%s" % (number, name), tensor) for name, tensor in group] for number, group in enumerate(groups)]


def _describe(torch, content):
    """Under what it ran, as it is at the end: the program may have set again what was set from outside."""
    content["threads"] = torch.get_num_threads()
    strict = not torch.is_deterministic_algorithms_warn_only_enabled()
    content["deterministic"] = torch.are_deterministic_algorithms_enabled() and strict
    content["benchmark"] = torch.cuda.is_initialized() and bool(torch.backends.cudnn.benchmark)
    content["versions"] = {"Python": "%d.%d.%d" % sys.version_info[:3], "torch": str(torch.__version__)}
