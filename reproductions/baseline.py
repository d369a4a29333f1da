"""What the network buys: its weights beside those of a proposal without one, in every report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from boltzmann_tf.reproduction import Context, weight_columns


def buys_table(
    context: Context, without: str, rows: Sequence[tuple[Mapping[str, Any], np.ndarray]]
) -> None:
    """The table "What the network buys".

    Args:
      context: of the report.
      without: what the proposal without a network is, for the caption.
      rows: columns of its own (the proposal, say, and T) and log-weights `[n]` of each row.
    """
    context.table(
        f"What the network buys: its weights beside those of {without}. A stated error means "
        "nothing where a diagnostic is marked",
        [dict(first) | weight_columns(log_weight) for first, log_weight in rows],
    )
