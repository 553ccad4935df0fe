"""What a command loads, and what the probe may import: contracts that a static check cannot see."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROBE = ROOT / "auditor" / "probe"
ALLOWED_IN_PROBE = {"torch", "numpy", "xxhash", "triton", "sitecustomize"}  # the last: the user's own, see bootstrap
ALLOWED_IN_PROBE |= {"_sha2", "_sha256"}  # the standard library of some versions
SLOW = {"textual", "typer", "rich", "torch", "numpy", "libcst", "jsonschema"}


def modules_after(code: str, folder: Path | None = None) -> set[str]:
    """Top-level and own modules that are loaded after `code` ran in a fresh interpreter."""
    program = f"import sys\n{code}\nimport json\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    return set(json.loads(ran.stdout.splitlines()[-1]))


def test_import_contracts_hold() -> None:
    ran = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize(
    "module",
    [
        "auditor",
        "auditor.cli",
        "auditor.cli.version",
        "auditor.services.scan",
        "auditor.services.settings",
        "auditor.services.catalog",
        "auditor.report.text",
        "auditor.report.json",
        "auditor.report.sarif",
    ],
)
def test_importing_loads_nothing_slow(module: str) -> None:
    """Library users don't pay for front ends, nor a scan for torch."""
    assert not modules_after(f"import {module}") & SLOW


def test_importing_the_package_loads_no_other_module_of_it() -> None:
    assert {name for name in modules_after("import auditor") if name.startswith("auditor")} == {"auditor"}


def test_everything_public_is_there() -> None:
    loaded = modules_after("import auditor\nfor name in auditor.__all__: getattr(auditor, name)\ndir(auditor)")
    assert not loaded & {"textual", "typer", "torch"}


def test_version_is_told_without_the_command_line_or_torch() -> None:
    code = "from auditor.cli import main\nassert main(['--version']) == 0"
    loaded = modules_after(code)
    assert not loaded & SLOW
    assert "auditor.cli.application" not in loaded


@pytest.mark.parametrize("arguments", [["-h"], ["scan", "-h"], ["run", "--help"]])
def test_help_loads_no_service_and_nothing_of_other_commands(arguments: list[str]) -> None:
    loaded = modules_after(f"from auditor.cli import main\nassert main({arguments!r}) == 0")
    assert not loaded & (SLOW - {"typer"})
    services = {name for name in loaded if name.startswith(("auditor.services.", "auditor.static.", "auditor.runs."))}
    assert services <= {"auditor.services.progress"}
    assert "auditor.model.report" not in loaded, "making all model types takes 30 ms"
    commands = {"auditor.cli.scan", "auditor.cli.tui", "auditor.cli.overhead", "auditor.cli.rules"} & loaded
    assert commands <= {f"auditor.cli.{arguments[0]}"}


def test_a_scan_loads_no_front_end_but_its_own_and_no_framework(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import numpy as np\nimport torch\nprint(np.random.rand(3))\n")
    loaded = modules_after("from auditor.cli import main\nassert main(['scan', '.']) == 1", tmp_path)
    assert not loaded & (SLOW - {"typer"})


@pytest.mark.parametrize("path", sorted(PROBE.rglob("*.py")), ids=lambda path: path.relative_to(PROBE).as_posix())
def test_probe_imports_the_standard_library_torch_and_itself_only(path: Path) -> None:
    """It lives in the user's process: our dependencies and the rest of the package must never get there."""
    allowed = ALLOWED_IN_PROBE | set(sys.stdlib_module_names)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in names:
            top = name.partition(".")[0]
            assert top in allowed, f"{path.relative_to(ROOT)}:{node.lineno} imports {name}"


def test_libcst_is_imported_where_patches_are_written_and_nowhere_else() -> None:
    """It takes 125 ms to load, and one room is enough to know it."""
    importers = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "auditor").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(alias.name.startswith("libcst") for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("libcst"))
    }
    assert importers
    assert all(path.startswith("auditor/static/fixes/") for path in importers), importers


def test_no_module_is_a_drawer_for_leftovers() -> None:
    names = {path.stem for path in (ROOT / "auditor").rglob("*.py")}
    assert not names & {"utils", "util", "helpers", "common", "base", "misc", "manager"}
