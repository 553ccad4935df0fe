"""One source of randomness alone is varied; where it never drew, that is said in place of a spread."""

from __future__ import annotations

import pytest

from auditor.cli.exit_codes import ExitCode, of_report
from auditor.errors import UsageError
from auditor.experiments.variants import CONTROL, named, split_variant
from auditor.model.report import AuditReport
from auditor.model.variance import GroupSpread
from auditor.report import render
from auditor.runs.draws import Drawn, Draws
from auditor.services.replica_results import Sources
from auditor.services.settings import Settings
from auditor.services.source_draws import draw_warnings, parse_sources, source_draws, undrawn
from auditor.services.variance import VarianceOptions, measure_variance, parse_metrics, parse_variants

pytestmark = pytest.mark.usefixtures("light_imports")

TRAINING = """
import torch
from torch import nn

torch.manual_seed(3)
data = torch.randn(32, 4)


class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(4, 4), nn.Dropout(0.5), nn.Linear(4, 1))


net = Net()
print("start %.9f" % net[0].weight.sum().item())
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for step in range(3):
    loss = net(data).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("final loss %.9f" % loss.item())
"""
ORDER, DROPOUT, INIT = (split_variant((source,)) for source in ("order", "dropout", "init"))


def drawn(source: str, held: str = "", call: str = "torch.randn") -> Drawn:
    return Drawn(source=source, call=call, place="train.py:7", held=held, draws=2)


def draws(*found: Drawn, problems: tuple[str, ...] = ()) -> Draws:
    return Draws(drawn=found, problems=problems)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> AuditReport:
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("sources")
    (folder / "pyproject.toml").write_text("")
    (folder / "train.py").write_text(TRAINING)
    options = VarianceOptions(
        runs=2,
        variants=(ORDER, DROPOUT),
        sources=Sources(metrics=parse_metrics(["loss=final loss ([0-9.]+)", "start=start (-?[0-9.]+)"])),
        threads=1,
    )
    settings = Settings(store=folder / "store")
    return measure_variance(("python", "train.py"), cwd=folder, settings=settings, options=options)


def group(report: AuditReport, name: str) -> GroupSpread:
    assert report.variance is not None
    return next(group for group in report.variance.groups if group.name == name)


def test_dropout_alone_moves_the_loss_and_not_the_start(report: AuditReport) -> None:
    spread = {metric.name: metric.deviation for metric in group(report, "algo:dropout").metrics}
    assert spread["loss"] > 0
    assert spread["start"] == 0


def test_a_source_that_never_drew_has_no_spread(report: AuditReport) -> None:
    assert report.variance is not None
    assert [one.name for one in report.variance.groups] == ["algo:dropout"]
    (told,) = report.variance.undrawn
    assert (told.variant, told.reason, told.certain) == ("algo:order", "nothing drew for order", True)
    assert of_report(report) is ExitCode.CLEAN


def test_the_report_lists_what_was_counted_as_what(report: AuditReport) -> None:
    text = str(render(report, "text"))
    assert "algo:order: no spread to tell: nothing drew for order" in text
    assert "dropout  3  torch.dropout at train.py:18" in text
    assert "other    1  torch.randn at train.py:6" in text
    assert report.variance is not None
    assert {one.source: one.draws for one in report.variance.sources} == {"init": 4, "dropout": 3, "other": 1}


def test_draws_that_may_have_been_missed_leave_the_question_open() -> None:
    unseen = undrawn(DROPOUT, draws(drawn("init"), drawn("unseen", "compiled or native code", "torch")))
    assert unseen is not None
    assert not unseen.certain
    assert "compiled or native code drew unseen" in unseen.reason
    hidden = undrawn(DROPOUT, draws(drawn("other", "seeded by the program", "numpy.random.SeedSequence")))
    assert hidden is not None
    assert not hidden.certain
    assert "numpy.random.SeedSequence at train.py:7" in hidden.reason
    broken = undrawn(DROPOUT, draws(problems=("torch: TypeError",)))
    assert broken is not None
    assert not broken.certain


def test_what_only_the_programs_own_generators_drew_is_told_as_held() -> None:
    told = undrawn(ORDER, draws(drawn("order", "from a generator of the program's own", "torch.randperm")))
    assert told is not None
    assert not told.certain
    assert "torch.randperm at train.py:7" in told.reason
    assert "--vary-all-seeds" in told.reason


def test_a_source_that_drew_is_measured_and_what_is_held_of_it_told() -> None:
    found = draws(drawn("order"), drawn("order", "from a generator of the program's own"), drawn("unseen", "", "torch"))
    assert undrawn(ORDER, found) is None
    held, unseen = draw_warnings({ORDER: found})
    assert held.startswith("algo:order: the same in all replicas")
    assert "generator of torch" in unseen


def test_draws_of_all_processes_are_added_up() -> None:
    (told,) = source_draws(draws(drawn("augment"), drawn("augment")))
    assert (told.draws, [site.draws for site in told.sites]) == (4, [4])


def test_variants_of_sources_stand_between_those_of_all_and_of_none() -> None:
    found = parse_variants(["algo", "control"], sources=["dropout+init", "order", "none"])
    names = [variant.name for variant in found]
    assert names == ["algo", "algo:init+dropout", "algo:order", "algo:none", "control"]
    assert tuple(named(name) for name in names) == found
    assert found[-1] is CONTROL


@pytest.mark.parametrize("word", ["seeds", "init+", "none+init"])
def test_unknown_sources_are_refused(word: str) -> None:
    with pytest.raises(UsageError, match="there are init, order, augment, dropout, other and none"):
        parse_sources([word])
