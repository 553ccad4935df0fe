"""A proof as the description of a pull request: the diff, what it was proven with, what it costs."""

from __future__ import annotations

import shlex

from auditor.model.proof import Need, PatchProof, Proof
from auditor.report.prose.proof import price_cell, price_lines, training_lines


def proof_section(proof: Proof) -> list[str]:
    """Return lines of GitHub-flavoured Markdown."""
    lines = [_escaped(reason) for reason in proof.reasons[1:]]
    shown = [patch for patch in proof.patches if patch.need in (Need.NEEDED, Need.UNKNOWN, Need.BREAKS)]
    if shown:
        rows = [_row(patch) for patch in shown]
        lines += ["", "| patch | what it does | without it | price alone |", "|---|---|---|---|", *rows]
    if proof.minimal:
        lines += ["", *(f"- Price: {_escaped(line)}" for line in price_lines(proof))]
        lines += [f"- Training: {_escaped(line)}" for line in training_lines(proof)[:1]]
    lines += [f"- Launcher: `{line} {shlex.join(proof.command)}`" for line in proof.launcher]
    lines += [f"- To do: {_escaped(line)}" for line in proof.advice]
    if proof.diff:
        fence = "```"
        while fence in proof.diff:
            fence += "`"
        lines += ["", f"{fence}diff", *proof.diff.rstrip("\n").split("\n"), fence]
    return lines


def _row(patch: PatchProof) -> str:
    cells = (f"`{patch.id}`", patch.title, f"{patch.need.value}: {patch.reason}", price_cell(patch.price))
    return "| " + " | ".join(_escaped(cell) if n else cell for n, cell in enumerate(cells)).replace("\n", " ") + " |"


def _escaped(text: str) -> str:
    """Text in which no character is markup, in a table cell as well."""
    return "".join(f"\\{character}" if character in "\\`*_<>[]#|" else character for character in text)
