"""Classify digits with a plain MLP: the reference model for walking noise."""

import argparse
import functools

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn


@functools.lru_cache(maxsize=None)
def load_data():
    digits = load_digits()
    order = np.random.RandomState(0).permutation(len(digits.target))
    x = torch.from_numpy(digits.data.astype(np.float32) / 16)[order]
    y = torch.from_numpy(digits.target)[order]
    return (x[:1297], y[:1297]), (x[1297:], y[1297:])


def make_model(hidden=64, depth=3):
    layers = []
    width = 64
    for _ in range(depth):
        layers += [nn.Linear(width, hidden), nn.ReLU()]
        width = hidden
    return nn.Sequential(*layers, nn.Linear(width, 10))


def accuracy(model):
    """Share of the test digits that are recognised."""
    _, (x, y) = load_data()
    return (model(x).argmax(1) == y).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", default="", help="write the final weights to this file")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)

    (train_x, train_y), (test_x, test_y) = load_data()
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs)
    for _ in range(args.epochs):
        model.train()
        order = torch.randperm(len(train_x))
        for start in range(0, len(order), args.batch_size):
            batch = order[start : start + args.batch_size]
            loss = F.cross_entropy(model(train_x[batch]), train_y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    model.eval()
    with torch.no_grad():
        hits = (model(test_x).argmax(1) == test_y).float().mean().item()
    print(f"loss {loss.item():.6f}  accuracy {hits:.4f}")
    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
