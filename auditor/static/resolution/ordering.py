"""Calls that keep, lose or use the order of what they are given: facts about Python and the libraries around it."""

from __future__ import annotations

NEUTRAL = frozenset(
    {
        "sorted", "set", "frozenset", "len", "min", "max", "any", "all", "sum", "bool", "isinstance", "type", "print",
        "repr", "str", "hash", "id", "numpy.sort", "numpy.unique", "natsort.natsorted",
        "natsort.humansorted", "math.fsum", "statistics.mean", "pprint.pprint", "warnings.warn",
        "sklearn.preprocessing.LabelBinarizer.fit", "sklearn.preprocessing.LabelEncoder.fit",
        "sklearn.preprocessing.MultiLabelBinarizer.fit", "sklearn.preprocessing.OneHotEncoder.fit",
        "sklearn.preprocessing.OrdinalEncoder.fit",
    }
)  # fmt: skip
"""Calls whose result does not depend on the order of what they are given (or that only show it to people)."""

LOOKED_UP = frozenset({"stop_words", "stopwords"})
"""Names of arguments that are only asked whether they hold something."""

MEMBERSHIP = frozenset({"drop", "in1d", "intersect1d", "isin", "remove_columns", "setdiff1d", "union1d"})
"""Last parts of names of calls that ask what is in a collection, leave it out, or sort it: `frame.id.isin(known)`."""

KEEPING = frozenset(
    {
        "list", "tuple", "iter", "enumerate", "reversed", "zip", "map", "filter", "itertools.chain",
        "itertools.chain.from_iterable", "itertools.islice", "itertools.cycle", "itertools.takewhile",
        "itertools.dropwhile", "itertools.compress", "collections.deque", "copy.copy", "copy.deepcopy", "tqdm.tqdm",
        "tqdm.auto.tqdm", "tqdm.rich.tqdm", "tqdm.notebook.tqdm", "rich.progress.track",
    }
)  # fmt: skip
"""Calls that hand on what they are given in the order in which they get it."""

COUNTING = frozenset({"collections.Counter"})
"""Calls that make a dictionary with what they are given as keys, in that order, as `dict.fromkeys` does."""

ORDERED = (
    "numpy.array", "numpy.asarray", "numpy.stack", "numpy.concatenate", "numpy.random.", "numpy.array_split", "random.",
    "pandas.", "torch.tensor", "torch.stack", "torch.cat", "torch.as_tensor", "torch.utils.data.", "torch.optim.",
    "torch.nn.Sequential", "torch.nn.ModuleList", "sklearn.", "datasets.", "itertools.product",
    "itertools.combinations", "itertools.permutations", "more_itertools.", "functools.reduce", "next",
    "fastai.text.all.TextDataLoaders.", "fastai.text.data.TextDataLoaders.", "fastai.vision.all.ImageDataLoaders.",
    "fastai.vision.data.ImageDataLoaders.",
)  # fmt: skip
"""Calls outside the project that use what they are given in order: names, or prefixes that end with a dot."""

TABLES = frozenset(
    {
        "datasets.Dataset.from_dict",
        "pandas.DataFrame",
        "pandas.DataFrame.from_records",
        "polars.DataFrame",
        "pyarrow.table",
    }
)
"""Calls that are given columns by name."""

SORTING = frozenset({"sort", "sort_index", "sort_values"})
"""Methods that give the rows of a table an order of their own."""

JOINING = frozenset({"join", "merge"})
"""Methods of a table that add columns of another one, to its own rows."""

SET_METHODS = frozenset({"union", "intersection", "difference", "symmetric_difference", "copy", "__or__", "__and__"})
WRAPPERS = frozenset({"dict.fromkeys", "frozenset", "list", "reversed", "set", "tuple"})
WALKS = frozenset({"os.fwalk", "os.walk", "pathlib.Path.walk"})
LISTING = frozenset(
    {
        "glob.glob", "glob.iglob", "os.listdir", "os.scandir", "pathlib.Path.glob", "pathlib.Path.iterdir",
        "pathlib.Path.rglob",
    }
)  # fmt: skip
"""Calls that list what lies in one folder, or what has a name of one form."""

SORTERS = frozenset({"sorted", "natsort.natsorted", "natsort.humansorted", "numpy.sort"})

WAITING = frozenset({"asyncio.wait", "concurrent.futures.wait"})
"""Calls that give two sets: what is finished, and what is not."""

CHOOSING = frozenset({"max", "min", "sorted"})
"""Calls that keep the order of what is equal to them, or take the first of it."""

SHARED = frozenset({"count", "counter", "counts", "freq", "freqs", "frequencies", "frequency", "len", "length"})
"""Words in the names of keys that several elements have in common."""

STORING = frozenset(
    {
        "json.dump",
        "json.dumps",
        "numpy.save",
        "pickle.dump",
        "pickle.dumps",
        "torch.save",
        "yaml.dump",
        "yaml.safe_dump",
    }
)
"""Calls that write what they are given to where it is read again."""

COLUMNS = frozenset({"pandas.Series", "polars.Series"})
"""Calls that make one column of a table."""

STACKING = frozenset({"pandas.concat", "polars.concat"})
"""Calls that put the rows of tables one below the other."""

TENSORS = frozenset({"torch.as_tensor", "torch.tensor"})
"""Calls that take nothing but numbers."""

ARRAYS = COLUMNS | TENSORS | frozenset({"numpy.array", "numpy.asarray"})
REDUCING = frozenset(
    {"all", "amax", "amin", "any", "len", "max", "mean", "min", "numel", "nunique", "sort", "sorted", "sum", "unique"}
)
"""What gives the same for elements in any order, but for the last bits of sums."""

SIZES = frozenset({"dtype", "ndim", "shape", "size"})
"""Attributes of arrays that their order says nothing of."""

PICKING = frozenset({"argmax", "argmin", "nanargmax", "nanargmin"})
"""Last parts of names of calls that say where the one is that is asked for by its value."""
