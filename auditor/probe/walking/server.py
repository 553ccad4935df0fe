"""Answers the auditor when the program has ended: which layers there are, and how the model does under a given noise.

One JSON object a line over a local socket; the auditor asks, we answer, until it says `end` or is gone.
"""

import json
import os
import socket
import sys
import traceback
from functools import partial

from .. import sources
from .evaluation import Evaluation, find_function
from .levels import Levels
from .operator import Operator, stages_of
from .points import Enumeration, attached
from .spectra import spectra


class Server:
    """The model with its injection points, and the evaluation."""

    def __init__(self, torch, settings, recorder, roots, notes, program, noise=None):
        self._torch = torch
        self._settings = settings
        self._recorder = recorder
        self._roots = roots
        self._notes = list(notes)
        self._program = program
        self._noise = noise
        self._points = []
        self._evaluation = None
        self._levels = None

    def hello(self):
        """Return what is known before anything is asked: the layers, the evaluation without noise, and what to know."""
        if self._noise is not None:
            self._noise.stop()
        sources.remind(self._program)
        function = find_function(self._settings["evaluate"], self._program) if self._settings["evaluate"] else None
        calls = self._recorder.calls(self._roots)
        wanted = self._settings["metric"]
        self._evaluation = Evaluation(self._torch, self._roots, calls, function, wanted, self._settings["reference"])
        reshapes = self._enumerate(calls or function)
        told = None
        if calls or function:
            told = self._evaluation.begin()
            if function is None:
                self._tell_of_replay(calls)
        self._levels = Levels(self._torch, self._roots, self._evaluation, self._settings["limit_bytes"])
        return {
            "models": [type(root).__name__ for root in self._roots],
            "points": [point.described(self._recorder) for point in self._points],
            "reshapes": reshapes,
            "evaluation": told,
            "steps": self._recorder.steps,
            "notes": self._notes,
            "compiled": _has_compiled(),
            "spectra": spectra(self._torch, self._roots) if self._settings["spectra"] else [],
            "training": None if self._noise is None else self._noise.told(),
        }

    def _enumerate(self, evaluates):
        """Find the injection points while the model is evaluated, else from its first call in the program."""
        reshapes = self._points_of(self._evaluation) if evaluates else []
        if not self._points:
            first = self._recorder.first_calls(self._roots)
            reshapes = self._points_of(Evaluation(self._torch, self._roots, first, None, "auto"))
        return reshapes

    def _points_of(self, evaluation):
        enumeration = Enumeration(self._roots)
        try:
            evaluation.pass_through()
        finally:
            self._points, reshapes = enumeration.finish()
        return reshapes

    def _tell_of_replay(self, calls):
        recorder = self._recorder
        if recorder.dropped:
            text = "%d of %d batches of the last evaluation did not fit into memory and are left out"
            self._notes.append(text % (recorder.dropped, recorder.dropped + len(calls)))
        if recorder.steps_after:
            text = "the last evaluation came %d optimizer steps before the end; it is repeated with the final weights"
            self._notes.append(text % recorder.steps_after)
        if len({id(call.module) for call in calls}) > 1:
            self._notes.append(
                "several modules were evaluated one after the other; noise in one does not reach the next in a "
                "replay: name the whole evaluation with --evaluate"
            )
        if any(call.training and call.training[0] for call in calls):
            self._notes.append("the evaluation ran in training mode (no model.eval()): dropout and batch norm were on")

    def answer(self, request):
        """Return the metrics under the noise that is asked for; `layers` None: at every point where it can enter.

        levels: [sigma, seed] of several evaluations, the least first, answered in this order, each with the bits that
        it has alone. plan: how many levels at once are wanted, None for as many as pay, and whether what comes before
        the noisy layer may be kept; answered with what `Levels.plan` found.
        """
        layers = request["layers"]
        if layers is None:
            layers = [place for place, point in enumerate(self._points) if point.injectable]
        points = [self._points[place] for place in layers]
        if "levels" not in request:
            with attached(points, self._operators(request, layers, request.get("sigma"), request["seed"])):
                return {"values": self._evaluation.once()}
        noises = [partial(self._operators, request, layers, *level) for level in request["levels"]]
        if "plan" in request:
            return self._levels.plan(points, noises, request["plan"]["at_once"], request["plan"]["reuse"])
        return {"levels": self._levels.values(points, noises)}

    def _operators(self, request, layers, sigma, seed):
        """Return a fresh operator for each of the layers."""
        executions = request["executions"] or [1] * len(layers)
        stages = request.get("stages")
        if stages is None:
            stages = [stages_of(request["kind"], sigma, request["ratio"], request["order"])] * len(layers)
        return [Operator(self._torch, *each) for each in zip(stages, [seed + place for place in layers], executions)]


def serve(torch, settings, recorder, roots, notes, program, noise=None):
    """Talk to the auditor until it has had enough. Nothing is raised: the program has ended."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(settings["address"])
        stream = connection.makefile("rw", encoding="utf-8", newline="\n")
        with uncompiled(torch, roots):
            server = Server(torch, settings, recorder, roots, notes, program, noise)
            _say(stream, guarded(server.hello))
            for line in stream:
                request = json.loads(line)
                if request.get("end"):
                    return
                _say(stream, guarded(server.answer, request))
    except (OSError, ValueError):
        pass  # the auditor is gone, or serves another process already
    finally:
        connection.close()


def guarded(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return {"error": "%s: %s%s" % (type(error).__name__, error, _place(error))}


def _place(error):
    """Where in the program's own files an error came from; nothing where it is in none."""
    ours, own = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), os.getcwd() + os.sep
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(own)]
    frames = [each for each in frames if "site-packages" not in each.filename and not each.filename.startswith(ours)]
    return " (%s:%d)" % (os.path.relpath(frames[-1].filename), frames[-1].lineno) if frames else ""


def _say(stream, answer):
    stream.write(json.dumps(answer) + "\n")
    stream.flush()


def uncompiled(torch, roots):
    """Modules run one by one, so that noise can enter between them."""
    if "torch._dynamo" not in sys.modules:
        return torch.no_grad()
    for root in roots:
        for part in root.modules():
            if getattr(part, "_compiled_call_impl", None) is not None:
                part._compiled_call_impl = None
    stance = getattr(torch.compiler, "set_stance", None)
    return stance("force_eager") if stance is not None else torch.no_grad()


def _has_compiled():
    """True where TorchDynamo has compiled anything: noise in training needs the modules one by one."""
    dynamo = sys.modules.get("torch._dynamo.utils")
    return bool(dynamo is not None and dynamo.counters["frames"])
