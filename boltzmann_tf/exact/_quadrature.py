"""Composite Gauss-Legendre nodes and sums of exponentials over groups of nodes."""

from __future__ import annotations

import numpy as np

__all__ = ["composite_nodes", "grouped_logsumexp"]

_ORDER = 16
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(_ORDER)


def composite_nodes(edges: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes of order 16 on every bin, cut into panels no wider than `width`.

    A function that is analytic inside every bin is integrated to machine precision once a panel
    is a few of its length scales wide; kinks are met by putting an edge on them.

    Args:
      edges: [n + 1], increasing.
      width: largest panel width.

    Returns:
      nodes [m], log of the weights [m], and first node of each bin [n].
    """
    widths = np.diff(edges)
    counts = np.maximum(1, np.ceil(widths / width).astype(np.int64))
    bin_of_panel = np.repeat(np.arange(widths.size), counts)
    first_panel = np.concatenate([[0], np.cumsum(counts)[:-1]])
    index = np.arange(bin_of_panel.size) - first_panel[bin_of_panel]
    panel_width = (widths / counts)[bin_of_panel]
    centre = edges[:-1][bin_of_panel] + (index + 0.5) * panel_width
    nodes = centre[:, None] + 0.5 * panel_width[:, None] * _NODES
    log_weights = np.log(0.5 * panel_width)[:, None] + np.log(_WEIGHTS)
    return nodes.ravel(), log_weights.ravel(), first_panel * _ORDER


def grouped_logsumexp(
    log_terms: np.ndarray, values: np.ndarray, first: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Log of the sum, and the weighted mean of `values`, of consecutive groups of terms.

    Args:
      log_terms: [m] logs of non-negative terms; -inf is a term of zero.
      values: [m]; where the term is zero its value is not looked at, so it may be infinite.
      first: [n] index of the first term of each group, increasing.

    Returns:
      log sums [n] (-inf for an empty sum) and means [n] (NaN for an empty sum).
    """
    top = np.maximum.reduceat(log_terms, first)
    shift = np.where(np.isfinite(top), top, 0.0)
    sizes = np.diff(np.append(first, log_terms.size))
    terms = np.exp(log_terms - np.repeat(shift, sizes))
    total = np.add.reduceat(terms, first)
    moment = np.add.reduceat(terms * np.where(terms > 0, values, 0.0), first)
    with np.errstate(divide="ignore", invalid="ignore"):
        return shift + np.log(total), moment / total
