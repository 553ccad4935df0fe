"""`compare --criteria` on what programs left in folders and files, and on names that stand for nothing."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.errors import UsageError
from auditor.model.criteria import Agreement, CriteriaReport
from auditor.model.variance import Criterion
from auditor.model.verdict import Status
from auditor.services.criteria import CriteriaOptions, compare_criteria, parse_criteria, parse_looking
from auditor.services.settings import Settings

ARCHIVE = Path(__file__).parents[2] / ".." / "shared" / "data" / "icse22_results.tar.gz"
LOG = "epoch 1: loss 2.5 time 3.1 s\nepoch 2: loss 1.5 time {time} s\ntest accuracy {accuracy}\n"


def leave(folder: Path, accuracy: float = 0.5, time: float = 3.0, predictions: str = "1\n0\n") -> None:
    """What a training leaves: its output, and predictions with labels."""
    folder.mkdir()
    (folder / "train.log").write_text(LOG.format(time=time, accuracy=accuracy))
    (folder / "preds.csv").write_text("prediction\n" + predictions)


def criteria(folder: Path, *names: str, options: CriteriaOptions | None = None) -> CriteriaReport:
    paths = [str(folder / name) for name in names or ("a", "b")]
    settings = Settings(store=folder / "store")
    found = compare_criteria(*paths, cwd=folder, settings=settings, options=options)  # type: ignore[misc]
    assert found.criteria is not None
    return found.criteria


def agreements(report: CriteriaReport) -> dict[Criterion, Agreement]:
    return {result.criterion: result.agreement for result in report.results}


def test_folders_agree_in_results_though_their_logs_tell_other_times(tmp_path: Path) -> None:
    leave(tmp_path / "a")
    leave(tmp_path / "b", time=4.0)
    report = criteria(tmp_path)
    found = agreements(report)
    assert [each for each in Criterion if found[each] is Agreement.EQUAL] == [
        Criterion.OVERALL,
        Criterion.PREDICTIONS,
        Criterion.LOSSES,
    ]
    assert report.first is Criterion.FILES
    chosen = CriteriaOptions(only=parse_criteria(["overall", "predictions", "losses"]))
    assert criteria(tmp_path, options=chosen).status is Status.REPRODUCIBLE


def test_labels_make_classes_seen(tmp_path: Path) -> None:
    leave(tmp_path / "a")
    leave(tmp_path / "b", predictions="1\n1\n")
    (tmp_path / "labels.csv").write_text("label\n1\n0\n")
    assert agreements(criteria(tmp_path))[Criterion.PER_CLASS] is Agreement.NOT_SEEN
    looking = parse_looking(labels=tmp_path / "labels.csv")
    report = criteria(tmp_path, options=CriteriaOptions(looking=looking))
    assert report.first is Criterion.PER_CLASS
    result = next(each for each in report.results if each.criterion is Criterion.PER_CLASS)
    assert result.first is not None
    assert (result.first.place, result.first.reference, result.first.candidate) == ("class 0", "1.0", "0.0")


def test_a_named_metric_is_the_only_one(tmp_path: Path) -> None:
    leave(tmp_path / "a", accuracy=0.5)
    leave(tmp_path / "b", accuracy=0.6)
    assert criteria(tmp_path).first is Criterion.OVERALL
    looking = parse_looking(metrics=["last=epoch 2: loss ([0-9.]+)"])
    assert (
        agreements(criteria(tmp_path, options=CriteriaOptions(looking=looking)))[Criterion.OVERALL] is Agreement.EQUAL
    )
    nowhere = parse_looking(metrics=["f1=f1 ([0-9.]+)"])
    report = criteria(tmp_path, options=CriteriaOptions(looking=nowhere))
    assert agreements(report)[Criterion.OVERALL] is Agreement.NOT_SEEN
    assert any("no f1" in reason for result in report.results for reason in result.reasons)


def test_settings_alone_are_no_evidence(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps({"lr": 0.1, "epochs": 3}))
    report = criteria(tmp_path)
    assert agreements(report)[Criterion.OVERALL] is Agreement.NOT_SEEN
    assert report.status is Status.INCONCLUSIVE


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("r1", "r2"), "no run r1 in"),
        (("v1/algo/1", "v1/algo/2"), r"no whole replica v1/algo/1 in .*; there are none"),
        (("nowhere", "r1"), "no run .*no folder or file is called so"),
        ((".", "."), "one and the same"),
    ],
)
def test_names_that_stand_for_nothing_are_told(tmp_path: Path, names: tuple[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compare_criteria(*names, cwd=tmp_path, settings=Settings(store=tmp_path / "store"))


def test_the_command_reports_in_every_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leave(tmp_path / "a")
    leave(tmp_path / "b", accuracy=0.625)
    command = ["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--criteria", "--store", str(tmp_path / "store")]
    assert main(command) == 1
    text = capsys.readouterr().out
    assert "DIVERGENT: the overall metric differs first, at test accuracy (0.5 and 0.625)" in text
    assert main([*command, "--format", "json"]) == 1
    content = json.loads(capsys.readouterr().out)["criteria"]
    assert (content["status"], content["first"]) == ("divergent", "overall")
    assert main([*command, "--format", "markdown"]) == 1
    assert capsys.readouterr().out.startswith("### repro-audit: DIVERGENT")
    for name in ("junit", "gitlab", "github", "sarif"):  # services must not take it for a success
        assert main([*command, "--format", name]) == 1
        assert "criterion/overall" in capsys.readouterr().out or name == "github"
    assert main([*command, "--format", "github"]) == 1
    assert capsys.readouterr().out.startswith("::error title=two trainings differ::DIVERGENT")
    assert main([*command[:3], "--metric", "a=b(.)"]) == 2
    assert "--metric: only with --criteria" in capsys.readouterr().err


@pytest.mark.skipif(not ARCHIVE.is_file(), reason="the published results are not beside the project")
@pytest.mark.parametrize(
    ("device", "patch", "first"),
    [("cpu", "nopatch", None), ("gpu", "nopatch", Criterion.LOSSES), ("gpu", "patch", None)],
)
def test_published_results_differ_where_it_is_known(
    tmp_path: Path, device: str, patch: str, first: Criterion | None
) -> None:
    names = [f"lenet1_tf_114_{device}_seed_1_{patch}_norecord_{number}.txt" for number in (1, 2)]
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            if (name := Path(member.name).name) in names:
                content = archive.extractfile(member)
                assert content is not None
                (tmp_path / name).write_bytes(content.read())
    report = criteria(tmp_path, *names)
    found = agreements(report)
    assert report.first is first
    assert found[Criterion.PREDICTIONS] is Agreement.EQUAL
    assert report.status is (Status.REPRODUCIBLE if first is None else Status.DIVERGENT)


@pytest.mark.parametrize(
    ("losses", "found"),
    [
        ("epoch [0-9]+: loss ([0-9.]+)", [2.5, 1.5]),
        ("history.csv:train_loss", [0.5]),
        ("history.csv", [0.5]),
        ("nothing ([0-9.]+)", None),
    ],
)
def test_losses_are_found_where_they_are_named(tmp_path: Path, losses: str, found: list[float] | None) -> None:
    for name in ("a", "b"):
        leave(tmp_path / name)
        (tmp_path / name / "history.csv").write_text("epoch,train_loss\n1,0.5\n")
    report = criteria(tmp_path, options=CriteriaOptions(looking=parse_looking(losses=losses)))
    result = next(each for each in report.results if each.criterion is Criterion.LOSSES)
    assert result.compared == (0 if found is None else len(found))
    assert (result.agreement is Agreement.NOT_SEEN) is (found is None)


def test_a_malformed_pattern_is_told_under_its_option() -> None:
    with pytest.raises(UsageError, match=r"^--losses loss: put parentheses around the number: loss\("):
        parse_looking(losses="loss")
