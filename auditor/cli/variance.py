"""`repro-audit variance`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.board import choose_board
from auditor.cli.delivery import deliver
from auditor.cli.executor_options import ExecutorOption, JobsOption, NeedsOption, RetriesOption
from auditor.cli.help import GroupedCommand, examples, new_app, program_after
from auditor.cli.option_table import words
from auditor.cli.options import (
    ModuleOption,
    PythonOption,
    ScriptArgument,
    StoreOption,
    TimeoutOption,
    check_word,
    settings_with,
    with_output,
)
from auditor.cli.output import Output
from auditor.cli.program import check_python, program_command
from auditor.cli.working import working
from auditor.errors import UsageError

app = new_app()
EXAMPLES = (
    "repro-audit variance train.py --metric 'accuracy=accuracy ([0-9.]+)' -- --epochs 5",
    "repro-audit variance train.py --predictions preds.csv --groups groups.csv",
    "repro-audit variance -m package.train --evaluate package.eval:predict --vary init,order,dropout",
    "repro-audit variance train.py --runs 20 --resume --executor slurm:gpu --store /shared/runs",
)
_WHAT, _HOW = "What", "How"


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
@with_output
def variance(
    context: typer.Context,
    script: ScriptArgument = None,
    module: ModuleOption = None,
    runs: Annotated[
        int, typer.Option("--runs", metavar="N", min=2, help="Replicas of each variant.", rich_help_panel=_WHAT)
    ] = 10,
    variants: Annotated[
        str | None,
        typer.Option("--variants", metavar="NAMES", help="Of algo, impl, both, control.", rich_help_panel=_WHAT),
    ] = None,
    vary: Annotated[
        str | None,
        typer.Option("--vary", metavar="SOURCES", help="Alone: init, order, augment, dropout.", rich_help_panel=_WHAT),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="NAME=REGEX",
            help="In the output; or FILE.json.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    predictions: Annotated[
        str | None,
        typer.Option("--predictions", metavar="FILE", help="It writes them: .npy .csv .json.", rich_help_panel=_WHAT),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", metavar="FILE", help="True classes of the test samples.", rich_help_panel=_HOW),
    ] = None,
    groups: Annotated[
        Path | None,
        typer.Option("--groups", metavar="FILE", help="Sub-group of each sample; a column each.", rich_help_panel=_HOW),
    ] = None,
    positive: Annotated[
        str | None,
        typer.Option("--positive", metavar="CLASS", help="Class of false positives.", rich_help_panel=_HOW),
    ] = None,
    evaluate: Annotated[
        str | None,
        typer.Option(
            "--evaluate", metavar="MODULE:FUNCTION", help="Call it with the trained module.", rich_help_panel=_WHAT
        ),
    ] = None,
    vary_seeds: Annotated[
        bool, typer.Option("--vary-seeds", help="Replace seeds that the program sets.", rich_help_panel=_HOW)
    ] = False,
    vary_all_seeds: Annotated[
        bool, typer.Option("--vary-all-seeds", help="Those of its own generators too.", rich_help_panel=_HOW)
    ] = False,
    probe: Annotated[
        str | None,
        typer.Option("--probe", metavar="KIND", help="one-ulp: also nudge one weight.", rich_help_panel=_HOW),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option("--threads", metavar="N", min=1, help="Where implementation noise is off.", rich_help_panel=_HOW),
    ] = None,
    jobs: JobsOption = None,
    executor: ExecutorOption = "local",
    needs: NeedsOption = "",
    retries: RetriesOption = 1,
    isolate: Annotated[
        str,
        typer.Option("--isolate", metavar="HOW", help="none, or copy: each run in a copy.", rich_help_panel=_HOW),
    ] = "none",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the last experiment.", rich_help_panel=_HOW)
    ] = False,
    no_weights: Annotated[
        bool, typer.Option("--no-weights", help="Keep digests only; no L2.", rich_help_panel=_HOW)
    ] = False,
    gradients: Annotated[
        bool, typer.Option("--gradients", help="Keep them for margin, up to 64M a replica.", rich_help_panel=_HOW)
    ] = False,
    timeout: TimeoutOption = None,
    python: PythonOption = None,
    ddof: Annotated[
        int,
        typer.Option("--ddof", min=0, max=1, help="1: deviations are divided by n - 1.", rich_help_panel=_HOW),
    ] = 0,
    artifact_compat: Annotated[
        bool,
        typer.Option("--artifact-compat", help="As the artifact of Zhuang et al.", rich_help_panel=_HOW),
    ] = False,
    store: StoreOption = None,
    *,
    output: Output,
) -> int:
    """Run a training many times and say how much of its spread comes from where.

    Variants: noise of seeds (algo) and of operators (impl), both, either, none; the program is not changed. Replicas
    are kept.
    """
    from auditor.runs.executor import parse_needs
    from auditor.services.executors import parse_jobs
    from auditor.services.replica_results import Sources
    from auditor.services.variance import VarianceOptions, measure_variance, parse_metrics, parse_variants

    command = program_command(script, module, program_after(context))
    check_python(python)
    check_word("--isolate", isolate, ("none", "copy"))
    check_word("--probe", probe or "one-ulp", ("one-ulp",))
    if evaluate is not None and not all(evaluate.partition(":")):
        raise UsageError(f"--evaluate {evaluate}: expected module:function")
    options = VarianceOptions(
        runs=runs,
        variants=parse_variants(words(variants) or (), nudge=probe is not None, sources=words(vary) or ()),
        sources=Sources(
            metrics=parse_metrics(metric or ()),
            predictions=predictions or "",
            labels=labels,
            evaluate=evaluate or "",
        ),
        groups=groups,
        positive=positive,
        threads=threads,
        vary="all" if vary_all_seeds else "global" if vary_seeds else "none",
        jobs=None if jobs is None else parse_jobs(jobs),
        executor=executor,
        needs=parse_needs(needs),
        retries=retries,
        isolate=isolate == "copy",
        timeout_s=timeout,
        python=python,
        keep_weights=not no_weights,
        keep_gradients=gradients,
        resume=resume,
        ddof=ddof,
        artifact=artifact_compat,
    )
    settings = settings_with(store)
    with working(output, choose_board) as progress:
        report = measure_variance(command, cwd=Path.cwd(), settings=settings, options=options, progress=progress)
    return deliver(report, output)
