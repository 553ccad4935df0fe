"""The grid of phases and steps, the tree of modules, and the events side by side."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.model.trace import EventKind
from auditor.tui.evidence import ABSENT, DIFFERS, EventPair, Folding, Grid, ModuleCount, PairLine, StepEvents
from auditor.tui.lines import Piece, Row, fit, fit_left, row
from auditor.tui.signs import Signs

LABEL = 11  # cells before the first column of the grid
DIGEST = 8  # hex digits shown of a digest
NARROW = 48  # cells under which an event's number and some digits go
DIGEST_HEADING = "reference  candidate"


class GridRows:
    """One row a phase, one column a step or a group of steps, and a scale below."""

    def __init__(self, grid: Grid, step: int, width: int, signs: Signs) -> None:
        self._grid = grid
        self._step = step
        self._signs = signs
        room = max(width - LABEL - 1, 1)
        self.cell = 2 if grid.steps * 2 <= room else 1
        self.group = max(-(-grid.steps * self.cell // room), 1)

    def __len__(self) -> int:
        return len(self._grid.rows) + 1 if self._grid.steps else 0

    def row(self, index: int, width: int) -> Row:
        if index == len(self._grid.rows):
            return self._scale()
        name, cells = self._grid.rows[index]
        pieces = [Piece(" " + name.ljust(LABEL - 1), "muted")]
        text, tone = "", ""
        for start in range(0, self._grid.steps, self.group):
            state = self._grid.state(cells, start, start + self.group)
            sign, kind = self._look(state)
            here = start <= self._step < start + self.group
            if here:
                kind = "grid-here-differs" if state == DIFFERS else "grid-here"
            if kind != tone and text:
                pieces.append(Piece(text, tone))
                text = ""
            text, tone = text + sign, kind
            if self.cell == 2:
                # The space between two columns takes no colour of its own: the mark is one cell wide.
                if here:
                    pieces.append(Piece(text, tone))
                    text, tone = " ", "plain"
                else:
                    text += " "
        return Row((*pieces, Piece(text, tone or "plain")))

    def _look(self, state: int) -> tuple[str, str]:
        if state == DIFFERS:
            return self._signs.differs, "differs"
        return (self._signs.absent, "muted") if state == ABSENT else (self._signs.equal, "muted")

    def _scale(self) -> Row:
        columns = -(-self._grid.steps // self.group)
        every = 5 if self.cell == 2 else 10
        text = ""
        for column in range(0, columns, every):
            text = text.ljust(column * self.cell) + str(column * self.group) + " "
        label = "step" if self.group == 1 else f"step/{self.group}"
        return row(Piece(" " + fit(label, LABEL - 1) + text.rstrip(), "muted"))

    def step_at(self, x: int) -> int:
        """The step of a column on the screen, for a click."""
        return max(0, min((x - LABEL) // self.cell * self.group, self._grid.steps - 1))


class ModuleRows:
    """The modules of a step as a tree; the first row stands for all of them."""

    def __init__(self, modules: Sequence[ModuleCount], signs: Signs) -> None:
        self._signs = signs
        self.entries = _tree(modules)
        self._total = sum(each.events for each in modules)
        self._differing = sum(each.differing for each in modules)

    def __len__(self) -> int:
        return len(self.entries) + 1 if self._total else 0

    def path(self, index: int) -> str | None:
        """The module of a row; None for the first, which stands for all."""
        return self.entries[index - 1].path if 0 < index <= len(self.entries) else None

    def index(self, path: str | None) -> int:
        """The row of a module; 0 where it has none."""
        return next((at for at, each in enumerate(self.entries, 1) if each.path == path), 0)

    def row(self, index: int, width: int) -> Row:
        if index == 0:
            return self._line(self._differing, self._total, "", "all events", False, width)
        entry = self.entries[index - 1]
        return self._line(entry.differing, entry.events, entry.stem(self._signs), entry.name, entry.has_first, width)

    def _line(self, differing: int, total: int, stem: str, name: str, has_first: bool, width: int) -> Row:
        sign = Piece(self._signs.differs, "differs") if differing else Piece(self._signs.equal, "muted")
        count = f"{differing:,}/{total:,}" if differing else f"{total:,}"
        label = "first" if has_first else ""
        room = max(width - 3 - len(stem) - len(count) - (6 if label else 0), 4)
        return row(
            sign,
            Piece(" " + stem, "muted"),
            Piece(fit(name, room, self._signs.ellipsis), "strong" if has_first else "plain"),
            Piece(" first" if label else "", "differs"),
            Piece(" " + count, "muted"),
        )


class TreeEntry:
    """A module or a package of modules; counts include everything below."""

    def __init__(self, path: str, depth: int, lasts: tuple[bool, ...]) -> None:
        self.path = path
        self.name = path.rpartition(".")[2] if depth else path or "outside modules"
        self.events = self.differing = 0
        self.has_first = False
        self._lasts = lasts

    def stem(self, signs: Signs) -> str:
        """Lines that join the entry to its parent."""
        above = "".join("  " if last else signs.stem for last in self._lasts[:-1])
        return above + (signs.last if self._lasts[-1] else signs.branch) if self._lasts else ""


def _tree(modules: Sequence[ModuleCount]) -> list[TreeEntry]:
    """Every module and every parent of one, parents first."""
    children: dict[str, list[str]] = {}
    roots: list[str] = []
    known: set[str] = set()
    for path in sorted(each.path for each in modules):
        parts = path.split(".")
        for depth in range(1, len(parts) + 1):
            node = ".".join(parts[:depth])
            if node not in known:
                known.add(node)
                parent = ".".join(parts[: depth - 1])
                (children.setdefault(parent, []) if depth > 1 else roots).append(node)
    entries: dict[str, TreeEntry] = {}
    waiting: list[tuple[str, tuple[bool, ...]]] = [(root, ()) for root in reversed(roots)]
    while waiting:
        node, lasts = waiting.pop()
        entries[node] = TreeEntry(node, len(lasts), lasts)
        below = children.get(node, [])
        waiting += [(child, (*lasts, child == below[-1])) for child in reversed(below)]
    for each in modules:
        parts = each.path.split(".")
        for depth in range(1, len(parts) + 1):
            entry = entries[".".join(parts[:depth])]
            entry.events += each.events
            entry.differing += each.differing
        entries[each.path].has_first |= each.has_first
    return list(entries.values())


class PairRows:
    """The events of a step, reference and candidate side by side; long equal stretches are one row."""

    def __init__(self, events: StepEvents, selected: Sequence[int], folding: Folding, signs: Signs) -> None:
        self._events = events
        self._selected = selected
        self._folding = folding
        self._signs = signs

    def __len__(self) -> int:
        return len(self._folding)

    def pair(self, index: int) -> EventPair | None:
        """The pair of a row; None for a fold."""
        if not 0 <= index < len(self):
            return None
        start, stop = self._folding.at(index)
        return self._events.pair(self._selected[start]) if stop - start == 1 else None

    def row(self, index: int, width: int) -> Row:
        start, stop = self._folding.at(index)
        if stop - start > 1:
            return row(Piece(f"{self._signs.equal}    {self._signs.ellipsis} {stop - start:,} equal events", "muted"))
        return pair_row(self._events.line(self._selected[start]), width, self._signs)


def pair_row(line: PairLine, width: int, signs: Signs) -> Row:
    """`≠ 1204  aten::index_add_   Net.embed.pool   c41f9be0  5d02a7f3`."""
    if not line.compared:
        sign, tone = signs.dot, "muted"
    elif line.differs:
        sign, tone = signs.differs, "differs"
    else:
        sign, tone = signs.equal, "muted"
    if width < NARROW:
        index, digits, digests = "", 6, 16
    else:
        index, digits, digests = f"{line.number:>6} ", DIGEST, len(DIGEST_HEADING) + 5
    room = max(width - 2 - len(index) - digests, 8)
    module_width = min(room * 2 // 5, 44) if room >= 44 else 0
    pieces = [
        Piece(f"{sign} ", tone),
        Piece(index, "muted"),
        Piece(
            fit(kind_text(line.kind, line.op), room - module_width, signs.ellipsis),
            "plain" if line.compared else "muted",
        ),
    ]
    if module_width:
        module = fit_left(line.module, module_width - 2, signs.ellipsis)
        pieces.append(Piece(fit(" " + module, module_width), "muted"))
    unequal = line.differs and line.compared
    gap = "   " if index else "  "  # under the words of the title, which ends three cells before the edge
    reference, candidate = (digest_text(digest, signs)[:digits] for digest in line.digests)
    pieces.append(Piece("  " + reference, "strong" if unequal else "muted"))
    pieces.append(Piece(gap + candidate, "differs" if unequal else "muted"))
    return Row(tuple(pieces), line.site)


_KIND_WORDS = {
    EventKind.OUTSIDE: "from outside",
    EventKind.REGION: "compiled",
    EventKind.BATCH: "batch",
    EventKind.STATE: "state of",
    EventKind.SEED: "seed",
    EventKind.LISTING: "listing",
    EventKind.STEP: "step ends",
    EventKind.WEIGHTS: "weights",
}


def kind_text(kind: EventKind, op: str) -> str:
    """The operator, or what kind of event it is."""
    word = _KIND_WORDS.get(kind, "")
    return word if op in ("", word) else f"{word} {op}".strip()


def digest_text(digest: int | None, signs: Signs) -> str:
    if digest is None:
        return "missing".ljust(DIGEST)
    return f"{digest:016x}"[:DIGEST] if digest else signs.dot.ljust(DIGEST)
