"""Coexistence of the Lennard-Jones fluid by an equation of state, which teqp evaluates."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from boltzmann_tf._support.checks import positive

__all__ = ["Coexistence", "lennard_jones_coexistence"]

# Where the search begins: vapour and liquid of the fluid itself (NIST's simulations), over T.
GUESSES = (
    (0.70, 0.0020, 0.843),
    (0.85, 0.0096, 0.777),
    (1.00, 0.0296, 0.701),
    (1.15, 0.0741, 0.605),
    (1.25, 0.1320, 0.520),
)
SAME = 1e-8  # how far pressures and chemical potentials of the two phases may be apart


class Coexistence(NamedTuple):
    """Two phases in equilibrium.

    Attributes:
      vapour: its density.
      liquid: its density.
      pressure: of both, in epsilon / sigma^3.
    """

    vapour: float
    liquid: float
    pressure: float


def lennard_jones_coexistence(temperature: float) -> Coexistence:
    """Vapour and liquid of the Lennard-Jones fluid without a cut, sigma = epsilon = 1.

    Needs teqp (`pip install 'boltzmann_tf[reference]'`). Its solver also finds roots that are no
    phases: what it gives is checked for order, stability, and equal pressures and chemical
    potentials.

    Source: Thol, Rutkai, Koester, Lustig, Span, Vrabec, J. Phys. Chem. Ref. Data 45, 023101 (2016).

    Args:
      temperature: T in epsilon, from 0.7 to 1.25.
    """
    tau = positive("temperature", temperature)
    known, vapour, liquid = np.array(GUESSES).T
    if not known[0] <= tau <= known[-1]:
        raise ValueError(
            f"temperature must be in {known[0]:g} .. {known[-1]:g}, where both phases are well "
            f"apart, got {temperature!r}"
        )
    try:
        import teqp
    except ImportError:
        raise ImportError(
            "lennard_jones_coexistence must have teqp: pip install 'boltzmann_tf[reference]'"
        ) from None
    model = teqp.make_model({"kind": "LJ126_TholJPCRD2016", "model": {}})
    begin = (float(np.interp(tau, known, v)) for v in (liquid, vapour))
    dense, thin = (float(v) for v in model.pure_VLE_T(tau, *begin, 20))
    (one, stiff, mu), (other, soft, nu) = (_state(model, tau, v) for v in (thin, dense))
    if not (0 < thin < dense and min(stiff, soft) > 0):
        raise ValueError(f"temperature must have two stable phases, got {thin} and {dense}")
    if abs(one - other) > SAME or abs(mu - nu) > SAME * tau:
        raise ValueError(
            f"temperature must have phases in equilibrium, got pressures {one:.6g} and {other:.6g}"
        )
    return Coexistence(thin, dense, one)


def _state(model: Any, temperature: float, density: float) -> tuple[float, float, float]:
    """Pressure, its derivative by the density, and mu less what depends on T alone."""
    only = np.array([1.0])
    zero, first, second = (
        f(temperature, density, only) for f in (model.get_Ar00, model.get_Ar01, model.get_Ar02)
    )
    pressure = temperature * density * (1 + first)
    slope = temperature * (1 + 2 * first + second)
    return pressure, slope, temperature * (np.log(density) + zero + first)
