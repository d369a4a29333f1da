"""Exact answers for the Müller-Brown potential, by two-dimensional quadrature."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import root

from boltzmann_tf._support.checks import finite_array, positive
from boltzmann_tf.exact._arguments import bin_edges, finite_number
from boltzmann_tf.exact.planar import Box, PlanarDensity
from boltzmann_tf.exact.projected import ProjectedDensity, StationaryPoint

__all__ = ["MuellerBrown"]

_A = np.array([-200.0, -100.0, -170.0, 15.0])
_a = np.array([-1.0, -1.0, -6.5, 0.7])
_b = np.array([0.0, 0.0, 11.0, 0.6])
_c = np.array([-10.0, -10.0, -6.5, 0.7])
_X = np.array([1.0, 0.0, -0.5, -1.0])
_Y = np.array([0.0, 0.5, 1.5, 1.0])
_DIRECTION = (0.7, -0.7)
# Energy window kept, in units of T and of `scale`: states up to the former above the minimum
# count at high T, and all three wells with their barriers (146 x scale apart) at low T.
_WINDOW_T = 100.0
_WINDOW_SCALE = 400.0


def _terms(x: np.ndarray, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Each of the four terms with the derivatives of its exponent along x and y."""
    out = []
    for A, a, b, c, X, Y in zip(_A, _a, _b, _c, _X, _Y, strict=True):
        dx, dy = x - X, y - Y
        with np.errstate(over="ignore"):
            value = A * np.exp(a * dx * dx + b * dx * dy + c * dy * dy)
        out.append((value, 2 * a * dx + b * dy, b * dx + 2 * c * dy))
    return out


def _value(points: np.ndarray) -> np.ndarray:
    """The potential with scale 1, points [n, 2] to [n]."""
    x, y = points[:, 0], points[:, 1]
    out = np.zeros(x.shape)
    for A, a, b, c, X, Y in zip(_A, _a, _b, _c, _X, _Y, strict=True):
        dx, dy = x - X, y - Y
        with np.errstate(over="ignore"):
            out += A * np.exp((a * dx + b * dy) * dx + c * dy * dy)
    return out


def _gradient(point: np.ndarray) -> np.ndarray:
    terms = _terms(point[0], point[1])
    return np.array([sum(v * gx for v, gx, _ in terms), sum(v * gy for v, _, gy in terms)])


def _hessian(point: np.ndarray) -> np.ndarray:
    out = np.zeros((2, 2))
    for (v, gx, gy), a, b, c in zip(_terms(point[0], point[1]), _a, _b, _c, strict=True):
        out += v * np.array([[gx * gx + 2 * a, gx * gy + b], [gx * gy + b, gy * gy + 2 * c]])
    return out


@dataclass(frozen=True)
class MuellerBrown(ProjectedDensity):
    """u = scale * sum_j A_j exp[a_j dx_j^2 + b_j dx_j dy_j + c_j dy_j^2], dx_j = x - X_j.

    A = (-200, -100, -170, 15), a = (-1, -1, -6.5, 0.7), b = (0, 0, 11, 0.6),
    c = (-10, -10, -6.5, 0.7), X = (1, 0, -0.5, -1), Y = (0, 0.5, 1.5, 1). Reaction coordinate
    r = 0.7 (x - y); states left (r < -1), mid (-1 < r < 0), right (r > 0).

    Source: Müller and Brown, Theor. Chim. Acta 53, 75 (1979); scale 0.1 and r as in the notebooks
    of Noé et al. 2019, whose supplement prints c_3 with the wrong sign.

    Attributes:
      scale: prefactor of the energy; 0.1 makes it kT at T = 1.
      box: ((x_low, x_high), (y_low, y_high)) with hard walls, such as the published reference's
        ((-1.5, 1), (-0.2, 2)); None for the whole plane.

    Examples:
      >>> surface = bg.exact.MuellerBrown()
      >>> [round(point.energy, 3) for point in surface.minima()]
      [-14.67, -8.077, -10.817]
    """

    scale: float = 0.1
    box: Box | None = None
    _cache: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        positive("scale", self.scale)
        if self.box is not None:
            PlanarDensity(_value, self.box)  # checks the box

    @property
    def states(self) -> Mapping[str, tuple[float, float]]:
        """The states left, mid and right as intervals (lower, upper) of r."""
        return {"left": (-math.inf, -1.0), "mid": (-1.0, 0.0), "right": (0.0, math.inf)}

    def _plane_box(self, temperature: float) -> Box:
        """A rectangle that holds every point with u - min u below the energy window.

        Rigorous: the three attractive terms are at least -470 scale, so such a point has
        15 scale exp(Q) <= window + 470 scale, Q = 0.7 dx^2 + 0.6 dx dy + 0.7 dy^2 about (-1, 1),
        which is an ellipse; its half-width along either axis is sqrt(Q (M^-1)_ii), M^-1_ii = 1.75.
        """
        window = max(_WINDOW_T * temperature, _WINDOW_SCALE * self.scale)
        half = math.sqrt(1.75 * math.log(window / (15.0 * self.scale) + 470.0 / 15.0))
        return (-1.0 - half, -1.0 + half), (1.0 - half, 1.0 + half)

    def _planar(self, temperature: float) -> PlanarDensity:
        def make() -> PlanarDensity:
            return PlanarDensity(
                lambda points: self.scale * _value(points),
                self.box or self._plane_box(temperature),
                direction=_DIRECTION,
                # The narrowest well has a standard deviation of 0.08 at T = 1 and scale 0.1.
                resolution=0.3 * min(1.0, math.sqrt(0.1 / self.scale)),
                named_states=self.states,
            )

        return self._kept(("planar", temperature), make)

    def energy(self, points: Any) -> np.ndarray:
        """Energy u in kT at T = 1: points [..., 2] to [...], float64; +inf outside the box."""
        if self.box is not None:
            return self._planar(1.0).energy(points)
        array = finite_array("points", points, last=2)
        return self.scale * _value(array.reshape(-1, 2)).reshape(array.shape[:-1])

    def reaction_coordinate(self, points: Any) -> np.ndarray:
        """The coordinate r = 0.7 (x - y): points [..., 2] to [...], float64."""
        return finite_array("points", points, last=2) @ np.asarray(_DIRECTION)

    def _range(self, temperature: float) -> np.ndarray:
        return self._planar(temperature)._range(temperature)

    def _panel(self, temperature: float) -> float:
        return self._planar(temperature)._panel(temperature)

    def _marginal(self, r: np.ndarray, temperature: float) -> tuple[np.ndarray, np.ndarray]:
        return self._planar(temperature)._marginal(r, temperature)

    def free_energy_difference(
        self, temperature: float = 1.0, left: float = -1.0, right: float = 0.0
    ) -> float:
        """F(r > right) - F(r < left) = -ln(Z_right/Z_left) in kT at T.

        Args:
          temperature: relative temperature T.
          left: upper end of the left state in r.
          right: lower end of the right state in r, not below `left`.
        """
        low, high = finite_number("left", left), finite_number("right", right)
        if low > high:
            raise ValueError(f"right must be at least left ({low}), got {right!r}")
        return self._difference(temperature, (-math.inf, low), (high, math.inf))

    def energy_histogram(self, edges: Any, temperature: float = 1.0) -> np.ndarray:
        """Probability that u falls in each bin, [n], float64; see `PlanarDensity`.

        Args:
          edges: [n + 1] increasing edges of the bins of u, in kT at T = 1.
          temperature: relative temperature T.
        """
        temperature = positive("temperature", temperature)
        return self._planar(temperature).energy_histogram(bin_edges("edges", edges), temperature)

    def sample(
        self, n: int, temperature: float = 1.0, seed: int | np.random.Generator = 0
    ) -> np.ndarray:
        """Independent configurations [n, 2], float64, at temperature T; see `PlanarDensity`.

        Args:
          n: number of configurations.
          temperature: relative temperature T.
          seed: integer seed or NumPy generator.
        """
        temperature = positive("temperature", temperature)
        return self._planar(temperature).sample(n, temperature, seed)

    def stationary_points(self) -> tuple[StationaryPoint, ...]:
        """The three minima and the two saddles, each kind in order of increasing r.

        Found by Powell's hybrid method on the analytic gradient from a grid of starts.
        """
        return self._kept("stationary", self._find_stationary_points)

    def minima(self) -> tuple[StationaryPoint, ...]:
        """The three minima: left (A), mid (B), right (C)."""
        return tuple(p for p in self.stationary_points() if p.kind == "minimum")

    def saddles(self) -> tuple[StationaryPoint, ...]:
        """The two saddles: between left and mid, between mid and right."""
        return tuple(p for p in self.stationary_points() if p.kind == "saddle")

    def _find_stationary_points(self) -> tuple[StationaryPoint, ...]:
        found: list[np.ndarray] = []
        for x in np.linspace(-1.2, 0.9, 8):
            for y in np.linspace(-0.1, 1.8, 8):
                solution = root(_gradient, np.array([x, y]), jac=_hessian, tol=1e-13)
                point = solution.x
                inside = abs(point[0]) < 1.5 and -0.5 < point[1] < 2.0
                if not inside or np.abs(_gradient(point)).max() > 1e-8:
                    continue
                if all(np.abs(point - other).max() > 1e-6 for other in found):
                    found.append(point)
        points = []
        for point in sorted(found, key=lambda p: p[0] - p[1]):
            negative = int(np.sum(np.linalg.eigvalsh(_hessian(point)) < 0))
            kind = ("minimum", "saddle", "maximum")[negative]
            energy = self.scale * float(_value(point[None])[0])
            points.append(StationaryPoint((float(point[0]), float(point[1])), energy, kind))
        return tuple(sorted(points, key=lambda p: ("minimum", "saddle", "maximum").index(p.kind)))
