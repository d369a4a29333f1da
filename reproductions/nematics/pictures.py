"""Pictures of configurations of `nematic`."""

from __future__ import annotations

import numpy as np

from boltzmann_tf import estimators, plotting, sampling
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.nematics.measured import Lattice
from boltzmann_tf.systems import Nematic

SIDE = 12  # of the larger lattice
EACH = 2  # pictures a temperature


def show(context: Context, found: Lattice) -> None:
    """Planes of ordered and disordered lattices: generated, and a larger one by Monte Carlo."""
    large, length = Nematic("cubic", SIDE), found.system.length
    generated, simulated, titles = [], [], []
    for k, t in enumerate((min(found.measured), max(found.measured))):
        own, seed = found.measured[t], context.seed_of("pictures", k)
        drawn = sampling.resample(own.log_weight, EACH, seed=seed)
        generated += [_plane(own.vectors[i], length) for i in drawn]
        start = "aligned" if t < 1.1 else "disordered"
        state = sampling.vector_state(large, EACH, start=start, seed=seed)
        state, _ = sampling.vector_sweeps(state, 500, system=large, temperature=t)
        simulated += [_plane(u, SIDE) for u in state.vectors]
        titles += [f"T = {t:g}"] * EACH
    rows = {f"generator, L = {length}": generated, f"Monte Carlo, L = {SIDE}": simulated}
    context.figure(
        plotting.rod_pictures(rows, titles),
        "pictures.png",
        "Planes of lattices below and above the transition, with the director upright: above from "
        "the generator (drawn in proportion to the weights), below a larger lattice by Monte "
        "Carlo. Colour: alignment with the director of the whole lattice.",
    )


def _plane(vectors: np.ndarray, length: int) -> np.ndarray:
    """The first layer in the frame of the director, `[L, L, 3]`."""
    return estimators.director_frame(vectors).reshape(length, length, length, 3)[0]
