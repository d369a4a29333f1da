"""A number held against what it should be, with the rule that decides."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from boltzmann_tf._support.checks import choice, instance
from boltzmann_tf.reproduction.diagnostics import Diagnostic, recognise

__all__ = ["REFERENCE_KINDS", "Metric", "ReferenceKind", "to_json"]

ReferenceKind = Literal["exact", "published", "simulation"]
REFERENCE_KINDS: tuple[str, ...] = ("exact", "published", "simulation")

# A bound (an entropy, a log Z) is known exactly; only the rule is one-sided.
_SYNONYMS = {"bound": "exact"}


@dataclasses.dataclass(frozen=True)
class Metric:
    """One number of a reproduction and whether it is where it should be.

    Use the constructors `close`, `at_most`, `at_least`, `within` and `within_errors`: they derive
    `passed` and `rule`. A value that is NaN or infinite never passes.

    Attributes:
      name: what is measured, with its unit where it has one.
      value: the measured number.
      standard_error: of `value`, or None where it has none.
      reference: the number to hold it against, or None for a rule that needs none.
      reference_kind: where `reference` comes from: "exact" (a closed form, quadrature or a
        bound), "published" or "simulation".
      source: the formula, file or paper behind `reference`.
      tolerance: the largest accepted |value - reference|, or the limit of a one-sided rule; None
        if the rule could not be applied.
      passed: whether `value` obeys `rule`.
      rule: the rule in words.
      justification: why the tolerance is what it is; written before the value is seen.
      diagnostics: of the samples behind `value`, each from `diagnose`, by what it is of. They take
        no part in `passed`; where one is beyond its limit, the report marks the number.

    Examples:
      >>> from boltzmann_tf.reproduction import Metric
      >>> metric = Metric.close("log Z", 1.96, 1.9587, 0.01, justification="noise")
      >>> metric.passed, metric.rule
      (True, '|value - 1.9587| <= 0.01')
    """

    name: str
    value: float
    standard_error: float | None = None
    reference: float | None = None
    reference_kind: str = "exact"
    source: str = ""
    tolerance: float | None = None
    passed: bool = False
    rule: str = ""
    justification: str = ""
    diagnostics: Mapping[str, Diagnostic] = dataclasses.field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ValueError(f"name must be a non-empty text, got {self.name!r}")
        kind = _SYNONYMS.get(self.reference_kind, self.reference_kind)
        set_field = object.__setattr__  # the one place where a frozen instance is written
        set_field(self, "reference_kind", choice("reference_kind", kind, REFERENCE_KINDS))
        set_field(self, "value", _number("value", self.value))
        for name in ("standard_error", "reference", "tolerance"):
            value = getattr(self, name)
            set_field(self, name, None if value is None else _number(name, value))
        set_field(self, "passed", bool(self.passed) and math.isfinite(self.value))
        set_field(self, "diagnostics", dict(instance("diagnostics", self.diagnostics, Mapping)))
        for found in self.diagnostics.values():
            instance("diagnostics", found, Diagnostic)

    @property
    def marks(self) -> dict[str, Diagnostic]:
        """Diagnostics beyond their limits, the value itself if its name says that it is one."""
        own = recognise(self.name, self.value)
        found = {self.name: own} if isinstance(own, Diagnostic) else {}
        return {of: d for of, d in (found | dict(self.diagnostics)).items() if not d.good}

    @classmethod
    def close(
        cls, name: str, value: float, reference: float, tolerance: float, **details: Any
    ) -> Metric:
        """Passes when |value - reference| <= tolerance.

        Args:
          name: what is measured.
          value: the measured number.
          reference: the number it should be.
          tolerance: > 0, in the unit of `value`.
          **details: `standard_error`, `reference_kind`, `source`, `justification`, `diagnostics`.
        """
        tolerance = _limit("tolerance", tolerance, positive=True)
        reference = _number("reference", reference)
        return cls(
            name=name,
            value=value,
            reference=reference,
            tolerance=tolerance,
            passed=_inside(value, reference - tolerance, reference + tolerance),
            rule=f"|value - {reference:.5g}| <= {tolerance:.4g}",
            **details,
        )

    @classmethod
    def at_most(cls, name: str, value: float, limit: float, **details: Any) -> Metric:
        """Passes when value <= limit; `details` as in `close`, and `reference`."""
        limit = _limit("limit", limit)
        return cls(
            name=name,
            value=value,
            tolerance=limit,
            passed=_inside(value, -math.inf, limit),
            rule=f"value <= {limit:.5g}",
            **details,
        )

    @classmethod
    def at_least(cls, name: str, value: float, limit: float, **details: Any) -> Metric:
        """Passes when value >= limit; `details` as in `close`, and `reference`."""
        limit = _limit("limit", limit)
        return cls(
            name=name,
            value=value,
            tolerance=limit,
            passed=_inside(value, limit, math.inf),
            rule=f"value >= {limit:.5g}",
            **details,
        )

    @classmethod
    def within(cls, name: str, value: float, low: float, high: float, **details: Any) -> Metric:
        """Passes when low <= value <= high; the reference is the middle, `details` as in `close`.

        The tolerance is half the width, so that |value - reference| <= tolerance here too.
        """
        low, high = _limit("low", low), _limit("high", high)
        if low >= high:
            raise ValueError(f"low must be less than high, got {low!r} and {high!r}")
        return cls(
            name=name,
            value=value,
            reference=(low + high) / 2,
            tolerance=(high - low) / 2,
            passed=_inside(value, low, high),
            rule=f"{low:.5g} <= value <= {high:.5g}",
            **details,
        )

    @classmethod
    def within_errors(
        cls,
        name: str,
        value: float,
        standard_error: float,
        reference: float,
        errors: float = 3.0,
        **details: Any,
    ) -> Metric:
        """Passes when |value - reference| <= errors * standard_error.

        The tolerance follows from the data: an error that is not a positive number is a failure
        of the metric, not of the run.

        Args:
          name: what is measured.
          value: the measured number.
          standard_error: the stated error of `value`.
          reference: the number it should be.
          errors: accepted distance in standard errors, > 0.
          **details: `reference_kind`, `source`, `justification`, `diagnostics`.
        """
        errors = _limit("errors", errors, positive=True)
        reference = _number("reference", reference)
        error = _number("standard_error", standard_error)
        tolerance = errors * error if math.isfinite(error) and error > 0 else None
        return cls(
            name=name,
            value=value,
            standard_error=error,
            reference=reference,
            tolerance=tolerance,
            passed=tolerance is not None
            and _inside(value, reference - tolerance, reference + tolerance),
            rule=f"|value - {reference:.5g}| <= {errors:g} standard errors",
            **details,
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields by name, as `metrics.json` holds them; no `diagnostics` if none."""
        fields = dataclasses.asdict(self)
        return fields if self.diagnostics else {k: fields[k] for k in fields if k != "diagnostics"}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Metric:
        """Returns the metric of `to_dict`, also after JSON, which holds no NaN."""
        value = math.nan if fields["value"] is None else fields["value"]
        found = fields.get("diagnostics", {})
        diagnostics = {of: Diagnostic(**parts) for of, parts in found.items()}
        return cls(**{**fields, "value": value, "diagnostics": diagnostics})


def _number(name: str, value: Any) -> float:
    """Returns a scalar as a float; NaN and infinity are allowed, they are what a bad run gives."""
    if np.ndim(value) != 0:
        raise ValueError(f"{name} must be a single number, got shape {np.shape(value)}")
    try:
        if isinstance(value, str | bytes):
            raise TypeError
        return float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name} must be a number, got {value!r} of type {type(value).__name__}"
        ) from error


def _limit(name: str, value: Any, *, positive: bool = False) -> float:
    number = _number(name, value)
    if not math.isfinite(number) or (positive and number <= 0):
        wanted = "a positive finite number" if positive else "a finite number"
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return number


def _inside(value: Any, low: float, high: float) -> bool:
    number = _number("value", value)
    # Every comparison with NaN is false, so a NaN value or reference fails by itself.
    return math.isfinite(number) and low <= number <= high


def _plain(value: Any) -> Any:
    """Returns `value` in JSON's own types, non-finite numbers as None."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Metric):
        return _plain(value.to_dict())
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)


def to_json(content: Any) -> str:
    """Returns `content` as strict JSON: NaN and infinities, which JSON lacks, become null."""
    return json.dumps(_plain(content), indent=2, allow_nan=False, ensure_ascii=False) + "\n"
