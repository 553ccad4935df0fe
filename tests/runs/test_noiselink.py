"""The link to a program that waits to be asked about noise, seen from our end."""

from __future__ import annotations

import socket

import pytest

from auditor.errors import ProgramError
from auditor.runs.noiselink import NoiseLink


def test_asking_after_the_link_was_closed_is_the_programs_end_and_no_bug() -> None:
    """One thread launches the program and closes the link when that has ended; another may still want to ask."""
    with NoiseLink() as link, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as program:
        program.connect(link.address)
        program.sendall(b"{}\n")
        assert link.accept() == {}
        link.close()
        with pytest.raises(ProgramError, match="the program is gone while its model was evaluated"):
            link.ask({})


def test_nobody_comes_to_a_link_that_was_closed() -> None:
    link = NoiseLink()
    link.close()
    assert link.accept() is None
