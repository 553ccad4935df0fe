"""What the probe is asked to do: one JSON object in one environment variable.

Plain syntax and the standard library only, because this file is loaded in the audited program and by the auditor.
"""

import json
import os

VARIABLE = "REPRO_AUDIT_PROBE"


class ProbeConfig:
    """Plain attributes; unknown keys are errors, so that auditor and probe of different versions never guess."""

    DEFAULTS = {
        # absolute path of the run folder; the probe writes below it and reads <run>/stop
        "run_dir": "",
        # absolute path of the audited project; sites inside it are "user" sites, paths are written relative to it
        "project": "",
        # "trace": every op; "timing": step times only (overhead runs); "none": no trace, for runs that only need a
        # tape; "noise": no trace, the trained model is evaluated under noise when the program has ended, see `walking`
        "mode": "trace",
        "backend": "dispatch",
        # stop the program cleanly after this many optimizer steps; None: never
        "stop_after_steps": None,
        # {"process", "thread", "step", "phase", "module", "op", "occurrence", "repeats", "limit_bytes"}:
        # keep the tensors of that event, call the op again on the same inputs, name its kernels
        "focus": None,
        # "keep": compiled regions stay compiled and are one event; "eager": TorchDynamo is switched off
        "compile": "keep",
        # switches set after the program imported torch: {"deterministic": true, "threads": 4}; recorded in the trace
        "switches": {},
        # {"mode": "record", "replay" or "seed", …}, see `tape.Tape`: entropy is recorded, given back or made up
        "tape": None,
        # mode "none" with a tape only: {"folder", "vary", "base", "seed", "private"}, see `splitting.Splitter`
        "split": None,
        # {"address", "evaluate", "metric", "clamp", "limit_bytes"}: where the auditor listens, and how to evaluate;
        # "result", "requests": a file for the answers, in place of the address; "training": see `walking.training`;
        # "reference": where the run without noise leaves its outputs; "spectra": whether weights are looked at
        "noise": None,
        # not in mode "noise": {"folder", "keep", "evaluate", "nudge"}, see `replica.Collector`: what is left at the end
        "collect": None,
        # mode "trace" only: {"budget_bytes", "elements"}, see `activations.keeping`: keep what layers put out
        "activations": None,
        # mode "trace" only: {"facts": {device: {operator: [facts]}}, "time": true}, see `profiling`: note what the
        # operators of the list were called with; count and time all
        "profile": None,
        # write the value of every scalar that backward is called on
        "losses": False,
        # folder to import xxhash from when the program's interpreter has none (same Python version only); "" for none
        "xxhash_path": "",
        # the tracer's hot path in C, without the interpreter's suffix for extension modules; "" for the one in Python
        "compiled_path": "",
    }

    def __init__(self, **values):
        unknown = sorted(set(values) - set(self.DEFAULTS))
        if unknown:
            raise ValueError("unknown probe settings: " + ", ".join(unknown))
        for name, default in self.DEFAULTS.items():
            setattr(self, name, values.get(name, default))

    def to_json(self):
        return json.dumps({name: getattr(self, name) for name in self.DEFAULTS}, sort_keys=True)


def from_environment(environ=os.environ):
    """Return the configuration, or None where the variable is not set (then the probe does nothing)."""
    text = environ.get(VARIABLE)
    return ProbeConfig(**json.loads(text)) if text else None
