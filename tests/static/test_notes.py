"""What answers rest on is kept as numbers, and stays what it was."""

from __future__ import annotations

import marshal

from auditor.static.reuse.notes import Answered, Entry


def entry(answer: object, *paths: str) -> Entry:
    return Entry(answer, {("content", path): None for path in paths}, frozenset(paths[:1]), {})


def again(answered: Answered[str]) -> Answered[str]:
    return Answered(*marshal.loads(marshal.dumps((answered.notes, answered.found, answered.numbered))))


def test_an_answer_holds_while_none_of_its_notes_fails() -> None:
    answered: Answered[str] = Answered(found={"a.py": entry(True, "a.py", "lib.py"), "b.py": entry((), "b.py")})
    answered.pack(lambda answer: answer)
    kept = again(answered)
    failing = {number for number, (_, path, _) in enumerate(kept.notes) if path == "lib.py"}
    assert kept.holding(["a.py", "b.py", "c.py"], failing).keys() == {"b.py"}
    assert kept.holding(["b.py", "a.py"], frozenset()).keys() == {"a.py", "b.py"}
    assert kept.parsed() == {"a.py", "b.py"}


def test_notes_that_nothing_rests_on_go() -> None:
    answered: Answered[str] = Answered()
    for number in range(20):
        answered = again(answered)
        answered.found = {"a.py": entry(number, f"{number}.py", "lib.py")}
        answered.pack(lambda answer: answer)
    assert len(answered.notes) < 10
    assert answered.parsed() == {"19.py"}
    (row,) = answered.found.values()
    assert not isinstance(row, Entry)
    assert {answered.notes[number][1] for number in memoryview(row[1]).cast("I")} == {"19.py", "lib.py"}
