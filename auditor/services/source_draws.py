"""What was drawn for which source of randomness: for the report, and to say where a variant had nothing to vary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.errors import UsageError
from auditor.experiments.variants import SOURCES, Variant, split_variant
from auditor.model.variance import DrawSite, SourceDraws, UndrawnSource
from auditor.runs.draws import Drawn, Draws, read_draws
from auditor.runs.replicas import DRAWS, Kept

SEEDED = "seeded by the program"
"""Why a generator of numpy or `random` of the program's own is held; what it draws is not seen."""

ENTROPY = ("os.urandom", "os.getrandom", "random.seed", "ssl.RAND_bytes")
_UNSEEN = "unseen"
_SHOWN = 3


def parse_sources(words: Sequence[str]) -> tuple[Variant, ...]:
    """Return the variant of each source; `init+order` varies two at once, `none` nothing. `UsageError` for others."""
    found = []
    for word in words:
        chosen = () if word == "none" else tuple(word.split("+"))
        unknown = [name for name in chosen if name not in SOURCES]
        if unknown:
            raise UsageError(f"--vary: there is no source `{unknown[0]}`; there are {', '.join(SOURCES)} and none")
        found.append(split_variant(chosen))
    return tuple(dict.fromkeys(found))


def source_draws(draws: Draws | None) -> tuple[SourceDraws, ...]:
    """Draws by source and line, all processes together; `None` for no replica gives nothing."""
    if draws is None:
        return ()
    rows: dict[str, dict[tuple[str, str, str], int]] = {}
    for one in draws.drawn:
        row = rows.setdefault(one.source, {})
        key = (one.call, one.place, one.held)
        row[key] = row.get(key, 0) + one.draws
    known = [*SOURCES, "workers", _UNSEEN]
    return tuple(
        SourceDraws(source=source, draws=sum(rows[source].values()), sites=_sites(rows[source]))
        for source in sorted(rows, key=known.index)
    )


def _sites(row: Mapping[tuple[str, str, str], int]) -> tuple[DrawSite, ...]:
    ordered = sorted(row.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple(DrawSite(call=call, place=place, draws=draws, held=held) for (call, place, held), draws in ordered)


def undrawn(variant: Variant, draws: Draws) -> UndrawnSource | None:
    """Say why a variant has nothing to vary; None where it has."""
    sources = variant.sources or ()
    own = [one for one in draws.drawn if one.source in sources]
    if any(not one.held for one in own):
        return None
    reasons = [f"nothing drew for {' or '.join(sources)}"]
    if own:
        reasons = [f"nothing drew for {' or '.join(sources)} but {_held(own)}"]
    if any(one.source == _UNSEEN for one in draws.drawn):
        reasons.append("compiled or native code drew unseen")
    hidden = [one for one in draws.drawn if one.held == SEEDED or one.call in ENTROPY]
    if hidden:
        places = list(dict.fromkeys(f"{one.call} at {one.place or 'an unknown line'}" for one in hidden))
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        reasons.append(f"what generators of the program's own draw is not seen: {places[0]}{more}")
    if draws.problems:
        reasons.append(f"draws may be missing: {draws.problems[0]}")
    return UndrawnSource(variant=variant.name, reason="; ".join(reasons), certain=not own and len(reasons) == 1)


def undrawn_in(variant: Variant, kept: Kept) -> UndrawnSource | None:
    """The same, from what a replica left; None for variants that vary no single source."""
    return undrawn(variant, read_draws(kept.folder / DRAWS)) if variant.sources else None


def first_draws(kept: Mapping[Variant, Sequence[Kept]]) -> dict[Variant, Draws]:
    """What the first replica of each variant with split generators drew."""
    return {
        variant: read_draws(found[0].folder / DRAWS)
        for variant, found in kept.items()
        if variant.sources is not None and found
    }


def draw_warnings(split: Mapping[Variant, Draws]) -> list[str]:
    """What speaks against the figures of variants of single sources, given the draws of one replica of each."""
    told = []
    for variant, draws in split.items():
        own = [one for one in draws.drawn if one.source in (variant.sources or ())]
        held = [one for one in own if one.held]
        if held and len(held) < len(own):
            told.append(f"{variant.name}: the same in all replicas although it belongs to it: {_held(held)}.")
    problems = dict.fromkeys(problem for draws in split.values() for problem in draws.problems)
    told += [f"Draws may be missing, or be counted for another source: {problem}" for problem in problems]
    unseen = sorted({one.call for draws in split.values() for one in draws.drawn if one.source == _UNSEEN})
    if unseen:
        told.append(
            f"Compiled or native code drew from the generator of {' and of '.join(unseen)} where no call was seen. "
            "What it drew is the same in all split replicas, and belongs to no source."
        )
    return told


def _held(drawn: Sequence[Drawn]) -> str:
    """`torch.randperm at train.py:20 (from a generator of the program's own)`, and what would vary them."""
    places = list(dict.fromkeys(f"{one.call} at {one.place or 'an unknown line'} ({one.held})" for one in drawn))
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    own = any("generator of the program's own" in one.held for one in drawn)
    return f"{', '.join(places[:_SHOWN])}{more}{'; --vary-all-seeds lets torch generators take part' if own else ''}"
