"""Where programs run: this machine, a Ray cluster, Slurm. One module each, all of them `runs.executor.Executor`."""
