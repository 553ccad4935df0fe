"""The table that an experiment shows while it runs: on a terminal, on stderr, and gone at the end."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from auditor.cli.board import LiveBoard, board_lines, choose_board
from auditor.cli.progress import LogLines, Shown
from auditor.services.board import Board, BoardRow


class Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


def row(name: str, done: int, **values: object) -> BoardRow:
    base: dict[str, object] = {"running": 0, "failed": 0, "hashes": 0, "mean_s": None}
    return BoardRow(name=name, done=done, **{**base, **values})  # type: ignore[arg-type]


BOARD = Board(rows=(row("algo", 3, running=1, hashes=3, mean_s=10.0), row("control", 0, failed=1)), planned=5)


def drawn(board: Board, **options: bool) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=80).print(board_lines(board, 42.0, **options))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_a_row_tells_what_is_done_and_the_last_line_what_is_left() -> None:
    assert [line.split() for line in drawn(BOARD)[1:3]] == [
        ["algo", "3/5", "1", "3", "of", "3", "10", "s"],
        ["control", "0/5", "1"],
    ]
    assert drawn(BOARD)[3] == "42 s · about 1 min 0 s left · ctrl-c stops and keeps"
    assert drawn(BOARD, ascii=True)[3].isascii()


def test_a_variant_without_anything_to_vary_is_told_as_such() -> None:
    (line,) = drawn(Board(rows=(row("algo:order", 1, left_out=True, mean_s=3.0),), planned=5))[1:2]
    assert "nothing to vary" in line
    assert "1/5" not in line


def test_more_at_a_time_leaves_less_and_nothing_done_tells_nothing() -> None:
    both = Board(rows=(row("algo", 3, running=2, mean_s=10.0),), planned=5)
    assert both.rest_s() == 10
    assert Board(rows=(row("algo", 0),), planned=5).rest_s() is None


def test_the_table_is_drawn_and_wiped(capsys: pytest.CaptureFixture[str]) -> None:
    stream = Terminal()
    progress = LiveBoard(stream, lambda: False)
    progress.stage("replicas", 5)
    progress.board(lambda: BOARD)
    progress.update(1, "algo 1 of 5")
    progress.close()
    progress.close()
    assert "control" in stream.getvalue()
    assert capsys.readouterr() == ("", "")


def test_a_board_that_cannot_be_read_stops_nothing() -> None:
    def broken() -> Board:
        raise FileNotFoundError("made anew just now")

    stream = Terminal()
    progress = LiveBoard(stream, lambda: False)
    progress.board(broken)
    progress.close()
    assert "made anew" not in stream.getvalue()


def test_a_log_gets_lines_and_quiet_nothing() -> None:
    assert isinstance(choose_board(True, lambda: False, io.StringIO()), LogLines)
    assert isinstance(choose_board(True, lambda: False, Terminal()), LiveBoard)
    assert type(choose_board(False, lambda: False, Terminal())) is Shown
