"""A quantity over a parameter from one source, and how each source looks in every figure."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import positive_int

__all__ = ["SOURCES", "Series"]

# Style of `Axes.plot` and colour: the same source looks the same in all figures. What is not here
# is a line, or dots where it has errors, in the next colour of the palette.
SOURCES: dict[str, tuple[str, str]] = {
    "exact": ("-", "black"),
    "mean field": ("--", "black"),
    "published": ("v--", "grey"),
    "umbrella sampling": ("o", "black"),
    "Monte Carlo": ("x", "red"),
    "generator": ("o", "blue"),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Series:
    """Values over a parameter from one source: "exact", "Monte Carlo", "generator", ...

        exact = Series.of("exact", temperatures, torus.energy)
        found = Series.over("generator", measured, "averages.energy")
        found - exact                     # the same errors, values less the exact ones

    Attributes:
      source: where the values come from; it decides the look (`SOURCES`).
      x: the parameter, `[n]`.
      value: `[n]`.
      error: one standard deviation of each, `[n]`; None for values without errors.
      kind: what it is of, where one source has several in a panel ("L = 4"); it decides the colour.
      style: of `Axes.plot`, for another look than the source's.
      color: a name of `plotting.COLORS`, likewise.
      width: of lines, in points.
      size: of markers, in points.
      alpha: opacity.
      named: whether the legend names it.
    """

    source: str
    x: Any  # given as any sequence; an array from then on, as the two that follow
    value: Any
    error: Any = None
    kind: str = ""
    style: str = ""
    color: str = ""
    width: float | None = None
    size: float | None = None
    alpha: float | None = None
    named: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.source, str) or not self.source.strip():
            raise ValueError(f"source must be a non-empty text, got {self.source!r}")
        for name in ("x", "value", "error"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, np.asarray(given))
        columns = [self.x, self.value] + ([] if self.error is None else [self.error])
        shapes = [column.shape for column in columns]
        if any(len(shape) != 1 for shape in shapes) or len(set(shapes)) > 1:
            raise ValueError(
                f"x, value and error of {self.label!r} must be of one length [n], got shapes "
                f"{shapes}"
            )

    @classmethod
    def over(
        cls,
        source: str,
        found: Mapping[float, Any],
        of: str | Callable[[Any], Any] | None = None,
        **look: Any,
    ) -> Series:
        """Of a mapping from the parameter to what was found there.

        Args:
          source: where it comes from.
          found: parameter -> result, in the order to be drawn.
          of: what of the result: the name of an attribute ("log_z", "averages.energy"), or a
            function of it, which gives a number, or a pair of a number and its error (an
            `Estimate`). None where the results are such.
          **look: the other attributes.
        """
        if not found:
            raise ValueError(f"found must hold at least one result of {source!r}, got none")
        taken = operator.attrgetter(of) if isinstance(of, str) else of
        each = [item if taken is None else taken(item) for item in found.values()]
        if all(np.ndim(item) == 0 for item in each):
            return cls(source, np.array(list(found)), np.array(each, np.float64), **look)
        value, error = np.array([tuple(item) for item in each], np.float64).T
        return cls(source, np.array(list(found)), value, error, **look)

    @classmethod
    def of(cls, source: str, x: Any, function: Callable[[float], float], **look: Any) -> Series:
        """Of a function, evaluated at each x."""
        x = np.asarray(x)
        return cls(source, x, np.array([function(float(each)) for each in x]), **look)

    @classmethod
    def binned(cls, source: str, edges: Any, value: Any, error: Any = None, **look: Any) -> Series:
        """Of values `[bins]` in bins `[bins + 1]`, at their middles."""
        edges = np.asarray(edges)
        return cls(source, 0.5 * (edges[1:] + edges[:-1]), value, error, **look)

    @classmethod
    def density(
        cls, source: str, values: Any, edges: Any, *, weights: Any = None, **look: Any
    ) -> Series:
        """The probability density of samples, in bins.

        Args:
          source: where they come from.
          values: `[n]` or `[n, k]`; those outside of the bins count in the whole.
          edges: of the bins, increasing.
          weights: `[n]`, >= 0; None for equal ones.
          **look: the other attributes.
        """
        values, edges = np.asarray(values), np.asarray(edges)
        if weights is None:
            weights = np.ones(len(values))
        each = np.broadcast_to(weights, values.T.shape).T
        mass = np.histogram(values, edges, weights=each)[0] / np.diff(edges)
        return cls.binned(source, edges, mass / max(each.sum(), 1e-300), **look)

    @property
    def label(self) -> str:
        """Its name in a legend."""
        return f"{self.source}, {self.kind}" if self.kind else self.source

    def __len__(self) -> int:
        return len(self.x)

    def __iter__(self) -> Iterator[tuple[float, float, float]]:
        """x, value and error of each point; the error is 0 where there is none."""
        error = np.zeros(len(self)) if self.error is None else self.error
        return iter(zip(self.x.tolist(), self.value.tolist(), error.tolist(), strict=True))

    def __sub__(self, other: Any) -> Series:
        """Less another series at the same x, or an array; errors are its own alone."""
        return dataclasses.replace(self, value=self.value - self.beside(other))

    def __mul__(self, factor: Any) -> Series:
        """Values and errors times a number, or an array."""
        error = None if self.error is None else self.error * np.abs(factor)
        return dataclasses.replace(self, value=self.value * factor, error=error)

    def means(self, n: int) -> Series:
        """Means of n points each, in order, without errors: a noisy curve by less noisy points.

        What is left at the end, fewer than n, is left out.
        """
        blocks = len(self) // positive_int("n", n)
        x, value = (
            column[: blocks * n].astype(np.float64).reshape(blocks, n).mean(axis=1)
            for column in (self.x, self.value)
        )
        return dataclasses.replace(self, x=x, value=value, error=None)

    def beside(self, other: Any) -> np.ndarray:
        """Values of another series, of an array or a function at this one's x.

        Raises:
          ValueError: for a series at other x, or an array of another length.
        """
        if callable(other):
            return np.array([other(float(each)) for each in self.x])
        if isinstance(other, Series):
            if other.x.shape != self.x.shape or not np.allclose(other.x, self.x, rtol=1e-12):
                raise ValueError(
                    f"{other.label!r} must be at the same x as {self.label!r}, {self.x.tolist()}, "
                    f"got {other.x.tolist()}"
                )
            return other.value
        values = np.asarray(other, np.float64)
        if values.shape not in ((), self.x.shape):
            raise ValueError(
                f"what {self.label!r} is held against must have {len(self)} values, got shape "
                f"{values.shape}"
            )
        return np.broadcast_to(values, self.x.shape)

    def scores(self, reference: Any) -> np.ndarray:
        """|deviation| from a reference in standard errors, `[n]`; of two series in combined ones.

        Where neither has an error the score is infinite, so that nothing passes idly.
        """
        other = reference.error if isinstance(reference, Series) else None
        own = np.zeros(len(self)) if self.error is None else self.error
        combined = own if other is None else np.hypot(own, other)
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = np.abs(self.value - self.beside(reference)) / combined
        return np.where(combined == 0, np.inf, scores)

    @property
    def look(self) -> tuple[str, str]:
        """Its style, and the name of its colour; "" for the next of the palette.

        A kind has a colour of the palette, so that kinds can be told apart; the source still has
        its style.
        """
        plain = "-" if self.error is None else "o"
        style, own = SOURCES.get(self.source, (plain, ""))
        return self.style or style, self.color or ("" if self.kind else own)
