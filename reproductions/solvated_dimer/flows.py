"""The flow of `ours`: the dimer's length by a fixed map, all else given it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from boltzmann_tf import bijectors
from boltzmann_tf.bijectors import Bijector, Marginals, Whitening, split_seed
from boltzmann_tf.reproductions.solvated_dimer.reference import CUT, SYSTEM
from boltzmann_tf.systems.solvated_dimer import dimer_distance

__all__ = ["SPREAD", "flow", "lengths_within", "spread_lengths", "with_lengths"]

SIZE = SYSTEM.event_size
SPREAD = (0.7, 2.35)
LENGTHS = 50_000  # that a distribution is made of
FLAT = 0.6  # share of the spread ones that are uniform


def spread_lengths(data: np.ndarray, seed: int) -> np.ndarray:
    """Lengths to generate: most of them uniform over `SPREAD`, the rest as in data `[n, 76]`.

    The rest are three to one of the closed and of the open state.
    """
    rng = np.random.default_rng(seed)
    d = dimer_distance(data)
    even = rng.uniform(*SPREAD, round(FLAT * LENGTHS))
    parts = [
        rng.choice(d[inside], round(share * (1 - FLAT) * LENGTHS))
        for inside, share in ((d < CUT, 0.75), (d >= CUT, 0.25))
    ]
    return np.concatenate([even, *parts])


def lengths_within(data: np.ndarray, low: float, high: float, seed: int) -> np.ndarray:
    """Lengths of one state to generate: half of them uniform in it, the rest as in its data."""
    rng = np.random.default_rng(seed)
    d = dimer_distance(data)
    even = rng.uniform(low, high, LENGTHS // 2)
    return np.concatenate([even, rng.choice(d[(d > low) & (d < high)], LENGTHS // 2)])


def _masks() -> list[np.ndarray]:
    """What the couplings move, over (angle, centre, solvent): by colour, by axis, by row, by axis.

    The solvent is in the order of its 6 x 6 lattice; of the neighbours of a black site on the
    chequerboard, which hold it in its cage, the nearest are white.
    """
    side = round(np.sqrt(SYSTEM.solvent))
    i, j = np.divmod(np.arange(SYSTEM.solvent), side)

    def mask(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.concatenate([[True] * 3, np.stack([x, y], axis=1).ravel()])

    black, even, every = (i + j) % 2 == 0, i % 2 == 0, i >= 0
    axis = mask(every, ~every)
    return [mask(black, black), axis, mask(even, even), axis]


def flow(
    data: np.ndarray,
    lengths: np.ndarray,
    *,
    blocks: int,
    hidden: Sequence[int],
    coupling: str,
    seed: int,
) -> Bijector:
    """Correlated Gaussian of all coordinates but the length, couplings among neighbours, positions.

    Args:
      data: configurations of both states, `[n, 76]`, for the Gaussian.
      lengths: of the dimer, to generate, `[n]`.
      blocks: pairs of couplings.
      hidden: widths of the networks' hidden layers.
      coupling: "affine" or "spline".
      seed: of the initial weights.
    """
    polar = bijectors.DimerCoordinates(SIZE)
    rest = polar.inverse(data.astype(np.float32)).numpy()[:, 1:]
    scaled = Whitening.from_data(rest, rotate=False)
    gaussian = Whitening.from_data(scaled.inverse(rest).numpy())
    affine: dict[str, Any] = {"scale_bound": 1.0, "shift_activation": "tanh", "zero_shift": True}
    kind, options = {
        "affine": (bijectors.AffineCoupling, affine),
        "spline": (bijectors.SplineCoupling, {"bins": 10, "bound": 8.0}),
    }[coupling]
    masks, couplings = _masks(), []
    for k, own in enumerate(split_seed(seed, 2 * blocks)):
        moving = masks[k // 2 % len(masks)] ^ bool(k % 2)
        options |= {"hidden": tuple(hidden), "condition_size": 1, "seed": own}
        couplings.append(kind(SIZE - 1, transformed=moving.tolist(), **options))
    return _joined(lengths, bijectors.Sequence([gaussian, *couplings, scaled]))


def _joined(lengths: np.ndarray, rest: Bijector) -> Bijector:
    first = Marginals.from_data(np.reshape(lengths, (-1, 1)))
    return bijectors.Sequence([bijectors.Triangular(first, rest), bijectors.DimerCoordinates(SIZE)])


def with_lengths(known: Bijector, lengths: np.ndarray) -> Bijector:
    """A copy of a `flow` with another distribution of lengths."""
    rest = bijectors.deserialize(bijectors.serialize(known.bijectors[0].rest))
    rest.assign_from(known.bijectors[0].rest)
    return _joined(lengths, rest)
