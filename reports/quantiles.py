"""Quartiles of times."""

from collections.abc import Sequence

import numpy as np


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Give first quartile, median and third quartile, interpolated linearly (NumPy's default, Hyndman-Fan type 7)."""
    low, middle, high = np.quantile(np.asarray(values, float), [0.25, 0.5, 0.75])
    return float(low), float(middle), float(high)
