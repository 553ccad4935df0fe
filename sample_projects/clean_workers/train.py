"""Noisy regression with worker processes whose generators all follow the seed."""

import argparse
import random

import numpy as np
import torch
from sklearn.datasets import load_diabetes
from torch import nn
from torch.utils.data import DataLoader, Dataset


class NoisyDiabetes(Dataset):
    def __init__(self, scale=0.1):
        self.x, y = load_diabetes(return_X_y=True)
        self.y = (y - y.mean()) / y.std()
        self.scale = scale

    def __len__(self):
        return len(self.y)

    def __getitem__(self, index):
        x = self.x[index] + np.random.normal(0.0, self.scale, self.x.shape[1])
        if random.random() < 0.1:
            x[random.randrange(len(x))] = 0.0
        return torch.tensor(x, dtype=torch.float32), torch.tensor(self.y[index], dtype=torch.float32)


def seed_worker(worker_id):
    worker_seed = torch.initial_seed() % 2**32
    np.random.seed(worker_seed)
    random.seed(worker_seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", default="")
    args = parser.parse_args()

    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)

    generator = torch.Generator()
    generator.manual_seed(args.seed)
    loader = DataLoader(
        NoisyDiabetes(),
        batch_size=64,
        shuffle=True,
        num_workers=args.workers,
        worker_init_fn=seed_worker,
        generator=generator,
    )
    model = nn.Sequential(nn.Linear(10, 32), nn.SiLU(), nn.Linear(32, 1))
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    for epoch in range(args.epochs):
        losses = []
        for x, y in loader:
            loss = nn.functional.huber_loss(model(x).squeeze(1), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: huber {np.mean(losses):.8f}")
    if args.save:
        torch.save(model.state_dict(), args.save)


if __name__ == "__main__":
    main()
