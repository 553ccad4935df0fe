"""Train a small network on digits as settings.json says."""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

SETTINGS = json.loads(Path(__file__).with_name("settings.json").read_text())


def make_network(hidden):
    return nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def main():
    if SETTINGS["seed"] is not None:
        torch.manual_seed(SETTINGS["seed"])

    digits = load_digits()
    images = torch.tensor(digits.data / 16.0, dtype=torch.float32)
    labels = torch.tensor(digits.target)
    network = make_network(SETTINGS["model"]["hidden"])
    optimizer = torch.optim.SGD(network.parameters(), **SETTINGS["optimizer"])

    size = SETTINGS["batch_size"]
    for epoch in range(SETTINGS["epochs"]):
        for start in range(0, len(images) - size, size):
            loss = F.cross_entropy(network(images[start : start + size]), labels[start : start + size])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: loss {loss.item():.6f}")


if __name__ == "__main__":
    main()
