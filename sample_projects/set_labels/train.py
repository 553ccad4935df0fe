"""Classify digits by their English names."""

import argparse

import torch
from torch import nn

from labels import LabelEncoder
from samples import load_samples


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--save", default="")
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    images, names = load_samples()
    encoder = LabelEncoder(names)
    targets = torch.tensor([encoder.encode(name) for name in names])

    model = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, len(encoder)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    for epoch in range(args.epochs):
        logits = model(images)
        loss = nn.functional.cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if epoch % 5 == 4:
            accuracy = (logits.argmax(1) == targets).float().mean().item()
            print(f"epoch {epoch + 1}: loss {loss.item():.6f}  train accuracy {accuracy:.3f}")

    print("first five predictions:", [encoder.decode(i) for i in logits[:5].argmax(1).tolist()])
    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
