"""What a file imports, read off its bytes: what it says, and no module that it does not name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from auditor.static.files.importpath import ImportPath
from auditor.static.syntax.source import SourceFile
from auditor.static.text.sketch import make_sketch
from auditor.static.text.vocabulary import Vocabulary

STATEMENTS = {
    "the word within a name": "from .utils.import_utils import first\n",
    "the word at the start of a relative name": "from .importers import first, second\n",
    "the word within a plain name": "from a.importlib_metadata import first as second\n",
    "a module of that name": "import importlib, importlib.util as util\n",
    "no space before it": "from .import first\nfrom ..import second\n",
    "no space behind it": "from a import(first, second)\nfrom b import*\n",
    "a line that goes on": "from a import \\\n    first\nfrom b import\\\n    second\n",
    "tabs": "from\ta\timport\tfirst\n",
}


@pytest.mark.parametrize("text", STATEMENTS.values(), ids=STATEMENTS)
def test_statements_are_those_of_the_parser(text: str, tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(text)
    said = [
        ("", tuple((alias.name, alias.asname or "") for alias in node.names))
        if isinstance(node, ast.Import)
        else ("." * node.level + (node.module or ""), tuple((alias.name, alias.asname or "") for alias in node.names))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert list(make_sketch(SourceFile("a.py", file), Vocabulary()).imports) == said


@pytest.mark.parametrize("name", ["lib.", "lib..", ".lib", "a..lib"])
def test_what_names_no_module_leads_nowhere(name: str, tmp_path: Path) -> None:
    (tmp_path / "a" / "lib").mkdir(parents=True)
    (tmp_path / "lib").mkdir()
    for folder in ("lib", "a", "a/lib"):
        (tmp_path / folder / "__init__.py").touch()
    imports = ImportPath(tmp_path)
    imports.know_names("lib/", frozenset({"__init__.py"}))
    assert imports.find_module(name, "main.py") is None
    assert imports.find_relative(name, 1, "main.py") is None


def test_a_library_imports_itself_and_a_module_of_its_name_imports_the_library(tmp_path: Path) -> None:
    for name in ("torch/__init__.py", "helpers/torch.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("import torch\n")
    imports = ImportPath(tmp_path, frozenset({"torch"}))
    assert imports.find_module("torch", "torch/__init__.py") == "torch/__init__.py"
    (tmp_path / "torch/__init__.py").unlink()
    assert ImportPath(tmp_path, frozenset({"torch"})).find_module("torch", "helpers/torch.py") is None
