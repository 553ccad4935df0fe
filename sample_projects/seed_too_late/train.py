"""Train the residual MLP of `model.py` on the digits."""

import argparse
import random

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

from model import ResidualMLP


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def tensors(images, labels):
    return torch.tensor(images / 16.0, dtype=torch.float32), torch.tensor(labels)


def train(model, optimizer, args):
    set_seed(args.seed)
    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.data, digits.target, test_size=0.25, random_state=args.seed
    )
    loader = DataLoader(TensorDataset(*tensors(train_x, train_y)), batch_size=64, shuffle=True)
    for epoch in range(args.epochs):
        for x, y in loader:
            loss = torch.nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: loss {loss.item():.6f}")
    x, y = tensors(test_x, test_y)
    print(f"test accuracy {(model(x).argmax(1) == y).float().mean().item():.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--width", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", default="")
    args = parser.parse_args()

    model = ResidualMLP(args.width)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    train(model, optimizer, args)
    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
