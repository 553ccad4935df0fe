"""Changes one weight by one unit in the last place, to see what training makes of it."""


def by_one_ulp(torch, optimizer, number):
    """Right after a step, move one element of what was stepped to the next number above.

    `number` chooses the parameter and its element. Returns what was changed, {} where nothing could be.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"] if p.numel() and p.is_floating_point()]
    for turn in range(len(parameters)):
        parameter = parameters[(number + turn) % len(parameters)]
        element = (number // len(parameters)) * 7919 % parameter.numel()
        place = []
        rest = element
        for size in reversed(parameter.shape):
            place.append(rest % size)
            rest //= size
        place = tuple(reversed(place))
        with torch.no_grad():
            weights = parameter.detach()
            before = weights[place].clone()
            try:
                after = torch.nextafter(before, torch.full_like(before, float("inf")))
            except RuntimeError:  # not for every type of number
                continue
            weights.data[place] = after
        return {
            "parameter": (number + turn) % len(parameters),
            "element": list(place),
            "before": before.item(),
            "after": after.item(),
        }
    return {}
