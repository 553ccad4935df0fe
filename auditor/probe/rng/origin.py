"""Whose generator it is: the program's, or one that a library keeps for itself.

The standard library draws names for temporary files, packages make generators of their own when they are imported:
nothing that a result of the program depends on, and different in every run.
"""

import os
import sys
import sysconfig


class Origins:
    """Judges the frame that makes a generator."""

    def __init__(self, project):
        self._project = os.path.join(os.path.realpath(project), "") if project else ""
        here = os.path.dirname(os.path.abspath(__file__))
        self._transparent = {os.path.join(here, name) for name in ("__init__.py", "numpy.py", "stdlib.py", "torch.py")}
        self._transparent.add(os.path.join(os.path.dirname(here), "session.py"))
        self._library = os.path.join(sysconfig.get_paths()["stdlib"], "")
        self._judged = {}  # file name -> _PROGRAM, _OWN_BUSINESS or _PACKAGE

    def pass_over(self, filename):
        """Frames of this file are never who makes a generator."""
        self._transparent.add(filename)

    def is_programs(self, frame):
        """True where the nearest frame is the program's, or a package's that does not run because it is imported."""
        nearest = True
        while frame is not None:
            filename = frame.f_code.co_filename
            if filename.startswith("<frozen importlib"):
                return False
            if filename not in self._transparent:
                judged = self._judge(filename)
                if judged == _PROGRAM:
                    return True
                if nearest and judged == _OWN_BUSINESS:
                    return False
                nearest = False
            frame = frame.f_back
        return not self._project

    def _judge(self, filename):
        judged = self._judged.get(filename)
        if judged is None:
            judged = self._judged[filename] = self._judge_new(filename)
        return judged

    def _judge_new(self, filename):
        installed = "-packages" + os.sep in filename
        path = filename if filename.startswith("<") else os.path.realpath(filename)
        if not installed and (
            not self._project or path.startswith(self._project) or filename in ("<stdin>", "<string>")
        ):
            return _PROGRAM
        torch = sys.modules.get("torch")
        if torch is not None and filename.startswith(os.path.join(os.path.dirname(torch.__file__), "")):
            return _OWN_BUSINESS
        return _OWN_BUSINESS if filename.startswith(self._library) and not installed else _PACKAGE


_PROGRAM, _PACKAGE, _OWN_BUSINESS = range(3)
