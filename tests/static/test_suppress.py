"""Comments that allow findings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.ruleset import Ruleset
from auditor.static.engine import Analysis, Engine
from auditor.static.files.discovery import Discovery

PROGRAM = """
import random
{above}
random.shuffle([1, 2]){beside}
"""


@pytest.fixture
def analyse(discover: Callable[..., Discovery], ruleset: Ruleset) -> Callable[..., Analysis]:
    def analyse_files(files: dict[str, str], *rules: str) -> Analysis:
        chosen = [rule for rule in ruleset.rules if rule.id in (rules or ("RA101",))]
        return Engine(ruleset, chosen).analyse(discover(files))

    return analyse_files


COUNTING = [
    ("above", {"above": "# repro-audit: allow RA101 because it is a demo"}),
    ("above, two lines", {"above": "# repro-audit: allow RA101 because it is a demo\n# more words"}),
    ("beside", {"beside": "  # repro-audit: allow RA101 because it is a demo"}),
    ("by name", {"beside": "  # repro-audit: allow unseeded-random because it is a demo"}),
    ("in small letters", {"beside": "  # repro-audit: allow ra101 because it is a demo"}),
    ("several rules", {"beside": "  # repro-audit: allow RA102, RA101 because it is a demo"}),
    ("another word for it", {"beside": "  # repro-audit: allow RA101 reason: it is a demo"}),
    ("whole file", {"above": "x = 1  # repro-audit: allow-file RA101 because it is a demo"}),
    ("without blanks", {"beside": "  #repro-audit:allow RA101 because it is a demo"}),
    ("in capitals", {"beside": "  # Repro-Audit: Allow RA101 Because it is a demo"}),
    ("whole file, in capitals", {"above": "# REPRO-AUDIT: ALLOW-FILE RA101 because it is a demo\nx = 1"}),
]

NOT_COUNTING = [
    ("another rule", {"beside": "  # repro-audit: allow RA102 because it is a demo"}),
    ("two lines above", {"above": "# repro-audit: allow RA101 because it is a demo\nx = 1"}),
    ("the line before, beside code", {"above": "x = 1  # repro-audit: allow RA101 because it is a demo"}),
    ("in a string", {"above": "x = '# repro-audit: allow-file RA101 because it is a demo'"}),
    ("unknown verb", {"beside": "  # repro-audit: permit RA101 because it is a demo"}),
    ("no colon", {"beside": "  # repro-audit allow RA101 because it is a demo"}),
    ("no rule", {"beside": "  # repro-audit: allow because it is a demo"}),
    ("in capitals, unknown verb", {"beside": "  # Repro-Audit: Permit RA101 because it is a demo"}),
    ("in capitals, in a string", {"above": "x = '# Repro-Audit: allow-file RA101 because it is a demo'"}),
    ("in capitals, another rule", {"beside": "  # Repro-Audit: allow RA102 because it is a demo"}),
    ("in capitals, another name", {"beside": "  # Repro Audit: allow RA101 because it is a demo"}),
]


@pytest.mark.parametrize("parts", [case[1] for case in COUNTING], ids=[case[0] for case in COUNTING])
def test_a_comment_with_a_reason_allows(analyse: Callable[..., Analysis], parts: dict[str, str]) -> None:
    source = PROGRAM.format(**{"above": "", "beside": ""} | parts)
    found = analyse({"a.py": source})
    assert found.findings == ()
    assert [entry.reason for entry in found.suppressed] == ["it is a demo"]
    assert found.notes == ()


@pytest.mark.parametrize("parts", [case[1] for case in NOT_COUNTING], ids=[case[0] for case in NOT_COUNTING])
def test_other_comments_allow_nothing(analyse: Callable[..., Analysis], parts: dict[str, str]) -> None:
    found = analyse({"a.py": PROGRAM.format(**{"above": "", "beside": ""} | parts)})
    assert [finding.rule_id for finding in found.findings] == ["RA101"]


def test_without_a_reason_the_finding_stays_and_says_so(analyse: Callable[..., Analysis]) -> None:
    found = analyse({"a.py": PROGRAM.format(above="", beside="  # repro-audit: allow RA101")})
    assert found.findings[0].advice.endswith("(the comment that allows it does not count: add `because …`)")
    assert found.notes == ("a.py:3: this suppression is wrong: it gives no reason and does not count; add `because …`",)


def test_unknown_rules_and_unneeded_comments_are_told(analyse: Callable[..., Analysis]) -> None:
    source = "import random\nrandom.seed(0)\nrandom.random()  # repro-audit: allow RA101, no-such because x\n"
    assert analyse({"a.py": source}).notes == (
        "a.py:3: nothing to allow: RA101 finds nothing here; remove the comment",
        "a.py:3: this suppression is wrong: no rule is called `no-such`",
    )


def test_a_comment_without_its_colon_is_told_and_words_about_the_program_are_none(
    analyse: Callable[..., Analysis],
) -> None:
    source = "import random  # repro-audit allow RA101 because x\n# repro-audit does not run this\nrandom.seed(0)\n"
    assert analyse({"a.py": source}).notes == (
        "a.py:1: this suppression is wrong: it lacks a colon and does not count: `repro-audit: allow …`",
    )


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("allow RA1011 because x", "no rule is called `RA1011`; did you mean `RA101`?"),
        ("allow-file unseeded-nunpy because x", "no rule is called `unseeded-nunpy`; did you mean `unseeded-numpy`?"),
        ("allow-file zebra because x", "no rule is called `zebra`"),
        ("allow RA101 the order is fixed", "it gives no reason and does not count; add `because …`"),
        ("allow RA101, unseeded the order is fixed", "no rule is called `unseeded`; did you mean `unseeded-"),
    ],
)
def test_unknown_rules_are_told_with_the_nearest_name(
    analyse: Callable[..., Analysis], comment: str, told: str
) -> None:
    found = analyse({"a.py": f"import random\n# repro-audit: {comment}\nrandom.random()\n"})
    assert any(note.startswith(f"a.py:2: this suppression is wrong: {told}") for note in found.notes)
    assert len(found.notes) <= 2


def test_a_comment_for_the_file_allows_everywhere_and_is_told_where_it_is_not_needed(
    analyse: Callable[..., Analysis],
) -> None:
    comment = "# repro-audit: allow-file RA101, RA102 because it only makes a demo\n"
    found = analyse({"a.py": f"import random\nrandom.random()\n\n{comment}"}, "RA101", "RA102")
    assert found.findings == ()
    assert [entry.reason for entry in found.suppressed] == ["it only makes a demo"]
    assert found.notes == ("a.py:4: nothing to allow: RA102 finds nothing here; remove the comment",)
    assert [(remark.location.path, remark.location.line) for remark in found.remarks] == [("a.py", 4)]


def test_comments_for_rules_that_were_not_asked_for_are_not_unneeded(analyse: Callable[..., Analysis]) -> None:
    source = "import random\nrandom.seed(0)\nrandom.random()  # repro-audit: allow RA102 because x\n"
    assert analyse({"a.py": source}).notes == ()


def test_a_comment_anywhere_in_a_long_statement_counts(analyse: Callable[..., Analysis]) -> None:
    source = "import random\nrandom.shuffle(\n    [1, 2],  # repro-audit: allow RA101 because x\n)\n"
    assert analyse({"a.py": source}).findings == ()


ALLOW = "# repro-audit: allow RA101 because x"
GUARD = "\nif __name__ == '__main__':\n    print(1)\n"
LONG = {
    "a statement of several lines": (f"{ALLOW}\nx = dict(\n    a=1,\n    b=random.random(),\n)\n", True),
    "a statement with backslashes": (f"{ALLOW}\nx = 1 + \\\n    random.random()\n", True),
    "the head of a block": (f"{ALLOW}\nwith open(\n    str(random.random())\n) as f:\n    pass\n", True),
    "not the block": (f"{ALLOW}\nif (\n    True\n):\n    print(random.random())\n", False),
    "not the next statement": (f"{ALLOW}\nx = (\n    1\n)\nprint(random.random())\n", False),
    "the next line of a statement": (f"x = [\n    {ALLOW}\n    random.random(),\n]\n", True),
    "not a later line of a statement": (f"x = [\n    {ALLOW}\n    1,\n    random.random(),\n]\n", False),
    "the function below its decorators": (
        f"{ALLOW}\n@cache\n@cache\ndef f(x=print(random.random())):\n    pass\n",
        True,
    ),
    "decorators of several lines": (
        f"{ALLOW}\n@cache(\n    None\n)\n\ndef f(\n    x=print(random.random())\n):\n    pass\n",
        True,
    ),
    "the last decorator": (f"{ALLOW}\n@cache\n@wraps(print(random.random()))\ndef f():\n    pass\n", True),
    "between decorators": (f"@cache\n{ALLOW}\n@cache\ndef f(x=print(random.random())):\n    pass\n", True),
    "between decorator and function": (f"@cache\n{ALLOW}\ndef f(x=print(random.random())):\n    pass\n", True),
    "the decorated class": (f"{ALLOW}\n@cache\nclass A(list, x=print(random.random())):\n    pass\n", True),
    "not the body of what is decorated": (f"{ALLOW}\n@cache\nclass A:\n    print(random.random())\n", False),
    "not what follows the decorated": (f"{ALLOW}\n@cache\ndef f():\n    pass\nprint(random.random())\n", False),
    "not the decorator above": (f"@wraps(print(random.random()))\n{ALLOW}\n@cache\ndef f():\n    pass\n", False),
    "not the next decorated": (
        f"{ALLOW}\n@cache\ndef f(): pass\n@cache\ndef g(x=print(random.random())): pass\n",
        False,
    ),
    "not what is multiplied": (f"{ALLOW}\nx = (1\n  @ 2)\ndef f(x=print(random.random())):\n    pass\n", False),
    "not what follows a docstring": (f'{ALLOW}\n"""\na\n"""\nprint(random.random())\n', False),
}


@pytest.mark.parametrize(("text", "is_allowed"), LONG.values(), ids=LONG)
def test_a_comment_above_speaks_for_a_whole_statement(
    analyse: Callable[..., Analysis], text: str, is_allowed: bool
) -> None:
    found = analyse({"a.py": f"import random\nfrom known import cache, wraps\n{text}{GUARD}"})
    assert (len(found.findings), len(found.suppressed)) == ((0, 1) if is_allowed else (1, 0))


def test_a_comment_at_a_draw_in_another_file_counts(analyse: Callable[..., Analysis]) -> None:
    files = {
        "a.py": "from lib import f\nf()\n",
        "lib.py": "import random\ndef f():\n    random.random()  # repro-audit: allow RA101 because x\n",
    }
    found = analyse(files)
    assert found.findings == ()
    assert found.notes == ()


def test_a_notebooks_comment_is_placed_by_cell(analyse: Callable[..., Analysis], tmp_path: Path) -> None:
    import json

    cells = ["import random", "random.random()  # repro-audit: allow RA101"]
    text = json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]})
    found = analyse({"a.ipynb": text})
    assert found.findings[0].location.cell == 2
    assert found.findings[0].location.line == 1
    assert found.notes[0].startswith("a.ipynb: cell 2:1: ")
    assert (found.remarks[0].location.cell, found.remarks[0].location.line) == (2, 1)


DRAWING = "import random\n\nimport aside\n\naside.wait()\nx = [random.random() for _ in range(9)]\n"
ASIDE = "import random\n\n\ndef wait():\n    return random.random(){beside}\n"
BESIDE = "  # repro-audit: allow RA101 because it only delays a retry"


def test_the_first_draw_that_is_allowed_does_not_speak_for_the_others(analyse: Callable[..., Analysis]) -> None:
    found = analyse({"train.py": DRAWING, "aside.py": ASIDE.format(beside=BESIDE)})
    assert [(entry.finding.location.path, entry.reason) for entry in found.suppressed] == [
        ("aside.py", "it only delays a retry")
    ]
    (finding,) = found.findings
    assert (finding.location.path, finding.location.line) == ("train.py", 6)
    assert "once" in finding.message
    assert found.notes == ()


def test_a_comment_beside_a_later_draw_is_needed_as_well(analyse: Callable[..., Analysis]) -> None:
    allowed = DRAWING.replace("range(9)]", f"range(9)]{BESIDE}")
    found = analyse({"train.py": allowed, "aside.py": ASIDE.format(beside=BESIDE)})
    assert found.findings == ()
    assert [entry.finding.location.path for entry in found.suppressed] == ["aside.py", "train.py"]
    assert found.notes == ()


def test_a_comment_without_a_reason_moves_nothing(analyse: Callable[..., Analysis]) -> None:
    found = analyse({"train.py": DRAWING, "aside.py": ASIDE.format(beside="  # repro-audit: allow RA101")})
    assert [finding.location.path for finding in found.findings] == ["aside.py"]


def test_a_file_that_the_settings_leave_out_does_not_speak_for_others(
    discover: Callable[..., Discovery], ruleset: Ruleset
) -> None:
    engine = Engine(ruleset, [rule for rule in ruleset.rules if rule.id == "RA101"])
    files = {"train.py": DRAWING, "aside.py": ASIDE.format(beside="")}
    found = engine.analyse(discover(files), ignored=lambda path, rule: path == "aside.py")
    assert [entry.finding.location.path for entry in found.suppressed] == ["aside.py"]
    assert [finding.location.path for finding in found.findings] == ["train.py"]


def test_a_draw_after_more_allowed_ones_than_are_listed_is_told(analyse: Callable[..., Analysis]) -> None:
    many = "# repro-audit: allow-file RA101 because it only delays retries\nimport random\n\n\ndef wait():\n"
    many += "".join(f"    waited_{number} = random.random()\n    print(waited_{number})\n" for number in range(60))
    found = analyse({"train.py": DRAWING, "aside.py": many})
    assert len(found.suppressed) == 1
    assert [(finding.location.path, finding.location.line) for finding in found.findings] == [("train.py", 6)]
