"""What counts as another output, and what is only another time."""

from __future__ import annotations

import pytest

from auditor.dynamic.printed import may_be_result, output_differences, printed_figures


@pytest.mark.parametrize(
    ("reference", "candidate"),
    [
        ("epoch 1 took 1.52 s", "epoch 1 took 1.61 s"),
        ("done in 12.3s", "done in 11.9s"),
        ("2025-01-02 03:04:05,123 INFO start", "2025-01-02 03:09:00,001 INFO start"),
        ("[00:12<00:30, 3.21it/s]", "[00:13<00:29, 3.02it/s]"),
        ("<Net object at 0x7f3a2b10>", "<Net object at 0x7f3a9910>"),
        ("elapsed: 3.2", "elapsed: 3.4"),
        ("step_time=0.0123", "step_time=0.0201"),
        ("1,234 samples/s", "1,301 samples/s"),
        ("saved to /tmp/tmpab12/x.pt", "saved to /tmp/tmpcd34/x.pt"),
        ("pid 4711", "pid 4712"),
        ("\x1b[32mloss 1\x1b[0m", "loss 1"),
        ("  10%|#  |\r 100%|###|\rloss 1", "  50%|#  |\rloss 1"),
        ("Training finished in 3.4", "Training finished in 3.9"),
        (
            "Epoch: [0] Time 0.47 ( 0.47)\tData 0.07 (0.05)\tLoss 9.3",
            "Epoch: [0] Time 0.49 ( 0.49)\tData 0.0 (0.06)\tLoss 9.3",
        ),
        (
            "loss: 2.3 (2.3)  time: 0.62  data: 0.3  max mem: 123",
            "loss: 2.3 (2.3)  time: 0.72  data: 0.4  max mem: 124",
        ),
        (
            "{'train_samples_per_second': 42.6, 'train_loss': 1.2}",
            "{'train_samples_per_second': 43.1, 'train_loss': 1.2}",
        ),
        ("5/5 - 1s - 12ms/step - loss: 0.5", "5/5 - 2s - 15ms/step - loss: 0.5"),
        ("iter 10: loss 4.1, time 123.4ms, mfu 3.22%", "iter 10: loss 4.1, time 129.4ms, mfu 3.12%"),
        ("step 5 | loss: 2.3 | dt: 12.4ms | tok/sec: 12345.6", "step 5 | loss: 2.3 | dt: 14.4ms | tok/sec: 13345.6"),
        ("epoch 1 | ms/batch 31.82 | loss 8.1 | ppl 33.1", "epoch 1 | ms/batch 36.82 | loss 8.1 | ppl 33.1"),
        ("step 5: loss=2.3 (0.532 sec/step)", "step 5: loss=2.3 (0.632 sec/step)"),
        ("loss=2.3 tok/sec: 1234.5", "loss=2.3 tok/sec: 1334.5"),
        ("|    fps             | 1234     |", "|    fps             | 1334     |"),
        ("INFO:root:1732234234 train loss 0.5", "INFO:root:1732234238 train loss 0.5"),
        ("I1122 00:24:11.625665 140234 train.py:12] loss 0.5", "I1122 00:24:12.6256 140239 train.py:12] loss 0.5"),
        ("8/8 21.47it/s v_num: 0.000 loss: 0.5", "8/8 50.33it/s v_num: 2.000 loss: 0.5"),
        ("8/8 [00:01<00:00, 21.47it/s, v_num=0, loss=0.5]", "8/8 [00:01<00:00, 50.33it/s, v_num=12, loss=0.5]"),
        ("saved runs/Nov22_00-24-11_host loss 0.5", "saved runs/Nov22_00-25-11_host loss 0.5"),
    ],
)
def test_times_and_addresses_say_nothing(reference: str, candidate: str) -> None:
    assert output_differences(reference, candidate, cut=False) == ()


@pytest.mark.parametrize(
    ("reference", "candidate", "metric"),
    [
        ("loss 0.5123", "loss 0.5124", True),
        ("Accuracy: 97.2%", "Accuracy: 97.1%", True),
        ("epoch 3 | val_loss=1.25e-3 | time 3 s", "epoch 3 | val_loss=1.26e-3 | time 4 s", True),
        ("Time 0.047 (0.047) Loss 1.0 (1.5)", "Time 0.049 (0.048) Loss 1.0 (1.6)", True),
        ("time 0.5 loss 0.30 (data 0.1)", "time 0.6 loss 0.35 (data 0.2)", True),
        ("mean data loss 0.5", "mean data loss 0.6", True),
        ("loss 2.3 tok/sec: 900", "loss 2.4 tok/sec: 901", True),
        ("run brave-fox", "run calm-owl", False),
        ("loss 1 at a", "loss 2 at b", False),
        ("chosen: 3", "chosen: 4", False),
    ],
)
def test_other_figures_are_told(reference: str, candidate: str, metric: bool) -> None:
    (found,) = output_differences(f"start\n{reference}\n", f"start\n{candidate}\n", cut=False)
    assert (found.line, found.reference, found.candidate, found.metric) == (2, reference, candidate, metric)


@pytest.mark.parametrize(
    ("reference", "candidate", "may_be"),
    [
        ("bootstrap 0.24", "bootstrap 0.07", True),
        ("chosen: 3", "chosen: 4", True),
        ("x=1e-3 -0.5", "x=2e-3 -0.6", True),
        ("estimate: 12.5%", "estimate: 13.5%", True),
        ("done in 0.53", "done in 0.61", False),
        ("Elapsed [s] 1.23", "Elapsed [s] 1.24", False),
        ("[1234] begins", "[1239] begins", False),
        ("Process 1234 begins", "Process 1239 begins", False),
        ("saved to runs/exp12", "saved to runs/exp13", False),
        ("logs in version_3", "logs in version_4", False),
        ("listening on localhost:41234", "listening on localhost:41239", False),
        ("50%|##  | 5/10", "60%|### | 6/10", False),
        ("in use: 123456 bytes", "in use: 123999 bytes", False),
    ],
)
def test_what_no_word_calls_a_result_may_be_one(reference: str, candidate: str, may_be: bool) -> None:
    assert may_be_result(reference, candidate) == may_be


def test_a_program_that_prints_by_the_clock_gives_no_other_figures() -> None:
    more = output_differences("loss 5.1\nloss 4.2\n", "loss 4.7\n", cut=False)
    assert [found.metric for found in more] == [False, False]
    (other_step,) = output_differences("step 10 loss 5.1\n", "step 12 loss 4.7\n", cut=False)
    assert not other_step.metric


def test_ranks_may_print_in_any_order() -> None:
    assert output_differences("0 loss 1.5\n1 loss 2.5\n", "1 loss 2.5\n0 loss 1.5\n", cut=False) == ()


def test_a_line_of_one_run_only_is_told() -> None:
    (found,) = output_differences("a\n", "a\nloss nan 3\n", cut=False)
    assert (found.reference, found.candidate) == ("", "loss nan 3")


def test_of_a_run_that_was_stopped_only_what_both_printed_is_compared() -> None:
    reference = "".join(f"loss {n}\n" for n in range(9))
    assert output_differences(reference, "loss 0\nloss 1\nlos", cut=True) == ()
    (found,) = output_differences(reference, "loss 0\nloss 7\nlos", cut=True)
    assert found.line == 2


def test_not_more_than_a_screenful_is_kept() -> None:
    a, b = ("".join(f"loss {n + shift}\n" for n in range(100)) for shift in (0, 1000))
    assert len(output_differences(a, b, cut=False)) == 20


def test_figures_come_with_their_place_and_without_times() -> None:
    text = "Epoch 3 step 20: train loss 0.5, 12.5 s\rEpoch 3 step 21: train loss 0.25 time 3.1 s\nacc = 0.75\n"
    assert list(printed_figures(text)) == [
        ("epoch 3, step 21", "epoch", 3.0),
        ("epoch 3, step 21", "step", 21.0),
        ("epoch 3, step 21", "train loss", 0.25),
        ("line 2", "acc", 0.75),
    ]


A, B, C = ("ab" * 32, "cd" * 32, "ef" * 32)


@pytest.mark.parametrize(
    ("reference", "candidate", "counts"),
    [
        (A, B, True),
        (f"rank 0 {A}\nrank 1 {C}", f"rank 0 {B}\nrank 1 {C}", True),
        (f"rank 0 {A}\nrank 1 {C}", f"rank 1 {A}\nrank 0 {C}", False),  # both printed both
        (f"rank 0 {A}\nrankrank 1 {C}", f"rankrank 0 {A}\nrank 1 {C}", False),  # torn by chance
        (f"md5 {A[:32]}", f"md5 {B[:32]}", True),
        (f"run {A[:32]}", f"run {B[:32]}", False),  # an id
        (f"{A} after 3 s", f"{B} after 4 s", True),
        (f"{A} after 3 s", f"{A} after 4 s", None),
    ],
)
def test_digests_that_a_program_prints_are_figures(reference: str, candidate: str, counts: bool | None) -> None:
    found = output_differences(reference, candidate, cut=False)
    assert [each.metric for each in found[:1]] == ([] if counts is None else [counts])
