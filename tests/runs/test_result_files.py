"""What a result file says is told by names in it; settings and times are no results."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.runs.result_files import Parts, read_parts


def parts(folder: Path, name: str, text: str) -> Parts:
    (folder / name).write_text(text)
    return read_parts(folder / name, name)


def test_json_tells_metrics_losses_classes_and_predictions_apart(tmp_path: Path) -> None:
    content = {
        "lr": 0.1,
        "seconds": 3.5,
        "test": {"accuracy": 0.5},
        "history": {"loss": [2.0, 1.0]},
        "per_class": {"cat": 0.25, "dog": 0.75},
        "predictions": [1, 0],
        "labels": [1, 1],
    }
    found = parts(tmp_path, "r.json", json.dumps(content))
    assert {name: number.value for name, number in found.metrics.items()} == {"test.accuracy": 0.5}
    assert found.losses["history.loss"].values == [2.0, 1.0]
    assert {name: number.value for name, number in found.classes.items()} == {"cat": 0.25, "dog": 0.75}
    assert found.predictions is not None
    assert found.predictions.classes == ("1", "0")
    assert found.labels == ("1", "1")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("h.csv", "epoch,train_loss,val_acc,lr\n3,2.5,0.1,0.1\n4,1.5,0.2,0.1\n"),
        (
            "h.jsonl",
            '{"epoch": 3, "train_loss": 2.5, "val_acc": 0.1}\n{"epoch": 4, "train_loss": 1.5, "val_acc": 0.2}\n',
        ),
    ],
)
def test_tables_of_epochs_give_losses_with_places_and_the_last_metric(tmp_path: Path, name: str, text: str) -> None:
    found = parts(tmp_path, name, text)
    assert found.losses["train_loss"].values == [2.5, 1.5]
    assert found.losses["train_loss"].places == ["epoch 3", "epoch 4"]
    assert {key: number.value for key, number in found.metrics.items()} == {"val_acc": 0.2}


def test_an_empty_cell_moves_no_prediction_up(tmp_path: Path) -> None:
    one = parts(tmp_path, "p.csv", "id,prediction\n1,\n2,1\n").predictions
    other = parts(tmp_path, "p.csv", "id,prediction\n1,1\n2,\n").predictions
    assert one is not None
    assert other is not None
    assert len(one.bits) == 2
    assert one.bits != other.bits


def test_whole_numbers_that_no_double_holds_are_kept(tmp_path: Path) -> None:
    found = parts(tmp_path, "m.json", '{"correct": 9007199254740993}').metrics["correct"]
    assert found.value == 2**53 + 1


def test_predictions_of_a_regression_are_numbers_and_no_classes(tmp_path: Path) -> None:
    found = parts(tmp_path, "p.csv", "prediction\n0.25\n1.5\n").predictions
    assert found is not None
    assert found.classes is None
    assert found.shown(1) == "1.5"


def test_scores_are_compared_by_all_bits_and_shown_as_classes(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    numpy.save(tmp_path / "logits.npy", numpy.array([[0.1, 0.9], [0.8, 0.2]], numpy.float32))
    found = read_parts(tmp_path / "logits.npy", "logits.npy").predictions
    assert found is not None
    assert [found.shown(0), found.shown(1)] == ["1", "0"]
    assert found.bits[0] == struct.pack("<2f", 0.1, 0.9)


def test_safetensors_are_read_without_any_library(tmp_path: Path) -> None:
    data = struct.pack("<2f", 1.0, 2.0)
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "__metadata__": {}}).encode()
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + data)
    weights = read_parts(tmp_path / "m.safetensors", "m.safetensors").weights
    assert weights is not None
    tensor = weights.tensors["w"]
    assert (tensor.dtype, tensor.shape) == ("float32", (2,))
    assert tensor.data is not None
    assert tensor.data() == (data, "float32")


def test_saved_state_is_read_and_code_in_it_is_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"model": {"w": torch.ones(2, dtype=torch.bfloat16)}, "epoch": 3}, tmp_path / "c.pt")
    weights = read_parts(tmp_path / "c.pt", "c.pt").weights
    assert weights is not None
    assert list(weights.tensors) == ["model.w"]
    torch.save(Path(), tmp_path / "bad.pt")
    with pytest.raises(UsageError, match=r"bad\.pt: cannot be read as weights"):
        read_parts(tmp_path / "bad.pt", "bad.pt")


@pytest.mark.parametrize(("name", "text"), [("x.json", "{"), ("x.jsonl", "{]"), ("x.safetensors", "??")])
def test_damaged_files_are_told_by_name(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(UsageError, match=name):
        parts(tmp_path, name, text)
