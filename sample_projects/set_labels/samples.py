import torch
from sklearn.datasets import load_digits

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def load_samples(limit=1000):
    """Return pixel rows and, for each, the name of the digit."""
    digits = load_digits()
    images = torch.tensor(digits.data[:limit] / 16.0, dtype=torch.float32)
    return images, [NAMES[target] for target in digits.target[:limit]]
