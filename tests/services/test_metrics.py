"""Results of published trainings give the published figures."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import main
from auditor.errors import UsageError
from auditor.model.report import AuditReport
from auditor.model.variance import GroupSpread, VarianceReport
from auditor.report import render
from auditor.services.metrics import RECORD_REPLAY, SAME_SEED, import_metrics

ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "icse22_results.tar.gz"
KNOWN = {  # mean, minimum, maximum, sd, largest sd of a class, churn; all in percent
    "lenet1 cpu 1.14 unpatched": (97.760, 97.24, 98.12, 0.2298, 1.110, 1.471),
    "lenet5 gpu 2.1 patched": (99.013, 98.76, 99.28, 0.1447, 0.570, 0.776),
    "resnet38 gpu 1.14 unpatched": (92.662, 92.08, 93.44, 0.3547, 1.947, 7.607),
    "resnet38 gpu 1.14 patched": (92.562, 91.76, 93.40, 0.3890, 1.644, 7.649),
}


@pytest.fixture(scope="module")
def published() -> VarianceReport:
    if not ARCHIVE.exists():
        pytest.skip("the published results are not beside the project")
    report = import_metrics(ARCHIVE, "icse22")
    assert report.variance is not None
    assert report.skipped == ()
    return report.variance


@pytest.mark.parametrize("name", KNOWN)
def test_published_groups_spread_as_published(published: VarianceReport, name: str) -> None:
    group = next(each for each in published.groups if each.name == name)
    assert group.overall is not None
    assert group.churn is not None
    widest = max(each.deviation for each in group.classes)
    whole = group.overall
    found = (whole.mean, whole.minimum, whole.maximum, whole.deviation, widest, group.churn)
    assert [100 * value for value in found] == pytest.approx(KNOWN[name], abs=6e-4)


def test_published_pairs_agree_as_published(published: VarianceReport) -> None:
    assert published.results == 1440
    for counts in published.pairs:
        patched = counts.group.endswith(" patched")
        if counts.relation == RECORD_REPLAY or patched or " cpu " in counts.group:
            assert counts.identical == counts.pairs == 8
            assert counts.largest_loss_difference == 0
        else:
            assert counts.relation == SAME_SEED
            assert counts.identical == 0
            if counts.group.startswith("lenet"):
                assert counts.equal == {"overall": 8, "per-class": 8, "predictions": 8, "losses": 0}
                assert counts.largest_loss_difference is not None
                assert counts.largest_loss_difference < 1e-5


def test_replicas_that_are_not_independent_are_told(published: VarianceReport) -> None:
    assert published.warnings == (
        "lenet1 cpu 2.1 unpatched: replicas are not independent: all 16 are equal in every criterion.",
    )


def result(accuracy: float, predictions: str = "1\n0\n") -> str:
    return f"overall_acc,{accuracy}\nloss,[0.5, 0.25]\n0,{accuracy}\n1,0.5\n{predictions}"


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"net_tf_{name}.txt").write_text(text)
    return folder


def group_of(report: AuditReport) -> GroupSpread:
    assert report.variance is not None
    (group,) = report.variance.groups
    return group


def two_runs(folder: Path) -> Path:
    names = [f"220_gpu_seed_-1_nopatch_norecord_{number}" for number in (1, 2)]
    return write(folder, **{names[0]: result(0.5), names[1]: result(0.7, "1\n1\n")})


def test_a_folder_gives_what_an_archive_gives(tmp_path: Path) -> None:
    folder = two_runs(tmp_path / "results")
    archive = tmp_path / "results.tar"
    with tarfile.open(archive, "w") as packed:
        packed.add(folder, arcname="./anything")
    first, second = import_metrics(folder, "icse22"), import_metrics(archive, "icse22")
    assert group_of(first) == group_of(second)
    assert group_of(first).name == "net gpu 220 unpatched"
    assert group_of(first).churn == 0.5


def test_the_divisor_and_the_artifacts_churn_are_had_on_request(tmp_path: Path) -> None:
    group = group_of(import_metrics(two_runs(tmp_path / "results"), "icse22", ddof=1, artifact=True))
    assert group.overall is not None
    assert group.overall.deviation == pytest.approx(0.1 * 2**0.5)
    assert group.churn == 0.5


def test_files_that_are_no_results_are_skipped_with_the_reason(tmp_path: Path) -> None:
    folder = two_runs(tmp_path / "results")
    (folder / "notes.txt").write_text("")
    write(folder, **{"114_cpu_seed_1_patch_record_1": "loss,[]\n", "114_cpu_seed_2_patch_record_1": "overall_acc,x\n"})
    skipped = {entry.subject: entry.reason for entry in import_metrics(folder, "icse22").skipped}
    assert skipped == {
        "net_tf_114_cpu_seed_1_patch_record_1.txt": "no line `overall_acc,…`: the file is cut off or of another kind",
        "net_tf_114_cpu_seed_2_patch_record_1.txt": "line 1: cannot be read: 'overall_acc,x'",
        "notes.txt": "the name is not that of a result file",
    }


@pytest.mark.parametrize("cut", ["overall_acc,0.5\n", result(0.5, "1\n"), "overall_acc,0.5\nloss,[0.5]\n"])
def test_a_result_that_was_cut_off_is_no_replica(tmp_path: Path, cut: str) -> None:
    """It would count as another result: replicas that are equal would look independent."""
    names = [f"220_gpu_seed_-1_nopatch_norecord_{number}" for number in (1, 2, 3)]
    folder = write(tmp_path / "results", **dict(zip(names, (result(0.5), result(0.5), cut), strict=True)))
    report = import_metrics(folder, "icse22")
    assert (group_of(report).replicas, group_of(report).distinct) == (2, 1)
    (skipped,) = report.skipped
    assert skipped.subject == f"net_tf_{names[2]}.txt"
    assert "others of net have 2 losses, 2 classes and 2 predictions" in skipped.reason
    assert "Not read: 1" in str(render(report, "text"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_bytes(b"no archive" * 100), "is no folder and no archive"),
        (lambda path: path.mkdir(), "holds no result file such as"),
        (lambda path: None, "cannot be read: No such file"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, make: Any, message: str) -> None:
    make(tmp_path / "results")
    with pytest.raises(UsageError, match=message):
        import_metrics(tmp_path / "results", "icse22")


def test_members_outside_the_archive_are_never_written(tmp_path: Path) -> None:
    archive = tmp_path / "results.tar"
    with tarfile.open(archive, "w") as packed:
        for name in ("../net_tf_114_cpu_seed_1_patch_record_1.txt", "/net_tf_114_cpu_seed_2_patch_record_1.txt"):
            member = tarfile.TarInfo(name)
            data = result(0.5).encode()
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))
    report = import_metrics(archive, "icse22")
    assert report.variance is not None
    assert report.variance.results == 2
    assert [path.name for path in tmp_path.iterdir()] == ["results.tar"]


def test_the_command_prints_tables_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = two_runs(tmp_path / "results")
    assert main(["metrics", "import", "--format", "icse22", str(folder), "-v"]) == 0
    text = capsys.readouterr().out
    assert " ".join(text.split()).count("net gpu 220 unpatched 2 60.000 50.00–70.00 10.0000") == 1
    assert "net gpu 220 unpatched: sd by class in percent" in text
    assert main(["metrics", "import", "--format", "icse22", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["variance"]["results"] == 2
    assert main(["metrics", "import", "--format", "csv", str(folder)]) == 2
    assert "there is no `csv`" in capsys.readouterr().err
