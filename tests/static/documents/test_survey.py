"""What holds for all documents: suppressions, limits, order, and that nothing crashes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.ruleset import load
from auditor.static.documents.kinds import Kind, document_kind
from auditor.static.engine import Analysis, Engine, find_files
from auditor.static.files.discovery import Discovery

Scan = Callable[..., Analysis]
RULESET = load()
DOCUMENT_RULES = [rule for rule in RULESET.rules if any(not each.path.endswith(".py") for each in rule.examples)]
EXAMPLES = [(each.path, each.source) for rule in DOCUMENT_RULES for each in rule.examples]
TRAINING = "lr: 1\nepochs: 3\nbatch_size: 8\n"

SUPPRESSED = {
    "yaml, beside": {"a.yaml": TRAINING + "seed: null # repro-audit: allow RA181 because the launcher gives it\n"},
    "yaml, above": {"a.yaml": TRAINING + "# repro-audit: allow RA181 because the launcher gives it\nseed: null\n"},
    "toml": {
        "a.toml": "lr = 1\nepochs = 3\nbatch_size = 8\n"
        "# repro-audit: allow RA181 because the launcher gives it\nseed = 'random'\n"
    },
    "shell": {"a.sh": "train --seed $RANDOM  # repro-audit: allow RA182 because the launcher gives it\n"},
    "shell, above a command on several lines": {
        "a.sh": "# repro-audit: allow RA182 because the launcher gives it\n"
        "train \\\n  --lr 1 \\\n  --seed $RANDOM \\\n  -x\n"
    },
    "shell, behind a command on several lines": {
        "a.sh": "train --seed $RANDOM \\\n  --lr 1  # repro-audit: allow RA182 because the launcher gives it\n"
    },
    "shell, behind a text": {
        "a.sh": 'train --tag "a b" --seed $RANDOM  # repro-audit: allow RA182 because the launcher gives it\n'
    },
    "shell, in capitals": {"a.sh": "train --seed $RANDOM  # Repro-Audit: allow RA182 because the launcher gives it\n"},
    "shell, behind other words": {
        "a.sh": 'train --seed $RANDOM  # it\'s "new" # repro-audit: allow RA182 because the launcher gives it\n'
    },
    "yaml, behind an apostrophe": {
        "a.yaml": TRAINING + "seed: null # don't # repro-audit: allow RA181 because the launcher gives it\n"
    },
    "Dockerfile": {"Dockerfile": "# repro-audit: allow RA462 because the launcher gives it\nFROM python\n"},
    "requirements": {"requirements.txt": "torch # repro-audit: allow RA461 because the launcher gives it\n"},
    "whole file": {
        "a.sh": "# repro-audit: allow-file RA182 because the launcher gives it\necho\ntrain --seed $RANDOM\n"
    },
}


@pytest.mark.parametrize("name", SUPPRESSED)
def test_comment_with_a_reason_allows_it(name: str, scan: Scan) -> None:
    analysis = scan(SUPPRESSED[name])
    assert analysis.findings == ()
    assert [each.reason for each in analysis.suppressed] == ["the launcher gives it"]
    assert analysis.notes == ()


def test_comment_speaks_for_its_command_and_no_other(scan: Scan) -> None:
    comment = "# repro-audit: allow RA182 because it is so"
    text = f"train \\\n  --seed $RANDOM\n{comment}\ntrain \\\n  -x \\\n  --seed $RANDOM\ntrain --seed $RANDOM\n"
    assert [each.location.line for each in scan({"a.sh": text}).findings] == [2, 7]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.sh", 'echo "# repro-audit: allow-file RA182 because x"\ntrain --seed $RANDOM\n'),
        ("a.sh", "train --note '# repro-audit: allow RA182 because x' --seed $RANDOM\n"),
        ("a.sh", 'say "# Repro-Audit: allow-file RA182 because x"\ntrain --seed $RANDOM\n'),
        ("a.sh", "cat > a.txt <<EOF\n# repro-audit: allow-file RA182 because x\nEOF\ntrain --seed $RANDOM\n"),
        ("a.yaml", f"{TRAINING}note: '# repro-audit: allow-file RA181 because x'\nseed: null\n"),
        (
            "a.json",
            '{"lr": 1, "epochs": 3, "batch_size": 8, "x": "# repro-audit: allow-file RA181 because x", "seed": null}',
        ),
    ],
)
def test_comment_inside_a_text_does_not_count(name: str, text: str, scan: Scan) -> None:
    analysis = scan({name: text})
    assert len(analysis.findings) == 1
    assert (analysis.suppressed, analysis.notes) == ((), ())


def test_comment_in_the_script_that_a_script_writes_counts(scan: Scan) -> None:
    text = "cat > a.sh <<EOF\ntrain --seed $RANDOM  # repro-audit: allow RA182 because x\nEOF\n"
    assert scan({"b.sh": text}).findings == ()


def test_comment_without_a_reason_does_not_count(scan: Scan) -> None:
    analysis = scan({"a.sh": "train --seed $RANDOM # repro-audit: allow RA182\n"})
    assert [each.advice.endswith("add `because …`)") for each in analysis.findings] == [True]
    assert analysis.notes == (
        "a.sh:1: this suppression is wrong: it gives no reason and does not count; add `because …`",
    )


def test_comment_that_is_not_needed_is_told(scan: Scan) -> None:
    text = "train --seed 1 # repro-audit: allow RA182 because it is so\n"
    assert scan({"a.sh": text}).notes == ("a.sh:1: nothing to allow: RA182 finds nothing here; remove the comment",)


def test_malformed_file_is_skipped_with_the_line_if_it_is_ours(scan: Scan) -> None:
    analysis = scan({"a.yaml": TRAINING + "seed: null\nmodel: [\n"})
    (skipped,) = analysis.skipped
    assert skipped.subject == "a.yaml"
    assert skipped.reason.startswith("not YAML: line 6")


@pytest.mark.parametrize(
    "files",
    [
        {"a.yaml": "seed: null\nother: [\n"},
        {"chart.yaml": TRAINING + "seed: null\nmodel: {{ .Values.model }\n"},
        {"a.json": '{"seed": null,'},
        {"a.yaml": b"\xff\xfe\x00seed: null"},
        {"a.toml": "lr = \nseed = 'random'"},
    ],
)
def test_malformed_file_of_somebody_else_is_passed_over(files: dict[str, str | bytes], scan: Scan) -> None:
    analysis = scan(files)
    assert (analysis.findings, analysis.skipped) == ((), ())


def test_huge_file_is_skipped_if_it_is_ours(scan: Scan) -> None:
    filler = "# " + "x" * 100 + "\n"
    analysis = scan(
        {"a.yaml": TRAINING + "seed: null\n" + filler * 10_000, "b.json": '{"seed": null}' + " " * 1_100_000}
    )
    assert [(each.subject, each.reason.split(":")[0]) for each in analysis.skipped] == [("a.yaml", "too large")]


def test_document_that_is_asked_for_alone_is_looked_at(scan: Scan) -> None:
    assert scan({"a.yaml": "x: 1\n"}, "a.yaml").files == 1


def test_link_that_leads_nowhere_is_not_our_business(discover: Callable[..., Discovery], tmp_path: Path) -> None:
    (tmp_path / "data.json").symlink_to(tmp_path / "gone.json")
    found = discover({"a.yaml": "x: 1\n"})
    assert ([each.path for each in found.documents], found.skipped) == (["a.yaml"], [])


def test_shifted_lines_keep_the_key(scan: Scan) -> None:
    first = scan({"a.sh": "train --seed $RANDOM\n"}).findings
    second = scan({"a.sh": "# more\n\ntrain --seed $RANDOM\n"}).findings
    assert [each.key for each in first] == [each.key for each in second]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("conf.yml", Kind.YAML),
        ("Dockerfile.gpu", Kind.DOCKERFILE),
        ("gpu.Dockerfile", Kind.DOCKERFILE),
        (".env.local", Kind.ENVIRONMENT_FILE),
        (".env.example", None),
        ("requirements-gpu.txt", Kind.REQUIREMENTS),
        ("notes.txt", None),
        ("package-lock.json", None),
        ("train.py", None),
        ("README", None),
        ("job.sbatch", Kind.SHELL),
    ],
)
def test_kind_is_told_from_the_name(name: str, kind: Kind | None) -> None:
    assert document_kind(name) == kind


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """An example with bytes replaced, removed, doubled or put in."""
    path, source = draw(st.sampled_from(EXAMPLES))
    raw = bytearray(source.encode())
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 8)))
        piece = draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"{", b"[", b'"', b"$(", b"\\\n", b"&a ", b"*a"]))
        )
        raw[start:end] = piece
    return path, bytes(raw)


@settings(max_examples=200, deadline=None)
@given(mutated())
def test_no_mutated_document_crashes_a_scan(case: tuple[str, bytes]) -> None:
    path, raw = case
    with TemporaryDirectory() as folder:
        file = Path(folder, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)
        engine = Engine(RULESET, DOCUMENT_RULES)
        one, two = (engine.analyse(find_files(Path(folder), [Path(folder)], ())) for _ in range(2))
    assert one == two


def test_notebook_examples_are_notebooks() -> None:
    assert all("cells" in json.loads(source) for path, source in EXAMPLES if path.endswith(".ipynb"))


def test_yaml_is_loaded_only_for_a_file_that_may_matter(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import torch\n")
    (tmp_path / "a.yaml").write_text("services: {}\n")
    script = (
        "import sys; from pathlib import Path; from auditor.services.scan import scan; "
        f"from auditor.services.settings import Settings; scan([Path({str(tmp_path)!r})], Settings()); "
        "print('yaml' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


def test_finding_that_the_settings_ignore_is_not_said_to_be_allowed_in_the_source(
    discover: Callable[..., Discovery], engine: Engine
) -> None:
    found = discover({"a.sh": "train --seed $RANDOM\n"})
    (suppressed,) = engine.analyse(found, ignored=lambda path, rule: path == "a.sh").suppressed
    assert suppressed.in_source is False


def test_comment_on_the_line_does_not_change_the_key(scan: Scan) -> None:
    plain = scan({"a.sh": "train --seed $RANDOM\n"})
    allowed = scan({"a.sh": "train --seed $RANDOM  # repro-audit: allow RA182 because the launcher gives it\n"})
    assert plain.findings[0].key == allowed.suppressed[0].finding.key


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize(
    "name",
    [".env", ".gitignore", "pyproject.toml", "requirements.txt", "setup.cfg", "setup.py", "train.yaml", "uv.lock"],
)
def test_a_pipe_of_that_name_does_not_hang(name: str, write: Callable[..., Path], scan: Scan) -> None:
    """Managers of secrets put one in the place of `.env`."""
    os.mkfifo(write({"train.py": "import numpy as np\nprint(np.random.rand(3))\n"}) / name)
    assert [each.rule_id for each in scan({}).findings] == ["RA102"]
