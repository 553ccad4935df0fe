"""Tensors inside what modules take and return: tuples, lists, dictionaries and their kinds, nested."""

import copy


def mapped(value, function):
    """Return the same structure with `function` applied to every tensor; other leaves stay the same objects."""
    if hasattr(value, "is_floating_point") and hasattr(value, "untyped_storage"):
        return function(value)
    if isinstance(value, tuple):
        parts = [mapped(part, function) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, list):
        return [mapped(part, function) for part in value]
    if isinstance(value, dict):
        result = copy.copy(value)  # keeps the class: outputs of transformers are dictionaries with attributes
        for key in list(value):
            result[key] = mapped(value[key], function)
        return result
    return value


def tensors(value):
    """Return every tensor in order."""
    found = []

    def note(tensor):
        found.append(tensor)
        return tensor

    mapped(value, note)
    return found


def size_bytes(value):
    """Return how much memory the tensors of a structure take."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors(value))
