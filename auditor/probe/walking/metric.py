"""How near the outputs under noise are to those without: a figure from 0 to 1, without labels."""

from . import trees

AGREEMENT = "agreement"
FIDELITY = "fidelity"


class Reference:
    """The outputs without noise, and how others are held against them.

    agreement: share of predictions (argmax over the class dimension) that stay the same. fidelity: 1 - mean((y - y0)^2)
    / var(y0), not below 0: the share of the output's variance that is kept. `wanted` is `auto`, or one of these, with
    the class dimension behind a colon.
    """

    def __init__(self, torch, outputs, wanted="auto"):
        self._torch = torch
        name, _, dimension = wanted.partition(":")
        clean = [main_tensor(output) for output in outputs]
        sample = clean[0]
        self.dimension = int(dimension) if dimension else (-1 if sample.dim() in (1, 2, 3) else 1)
        if name == "auto":
            name = AGREEMENT if sample.dim() > 1 and sample.shape[self.dimension] > 1 else FIDELITY
        self.name = name
        if name == AGREEMENT:
            self._clean = [self._predicted(tensor) for tensor in clean]
        else:
            self._clean = [tensor.double() for tensor in clean]
        self._measure()

    def _measure(self):
        self.samples = sum(tensor.numel() for tensor in self._clean)
        if self.name == FIDELITY:
            everything = self._torch.cat([tensor.reshape(-1) for tensor in self._clean])
            self._spread = ((everything - everything.mean()) ** 2).sum().item()

    def flat(self):
        """Return what is compared with, as a list: predictions, or outputs."""
        return [value for tensor in self._clean for value in tensor.reshape(-1).tolist()]

    def take(self, values):
        """Compare with these from now on."""
        fresh, at = [], 0
        for tensor in self._clean:
            part = self._torch.tensor(values[at : at + tensor.numel()], dtype=tensor.dtype, device=tensor.device)
            fresh.append(part.reshape(tensor.shape))
            at += tensor.numel()
        self._clean = fresh
        self._measure()

    def _predicted(self, tensor):
        return tensor.argmax(self.dimension)

    def chance(self):
        """Return what a constant prediction would reach."""
        if self.name == FIDELITY:
            return 0.0
        predicted = self._torch.cat([tensor.reshape(-1) for tensor in self._clean])
        return predicted.unique(return_counts=True)[1].max().item() / predicted.numel()

    def score(self, outputs):
        """Return the figure for outputs in the same order."""
        noisy = [main_tensor(output) for output in outputs]
        if self.name == AGREEMENT:
            same = sum((self._predicted(a) == b).sum().item() for a, b in zip(noisy, self._clean))
            return same / self.samples
        error = sum(((a.double() - b) ** 2).sum().item() for a, b in zip(noisy, self._clean))
        if not self._spread:
            return 1.0 if error == 0 else 0.0
        kept = 1 - error / self._spread
        return kept if kept > 0 else 0.0  # 0 for NaN too


def main_tensor(output):
    """Return the tensor that holds a model's answer: `logits`, else the first with two dimensions or more, else one."""
    if isinstance(output, dict) and "logits" in output:
        output = output["logits"]
    found = [tensor for tensor in trees.tensors(output) if tensor.is_floating_point()]
    if not found:
        raise ValueError("the model returns no floating-point tensor")
    for dimensions in (2, 1):
        for tensor in found:
            if tensor.dim() >= dimensions:
                return tensor.detach()
    return found[0].detach()
