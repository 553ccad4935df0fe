"""Reads noise profiles of hardware: those of `rules/hardware/`, by name, and the user's own, by path."""

from __future__ import annotations

import fnmatch
import math
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.hardware import HardwareNoise, HardwareNoiseKind, HardwareProfile, RelativeTo
from auditor.ruleset.locate import bundled_rules
from auditor.ruleset.table import Table, did_you_mean, read_table

FOLDER = "hardware"
ALL = "all"
INPUT = "input"
MOST_BITS = 32

GROUPS: dict[str, tuple[str, ...]] = {
    "linear": ("Linear", "LazyLinear", "Bilinear", "Identity*Linear", "*QuantizableLinear", "Conv1D"),
    "conv": ("Conv[123]d", "ConvTranspose[123]d", "LazyConv*"),
    "attention": ("*Attention*",),
    "norm": ("*Norm", "*Norm[123]d"),
    "activation": (
        *(
            "ReLU",
            "ReLU6",
            "LeakyReLU",
            "PReLU",
            "RReLU",
            "ELU",
            "CELU",
            "SELU",
            "GELU",
            "*GELU",
            "SiLU",
            "Mish",
            "GLU",
        ),
        *("Sigmoid", "LogSigmoid", "Hardsigmoid", "Tanh", "Hardtanh", "Hardswish", "Softplus", "Softsign", "Softmax"),
        *("LogSoftmax", "Softmin", "*shrink", "Threshold", "*Activation"),
    ),
    "recurrent": ("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"),
    "embedding": ("Embedding", "EmbeddingBag"),
    "pooling": ("*Pool[123]d",),
}
"""Classes of layers that go by one name in a profile; `input` and `all` are two more."""


def names() -> tuple[str, ...]:
    """Return the names of the profiles that came with this program, sorted."""
    return tuple(sorted(path.stem for path in (bundled_rules() / FOLDER).glob("*.toml")))


def find_profile(text: str) -> HardwareProfile:
    """Return the profile of this name, or in this file.

    Raises `UsageError` for a name that is none, `RuleError` for what is wrong in a file.
    """
    known = names()
    if text in known:
        return read_profile(read_table(bundled_rules() / FOLDER / f"{text}.toml", f"rules/{FOLDER}/{text}.toml"))
    path = Path(text)
    if path.suffix == ".toml" or path.is_file():
        if not path.is_file():
            raise UsageError(f"--profile {text}: there is no such file")
        return read_profile(read_table(path, text))
    raise UsageError(
        f"--profile: there is no `{text}`{did_you_mean(text, known)}; there are {', '.join(known)}, and any .toml file"
    )


def read_profile(table: Table) -> HardwareProfile:
    """Turn a TOML file into a profile."""
    head = table.required_table("profile")
    profile = HardwareProfile(
        name=head.string("name"),
        title=head.string("title"),
        about=" ".join(head.string("about", "-").split()),
        sources=head.strings("sources"),
        noise=tuple(_noise(entry) for entry in table.tables("noise")),
    )
    if not profile.noise:
        raise table.complain("noise", "missing; expected at least one [[noise]] table")
    head.finish()
    table.finish()
    return profile


def concerns(noise: HardwareNoise, type_name: str, is_input: bool) -> bool:
    """Whether a profile's noise is at layers of this class, or at the model's input."""
    for word in noise.at:
        if word == ALL or (word == INPUT and is_input):
            return True
        patterns = GROUPS.get(word, () if word == INPUT else (word,))
        if not is_input and any(fnmatch.fnmatchcase(type_name, pattern) for pattern in patterns):
            return True
    return False


def _noise(entry: Table) -> HardwareNoise:
    at = entry.strings("at", required=True)
    for word in at:
        if word not in (*GROUPS, ALL, INPUT) and word == word.lower():
            known = (*GROUPS, INPUT, ALL)
            raise entry.complain(
                "at",
                f"`{word}` is no group of layers{did_you_mean(word, known)}; there are {', '.join(known)}, and "
                "patterns of class names with a capital such as `My*Block`",
            )
    kind = HardwareNoiseKind(entry.choice("kind", [each.value for each in HardwareNoiseKind]))
    relative = RelativeTo.ABSOLUTE
    if kind is HardwareNoiseKind.ADD:
        relative = RelativeTo(entry.choice("relative", [each.value for each in RelativeTo], "absolute"))
    key = {HardwareNoiseKind.STEP: "step", HardwareNoiseKind.BITS: "bits"}.get(kind, "sigma")
    amount = _bits(entry) if key == "bits" else _amount(entry, key)
    entry.finish()
    return HardwareNoise(at=at, kind=kind, amount=amount, relative=relative)


def _bits(entry: Table) -> float:
    bits = entry.integer("bits")
    if not 1 <= bits <= MOST_BITS:
        raise entry.complain("bits", f"expected 1 to {MOST_BITS}, found `{bits}`")
    return bits


def _amount(entry: Table, key: str) -> float:
    value = entry.value(key)
    if value is None:
        raise entry.complain(key, "missing; expected a number above 0")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise entry.complain(key, f"expected a number above 0, found {_shown(value)}")
    return float(value)


def _shown(value: object) -> str:
    from auditor.ruleset.table import describe

    return describe(value)
