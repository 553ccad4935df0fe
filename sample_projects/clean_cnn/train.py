"""A small CNN with dropout and batch norm that keeps a checkpoint of every epoch."""

import argparse
import json
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

import checkpoint


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(12)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(24)
        self.dropout = nn.Dropout(0.3)
        self.levels = nn.Embedding(17, 1)
        self.head = nn.Linear(24, 10)

    def forward(self, x):
        x = self.levels(x).squeeze(-1).unsqueeze(1)
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.relu(self.norm2(self.conv2(x)))
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return self.head(self.dropout(x))


def batches(x, y, size):
    order = np.random.permutation(len(x))
    for start in range(0, len(order), size):
        picked = torch.from_numpy(order[start : start + size])
        yield torch.index_select(x, 0, picked), torch.index_select(y, 0, picked)


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    logits = model(x)
    model.train()
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--save", default="")
    args = parser.parse_args()
    seed_everything(0)

    digits = load_digits()
    x = torch.from_numpy(digits.images.astype(np.int64))
    y = torch.from_numpy(digits.target)
    model = ConvNet()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)

    history = []
    for epoch in range(args.epochs):
        for images, labels in batches(x[:1500], y[:1500], args.batch_size):
            loss = F.cross_entropy(model(images), labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        valid_loss, accuracy = evaluate(model, x[1500:], y[1500:])
        history.append({"epoch": epoch, "loss": valid_loss, "accuracy": accuracy})
        checkpoint.write(args.out, epoch, model, optimizer)
        print(f"epoch {epoch}: valid loss {valid_loss:.8f}  accuracy {accuracy:.4f}")

    (args.out / "history.json").write_text(json.dumps(history, indent=2))
    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
