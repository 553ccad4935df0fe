"""Calls the user's own function with the trained module when the program ends."""

import importlib
import os
import sys
import traceback


def evaluate(target, models):
    """Return {"predictions", "labels", "metrics"}, as far as the function gives them, or {"error": text}."""
    if not models:
        return {"error": "no module was trained: the optimizer steps tensors that belong to none"}
    module, _, name = target.partition(":")
    try:
        function = getattr(_import(module), name)
    except BaseException as error:  # SystemExit too: the program has ended, and this is its last word
        return {"error": "cannot be imported: %s: %s" % (type(error).__name__, error)}
    try:
        return _plain(function(models[0] if len(models) == 1 else tuple(models)))
    except BaseException as error:
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        return {"error": "".join(lines[:1] + lines[2:]).strip()}  # without our own frame


def _import(name):
    """The module; the program itself is not loaded a second time."""
    main = sys.modules.get("__main__")
    path = getattr(main, "__file__", None)
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name in (name, name + ".__main__"):
        return main
    if path is not None and os.path.splitext(os.path.basename(path))[0] == name:
        return main
    here = os.getcwd()
    sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    finally:
        if here in sys.path:
            sys.path.remove(here)


def _plain(result):
    found = {}
    if isinstance(result, dict):
        unknown = sorted(set(result) - {"predictions", "labels", "metrics"})
        if unknown:
            return {"error": "it returned the keys %s; known are predictions, labels, metrics" % ", ".join(unknown)}
        found = dict(result)
    elif isinstance(result, (int, float)) or getattr(result, "ndim", None) == 0:
        found["metrics"] = {"evaluation": float(result)}
    elif isinstance(result, tuple) and len(result) == 2:
        found["predictions"], found["labels"] = result
    elif result is None:
        return {"error": "it returned None; it must return predictions, (predictions, labels), a number or a dict"}
    else:
        found["predictions"] = result
    for name in ("predictions", "labels"):
        if found.get(name) is not None:
            found[name] = _samples(found[name])
    if "metrics" in found:
        found["metrics"] = {str(name): float(value) for name, value in found["metrics"].items()}
    return found


def _samples(values):
    """A list with one value a sample; of rows of scores the place of the highest."""
    if getattr(values, "ndim", 1) == 2:
        values = values.argmax(1)
    return values.tolist() if hasattr(values, "tolist") else list(values)
