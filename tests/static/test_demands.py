"""What rules demand is known without asking them, and kept without loss."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from auditor.errors import RuleError
from auditor.model.lean import replace
from auditor.model.rule import Match
from auditor.ruleset import load
from auditor.static.engine import Engine
from auditor.static.files.discovery import Discovery
from auditor.static.scanning import ruleoptions
from auditor.static.scanning.demands import demands_of, pack, unpack

RULESET = load()
DEMANDS = demands_of(RULESET.rules, RULESET.libraries.values())
FILES = {
    "train.py": "import torch\nfrom lib import names\n\nfor name in names():\n    print(name, torch.rand(3))\n",
    "lib.py": "import os\n\n\ndef names():\n    return os.listdir('.')\n",
    "run.sh": "python train.py --seed $RANDOM\n",
}


def test_nothing_is_lost_where_demands_are_kept() -> None:
    assert unpack(marshal.loads(marshal.dumps(pack(DEMANDS)))) == DEMANDS


@pytest.mark.parametrize("chosen", [None, ("RA3",), ("RA1",)])
def test_kept_demands_of_all_rules_give_what_the_chosen_rules_give(
    discover: Callable[[Mapping[str, str]], Discovery], chosen: tuple[str, ...] | None
) -> None:
    rules = [rule for rule in RULESET.rules if chosen is None or rule.id.startswith(chosen)]
    plain = Engine(RULESET, rules).analyse(discover(FILES))
    assert Engine(RULESET, rules, unpack(pack(DEMANDS))).analyse(discover(FILES)) == plain
    assert plain.findings


def test_options_of_rules_that_cannot_hold_are_not_read(
    discover: Callable[[Mapping[str, str]], Discovery], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    checked = ruleoptions.RuleOptions._checked

    def checking(self: Any, options: Mapping[str, object], where: str) -> object:
        read.append(where)
        return checked(self, options, where)

    monkeypatch.setattr(ruleoptions.RuleOptions, "_checked", checking)
    fresh = [replace(rule, match=replace(rule.match, options=dict(rule.match.options))) for rule in RULESET.rules]
    Engine(RULESET, fresh, DEMANDS).analyse(discover({"lib.py": FILES["lib.py"]}))
    assert len(read) < len(fresh) / 10


def test_a_malformed_rule_is_told_with_its_file() -> None:
    rule = replace(RULESET.rules[0], match=Match(kind="call", options={"calee": ["a.b"]}))
    with pytest.raises(RuleError, match=rf"{rule.path}: match"):
        demands_of([rule], ())
