"""The median over networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["median"]


def median(values: Sequence[float]) -> float:
    """Median, NaN if any value is."""
    return float(np.median(np.asarray(values, np.float64)))
