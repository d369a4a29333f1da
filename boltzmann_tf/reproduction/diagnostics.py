"""Diagnostics as they stand in a report: each with its limit, and marked where it is beyond it."""

from __future__ import annotations

import dataclasses
import math
import re
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import choice, instance, positive_int

__all__ = ["DIAGNOSTICS", "Diagnostic", "chain_columns", "diagnose", "recognise", "weight_columns"]


@dataclasses.dataclass(frozen=True)
class _Kind:
    """How a diagnostic is written and judged.

    Attributes:
      digits: format of the value.
      limit: of what is judged.
      highest: whether `limit` is the largest that is good; the smallest otherwise.
      judged: what is judged, where that is another number; follows from the value and n.
    """

    digits: str
    limit: float
    highest: bool
    judged: str = ""


# R-hat and the 400 samples: Vehtari et al., Bayesian Analysis 16, 667 (2021). k-hat: the same,
# JMLR 25(72) (2024).
_ENOUGH = 400.0
_KINDS = {
    "R-hat": _Kind(".3f", 1.01, highest=True),
    "k-hat": _Kind(".2f", 0.7, highest=True),
    "effective samples": _Kind(",.0f", _ENOUGH, highest=False),
    "ESS fraction": _Kind(".3g", _ENOUGH, highest=False, judged="effective samples"),
    "autocorrelation time": _Kind(".1f", _ENOUGH, highest=False, judged="effective samples"),
}
DIAGNOSTICS = tuple(_KINDS)


@dataclasses.dataclass(frozen=True)
class Diagnostic:
    """A number of a report with its verdict.

    Attributes:
      text: the number.
      limit: in words.
      good: whether it is within the limit; a NaN is not.
      judged: what was held against the limit, where that is another number.
    """

    text: str
    limit: str
    good: bool
    judged: str = ""

    def __str__(self) -> str:
        """The number, and the limit where it is beyond it."""
        if self.good:
            return self.text
        here = f", {self.judged} here" if self.judged else ""
        return f"{self.text} (limit: {self.limit}{here})"


def diagnose(kind: str, value: float, *, n: int | None = None) -> Diagnostic:
    """Writes a diagnostic and marks it where it is beyond its limit.

    R-hat is to be at most 1.01, k-hat at most 0.7, effective samples at least 400; an effective
    fraction is judged by the effective samples of n, a time by the independent ones among n draws.

    Args:
      kind: "R-hat", "k-hat", "effective samples", "ESS fraction" or "autocorrelation time".
      value: its number.
      n: samples or draws that it is of; for the last two kinds.

    Returns:
      what `Context.table` shows.

    Examples:
      >>> from boltzmann_tf.reproduction import diagnose
      >>> print(diagnose("k-hat", 1.05))
      1.05 (limit: at most 0.7)
    """
    how = _KINDS[choice("kind", kind, _KINDS)]
    value = judged = float(value)
    if how.judged:
        n = positive_int("n", n)
        judged = value * n if kind == "ESS fraction" else n / value if value > 0 else math.nan
    good = judged <= how.limit if how.highest else judged >= how.limit
    limit = f"at {'most' if how.highest else 'least'} {how.limit:g}"
    if not how.judged:
        return Diagnostic(format(value, how.digits), limit, good)
    return Diagnostic(
        format(value, how.digits), f"{how.judged} {limit}", good, judged=f"{judged:,.0f}"
    )


# The last words of a name; the two kinds that need the number of samples are not among them.
_NAMED = re.compile(r"(?:^|[\s:,])(R-hat|k-hat|effective samples)(?: of [^:,]+)?$")


def recognise(name: str, value: Any) -> Any:
    """Judges a number that bears the name of a diagnostic, however it was written.

    Args:
      name: of a column or a metric, say "R-hat of u".
      value: what stands there.

    Returns:
      a number, or a text that is one, as a `Diagnostic`; anything else as it is.
    """
    named = _NAMED.search(name)
    if named is None or isinstance(value, Diagnostic | bool):
        return value
    try:
        found = diagnose(
            named[1], float(value.replace(",", "") if isinstance(value, str) else value)
        )
    except (TypeError, ValueError):
        return value
    return dataclasses.replace(found, text=value) if isinstance(value, str) else found


def weight_columns(log_weight: np.ndarray, *, offset: float = 0.0) -> dict[str, Any]:
    """Columns of a table: what weights say of themselves, each marked where it is beyond its limit.

    Args:
      log_weight: `[n]`.
      offset: subtracted from log Z.

    Returns:
      effective fraction, k-hat, and log Z with its error.
    """
    from boltzmann_tf import estimators  # with SciPy, which listing studies does not need

    with warnings.catch_warnings():
        # The table marks what the warning would say.
        warnings.simplefilter("ignore", estimators.CalibrationWarning)
        log_z = estimators.log_z(log_weight)
    return {
        "ESS fraction": diagnose(
            "ESS fraction", estimators.ess_fraction(log_weight), n=len(log_weight)
        ),
        "Pareto k-hat": diagnose("k-hat", estimators.pareto_k(log_weight)),
        "log Z": f"{log_z._replace(value=log_z.value - offset):.4f}",
    }


def chain_columns(chains: Any, observables: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Columns of a table: how Markov chains fared, each marked where it is beyond its limit.

        chains = sampling.metropolis(system, start, n_steps=8000, burn_in=1000)
        context.table("Metropolis", [chain_columns(chains, {"u": -chains.log_prob})])

    Args:
      chains: `sampling.Chains`, of a walk.
      observables: name -> values at all draws, `[chains, draws]`.

    Returns:
      acceptance and step, then R-hat and effective samples of each observable.
    """
    if not callable(getattr(chains, "diagnostics", None)):
        raise TypeError(f"chains must be sampling.Chains, got {chains!r}")
    row: dict[str, Any] = {
        "acceptance": f"{chains.acceptance.mean():.2f}",
        "step": f"{chains.step_size:.3g}",
    }
    for name, values in instance("observables", observables, Mapping).items():
        found = chains.diagnostics(values)
        row[f"R-hat of {name}"] = diagnose("R-hat", found["r_hat"])
        row[f"effective samples of {name}"] = diagnose("effective samples", found["ess"])
    return row
