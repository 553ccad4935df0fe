"""What the documents of a project name, read line by line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from auditor.static.text.configurednames import ConfiguredNames, makes_by_name, read_names

LATENT = """\
model:
  target: ldm.models.Diffusion
  params:
    width: 3
    unet_config:
      target: ldm.unet.UNet
data:
  - target: "ldm.data.Train"
  - class_path: ldm.data.Test
version: 1.2.3
"""
REFERRING = "network: ${parts.net}\nnet:\n  _target_: a.Net\n"
JSON = '{\n  "model": {\n    "type": "a.b.Net",\n    "model_class": "a.b.Other"\n  }\n}\n'


def names_of(folder: Path, **documents: str) -> ConfiguredNames:
    for name, text in documents.items():
        (folder / f"{name}.yaml").write_text(text)
    return read_names(str(folder), [f"{name}.yaml" for name in documents])


def test_each_is_found_at_its_key_and_in_what_it_is_given_to(tmp_path: Path) -> None:
    found = names_of(tmp_path, a=LATENT)
    assert [(each.dotted, each.key, each.holder) for key in found.by_key for each in found.at(key)] == [
        ("ldm.models.Diffusion", "model", ""),
        ("ldm.unet.UNet", "unet_config", "ldm.models.Diffusion"),
        ("ldm.data.Train", "data", ""),
        ("ldm.data.Test", "data", ""),
    ]


def test_a_key_that_refers_to_another_one(tmp_path: Path) -> None:
    assert [each.dotted for each in names_of(tmp_path, a=REFERRING).at("network")] == ["a.Net"]


def test_json_and_classes_at_other_keys(tmp_path: Path) -> None:
    found = names_of(tmp_path, a=JSON)
    assert [each.dotted for each in found.at("model")] == ["a.b.Net"]
    assert [each.dotted for each in found.at("model_class")] == ["a.b.Other"]


def test_a_whole_document_goes_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "small.yaml").write_text("_target_: a.Small\n")
    found = read_names(str(tmp_path), ["model/small.yaml", "model/gone.yaml"])
    assert [each.dotted for each in found.at("model")] == ["a.Small"]


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{' ' * (each % 100)}k{each}:\n" for each in range(8_000)),
        "".join(f"model:\n  target: a.b{each}.C\n" for each in range(5_000)),
        "model:\n" + "".join(f"  - target: a.b{each % 300}.C\n" for each in range(8_000)),
        "a: ${" * 30_000,
        "- " * 60_000,
        f"target: {'a.' * 60_000}",
    ],
    ids=["keys", "models", "items", "references", "dashes", "one name"],
)
def test_no_document_takes_long(text: str, tmp_path: Path) -> None:
    started = time.process_time()
    names_of(tmp_path, a=text)
    assert time.process_time() - started < 2


@pytest.mark.parametrize("text", [b"import hydra\n" * 20_000 + b"allocate(", b"getattr(" * 20_000 + b"rsplit"])
def test_no_file_takes_long(text: bytes) -> None:
    started = time.process_time()
    makes_by_name(text, is_computed=True)
    makes_by_name(text, is_computed=False)
    assert time.process_time() - started < 2
