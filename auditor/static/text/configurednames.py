"""What the YAML and JSON files of a project name to be made: `target: ldm.models.diffusion.ddpm.LatentDiffusion`.

Read line by line, as people write such files: a project has thousands of them, and of most lines only the key counts.
What a value holds besides is not known, as the command line may say otherwise.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from auditor.model.digest import sha256
from auditor.model.lean import dataclass, field
from auditor.model.pattern import lazy_pattern

NAMED = "[named]"
"""In place of a name of a module: whatever the documents of the project name."""

CHOSEN = "[chosen]"
"""In place of a name of a module: none; what the documents name without saying where it is decides what is picked."""

TARGETS = frozenset({"_target_", "class_path", "cls", "class", "name", "target", "type"})
"""Keys at which a class or function is named."""

PARTIAL = "_partial_"
"""Whether it is only prepared: whoever gets it calls it."""

MAX_DOCUMENTS = 3_000
MAX_BYTES = 200_000
"""Of one document; longer ones hold data."""

MAX_ALL_BYTES = 8_000_000
MAX_CHOSEN = 4_000
"""Different words of one project that may be names of something; of more none is known."""

MAX_NAMES = 400
"""Different names of one project, and as many places at which they stand for each."""

_NAMES = lazy_pattern(
    rb"""\b(?:_target_|class_path|cls|class|name|target|type)["']?\s*:\s*["']?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+"""
    rb"""|:\s*["']?[a-z_]\w*(?:\.\w+)*\.[A-Z]"""
)
_CHOSEN = lazy_pattern(
    rb"""(?<![\w.-])["']?(?:class|cls|name|target|type)["']?[ \t]*:[ \t]*["']?([A-Za-z_]\w{0,80})(?![\w.(])"""
)
_PICKING = lazy_pattern(rb"""getattr\([^,\n]{1,200},\s*[^"'\s]""")
_CHOSEN_AT = (
    lazy_pattern(rb"""\[["'](?:class|cls|name|target|type)["']\]"""),
    lazy_pattern(rb"""\.get\(\s*["'](?:class|cls|name|target|type)["']"""),
    lazy_pattern(rb"""\.pop\(\s*["'](?:class|cls|name|target|type)["']"""),
    lazy_pattern(rb"""\.\w+\.(?:class|cls|name|target|type)\b"""),
)
"""One by one: each begins with a text that is found fast, all in one do not."""

_CLASS = lazy_pattern(r"[a-z_]\w*(?:\.\w+)*\.[A-Z]\w*")
_LINE = lazy_pattern(
    rb"""^((?:- |[ \t]){0,120})["']?([\w.-]{1,80})["']?[ \t]*:[ \t]*["']?(\$\{)?([\w.]{0,200})""", re.MULTILINE
)
_SEEDED = lazy_pattern(rb"""^["' \t]{0,20}seed_everything["']?[ \t]*:[ \t]*(?:[Tt]rue|[1-9]|0\b)""", re.MULTILINE)
_DOTTED = lazy_pattern(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_LOOKING_UP = lazy_pattern(
    rb"""\bgetattr\([\s\S]{0,400}?\bimport|\.rsplit\(|\.rpartition\(|["'](?:_target_|class_path|target)["']"""
)
_MAKING = (b"locate(", b"instantiate(", b"get_class(", b"get_method(", b"LightningCLI", b"Runner.from_cfg(")
_PACKAGES = lazy_pattern(rb"\b(?:pydoc|hydra|detectron2)\b")
_LOCATING = lazy_pattern(rb"\b(?:locate|instantiate|get_class|get_method)\(")
_RUNNING = lazy_pattern(rb"\bLightningCLI\b|\bRunner\.from_cfg\(")


@dataclass(frozen=True, slots=True)
class Named:
    """One thing that a document names."""

    dotted: str
    key: str
    """At which it is described; the name of the folder where it is all of a document: `model` of `model/small.yaml`.

    Of a class that stands at another key than those of `TARGETS`, that key.
    """

    holder: str
    """What is described around it: it is among what that is given; empty where nothing is."""


@dataclass(slots=True)
class _Level:
    indent: int
    key: str
    target: str = ""
    is_prepared: bool = False


@dataclass(slots=True)
class ConfiguredNames:
    """What some documents name, by key and by what it is given to."""

    by_key: dict[str, dict[Named, None]] = field(default_factory=dict)
    by_holder: dict[str, list[Named]] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    """Keys at which another one is referred to."""

    made: dict[str, int] = field(default_factory=dict)
    """How often a class is named without `_partial_: true`, by its own name: else who gets it calls it."""

    seeding: set[str] = field(default_factory=set)
    """The paths of those that have `LightningCLI` seed."""

    names: dict[str, None] = field(default_factory=dict)
    """All of them, in the order of the documents."""

    chosen: set[str] = field(default_factory=set)
    """What they name without saying where it is: `type: Net`."""

    def add(self, named: Named) -> None:
        """Take up one of which there may be many alike."""
        if named.dotted not in self.names and len(self.names) >= MAX_NAMES:
            return
        self.names[named.dotted] = None
        kept = self.by_key.setdefault(named.key, {})
        if named in kept or len(kept) >= MAX_NAMES:
            return
        kept[named] = None
        if named.holder:
            self.by_holder.setdefault(named.holder, []).append(named)

    def at(self, key: str) -> Iterable[Named]:
        """What stands at a key, or at the one to which that refers."""
        return self.by_key.get(key) or self.by_key.get(self.others.get(key, ""), {})

    def told(self) -> Iterator[str]:
        """All of it as lines of text."""
        yield f"{sorted(self.seeding)} {self.others} {sorted(self.made.items())}"
        yield from (f"{each.dotted} {each.key} {each.holder}" for named in self.by_key.values() for each in named)

    @property
    def digest(self) -> bytes:
        """Of all that files can be told."""
        text = "\n".join((*self.told(), "", *self.names, "", *sorted(self.chosen)))
        return sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def picks_by_name(code: bytes) -> bool:
    """Whether a file picks something out of a module by what may be a name in a document: `config["arch"]["type"]`."""
    if _PICKING.search(code) is None and b"eval(" not in code:
        return False
    return any(pattern.search(code) is not None for pattern in _CHOSEN_AT)


def makes_by_name(code: bytes, *, is_computed: bool) -> bool:
    """Whether a file makes what documents name; `is_computed`: it imports something by a name that is put together."""
    if is_computed:
        return b"getattr(" in code and _LOOKING_UP.search(code) is not None
    if not any(word in code for word in _MAKING):
        return False
    return bool(_RUNNING.search(code)) or bool(_LOCATING.search(code) and _PACKAGES.search(code))


def read_names(root: str, documents: Iterable[str]) -> ConfiguredNames:
    """What the documents at these paths name."""
    found = ConfiguredNames()
    left = MAX_ALL_BYTES
    for path in sorted(documents)[:MAX_DOCUMENTS]:
        file = os.path.join(root, path)
        try:
            size = os.stat(file).st_size
            if size > min(MAX_BYTES, left):
                continue
            with open(file, "rb") as stream:
                raw = stream.read()
        except OSError:
            continue
        left -= size
        if _SEEDED.search(raw):
            found.seeding.add(path)
        if len(found.chosen) <= MAX_CHOSEN:
            found.chosen.update(name.decode() for name in _CHOSEN.findall(raw))
        if _NAMES.search(raw):
            folder = path.rpartition("/")[0].rpartition("/")[2]
            for named in _named(raw, folder):
                if isinstance(named, Named):
                    found.add(named)
                    name = named.dotted.rpartition(".")[2]
                    found.made[name] = found.made.get(name, 0) + 1
                elif isinstance(named, str):
                    found.made[named] = found.made.get(named, 0) - 1
                elif len(found.others) < MAX_NAMES:
                    found.others.setdefault(named[0], named[1])
    if len(found.chosen) > MAX_CHOSEN:
        found.chosen.clear()
    return found


def _named(raw: bytes, folder: str) -> Iterator[Named | str | tuple[str, str]]:
    """What a document names, the own name of what is only prepared, and keys that stand for others: `net: ${model}`."""
    levels = [_Level(-1, folder)]
    for line in _LINE.finditer(raw):
        indent = len(line[1])
        while levels[-1].indent >= indent:
            levels.pop()
        if line[1].endswith(b"- "):
            levels[-1].target, levels[-1].is_prepared = "", False  # the next one of a list
        key = line[2].decode()
        value = line[4].decode()
        if line[3]:
            yield key, value.rpartition(".")[2]
        elif key in TARGETS and _DOTTED.fullmatch(value):
            levels[-1].target = value
            holder = next((level.target for level in reversed(levels[:-1]) if level.target), "")
            yield Named(value, levels[-1].key, holder)
            if levels[-1].is_prepared:
                yield value.rpartition(".")[2]
        elif key == PARTIAL and value.lower() == "true":
            levels[-1].is_prepared = True
            if levels[-1].target:
                yield levels[-1].target.rpartition(".")[2]
        elif _CLASS.fullmatch(value):
            yield Named(value, key, "")
        levels.append(_Level(indent, key))
