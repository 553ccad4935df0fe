"""What the options of a program's command line are worth when nobody gives them."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.commandline import Evaluate, adds_unnamed, option_defaults
from auditor.static.evaluation.fields import grouped
from auditor.static.evaluation.subcommands import default_of_command
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.seedvalue import (
    GIVEN,
    Seen,
)
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project

ADDING = frozenset(
    {
        "__dict__", "add_argparse_args", "add_arguments", "add_class_arguments", "add_dataclass_arguments", "namespace",
        "parents", "setattr", "update",
    }
)  # fmt: skip
"""Words of which one stands in files that give a parser, or its result, options that are not declared one by one."""

_MAKING = frozenset({"ArgumentParser"})
_ANY_NAME = "*"
_LEAVING_OUT = frozenset({"argument_default"})
_PARSING = frozenset({"add_argument", "parse_args", "parse_known_args"})


class OptionValues:
    """The options that the modules executed so far declare."""

    def __init__(self, evaluator: Evaluator, project: Project) -> None:
        self._evaluator = evaluator
        self._project = project
        self._options: dict[str, dict[str, Seen]] = {}
        self._modules: dict[str, ModuleFacts] = {}
        """Modules that the program has executed so far: their parsers count."""

        self._unread: deque[ModuleFacts] = deque()
        """Those of them whose options are not in the table yet."""

        self._table: dict[str, Seen] = {}
        """The options of all modules; GIVEN where two differ."""

        self._leaving_out: dict[int, bool] = {}
        """By the number of modules, whether one of them leaves out the options that nobody gives."""

        self._deleted: dict[str, frozenset[object]] = {}
        """By the path of a module, what it deletes."""

        self._closed: dict[int, bool] = {}
        """Whether the options of so many modules are all declared by name."""

    def executes(self, module: ModuleFacts) -> None:
        """The program executes something of a module."""
        if module.path not in self._modules:
            self._modules[module.path] = module
            self._unread.append(module)
            self._evaluator.nested.forget()

    def value(self, name: str, frame: Frame) -> Seen:
        """A command-line option, as it is when nobody gives it."""
        if name in self._evaluator.stored:
            return self._evaluator.stored[name]
        own = self._module_options(frame.module).get(name)
        if own == GIVEN and not self._is_declared_beside(name, frame.module):  # also where two commands have it
            own = default_of_command(frame.module, frame.function, name, self._at(frame.module)) or own
        if own is not None:
            return own
        self._read()
        return self._table.get(name, GIVEN)

    def _is_declared_beside(self, name: str, module: ModuleFacts) -> bool:
        """Whether another file of the program has an option of that name, which may as well be what is handed on."""
        others = (each for path, each in list(self._modules.items()) if path != module.path)
        return any(name in self._module_options(each) for each in others)

    def _read(self) -> None:
        while self._unread:
            for option, default in self._module_options(self._unread.popleft()).items():
                self._table[option] = default if self._table.get(option, default) == default else GIVEN

    def _module_options(self, module: ModuleFacts) -> dict[str, Seen]:
        found = self._options.get(module.path)
        if found is None:
            self._options[module.path] = {}
            found = option_defaults(module, self._at(module))
            found |= grouped(self._evaluator, module)
            self._options[module.path] = found
            self._evaluator.nested.forget()
        return found

    def _at(self, module: ModuleFacts) -> Evaluate:
        return lambda node: self._evaluator.value(node, Frame(module, module.enclosing_function(node)))

    def lacks(self, name: str, frame: Frame) -> bool:
        """Whether no option is called so, as the options are those that the parsers declare by name and no others."""
        self.executes(frame.module)
        self._read()
        if name in self._table or name in self._evaluator.stored:
            return False
        number = len(self._modules)
        if number not in self._closed:
            self._closed[number] = bool(self._table) and not any(
                self._project.texts.hold(path, ADDING) or adds_unnamed(module) for path, module in self._modules.items()
            )
        return self._closed[number]

    def certainly_lacks(self, name: str, frame: Frame) -> bool:
        """The same where each file that adds options or parses them makes a parser: a library's has more options."""
        if not self.lacks(name, frame):
            return False
        hold = self._project.texts.hold
        return all(hold(path, _MAKING) or not hold(path, _PARSING) for path in self._modules)

    def removes(self, name: str, frame: Frame) -> bool:
        """Whether a file takes an option out of the others: `options.pop("seed")`, `del args.seed`.

        Or leaves out all that nobody gives: `ArgumentParser(argument_default=SUPPRESS)`.
        """
        number = len(self._modules)
        if number not in self._leaving_out:
            self._leaving_out[number] = any(self._project.texts.hold(path, _LEAVING_OUT) for path in self._modules)
        if self._leaving_out[number]:
            return True
        texts = tuple(f"{start}{name}{end}" for start, end in (('pop("', '"'), ("pop('", "'")))
        if self._project.texts.contain(frame.module.path, texts):
            return True
        deleted = self._deleted.get(frame.module.path)
        if deleted is None:
            deleted = self._deleted[frame.module.path] = frozenset(_deleted(frame.module))
        return name in deleted or _ANY_NAME in deleted


def _deleted(module: ModuleFacts) -> Iterator[object]:
    """The names of attributes and the keys that a file deletes, `_ANY_NAME` for one that it computes."""
    for node in walk(module.tree):
        for each in node.targets if isinstance(node, ast.Delete) else ():
            yield _ANY_NAME if _is_computed(each) else getattr(each, "attr", "") or _key(each)


def _is_computed(node: ast.expr) -> bool:
    """`options[name]`, whatever name that is."""
    key = node.slice if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) else None
    return isinstance(key, ast.Name)


def _key(node: ast.expr) -> object:
    return getattr(node.slice, "value", None) if isinstance(node, ast.Subscript) else None
