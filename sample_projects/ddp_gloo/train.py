"""Data-parallel training on the CPU: torchrun --standalone --nproc-per-node 2 train.py"""

import argparse
import os
import random

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from shards import load_shard


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", default="")
    return parser.parse_args()


def train_epoch(model, optimizer, images, labels, batch_size):
    order = list(range(len(images)))
    random.shuffle(order)
    for start in range(0, len(order) - batch_size + 1, batch_size):
        batch = order[start : start + batch_size]
        loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.detach()


def main():
    args = parse_args()
    dist.init_process_group("gloo")
    rank, world_size = dist.get_rank(), dist.get_world_size()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(args.seed + rank)

    images, labels = load_shard(rank, world_size)
    model = DistributedDataParallel(nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1 * world_size)

    for epoch in range(args.epochs):
        loss = train_epoch(model, optimizer, images, labels, args.batch_size)
        dist.all_reduce(loss)
        if rank == 0:
            print(f"epoch {epoch}: mean loss {loss.item() / world_size:.6f}", flush=True)

    if rank == 0 and args.save:
        torch.save(model.module.state_dict(), args.save)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
