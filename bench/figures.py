"""Figures: percentiles and medians, printed the same way everywhere."""

import statistics
from collections.abc import Sequence


def percentiles(seconds: Sequence[float]) -> list[float]:
    """p50, p95 and p99 in milliseconds; empty input gives NaN."""
    ordered = sorted(seconds)
    if not ordered:
        return [float("nan")] * 3
    return [1000 * ordered[min(int(len(ordered) * share), len(ordered) - 1)] for share in (0.50, 0.95, 0.99)]


def median_of(rows: Sequence[Sequence[float]]) -> list[float]:
    """Column by column."""
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):8.1f}  ({min(values):.1f} - {max(values):.1f})"


def ms(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.1f}" for value in values) + " ms"
