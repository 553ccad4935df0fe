"""Which file of a tape is a process's own, where its place in the process tree is left to chance.

A shell that starts programs in the background, and threads that start them, give places in the order in which they
come. The command line tells such processes apart.
"""

import os
import re

from . import wire

_HEAD_BYTES = 1 << 16  # read of a file to know its head; longer ones are not told apart


def names(folder, name, header):
    """Return the names of files that may be this process's, best first; at least `name`, which may not exist.

    Its own name and those with a number behind it, in order, where the command line is the same. Another place with the
    same command line only where its own place has another program, or none that was started there.
    """
    own = [each for each in _numbered(folder, name) if _argv(folder, each) == _words(header)]
    if own:
        return own
    others = _numbered(folder, name)
    if others or re.fullmatch(r"x\d+", name.rpartition(".")[2]):
        moved = [each for each in _alike(folder, name) if _argv(folder, each) == _words(header)]
        last = name.rpartition(".")[2]
        moved.sort(key=lambda each: each.partition("~")[0].rpartition(".")[2] != last)
        if moved:
            return moved
    return others or [name]


def _numbered(folder, name):
    """`0-0.x1`, `0-0.x1~2`, … as far as there are files."""
    found = []
    attempt = name
    while os.path.exists(os.path.join(folder, attempt + wire.SUFFIX)):
        found.append(attempt)
        attempt = "%s~%d" % (name, len(found) + 1)
    return found


def _alike(folder, name):
    """Names of files of the same rank that were started the same way, in the order of their names."""
    kind = _kind(name)
    files = [file[: -len(wire.SUFFIX)] for file in sorted(os.listdir(folder)) if file.endswith(wire.SUFFIX)]
    return [each for each in files if _kind(each) == kind]


def _kind(name):
    rank, _, place = name.partition("~")[0].partition("-")
    return rank, re.sub(r"\d+", "", place)


def _words(header):
    argv = header.get("argv")
    return list(argv)[1:] if argv else None  # another interpreter of the same version is no other program


def _argv(folder, name):
    """What stands behind the interpreter; None where the file does not tell."""
    try:
        with open(os.path.join(folder, name + wire.SUFFIX), "rb") as file:
            return _words(wire.read_head(file.read(_HEAD_BYTES))[0])
    except (OSError, ValueError, wire.DamagedTapeError):
        return None
