"""Which files of two runs hold other results, and which only other times."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from auditor.runs.written import kept_copy, kept_tensors
from auditor.services.written_results import differing_results


def npy(*values: float) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(values))
    return file.getvalue()


def told(tmp_path: Path, path: str, contents: tuple[bytes, bytes], steps: int = 0) -> tuple[str, ...]:
    records: Any = []
    for number, content in enumerate(contents):
        folder = tmp_path / f"r{number}"
        copy = kept_copy(folder, path)
        copy.parent.mkdir(parents=True)
        copy.write_bytes(content)
        records.append(SimpleNamespace(folder=str(folder), processes=(SimpleNamespace(steps=steps),)))
    return differing_results((records[0], records[1]), [path])


@pytest.mark.parametrize(
    ("path", "contents", "words"),
    [
        (
            "out/metrics.json",
            (b'{"accuracy": 0.5}', b'{"accuracy": 0.6}'),
            "accuracy is 0.5 in the reference and 0.6 in the candidate (in out/metrics.json)",
        ),
        ("log.csv", (b"epoch,loss\n1,0.5\n2,0.4\n", b"epoch,loss\n1,0.5\n2,0.3\n"), "loss of epoch 2 is 0.4"),
        ("weights.npy", (npy(1, 2), npy(1, 3)), "the array weights differs"),
        ("y_pred.npy", (npy(1, 2, 3), npy(1, 0, 0)), "2 of 3 predictions differ"),
        ("w.txt", (b"1.0 2.5e-1\n", b"1.0 2.6e-1\n"), "the numbers in w.txt differ"),
        (
            "out.log",
            (b"start\naccuracy 0.5 (3 s)\n", b"start\naccuracy 0.6 (4 s)\n"),
            "line 2 of out.log is `accuracy 0.5",
        ),
        ("runs.csv", (b"7,12,0.93\n", b"7,12,0.93\n7,12,0.91\n"), "the numbers that both runs appended to runs.csv"),
        (
            "runs.csv",
            (b"epoch,loss,time\n1,0.5,3\n", b"epoch,loss,time\n1,0.5,3\n1,0.4,3\n"),
            "loss of epoch 1 is 0.5 in the reference and 0.4 in the candidate (in runs.csv)",
        ),
        ("runs.log", (b"accuracy 0.5\n", b"accuracy 0.5\naccuracy 0.6\n"), "`accuracy 0.6` in the candidate"),
        ("model.joblib", (b"a", b"b"), "model.joblib holds other bytes, and no optimizer of torch took a step"),
    ],
)
def test_other_results_are_told_with_both_values(
    tmp_path: Path, path: str, contents: tuple[bytes, bytes], words: str
) -> None:
    (found,) = told(tmp_path, path, contents)
    assert words in found


@pytest.mark.parametrize(
    ("path", "contents"),
    [
        ("metrics.json", (b'{"accuracy": 0.5, "seconds": 3.1}', b'{"accuracy": 0.5, "seconds": 3.4}')),
        ("metrics.json", (b'{"accuracy": NaN, "at": "10:01"}', b'{"accuracy": NaN, "at": "10:02"}')),
        ("log.csv", (b"epoch,loss,time\n1,0.5,3\n", b"epoch,loss,time\n1,0.5,4\n")),
        ("epoch_times.npy", (npy(1), npy(2))),
        ("train.txt", (b"accuracy 0.5 after 3 s", b"accuracy 0.5 after 4 s")),
        ("runs.csv", (b"7,12,0.93\n", b"7,12,0.93\n7,12,0.93\n")),
        ("runs.csv", (b"epoch,loss,time\n1,0.5,3\n", b"epoch,loss,time\n1,0.5,3\n1,0.5,4\n")),
        ("runs.log", (b"3 s\naccuracy 0.5 (3 s)\n", b"3 s\naccuracy 0.5 (3 s)\n4 s\naccuracy 0.5 (4 s)\n")),
        ("broken.json", (b"{", b"{ ")),
    ],
)
def test_times_and_what_cannot_be_read_are_no_results(tmp_path: Path, path: str, contents: tuple[bytes, bytes]) -> None:
    assert told(tmp_path, path, contents) == ()


def test_a_model_file_is_no_proof_where_torch_trained_because_it_may_hold_the_date(tmp_path: Path) -> None:
    assert told(tmp_path, "last.ckpt", (b"a", b"b"), steps=3) == ()


@pytest.mark.parametrize(("digests", "words"), [(("1", "2"), ("tensors in last.ckpt differ",)), (("1", "1"), ())])
def test_a_model_file_whose_tensors_differ_is_proof_also_where_torch_trained(
    tmp_path: Path, digests: tuple[str, str], words: tuple[str, ...]
) -> None:
    for number, digest in enumerate(digests):
        place = kept_tensors(tmp_path / f"r{number}", "last.ckpt")
        place.parent.mkdir(parents=True)
        place.write_text(digest)
    records: Any = [
        SimpleNamespace(folder=str(tmp_path / f"r{number}"), processes=(SimpleNamespace(steps=3),)) for number in (0, 1)
    ]
    assert differing_results((records[0], records[1]), ["last.ckpt"]) == words


def test_nothing_is_told_of_files_that_nobody_kept(tmp_path: Path) -> None:
    record: Any = SimpleNamespace(folder=str(tmp_path), processes=())
    assert differing_results((record, record), ["m.json"]) == ()
