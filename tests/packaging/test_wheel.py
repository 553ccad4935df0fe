"""The wheel, as somebody gets it: built, installed in an empty environment, used away from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*words: str | Path, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command without the variables that would lead it back to the checkout."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    environment["XDG_CONFIG_HOME"] = environment["XDG_STATE_HOME"] = str(cwd)
    return subprocess.run(
        [str(word) for word in words], cwd=cwd, env=environment, capture_output=True, text=True, check=check
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, ROOT, cwd=target)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a fresh environment that holds the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    ran = run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=folder, check=False)
    assert ran.returncode == 0, ran.stderr
    return python.with_name("repro-audit")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text("import numpy as np\n\nprint(np.random.rand(3))\n")
    return tmp_path


def test_wheel_carries_all_that_the_checkout_has(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    rules = {path.relative_to(ROOT / "rules").as_posix() for path in (ROOT / "rules").rglob("*.toml")}
    assert rules
    assert {f"auditor/_rules/{name}" for name in rules} <= names
    assert {"auditor/py.typed", "auditor/report/schema/report-1.json"} <= names
    assert {"auditor/_demo/digits_embed/train.py", "auditor/_demo/digits_embed/expected.toml"} <= names
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "auditor").rglob("*") if path.is_file()}
    wanted = {
        name
        for name in sources
        if "__pycache__" not in name and not name.startswith(("auditor/_rules/", "auditor/_demo/"))
    }
    assert wanted <= names
    assert not {name for name in names if name.startswith(("tests/", "rules/", "sample_projects/"))}


def test_wheel_says_what_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        metadata = archive.read(name).decode()
    assert "\nRequires-Python: >=3.10\n" in metadata
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    needed = {line.split(":", 1)[1].strip() for line in metadata.splitlines() if line.startswith("Requires-Dist:")}
    always = {entry for entry in needed if "extra ==" not in entry}
    assert not [entry for entry in always if entry.startswith(("torch", "numpy", "pytest"))]
    assert [entry for entry in needed if entry.startswith("torch") and "extra == 'torch'" in entry]


def test_version_of_the_installed_command(installed: Path, project: Path) -> None:
    ran = run(installed, "--version", cwd=project)
    assert ran.stdout.startswith("repro-audit 0.1.0 (python ")
    assert ran.stdout.endswith(", no torch)\n")


def test_installed_command_scans(installed: Path, project: Path) -> None:
    ran = run(installed, "scan", ".", "--format", "json", cwd=project, check=False)
    assert ran.returncode == 1, ran.stderr
    assert [finding["rule_id"] for finding in json.loads(ran.stdout)["findings"]] == ["RA102"]


def test_installed_command_knows_the_rules(installed: Path, project: Path) -> None:
    checkout = run(sys.executable, "-m", "auditor", "rules", cwd=ROOT).stdout
    assert run(installed, "rules", cwd=project).stdout == checkout
    assert run(installed, "explain", "RA102", cwd=project).stdout.startswith("RA102 unseeded-numpy\n")


def test_every_module_but_those_that_need_numpy_can_be_imported(installed: Path, project: Path) -> None:
    code = (
        "import importlib, pkgutil, auditor\n"
        "for module in pkgutil.walk_packages(auditor.__path__, 'auditor.'):\n"
        "    if module.name.startswith(('auditor.probe', 'auditor.__main__')): continue\n"
        "    try: importlib.import_module(module.name)\n"
        "    except ModuleNotFoundError as error: print(error.name)\n"
    )
    missing = run(installed.with_name("python"), "-c", code, cwd=project).stdout.split()
    assert set(missing) <= {"numpy"}


def test_demo_of_the_installed_command_says_what_it_needs(installed: Path, project: Path) -> None:
    ran = run(installed, "demo", cwd=project, check=False)
    assert ran.returncode == 4, ran.stderr
    assert "RA205" in ran.stdout
    assert "cannot be run here: torch, numpy, sklearn missing" in ran.stderr


def test_run_without_the_torch_extra_says_what_is_missing(installed: Path, project: Path) -> None:
    ran = run(installed, "run", "train.py", "--twice", cwd=project, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "needs numpy where repro-audit is installed: pip install 'repro-audit[torch]'" in ran.stderr


def test_editable_checkout_finds_its_rules() -> None:
    ran = run(sys.executable, "-c", "import auditor; print(len(auditor.rules()))", cwd=ROOT.parent)
    assert int(ran.stdout) >= 40
