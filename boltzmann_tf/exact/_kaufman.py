"""Kaufman's partition function of the Ising torus without a field, and its two derivatives."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from boltzmann_tf.exact._ising_modes import log_sinh, modes, softest_mode

__all__ = ["Jet", "kaufman_log_z"]


class Jet(NamedTuple):
    """A function at a point with its first and second derivative."""

    value: float
    slope: float
    curvature: float


def _log_product(length: int, u: float, numbers: np.ndarray, sign: int) -> Jet:
    """Log of the product of e^(L(γ_l - u)/2) (1 + sign e^(-L γ_l)) over l in `numbers`."""
    excess, slope, curvature = modes(u, math.pi / length * numbers)
    power = -length * (u + excess)
    decay = sign * np.exp(power)
    log_factor = np.log1p(decay)
    # d log_factor/dγ = -L n: Fermi's function, or minus Bose's from its own digits.
    n = decay / (1.0 + decay) if sign > 0 else decay / -np.expm1(power)
    up = 1.0 + slope
    return Jet(
        float(np.sum(0.5 * length * excess + log_factor)),
        length * float(np.sum(0.5 * slope - n * up)),
        length * float(np.sum(curvature * (0.5 - n) + length * up**2 * n * (1.0 - n))),
    )


def _soft_factor(length: int, u: float, sign: int) -> Jet:
    """The factor 1 + sign e^(-L γ_0), itself and not its log.

    With sign -1 it vanishes at T_c while its derivative does not: there the log won't do.
    """
    excess, slope, curvature = softest_mode(u)
    power = -length * (u + excess)
    decay = sign * math.exp(power)
    first = -length * (1.0 + slope)
    value = 1.0 + decay if sign > 0 else -math.expm1(power)
    return Jet(value, decay * first, decay * (first * first - length * curvature))


def _log_four_products(length: int, u: float, soft_sign: int) -> Jet:
    """Log of the bracket of Kaufman's formula, less N u/2, and its derivatives in u.

    Args:
      length: L.
      u: |ln sinh 2K|.
      soft_sign: sign of γ_0 and so of the last product: +1 below T_c, -1 above.
    """
    odd, even = np.arange(1, 2 * length, 2), np.arange(2, 2 * length, 2)
    soft = [0.5 * length * d for d in softest_mode(u)]
    terms: list[tuple[int, Jet, Jet]] = []
    for sign in (1, -1):
        terms.append((1, _log_product(length, u, odd, sign), Jet(1.0, 0.0, 0.0)))
        rest = _log_product(length, u, even, sign)
        log = Jet(*(a + b for a, b in zip(rest, soft, strict=True)))
        terms.append((1 if sign > 0 else soft_sign, log, _soft_factor(length, u, sign)))
    top = max(log.value for _, log, _ in terms)
    scales = [sign * math.exp(log.value - top) for sign, log, _ in terms]
    total = math.fsum(s * f.value for s, (_, _, f) in zip(scales, terms, strict=True))
    slope = curvature = 0.0
    for scale, (_, log, f) in zip(scales, terms, strict=True):
        slope += scale * (log.slope * f.value + f.slope) / total
    for scale, (_, log, f) in zip(scales, terms, strict=True):
        # About the mean slope, as the slopes are large and nearly equal.
        d = log.slope - slope
        curvature += (
            scale * ((d * d + log.curvature) * f.value + 2.0 * d * f.slope + f.curvature) / total
        )
    return Jet(top + math.log(total), slope, curvature)


def kaufman_log_z(length: int, coupling: float, temperature: float) -> Jet:
    """Returns ln Z of the L x L torus without a field, and its derivatives in x = 2 J/T.

    Z = (1/2) (2 sinh 2K)^(N/2) [∏ 2cosh(Lγ_odd/2) + ∏ 2sinh(Lγ_odd/2) + ∏ 2cosh(Lγ_even/2)
    + ∏ 2sinh(Lγ_even/2)], each over L values of l in 0 .. 2L - 1, ω = pi l/L, and
    γ_0 = 2K + ln tanh K, which is negative above T_c. In v = ln sinh 2K all γ but γ_0 are even
    and γ_0 is odd; so the bracket is a function of |v| and of the sign of the last product.

    Source: Kaufman, Phys. Rev. 76, 1232 (1949); Ferdinand and Fisher, Phys. Rev. 185, 832 (1969).
    """
    sites = length**2
    v = log_sinh(coupling, temperature)
    # At T_c the last product vanishes, and its derivative in v is the same from either side.
    bracket = _log_four_products(length, abs(v), 1 if v >= 0 else -1)
    value = 0.5 * sites * math.log(2.0) + sites * max(v, 0.0) - math.log(2.0) + bracket.value
    x = 2.0 * coupling / temperature
    # Derivative in v of the whole: N/2 from the prefactor, ±N/2 from N u/2, which cancel above T_c.
    slope = sites + bracket.slope if v >= 0 else -bracket.slope
    coth = 1.0 / math.tanh(x)
    csch = 2.0 * math.exp(-x) / -math.expm1(-2.0 * x)
    # v' = coth x, v'' = -csch² x.
    return Jet(value, coth * slope, coth**2 * bracket.curvature - csch**2 * slope)
