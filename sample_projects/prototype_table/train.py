"""Digits classifier that remembers the latest feature vector of every class."""

import argparse
import random

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn


class PrototypeMemory(nn.Module):
    """One slot a class, overwritten by the newest sample of it."""

    def __init__(self, classes, dim):
        super().__init__()
        self.register_buffer("slots", torch.zeros(classes, dim))

    @torch.no_grad()
    def update(self, features, labels):
        self.slots[labels] = features

    def forward(self, features):
        return F.normalize(features, dim=1) @ F.normalize(self.slots, dim=1).t()


class PrototypeNet(nn.Module):
    def __init__(self, dim=64, classes=10):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, dim))
        self.memory = PrototypeMemory(classes, dim)

    def forward(self, x, labels=None):
        features = self.encoder(x)
        if labels is not None:
            self.memory.update(features, labels)
        return self.memory(features)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", default="")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)

    digits = load_digits()
    images = torch.tensor(digits.data / 16.0, dtype=torch.float32)
    labels = torch.tensor(digits.target)
    net = PrototypeNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)

    for epoch in range(args.epochs):
        picked = torch.randperm(len(images))[: args.batch_size]
        x, y = images[picked], labels[picked]
        scores = net(x, y)
        loss = F.cross_entropy(scores / 0.1, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if epoch % 5 == 4:
            accuracy = (scores.argmax(1) == y).float().mean().item()
            print(f"epoch {epoch + 1}: loss {loss.item():.6f}  accuracy {accuracy:.3f}")

    if args.save:
        torch.save(net.state_dict(), args.save)


if __name__ == "__main__":
    main()
