"""Random-walk Metropolis: many walkers at once, compiled, tuned in burn-in only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf import estimators
from boltzmann_tf._support.checks import choice, finite_array, positive, positive_int, seed_int
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf._support.graph import in_graph, numbers_of, with_xla
from boltzmann_tf.sampling._chain import Target, kernel
from boltzmann_tf.sampling._precision import check_resolution, check_step, energies_of
from boltzmann_tf.systems import System
from boltzmann_tf.systems.base import with_density

__all__ = ["Chains", "check_run", "metropolis", "run", "run_chains", "start_of"]

TUNING_ROUNDS = 20  # of the burn-in, each followed by one adjustment of the step size


class Chains(NamedTuple):
    """Markov chains and how they fared.

    Attributes:
      x: configurations, `[chains, draws, *event_shape]`.
      log_prob: unnormalised log-density, -u / tau for a system, float64 `[chains, draws]`.
      acceptance: mean acceptance of each chain after burn-in, float64 `[chains]`.
      step_size: standard deviation of the Gaussian step; of Hamiltonian ones, that of the
        integrator.
      steps: Metropolis steps in all, burn-in included (one energy evaluation each; of Hamiltonian
        ones `n_leapfrog` energies and gradients).
      seed: of the run.
      not_finite: steps after burn-in that were rejected because the log-density there was NaN or
        +inf.
    """

    x: np.ndarray
    log_prob: np.ndarray
    acceptance: np.ndarray
    step_size: float
    steps: int
    seed: int
    not_finite: int = 0

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
    dtype: str = "float32",
    jit_compile: bool | str = "auto",
) -> Chains:
    """Samples `system` by random-walk Metropolis in all coordinates at once.

    Energies are computed in `dtype`, and refused where they are too large for it, that is where
    its numbers near u / tau are more than about 0.01 apart; their differences and all sums are in
    float64.

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
      dtype: of configurations and energies, "float32" or "float64".
      jit_compile: whether XLA compiles the chain; "auto" asks the system
        (`System.compiles_with_xla`). The random numbers are others without it.

    Returns:
      `Chains`.

    Raises:
      ValueError: where an argument is not as above, and where energies are too large for `dtype`.
    """
    with_density("system", system)
    tau = positive("temperature", temperature)
    start = start_of(system, initial, dtype)
    jit = with_xla(system, jit_compile=jit_compile)
    energy = energies_of(system, start)
    energy_of = in_graph(system.energy)

    def log_prob(x: tf.Tensor, tau: tf.Tensor) -> tf.Tensor:
        # The quotient in float64: what rounds is the energy alone.
        return -tf.cast(energy_of(x), tf.float64) / tau

    target = Target(
        log_prob,
        system,
        tf.constant(tau, tf.float64),
        jit,
        'dtype="float64"',
        numbers_of(system),
    )
    return run(
        target,
        start,
        energy / tau,
        n_steps=n_steps,
        step_size=step_size,
        stride=stride,
        burn_in=burn_in,
        target_acceptance=target_acceptance,
        seed=seed,
    )


def run_chains(
    log_prob: Callable[[tf.Tensor], tf.Tensor],
    initial: np.ndarray,
    *,
    n_steps: int,
    step_size: float,
    stride: int = 1,
    burn_in: int = 0,
    target_acceptance: float | None = None,
    seed: int = 0,
    jit_compile: bool = True,
) -> Chains:
    """Random-walk Metropolis on any log-density; arguments as in `metropolis`.

    A step to a log-density of NaN or +inf is rejected, and counted.

    Args:
      log_prob: from `[chains, ...]` to `[chains]`, in TF ops; compiled once for each function.
      initial: `[chains, ...]`, where the log-density is finite; float32 or float64, in which the
        chains then are.
      n_steps: steps of each chain after burn-in.
      step_size: standard deviation of the Gaussian step.
      stride: steps between stored draws.
      burn_in: steps before, not stored; tuned, the multiple of 20 at or below it is taken.
      target_acceptance: tune the step size towards it during burn-in; None for not.
      seed: of the run.
      jit_compile: whether XLA compiles the chain.
    """
    start = tf.convert_to_tensor(initial).numpy()
    start = finite_array("initial", initial, dtype=start.dtype)
    first = log_prob(tf.constant(start)).numpy()
    count_energies(len(start))
    if first.shape != start.shape[:1] or not np.all(np.isfinite(first)):
        raise ValueError(f"initial must have finite log-densities [chains], got {first}")
    own = in_graph(log_prob)
    return run(
        Target(lambda x, _: own(x), log_prob, tf.constant(1.0), jit_compile, "float64 `initial`"),
        start,
        first,
        n_steps=n_steps,
        step_size=step_size,
        stride=stride,
        burn_in=burn_in,
        target_acceptance=target_acceptance,
        seed=seed,
    )


def run(
    target: Target,
    start: np.ndarray,
    first: np.ndarray,
    *,
    n_steps: int,
    step_size: float,
    stride: int,
    burn_in: int,
    target_acceptance: float | None,
    seed: int,
) -> Chains:
    """As `run_chains`; `first` are u / tau at the start, in the precision of all energies."""
    check_run(n_steps, stride, burn_in, target_acceptance, seed)
    size = positive("step_size", step_size)
    check_step(size, start)
    if not burn_in:
        check_resolution(first, first.dtype, "at the start", target.remedy)
    state = tf.constant(start)
    seeds = tf.random.split([seed, 0], TUNING_ROUNDS + 1)

    def walk(n_stored: int, stride: int, seed: tf.Tensor) -> list[np.ndarray]:
        chain = kernel(target, n_stored)
        scale = tf.cast(size, state.dtype)
        out = chain(state, scale, seed, tf.constant(stride), target.argument)
        found = [v.numpy() for v in out]
        count_energies(len(start) * (1 + n_stored * stride))  # where it begins, and of each step
        return found

    rounds = 1 if target_acceptance is None else TUNING_ROUNDS
    burn_in -= burn_in % rounds
    for round_seed in seeds[:rounds] if burn_in else []:
        states, values, accepted, _ = walk(1, burn_in // rounds, round_seed)
        state = tf.constant(states[-1])
        if target_acceptance is not None:
            # Gain 2: from far off, twenty rounds reach the target within a few per cent.
            mean = accepted.mean() / (burn_in // rounds)
            size *= float(np.exp(2.0 * (mean - target_acceptance)))
    if burn_in:
        check_resolution(values, first.dtype, "after the burn-in", target.remedy)
    draws = n_steps // stride
    states, values, accepted, not_finite = walk(draws, stride, seeds[-1])
    check_resolution(values, first.dtype, "of what is stored", target.remedy)
    return Chains(
        np.moveaxis(states, 0, 1),
        values.T,
        accepted / (draws * stride),
        size,
        len(start) * (burn_in + draws * stride),
        seed,
        int(not_finite.sum(dtype=np.int64)),
    )


def start_of(system: System, initial: Any, dtype: str) -> np.ndarray:
    """Configurations to start from, `[chains, *event_shape]`, or raises."""
    choice("dtype", dtype, ("float32", "float64"))
    shape = system.event_shape
    start = finite_array("initial", initial, dtype=dtype)
    if start.shape == shape:
        start = start[None]
    if start.shape[1:] != shape or start.ndim != 1 + len(shape):
        raise ValueError(
            f"initial must have shape [chains, {', '.join(map(str, shape))}], got {start.shape}"
        )
    return start


def check_run(
    n_steps: int, stride: int, burn_in: int, target_acceptance: float | None, seed: int
) -> None:
    """Raises unless these are as `metropolis` says."""
    for name, count, minimum in (("n_steps", n_steps, 1), ("burn_in", burn_in, 0)):
        if positive_int(name, count, minimum=minimum) >= 2**31:
            raise ValueError(f"{name} must be below 2**31, got {count}")
    positive_int("stride", stride)
    seed_int("seed", seed)
    if stride > n_steps:
        raise ValueError(f"stride must be at most n_steps={n_steps}, got {stride}")
    if target_acceptance is not None:
        if not 0 < target_acceptance < 1:
            raise ValueError(f"target_acceptance must be in (0, 1), got {target_acceptance!r}")
        if burn_in < TUNING_ROUNDS:
            raise ValueError(
                f"burn_in must be at least {TUNING_ROUNDS} to tune the step size, got {burn_in}"
            )
