"""Every format gives the same tree, with the places of keys and values."""

from __future__ import annotations

import pytest

from auditor.errors import ProjectError
from auditor.static.documents.ini_tree import read_ini
from auditor.static.documents.json_tree import read_json
from auditor.static.documents.span import Span
from auditor.static.documents.toml_tree import read_toml
from auditor.static.documents.tree import Entry, Node, Scalar, Section, entries_at, sections
from auditor.static.documents.yaml_tree import read_yaml


def found(root: Node, path: str) -> Entry:
    assert isinstance(root, Section)
    ((_, entry),) = entries_at(root, tuple(path.split(".")))
    return entry


def value(entry: Entry) -> object:
    assert isinstance(entry.value, Scalar)
    return entry.value.value


def test_yaml_values_are_read_as_yaml_reads_them() -> None:
    (root,) = read_yaml("a: null\nb:\nc: ~\nd: yes\ne: Off\nf: -1\ng: '-1'\nh: 1e3\n")
    assert [value(found(root, key)) for key in "abcdefgh"] == [None, None, None, True, False, -1, "-1", "1e3"]


def test_yaml_place_is_key_to_value() -> None:
    (root,) = read_yaml("trainer:\n  benchmark:   true # fast\n")
    assert found(root, "trainer.benchmark").span == Span(2, 3, 2, 20)


def test_yaml_empty_value_ends_after_the_colon() -> None:
    (root,) = read_yaml("seed:\nlr: 1\n")
    assert found(root, "seed").span == Span(1, 1, 1, 6)


def test_yaml_objects_are_never_made() -> None:
    (root,) = read_yaml("a: !!python/object/apply:os.system ['exit 1']\nseed: null\n")
    assert value(found(root, "seed")) is None


def test_yaml_aliases_that_refer_to_themselves_end() -> None:
    (root,) = read_yaml("a: &a\n  seed: null\n  again: *a\nb: [*a, *a]\n")
    assert [path for path, _ in sections(root)] == [(), ("a",)]


def test_yaml_that_doubles_itself_is_walked_once() -> None:
    lines = ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{l: *a{n - 1}, r: *a{n - 1}}}" for n in range(1, 60))]
    (root,) = read_yaml("\n".join(lines))
    assert len(list(sections(root))) == 61


def test_json_place_is_key_to_value() -> None:
    root = read_json('{\n  "a": [1, {"x": {}}],\n  "seed": null\n}\n')
    assert found(root, "seed").span == Span(3, 3, 3, 15)
    assert value(found(root, "seed")) is None


def test_toml_place_is_key_to_value() -> None:
    root = read_toml('[a]\nx = 1\n[train."b c"]\ndeterministic = false # no\ntext = """\nseed = 1\n"""\n')
    assert found(root, "train.b c.deterministic").span == Span(4, 1, 4, 22)
    assert found(root, "train.b c.text").span == Span(5, 1, 5, 11)


def test_ini_sections_have_their_full_names() -> None:
    root = read_ini("[training]\nseed = null\n[training.optimizer]\neps = 1\n")
    assert value(found(root, "training.seed")) is None
    assert isinstance(root, Section)
    assert root.keys() == {"training", "training.optimizer"}


@pytest.mark.parametrize("text", ['{"a": }', "{", '{"a" 1}', "[1, 2", '{"a": 1} x', "", '"\\q"', "[" * 500])
def test_malformed_json_is_told(text: str) -> None:
    with pytest.raises(ProjectError):
        read_json(text)


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "\ta: 1", "a: *b", "[" * 3000, "a: \x01"])
def test_malformed_yaml_is_told(text: str) -> None:
    with pytest.raises(ProjectError):
        list(read_yaml(text))


def test_malformed_toml_is_told_with_its_line() -> None:
    with pytest.raises(ProjectError, match="line 2"):
        read_toml("a = 1\nb = \n")
