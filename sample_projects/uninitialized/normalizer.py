import torch
from torch import nn


class RunningNorm(nn.Module):
    """Brings each feature to zero mean and unit variance with averages over past batches."""

    def __init__(self, features, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        self.register_buffer("mean", torch.empty(features))
        self.register_buffer("var", torch.ones(features))

    def forward(self, x):
        if self.training:
            with torch.no_grad():
                self.mean.lerp_(x.mean(0), self.momentum)
                self.var.lerp_(x.var(0), self.momentum)
        return (x - self.mean) / torch.sqrt(self.var + self.eps)
