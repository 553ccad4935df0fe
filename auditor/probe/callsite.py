"""The nearest source line of the program for what is running now, interned.

"Nearest" is the innermost frame inside the project; where there is none (a program run from site-packages), the
innermost frame outside torch and outside the standard library's import and thread machinery. Code objects are
classified once; a line is a dictionary look-up on the code object and its instruction offset.
"""

import os
import sys
import sysconfig

# Code that belongs to nobody's program: never a site.
_SKIP = None
_CODES_LIMIT = 100_000

_INSTALLED = ("site-packages", "dist-packages", "conda-meta")


class CallSites:
    """Finds and interns user frames. One per process; ids are the writer's."""

    def __init__(self, writer, project):
        self._writer = writer
        self._project = os.path.join(os.path.realpath(project), "") if project else ""
        self.tables = {}  # id(code) -> _SKIP, or the code's table
        self._boundaries = set()  # id(code) of the frames that the autograd engine is called from
        # A script's code object carries the path as it was typed; the program may change its folder later.
        self._cwd = os.getcwd()
        here = os.path.dirname(os.path.realpath(__file__))
        self._internal = (os.path.join(here, ""),)
        self._library = os.path.join(os.path.realpath(sysconfig.get_paths()["stdlib"]), "")
        self._installed_in_project = {}

    def install(self, torch):
        """Learn where torch lives, so that its frames are passed over."""
        folders = [os.path.dirname(torch.__file__)]
        for name in ("torchgen", "functorch"):
            module = sys.modules.get(name)
            if module is not None and getattr(module, "__file__", None):
                folders.append(os.path.dirname(module.__file__))
        internal = set(self._internal)
        for folder in folders:
            internal.add(os.path.join(folder, ""))
            internal.add(os.path.join(os.path.realpath(folder), ""))
        self._internal = tuple(sorted(internal))
        self.tables.clear()

    def mark_boundary(self, code):
        """Frames of `code` call into the autograd engine: whatever runs below it is not its caller's line."""
        self._boundaries.add(id(code))
        self.tables[id(code)] = _SKIP

    def user_site(self, depth=1):
        """Return the site id for the frame `depth` above the caller (0 where nothing was found), walking outwards."""
        return self.site_from(sys._getframe(depth))

    def site_from(self, frame):
        """Return the site id of the nearest program frame at or outside `frame`; 0 where there is none."""
        tables = self.tables
        nearest = None
        while frame is not None:
            code = frame.f_code
            try:
                table = tables[id(code)]
            except KeyError:
                table = self._classify(code)
            if table is not None:
                if table.in_project:
                    try:
                        return table.sites[frame.f_lasti]
                    except KeyError:
                        return self._intern(table, frame)
                if nearest is None:
                    nearest = (table, frame, frame.f_lasti)
            frame = frame.f_back
        if nearest is None:
            return 0
        table, frame, instruction = nearest
        found = table.sites.get(instruction)
        return found if found is not None else self._intern(table, frame)

    def site_below_boundary(self, frame):
        """Return the site id of the nearest project frame that the autograd engine itself is running; else 0.

        That is the code of a hook, of a `torch.autograd.Function` or of a recomputed forward pass.
        """
        tables = self.tables
        boundaries = self._boundaries
        while frame is not None:
            code = frame.f_code
            if id(code) in boundaries:
                return 0
            try:
                table = tables[id(code)]
            except KeyError:
                table = self._classify(code)
            if table is not None and table.in_project:
                found = table.sites.get(frame.f_lasti)
                return found if found is not None else self._intern(table, frame)
            frame = frame.f_back
        return 0

    def _classify(self, code):
        tables = self.tables
        if len(tables) > _CODES_LIMIT:  # a program that compiles code for ever
            tables.clear()
        table = self._describe(code)
        if table is not _SKIP or code.co_filename[:1] != "<":
            # The table holds the code object, so that its id stays its own.
            tables[id(code)] = table
            if table is _SKIP:
                self._keep(code)
        return table

    def _keep(self, code):
        self.tables[-id(code)] = code

    def _describe(self, code):
        filename = code.co_filename
        if filename.startswith("<") and not filename.startswith(("<ipython-input", "<stdin>", "<string>")):
            return _SKIP  # frozen importlib, generated code of torch
        path = filename if filename.startswith("<") else os.path.realpath(os.path.join(self._cwd, filename))
        if filename.startswith(self._internal) or path.startswith(self._internal):
            return _SKIP
        in_project = bool(self._project) and path.startswith(self._project) and not self._is_installed(path)
        if not in_project and path.startswith(self._library) and "-packages" not in path[len(self._library) :]:
            return _SKIP
        relative = path[len(self._project) :].replace(os.sep, "/") if in_project else path
        return Table(code, in_project, relative)

    def _is_installed(self, path):
        """Inside a virtual environment or package folder that lies in the project."""
        folder = os.path.dirname(path)
        found = self._installed_in_project.get(folder)
        if found is None:
            parts = folder[len(self._project) :].split(os.sep)
            found = any(part in _INSTALLED for part in parts)
            here = self._project
            for part in parts:
                if found:
                    break
                here = os.path.join(here, part)
                found = os.path.exists(os.path.join(here, "pyvenv.cfg"))
            self._installed_in_project[folder] = found
        return found

    def _intern(self, table, frame):
        code = table.code
        function = getattr(code, "co_qualname", code.co_name)
        site = self._writer.site(table.path, frame.f_lineno or code.co_firstlineno, function)
        table.sites[frame.f_lasti] = site
        return site


class Table:
    """What is known of a code object of the program."""

    __slots__ = ("code", "in_project", "path", "sites")

    def __init__(self, code, in_project, path):
        self.code = code
        self.in_project = in_project
        self.path = path
        self.sites = {}
