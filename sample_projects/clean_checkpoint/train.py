"""Reads sorted part files, keeps the best weights on disk and tests with those."""

import argparse
import csv
import os
import random
from pathlib import Path

import numpy as np
import torch
from torch import nn

from parts import export, read


def batches(x, y, size):
    order = list(range(len(x)))
    random.shuffle(order)
    for start in range(0, len(order), size):
        picked = order[start : start + size]
        yield x[picked], y[picked]


@torch.no_grad()
def accuracy(model, x, y):
    return (model(x).argmax(1) == y).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--save", default="")
    args = parser.parse_args()
    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)

    os.makedirs(args.work, exist_ok=True)
    export(args.work)
    x, y = read(args.work)
    train_x, train_y, valid_x, valid_y = x[:1200], y[:1200], x[1200:], y[1200:]

    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    best, best_path = -1.0, args.work / "best.pt"
    for epoch in range(args.epochs):
        model.train()
        for images, labels in batches(train_x, train_y, 100):
            loss = nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        score = accuracy(model, valid_x, valid_y)
        if score > best:
            best = score
            torch.save(model.state_dict(), best_path)
        print(f"epoch {epoch}: loss {loss.item():.8f}  accuracy {score:.4f}")

    model.load_state_dict(torch.load(best_path))
    print(f"best accuracy {accuracy(model, valid_x, valid_y):.4f}")
    with open(args.work / "results.csv", "a", newline="") as file:
        csv.writer(file).writerow([args.seed, args.epochs, best])
    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
