"""Train on randomly erased digits, loaded by worker processes."""

import argparse
import random

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split


class ErasedDigits(Dataset):
    def __init__(self, side=3):
        digits = load_digits()
        self.images = (digits.images / 16.0).astype(np.float32)
        self.labels = digits.target
        self.side = side
        self.rng = None

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        # One generator per worker: with the global one every worker drew the same numbers.
        if self.rng is None:
            self.rng = np.random.default_rng()
        image = self.images[index].copy()
        top, left = self.rng.integers(0, 8 - self.side, size=2)
        image[top : top + self.side, left : left + self.side] = self.rng.random()
        return torch.from_numpy(image).flatten(), int(self.labels[index])


class Classifier(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, hidden), nn.GELU(), nn.LayerNorm(hidden))
        self.head = nn.Linear(hidden, 10)

    def forward(self, x):
        return self.head(self.body(x))


def seed_worker(worker_id):
    worker_seed = torch.initial_seed() % 2**32
    np.random.seed(worker_seed)
    random.seed(worker_seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--save", default="")
    args = parser.parse_args()

    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)

    train, valid = random_split(ErasedDigits(), [1297, 500], generator=generator)
    options = {"num_workers": args.workers, "worker_init_fn": seed_worker, "generator": generator}
    train_loader = DataLoader(train, batch_size=128, shuffle=True, **options)
    valid_loader = DataLoader(valid, batch_size=500, **options)

    model = Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        for x, y in train_loader:
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            hits = sum((model(x).argmax(1) == y).sum().item() for x, y in valid_loader)
        print(f"epoch {epoch}  loss {loss.item():.6f}  valid accuracy {hits / len(valid):.3f}")
    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
