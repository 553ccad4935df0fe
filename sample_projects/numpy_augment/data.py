import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import Dataset


def load_split():
    digits = load_digits()
    images = (digits.images / 16.0).astype(np.float32)
    train_x, test_x, train_y, test_y = train_test_split(images, digits.target, test_size=500, random_state=0)
    test = torch.from_numpy(test_x).unsqueeze(1), torch.from_numpy(test_y)
    return (train_x, train_y), test


class AugmentedDigits(Dataset):
    """Digits moved by up to one pixel, with a little noise on top."""

    def __init__(self, images, labels, noise=0.05):
        self.images = images
        self.labels = labels
        self.noise = noise

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = self.images[index]
        dx, dy = np.random.randint(-1, 2, size=2)
        image = np.roll(image, (dy, dx), axis=(0, 1))
        image = image + np.random.normal(0.0, self.noise, image.shape).astype(np.float32)
        return torch.from_numpy(image).unsqueeze(0), int(self.labels[index])
