"""What is installed where an interpreter looks. That interpreter runs it: syntax of 3.7, and its own library only.

As `importlib.metadata` has it, which takes 100 ms to load and to parse the whole metadata of some eighty packages: only
two lines of each are wanted.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def installed(paths: Iterable[str], finders: Iterable[object]) -> dict[str, str] | None:
    """Return {normalised name: version} of what is below the folders of `paths`; the first of a name counts.

    None where packages may be somewhere else: in archives, eggs, or where a finder of `finders` knows them.
    """
    if any(hasattr(each, "find_distributions") and getattr(each, "__name__", "") != "PathFinder" for each in finders):
        return None
    found: dict[str, str] = {}
    for folder in paths:
        folder = folder or "."
        if os.path.isfile(folder) or folder.lower().endswith(".egg"):
            return None
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            if name.lower().endswith((".dist-info", ".egg-info")):
                called, version = _told(os.path.join(folder, name))
                if called:
                    found.setdefault(normalised(called), version)
    return found


def normalised(name: str) -> str:
    """Return the name by which packages are compared."""
    name = name.lower().replace("_", "-").replace(".", "-")
    while "--" in name:
        name = name.replace("--", "-")
    return name


def _told(folder: str) -> tuple[str, str]:
    """Return name and version as the metadata has them; empty where it has none."""
    for path in (os.path.join(folder, "METADATA"), os.path.join(folder, "PKG-INFO"), folder):
        if os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                return _head(file)
    return "", ""


def _head(lines: Iterable[str]) -> tuple[str, str]:
    told = {"name": "", "version": ""}
    for line in lines:
        key, colon, value = line.partition(":")
        if not line.strip() or (told["name"] and told["version"]):
            break
        key = key.lower()
        if colon and key in told and not told[key]:
            told[key] = value.strip()
    return told["name"], told["version"]


def looked_up() -> dict[str, str]:
    """The same by `importlib.metadata`, which finds all there is."""
    import importlib.metadata

    found: dict[str, str] = {}
    for each in importlib.metadata.distributions():
        name = each.metadata["Name"]
        if name:
            found.setdefault(normalised(name), each.version or "")
    return found


if __name__ == "__main__":
    packages = installed(sys.path, sys.meta_path)
    if packages is None:
        packages = looked_up()
    lines = [sys.version.split()[0], *(f"{name}\t{version}" for name, version in sorted(packages.items()))]
    sys.stdout.buffer.write("\n".join(lines).encode("utf-8", "replace"))
