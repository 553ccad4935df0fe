"""Which files the program reads and writes, and which folders it lists, with the line that did it.

What belongs to the interpreter, to installed packages or to the system is left out, as are source files (they are read
to be run) and the run's own folder.
"""

import os
import sys
import sysconfig

from . import wire

LIMIT = 20_000  # different files recorded; a data set of a million single files is told as a number
_SOURCE = (".py", ".pyc", ".pyi", ".pyo", ".so", ".pth", ".egg-link")
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/", "/lib/", "/lib64/", "/bin/", "/sbin/", "/opt/intel/")
_NOT_DATA = ("/site-packages/", "/dist-packages/", "/__pycache__/", "/.git/", "/.cache/torchinductor/", "/.triton/")
_WRITES = os.O_WRONLY | os.O_RDWR
# Code that opens and lists on the interpreter's behalf: imports, package metadata, lines of source, temporary folders.
_IMPORT_SYSTEM = ("<frozen importlib", "<frozen zipimport", "<frozen runpy", "<frozen site", "<frozen getpath")
_INTERPRETER = (
    "/importlib/metadata/__init__.py",
    "/pkgutil.py",
    "/pkg_resources/__init__.py",
    "/tempfile.py",
    "/tokenize.py",
    "/linecache.py",
)


class Files:
    """Turns audited events into `file` and `listing` records."""

    def __init__(self, session):
        self._session = session
        self._seen = set()
        self._left_out = 0
        self._judged = {}  # folder -> is any file in it worth recording
        config = session.config
        self._project = os.path.join(config.project, "") if config.project else ""
        self._run_dir = os.path.join(os.path.realpath(config.run_dir), "")
        folders = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
        folders.update(sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib"))
        folders.update([path for path in folders if path] + [os.path.realpath(path) for path in folders if path])
        own = os.path.dirname(os.path.abspath(__file__))
        installed = {os.path.join(path, "") for path in folders | {own} if path and path != os.sep}
        # A project that is an environment's own folder would else have no files at all.
        self._installed = tuple(sorted(path for path in installed if not self._project.startswith(path)))

    def handlers(self):
        return {
            "open": self.on_open,
            "os.listdir": self.on_listdir,
            "os.scandir": self.on_scandir,
            "sqlite3.connect": self.on_sqlite,
            "os.rename": self.on_rename,
        }

    def on_open(self, path, mode, flags):
        if type(path) is int or path is None:
            return
        path = os.fsdecode(path)
        writes = bool(flags & _WRITES) if isinstance(flags, int) else bool(mode) and mode[0] in "wax"
        if not writes and path.endswith(_SOURCE):
            return
        self.accessed(path, "w" if writes else "r", 3)

    def on_rename(self, source, target, source_folder, target_folder):
        """Of `os.replace` too: files are written beside their place and then moved there, as Lightning does."""
        if source_folder == target_folder == -1 and os.path.isfile(source):
            self.accessed(os.fsdecode(target), "w", 3)

    def on_sqlite(self, database):
        """A database is opened natively, to be read and written; its name may be a URI, or stand for memory."""
        path = os.fsdecode(database)
        query = ""
        if path.startswith("file:"):
            path, _, query = path[5:].partition("?")
        if path and not path.startswith(":") and "mode=memory" not in query:
            self.accessed(path, "r", 3)
            if "mode=ro" not in query:
                self.accessed(path, "w", 3)

    def accessed(self, path, mode, depth):
        """Record that the program opened a file, once a file, mode and line."""
        path = os.path.abspath(path)
        if not self._is_data(os.path.dirname(path), path) or path.endswith(_SOURCE):
            return
        if mode == "r" and not os.path.isfile(path):
            return  # about to fail, or a pipe
        if _by_interpreter(depth):
            return
        session = self._session
        if not session.is_open():
            return
        site = session.site(depth)
        key = (path, mode, site)
        if key in self._seen:
            return
        if len(self._seen) >= LIMIT:
            session.problem("files", "more than %d files; only the first are recorded" % LIMIT)
            return
        self._seen.add(key)
        session.writer.record("file", path=session.relative(path), mode=mode, site=site)

    def on_listdir(self, path):
        self._listed("os.listdir", path)

    def on_scandir(self, path):
        self._listed("os.scandir", path)

    def _listed(self, call, path):
        if type(path) is int:
            return
        path = os.path.abspath("." if path is None else os.fsdecode(path))
        if not self._is_data(path, path) or _by_interpreter(3):
            return
        try:
            names = os.listdir(path)
        except OSError:
            return  # the program's own call fails in the same way
        session = self._session
        if not session.is_open():
            return
        site = session.site(3)
        writer, context, digest = session.writer, session.context, session.hash
        writer.record("listing", path=session.relative(path), count=len(names), site=site)
        writer.event(
            wire.LISTING,
            context.phase,
            0,
            context.step,
            writer.name(call),
            context.module,
            site,
            context.thread_index,
            arguments=digest(_joined(sorted(names)), 0),
            outputs=digest(_joined(names), 0),
        )

    def _is_data(self, folder, path):
        judged = self._judged.get(folder)
        if judged is None:
            if len(self._judged) > LIMIT:
                self._judged.clear()
            judged = self._judged[folder] = self._judge(os.path.join(folder, ""))
        return judged

    def _judge(self, folder):
        if any(part in folder for part in _NOT_DATA):
            return False
        # A copy of the project that the run has for itself lies in the run's folder and is the project all the same.
        copied = self._project.startswith(self._run_dir) and folder.startswith(self._project)
        if folder.startswith(self._run_dir) and not copied:
            return False
        if self._project and folder.startswith(self._project):
            return not self._in_environment(folder)
        return not folder.startswith(_SYSTEM) and not folder.startswith(self._installed)

    def _in_environment(self, folder):
        """Inside a virtual environment that lies in the project."""
        here = self._project
        for part in folder[len(self._project) :].split(os.sep):
            here = os.path.join(here, part)
            if part and os.path.exists(os.path.join(here, "pyvenv.cfg")):
                return True
        return False

    def follow_torch(self, torch):
        """`torch.save` opens its files natively: no audit event tells of them."""
        opener = getattr(torch.serialization, "_open_zipfile_writer_file", None)
        if opener is None:
            return
        original = opener.__init__
        files = self
        session = self._session

        def __init__(self, name, *args, **kwargs):  # noqa: N807
            session.guard("torch.save", files.accessed, os.fspath(name), "w", 3)
            return original(self, name, *args, **kwargs)

        __init__.__qualname__ = original.__qualname__
        __init__.__module__ = original.__module__
        opener.__init__ = __init__


def _by_interpreter(depth):
    try:
        filename = sys._getframe(depth + 1).f_code.co_filename
    except ValueError:  # nobody called: the interpreter opens the program itself, `torchrun` has no suffix
        return True
    return filename.startswith(_IMPORT_SYSTEM) or filename.replace(os.sep, "/").endswith(_INTERPRETER)


def _joined(names):
    return "\0".join(names).encode("utf-8", "surrogateescape")
