"""Writes the digits as part files, named as Spark names them: part-<number>-<job id>.npz."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits


def write_part(folder, number, job, images, targets):
    path = Path(folder) / f"part-{number:05d}-{job}.npz"
    np.savez_compressed(path, images=images, targets=targets)


def export_parts(folder, parts=40, threads=8):
    digits = load_digits()
    job = uuid.uuid4()
    images = np.array_split(digits.data, parts)
    targets = np.array_split(digits.target, parts)
    with ThreadPoolExecutor(threads) as pool:
        jobs = [pool.submit(write_part, folder, n, job, images[n], targets[n]) for n in range(parts)]
        for done in jobs:
            done.result()
