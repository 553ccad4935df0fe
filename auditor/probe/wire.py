"""The trace format: the one definition shared by the probe (writer) and `auditor.runs.tracefile` (reader).

A process writes four files under `<run>/trace/`, named `<rank>-<place>`:

`.events`       fixed-size rows, one per event (`EVENT`)
`.tensors`      fixed-size rows, one per tensor of an event (`TENSOR`); an event names its first row and their number
`.rows`         digests of single rows (u64 each) of tensors that enter the program, to prove a reordering
`.names.jsonl`  one JSON object a line: header first, then names, sites, tensor specs, facts and problems as they
                come up, and an end record if the process gets that far

Rows are little-endian. A row whose `kind` is 0 was never written: files grow in zeroed chunks, so that a killed process
loses nothing. Numbers in rows refer to names by id; id 0 is the empty name.

Records of `.names.jsonl`, by their key "record" (one id space for names, sites and specs; paths relative to the project
where inside it, else absolute; an `event` is the number of events written before the record):

header       format, version, digest (algorithm), pid, parent_pid, place, rank (or null), argv, cwd, started_at,
             python, executable, hash_seed (PYTHONHASHSEED or null), probe (version of the program),
             mode ("trace", "timing")
name         id, text                               site      id, path, line, function
spec         id, dtype, shape, device               problem   where, what, count
seed         event, library, call, value (text; "entropy" where the system's entropy was used), site
file         event, path, mode ("r" or "w"), site
listing      event, path, count, site               environment  moment ("start", "end") and the fields of
                                                               auditor.model.environment.Environment
focus        event, inputs, outputs, repeats, kernels (see probe/focus.py)
profile      event, thread, op (name id), phase, module, site, backward_site, device, calls, time_ns, device_ns, facts:
             calls that are alike, in profile runs (see probe/profiling); facts null where they could not be told apart
profiled     event, wall_ns (from the first op to the last), notes_ns (spent on looking at arguments): once, at the end
loss         event, step, value: a scalar that backward was called on, where the auditor asked for losses
hot_path     event, language ("C" or "Python"): what the tracer's hot path is written in; both write the same rows
sources      event, paths: the project's Python files that the process had loaded when it ended
stop         event, step, reason                    end       events, tensors, rows, steps

Standard library only, plain syntax.
"""

FORMAT = "repro-audit-trace"
VERSION = 1
# Version 1: first version.

# (field, struct code); the struct codes are also what numpy dtypes are made from.
EVENT = (
    ("kind", "B"),
    ("phase", "B"),
    ("flags", "H"),
    ("step", "I"),
    ("op", "I"),  # name id
    ("module", "I"),  # name id
    ("site", "I"),  # site id
    ("thread", "H"),  # 0 is the main thread, then in order of first event
    ("tensors", "H"),  # rows in .tensors
    ("first_tensor", "I"),
    ("input_count", "H"),  # tensor inputs
    ("reserved", "H"),  # 0
    ("inputs", "Q"),  # digest over the contents of the tensor inputs as last written
    ("arguments", "Q"),  # digest over everything else that was passed,
    ("outputs", "Q"),  # digest over the digests of the event's tensor rows, in order
    # digest of a generator's state before a draw, or of an RNG library's state; else 0. In mode "timing": the time at
    # which a step ended, in nanoseconds of a clock that starts anywhere
    ("state", "Q"),
)
TENSOR = (
    ("digest", "Q"),
    ("spec", "I"),  # spec id
    ("role", "B"),
    ("flags", "B"),
    ("position", "H"),
    ("rows", "Q"),  # order-blind sum of the digests of the rows along dimension 0 (OUTSIDE and BATCH events), else 0
    ("first_row", "Q"),  # index of the first of the tensor's row digests in .rows, where `rows` is not 0
)

EVENT_STRUCT = "<" + "".join(code for _, code in EVENT)
TENSOR_STRUCT = "<" + "".join(code for _, code in TENSOR)
EVENT_SIZE = 64
TENSOR_SIZE = 32
CHUNK_BYTES = 1 << 20  # files grow by this; a multiple of both sizes and of every page size in use

# Event kinds
OP = 1
OUTSIDE = 2
REGION = 3
BATCH = 4
STATE = 5
SEED = 6
LISTING = 7
STEP = 8
WEIGHTS = 9

# Phases
OTHER = 0
DATA = 1
FORWARD = 2
BACKWARD = 3
OPTIMIZER = 4

# Event flags
RANDOM = 1  # consumes a generator
READS_UNINITIALISED = 2  # an input was not fully written before, as far as the probe saw
UNCAPTURED = 4  # a tensor of the event has no digest on purpose
BACKWARD_SITE = 8  # module and site are those of the forward op that made the autograd node
ARGUMENT_UNKNOWN = 16  # an argument could not be digested; `inputs agree` cannot be claimed
SHARED = 32  # the tensor of an OUTSIDE event lies in memory that other processes can write to

# Tensor flags
UNINITIALISED = 1  # not compared: memory that nothing was written to
NOT_COVERED = 2  # not compared: a kind of tensor that has no digest
SCRATCH = 8  # not compared: working memory of the op, of which it defines no bits
DIGEST_LATE = 4  # the digest was computed on a device and has not arrived; set while pending

# Roles
OUTPUT = 0
MUTATED = 1

# Digest algorithms, as named in the header
XXH3_64 = "xxh3_64"
CRC32_ADLER32 = "crc32+adler32"
