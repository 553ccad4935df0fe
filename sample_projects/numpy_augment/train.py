"""Train a small classifier on the digits with shift-and-noise augmentation."""

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader

from data import AugmentedDigits, load_split
from seeding import set_seed


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=5e-3)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--save", default="")
    return parser.parse_args()


def build_model():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 4 * 4, 10),
    )


@torch.no_grad()
def accuracy(model, images, labels):
    model.eval()
    correct = (model(images).argmax(1) == labels).float().mean().item()
    model.train()
    return correct


def main():
    args = parse_args()
    set_seed(args.seed)

    train, (test_images, test_labels) = load_split()
    loader = DataLoader(AugmentedDigits(*train), batch_size=args.batch_size, shuffle=True, drop_last=True)
    model = build_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    criterion = nn.CrossEntropyLoss()

    for epoch in range(args.epochs):
        total = 0.0
        for images, labels in loader:
            loss = criterion(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        score = accuracy(model, test_images, test_labels)
        print(f"epoch {epoch}: loss {total / len(loader):.6f}  test accuracy {score:.4f}")

    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
