"""Random-walk Metropolis on `tfp.mcmc`: many walkers at once, compiled, tuned in burn-in only."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf import estimators
from boltzmann_tf._checks import finite_array, positive, positive_int, seed_int
from boltzmann_tf.systems import System
from boltzmann_tf.systems.base import with_density

__all__ = ["Chains", "metropolis", "run_chains"]

LogProb = Callable[[tf.Tensor], tf.Tensor]

TUNING_ROUNDS = 20  # of the burn-in, each followed by one adjustment of the step size


class Chains(NamedTuple):
    """Markov chains and how they fared.

    Attributes:
      x: configurations, `[chains, draws, *event_shape]`.
      log_prob: unnormalised log-density, -u / tau for a system, `[chains, draws]`.
      acceptance: mean acceptance of each chain after burn-in, `[chains]`.
      step_size: standard deviation of the Gaussian step.
      steps: Metropolis steps in all, burn-in included (one energy evaluation each).
      seed: of the run.
    """

    x: np.ndarray
    log_prob: np.ndarray
    acceptance: np.ndarray
    step_size: float
    steps: int
    seed: int

    @property
    def configurations(self) -> np.ndarray:
        """All draws of all chains, `[chains * draws, *event_shape]`."""
        return self.x.reshape(-1, *self.x.shape[2:])

    def diagnostics(self, coordinate: np.ndarray) -> dict[str, float]:
        """Acceptance, R-hat and effective sample size of a coordinate `[chains, draws]`."""
        return {
            "acceptance": float(self.acceptance.mean()),
            "r_hat": float(estimators.r_hat(coordinate)),
            "ess": float(estimators.chain_ess(coordinate)),
            "step_size": self.step_size,
        }


def metropolis(
    system: System,
    initial: Any,
    *,
    n_steps: int,
    step_size: float = 0.1,
    stride: int = 1,
    temperature: float = 1.0,
    burn_in: int = 0,
    target_acceptance: float | None = None,
    seed: int = 0,
) -> Chains:
    """Samples `system` by random-walk Metropolis in all coordinates at once.

    Args:
      system: its true energy is used.
      initial: configurations to start from, `[chains, *event_shape]`, or one of `event_shape`.
      n_steps: steps of each chain after burn-in.
      step_size: standard deviation of the Gaussian step, in the units of x.
      stride: steps between stored draws; `n_steps // stride` draws are stored.
      temperature: relative temperature tau.
      burn_in: steps before, not stored.
      target_acceptance: adapt the step size towards this acceptance during the burn-in, and
        there only, so that what is stored comes from one kernel; None keeps it.
      seed: of the run.

    Returns:
      `Chains`.
    """
    with_density("system", system)
    tau = positive("temperature", temperature)
    shape = system.event_shape
    start = finite_array("initial", initial, dtype=np.float32)
    if start.shape == shape:
        start = start[None]
    if start.shape[1:] != shape or start.ndim != 1 + len(shape):
        raise ValueError(
            f"initial must have shape [chains, {', '.join(map(str, shape))}], got {start.shape}"
        )
    energy = system.energy(tf.constant(start)).numpy()
    if not np.all(np.isfinite(energy)):
        raise ValueError(f"initial must have finite energies, got {energy}")
    return run_chains(
        _log_prob(system, tau),
        start,
        n_steps=n_steps,
        step_size=step_size,
        stride=stride,
        burn_in=burn_in,
        target_acceptance=target_acceptance,
        seed=seed,
    )


@functools.lru_cache(maxsize=32)
def _log_prob(system: System, tau: float) -> LogProb:
    # One function object a system and temperature, so that its compiled kernel is found again.
    return lambda x: -system.energy(x) / tau


def run_chains(
    log_prob: LogProb,
    initial: np.ndarray,
    *,
    n_steps: int,
    step_size: float,
    stride: int = 1,
    burn_in: int = 0,
    target_acceptance: float | None = None,
    seed: int = 0,
) -> Chains:
    """Random-walk Metropolis on any log-density; arguments as in `metropolis`.

    A step to a NaN log-density is rejected.

    Args:
      log_prob: from `[chains, ...]` to `[chains]`, in TF ops; compiled once for each function.
      initial: `[chains, ...]`.
      n_steps: steps of each chain after burn-in.
      step_size: standard deviation of the Gaussian step.
      stride: steps between stored draws.
      burn_in: steps before, not stored; tuned, the multiple of 20 at or below it is taken.
      target_acceptance: tune the step size towards it during burn-in; None for not.
      seed: of the run.
    """
    positive_int("n_steps", n_steps)
    positive_int("stride", stride)
    positive_int("burn_in", burn_in, minimum=0)
    seed_int("seed", seed)
    size = positive("step_size", step_size)
    if stride > n_steps:
        raise ValueError(f"stride must be at most n_steps={n_steps}, got {stride}")
    if target_acceptance is not None:
        if not 0 < target_acceptance < 1:
            raise ValueError(f"target_acceptance must be in (0, 1), got {target_acceptance!r}")
        if burn_in < TUNING_ROUNDS:
            raise ValueError(
                f"burn_in must be at least {TUNING_ROUNDS} to tune the step size, got {burn_in}"
            )
    state = tf.constant(initial)
    seeds = tf.random.split([seed, 0], TUNING_ROUNDS + 1)
    if target_acceptance is not None:
        tune = _kernel(log_prob, 1, burn_in // TUNING_ROUNDS)
        burn_in -= burn_in % TUNING_ROUNDS
        for round_seed in seeds[:-1]:
            states, _, accepted = tune(state, tf.cast(size, state.dtype), round_seed)
            state = states[-1]
            # Gain 2: from far off, twenty rounds reach the target within a few per cent.
            size *= float(np.exp(2.0 * (accepted.numpy().mean() - target_acceptance)))
    elif burn_in:
        burn = _kernel(log_prob, 1, burn_in)
        state = burn(state, tf.cast(size, state.dtype), seeds[0])[0][-1]
    run = _kernel(log_prob, n_steps // stride, stride)
    states, values, accepted = run(state, tf.cast(size, state.dtype), seeds[-1])
    return Chains(
        np.moveaxis(states.numpy(), 0, 1),
        values.numpy().T,
        accepted.numpy(),
        size,
        len(initial) * (burn_in + n_steps // stride * stride),
        seed,
    )


@functools.lru_cache(maxsize=64)
def _kernel(log_prob: LogProb, n_stored: int, stride: int) -> Callable:
    """The compiled chain: stored states, their log-densities, and acceptance of each chain.

    Acceptance is counted over every step. `sample_chain` sees the stored steps only, so each of
    its transitions is a block of `stride` Metropolis steps.
    """

    def run(
        state: tf.Tensor, step_size: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        kernel = tfp.mcmc.RandomWalkMetropolis(
            log_prob, tfp.mcmc.random_walk_normal_fn(scale=step_size)
        )
        results = kernel.bootstrap_results(state)
        accepted = tf.zeros(tf.shape(state)[:1], tf.float32)
        states = tf.TensorArray(state.dtype, n_stored, element_shape=state.shape)
        values = tf.TensorArray(state.dtype, n_stored, element_shape=state.shape[:1])
        for i in tf.range(n_stored):
            for j in tf.range(stride):
                step_seed = tf.random.experimental.stateless_fold_in(seed, i * stride + j)
                state, results = kernel.one_step(state, results, seed=step_seed)
                accepted += tf.cast(results.is_accepted, tf.float32)
            states = states.write(i, state)
            values = values.write(i, results.accepted_results.target_log_prob)
        return states.stack(), values.stack(), accepted / (n_stored * stride)

    # A partial, as in `steps`: no warning of retracing with the fifth chain.
    return tf.function(functools.partial(run), jit_compile=True)
