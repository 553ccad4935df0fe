"""Extract features in a thread pool, then train a linear probe on them."""

import argparse
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn


def features(images):
    """Magnitudes of the 2-D spectrum: 40 numbers an image."""
    spectrum = np.fft.rfft2(np.kron(images, np.ones((1, 8, 8))))
    return np.log1p(np.abs(spectrum[:, :8, :5])).reshape(len(images), -1)


def extract(images, labels, chunk=32, threads=4):
    """Return the features of all images and their labels."""
    rows, targets = [], []
    with ThreadPoolExecutor(max_workers=threads) as pool:
        futures = {
            pool.submit(features, images[start : start + chunk]): labels[start : start + chunk]
            for start in range(0, len(images), chunk)
        }
        for future in as_completed(futures):
            rows.append(future.result())
            targets.append(futures[future])
    return np.concatenate(rows), np.concatenate(targets)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", default="")
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    digits = load_digits()
    rows, targets = extract(digits.images, digits.target)
    x = torch.from_numpy(rows).float()
    y = torch.from_numpy(targets)
    probe = nn.Sequential(nn.BatchNorm1d(x.shape[1]), nn.Linear(x.shape[1], 10))
    optimizer = torch.optim.Adam(probe.parameters(), lr=0.02)
    for epoch in range(args.epochs):
        for images, labels in zip(x.split(args.batch_size), y.split(args.batch_size)):
            loss = nn.functional.cross_entropy(probe(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        accuracy = (probe(x).argmax(1) == y).float().mean().item()
        print(f"epoch {epoch}: loss {loss.item():.6f}  accuracy {accuracy:.4f}")
    if args.save:
        torch.save(probe.state_dict(), args.save)


if __name__ == "__main__":
    main()
