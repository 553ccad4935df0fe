"""Fit a small auto-encoder to the digits."""

import argparse
import random
import time

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn


def set_random_seed(seed=None):
    """Seed every generator; without a seed take one from the clock and say which."""
    if seed is None:
        seed = int(time.time() * 1000) % 2**32
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return seed


class AutoEncoder(nn.Module):
    def __init__(self, code=8):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, code))
        self.decoder = nn.Sequential(nn.Linear(code, 32), nn.ReLU(), nn.Linear(32, 64), nn.Sigmoid())

    def forward(self, x):
        return self.decoder(self.encoder(x))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--save", default="")
    args = parser.parse_args()

    seed = set_random_seed()
    print(f"seed {seed}")
    data = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)

    model = AutoEncoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(args.epochs):
        for batch in torch.randperm(len(data)).split(args.batch_size):
            loss = nn.functional.mse_loss(model(data[batch]), data[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: loss {loss.item():.7f}")

    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
