"""Who imports whom, read off the bytes: enough to know which files cannot matter, without parsing any of them.

Takes too much rather than too little: an import statement inside a string counts.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.digest import sha256
from auditor.model.lean import dataclass
from auditor.static.files.importpath import DATA, ImportPath, Lookup
from auditor.static.text.computedimports import COMPUTED, EVERY
from auditor.static.text.configurednames import CHOSEN, NAMED, ConfiguredNames
from auditor.static.text.hydraconfigs import CONFIGURED, TARGET, Tree, targets_in
from auditor.static.text.sketch import BY_NAME, Sketch

if TYPE_CHECKING:
    import ast


Edges = tuple[tuple[str, ...], frozenset[str], bytes]
"""What a file imports: modules of the project; packages outside, and `EVERY` where it imports all of its own folder; a
digest of where each of its statements leads."""

MAX_REMEMBERED = 100
"""Files of which it is remembered what they reach by statements: thousands of files, asked for again and again."""


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """What some files that import each other in a circle (or one file) import, directly or not."""

    numbers: array[int]
    """Of the files, in `names`: texts would take twice as much memory, a set of them fourteen times as much."""

    names: Sequence[str]
    packages: frozenset[str]
    """Top-level packages outside the project that any of them imports; `EVERY`, where one imports its own folder."""

    @property
    def files(self) -> Iterator[str]:
        """They themselves too; each once, in no particular order."""
        return map(self.names.__getitem__, self.numbers)


class ImportGraph:
    """Imports between files of the project; `sketch` gives that of a path, also outside what is scanned."""

    def __init__(self, imports: ImportPath, sketch: Callable[[str], Sketch]) -> None:
        self._path = imports
        self._sketch = sketch
        self._edges: dict[str, tuple[str, ...]] = {}
        self._packages: dict[str, frozenset[str]] = {}
        self._led: dict[str, bytes] = {}
        self._known: Mapping[str, Edges] = {}
        self._reach: dict[str, Reach] = {}
        self._names: list[str] = []
        """The files whose reach is known, and the numbers by which it is told."""

        self._numbers: dict[str, int] = {}
        self._configurations: dict[str, Tree] = {}
        self._making: dict[str, bool] = {}
        self._listed: dict[str, dict[str, tuple[str, ...]]] = {}
        self._by_statements: dict[str, tuple[str, ...]] = {}
        self._reached_by_statements: dict[str, tuple[str, ...]] = {}
        self._shared: dict[frozenset[str], frozenset[str]] = {}
        """Sets of packages, one object for those that are equal: most files import what others import."""

    def imports(self, path: str) -> tuple[str, ...]:
        """The modules that a file imports directly, and the packages that they are in; sorted."""
        found = self._edges.get(path)
        if found is None and path in self._known:
            found, packages, self._led[path] = self._known[path]
            self._edges[path], self._packages[path] = found, self._one(packages)
        if found is None:
            led: list[str] = []
            outside: list[str] = []
            for origin, pairs in self._sketch(path).imports:
                names = [name for name, _ in pairs]
                if origin not in ("", BY_NAME):
                    led.extend([target or "" for _, target in self._from(origin, names, path)])
                elif not origin:
                    led.extend([target or "" for name in names for _, target in self._absolute(name, path)])
                else:
                    led.extend([target for pair in pairs for target in self._by_name(pair, path)])
                    names = [name for name, which in pairs if not which]
                    outside.extend([EVERY] if any(name == f".{EVERY}" for name, _ in pairs) else [])
                outside.extend(self._outside(origin, names, path))
            targets = {target for target in led if target and target[-1] != "/"}
            # One text a module, however many import it: a large tree has a hundred thousand of these.
            found = self._edges[path] = tuple(map(sys.intern, sorted(targets - {path})))
            self._packages[path] = self._one(frozenset(outside))
            told = [*self.configured_names.told()] if self.is_making(path) else []
            told += sorted(self.configured_names.chosen) if self.is_picking(path) else []
            text = "\n".join((*led, "", *outside, *told))
            self._led[path] = sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
        return found

    def _one(self, packages: frozenset[str]) -> frozenset[str]:
        return self._shared.setdefault(packages, packages)

    def imported(self, paths: Iterable[str]) -> frozenset[str]:
        """All that some files import directly."""
        known = self._known
        return frozenset().union(*[known[path][0] if path in known else self.imports(path) for path in paths])

    def know(self, edges: Mapping[str, Edges]) -> None:
        """Be told what files import."""
        self._known = edges

    def edges(self, path: str) -> Edges:
        """What a file imports, as `know` takes it."""
        return self.imports(path), self._packages[path], self._led[path]

    def known(self) -> dict[str, Edges]:
        """What each file imports that is known so far."""
        found = dict(self._known)
        for path, targets in self._edges.items():
            if path not in found:
                found[path] = targets, self._packages[path], self._led[path]
        return found

    def told(self, path: str) -> Iterator[Lookup]:
        """What is looked up for the import statements of a file: where that leads, the digest of its edges covers."""
        return (asked for asked, _ in self._told(path))

    def _told(self, path: str) -> Iterator[tuple[Lookup, str | None]]:
        for origin, pairs in self._sketch(path).imports:
            names = [name for name, _ in pairs]
            if origin not in ("", BY_NAME):
                yield from self._from(origin, names, path)
            elif not origin:
                yield from (each for name in names for each in self._absolute(name, path))

    def reached(self, path: str) -> tuple[str, ...]:
        """`path` and everything that it imports, directly or not, in no particular order."""
        return tuple(self.reach(path).files)

    def reached_by_statements(self, path: str) -> Iterable[str]:
        """Like `reached`, without what a file imports of its own folder for no other reason than that it is there.

        It is there to be registered: a network that is evaluated comes with all others, and with what trains these.
        """
        if EVERY not in self.reach(path).packages:
            return self.reached(path)
        found = self._reached_by_statements.get(path)
        if found is None:
            if len(self._reached_by_statements) >= MAX_REMEMBERED:
                self._reached_by_statements.clear()
            found = self._reached_by_statements[path] = self._follow_statements(path)
        return found

    def _follow_statements(self, path: str) -> tuple[str, ...]:
        seen, pending = {path}, [path]
        for each in pending:
            more = [target for target in self._stated(each) if target not in seen]
            seen.update(more)
            pending += more
        return tuple(seen)

    def _stated(self, path: str) -> tuple[str, ...]:
        imports = self.imports(path)
        if EVERY not in self._packages[path]:
            return imports
        found = self._by_statements.get(path)
        if found is None:
            folder = path.rpartition("/")[0]
            named = {target for each in self.listed(path).values() for target in each}
            stated = {target for _, target in self._told(path) if target}
            kept = (each for each in imports if each in stated or each not in named or not _is_in(each, folder))
            found = self._by_statements[path] = tuple(kept)
        return found

    def reach(self, path: str) -> Reach:
        """What `path` leads to; the same object for all files of a circle."""
        if path not in self._reach:
            self._explore(path)
        return self._reach[path]

    def looked_up(self, node: ast.Import | ast.ImportFrom, path: str) -> list[tuple[Lookup, str | None]]:
        """What is looked up for an import statement of `path`, in order, and where each leads."""
        import ast  # loaded by whoever has a tree

        if isinstance(node, ast.Import):
            return [each for alias in node.names for each in self._absolute(alias.name, path)]
        names = [alias.name for alias in node.names]
        return list(self._from("." * node.level + (node.module or ""), names, path))

    # -- what a statement means -----------------------------------------------------------------------------------

    def _from(self, origin: str, names: Iterable[str], path: str) -> Iterator[tuple[Lookup, str | None]]:
        """What is looked up, and where each leads: a file, a folder (that ends with `/`), nowhere."""
        dotted = origin.lstrip(".")
        level = len(origin) - len(dotted)
        if level:
            base = self._path.find_relative(dotted, level, path)
        else:
            yield from self._absolute(dotted, path)
            base = self._path.find_module(dotted, path)
        yield (level, dotted, ""), base
        if base is not None:
            for name in names:
                yield (-1, base, name), self._path.find_submodule(base, name)

    def _by_name(self, pair: tuple[str, str], path: str) -> Iterator[str]:
        """The modules of a package after those around it; the one of this name; those that a configuration names."""
        name, which = pair
        if name == CONFIGURED:
            for made in targets_in(self.configuration(path)):
                yield from self._holding(str(made[TARGET]), path)
            return
        if name == NAMED:
            for dotted in self.configured_names.names:
                yield from self._holding(dotted, path)
            return
        if name.startswith("["):
            return  # a mark that tells something else of the file
        package = name.removesuffix(EVERY)
        if package == name and not name.endswith((*DATA, ".ipynb", ".py")):
            yield from (target for _, target in self._absolute(name, path) if target is not None)
        elif package != name:
            yield from self._path.modules(package, which, path)

    def _holding(self, dotted: str, path: str) -> Iterator[str]:
        """The module that holds what a whole name names, after the packages around it, as far as they are files."""
        yield from (target for _, target in self._absolute(dotted, path) if target is not None)
        holder = dotted.rpartition(".")[0]
        for name in (holder, holder.rpartition(".")[0]):  # a class, or a method of one
            found = self._path.find_module(name, path) if name else None
            if found is not None:
                yield found
                return

    def configuration(self, path: str) -> Tree:
        """What Hydra gives a program, as its files say now; empty where that is not certain."""
        found = self._configurations.get(path)
        if found is None:
            asked = [which for _, pairs in self._sketch(path).imports for name, which in pairs if name == CONFIGURED]
            found = self._configurations[path] = self._path.composed(path, asked[0]) if asked else {}
        return found

    @property
    def configured_names(self) -> ConfiguredNames:
        """What the documents of the project name."""
        return self._path.configured_names

    def makes_by_name(self, path: str) -> bool:
        """Whether a file, or one that it imports, makes what documents name."""
        found = self._making.get(path)
        if found is None:
            found = self._making[path] = any(map(self.is_making, (path, *self.imports(path))))
        return found

    def is_making(self, path: str) -> bool:
        """Whether a file itself does."""
        return self._holds(path, NAMED)

    def is_computing(self, path: str) -> bool:
        """Whether a file imports something that nothing in it names."""
        return self._holds(path, COMPUTED)

    def is_picking(self, path: str) -> bool:
        """Whether a file picks something out of a module by what may be a name in a document."""
        return self._holds(path, CHOSEN)

    def asks_for_configuration(self, path: str) -> bool:
        """Whether a file says which configuration it gets from Hydra."""
        return self._holds(path, CONFIGURED)

    def _holds(self, path: str, mark: str) -> bool:
        asked = (pairs for origin, pairs in self._sketch(path).imports if origin == BY_NAME)
        return any(name == mark for pairs in asked for name, _ in pairs)

    def listed(self, path: str) -> dict[str, tuple[str, ...]]:
        """The modules that a file may import by names that are put together, by package, as `computed_imports` says."""
        found = self._listed.get(path)
        if found is None:
            found = self._listed[path] = {}
            for origin, pairs in self._sketch(path).imports:
                for name, which in pairs:
                    if origin == BY_NAME and name.endswith(EVERY):
                        found[name] = (*found.get(name, ()), *self._by_name((name, which), path))
        return found

    def _absolute(self, dotted: str, path: str) -> Iterator[tuple[Lookup, str | None]]:
        """The module and the packages around it: importing `a.b` executes `a` first."""
        parts = dotted.split(".")
        for count in range(1, len(parts) + 1):
            name = ".".join(parts[:count])
            found = self._path.find_module(name, path)
            yield (0, name, ""), found
            if found is None:
                return

    def _outside(self, origin: str, names: Iterable[str], path: str) -> Iterator[str]:
        """Top-level packages of a statement that are none of the project's."""
        for dotted in names if origin in ("", BY_NAME) else (origin,):
            if not dotted.startswith(".") and self._path.find_module(dotted, path) is None:
                yield dotted.partition(".")[0]

    # -- circles --------------------------------------------------------------------------------------------------

    def _explore(self, start: str) -> None:
        """Find the circles below a file (Tarjan's algorithm, with a stack of its own) and what each leads to."""
        number = {start: 0}
        lowest = {start: 0}
        open_, on_stack = [start], {start}
        pending = [(start, iter(self.imports(start)))]
        while pending:
            path, targets = pending[-1]
            for target in targets:
                if target in self._reach:
                    continue
                if target not in number:
                    number[target] = lowest[target] = len(number)
                    open_.append(target)
                    on_stack.add(target)
                    pending.append((target, iter(self.imports(target))))
                    break
                if target in on_stack:
                    lowest[path] = min(lowest[path], number[target])
            else:
                pending.pop()
                if pending:
                    above = pending[-1][0]
                    lowest[above] = min(lowest[above], lowest[path])
                if lowest[path] == number[path]:
                    circle = [open_.pop()]
                    while circle[-1] != path:
                        circle.append(open_.pop())
                    on_stack.difference_update(circle)
                    self._close(circle)

    def _close(self, circle: list[str]) -> None:
        """Keep what a circle leads to; all that it imports was closed before."""
        numbers = {self._number(path) for path in circle}
        packages: set[str] = set()
        targets = {target for path in circle for target in self.imports(path)}
        below = {id(reach): reach for target in targets if (reach := self._reach.get(target)) is not None}
        for path in circle:
            packages |= self._packages[path]
        for reach in below.values():
            numbers.update(reach.numbers)
            packages |= reach.packages
        found = Reach(array("I", numbers), self._names, self._one(frozenset(packages)))
        for path in circle:
            self._reach[path] = found

    def _number(self, path: str) -> int:
        found = self._numbers.setdefault(path, len(self._names))
        if found == len(self._names):
            self._names.append(path)
        return found


def _is_in(path: str, folder: str) -> bool:
    """Whether a module or package stands directly in a folder."""
    return path.removesuffix("/__init__.py").rpartition("/")[0] == folder


def importers(imports: Iterable[tuple[str, Iterable[str]]], of: Iterable[str]) -> set[str]:
    """The files that import one of some files, directly or not, and these; `imports`: files, and what each imports."""
    users: dict[str, list[str]] = {}
    for path, targets in imports:
        for target in targets:
            users.setdefault(target, []).append(path)
    pending = list(of)
    found = set(pending)
    for path in pending:
        more = [user for user in users.get(path, ()) if user not in found]
        found.update(more)
        pending += more
    return found
