"""A digits MLP with every generator seeded."""

import argparse
import random

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class Digits(TensorDataset):
    def __init__(self, noise=0.02):
        digits = load_digits()
        order = np.random.permutation(len(digits.target))
        pixels = digits.data[order] / 16.0
        pixels += np.random.normal(0.0, noise, pixels.shape)
        super().__init__(torch.tensor(pixels, dtype=torch.float32), torch.tensor(digits.target[order]))


class MLP(nn.Module):
    def __init__(self, widths=(64, 48, 24, 10)):
        super().__init__()
        layers = []
        for before, after in zip(widths, widths[1:]):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.layers(x)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--save", default="")
    args = parser.parse_args()
    seed_everything(3)

    generator = torch.Generator().manual_seed(3)
    loader = DataLoader(Digits(), batch_size=args.batch_size, shuffle=True, generator=generator)
    model = MLP()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs)
    for epoch in range(args.epochs):
        for x, y in loader:
            x = x + 0.01 * torch.randn_like(x)
            if random.random() < 0.5:
                x = x.flip(1)
            loss = nn.functional.cross_entropy(model(x), y, label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        schedule.step()
        print(f"epoch {epoch}: loss {loss.item():.8f}")
    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
