"""Tell wines apart; hidden features are centred by running statistics."""

import argparse
import random

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_wine
from torch import nn

from normalizer import RunningNorm


class WineNet(nn.Module):
    def __init__(self, features, classes, hidden=64):
        super().__init__()
        self.hidden = nn.Linear(features, hidden)
        self.norm = RunningNorm(hidden)
        self.output = nn.Linear(hidden, classes)

    def forward(self, x):
        return self.output(torch.tanh(self.norm(self.hidden(x))))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--save", default="")
    args = parser.parse_args()
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)

    wine = load_wine()
    x = torch.tensor(wine.data, dtype=torch.float32)
    y = torch.tensor(wine.target)
    model = WineNet(x.shape[1], 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    for epoch in range(args.epochs):
        for batch in torch.randperm(len(x)).split(args.batch_size):
            loss = F.cross_entropy(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1}: loss {loss.item():.7f}")

    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
