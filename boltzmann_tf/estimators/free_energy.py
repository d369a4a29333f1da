"""Free-energy differences between states, from weighted samples. Energies in kT."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from boltzmann_tf._support.checks import finite_array
from boltzmann_tf.estimators._common import (
    DEFAULT_BLOCKS,
    Estimate,
    check_bootstrap,
    check_coordinate,
    check_log_weights,
    check_mask,
    flag,
    group_sums,
    resolution_of,
)
from boltzmann_tf.estimators._states import check_period, inside, two_states
from boltzmann_tf.estimators._tails import NEGLIGIBLE, kish, pareto_shape, tail_message
from boltzmann_tf.estimators.weights import judged_log_z

__all__ = [
    "bound_difference",
    "free_energy_difference",
    "reweighted_difference",
    "two_generator_difference",
]


def free_energy_difference(
    coordinate: ArrayLike,
    log_weights: ArrayLike | None = None,
    *,
    cut: float | None = None,
    left: tuple[float, float] | None = None,
    right: tuple[float, float] | None = None,
    n_bootstrap: int = 200,
    seed: int = 0,
    n_blocks: int = DEFAULT_BLOCKS,
    period: float | None = None,
) -> Estimate:
    """Returns F(right) - F(left) = -log(sum of weights right / sum of weights left), in kT.

    The states are the half-lines below and above `cut`, or the intervals `left` and `right`, each
    closed below and open above.

    The stated error is the larger of two that agree when there are many samples: the delta method
    (whose square is 1 / ESS(left) + 1 / ESS(right) for independent samples) and a bootstrap over
    blocks of consecutive samples. The first is still right with a handful of samples in a state,
    where bootstrap replicas without any must be dropped; the second sees the skewness of the
    logarithm.

    Args:
      coordinate: reaction coordinate of the samples [n].
      log_weights: [n], -inf allowed; None for samples of the target itself.
      cut: boundary between the states.
      left: (low, high) of the left state; may be infinite.
      right: (low, high) of the right state; may be infinite.
      n_bootstrap: replicas.
      seed: of the bootstrap.
      n_blocks: blocks at most; samples correlated over m steps need n / n_blocks well above m.
      period: of the coordinate (2 pi for a dihedral); None for a line. States are then `left` and
        `right`, of any images; one past the end of the period is (2.5, 3.8) or (2.5, -2.5).

    Returns:
      the difference in kT. A state without samples gives an infinite value (NaN if both are
      empty) and an error of NaN, and so does a state that a single block fills.

    Examples:
      >>> x = np.random.default_rng(0).normal(0.5, 1.0, 100_000)
      >>> value, error = bg.free_energy_difference(x, cut=0.0)  # exactly -0.8069
      >>> round(value, 2), round(error, 3)
      (-0.81, 0.007)
    """
    circle = check_period(period)
    states = two_states(cut, left, right, circle)
    values, weights = check_coordinate("coordinate", coordinate, log_weights)
    n_bootstrap, seed, n_blocks = check_bootstrap(n_bootstrap, seed, n_blocks)
    group = np.full(values.size, 2)
    for index, state in enumerate(states):
        group[inside(values, state, circle)] = index
    if log_weights is not None:
        for index, side in enumerate(("left", "right")):
            own = np.where(group == index, weights, -np.inf)
            if np.any(own > -np.inf):
                name = f"free_energy_difference, {side} state"
                heavy = tail_message(name, pareto_shape(own, NEGLIGIBLE), kish(own), own.size)
                if heavy is not None:
                    flag(heavy)
    sums = group_sums(group, 3, weights, n_blocks)
    log_left, log_right, _ = sums.log_sums()
    if not np.all(sums.counts[:2]):
        if not np.any(sums.counts[:2]):
            return Estimate(math.nan, math.nan)
        return Estimate(float(log_left - log_right), math.nan)
    value = float(log_left - log_right)
    if min(np.count_nonzero(sums.blocks[:, :2], axis=0)) < 2:
        return Estimate(value, math.nan)
    shares = sums.shares()
    used = sums.blocks.shape[0]
    delta = math.sqrt(np.sum((shares[:, 0] - shares[:, 1]) ** 2) * used / (used - 1))
    replicas = sums.bootstrap_log_sums(n_bootstrap, seed)
    with np.errstate(invalid="ignore"):
        differences = replicas[:, 0] - replicas[:, 1]
    differences = differences[np.isfinite(differences)]
    bootstrap = float(differences.std(ddof=1)) if differences.size > 1 else 0.0
    return Estimate(value, max(delta, bootstrap))


def two_generator_difference(
    free_energies_left: ArrayLike, free_energies_right: ArrayLike
) -> Estimate:
    """Returns <F_right> - <F_left>, the published estimate from two generators, in kT.

    Each generator saw one state only; F_k = u(x_k) / tau - log R_zx,k for its samples. No sample
    is reweighted: this is the difference of two upper bounds, so its *systematic* error is the
    difference of the two KL divergences, which the stated (statistical) error does not contain.
    `reweighted_difference` has no such error, and `bound_difference` keeps to the states. Source:
    Noé et al. 2019, figure 6.

    Args:
      free_energies_left: [n] of the generator of the left state.
      free_energies_right: [m] of the generator of the right state.

    Returns:
      the difference in kT; the error is NaN with a single sample on either side.
    """
    left = finite_array("free_energies_left", free_energies_left, ndim=1)
    right = finite_array("free_energies_right", free_energies_right, ndim=1)
    value = float(right.mean() - left.mean())
    if min(left.size, right.size) < 2:
        return Estimate(value, math.nan)
    variance = left.var(ddof=1) / left.size + right.var(ddof=1) / right.size
    return Estimate(value, math.sqrt(variance))


def reweighted_difference(
    log_weights_left: ArrayLike,
    log_weights_right: ArrayLike,
    in_left: ArrayLike,
    in_right: ArrayLike,
) -> Estimate:
    """Returns F(right) - F(left) = log Z_left - log Z_right from two generators, in kT.

    Each Z is the mean of the weights of one generator's samples that fall into its own state;
    samples elsewhere count with weight zero, so states are not counted twice and a generator that
    leaks into the other state is corrected. Exact for many samples, whatever the generators.

    Args:
      log_weights_left: [n] log(e^{-u} / q) of the left generator's samples, with q normalised.
      log_weights_right: [m] of the right generator's samples.
      in_left: boolean [n], whether the left generator's sample lies in the left state.
      in_right: boolean [m], whether the right generator's sample lies in the right state.

    Returns:
      the difference in kT with the delta-method errors of both log Z combined, the rounding of the
      arrays' dtype included. A `CalibrationWarning` names the state in which `log_z` would warn.
    """
    found = []
    sides = _restricted(log_weights_left, log_weights_right, in_left, in_right)
    for name, (weights, rounding) in zip(("left", "right"), sides, strict=True):
        if not np.any(weights > -np.inf):  # Z = 0: an infinite difference, without an error
            found.append(Estimate(-math.inf, math.nan))
            continue
        estimator = f"reweighted_difference, {name} state"
        estimate, message = judged_log_z(estimator, weights, rounding)
        if message is not None:
            flag(message)
        found.append(estimate)
    return _difference(*found)


def bound_difference(
    log_weights_left: ArrayLike,
    log_weights_right: ArrayLike,
    in_left: ArrayLike,
    in_right: ArrayLike,
) -> Estimate:
    """Returns F(right) - F(left) as a difference of two bounds, each of its own state, in kT.

    `two_generator_difference` counts what each generator covers; one that spreads into a
    neighbouring basin then answers for both. Within a state B, with q(B) the share of the samples
    in it, Jensen's inequality gives the bound that belongs to it,

        log Z_B >= <log w>_B + log q(B),

    whose gap is the divergence of the generator from the target inside B. Nothing is reweighted,
    so no sample dominates, and the systematic error is the difference of the two gaps.

    Args:
      log_weights_left: [n] log(e^{-u} / q) of the left generator's samples, with q normalised.
      log_weights_right: [m] of the right generator's samples.
      in_left: boolean [n], whether the left generator's sample lies in the left state.
      in_right: boolean [m], whether the right generator's sample lies in the right state.

    Returns:
      the difference in kT with its statistical error; a sample of weight zero counts as outside.
    """
    sides = _restricted(log_weights_left, log_weights_right, in_left, in_right)
    return _difference(*(_bound(*side) for side in sides))


def _restricted(
    log_weights_left: ArrayLike,
    log_weights_right: ArrayLike,
    in_left: ArrayLike,
    in_right: ArrayLike,
) -> list[tuple[np.ndarray, float]]:
    """Log-weights of either side, -inf outside its state, and their rounding in kT."""
    sides = []
    for name, weights, mask_name, mask in (
        ("log_weights_left", log_weights_left, "in_left", in_left),
        ("log_weights_right", log_weights_right, "in_right", in_right),
    ):
        values = check_log_weights(name, weights)
        rounding = resolution_of(weights, values, None)
        member = check_mask(mask_name, mask, values.size)
        sides.append((np.where(member, values, -np.inf), rounding))
    return sides


def _bound(log_weights: np.ndarray, rounding: float) -> Estimate:
    """Lower bound of log Z of the state in which the weights are not zero."""
    own = log_weights[log_weights > -np.inf]
    if own.size == 0:
        return Estimate(-math.inf, math.nan)
    share = own.size / log_weights.size
    value = float(own.mean() + math.log(share))
    if own.size == 1:
        return Estimate(value, math.nan)
    variance = (own.var(ddof=1) + 1 - share) / own.size
    return Estimate(value, math.hypot(math.sqrt(variance), rounding))


def _difference(left: Estimate, right: Estimate) -> Estimate:
    """F(right) - F(left) from the two log Z."""
    return Estimate(
        float(left.value - right.value), math.hypot(left.standard_error, right.standard_error)
    )
