"""Metropolis and heat-bath sweeps in checkerboard order.

Sites of one colour have no bonds among each other, so that flipping them one after the other is
flipping them at once. A sweep attempts every site: those with i + j even, then the others.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from scipy import special

from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.sampling._random import kernel, next_word, probability_words
from boltzmann_tf.sampling._threads import threads
from boltzmann_tf.sampling.spins._state import LatticeState, Model, check_update

__all__ = ["TIE", "SweepInfo", "attempts", "heat_bath_sweeps", "metropolis_sweeps"]

TIE = 63 / 64
"""Metropolis accepts a flip that costs nothing with this probability, and not with 1.

With 1 the checkerboard order is not ergodic: in stripes of width one no flip costs anything, all
sites of a colour flip, and the result is stripes again, for ever (a quarter of all states of a
2 x 2 lattice). Any probability in (0, 1) is reversible, as the flip back costs nothing either,
and makes the chain irreducible: without the flips that may be refused the energy falls until
there are no others, and from there all spins can be turned up, colour by colour.
"""


class SweepInfo(NamedTuple):
    """How sweeps fared.

    Attributes:
      acceptance: accepted flips of the attempted ones, float64 [replicas].
      attempted: attempted flips, all replicas together.
    """

    acceptance: np.ndarray
    attempted: int


def metropolis_sweeps(
    state: LatticeState,
    n_sweeps: int,
    *,
    temperature: Any,
    coupling: float = 1.0,
    field: float = 0.0,
) -> tuple[LatticeState, SweepInfo]:
    """Sweeps with acceptance min(1, exp(-dE / T)), or `TIE` where dE = 0; in the heat, half of it.

    Where nearly every flip would be accepted, a sweep in a fixed order turns the lattice over and
    the next one turns it back: at T = 1000 the magnetization would alternate for fifty sweeps.
    There flips are attempted with a probability below one, see `attempts`; it is one up to T = 7
    (of J, without a field) and one half from T = 28 on, where the spins of two sweeps are
    then independent. Source: Metropolis, Rosenbluth, Rosenbluth, Teller, Teller, J. Chem. Phys. 21,
    1087 (1953).

    Args:
      state: replicas of an even L; it is not changed.
      n_sweeps: sweeps of L^2 attempted flips each.
      temperature: T in units of energy (k_B = 1), a number or [replicas].
      coupling: J, either sign.
      field: h.

    Returns:
      the state after the sweeps, and `SweepInfo`.
    """
    state, n, model = check_update(
        state, n_sweeps, "n_sweeps", temperature, coupling, field, even=True
    )
    cost = flip_costs(model)
    with np.errstate(over="ignore"):  # a temperature near 0: exp(-inf) is what is meant
        probability = np.exp(-np.maximum(cost, 0.0) / model.temperature[:, None])
    # A cost of zero may come out of J n + h as a rounding error.
    tie = np.abs(cost) <= 1e-12 * (4 * abs(model.coupling) + abs(model.field))
    return _sweeps(state, n, attempts(model)[:, None] * np.where(tie, TIE, probability))


def heat_bath_sweeps(
    state: LatticeState,
    n_sweeps: int,
    *,
    temperature: Any,
    coupling: float = 1.0,
    field: float = 0.0,
) -> tuple[LatticeState, SweepInfo]:
    """Sweeps in which each spin is drawn anew given its neighbours (Glauber's rates).

    A flip happens with probability 1 / (1 + exp(dE / T)). Source: Glauber, J. Math. Phys. 4, 294
    (1963). Arguments and results as in `metropolis_sweeps`; an accepted flip is a changed spin.

    Args:
      state: replicas of an even L; it is not changed.
      n_sweeps: sweeps of L^2 spins each.
      temperature: T, a number or [replicas].
      coupling: J, either sign.
      field: h.
    """
    state, n, model = check_update(
        state, n_sweeps, "n_sweeps", temperature, coupling, field, even=True
    )
    with np.errstate(over="ignore"):
        return _sweeps(state, n, special.expit(-flip_costs(model) / model.temperature[:, None]))


def attempts(model: Model) -> np.ndarray:
    """Returns the probability that a sweep attempts the flip of a site, in quarters, [replicas].

    It is the same for all sites and states, so that it changes no balance. With q the acceptance
    averaged over neighbours at infinite temperature, a spin keeps 1 - (1 + q) times this of its
    memory, which is negative from some T on: the probability is 1 up to q = 0.7, 3/4 up to 0.9, and
    1/2 above, where nothing is kept.
    """
    n, weight = np.arange(-4, 5, 2), np.array([1, 4, 6, 4, 1]) / 16
    cost = 2.0 * np.abs(model.coupling * n + model.field)
    with np.errstate(over="ignore"):
        q = np.exp(-cost / model.temperature[:, None]) @ weight
    return np.select([q <= 0.7, q <= 0.9], [1.0, 0.75], 0.5)


def flip_costs(model: Model) -> np.ndarray:
    """Returns dE = 2 s (J n + h) at index n + 4 + (s > 0), where n sums the neighbours, [10].

    The whole change: the bonds belong to the flipped spin alone, without a factor 1/2.
    """
    n = np.repeat(np.arange(-4, 5, 2), 2)
    s = np.tile([-1, 1], 5)
    return 2.0 * s * (model.coupling * n + model.field)


def _sweeps(
    state: LatticeState, n_sweeps: int, probability: np.ndarray
) -> tuple[LatticeState, SweepInfo]:
    accepted = np.zeros(len(state.spins), np.int64)
    below = np.ascontiguousarray(
        np.broadcast_to(probability_words(probability), (len(accepted), 10))
    )
    attempted = n_sweeps * state.spins[0].size
    with threads(len(accepted), attempted * len(accepted)):
        _sweep(state.spins, state.rng, below.copy(), n_sweeps, accepted)
    count_energies(n_sweeps * len(accepted))
    return state, SweepInfo(accepted / attempted, attempted * len(accepted))


@kernel()
def _sweep(
    spins: np.ndarray, rng: np.ndarray, below: np.ndarray, n_sweeps: int, accepted: np.ndarray
) -> None:
    """Flips a site when a random word is below the replica's entry at n + 4 + (s > 0)."""
    n_replicas, L, _ = spins.shape
    for r in numba.prange(n_replicas):
        a, b, c, d = rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3]
        lattice, table = spins[r], below[r]
        count = 0
        for half in range(2 * n_sweeps):
            for i in range(L):
                row = lattice[i]
                above = lattice[i - 1 if i > 0 else L - 1]
                under = lattice[i + 1 if i < L - 1 else 0]
                first = (i + half) & 1
                left = row[first - 1 if first > 0 else L - 1]
                for j in range(first, L, 2):
                    right = row[j + 1 if j < L - 1 else 0]
                    s = row[j]
                    # unsigned: Numba need not look for an index from the end
                    k = np.uint64(left + right + above[j] + under[j] + 4 + (s > 0))
                    word, a, b, c, d = next_word(a, b, c, d)
                    flip = word < table[k]
                    # no branch, as nothing could foretell it
                    row[j] = s * (1 - 2 * np.int8(flip))
                    count += flip
                    left = right
        rng[r, 0], rng[r, 1], rng[r, 2], rng[r, 3] = a, b, c, d
        accepted[r] = count
