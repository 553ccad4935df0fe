import random

import numpy as np
import torch


def write(folder, epoch, model, optimizer):
    """Write everything that is needed to go on from here, states of the generators included."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "epoch": epoch,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "rng": {
            "random": random.getstate(),
            "numpy": np.random.get_state(),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all(),
        },
    }
    torch.save(state, folder / f"epoch-{epoch}.pt")
