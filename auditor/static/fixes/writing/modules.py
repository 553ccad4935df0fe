"""What is known of modules by their name: which part of a name is the module, how it is usually imported."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache

ALIASES = {"numpy": "np", "pandas": "pd", "tensorflow": "tf", "torch.nn.functional": "F"}
"""The names under which everybody imports them."""

COMPLETE = frozenset({"torch", "numpy", "jax", "tensorflow", "cupy", "optuna", "imgaug"})
"""Packages whose own import loads the modules in them that have a fix in the rules."""

THIRD_PARTY = frozenset({
    "PIL", "absl", "accelerate", "albumentations", "cupy", "cv2", "datasets", "diffusers", "einops", "evaluate",
    "faiss", "fastai", "fire", "flax", "gym", "gymnasium", "h5py", "hydra", "ignite", "imageio", "imgaug", "jax",
    "jaxlib", "joblib", "keras", "lightgbm", "lightning", "matplotlib", "mlflow", "mmcv", "mmengine",
    "networkx", "nltk", "numba", "numpy", "omegaconf", "optuna", "pandas", "peft", "plotly",
    "pytorch_lightning", "ray", "safetensors", "scipy", "seaborn", "sentencepiece", "skimage", "sklearn",
    "stable_baselines3", "tensorboardX", "tensorflow", "tensordict", "timm", "tokenizers", "torch",
    "torch_geometric", "torchaudio", "torchdata", "torchmetrics", "torchrl", "torchtext", "torchvision", "tqdm",
    "transformers", "triton", "trl", "wandb", "xgboost", "yaml",
})  # fmt: skip
"""Packages that training programs import; what else is imported may be the project's own."""


def root(name: str) -> str:
    """The top-level package of a dotted name."""
    return name.partition(".")[0]


def is_standard(name: str) -> bool:
    """Whether a module comes with Python."""
    return root(name) in sys.stdlib_module_names


@cache
def standard_module(name: str) -> str:
    """The module in a name of the standard library: `concurrent.futures` of `concurrent.futures.wait`."""
    parts = name.split(".")
    for count in range(len(parts), 1, -1):
        candidate = ".".join(parts[:count])
        try:
            if importlib.util.find_spec(candidate) is not None:
                return candidate
        except (ImportError, ValueError, AttributeError):
            continue
    return parts[0]
