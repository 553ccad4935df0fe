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
    "no draws from reduction none, scalar sources and accumulated writes": """
        import torch
        def loss(logits, labels, plane, index):
            plane.cuda().index_put_((index,), labels, accumulate=True)
            plane.scatter_(1, index, 1.0)
            return torch.nn.functional.cross_entropy(logits, labels, reduction="none").mean()
        torch.use_deterministic_algorithms(True)
    """,
    "a clean seeded program with loaders on CUDA in deterministic mode": """
        import os
        import random
        import numpy as np
        import torch
        from torch.utils.data import DataLoader
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
        def seed_worker(worker):
            seed = torch.initial_seed() % 2**32
            np.random.seed(seed)
            random.seed(seed)
        def main(seed=0):
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)
            torch.use_deterministic_algorithms(True)
            torch.backends.cudnn.benchmark = False
            generator = torch.Generator().manual_seed(seed)
            loader = DataLoader([1, 2], shuffle=True, num_workers=2, worker_init_fn=seed_worker, generator=generator)
            model = torch.compile(torch.nn.Conv2d(3, 8, 3).cuda())
            for batch in loader:
                loss = torch.nn.functional.cross_entropy(model(batch), batch)
                loss.backward()
        if __name__ == "__main__":
            main()
    """,
    "accuracy by topk and validation with eval": """
        import torch
        def accuracy(logits, labels):
            order = torch.argsort(logits, dim=1)
            return (logits.cuda().topk(5).indices == labels).float().mean(), order
        def validate(model, loader):
            model.eval()
            with torch.no_grad():
                return [accuracy(model(batch), batch) for batch in loader]
    """,
    "estimators that draw only with options that are not given": """
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.linear_model import ElasticNet, Lasso
        from sklearn.manifold import TSNE
        from sklearn.multioutput import ClassifierChain
        models = [HistGradientBoostingClassifier(), ElasticNet(), Lasso(), TSNE(), ClassifierChain(None)]
        for model in models:
            model.fit([[1.0]], [1])
    """,
    "words that other libraries use": """
        import subprocess
        import threading
        class Table:
            def unique(self):
                return self
            def group_by(self, name):
                return self
            def sample(self):
                return self
            def generate(self):
                return "select * from t order by id"
        def work(task):
            return task + 1
        threading.Thread(target=work, args=(1,)).start()
        subprocess.run(["pip", "list"])
        table = Table().group_by("x").unique().sample()
        print(",".join(["b"]), dict(a=1), table.generate())
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
