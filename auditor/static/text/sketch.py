"""What the bytes of one file tell without parsing them: which words it holds, what it imports.

It is made once, in whichever process comes to the file first, and takes far less memory than the file.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Iterable, Iterator

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.digest import content_digest
from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern
from auditor.static.suppress import MARK
from auditor.static.text.computedimports import COMPUTED, computed_imports, executes_imports, is_computed
from auditor.static.text.configurednames import CHOSEN, NAMED, makes_by_name, picks_by_name
from auditor.static.text.frameworktasks import RUNNING_TASKS, is_known_by, task_names
from auditor.static.text.hydraconfigs import CONFIGURED, configuration_of
from auditor.static.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from auditor.static.syntax.source import SourceFile

Statement = tuple[str, tuple[tuple[str, str], ...]]
"""`from .a import b as c, d` as (".a", (("b", "c"), ("d", ""))); `import a` as ("", (("a", ""),))."""

BY_NAME = "__import__"
"""In place of an origin: `__import__("a")`, `import_module(name)`. What is only perhaps a module has an alias."""

MAIN_GUARD = lazy_pattern(
    rb"^if\s*\(?\s*(?:__name__\s*==|[\"']__main__[\"']\s*==)(?![^\n]*:[^\n]*\n\s+_ = )", re.MULTILINE
)
"""A guard that certainly runs something; one that begins with `_ = …` has to be looked at."""

_TEST_WORDS = (b"unittest", b"pytest", b"doctest", b"absltest", b"nose")

# A line may begin with a byte order mark, and end with a carriage return alone.
_FROM = lazy_pattern(rb"(?:^(?:\xef\xbb\xbf)?|[;:\r\f])[ \t]*from[ \t]*(\.*[ \t]*[\w.]*)[ \t]*$")
_AFTER = (b" ", b"\t", b"(", b"*", b"\\", b"\f")
"""What may follow the word: `from .utils.import_utils import a` has it twice."""

_BEFORE = lazy_pattern(rb"(?:^(?:\xef\xbb\xbf)?|[;:\r\f])[ \t]*$")
_DYNAMIC = lazy_pattern(rb"""import(?:_module|__)\(\s*["']([\w.]+)["']""")
_NAME = lazy_pattern(rb"([\w.\x80-\xff]+|\*)(?:\s+as\s+([\w\x80-\xff]+))?")
_COMMENT = lazy_pattern(rb"#[^\n]*")


@dataclass(frozen=True, slots=True)
class Sketch:
    """One file, seen from far."""

    digest: bytes
    """Of the bytes; empty where the file cannot be read."""

    literals: int
    """Those of the vocabulary that stand in it, as their bits."""

    imports: tuple[Statement, ...]
    """Too many rather than too few: an import statement inside a string counts."""

    has_guard: bool
    """A main guard that is not there to run tests."""

    names_main: bool
    """Holds the word `__main__`."""

    is_marked: bool
    """Holds a comment for us."""

    code: bytes = b""
    """Digest of its code (`SourceFile.code`)."""

    size_bytes: int = 0


_SHARED: dict[Statement, Statement] = {}
"""Import statements that were met: `import torch` stands in thousands of files."""

_MAX_SHARED = 200_000


def packed_sketch(sketch: Sketch) -> bytes:
    """A sketch as it is kept from one scan to the next, without digest and literals: these are asked of all files."""
    return marshal.dumps(
        (sketch.imports, sketch.has_guard, sketch.names_main, sketch.is_marked, sketch.code, sketch.size_bytes)
    )


def import_words(sketch: Sketch) -> bytes:
    """The parts of all names in the import statements of a file, each in a line of its own."""
    words: dict[str, None] = {}
    for origin, pairs in sketch.imports:
        words.update(dict.fromkeys(origin.split(".")))
        for name, _ in pairs:
            words.update(dict.fromkeys(name.split(".")))
    return "\n".join(["", *words, ""]).encode("utf-8", "surrogatepass")


def unpacked_sketch(packed: bytes, digest: bytes, literals: int) -> Sketch:
    """What was packed."""
    imports, has_guard, names_main, is_marked, code, size_bytes = marshal.loads(packed)
    return Sketch(digest, literals, shared(imports), has_guard, names_main, is_marked, code, size_bytes)


UNREADABLE = Sketch(b"", 0, (), has_guard=False, names_main=False, is_marked=False)


def make_sketch(source: SourceFile, vocabulary: Vocabulary) -> Sketch:
    """Look over the bytes of a file."""
    try:
        code = source.code()
        statements = source.import_text()
    except ProjectError:
        # A notebook that is broken still has words; nothing of it is parsed.
        statements = b""
        try:
            code = source.code()
        except ProjectError:
            return UNREADABLE
    names_main = b"__main__" in code
    return Sketch(
        digest=content_digest(source.raw()),
        literals=vocabulary.look_over(code),
        imports=shared(_statements(statements)),
        has_guard=names_main and MAIN_GUARD.search(code) is not None and not any(word in code for word in _TEST_WORDS),
        names_main=names_main,
        is_marked=MARK.encode() in source.raw().lower(),
        code=content_digest(code)[:16],
        size_bytes=len(source.raw()),
    )


def shared(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The same statements, one object for those that are equal."""
    if len(_SHARED) > _MAX_SHARED:
        _SHARED.clear()
    return tuple(_SHARED.setdefault(statement, statement) for statement in statements)


def _statements(raw: bytes) -> Iterator[Statement]:
    at = raw.find(b"import")
    computed = False
    packages: set[str] = set()
    while at >= 0:
        line = raw.rfind(b"\n", 0, at) + 1
        before = raw[line:at]
        end = raw.find(b"\n", at)
        rest = raw[at + 6 : end if end >= 0 else len(raw)]
        if rest[:1] in _AFTER and (origin := _FROM.search(before)):
            if rest.lstrip().startswith(b"("):
                rest = _in_parentheses(raw, at + 6)
            holder = origin[1].replace(b" ", b"").decode()
            names = _names(rest)
            packages.update((holder.partition(".")[0], holder.rpartition(".")[2]))  # `from project.celery import app`
            packages.update(bound or name for name, bound in names)  # `from project.extensions import celery`
            yield holder, names
        elif rest[:1] in (b" ", b"\t") and _BEFORE.search(before):
            names = _names(rest)
            packages.update([name.partition(".")[0] for name, _ in names])
            yield "", names
        elif rest.startswith((b"_module", b"__(")):
            yield BY_NAME, ()
            computed = computed or is_computed(raw, at + 6)
            if dynamic := _DYNAMIC.match(raw, at):
                yield "" if rest.startswith(b"_module") else BY_NAME, ((dynamic[1].decode(), ""),)
        at = raw.find(b"import", at + 6)
    if computed:
        named = tuple(dict.fromkeys(computed_imports(raw)))
        yield BY_NAME, named or ((COMPUTED, "*"),)
    elif executes_imports(raw):
        yield BY_NAME, ((COMPUTED, "*"),)
    configuration = configuration_of(raw)
    if configuration is not None:
        yield BY_NAME, ((CONFIGURED, configuration),)
    if makes_by_name(raw, is_computed=computed):
        yield BY_NAME, ((NAMED, "*"),)
    if picks_by_name(raw):
        yield BY_NAME, ((CHOSEN, "*"),)
    for package in RUNNING_TASKS:
        if is_known_by(package, packages) and (tasks := tuple(task_names(package, raw))):
            yield BY_NAME, tasks


def _in_parentheses(raw: bytes, start: int) -> bytes:
    """What stands from `start` to the first closing parenthesis that is in no comment."""
    end = raw.find(b")", start)
    while end >= 0 and b"#" in raw[raw.rfind(b"\n", start, end) + 1 or start : end]:
        end = raw.find(b")", end + 1)
    return raw[start : end if end >= 0 else len(raw)]


def _names(text: bytes) -> tuple[tuple[str, str], ...]:
    """`a as b, c` → (a, b), (c, "")."""
    statement = _COMMENT.sub(b"", text).partition(b";")[0]
    parts = (_NAME.search(part) for part in statement.split(b","))
    return tuple(
        (part[1].decode("utf-8", "replace"), (part[2] or b"").decode("utf-8", "replace")) for part in parts if part
    )
