import os

import numpy as np
import torch


def read_parts(folder):
    """Read all parts of an export into two tensors."""
    images, targets = [], []
    for name in os.listdir(folder):
        if not name.endswith(".npz"):
            continue
        with np.load(os.path.join(folder, name)) as part:
            images.append(part["images"] / 16.0)
            targets.append(part["targets"])
    return torch.from_numpy(np.concatenate(images)).float(), torch.from_numpy(np.concatenate(targets))
