"""Classify digits whose grey levels 0 … 16 are looked up in a learned table."""

import argparse
import random

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn


class GreyTable(nn.Module):
    """One learned vector for each grey level."""

    def __init__(self, levels=17, dim=8):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(levels, dim) * 0.3)

    def forward(self, levels):
        return self.weight[levels]


class DigitNet(nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.table = GreyTable()
        self.conv1 = nn.Conv2d(8, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        x = self.table(x).permute(0, 3, 1, 2)
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.conv2(x)).mean(dim=(2, 3))
        return self.head(self.dropout(x))


def load_data():
    digits = load_digits()
    order = np.random.RandomState(0).permutation(len(digits.target))
    x = torch.from_numpy(digits.images.astype(np.int64))[order]
    y = torch.from_numpy(digits.target)[order]
    return (x[:1297], y[:1297]), (x[1297:], y[1297:])


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=4e-3)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", default="", help="write the final weights to this file")
    parser.add_argument("--predictions", default="", help="write the test predictions to this .npy file")
    return parser.parse_args()


def main():
    args = parse_args()
    torch.set_num_threads(args.threads)
    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)

    (train_x, train_y), (test_x, test_y) = load_data()
    model = DigitNet(args.dropout)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

    for epoch in range(args.epochs):
        model.train()
        order = torch.randperm(len(train_x))
        for start in range(0, len(order) - args.batch_size + 1, args.batch_size):
            batch = order[start : start + args.batch_size]
            loss = F.cross_entropy(model(train_x[batch]), train_y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            predictions = model(test_x).argmax(1)
        print(f"epoch {epoch}: loss {loss.item():.9f}  accuracy {(predictions == test_y).float().mean().item():.4f}")

    if args.save:
        torch.save(model.state_dict(), args.save)
    if args.predictions:
        np.save(args.predictions, predictions.numpy())


if __name__ == "__main__":
    main()
