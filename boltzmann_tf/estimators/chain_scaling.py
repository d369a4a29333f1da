"""How the size of a chain grows with its length: Flory's exponent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from boltzmann_tf._support.checks import finite_array
from boltzmann_tf.estimators._common import Estimate

__all__ = ["SizeExponent", "size_exponent"]

CORRECTION = 0.528  # Delta_1 of self-avoiding walks in space, Clisby and Dünweg 2016


class SizeExponent(NamedTuple):
    """<R^2> = amplitude (n - 1)^(2 nu) (1 + sum over k of correction_k (n - 1)^-Delta_k).

    Attributes:
      nu: Flory's exponent; 1/2 for an ideal chain, 0.587597 for a self-avoiding one in space.
      amplitude: A.
      corrections: of each Delta.
      deltas: the exponents of the corrections.
      chi_square: a degree of freedom; NaN where there are none.
    """

    nu: Estimate
    amplitude: Estimate
    corrections: tuple[Estimate, ...]
    deltas: tuple[float, ...]
    chi_square: float

    def squared_size(self, beads: ArrayLike) -> np.ndarray:
        """<R^2> of chains of n beads by the law, of the shape of `beads`."""
        bonds = finite_array("beads", beads, dtype=np.float64) - 1
        terms = zip(self.corrections, self.deltas, strict=True)
        law = 1 + sum(b.value * bonds**-delta for b, delta in terms)
        return np.asarray(self.amplitude.value * bonds ** (2 * self.nu.value) * law)


def size_exponent(
    beads: ArrayLike, squared_size: ArrayLike, *, deltas: Sequence[float] = (CORRECTION,)
) -> SizeExponent:
    """Fits the growth of <R^2> with the number of beads, with corrections to the power law.

    Without the leading correction, nu of short chains is off by several times the error that a fit
    states; and with it alone where chains have fewer than some hundred beads and sizes are known to
    a thousandth. Then give `deltas=(0.528, 1.0)` and six lengths or more. Errors are those of the
    sizes, carried through the fit to first order; where chi_square is far above 1 the law does not
    hold for these lengths, and they mean nothing.

    Source: Li, Madras and Sokal, J. Stat. Phys. 80, 661 (1995), for the form; nu = 0.587597 and
    Delta = 0.528: Clisby and Dünweg, Phys. Rev. E 94, 052102 (2016).

    Args:
      beads: n of each chain, `[k]`, at least two more than corrections.
      squared_size: <R_ee^2> or <R_g^2> and their standard errors, `[k, 2]`.
      deltas: exponents of the corrections, one or more.

    Examples:
      >>> n = np.array([8, 16, 32, 64])
      >>> r2 = 2 * (n - 1.0) ** 1.2 * (1 + 0.3 * (n - 1.0) ** -0.528)
      >>> found = bg.estimators.size_exponent(n, np.stack([r2, 1e-6 * r2], axis=1))
      >>> round(found.nu.value, 6), round(found.corrections[0].value, 4)
      (0.6, 0.3)
    """
    n = finite_array("beads", beads, ndim=1, dtype=np.float64)
    powers = finite_array("deltas", deltas, ndim=1, dtype=np.float64)
    if np.any(powers <= 0):
        raise ValueError(f"deltas must be > 0, got {powers.tolist()}")
    sizes = finite_array("squared_size", squared_size, ndim=2, last=2, dtype=np.float64)
    degrees = len(n) - 2 - len(powers)
    if degrees < 0 or len(np.unique(n)) != len(n) or np.any(n < 2):
        raise ValueError(
            f"beads must be {2 + len(powers)} or more different lengths of 2 or more, got "
            f"{n.tolist()}"
        )
    if len(sizes) != len(n) or np.any(sizes <= 0):
        raise ValueError(
            f"squared_size must be {len(n)} sizes and their errors, all above 0, got "
            f"{sizes.tolist()}"
        )
    bonds, (r2, error) = n - 1, sizes.T

    # In logarithms; relative errors are small, or the fit says nothing.
    def rest(parameters: np.ndarray) -> np.ndarray:
        log_a, nu, b = parameters[0], parameters[1], parameters[2:]
        inner = np.maximum(1 + bonds[:, None] ** -powers @ b, 1e-12)
        return (np.log(r2) - log_a - 2 * nu * np.log(bonds) - np.log(inner)) * r2 / error

    slope = np.polyfit(np.log(bonds), np.log(r2), 1)
    begin = [slope[1], slope[0] / 2, *np.zeros(len(powers))]
    found = least_squares(rest, begin, x_scale="jac", xtol=1e-14)
    covariance = np.linalg.pinv(found.jac.T @ found.jac)
    errors = np.sqrt(np.diag(covariance))
    log_a, nu, *b = (float(v) for v in found.x)
    chi = 2 * float(found.cost) / degrees if degrees else np.nan
    return SizeExponent(
        Estimate(nu, float(errors[1])),
        Estimate(float(np.exp(log_a)), float(np.exp(log_a) * errors[0])),
        tuple(Estimate(v, float(e)) for v, e in zip(b, errors[2:], strict=True)),
        tuple(powers.tolist()),
        chi,
    )
