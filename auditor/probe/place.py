"""A process's place in the process tree, the same in every run: `0`, `0.2`, `0.s1`, `0.x3`, `0.f.1`.

`.k`   the k-th fork of its parent             `.s<i>`  a multiprocessing child under the spawn method, by its number
`.x<k>` the k-th program its parent started    `.f`     the fork server of multiprocessing

Workers of loky (joblib) are such children as well.

A parent tells the processes it starts through one environment variable: its own place and how many programs it has
started so far. Helpers that run none of the program's code (compilers, the workers of torch's own compiler) are not
counted: how often they are started depends on caches.
"""

import os
import re
import sys

from . import config

VARIABLE = "REPRO_AUDIT_PLACE"  # "<place of the parent> <programs it started>"
INERT = "-"  # in the variable: the process is a helper, nothing is to be traced

_RANK_VARIABLES = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK", "SLURM_PROCID")
_HELPERS = re.compile(
    r"(\w+-)*(cc|gcc|g\+\+|c\+\+|clang|clang\+\+|ld|ldd|ldconfig|as|ar|nvcc|ptxas|cuobjdump|nvdisasm|nvidia-smi|rocm-smi"
    r"|lscpu|uname|git|which|where|file|objdump|readelf|nm|ninja|cmake|hostname|lspci|numactl|sysctl|tput|stty)"
    r"(-[\d.]+)?(\.exe)?"
)
_PYTHON = re.compile(r"(?:^|[\s/;&])python[\d.]*(?=\s|$)|\.py(?=[\s;&\"']|$)")  # in the words of a shell or a launcher
_COMPILE_WORKER = "compile_worker"
_TRACKER = ".resource_tracker import main"  # of multiprocessing, and loky's
_LOKY = "loky.backend.popen_loky"
_FORK_SERVER = "multiprocessing.forkserver"
_SPAWNED = "--multiprocessing-fork"


class Place:
    """Where this process stands, and what it tells those it starts."""

    def __init__(self, environ=os.environ, argv=None):
        self._environ = environ
        argv = command_line() if argv is None else argv
        value = environ.get(VARIABLE, "")
        parent, _, count = value.partition(" ")
        self.inert = value == INERT or any(_TRACKER in part for part in argv)
        self.forks = 0
        self.programs = 0
        self._spawned_by = None
        if not value or self.inert:
            self._text = "0"
        elif _SPAWNED in argv:
            self._text = None
            self._spawned_by = parent
        elif any(_LOKY in part for part in argv):
            self._text = "%s.s%s" % (parent, loky_number(argv))
        elif any(_FORK_SERVER in part for part in argv):
            self._text = parent + ".f"
        else:
            self._text = "%s.x%s" % (parent, count or "0")
        if not self.inert and self._text is not None:
            self._tell()

    @property
    def text(self):
        """The place; of a spawned child from the moment that it knows its own number, so don't ask early."""
        if self._text is None:
            self._text = "%s.s%s" % (self._spawned_by, spawn_number())
            self._tell()
        return self._text

    @property
    def is_known(self):
        """False in a spawned child that has not been told its own number yet."""
        if self._text is not None:
            return True
        module = sys.modules.get("multiprocessing.process")
        process = getattr(module, "_current_process", None)
        return process is not None and (bool(process._identity) or process.name != "MainProcess")

    def _tell(self):
        self._environ[VARIABLE] = "%s %d" % (self._text, self.programs)

    def before_fork(self):
        self.forks += 1

    def after_fork_in_child(self):
        self._text = "%s.%d" % (self.text, self.forks)
        self.forks = 0
        self.programs = 0
        self._tell()

    def starts_program(self, path, argv, environ):
        """This process is about to start another program, with `environ` (None: its own environment)."""
        value = INERT
        if not is_compile_worker(argv):
            if not is_helper(path, argv):
                self.programs += 1
            value = "%s %d" % (self.text, self.programs)
        self._environ[VARIABLE] = value
        if environ is not None and environ is not self._environ:
            # A copy of our environment that was made before we changed it. Only our own entry is touched.
            for key, ours in ((VARIABLE, value), (VARIABLE.encode(), value.encode())):
                if key in environ:
                    environ[key] = ours


def command_line():
    """Return the process's full command line, known before `sys.argv` is; empty where it cannot be told."""
    argv = getattr(sys, "orig_argv", None)
    if argv is not None:
        return list(argv)
    try:
        with open("/proc/self/cmdline", "rb") as file:
            return [os.fsdecode(part) for part in file.read().split(b"\0")[:-1]]
    except OSError:
        return []


def rank(environ=os.environ):
    """Return the rank that a launcher gave this process; None outside distributed runs."""
    for name in _RANK_VARIABLES:
        text = environ.get(name, "")
        alone = name == "SLURM_PROCID" and environ.get("SLURM_NTASKS", "1") == "1"  # an allocation, not a launcher
        if text.isdigit() and not alone:
            return int(text)
    # Lightning's children get no more than this. On a second node it would be the rank of another process.
    text = environ.get("LOCAL_RANK", "") if environ.get("NODE_RANK", "0") == "0" else ""
    return int(text) if text.isdigit() else None


def spawn_number():
    """Return what tells a spawned child from its siblings: the number in its default name, else its name."""
    module = sys.modules.get("multiprocessing.process")
    if module is None:
        return "0"
    process = module.current_process()
    identity = getattr(process, "_identity", ())
    if identity:
        return str(identity[-1])
    found = re.fullmatch(r"\w*Process-(?:\d+:)*(\d+)", process.name)
    return found.group(1) if found else re.sub(r"\W+", "-", process.name)[:40]


def loky_number(argv):
    """Return the number of a worker of loky, which counts with the children of multiprocessing."""
    names = argv[argv.index("--process-name") + 1 :] if "--process-name" in argv else ()
    return re.split("[-:]", names[0])[-1] if names else "0"


def is_helper(path, argv):
    """True for compilers and the like, which start no Python program."""
    name = _text(path) or (_text(argv[0]) if argv else "")
    return _HELPERS.fullmatch(os.path.basename(name)) is not None


def is_compile_worker(argv):
    return any(_COMPILE_WORKER in _text(part) for part in argv)


def why_not_followed(path, argv, environ, bootstrap):
    """Return why a Python program that is about to start will run without the probe; "" where it will have it.

    `bootstrap` is the folder that must be on its PYTHONPATH.
    """
    name = os.path.basename(_text(path) or (_text(argv[0]) if argv else ""))
    if is_compile_worker(argv):
        return ""
    is_python = re.fullmatch(r"python[\d.]*", name) is not None
    if not is_python and not any(_PYTHON.search(_text(part)) for part in argv):
        return ""
    for option in map(_text, argv[1:]) if is_python else ():
        if not option.startswith("-") or option in ("-", "-c", "-m") or option.startswith("--"):
            break
        if set(option) & set("IES") and not option.startswith(("-W", "-X")):
            return "started with %s, which ignores the environment" % option
    variables = {_text(key): _text(environ[key]) for key in environ}
    if not variables.get(config.VARIABLE):
        return "started with an environment of its own"
    if bootstrap not in variables.get("PYTHONPATH", "").split(os.pathsep):
        return "started with another PYTHONPATH"
    return ""


def is_for_compiler(frame):
    """True where torch's compiler or Triton starts a program: to try out what it has compiled, say."""
    while frame is not None:
        path = frame.f_code.co_filename.replace(os.sep, "/")
        if not path.endswith("/subprocess.py"):
            return "/torch/_inductor/" in path or "/triton/" in path
        frame = frame.f_back
    return False


def _text(value):
    try:
        return os.fsdecode(value)
    except TypeError:
        return ""


def is_before_exec(frame):
    """True inside `subprocess.Popen`: the child will replace itself as soon as `preexec_fn` is done."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "_execute_child" and os.path.basename(code.co_filename) == "subprocess.py":
            return True
        frame = frame.f_back
    return False
