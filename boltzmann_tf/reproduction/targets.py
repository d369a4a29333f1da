"""What a study is judged by: metrics that share a label, a source and a reason.

One rule holds for all studies. A single number, at a fixed seed, is to lie within three standard
errors. Of several numbers (a table, bins, a family of temperatures) the largest deviation is held
to what the largest of so many exceeds in one of a thousand runs (`family_limit`): three errors of
each would sound an alarm in one of eight runs of fifty numbers that are all right.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import instance, positive, positive_int
from boltzmann_tf._support.series import Series
from boltzmann_tf.reproduction.context import Context
from boltzmann_tf.reproduction.metrics import Metric

__all__ = ["ERRORS", "FALSE_ALARM", "TARGET", "Targets", "family_limit"]

ERRORS = 3.0  # within which a single number lies
FALSE_ALARM = 1e-3  # of a whole family
TARGET = "a target set before any run"


def family_limit(k: int, false_alarm: float = FALSE_ALARM) -> float:
    """Errors that the largest of `k` deviations exceeds in a share `false_alarm` of all runs.

    Of independent normal ones; of correlated ones it does so less often.

    Args:
      k: how many.
      false_alarm: of the whole family, in (0, 1).
    """
    positive_int("k", k)
    if not 0 < positive("false_alarm", false_alarm) < 1:
        raise ValueError(f"false_alarm must be in (0, 1), got {false_alarm!r}")
    each = -np.expm1(np.log1p(-false_alarm) / k)
    return -NormalDist().inv_cdf(0.5 * float(each))


@dataclasses.dataclass(frozen=True)
class Targets:
    """Adds metrics to a report.

        targets = Targets(context, source="quadrature, boltzmann_tf.exact")
        targets.close("log Z", estimators.log_z(w), exact.log_z(1.0), 0.01, headline=True)
        targets.at_least("ESS fraction", ess, 0.4)
        targets.agree("energy, largest |deviation| in errors", generator, exact_energy)

    What is wider in preset quick is said here alone: tolerances and upper limits are multiplied by
    `Context.wide`, lower limits divided; with `slack`, the distance from a limit that stays is
    multiplied. `widened=False` leaves a limit as it is.

    Attributes:
      context: of the report.
      label: before the names of the metrics.
      source: of the references.
      reference_kind: "exact", "published" or "simulation".
      why: the reason of the tolerances.
    """

    context: Context
    label: str = ""
    source: str = ""
    reference_kind: str = "exact"
    why: str = TARGET

    def __post_init__(self) -> None:
        instance("context", self.context, Context)

    def of(self, label: str | None = None, **others: Any) -> Targets:
        """The same with another label, source, kind of reference or reason."""
        return dataclasses.replace(self, label=self.label if label is None else label, **others)

    def close(
        self,
        name: str,
        value: Any,
        reference: Any,
        tolerance: float,
        *,
        widened: bool = True,
        headline: bool = False,
        **details: Any,
    ) -> Metric:
        """|value - reference| <= tolerance.

        Args:
          name: of the metric, after the label.
          value: a number, or an estimate with its error.
          reference: a number, or an estimate, whose error says nothing here.
          tolerance: in the unit of the value.
          widened: whether preset quick allows twice as much.
          headline: whether the index shows it.
          **details: of the `Metric`, in the place of what is shared.
        """
        limits = _parted(reference)[0], tolerance * self._wide(widened=widened)
        details = self._said(widened=widened) | details
        return self._judge(Metric.close, name, value, *limits, headline=headline, **details)

    def at_most(
        self,
        name: str,
        value: Any,
        limit: float,
        *,
        slack: float | None = None,
        widened: bool = True,
        headline: bool = False,
        **details: Any,
    ) -> Metric:
        """Value <= limit, or <= limit + slack; other arguments as of `close`."""
        wide = self._wide(widened=widened)
        limit = limit * wide if slack is None else limit + slack * wide
        details = self._said(widened=widened) | details
        return self._judge(Metric.at_most, name, value, limit, headline=headline, **details)

    def at_least(
        self,
        name: str,
        value: Any,
        limit: float,
        *,
        slack: float | None = None,
        widened: bool = True,
        headline: bool = False,
        **details: Any,
    ) -> Metric:
        """Value >= limit, or >= limit - slack; other arguments as of `close`."""
        wide = self._wide(widened=widened)
        limit = limit / wide if slack is None else limit - slack * wide
        details = self._said(widened=widened) | details
        return self._judge(Metric.at_least, name, value, limit, headline=headline, **details)

    def within(
        self,
        name: str,
        value: Any,
        low: float,
        high: float,
        *,
        headline: bool = False,
        **details: Any,
    ) -> Metric:
        """Low <= value <= high, the same in both presets."""
        details = self._said(widened=False) | details
        return self._judge(Metric.within, name, value, low, high, headline=headline, **details)

    def within_errors(
        self, name: str, value: Any, reference: Any, *, headline: bool = False, **details: Any
    ) -> Metric:
        """Within three standard errors of the reference, combined ones where it has an error too.

        Args:
          name: of the metric, after the label.
          value: an estimate with its error.
          reference: a number, or another estimate.
          headline: whether the index shows it.
          **details: of the `Metric`.
        """
        (number, error), (known, spread) = _parted(value), _parted(reference)
        if error is None:
            raise ValueError(f"value of {name!r} must be an estimate with an error, got {value!r}")
        details = self._said(widened=False) | {"justification": "three standard errors"} | details
        if spread is None:
            limits = error, known, ERRORS
            rule = Metric.within_errors
            return self._judge(rule, name, number, *limits, headline=headline, **details)
        metric = Metric.within_errors(
            self._named(name), number, float(np.hypot(error, spread)), known, ERRORS, **details
        )
        # What is shown beside the value is its own error.
        said = metric.rule.replace("standard errors", "combined standard errors")
        metric = dataclasses.replace(metric, standard_error=error, rule=said)
        return self.context.add(metric, headline=headline)

    def agree(
        self,
        name: str,
        found: Series | Sequence[tuple[Series, Any]],
        reference: Any = None,
        *,
        headline: bool = False,
        **details: Any,
    ) -> Metric:
        """The largest deviation of a family in standard errors, held to `family_limit`.

        Args:
          name: of the metric, after the label, in full.
          found: a series; or pairs of a series and its reference, which are one family.
          reference: another series at the same x (combined errors), an array or a function.
          headline: whether the index shows it.
          **details: of the `Metric`.
        """
        pairs = [(found, reference)] if isinstance(found, Series) else list(found)
        scores = np.concatenate([series.scores(known) for series, known in pairs])
        return self.scores(name, scores, headline=headline, **details)

    def scores(self, name: str, scores: Any, *, headline: bool = False, **details: Any) -> Metric:
        """The largest of given |deviations| in standard errors, `[k]`, held as in `agree`."""
        scores = np.abs(np.asarray(scores, np.float64)).ravel()
        k = len(scores)
        if not k:
            raise ValueError(f"scores of {name!r} must hold at least one, got none")
        why = "three standard errors"
        if k > 1:
            why = f"the largest of {k}: a false alarm in {FALSE_ALARM:.1%} of runs if independent"
        details = self._said(widened=False) | {"justification": why} | details
        # NaN, an error that is none, must come through: `max` would lose it.
        worst, limit = float(np.max(scores)), ERRORS if k == 1 else family_limit(k)
        return self._judge(Metric.at_most, name, worst, limit, headline=headline, **details)

    def stated(
        self,
        name: str,
        found: Series | Sequence[Series],
        limit: float,
        *,
        relative: bool = False,
        **details: Any,
    ) -> Metric:
        """The largest stated error of one or several series; arguments else as of `at_most`.

        Args:
          name: of the metric, after the label, in full.
          found: what states them.
          limit: in preset paper.
          relative: whether errors are divided by the values.
          **details: as of `at_most`.
        """
        each = [found] if isinstance(found, Series) else list(found)
        errors = []
        for series in each:
            if series.error is None:
                raise ValueError(f"{series.label!r} must have errors to be held, got none")
            errors.append(series.error / (np.abs(series.value) if relative else 1.0))
        return self.at_most(name, float(np.max(np.concatenate(errors))), limit, **details)

    def _wide(self, *, widened: bool) -> float:
        return self.context.wide if widened else 1.0

    def _said(self, *, widened: bool) -> dict[str, Any]:
        why = f"{self.why}; quick: twice as wide" if widened else self.why
        shared = {"reference_kind": self.reference_kind, "source": self.source}
        return shared | {"justification": why}

    def _judge(
        self,
        rule: Callable[..., Metric],
        name: str,
        value: Any,
        *limits: float,
        headline: bool,
        **details: Any,
    ) -> Metric:
        """Adds the metric of a rule; an estimate's error goes with it."""
        number, error = _parted(value)
        if error is not None:
            details = {"standard_error": error} | details
        metric = rule(self._named(name), number, *limits, **details)
        return self.context.add(metric, headline=headline)

    def _named(self, name: str) -> str:
        return f"{self.label}: {name}" if self.label else name


def _parted(value: Any) -> tuple[float, float | None]:
    """A number and its error; None for one without."""
    if np.ndim(value) == 0:
        return value, None
    number, error = value
    return number, error
