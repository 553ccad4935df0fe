"""Tensors inside what modules take and return: tuples, lists, dictionaries, dataclasses and their kinds, nested."""

import copy
import dataclasses


def mapped(value, function):
    """Return the same structure with `function` applied to every tensor; other leaves stay the same objects."""
    if is_tensor(value):
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
    names = _fields(value)
    if any(is_tensor(leaf) for name in names for leaf in leaves(getattr(value, name))):
        result = copy.copy(value)
        for name in names:
            object.__setattr__(result, name, mapped(getattr(value, name), function))  # frozen ones, too
        return result
    return value


def _fields(value):
    """Return the names of the fields of a dataclass that have a value."""
    if isinstance(value, type) or not dataclasses.is_dataclass(value):
        return []
    return [field.name for field in dataclasses.fields(value) if hasattr(value, field.name)]


def is_tensor(value):
    """True for a tensor of any class."""
    return hasattr(value, "is_floating_point") and hasattr(value, "untyped_storage")


def is_constant(value):
    """True for what nobody can change in place."""
    return value is None or isinstance(value, (bool, int, float, complex, str, bytes))


def leaves(value):
    """Return tensors and whatever else is no tuple, list, dictionary or dataclass, in order."""
    if isinstance(value, (tuple, list)):
        return [leaf for part in value for leaf in leaves(part)]
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in leaves(part)]
    names = _fields(value)
    if names:
        return [leaf for name in names for leaf in leaves(getattr(value, name))]
    return [value]


def is_plain(value):
    """True where tensors, constants and what `leaves` looks into are all that there is: copies are whole."""
    return all(is_tensor(leaf) or is_constant(leaf) for leaf in leaves(value))


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
