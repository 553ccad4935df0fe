"""Layers by their distance from the noise that they tolerate, for the divergence screen."""

from __future__ import annotations

from auditor.model.margin import MarginReport, MarginState
from auditor.report.prose.margin import layer_name, margin_text, summary
from auditor.report.prose.parameter_margin import growth_sentence
from auditor.tui.lines import Piece, Row, fit, labelled, row
from auditor.tui.signs import Signs

_SHOWN = 12
_NEAR = 3.0
"""Decades below which a margin is shown as a warning."""


def margin_rows(margins: MarginReport, width: int, signs: Signs) -> list[Row]:
    """The answer, a line a layer that differs (nearest first), how the nearest grows, and why nothing was accepted."""
    rows = labelled("margin", summary(margins).partition(": ")[2] or summary(margins), width)
    differing = [layer for layer in margins.layers if layer.state is not MarginState.IDENTICAL]
    name_width = max(min(width - 40, 28), 8)
    for layer in differing[:_SHOWN]:
        greatest = layer.greatest.rms if layer.greatest is not None else None
        size = f"{greatest:.1e}" if greatest else "?"
        near = layer.margin is None or layer.margin < _NEAR
        rows.append(
            row(
                "           " + fit(layer_name(layer, margins), name_width, signs.ellipsis) + f" {size:>9} rms  ",
                Piece(
                    margin_text(layer) + (" decades" if layer.margin is not None else ""),
                    "warning" if near else "plain",
                ),
            )
        )
    if len(differing) > _SHOWN:
        rows.append(row(Piece(f"           {len(differing) - _SHOWN} more", "muted")))
    if differing and differing[0].growth is not None:
        rows += labelled("", growth_sentence(layer_name(differing[0], margins), differing[0].growth), width)
    if margins.gradient_margin is not None:
        rows += labelled("", margins.gradients, width)
    for reason in margins.acceptance.reasons if margins.acceptance is not None else ():
        rows += labelled("", f"not accepted: {reason}", width, tone="warning")
    return [*rows, row()]
