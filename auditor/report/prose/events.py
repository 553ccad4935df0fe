"""A trace for people: one event a line."""

from __future__ import annotations

from auditor.model.trace import TraceEvent
from auditor.report.prose.page import Page
from auditor.report.prose.place import place
from auditor.report.prose.tensors import describe, event_name


def add_event(page: Page, event: TraceEvent) -> None:
    """Add `process index step phase op  tensors  module  line`."""
    identity = event.identity
    tensors = " ".join(
        f"{describe(tensor)} {tensor.note or 'no digest' if tensor.digest is None else f'{tensor.digest:016x}'}"
        for tensor in event.tensors[:3]
    )
    more = f" +{len(event.tensors) - 3}" if len(event.tensors) > 3 else ""
    page.add(
        f"{event.process} {event.index:>7} {identity.step:>5} {identity.phase.value:<9} {event_name(event):<32} "
        f"{tensors}{more}  {identity.module or '-'}  {place(event.site) if event.site else '-'}"
    )
