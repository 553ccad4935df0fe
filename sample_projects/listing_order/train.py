"""Train on the part files that the export job leaves in a scratch folder."""

import argparse
import random
import tempfile

import numpy as np
import torch
from torch import nn

from export import export_parts
from parts import read_parts


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def train(model, images, targets, epochs, batch_size=64):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(epochs):
        for start in range(0, len(images), batch_size):
            x = images[start : start + batch_size]
            y = targets[start : start + batch_size]
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: loss {loss.item():.6f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", default="")
    args = parser.parse_args()
    seed_everything(args.seed)

    with tempfile.TemporaryDirectory(prefix="digits-") as scratch:
        export_parts(scratch)
        images, targets = read_parts(scratch)

    model = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))
    train(model, images, targets, args.epochs)
    accuracy = (model(images).argmax(1) == targets).float().mean().item()
    print(f"train accuracy {accuracy:.4f}")
    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
