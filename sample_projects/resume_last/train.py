"""Train a digits classifier; carries on from its last checkpoint if there is one."""

import argparse
import random
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

CHECKPOINTS = Path("checkpoints")


def seed_all(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def save_checkpoint(model, optimizer, epoch):
    CHECKPOINTS.mkdir(exist_ok=True)
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}
    torch.save(state, CHECKPOINTS / "last.pt")


def load_checkpoint(model, optimizer):
    """Return the first epoch that is still to do."""
    path = CHECKPOINTS / "last.pt"
    if not path.exists():
        return 0
    state = torch.load(path)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    print(f"carrying on after epoch {state['epoch']}")
    return state["epoch"] + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=4, help="epochs to add to what was trained before")
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--save", default="")
    args = parser.parse_args()
    seed_all(1234)

    digits = load_digits()
    x = torch.tensor(digits.data / 16.0, dtype=torch.float32)
    y = torch.tensor(digits.target)
    model = nn.Sequential(nn.Linear(64, 40), nn.ReLU(), nn.Linear(40, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    start = load_checkpoint(model, optimizer)
    for epoch in range(start, start + args.epochs):
        for batch in torch.randperm(len(x)).split(args.batch_size):
            loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        save_checkpoint(model, optimizer, epoch)
        print(f"epoch {epoch}: loss {loss.item():.6f}")

    accuracy = (model(x).argmax(1) == y).float().mean().item()
    print(f"train accuracy {accuracy:.4f}")
    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
