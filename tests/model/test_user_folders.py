"""Where a user's folders are, by the variables of the XDG standard."""

from __future__ import annotations

import pytest

from auditor.model.home import base_folder


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"XDG_CACHE_HOME": "/fast", "HOME": "/home/somebody"}, "/fast"),
        ({"HOME": "/home/somebody"}, "/home/somebody/.cache"),
        ({"XDG_CACHE_HOME": "", "HOME": "/home/somebody"}, "/home/somebody/.cache"),
        ({"XDG_CACHE_HOME": "cache", "HOME": "/home/somebody"}, "/home/somebody/.cache"),
        ({"XDG_CACHE_HOME": "./cache", "HOME": "/home/somebody"}, "/home/somebody/.cache"),
    ],
)
def test_relative_folders_are_ignored(environ: dict[str, str], folder: str) -> None:
    assert base_folder("XDG_CACHE_HOME", ".cache", environ) == folder
