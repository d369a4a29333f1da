"""A flow of a dimer in a solvent: its length by a fixed map, all else given it."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from typing import Any

import numpy as np

from boltzmann_tf._support.checks import choice, finite_array, instance, positive_int
from boltzmann_tf.bijectors.base import Bijector, deserialize, serialize
from boltzmann_tf.bijectors.conditioner import check_hidden, split_seed
from boltzmann_tf.bijectors.coupling import AffineCoupling
from boltzmann_tf.bijectors.dimer import DimerCoordinates
from boltzmann_tf.bijectors.marginals import Marginals
from boltzmann_tf.bijectors.sequence import Sequence
from boltzmann_tf.bijectors.spline_coupling import SplineCoupling
from boltzmann_tf.bijectors.triangular import Triangular
from boltzmann_tf.bijectors.whitening import Whitening

__all__ = ["dimer_flow", "with_lengths"]

_COUPLINGS: dict[str, tuple[Any, dict[str, Any]]] = {
    "affine": (
        AffineCoupling,
        {"scale_bound": 1.0, "shift_activation": "tanh", "zero_shift": True},
    ),
    "spline": (SplineCoupling, {"bins": 10, "bound": 8.0}),
}


def dimer_flow(
    data: Any,
    lengths: Any,
    *,
    blocks: int = 4,
    hidden: SequenceOf[int] = (200, 200),
    coupling: str = "affine",
    seed: int = 0,
) -> Bijector:
    """A flow of `SolvatedDimer` whose lengths have a distribution of your choice, and keep it.

    No loss can take a barrier along the length away; here the first latent coordinate makes the
    length, by a fixed monotone map, and everything else is generated given it: a Gaussian with the
    correlations of the data, then couplings that move particles given their neighbours, then the
    positions. Training by energy alone then learns what the solvent does at each length.

    Args:
      data: configurations of all states, [n, 4 + 2 solvent], for the Gaussian. The solvent, a
        square number, is in the order of its square lattice (`sampling.relabel`).
      lengths: of the dimer, to generate, [m].
      blocks: pairs of couplings. They part the solvent by the colours of a chequerboard, by axis,
        by rows and by axis again: of the neighbours of a black site, which hold it in its cage, the
        nearest are white.
      hidden: widths of the hidden layers of each network.
      coupling: "affine" or "spline".
      seed: of the initial weights.
    """
    x = finite_array("data", data, ndim=2, dtype=np.float32)
    size = x.shape[1]
    masks = _masks(size)
    blocks, hidden = positive_int("blocks", blocks), check_hidden(hidden)
    kind, options = _COUPLINGS[choice("coupling", coupling, _COUPLINGS)]
    rest = DimerCoordinates(size).inverse(x).numpy()[:, 1:]
    scaled = Whitening.from_data(rest, rotate=False)
    gaussian = Whitening.from_data(scaled.inverse(rest).numpy())
    couplings = [
        kind(
            size - 1,
            # The angle, the centre and half of the solvent; then the other half.
            transformed=(masks[k // 2 % len(masks)] ^ bool(k % 2)).tolist(),
            hidden=hidden,
            condition_size=1,
            seed=own,
            **options,
        )
        for k, own in enumerate(split_seed(seed, 2 * blocks))
    ]
    return _joined(lengths, Sequence([gaussian, *couplings, scaled]))


def with_lengths(flow: Bijector, lengths: Any) -> Bijector:
    """A copy of a `dimer_flow`, weights and all, with another distribution of lengths [m]."""
    first = instance("flow", flow, Sequence).bijectors[0]
    known = instance("the first of flow", first, Triangular).rest
    rest = deserialize(serialize(known))
    rest.assign_from(known)
    return _joined(lengths, rest)


def _joined(lengths: Any, rest: Bijector) -> Bijector:
    d = finite_array("lengths", lengths, ndim=1, dtype=None)
    first = Marginals.from_data(d[:, None])
    return Sequence([Triangular(first, rest), DimerCoordinates(rest.event_size + 1)])


def _masks(size: int) -> list[np.ndarray]:
    """What the couplings move, over (angle, centre, solvent): by colour, axis, row and axis."""
    solvent = (size - 4) // 2
    side = round(max(solvent, 0) ** 0.5)
    if size % 2 or side < 1 or side * side != solvent:
        raise ValueError(
            "data must be of a dimer and a square number of solvent particles in the plane, "
            f"[n, 4 + 2 solvent], got {size} coordinates"
        )
    i, j = np.divmod(np.arange(solvent), side)

    def mask(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.concatenate([[True] * 3, np.stack([x, y], axis=1).ravel()])

    black, even, every = (i + j) % 2 == 0, i % 2 == 0, i >= 0
    axis = mask(every, ~every)
    return [mask(black, black), axis, mask(even, even), axis]
