"""TensorFlow is seeded as the release does it that a program is written for; a seed of a graph is left to people."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.static.fixes.conftest import Fixed

Fix = Callable[..., Fixed]

HEAD = "import tensorflow as tf\n\n"
OLDER = "tf.set_random_seed(0)\n"
USUAL = "tf.keras.utils.set_random_seed(0)\n"


@pytest.mark.parametrize(
    ("body", "seed"),
    [
        ("weights = tf.random.normal([3])\nsession = tf.Session()\nsession.run(weights)\n", OLDER),
        ("weights = tf.Variable(tf.random_normal([3]))\n", OLDER),
        ("weights = tf.random.normal([3])\nx = tf.placeholder(tf.float32)\n", OLDER),
        ("weights = tf.random.normal([3])\n", USUAL),
        ("@tf.function\ndef f():\n    return tf.random.normal([3])\n\n\nprint(f())\n", USUAL),
        (
            "tf.compat.v1.logging.info('x')\nprint(tf.random.normal([3]), tf.train.Saver())\n",
            USUAL,
        ),
    ],
)
def test_the_release_tells_the_call(fix: Fix, body: str, seed: str) -> None:
    text = fix("RA104", {"train.py": HEAD + body}).texts["train.py"]
    assert seed in text
    assert (OLDER in text) == (seed == OLDER)


@pytest.mark.parametrize(
    "body",
    [
        "tf.reset_default_graph()\nprint(tf.random_normal([3]))\n",
        "with tf.Graph().as_default():\n    print(tf.random_normal([3]))\n",
        "print(tf.compat.v1.Session().run(tf.compat.v1.random_normal([3])))\n",
        "tf.compat.v1.disable_eager_execution()\nprint(tf.random.normal([3]))\n",
    ],
)
def test_the_seed_of_a_graph_is_left_to_people(fix: Fix, body: str) -> None:
    fixed = fix("RA104", {"train.py": HEAD + body})
    assert not fixed.texts
    assert ["belongs to a graph" in each.reason for each in fixed.refused] == [True]


def test_what_a_model_in_another_file_calls_tells_the_release(fix: Fix) -> None:
    model = f"{HEAD}class Model:\n    def __init__(self):\n        self.x = tf.placeholder(tf.float32)\n"
    model += "        self.w = tf.random.normal([3])\n"
    files = {"model.py": model, "train.py": "from model import Model\n\nprint(Model().w)\n"}
    assert OLDER in fix("RA104", files).texts["train.py"]
