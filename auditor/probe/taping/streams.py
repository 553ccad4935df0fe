"""Whose request it is: which thread or task asks, and whether for the program or for a library's own business.

Requests are kept in order within a stream, since that is the order which is the same in every run: the order in which
threads come to ask is not. A thread is named after the thread that started it and how many that one had started; a
task of a pool after who submitted it, because which thread of the pool runs it is left to chance.
"""

import os
import sys
from _thread import get_ident

from . import wire

# Parts of the standard library that ask for names, keys and boundaries of their own. All of the rest of it passes
# requests on: who calls it asks.
_BUSINESS = (
    "multiprocessing", "asyncio", "email", "ftplib", "http", "imaplib", "importlib", "mailbox", "py_compile", "shutil",
    "smtplib", "ssl", "urllib", "wsgiref", "xmlrpc",
)  # fmt: skip
# Packages that do as well: their workers make such names once, whichever task they run first.
_BUSINESS_PACKAGES = tuple(os.path.join("-packages", name, "") for name in ("joblib", "loky"))
# Where threads and tasks begin: what these call is the program's.
_BEGINNINGS = ("threading.py", "process.py", "pool.py", "thread.py", "events.py")
_TORCH_TRANSPARENT = (
    "random.py",
    "_compile.py",
    os.path.join("cuda", "random.py"),
    os.path.join("_dynamo", "eval_frame.py"),  # stands around `torch.manual_seed` once TorchDynamo is loaded
)
_IMPORT = "<frozen importlib"
_DEPTH = 200


class Asker:
    """Who asks: `stream`, `soft` (how often is no matter), `site` (path, line, function, text of the line)."""

    __slots__ = ("at_end", "site", "soft", "stream")

    def __init__(self, stream, soft, at_end, site):
        self.stream = stream
        self.soft = soft
        self.at_end = at_end  # asking on after the end of the stream is no divergence
        self.site = site


class Diverged(BaseException):
    """The replayed program asks for something else than the recorded one; strict replay ends the process."""


def in_order(stream):
    """Whether what the stream asks for is in the order of the program: the main thread's, or its asyncio tasks'."""
    return stream == wire.MAIN or all(part[0] == "a" for part in stream.split("."))


class Streams:
    """Threads, tasks and origins of one process."""

    def __init__(self, project):
        self._project = os.path.join(os.path.realpath(project), "") if project else ""
        self._cwd = os.getcwd()
        self._library = (os.path.join(os.path.dirname(os.__file__), ""),)
        own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        self._own = os.path.join(own, "")
        here = os.path.dirname(os.path.abspath(__file__))
        self._tasks_file = os.path.join(here, "tasks.py")
        self._stand_ins = {os.path.join(here, name) for name in ("replaced.py", "volatile.py")}
        self._kinds = {}  # file name -> _OURS, _PROGRAM, _LIBRARY, _TORCH or _PACKAGE
        self._lines = {}  # file name -> its lines
        self._sites = {}  # (code, line) -> site
        self.after_fork()

    def after_fork(self):
        """In a forked child the calling thread is the main thread."""
        self.main = get_ident()
        self._threads = {}  # id of a Thread object -> (stream, daemon)
        self._unknown = {}  # ident of a thread that nobody was seen to start -> stream
        self._started = {}  # (stream, by whom) -> threads it started
        self._submitted = {}  # stream -> tasks it submitted
        self._parallel = {}  # stream -> calls of joblib's Parallel
        self._created = {}  # (stream, letter) -> tasks or callbacks of asyncio that it created
        self._tasks = {}  # ident of a thread -> stream of the task that it runs

    # threads and tasks

    def thread_starts(self, thread, frame):
        """The calling thread is about to start another one, in the program's code or in a library's (`frame`).

        Libraries count by themselves: how many threads a pool starts depends on how fast the first ones are.
        """
        parent = self.current()[0]
        own = self._kind(frame.f_code.co_filename) in (_PROGRAM, _PACKAGE)
        letter = "t" if own else "l"
        number = self._started[parent, letter] = self._started.get((parent, letter), 0) + 1
        prefix = "" if parent == wire.MAIN else parent + "."
        cut_off = not own or bool(getattr(thread, "daemon", False))
        self._threads[id(thread)] = ("%s%s%d" % (prefix, letter, number), cut_off)

    def current(self):
        """Return (stream, whether it may be cut off at any moment) of the calling thread."""
        ident = get_ident()
        task = self._tasks.get(ident)
        if task is not None:
            return task, False
        if ident == self.main:
            return wire.MAIN, False
        threading = sys.modules.get("threading")
        thread = threading._active.get(ident) if threading is not None else None
        found = self._threads.get(id(thread))
        if found is not None:
            return found
        stream = self._unknown.get(ident)
        if stream is None:
            stream = self._unknown[ident] = "u%d" % (len(self._unknown) + 1)
        return stream, True

    def submits(self):
        """Return the stream of a task that the calling thread hands to a pool."""
        parent = self.current()[0]
        number = self._submitted[parent] = self._submitted.get(parent, 0) + 1
        return "%s.w%d" % (parent, number)

    def parallel_call(self):
        """Return the stream of a call of `joblib.Parallel` that the calling thread makes.

        Counted by itself: how many tasks joblib submits is left to chance.
        """
        parent = self.current()[0]
        number = self._parallel[parent] = self._parallel.get(parent, 0) + 1
        return "%s.j%d" % (parent, number)

    def creates(self, letter):
        """Return the stream of a task ("a") or callback ("c") of asyncio that the calling thread or task creates."""
        parent = self.current()[0]
        number = self._created[parent, letter] = self._created.get((parent, letter), 0) + 1
        return "%s%s%d" % ("" if parent == wire.MAIN else parent + ".", letter, number)

    def enter_task(self, stream):
        """The calling thread runs a task from now on; returns what to hand to `leave_task`."""
        ident = get_ident()
        before = self._tasks.get(ident)
        self._tasks[ident] = stream
        return before

    def leave_task(self, before):
        """The calling thread's task is done; returns the stream of it, None where it had none."""
        ident = get_ident()
        stream = self._tasks.pop(ident, None)
        if before is not None:
            self._tasks[ident] = before
        return stream

    # origins

    def asker(self, frame):
        """Say who asks, judged by the frames from `frame` outwards: the nearest that does not just pass it on."""
        stream, cut_off = self.current()
        business = nearest = None
        settled = False  # a package or the beginning of a thread asks: only an import could still be behind it
        for _ in range(_DEPTH):
            if frame is None:
                break
            filename = frame.f_code.co_filename
            kind = self._kind(filename)
            if kind == _IMPORT_SYSTEM:
                return Asker("~import " + _imported(frame), True, True, self.site(nearest or frame))
            if kind == _PROGRAM:
                if business is None:
                    return Asker(stream, False, cut_off, self.site(frame))
                return Asker("~%s %s" % (business, stream), True, True, self.site(nearest))
            if not settled and kind in (_BUSINESS_FILE, _TORCH):
                business = str(frame.f_globals.get("__name__", "?"))
                settled = True
            settled = settled or kind in (_PACKAGE, _BEGINNING, _TASK)
            if nearest is None and kind not in (_OURS, _TASK):
                nearest = frame
            frame = frame.f_back
        if business is not None:
            return Asker("~%s %s" % (business, stream), True, True, self.site(nearest))
        return Asker(stream, False, cut_off, self.site(nearest))

    def caller(self, frame):
        """Return the frame nearest to `frame` if it is the program's; None where anything else reads."""
        while frame is not None:
            filename = frame.f_code.co_filename
            kind = self._kind(filename)
            if kind not in (_OURS, _TASK):
                return frame if kind == _PROGRAM else None
            frame = frame.f_back
        return None

    def nearest_site(self, frame):
        """Return (path, line, function) of the program's nearest line; of a package's where none of it is there."""
        package = None
        while frame is not None:
            kind = self._kind(frame.f_code.co_filename)
            if kind == _PROGRAM:
                return self.site(frame)[:3]
            if kind == _PACKAGE and package is None:
                package = frame
            frame = frame.f_back
        return None if package is None else self.site(package)[:3]

    def direct(self, frame):
        """Return the frame that called a stand-in if it is the program's; None where anything else reads, as we do."""
        while frame is not None and frame.f_code.co_filename in self._stand_ins:
            frame = frame.f_back
        if frame is None or self._kind(frame.f_code.co_filename) != _PROGRAM:
            return None
        return frame

    def _kind(self, filename):
        kind = self._kinds.get(filename)
        if kind is None:
            kind = self._kinds[filename] = self._judge(filename)
        return kind

    def _judge(self, filename):
        if filename.startswith(_IMPORT):
            return _IMPORT_SYSTEM
        if filename == self._tasks_file:
            return _TASK
        if filename.startswith((self._own, "<frozen ", "<__array_function__")):
            return _OURS
        torch = sys.modules.get("torch")
        if torch is not None and getattr(torch, "__file__", None):
            folder = os.path.join(os.path.dirname(torch.__file__), "")
            if filename.startswith(folder):
                return _OURS if filename[len(folder) :] in _TORCH_TRANSPARENT else _TORCH
        if "-packages" + os.sep in filename:
            return _BUSINESS_FILE if any(name in filename for name in _BUSINESS_PACKAGES) else _PACKAGE
        for folder in self._library:
            if filename.startswith(folder):
                inside = filename[len(folder) :].split(os.sep)
                if inside[-1] in _BEGINNINGS:
                    return _BEGINNING
                return _BUSINESS_FILE if inside[0].partition(".")[0] in _BUSINESS else _OURS
        return _PROGRAM

    def site(self, frame):
        """Return (path, line, function, text of the line), the path relative to the project; None for no frame."""
        if frame is None:
            return None
        code, line = frame.f_code, frame.f_lineno
        found = self._sites.get((code, line))
        if found is None:
            path = code.co_filename
            if not path.startswith("<"):
                path = os.path.realpath(os.path.join(self._cwd, path))
            text = self._text(path, line)
            if self._project and path.startswith(self._project):
                path = path[len(self._project) :].replace(os.sep, "/")
            function = getattr(code, "co_qualname", code.co_name)
            found = self._sites[(code, line)] = (path, line or 0, function, text)
        return found

    def _text(self, path, line):
        lines = self._lines.get(path)
        if lines is None:
            lines = []
            if not path.startswith("<"):
                try:
                    with open(path, "rb") as file:
                        lines = file.read(1 << 22).split(b"\n")
                except OSError:
                    pass
            self._lines[path] = lines
        if not line or line > len(lines):
            return ""
        return lines[line - 1].decode("utf-8", "replace").strip()[:200]


_OURS, _PROGRAM, _PACKAGE, _TORCH, _BUSINESS_FILE, _BEGINNING, _IMPORT_SYSTEM, _TASK = range(8)


def _imported(frame):
    """Return the name of the module whose import these frames of the import system are part of."""
    for _ in range(12):
        if frame is None:
            break
        if frame.f_code.co_name.startswith("_find_and_load"):
            return str(frame.f_locals.get("name", "?"))
        frame = frame.f_back
    return "?"
