"""Metropolis sweeps by multi-spin coding: bit r of a word is the spin of replica r.

64 replicas make a word [i, j], and a flip of that site in all of them is some thirty logical
operations. Each replica has random bits of its own and may have its own temperature: replicas are
as independent as with a stream each. (The older schemes that give all replicas one random number
a site make them correlated.)

A random number u is compared with an acceptance p from its highest binary digit on, in 64 bits at
a time: the first digit that differs decides. Half of the undecided bits are decided by each random
word, so that log2(64) and a little more words do, about 7.3, and p is exact to 2^-64.

Sources: Jacobs and Rebbi, J. Comput. Phys. 41, 203 (1981); Zorn, Herrmann, Rebbi, Comput. Phys.
Commun. 23, 337 (1981).
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.sampling._random import ALL_ONES, kernel, next_word, probability_words
from boltzmann_tf.sampling._threads import threads
from boltzmann_tf.sampling.spins._state import LatticeState, check_update, no_field
from boltzmann_tf.sampling.spins.sweeps import TIE, SweepInfo, attempts

__all__ = ["multispin_sweeps"]

_ZERO, _ONE = np.uint64(0), np.uint64(1)
_PLANES = 64  # of the counters: 2^64 flips of a site are out of reach
_STEADY = 6  # planes that nearly every word changes
_QUARTERS = 2  # binary digits of a quarter


def multispin_sweeps(
    state: LatticeState,
    n_sweeps: int,
    *,
    temperature: Any,
    coupling: float = 1.0,
    field: float = 0.0,
) -> tuple[LatticeState, SweepInfo]:
    """Sweeps as by `metropolis_sweeps` (the same probabilities, other random numbers), packed.

    Replicas are taken in groups of 64, the last one filled up, and the groups run in parallel:
    numbers of replicas that are multiples of 64 times the number of threads are fastest. Packing
    and unpacking cost about as much as two sweeps, so several sweeps a call are worth while. A
    group draws from the stream of its first replica; the other streams stay as they are.

    Args:
      state: replicas of an even L; it is not changed.
      n_sweeps: sweeps of L^2 attempted flips each.
      temperature: T in units of energy (k_B = 1), a number or [replicas].
      coupling: J, either sign but not 0.
      field: h, which must be 0.

    Returns:
      the state after the sweeps, and `SweepInfo`.
    """
    state, n, model = check_update(
        state, n_sweeps, "n_sweeps", temperature, coupling, field, even=True
    )
    no_field(model.field, "multi-spin coding")
    if model.coupling == 0:
        raise ValueError("coupling must not be 0 for multi-spin coding, got 0.0")
    n_replicas = len(state.spins)
    cost = abs(model.coupling) * np.array([8.0, 4.0])
    with np.errstate(over="ignore"):
        probability = np.exp(-cost / model.temperature[:, None])
    digits = _digits(np.hstack([probability, np.full((n_replicas, 1), TIE)]))
    attempt = attempts(model)[:, None]
    lazy = attempt < 1
    quarters = _digits(np.where(lazy, attempt, 0.0))[:, :_QUARTERS, 0]
    # bit r of a word: whether replica r attempts less than all flips
    lazy = _digits(np.where(lazy, 0.5, 0.0))[:, 0, 0]
    accepted = np.zeros(n_replicas, np.int64)
    unsatisfied = _ZERO if model.coupling > 0 else ALL_ONES
    attempted = n * state.spins[0].size
    with threads(len(digits), 16 * attempted * len(digits)):  # a word takes as long as 16 spins
        _sweep_groups(state.spins, state.rng, digits, lazy, quarters, unsatisfied, n, accepted)
    count_energies(n * n_replicas)
    return state, SweepInfo(accepted / attempted, attempted * n_replicas)


def _digits(probability: np.ndarray) -> np.ndarray:
    """Returns binary digits of probabilities [replicas, m] as words [groups, 64 digits, m].

    Bit r of a word is the digit for replica r of the group.
    """
    n_groups = -(-len(probability) // 64)
    m = probability.shape[1]
    words = np.zeros((64 * n_groups, m), np.uint64)  # filled up by replicas that accept nothing
    words[: len(probability)] = probability_words(probability)
    places = np.arange(64, dtype=np.uint64)
    digits = (words.reshape(n_groups, 64, 1, m) >> places[::-1, None]) & _ONE
    return np.bitwise_or.reduce(digits << places[:, None, None], axis=1)


@kernel()
def _sweep_groups(
    spins: np.ndarray,
    rng: np.ndarray,
    digits: np.ndarray,
    lazy: np.ndarray,
    quarters: np.ndarray,
    inversion: int,
    n_sweeps: int,
    accepted: np.ndarray,
) -> None:
    """Packs, sweeps and unpacks.

    `inversion` is all ones where unequal neighbours attract; replicas in `lazy` attempt a flip with
    the probability whose binary digits are `quarters`.
    """
    n_replicas, L, _ = spins.shape
    for group in numba.prange(len(digits)):
        base = 64 * group
        size = min(64, n_replicas - base)
        words = np.zeros((L, L), np.uint64)
        for r in range(size):
            for i in range(L):
                for j in range(L):
                    words[i, j] |= np.uint64(spins[base + r, i, j] > 0) << np.uint64(r)
        counters = np.zeros(_PLANES, np.uint64)  # bit r of word k: digit k of the flips of r
        a, b, c, d = rng[base, 0], rng[base, 1], rng[base, 2], rng[base, 3]
        table = digits[group]
        for half in range(2 * n_sweeps):
            for i in range(L):
                row = words[i]
                above = words[i - 1 if i > 0 else L - 1]
                under = words[i + 1 if i < L - 1 else 0]
                first = (i + half) & 1
                left = row[first - 1 if first > 0 else L - 1]
                for j in range(first, L, 2):
                    right = row[j + 1 if j < L - 1 else 0]
                    s = row[j] ^ inversion
                    # A 1 is a bond that a flip would satisfy. Two half adders, then all four.
                    p, q, u, v = left ^ s, right ^ s, above[j] ^ s, under[j] ^ s
                    either_1, both_1, either_2, both_2 = p | q, p & q, u | v, u & v
                    some = either_1 | either_2
                    two = both_1 | both_2 | (either_1 & either_2)  # at least
                    flips = (both_1 & either_2) | (both_2 & either_1)  # at least 3: it gains
                    undecided = ~flips
                    cost_8, cost_4, cost_0 = ~some, some & ~two, two & undecided
                    k = 0
                    while undecided != _ZERO and k < 64:
                        word, a, b, c, d = next_word(a, b, c, d)
                        digit = (
                            (cost_8 & table[k, 0]) | (cost_4 & table[k, 1]) | (cost_0 & table[k, 2])
                        )
                        flips |= undecided & digit & ~word  # u has a 0 where p has a 1: u < p
                        undecided &= ~(digit ^ word)
                        k += 1
                    if lazy[group] != _ZERO:
                        undecided, attempted = lazy[group], ~lazy[group]
                        for k in range(_QUARTERS):
                            word, a, b, c, d = next_word(a, b, c, d)
                            attempted |= undecided & quarters[group, k] & ~word
                            undecided &= ~(quarters[group, k] ^ word)
                        flips &= attempted
                    row[j] ^= flips
                    left = right
                    # Adds a bit to each of 64 counters; the first planes without a branch.
                    carry = flips
                    for k in range(_STEADY):
                        counters[k], carry = counters[k] ^ carry, counters[k] & carry
                    k = _STEADY
                    while carry != _ZERO:
                        counters[k], carry = counters[k] ^ carry, counters[k] & carry
                        k += 1
        rng[base, 0], rng[base, 1], rng[base, 2], rng[base, 3] = a, b, c, d
        for r in range(size):
            bit = np.uint64(r)
            for k in range(_PLANES):
                accepted[base + r] += np.int64((counters[k] >> bit) & _ONE) << k
            for i in range(L):
                for j in range(L):
                    up = np.int8((words[i, j] >> bit) & _ONE)
                    spins[base + r, i, j] = 2 * up - 1
