"""Medians with their spread: on a shared machine a single figure says nothing."""
import statistics
from typing import Iterable, NamedTuple, Optional


class Spread(NamedTuple):
    """The median of some measurements with the least and the greatest."""

    median: float
    low: float
    high: float

    def text(self, digits: int = 2) -> str:
        return f"{self.median:,.{digits}f} ({self.low:,.{digits}f} – {self.high:,.{digits}f})"


def spread(values: Iterable[float]) -> Optional[Spread]:
    """The spread of `values`, or None if there are none."""
    values = list(values)
    if not values:
        return None
    return Spread(statistics.median(values), min(values), max(values))


def ratios(values: Iterable[float], bases: Iterable[float]) -> list:
    """Round by round ratios: disturbances that last longer than a round cancel out."""
    return [value / base for value, base in zip(values, bases) if base]


def verdict(value: Optional[float], target: float) -> str:
    """PASS if `value` is at or under `target`, else by how much it falls short."""
    if value is None:
        return "not measured"
    return "PASS" if value <= target else f"short by {100 * (value / target - 1):.0f} %"
