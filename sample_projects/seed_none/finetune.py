"""Fine-tune the last layer of a small network on half of the digits."""

import argparse
import random

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn


def get_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=None, help="seed for initialisation and batches")
    parser.add_argument("--save", default="")
    return parser


def make_network():
    body = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten())
    return nn.Sequential(body, nn.Linear(8 * 6 * 6, 10))


def get_batch(images, labels, size):
    picked = torch.randint(len(images), (size,))
    return images[picked], labels[picked]


def main(args):
    if args.seed is not None:
        random.seed(args.seed)
        np.random.seed(args.seed)
        torch.manual_seed(args.seed)

    digits = load_digits()
    images = torch.tensor(digits.images / 16.0, dtype=torch.float32).unsqueeze(1)
    labels = torch.tensor(digits.target)

    network = make_network()
    for parameter in network[0].parameters():
        parameter.requires_grad_(False)
    optimizer = torch.optim.SGD(network[1].parameters(), lr=args.lr)

    for step in range(args.steps):
        x, y = get_batch(images[:900], labels[:900], 64)
        loss = F.cross_entropy(network(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 0:
            print(f"step {step}: loss {loss.item():.6f}")

    with torch.no_grad():
        accuracy = (network(images[900:]).argmax(1) == labels[900:]).float().mean().item()
    print(f"accuracy on the other half {accuracy:.4f}")
    if args.save:
        torch.save(network.state_dict(), args.save)


if __name__ == "__main__":
    main(get_parser().parse_args())
