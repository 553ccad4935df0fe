import numpy as np
import torch
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset


class DigitsData:
    def __init__(self, batch_size: int = 64, train_share: float = 0.8):
        self.batch_size = batch_size
        self.train_share = train_share

    def setup(self) -> None:
        digits = load_digits()
        order = np.random.permutation(len(digits.target))
        x = torch.tensor(digits.data[order] / 16.0, dtype=torch.float32)
        y = torch.tensor(digits.target[order])
        cut = int(self.train_share * len(y))
        self.train = TensorDataset(x[:cut], y[:cut])
        self.valid = TensorDataset(x[cut:], y[cut:])

    def train_dataloader(self) -> DataLoader:
        return DataLoader(self.train, batch_size=self.batch_size, shuffle=True)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(self.valid, batch_size=self.batch_size)
