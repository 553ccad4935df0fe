"""Where settings come from, which one wins, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.model.rule import Confidence, Severity
from auditor.services.settings import Settings, load_settings, resolve_settings


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, cut off from the settings of whoever runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("SELECT", "IGNORE", "STORE", "MIN_SEVERITY"):
        monkeypatch.delenv(f"REPRO_AUDIT_{name}", raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".git").mkdir()
    return folder


def pyproject(folder: Path, table: str) -> Path:
    path = folder / "pyproject.toml"
    path.write_text(f'[project]\nname = "x"\n\n[tool.repro-audit]\n{table}\n')
    return path


def test_without_any_file_the_defaults_hold(project: Path) -> None:
    assert load_settings(project) == Settings()


def test_every_key_of_a_pyproject_is_read(project: Path) -> None:
    pyproject(
        project,
        'select = ["RA1"]\nignore = ["RA101"]\nexclude = ["old/"]\nmin-severity = "warning"\nmin-confidence = "high"\n'
        'store = "../runs"\nrules = ["my-rules"]\n'
        'baseline = "known.json"\nseverity = {RA204 = "note"}\n'
        '[tool.repro-audit.per-file-ignores]\n"tests/*" = ["RA1", "seeding"]',
    )
    (project / "deep" / "er").mkdir(parents=True)
    settings = load_settings(project / "deep" / "er")
    assert settings == Settings(
        select=("RA1",),
        ignore=("RA101",),
        exclude=("old/",),
        min_severity=Severity.WARNING,
        min_confidence=Confidence.HIGH,
        store=project / "../runs",
        rules=(project / "my-rules",),
        baseline=project / "known.json",
        severity={"RA204": Severity.NOTE},
        per_file_ignores={"tests/*": ("RA1", "seeding")},
    )


def test_higher_layers_win_and_are_named_as_origin(project: Path, tmp_path: Path) -> None:
    personal = tmp_path / "config" / "repro-audit" / "config.toml"
    personal.parent.mkdir(parents=True)
    personal.write_text('select = ["RA1"]\nignore = ["RA2"]\nstore = "/personal"\nmin-severity = "error"\n')
    file = pyproject(project, 'ignore = ["RA3"]\nstore = "/project"\nmin-severity = "warning"')
    environ = {
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "REPRO_AUDIT_STORE": "/variable",
        "REPRO_AUDIT_MIN_SEVERITY": "note",
    }
    resolved = resolve_settings(project, {"min_severity": Severity.ERROR, "exclude": None}, environ)
    assert resolved.settings.select == ("RA1",)
    assert resolved.settings.ignore == ("RA3",)
    assert resolved.settings.store == Path("/variable")
    assert resolved.settings.min_severity is Severity.ERROR
    assert {key: resolved.origins[key] for key in ("select", "ignore", "store", "min-severity", "exclude")} == {
        "select": str(personal),
        "ignore": str(file),
        "store": "REPRO_AUDIT_STORE",
        "min-severity": "option",
        "exclude": "default",
    }


def test_own_file_wins_over_pyproject_of_the_same_folder(project: Path) -> None:
    pyproject(project, 'select = ["RA1"]')
    (project / "repro-audit.toml").write_text('ignore = ["RA2"]\n')
    assert load_settings(project) == Settings(ignore=("RA2",))


def test_files_above_the_repository_do_not_count(project: Path) -> None:
    pyproject(project.parent, 'select = ["RA1"]')
    assert load_settings(project) == Settings()


def test_lists_in_variables_are_separated_by_commas(project: Path) -> None:
    resolved = resolve_settings(project, environ={"REPRO_AUDIT_SELECT": "RA1, RA301,", "XDG_CONFIG_HOME": "/nowhere"})
    assert resolved.settings.select == ("RA1", "RA301")


@pytest.mark.parametrize(
    ("table", "line", "complaint"),
    [
        ('selct = ["RA1"]', 5, "no setting is called `selct`; did you mean `select`?"),
        ("# first\nzzz = 1", 6, "no setting is called `zzz`; there are: baseline, exclude,"),
        ('select = "RA1"', 5, "`select`: expected a list of strings"),
        ("select = [1]", 5, "`select`: expected a list of strings"),
        ('min-severity = "bad"', 5, '`min-severity`: expected one of "error", "warning", "note", found \'bad\''),
        ('severity = "note"', 5, '`severity`: expected a table such as {RA204 = "note"}'),
        (
            'severity = {RA204 = "off"}',
            5,
            '`severity`: expected a table such as {RA204 = "note"} with "error", "warning"',
        ),
        ("store = 3", 5, "`store`: expected a path as a string, found 3"),
        ('per-file-ignores = ["RA1"]', 5, "`per-file-ignores`: expected a table of lists"),
        ('[tool.repro-audit.per-file-ignores]\n"a" = "RA1"', 5, "`per-file-ignores`: expected a table of lists"),
        ('[tool.repro-audit.per-file]\n"a" = ["RA1"]', 5, "did you mean `per-file-ignores`?"),
    ],
)
def test_wrong_settings_are_told_with_file_line_and_key(project: Path, table: str, line: int, complaint: str) -> None:
    file = pyproject(project, table)
    with pytest.raises(UsageError) as error:
        load_settings(project)
    assert str(error.value).startswith(f"{file}:{line}: ")
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({"REPRO_AUDIT_SELCT": "RA1"}, "REPRO_AUDIT_SELCT: no such variable; did you mean `REPRO_AUDIT_SELECT`?"),
        ({"REPRO_AUDIT_MIN_CONFIDENCE": "sure"}, "REPRO_AUDIT_MIN_CONFIDENCE: expected one of"),
        (
            {"REPRO_AUDIT_PER_FILE_IGNORES": "a.py=RA1"},
            "REPRO_AUDIT_PER_FILE_IGNORES: `per-file-ignores` is a table and",
        ),
        (
            {"REPRO_AUDIT_SEVERITY": "error"},
            "REPRO_AUDIT_SEVERITY: `severity` is a table and stands in a settings file",
        ),
    ],
)
def test_wrong_variables_are_told(project: Path, environ: dict[str, str], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint.replace("?", r"\?")):
        resolve_settings(project, environ={"XDG_CONFIG_HOME": "/nowhere", **environ})


def test_variables_of_the_probe_are_left_alone(project: Path) -> None:
    environ = {"REPRO_AUDIT_PROBE": "{}", "REPRO_AUDIT_PLACE": "0.1", "XDG_CONFIG_HOME": "/nowhere"}
    assert resolve_settings(project, environ=environ).settings == Settings()


def test_a_table_with_an_underscore_is_told(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.repro_audit]\nignore = ["RA1"]\n')
    with pytest.raises(UsageError, match=r"pyproject\.toml: \[tool\.repro_audit\]: the table is called \[tool\.repro-"):
        load_settings(project)


def test_broken_pyproject_of_others_is_not_our_business(project: Path) -> None:
    (project / "pyproject.toml").write_text("[project\n")
    assert load_settings(project) == Settings()


def test_broken_pyproject_that_speaks_of_us_is_an_error(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.repro-audit]\nselect = [\n")
    with pytest.raises(UsageError, match="not valid TOML"):
        load_settings(project)


def test_project_is_the_folder_that_paths_in_reports_count_from(project: Path) -> None:
    (project / "a").mkdir()
    assert resolve_settings(project / "a", environ={"XDG_CONFIG_HOME": "/nowhere"}).project == project
