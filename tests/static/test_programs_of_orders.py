"""Which programs an order is told of: those that get to where it comes about, and to where it counts."""

from __future__ import annotations

from pathlib import Path

from auditor.ruleset import load
from auditor.static.engine import Engine, find_files

RULESET = load()

LISTING = """
import os


def names(root):
    return os.listdir(root)


def first(root):
    return names(root)[:1]


def size(root):
    return len(names(root))


class Folder:
    def __init__(self, root):
        self.names = names(root)

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        return self.names[index]
"""
USER = "import data\nif __name__ == '__main__':\n    print({})\n"
METADATA = "[project]\nname = 'x'\nversion = '1'\n"
A, B = ("a.py",), ("b.py",)


def told(folder: Path, files: dict[str, str]) -> list[tuple[str, int, tuple[str, ...]]]:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    engine = Engine(RULESET, [rule for rule in RULESET.rules if rule.id in ("RA304", "RA305")])
    found = engine.analyse(find_files(folder, [folder], ())).findings
    return [(each.location.path, each.location.line, each.entry_points) for each in found]


def of_users(folder: Path, a: str, b: str, **more: str) -> list[tuple[str, int, tuple[str, ...]]]:
    """What is told of two programs that import the module above."""
    return told(folder, {"data.py": LISTING, "a.py": USER.format(a), "b.py": USER.format(b), **more})


def test_who_only_counts_is_not_told(tmp_path: Path) -> None:
    assert of_users(tmp_path, "data.first('x')", "data.size('x')") == [("data.py", 6, A)]


def test_who_gets_there_in_another_way_is_told(tmp_path: Path) -> None:
    assert of_users(tmp_path, "data.first('x')", "data.Folder('x')[0]") == [("data.py", 6, A + B)]


def test_who_picks_the_first_itself_is_told(tmp_path: Path) -> None:
    assert of_users(tmp_path, "data.size('x')", "data.names('x')[:1]") == [("data.py", 6, B)]
    assert of_users(tmp_path, "data.names('x')[:2]", "data.names('x')[:1]") == [("data.py", 6, A + B)]


def test_who_sorts_what_comes_back_is_not_told(tmp_path: Path) -> None:
    assert of_users(tmp_path, "sorted(data.names('x'))[:1]", "data.names('x')[:1]") == [("data.py", 6, B)]


def test_what_no_program_calls_is_not_told(tmp_path: Path) -> None:
    assert of_users(tmp_path, "data.size('x')", "data.size('y')") == []


def test_what_a_text_may_lead_to_is_told(tmp_path: Path) -> None:
    assert of_users(tmp_path, "eval('data.' + input())('x')", "data.size('x')") == [("data.py", 6, A)]
    assert of_users(tmp_path, "getattr(data, input())('x')", "data.size('x')") == [("data.py", 6, A)]


def test_what_a_package_offers_is_told(tmp_path: Path) -> None:
    user = "from kit import data\nif __name__ == '__main__':\n    print(data.size('x'))\n"
    files = {"kit/__init__.py": "", "kit/data.py": LISTING, "a.py": user, "b.py": user}
    assert told(tmp_path, files) == []
    assert told(tmp_path, {**files, "pyproject.toml": "[tool.ruff]\nline-length = 99\n"}) == []
    assert told(tmp_path, {**files, "pyproject.toml": METADATA}) == [("kit/data.py", 6, A + B)]


def test_what_no_program_imports_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, {"data.py": LISTING}) == [("data.py", 6, ())]


def test_sets_are_judged_like_listings(tmp_path: Path) -> None:
    words = (
        "def words(text):\n    return set(text.split())\n\n\n"
        "def ids(text):\n    return {word: i for i, word in enumerate(words(text))}\n\n\n"
        "def count(text):\n    return len(words(text))\n"
    )
    files = {"data.py": words, "a.py": USER.format("data.ids('x y')"), "b.py": USER.format("data.count('x y')")}
    assert told(tmp_path, files) == [("data.py", 6, A)]


def test_two_sets_that_count_at_one_place(tmp_path: Path) -> None:
    text = (
        "def ids(words):\n    return {word: i for i, word in enumerate(words)}\n\n\n"
        "def one(text):\n    return ids(set(text.split()))\n\n\n"
        "def other(text):\n    return ids(set(text.lower()))\n"
    )
    files = {"data.py": text, "a.py": USER.format("data.one('x y')"), "b.py": USER.format("data.other('x y')")}
    assert told(tmp_path, files) == [("data.py", 2, A + B)]


def test_a_registered_function_is_told(tmp_path: Path) -> None:
    text = "import os\n\nKNOWN = {}\n\n\ndef register(f):\n    KNOWN[f.__name__] = f\n    return f\n\n\n"
    text += "@register\ndef first(root):\n    return os.listdir(root)[:1]\n"
    user = "import data\nif __name__ == '__main__':\n    print(data.KNOWN[input()]('x'))\n"
    assert told(tmp_path, {"data.py": text, "a.py": user}) == [("data.py", 13, A)]


def test_a_function_in_a_table_of_another_file_is_told(tmp_path: Path) -> None:
    table = "from data import first, size\n\nKNOWN = {'first': first, 'size': size}\n"
    user = "from table import KNOWN\nif __name__ == '__main__':\n    print(KNOWN[input()]('x'))\n"
    assert told(tmp_path, {"data.py": LISTING, "table.py": table, "a.py": user}) == [("data.py", 6, A)]


def test_a_method_that_a_subclass_inherits_is_told(tmp_path: Path) -> None:
    made = "from data import Folder\n\n\nclass Images(Folder):\n    def __len__(self):\n        return 3\n"
    user = "from images import Images\nif __name__ == '__main__':\n    print(Images('x')[0])\n"
    assert told(tmp_path, {"data.py": LISTING, "images.py": made, "a.py": user}) == [("data.py", 6, A)]


def test_a_method_that_a_framework_calls_is_told(tmp_path: Path) -> None:
    text = (
        "import os\n\nimport lightning as L\nfrom torch.utils.data import DataLoader\n\n\n"
        "class Images(L.LightningDataModule):\n    def setup(self, stage):\n        self.names = os.listdir('x')\n\n"
        "    def train_dataloader(self):\n        return DataLoader(self.names[:100])\n"
    )
    user = "import lightning as L\nfrom data import Images\nif __name__ == '__main__':\n    L.Trainer().fit({})\n"
    assert told(tmp_path, {"data.py": text, "a.py": user.format("None, Images()")}) == [("data.py", 9, A)]


def test_a_method_that_is_named_by_a_text_is_told(tmp_path: Path) -> None:
    text = "import os\n\n\nclass Data:\n    def load_first(self, root):\n        return os.listdir(root)[:1]\n"
    user = "from data import Data\nif __name__ == '__main__':\n    print(getattr(Data(), {})('x'))\n"
    for name in ("'load_' + input()", "input()", "f'load_{input()}'"):
        assert told(tmp_path, {"data.py": text, "a.py": user.format(name)}) == [("data.py", 6, A)]


def test_a_method_that_another_method_calls_is_told(tmp_path: Path) -> None:
    text = (
        "import os\n\n\nclass Data:\n    def __init__(self, root):\n        self.names = self.listed(root)\n\n"
        "    def listed(self, root):\n        return os.listdir(root)\n\n"
        "    def parts(self):\n        return self.names[:5], self.names[5:]\n"
    )
    user = "import data\nif __name__ == '__main__':\n    print(data.Data('x').{})\n"
    files = {"data.py": text, "a.py": user.format("parts()"), "b.py": user.format("names")}
    assert told(tmp_path, files) == [("data.py", 9, A)]


def test_what_is_handed_on_by_partial_is_told(tmp_path: Path) -> None:
    text = "from functools import partial\n" + USER.format("partial(data.first, 'x')()")
    assert told(tmp_path, {"data.py": LISTING, "a.py": text}) == [("data.py", 6, A)]
