"""Which files are documents: told from the name alone, since every file of a project is asked."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """How a document is read."""

    YAML = "yaml"
    JSON = "json"
    TOML = "toml"
    INI = "cfg"
    PYTHON = "python"
    """A module that only assigns: configurations of mmengine. It is found as a program file, not by its name here."""

    SHELL = "shell"
    MAKEFILE = "makefile"
    ENVIRONMENT_FILE = "env"
    DOCKERFILE = "dockerfile"
    REQUIREMENTS = "requirements"
    NOTEBOOK = "notebook"


CONFIGURATIONS = frozenset({Kind.YAML, Kind.JSON, Kind.TOML, Kind.INI})
LAUNCHERS = frozenset({Kind.SHELL, Kind.MAKEFILE, Kind.ENVIRONMENT_FILE, Kind.DOCKERFILE})

_BY_SUFFIX = {
    "yaml": Kind.YAML, "yml": Kind.YAML, "json": Kind.JSON, "toml": Kind.TOML, "cfg": Kind.INI,
    "sh": Kind.SHELL, "bash": Kind.SHELL, "zsh": Kind.SHELL, "ksh": Kind.SHELL, "slurm": Kind.SHELL,
    "sbatch": Kind.SHELL, "pbs": Kind.SHELL, "lsf": Kind.SHELL, "job": Kind.SHELL, "sub": Kind.SHELL,
    "mk": Kind.MAKEFILE, "make": Kind.MAKEFILE, "env": Kind.ENVIRONMENT_FILE, "envrc": Kind.SHELL,
    "dockerfile": Kind.DOCKERFILE, "containerfile": Kind.DOCKERFILE, "ipynb": Kind.NOTEBOOK,
}  # fmt: skip
_BY_NAME = {
    "Makefile": Kind.MAKEFILE, "makefile": Kind.MAKEFILE, "GNUmakefile": Kind.MAKEFILE, "Pipfile": Kind.TOML,
    "Dockerfile": Kind.DOCKERFILE, "Containerfile": Kind.DOCKERFILE, ".env": Kind.ENVIRONMENT_FILE,
    "justfile": Kind.SHELL, "Justfile": Kind.SHELL, ".justfile": Kind.SHELL,
}  # fmt: skip
_NO_IMAGES = frozenset({"dockerignore", "jinja", "jinja2", "j2", "md", "py", "template", "tmpl", "tpl", "txt"})
_LOCKED = frozenset({"package-lock.json", "composer.lock", "tsconfig.json", "package.json"})


def document_kind(name: str) -> Kind | None:
    """The kind of the file called `name` (without folders); None for files that are no documents."""
    known = _BY_NAME.get(name)
    if known is not None:
        return known
    stem, dot, suffix = name.rpartition(".")
    if not dot:
        return None
    kind = _BY_SUFFIX.get(suffix.lower())
    if kind is not None:
        return None if name in _LOCKED else kind
    if stem.startswith(("Dockerfile", "Containerfile")):
        return None if suffix in _NO_IMAGES else Kind.DOCKERFILE
    if stem.startswith(".env"):
        return None if suffix in ("example", "sample", "template") else Kind.ENVIRONMENT_FILE
    return Kind.REQUIREMENTS if suffix == "txt" and is_requirements(name) else None


def is_requirements(name: str) -> bool:
    """Whether a text file is named as pip's requirements are: `requirements.txt`, `requirements_gpu.txt`."""
    return name.startswith(("requirements", "requirement")) or name.removesuffix(".txt").endswith("requirements")
