"""Lines that a patch makes too long: broken as ruff breaks them, and only where the file kept to the limit before."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.location import Location
from auditor.static.fixes.changes import ReplaceExpression, SetArgument
from auditor.static.fixes.compose import compose
from auditor.static.fixes.writing.wrap import wrapped
from auditor.static.text.linelength import line_length

LONG = (
    "loader = DataLoader(data, batch_size=args.batch_size, shuffle=True, num_workers=4, generator=torch.Generator())",
    "if ready:\n    loader = DataLoader(data, batch_size=args.batch_size, shuffle=True, generator=generator_of_it)",
    "for a, b in DataLoader(data, batch_size=args.batch_size, shuffle=True, num_workers=4, generator=gene):\n    go()",
    "def f():\n    return DataLoader(data, batch_size=args.batch_size, shuffle=True, generator=generator_of_all)  # x",
    "names = [name for name in sorted(os.listdir(the_folder_in_which_the_data_is)) if name.endswith(SUFFIXES_OF_ALL)]",
    "self.files = sorted(glob.glob(os.path.join(root_directory_of_the_data, '**', '*.jpg'), recursive=True))",
    "files = sorted(glob.glob(os.path.join(root_directory_of_the_data, '**', '*.jpg'), recursive=True))[:100]",
    "if sorted(glob.glob(os.path.join(root_directory_of_the_data, '**', '*.jpg'), recursive=True)):\n    go()",
    "with open(sorted(os.listdir(a_folder_with_a_long_name, another_thing_of_length), key=len_of_it)) as f:\n    go()",
    "stream = load_dataset(name, streaming=True, split=train).shuffle(buffer_size=1000, seed=a_seed_that_is_long)",
    "a, b = Session.builder.get().table(rows_of_it).random_split([0.8, 0.2], seed=a_seed_of_its)",
    "table = {first_key_of_it: a_function(first_argument, second_argument), second_key: another_function(first)}",
    "from torch.utils.data import DataLoader, Dataset, RandomSampler, SequentialSampler, default_collate, get_worker",
)


def formatted(source: str, *options: str) -> str:
    words = [sys.executable, "-m", "ruff", "format", "--isolated", *options, "-"]
    return subprocess.run(words, input=source, capture_output=True, text=True, check=True).stdout


def test_long_lines_are_broken_as_ruff_breaks_them() -> None:
    sources = [wrapped("", f"{line}\n".replace("'", '"'), 88) for line in LONG]
    assert all(len(line) <= 88 for source in sources for line in source.split("\n"))
    together = "\n\n".join(sources)
    assert formatted(together) == together


def test_lines_that_were_long_before_stay() -> None:
    line = f"{LONG[0]}\n"
    assert wrapped(line, f"{line}x = 1\n", 88) == f"{line}x = 1\n"


def test_file_that_did_not_keep_to_the_limit_is_not_wrapped() -> None:
    before = f"{'x' * 89} = 1\n"
    assert wrapped(before, f"{before}{LONG[0]}\n", 88) == f"{before}{LONG[0]}\n"


@given(
    st.lists(
        st.sampled_from(["a", "b=1", "*c", "d[0]", "f(x)", "(1, 2)", "lambda: 0", "not e", "{1: 2}", "**k"]), max_size=9
    ),
    st.sampled_from(["x = {}", "return_it({})[0]", "x = y + {}", "x = {}.g(1).h(2)", "assert {}, z", "x: int = {}"]),
    st.integers(8, 60),
)
def test_wrapping_never_changes_the_meaning(arguments: Sequence[str], frame: str, limit: int) -> None:
    source = frame.replace("{}", f"call({', '.join(arguments)})") + "\n"
    try:
        before = ast.dump(ast.parse(source))
    except SyntaxError:
        return
    assert ast.dump(ast.parse(wrapped("", source, limit))) == before


def test_formatted_file_stays_formatted(tmp_path: Path) -> None:
    before = formatted(
        "import os\nfrom torch.utils.data import DataLoader\n\n\ndef build(args):\n    data = [make(name) for name in "
        "os.listdir(args.root_folder_of_the_data)]\n    return DataLoader(data, batch_size=args.batch_size, "
        "shuffle=True, num_workers=2)\n"
    )
    calls = [node for node in ast.walk(ast.parse(before)) if isinstance(node, ast.Call)]
    place = {ast.unparse(call.func): at(call) for call in calls}
    changes = (
        SetArgument(call=place["DataLoader"], name="generator", value="{torch.Generator}().manual_seed(args.seed)"),
        ReplaceExpression(expression=place["os.listdir"], text="sorted({0})"),
    )
    after = compose("train.py", before.encode(), changes).decode()
    assert "        generator=torch.Generator().manual_seed(args.seed),\n" in after
    assert formatted(after) == after


def at(node: ast.Call) -> Location:
    return Location(
        path="train.py",
        line=node.lineno,
        column=node.col_offset + 1,
        end_line=node.end_lineno,
        end_column=(node.end_col_offset or 0) + 1,
    )


@pytest.mark.parametrize(
    ("files", "length"),
    [
        ({}, 88),
        ({"pyproject.toml": "[tool.ruff]\nline-length = 100\n"}, 100),
        ({"pyproject.toml": "[tool.black]\nline-length = 79\n"}, 79),
        ({"ruff.toml": "line-length = 120\n", "pyproject.toml": "[tool.ruff]\nline-length = 100\n"}, 120),
        ({"src/ruff.toml": "line-length = 110\n", "ruff.toml": "line-length = 120\n"}, 110),
        ({"pyproject.toml": "not toml"}, 88),
    ],
)
def test_limit_is_that_of_the_nearest_settings(files: dict[str, str], length: int, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert line_length(tmp_path, "src/train.py") == length
