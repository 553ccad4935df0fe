"""What looks like a source of differences and is none: no rule may speak about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.ruleset import load
from auditor.static.engine import Engine, find_files

RULESET = load()
ENGINE = Engine(RULESET, RULESET.rules)

SAFE = {
    "image folder and load_files sort": """
        from sklearn.datasets import load_files
        from torchvision.datasets import DatasetFolder, ImageFolder
        images, texts = ImageFolder("data"), load_files("texts")
    """,
    "boosting on the CPU has fixed default seeds": """
        from catboost import CatBoostClassifier
        from lightgbm import LGBMClassifier
        from xgboost import XGBClassifier
        models = [CatBoostClassifier(), LGBMClassifier(), XGBClassifier()]
    """,
    "estimators that draw nothing": """
        from sklearn.decomposition import PCA
        from sklearn.linear_model import LogisticRegression
        from sklearn.svm import SVC, NuSVC
        models = [SVC(), NuSVC(), LogisticRegression(solver="lbfgs"), PCA(svd_solver="full")]
    """,
    "folds do not shuffle by default": """
        from sklearn.model_selection import KFold, StratifiedKFold
        folds = [KFold(5), StratifiedKFold(5), KFold(n_splits=3, shuffle=False)]
    """,
    "sklearn makers with fixed defaults": """
        from sklearn.datasets import fetch_20newsgroups, fetch_olivetti_faces
        data = [fetch_20newsgroups(), fetch_olivetti_faces()]
    """,
    "pooling to one cell is a mean": """
        import torch
        torch.manual_seed(0)
        pools = [torch.nn.AdaptiveAvgPool2d(1).cuda(), torch.nn.AdaptiveAvgPool3d((1, 1, 1)).cuda()]
    """,
    "cross entropy on rows": """
        import torch
        def loss(logits, labels):
            return torch.nn.functional.cross_entropy(logits.cuda(), labels)
    """,
    "bags of sums and means": """
        import torch
        torch.manual_seed(0)
        bags = [torch.nn.EmbeddingBag(9, 3, mode="sum").cuda(), torch.nn.EmbeddingBag(9, 3, mode="mean").cuda()]
    """,
    "scatter with a number, scatter_reduce with amax": """
        def mark(x, index, y):
            return x.cuda().scatter_(0, index, 1.0).scatter_reduce_(0, index, y, reduce="amax")
    """,
    "dictionaries keep their order": """
        names = {"b": 1, "a": 2}
        order = list(names)
        ids = {name: index for index, name in enumerate(names.keys())}
        print(order[0], ids)
    """,
    "unique values come sorted": """
        import numpy as np
        import pandas as pd
        labels = ["b", "a"]
        order = [list(np.unique(labels)), list(pd.unique(labels))]
        for name, group in pd.DataFrame({"a": labels}).groupby("a"):
            order.append(name)
    """,
    "maps keep the order of their arguments": """
        from concurrent.futures import ThreadPoolExecutor
        from multiprocessing import Pool
        with ThreadPoolExecutor() as executor, Pool(2) as pool:
            results = [list(executor.map(abs, [1, 2])), pool.map(abs, [1]), list(pool.imap(abs, [1]))]
    """,
    "sets that are sorted, counted or asked": """
        words = ["b", "a"]
        order = sorted(set(words))
        count, has, first, last = len(set(words)), "a" in set(words), min(set(words)), max(set(words))
        for word in sorted(set(words)):
            order.append(word)
    """,
    "torch.manual_seed covers the GPUs too": """
        import torch
        torch.manual_seed(0)
        torch.cuda.manual_seed_all(0)
        model = torch.nn.Linear(2, 2)
    """,
    "pinned memory": """
        import torch
        from torch.utils.data import DataLoader
        torch.manual_seed(0)
        loader = DataLoader([1, 2], shuffle=True, pin_memory=True, num_workers=2)
    """,
    "a method that is called shuffle, a variable that is called random": """
        class Deck:
            def shuffle(self):
                return self
        random = Deck()
        random.shuffle()
        deck = [3, 1]
        deck.sort()
    """,
    "a transformers training with its default seed": """
        from transformers import Trainer, TrainingArguments
        trainer = Trainer(args=TrainingArguments("out", num_train_epochs=1))
        trainer.train()
    """,
}


@pytest.mark.parametrize("source", SAFE.values(), ids=SAFE.keys())
def test_no_rule_speaks(source: str, tmp_path: Path) -> None:
    lines = source.strip("\n").rstrip().split("\n")
    margin = len(lines[0]) - len(lines[0].lstrip())
    (tmp_path / "train.py").write_text("\n".join(line[margin:] for line in lines) + "\n")
    analysis = ENGINE.analyse(find_files(tmp_path, [tmp_path], ()))
    assert [f"{finding.rule_id} {finding.message}" for finding in analysis.findings] == []
