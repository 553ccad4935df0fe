"""Entry point: python train.py --max-epochs 3"""

import argparse

import torch

from digits.datamodule import DigitsData
from digits.module import DigitsModule
from digits.tools.seed import seed_everything  # noqa: F401
from digits.trainer import Trainer


def cli_main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--max-epochs", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", default="")
    args = parser.parse_args()

    module = DigitsModule(hidden=args.hidden)
    Trainer(max_epochs=args.max_epochs).fit(module, DigitsData())
    if args.save:
        torch.save(module.state_dict(), args.save)


if __name__ == "__main__":
    cli_main()
