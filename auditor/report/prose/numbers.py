"""Numbers as people read them: grouped, with units, with intervals."""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.model.overhead import Interval


def count(number: int, singular: str, plural: str | None = None) -> str:
    """`1 file`, `1,204 files`; the plural is given where it is not formed with s."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def short_count(number: int) -> str:
    """`412`, `38,100`, `10.4 M`, `2.1 G`."""
    for limit, unit in ((10**9, "G"), (10**6, "M")):
        if number >= limit:
            return f"{number / limit:.1f} {unit}"
    return f"{number:,}"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 12 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(number: float) -> str:
    """`812 B`, `1.4 kB`, `3.2 GB`; powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} B" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def share(value: float) -> str:
    """`95 %`; never `0 %` or `100 %` where that is not exactly so."""
    whole = round(100 * value)
    if whole in (0, 100) and value not in (0, 1):
        return "< 1 %" if whole == 0 else "> 99 %"
    return f"{whole} %"


def percent(part: int, whole: int) -> str:
    """`5.7 %`; never `0 %` or `100 %` where that is not exactly so."""
    if not whole:
        return "none"
    text = f"{100 * part / whole:.1f}"
    if text == "0.0" and part:
        text = "< 0.1"
    if text == "100.0" and part < whole:
        text = "> 99.9"
    return f"{text.removesuffix('.0')} %"


def between(interval: Interval, scale: float = 1.0, digits: int = 2) -> str:
    """`1.35–1.42`."""
    return f"{interval.low * scale:.{digits}f}–{interval.high * scale:.{digits}f}"


def real(value: float) -> str:
    """Three significant digits: `1.19e-07`, `0.25`, `3`."""
    return f"{value:.3g}"


def p_value(value: float) -> str:
    """`0.012`, `< 0.001`."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
