"""What the tracer must know of an operator, derived once from its schema; and the tables the schemas don't say.

All names are those of the operator library, without overload where nothing else is said.
"""

# What is done with a call
PASS = 0  # no event: views, and ops that change metadata only
RECORD = 1
EMPTY = 2  # makes uninitialised memory
RESIZE = 3  # may enlarge memory without writing to it
COLLECTIVE = 4  # runs in the background; its tensors hold the result only once it was waited for
WAIT = 5  # the program waited for a collective: the result is there

# How the hot path settles a call by itself
SLOW = 0
FAST_OUTPUT = 1  # one new tensor
FAST_INPLACE = 2  # writes to its first argument and returns it

_EMPTY = frozenset(
    "aten::" + name
    for name in (
        "empty",
        "empty_like",
        "empty_strided",
        "empty_permuted",
        "empty_quantized",
        "new_empty",
        "new_empty_strided",
        "_empty_affine_quantized",
        "_empty_per_channel_affine_quantized",
    )
)
_RESIZE = frozenset(("aten::resize_", "aten::resize_as_"))
# Changes where a tensor points to, not what is there.
_METADATA = frozenset(
    "aten::" + name
    for name in (
        "set_",
        "set_data",
        "requires_grad_",
        "_unsafe_view",
        "_reshape_alias",
        "lift",
        "lift_fresh",
        "detach",
        "detach_",
        "alias",
        "rename_",
        "_fw_primal",
        "_make_dual",
        "_version",
        "record_stream",
        "_backward",
        "retain_grad",
        "_coalesced_",
        "_local_scalar_dense_",
        "pin_memory_",
        "sym_size",
        "sym_stride",
        "sym_numel",
        "sym_storage_offset",
        "size",
        "stride",
        "numel",
        "storage_offset",
        "dim",
        "is_contiguous",
        "sym_is_contiguous",
        "is_strides_like_format",
        "is_non_overlapping_and_dense",
        "is_pinned",
        "is_same_size",
        "_has_same_storage_numel",
        "_has_compatible_shallow_copy_type",
        "_is_zerotensor",
        "is_set_to",
        "_is_any_true_",
        "result_type",
        "_nested_tensor_size",
    )
) | frozenset(
    ("prim::device", "prim::layout", "profiler::_record_function_enter_new", "profiler::_record_function_exit")
)

# In-place ops that write all of `self` without reading it.
_FILLS_SELF = frozenset(
    "aten::" + name
    for name in (
        "zero_",
        "fill_",
        "copy_",
        "normal_",
        "uniform_",
        "random_",
        "bernoulli_",
        "exponential_",
        "geometric_",
        "log_normal_",
        "cauchy_",
        "_foreach_zero_",
        "_foreach_copy_",
        "_foreach_fill_",
    )
)

# Schemas that keep silent about running statistics: op -> positions of what is updated in training.
_UNANNOTATED = {
    "aten::native_batch_norm": (3, 4),
    "aten::cudnn_batch_norm": (3, 4),
    "aten::miopen_batch_norm": (3, 4),
    "aten::batch_norm_update_stats": (1, 2),
    "aten::batch_norm_gather_stats": (3, 4),
    "aten::batch_norm_gather_stats_with_counts": (3, 4),
}

# Results that are working memory for the op's own backward, not values: padding, cells behind a sequence's end, seeds
# of a dropout that is off. Parts of them are never written; what matters of them shows in the backward op's results.
_SCRATCH = {
    "aten::mkldnn_rnn_layer": (3,),
    "aten::_cudnn_rnn": (3, 4),
    "aten::miopen_rnn": (3, 4),
    "aten::cudnn_batch_norm": (3,),
    "aten::_batch_norm_with_update": (3,),
    "aten::_batch_norm_with_update_functional": (3,),
    "aten::_ctc_loss": (1,),
    "aten::_embedding_bag": (1, 2, 3),
    "aten::_embedding_bag_forward_only": (1, 2, 3),
    "aten::_scaled_dot_product_flash_attention": (6, 7, 8),
    "aten::_scaled_dot_product_efficient_attention": (1, 2, 3),
    "aten::_scaled_dot_product_cudnn_attention": (6, 7, 8),
    "aten::_scaled_dot_product_fused_attention_overrideable": (6, 7, 8),
    "aten::_flash_attention_forward": (2, 3, 4),
    "aten::_efficient_attention_forward": (1, 2, 3),
    "aten::_cudnn_attention_forward": (6, 7, 8),
    "fsdp::all_gather_copy_in": (1,),  # the buffer of all ranks, of which only this one's part is there yet
}

# Schemas that keep silent about what they write to without reading it: op -> positions.
_FILLS_SILENTLY = {"fsdp::all_gather_copy_in": (1,)}

# Ops that only move bits: a copy of uninitialised memory is uninitialised, but nothing was made of it yet.
COPIES = frozenset(("aten::clone", "aten::_to_copy", "aten::contiguous", "aten::_pin_memory"))

# With beta 0 these ignore the bits of `self`, even NaN.
_BETA = frozenset("aten::" + name for name in ("addmm", "baddbmm", "addbmm", "addmv", "addr", "addmm_", "baddbmm_"))


def _indices(indices):
    """What aten takes as indices, as Python does."""
    return tuple(slice(None) if index is None else index.cpu() for index in indices)


def _index_put(mask, args):
    mask[_indices(args[1])] = True


def _along(name):
    def mark(mask, args):
        getattr(mask, name)(args[1], args[2].cpu(), True)

    return mark


def _masked(mask, args):
    mask.masked_fill_(args[1].cpu(), True)


def _put(mask, args):
    index = args[1].cpu()
    mask.put_(index, mask.new_ones(index.shape))


# Ops that write chosen elements of `self` and read none of it: how to mark them in a mask of `self`.
MARKS = {
    "aten::index_put_": _index_put,
    "aten::_index_put_impl_": _index_put,
    "aten::index_fill_": _along("index_fill_"),
    "aten::index_copy_": _along("index_fill_"),
    "aten::scatter_": _along("scatter_"),
    "aten::masked_fill_": _masked,
    "aten::masked_scatter_": _masked,
    "aten::put_": _put,
}

# Ops that read chosen elements of their first tensor: how to pick them from its mask.
SELECTS = {
    "aten::index": lambda mask, args: mask[_indices(args[1])],
    "aten::index_select": lambda mask, args: mask.index_select(args[1], args[2].cpu()),
    "aten::gather": lambda mask, args: mask.gather(args[1], args[2].cpu()),
    "aten::take": lambda mask, args: mask.take(args[1].cpu()),
    "aten::masked_select": lambda mask, args: mask.masked_select(args[1].cpu()),
    "aten::embedding": lambda mask, args: mask.index_select(0, args[1].cpu().reshape(-1)),
}


class OpInfo:
    """One operator overload."""

    __slots__ = (
        "accumulates",
        "call",
        "careful",
        "fast",
        "func",
        "id",
        "lazy",
        "mark",
        "mutates",
        "name",
        "packet",
        "random",
        "returns_alias",
        "scratch",
        "select",
        "special",
        "treatment",
        "write_only",
    )

    def __init__(self, torch, func, writer):
        self.func = func  # keeps id(func) from being reused
        self.call = func._op if type(func) is torch._ops.OpOverload else func
        self.mutates = ()  # positions (int) or names (str) of what is written to
        self.write_only = frozenset()  # those of them that are not read
        self.returns_alias = ()  # per return: it is one of the mutated arguments
        self.random = False
        self.scratch = ()  # positions of results that are not compared
        self.mark = self.select = None
        self.accumulates = False
        schema = getattr(func, "_schema", None)
        if schema is None:  # a higher-order operator
            self.packet = self.name = "higher_order::" + str(getattr(func, "_name", func))
            self.treatment = RECORD
        else:
            self.packet = schema.name
            self.name = schema.name + ("." + schema.overload_name if schema.overload_name else "")
            self.random = torch.Tag.nondeterministic_seeded in func.tags
            self._read_schema(schema)
            self.treatment = self._choose(torch, func)
        self.id = writer.name(self.name)
        self.careful = bool(self.write_only or self.accumulates or self.mark is not None) or "_fused_sgd" in self.name
        self.special = self.random or self.treatment in (RESIZE, COLLECTIVE, WAIT)
        self.lazy = self.packet in ("aten::_conj", "aten::_neg_view")
        self.fast = SLOW
        if self.treatment == RECORD and self.mark is None and schema is not None and not self.scratch:
            if not self.mutates:
                self.fast = FAST_OUTPUT
            elif self.mutates == (0,) and self.returns_alias == (True,):
                self.fast = FAST_INPLACE

    def _read_schema(self, schema):
        packet = self.packet
        mutates = []
        write_only = set()
        for position, argument in enumerate(schema.arguments):
            alias = argument.alias_info
            if alias is None or not alias.is_write:
                continue
            where = argument.name if argument.kwarg_only else position
            mutates.append(where)
            if argument.is_out or (packet in _FILLS_SELF and position == 0):
                write_only.add(where)
        mutates.extend(position for position in _UNANNOTATED.get(packet, ()) if position not in mutates)
        if packet.startswith("c10d::") and not mutates and not packet.endswith(("send", "barrier")):
            mutates.append(0)  # these schemas keep silent, too: the first argument receives
        write_only.update(_FILLS_SILENTLY.get(packet, ()))
        self.mutates = tuple(mutates)
        self.write_only = frozenset(write_only)
        self.returns_alias = tuple(
            value.alias_info is not None and value.alias_info.is_write for value in schema.returns
        )
        self.scratch = _SCRATCH.get(packet, ())
        self.mark = MARKS.get(packet)
        self.select = SELECTS.get(packet)
        self.accumulates = packet in _BETA

    def _choose(self, torch, func):
        packet = self.packet
        if packet in _EMPTY and not self.mutates:
            return EMPTY
        if packet in _RESIZE:
            return RESIZE
        if packet.startswith("c10d::"):
            return COLLECTIVE
        if packet.endswith("::_wrap_tensor_autograd"):
            return PASS
        if packet.startswith("_c10d_functional"):
            return WAIT if packet.endswith("::wait_tensor") else COLLECTIVE
        if packet in _METADATA or torch.Tag.inplace_view in func.tags:
            return PASS
        return PASS if func.is_view and not self.mutates else RECORD

    def writes_only(self, where, args, kwargs):
        """The argument at this position or of this name is written to without being read, in this call."""
        if where in self.write_only:
            return True
        if where == 0 and self.accumulates:
            return kwargs.get("beta", 1) == 0
        if where == 2 and self.packet == "aten::_fused_sgd_":
            return bool(kwargs.get("is_first_step"))  # its fresh momentum buffers
        if where == 0 and self.mark is not None:
            adds = self.packet.endswith(("put_", "_impl_")) and True in args[3:4]  # accumulate
            return not (adds or kwargs.get("accumulate") or kwargs.get("reduce"))
        return False
