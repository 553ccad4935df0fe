"""Callables outside the project by what they do with a function that they are given: call it, or leave it alone."""

from __future__ import annotations

RUNNERS = frozenset(
    {
        "fire.Fire", "typer.run", "tyro.cli", "absl.app.run", "jsonargparse.CLI", "jsonargparse.auto_cli", "defopt.run",
        "plac.call", "clize.run", "argh.dispatch_command", "cyclopts.run", "asyncio.run", "trio.run", "anyio.run",
        "tensorflow.app.run", "tensorflow.compat.v1.app.run", "tensorflow.python.platform.app.run",
    }
)  # fmt: skip
"""Callables that call the function they are given with its defaults."""

OFFERING_OBJECTS = frozenset({"fire.Fire", "jsonargparse.CLI", "jsonargparse.auto_cli"})
"""Of these, those that offer the methods of an object or a class, and all of the file where they are given nothing."""

OFFERING_CLASSES = frozenset({"luigi.run", "luigi.cmdline.luigi_run"})
"""Callables that run an object of one of the classes of the file that extend one of theirs."""

RUNNING_MAIN = frozenset(name for name in RUNNERS if name.startswith("tensorflow."))
"""Of these, those that call `main` of the program where they are given none."""

DELAYING = frozenset(
    {
        "dask.delayed", "dask.delayed.delayed", "joblib.delayed", "joblib.parallel.delayed",
        "sklearn.utils.fixes.delayed", "sklearn.utils.parallel.delayed",
    }
)  # fmt: skip
"""Callables that give a function of which a call is written down, and made later."""

QUIET = DELAYING | frozenset(
    {
        "callable", "collections.OrderedDict", "copy.copy", "copy.deepcopy", "dataclasses.field", "dict", "dir",
        "frozenset", "functools.partial", "functools.partialmethod", "functools.update_wrapper", "functools.wraps",
        "getattr", "hasattr", "hash", "hydra_zen.builds", "hydra_zen.just", "hydra_zen.store", "id", "isinstance",
        "issubclass", "json.dump", "json.dumps", "len", "list", "pickle.dump", "pickle.dumps", "print", "repr", "set",
        "setattr", "str", "super", "torch.save", "torch.serialization.add_safe_globals",
        "torch.serialization.safe_globals", "torch.utils.data.DistributedSampler", "torch.utils.data.RandomSampler",
        "torch.utils.data.SequentialSampler", "tuple", "type", "types.SimpleNamespace", "vars", "warnings.warn",
        *(
            f"sklearn.model_selection.{splitter}.split"
            for splitter in (
                "GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneOut", "LeavePOut", "RepeatedKFold",
                "RepeatedStratifiedKFold", "ShuffleSplit", "StratifiedGroupKFold", "StratifiedKFold",
                "StratifiedShuffleSplit", "TimeSeriesSplit",
            )
        ),
    }
)  # fmt: skip
"""Callables that call nothing of what they are given."""

QUIET_MODULES = (
    "abc.", "inspect.", "lightning.fabric.strategies.", "lightning.pytorch.strategies.", "lightning_fabric.strategies.",
    "logging.", "operator.", "pytorch_lightning.strategies.", "typing.", "typing_extensions.", "weakref.",
)  # fmt: skip
"""Modules of such callables: `inspect.isfunction(callback)` looks at the callback, it does not call it.

A strategy is told of which classes the layers are that it wraps: `FSDPStrategy(activation_checkpointing=Block)`.
"""

HOLDING = frozenset(
    {
        "torch.nn.DataParallel", "torch.nn.ModuleDict", "torch.nn.ModuleList", "torch.nn.Sequential",
        "torch.nn.parallel.DataParallel", "torch.nn.parallel.DistributedDataParallel",
    }
)  # fmt: skip
"""Classes that call the objects they hold, and nothing else of them: other methods are called by their names."""

CALLING_BUILTINS = {
    "map": 0, "filter": 0, "sorted": None, "min": None, "max": None, "iter": 0, "itertools.starmap": 0,
}  # fmt: skip
"""What calls the function at that index of its arguments, or the one that is given as `key`."""

SPAWNERS = {
    "torch.multiprocessing.spawn": "fn", "torch.multiprocessing.start_processes": "fn",
    "ray.train.torch.TorchTrainer": "train_loop_per_worker",
    "ray.train.tensorflow.TensorflowTrainer": "train_loop_per_worker",
    "ray.train.data_parallel_trainer.DataParallelTrainer": "train_loop_per_worker",
    "ray.tune.Tuner": "trainable", "ray.tune.run": "run_or_experiment",
    **{
        f"submitit.{executor}.{method}": "fn"
        for executor in ("AutoExecutor", "LocalExecutor", "SlurmExecutor")
        for method in ("submit", "map_array")
    },
}  # fmt: skip
"""Callables that call the function they are given in processes that start anew, with the name of that argument."""

TASKS = frozenset(
    {"apply", "apply_async", "imap", "imap_unordered", "map", "map_async", "starmap", "starmap_async", "submit"}
)
"""Methods of pools that call a function in other processes."""

_POOLS = ("Pool", "ProcessPoolExecutor")
_PROCESS = "Process"
_POOLING = (
    *("billiard.", "concurrent.futures.", "loky.", "multiprocess.", "multiprocessing.", "pathos."),
    "torch.multiprocessing.",
)
_OF_THREADS = ("multiprocess.dummy.", "multiprocessing.dummy.")

EXITS = frozenset(
    {
        "argparse.ArgumentParser.error", "argparse.ArgumentParser.exit", "exit", "os._exit", "os.abort", "quit",
        "sys.exit",
    }
)  # fmt: skip

STARTED = frozenset(
    {
        "multiprocessing.Process", "multiprocessing.context.Process", "multiprocessing.process.BaseProcess",
        "threading.Thread", "torch.multiprocessing.Process",
    }
)  # fmt: skip
"""Classes whose `start` calls `run`, in a process or a thread of its own."""


def runs_in_processes(name: str) -> bool:
    """Whether what `Pool(…)`, a method of one, `Pool.map`, or `Process(…)` is handed is called in other processes."""
    if not name.startswith(_POOLING) or name.startswith(_OF_THREADS):
        return False
    return makes_process(name) or makes_pool(name) or makes_pool(name.rpartition(".")[0])


def makes_process(name: str) -> bool:
    """`multiprocessing.Process`, which no initializer prepares."""
    return name.rpartition(".")[2] == _PROCESS


def makes_pool(name: str) -> bool:
    """`multiprocessing.Pool`, `multiprocessing.get_context.Pool`."""
    return name.rpartition(".")[2] in _POOLS
