import random

import numpy as np
import torch


def make_repeatable(args):
    """Call once, before anything is built."""
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(args.seed)
