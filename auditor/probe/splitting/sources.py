"""What a draw is for, told from the calls that led to it and from what is drawn.

Read from the draw outwards. Data loading goes before the rest: a transform is a module with a `forward`, but what it
draws inside a data set augments. What none of this tells apart is `other`.
"""

import linecache
import os
import re
import sys

INIT, ORDER, AUGMENT, DROPOUT, OTHER = "init", "order", "augment", "dropout", "other"
WORKERS = "workers"
"""Seeds that a loader gives to its workers: never varied, since what is drawn with them is told apart there."""

_ITERABLE = "iterable"  # inside an iterable data set: its order, or augmentation
_DEPTH = 300
_TEMPORARY = os.sep + "tempfile.py"
_CODES_LIMIT = 50_000
_AUGMENTING = (
    "torchvision.transforms", "torchaudio.transforms", "albumentations", "kornia.augmentation", "imgaug",
    "audiomentations", "monai.transforms", "timm.data",
)  # fmt: skip
_WEIGHTS = "weight|param|bias|layer|model|module|net"
_INITIALISING = re.compile(
    r"reset_parameters|_*(init|reset|initiali[sz]e)\w*(%s)s?\w*|\w*(%s)s?_*(init|reset|initiali[sz]\w*)"
    % (_WEIGHTS, _WEIGHTS)
)
_PARAMETER = re.compile(r"\bParameter\(|requires_grad")

# What a frame's code says: a source, None for nothing, or that its `self` has to be looked at.
_SELF_INIT, _SELF_FORWARD, _SELF_ITERATES = "self.__init__", "self.forward", "self.__iter__"


class Sources:
    """Tells draws apart. One per process."""

    def __init__(self):
        self._torch = None
        self._folder = "\0"
        self._own = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")
        self._tags = {}  # id of a code object -> (what it says, the code object)

    def know(self, torch):
        """torch is there: its classes and files can be told."""
        self._torch = torch
        self._folder = os.path.join(os.path.dirname(torch.__file__), "")
        self._tags.clear()

    def of(self, frame, permutes=False, drops=False, fills=False):
        """Return the source of a draw that `frame` makes.

        `permutes`: it makes a permutation; `drops`: it is an operation of a stochastic layer; `fills`: it draws into
        a parameter, or into what will be one.
        """
        inner = None
        first = True
        direct = None
        for _ in range(_DEPTH):
            if frame is None:
                break
            code = frame.f_code
            entry = self._tags.get(id(code))
            tag = self._tag(code, frame) if entry is None else entry[0]
            if tag is not None:
                if tag is _OWN:
                    frame = frame.f_back
                    continue
                if tag in _LOOK:
                    tag = self._look(tag, frame)
                if tag == WORKERS:
                    if first:
                        return WORKERS
                elif tag == _ITERABLE:
                    return ORDER if permutes else AUGMENT
                elif tag in (ORDER, AUGMENT):
                    return tag
                elif inner is None:
                    inner = tag
            if first and not code.co_filename.startswith(self._folder):
                direct = frame
            first = False
            frame = frame.f_back
        if inner is not None:
            return inner
        if drops:
            return DROPOUT
        if fills:
            return INIT
        if permutes:
            return ORDER
        return INIT if _makes_parameter(direct) else OTHER

    def beyond_own(self, frame):
        """Return the first frame at or outside `frame` that is not the probe's; the outermost where all are."""
        while frame.f_back is not None and frame.f_code.co_filename.startswith(self._own):
            frame = frame.f_back
        return frame

    def is_business(self, frame):
        """Whether a library does this for itself: while it is imported, or to name a temporary file."""
        while frame is not None:
            filename = frame.f_code.co_filename
            if filename.startswith("<frozen importlib") or filename.endswith(_TEMPORARY):
                return True
            frame = frame.f_back
        return False

    def _tag(self, code, frame):
        if len(self._tags) > _CODES_LIMIT:  # a program that compiles code for ever
            self._tags.clear()
        tag = self._describe(code, frame)
        self._tags[id(code)] = (tag, code)
        return tag

    def _describe(self, code, frame):
        filename, name = code.co_filename, code.co_name
        if filename.startswith(self._own):
            return _OWN
        if filename.startswith(self._folder):
            return self._describe_torch(code, filename[len(self._folder) :].replace(os.sep, "/"), name)
        if str(frame.f_globals.get("__name__", "")).startswith(_AUGMENTING):
            return AUGMENT
        if name in ("__getitem__", "__getitems__"):
            return AUGMENT
        if name in ("__iter__", "__next__"):
            return _SELF_ITERATES
        if name == "__init__":
            return _SELF_INIT
        if name == "forward":
            return _SELF_FORWARD
        return INIT if _INITIALISING.fullmatch(name) else None

    def _describe_torch(self, code, path, name):
        if path == "utils/data/_utils/fetch.py":
            return AUGMENT if name == "fetch" else None
        if path in ("utils/data/sampler.py", "utils/data/distributed.py"):
            return ORDER
        if path == "utils/data/dataloader.py":
            return WORKERS
        if path == "utils/data/dataset.py":
            return ORDER if name == "random_split" else None
        if path.startswith("utils/data/datapipes/iter/"):
            return _ITERABLE
        module = self._torch.nn.Module
        if code is module._call_impl.__code__:
            return DROPOUT
        if path == "nn/init.py" or code is module.apply.__code__ or name == "reset_parameters":
            return INIT
        if name == "__init__":
            return _SELF_INIT
        if name == "forward":
            return _SELF_FORWARD
        return INIT if path.startswith("nn/utils/") else None

    def _look(self, tag, frame):
        """What a method says, which depends on whose it is."""
        torch, code = self._torch, frame.f_code
        if torch is None or not code.co_argcount:
            return None
        kind = type(frame.f_locals.get(code.co_varnames[0]))
        if tag is _SELF_ITERATES:
            data = torch.utils.data
            return (
                ORDER
                if issubclass(kind, data.Sampler)
                else _ITERABLE
                if issubclass(kind, data.IterableDataset)
                else None
            )
        if not issubclass(kind, torch.nn.Module):
            return None
        return INIT if tag is _SELF_INIT else DROPOUT


_OWN = "own"
_LOOK = frozenset((_SELF_INIT, _SELF_FORWARD, _SELF_ITERATES))


def _makes_parameter(frame):
    """Whether the statement that draws makes a parameter of it, by its text."""
    if frame is None:
        return False
    start, end = _lines_of(frame)
    text = "".join(linecache.getline(frame.f_code.co_filename, line) for line in range(start, end + 1))
    return _PARAMETER.search(text) is not None


def _lines_of(frame):
    """First and last line of the call that a frame is at; its line alone where Python is older than 3.11."""
    line = frame.f_lineno or 0
    if sys.version_info >= (3, 11):
        for index, (start, end, _, _) in enumerate(frame.f_code.co_positions()):
            if 2 * index == frame.f_lasti:
                return min(start or line, line), end or line
    return line, line
