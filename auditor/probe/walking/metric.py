"""How near the outputs under noise are to those without: a figure from 0 to 1, without labels."""

from . import trees

AGREEMENT = "agreement"
FIDELITY = "fidelity"


class Reference:
    """The outputs without noise, and how others are held against them.

    agreement: share of predictions (argmax over the class dimension) that stay the same. fidelity: 1 - mean((y - y0)^2)
    / var(y0), not below 0: the share of the output's variance that is kept. `wanted` is `auto`, or one of these, with
    the class dimension behind a colon. modules: which one put out each of `outputs`, where there are several: the
    figure is that of the module which comes off worst, each by itself.
    """

    def __init__(self, torch, outputs, wanted="auto", modules=None):
        self._torch = torch
        name, _, dimension = wanted.partition(":")
        clean = [main_tensor(output) for output in outputs]
        self._modules = list(map(id, modules)) if modules is not None else [0] * len(clean)
        self._given = int(dimension) if dimension else None
        self.dimension = self._classes(clean[0])
        if name == "auto":
            name = AGREEMENT if all(map(self._has_classes, clean)) else FIDELITY
        self.name = name
        if name == AGREEMENT:
            self._clean = [self._predicted(tensor) for tensor in clean]
        else:
            self._clean = [tensor.double() for tensor in clean]
        self._measure()

    def _classes(self, tensor):
        """The dimension that predictions are the argmax over."""
        return self._given if self._given is not None else -1 if tensor.dim() in (1, 2, 3) else 1

    def _has_classes(self, tensor):
        return tensor.dim() > 1 and tensor.shape[self._classes(tensor)] > 1

    def _of_each(self):
        """Return, for each module, the places of what it put out."""
        return [[at for at, each in enumerate(self._modules) if each == one] for one in dict.fromkeys(self._modules)]

    def _together(self, places):
        return self._torch.cat([self._clean[at].reshape(-1) for at in places])

    def _measure(self):
        self.samples = sum(tensor.numel() for tensor in self._clean)
        if self.name == FIDELITY:
            found = [self._together(places) for places in self._of_each()]
            self._spreads = [((values - values.mean()) ** 2).sum().item() for values in found]

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
        return tensor.argmax(self._classes(tensor))

    def chance(self):
        """Return what a constant prediction would reach."""
        if self.name == FIDELITY:
            return 0.0
        found = [self._together(places).unique(return_counts=True)[1] for places in self._of_each()]
        return max(counts.max().item() / counts.sum().item() for counts in found)

    def score(self, outputs):
        """Return the figure for outputs in the same order."""
        noisy = [main_tensor(output) for output in outputs]
        if self.name == AGREEMENT:
            return min(self._agreement(noisy, places) for places in self._of_each())
        return min(self._fidelity(noisy, *each) for each in zip(self._of_each(), self._spreads))

    def _agreement(self, noisy, places):
        same = sum((self._predicted(noisy[at]) == self._clean[at]).sum().item() for at in places)
        return same / sum(self._clean[at].numel() for at in places)

    def _fidelity(self, noisy, places, spread):
        error = sum(((noisy[at].double() - self._clean[at]) ** 2).sum().item() for at in places)
        if not spread:
            return 1.0 if error == 0 else 0.0
        kept = 1 - error / spread
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
