"""Answers what is known beforehand to be asked, into a file: for programs that run where no socket reaches."""

import json
import os

from .server import Server, guarded, uncompiled


def write_answers(torch, settings, recorder, roots, notes, program, noise):
    """Evaluate the model as `settings["requests"]` say and write {"hello", "answers"} or {"error"}; raises nothing."""
    with uncompiled(torch, roots):
        server = Server(torch, settings, recorder, roots, notes, program, noise)
        hello = guarded(server.hello)
        answers = []
        if "error" not in hello:
            asked = settings["requests"] if hello["evaluation"] is not None else []
            answers = [guarded(server.answer, request) for request in asked]
    text = json.dumps({"hello": hello, "answers": answers}, sort_keys=True)
    temporary = "%s.%d" % (settings["result"], os.getpid())
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, settings["result"])
    except OSError:
        pass  # the auditor finds no file, and says so
