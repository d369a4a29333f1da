"""Configurations of identical particles in all their orders and directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf._support.checks import finite_array, instance, positive_int, seed_int
from boltzmann_tf.systems import ParticleSystem

__all__ = ["symmetrised"]

TRIED = 16  # configurations whose energies must stay


def symmetrised(x: Any, system: ParticleSystem, n: int, *, seed: int = 0) -> np.ndarray:
    """Draws n of the configurations, each turned, mirrored and relabelled at random.

    The density of identical particles that nothing holds in place has these symmetries, whether
    chains have seen them all or not. A flow that does not have them by construction learns them
    from such data.

    Args:
      x: configurations, `[m, event_size]`.
      system: whose energy does not change by it.
      n: how many; each is drawn from all of x.
      seed: of all draws.

    Returns:
      float64 `[n, event_size]`.
    """
    instance("system", system, ParticleSystem)
    x = finite_array("x", x, ndim=2, last=system.event_size, dtype=np.float64)
    n, d = positive_int("n", n), system.dimension
    if system.anchored:
        raise ValueError(
            "system must hold no particle in place, in open space without a wall, got "
            f"{system.name} with terms {[term.name for term in system.terms]}"
        )
    rng = np.random.default_rng(seed_int("seed", seed))
    drawn = x[rng.integers(len(x), size=n)]
    r = system.positions(drawn).numpy()
    r = np.take_along_axis(r, rng.random((n, system.n)).argsort(axis=1)[..., None], axis=1)
    turn, upper = np.linalg.qr(rng.standard_normal((n, d, d)))
    # With these signs it is uniform over all turns and mirror images (Mezzadri 2007).
    turn *= np.sign(np.diagonal(upper, axis1=1, axis2=2))[:, None]
    found = system.configuration(r @ turn)
    before, after = (system.energy(v[:TRIED]).numpy() for v in (drawn, found))
    if not np.allclose(before, after, rtol=1e-6, atol=1e-6, equal_nan=True):
        raise ValueError(
            "system must have an energy that no turn, mirror image or exchange of particles "
            f"changes, got {after.tolist()} kT after {before.tolist()} kT"
        )
    return found
