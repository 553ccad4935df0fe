"""Singular values of the trained weights."""

import math

from .points import prefixes

MOST_ROWS = 2048  # of the smaller side: the time grows with its third power
MOST_VALUES = 64


def spectra(torch, roots):
    """Return what is known of every weight matrix.

    {"name", "shape", "spectral", "frobenius", "effective_rank", "values"} each. Weights of more than two dimensions
    count as [first, all others]. effective_rank: exp of the entropy of the singular values over their sum (Roy,
    Vetterli, "The effective rank", EUSIPCO 2007). `values`: the greatest ones, at most 64. Where a matrix is too large
    for its singular values, or they cannot be computed, there is the Frobenius norm alone.
    """
    found = []
    with torch.no_grad():
        for root, prefix in zip(roots, prefixes(roots)):
            for name, parameter in root.named_parameters():
                if parameter.dim() > 1 and parameter.numel() and parameter.is_floating_point():
                    found.append(_of(torch, prefix + name, parameter.detach()))
    return found


def _of(torch, name, parameter):
    matrix = parameter.reshape(parameter.shape[0], -1).to(device="cpu", dtype=torch.float64)
    frobenius = _finite(matrix.square().sum().sqrt().item())
    told = {"name": name, "shape": list(parameter.shape), "frobenius": frobenius}
    told.update(spectral=None, effective_rank=None, values=[])
    if min(matrix.shape) > MOST_ROWS or frobenius is None:
        return told
    values = torch.linalg.svdvals(matrix).tolist()
    total = math.fsum(values)
    shares = [value / total for value in values if value > 0] if total > 0 else []
    told["spectral"] = values[0]
    told["effective_rank"] = math.exp(-math.fsum(share * math.log(share) for share in shares)) if shares else 0.0
    told["values"] = values[:MOST_VALUES]
    return told


def _finite(value):
    return value if math.isfinite(value) else None
