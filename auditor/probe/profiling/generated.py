"""What the code that TorchInductor generated for a region does: whether floats are added atomically, what is called.

The text is the compiled graph's `source_code`: Python with C++ kernels in it for the CPU, with Triton kernels for CUDA.
"""

import re

# C++: `atomic_add(&out_ptr0[static_cast<int64_t>(x0)], tmp3)`, where the kernel has a parameter `float* out_ptr0`.
_CPP_ADD = re.compile(r"(?<!\.)\batomic_add(?:_vec)?\w*(?:<[^>]*>)?\(\s*&?\(?(\w+)")
_CPP_POINTER = r"\b(\w+)\s*\*\s*(?:__restrict__\s*)?%s\b"
# Triton: `tl.atomic_add(out_ptr0 + (...), tmp3, ...)`, where the signature says `'out_ptr0': '*fp32'`.
_TRITON_ADD = re.compile(r"\btl\.atomic_add\(\s*(\w+)")
_TRITON_POINTER = r"['\"]%s['\"]\s*:\s*['\"]\*(\w+)['\"]"
_CALLED = re.compile(r"\b(?:torch\.ops\.aten|aten|extern_kernels|at::_ops)(?:\.|::)(\w+)")
_WHOLE_NUMBERS = re.compile(r"u?int\d*(_t)?|long|bool|i\d+|u\d+")


def facts(source, listed):
    """Return [(name, value)] of a region's source; nothing where there is none.

    `listed(name)` says whether an operator of torch is on the list.
    """
    if not isinstance(source, str) or not source:
        return []
    return [
        ("code.atomic", adds_floats(source)),
        ("code.listed", any(listed("aten::" + name) for name in called(source))),
    ]


def adds_floats(source):
    """Some atomic addition is not known to be one of whole numbers, which come out equal in any order."""
    for add, pointer in ((_CPP_ADD, _CPP_POINTER), (_TRITON_ADD, _TRITON_POINTER)):
        for found in add.finditer(source):
            declared = list(re.finditer(pointer % re.escape(found[1]), source[: found.start()]))
            if not declared or not _WHOLE_NUMBERS.fullmatch(declared[-1][1]):  # the nearest one above
                return True
    return False


def called(source):
    """Names of the operators that the code calls instead of generating kernels for them."""
    return sorted(set(_CALLED.findall(source)))
