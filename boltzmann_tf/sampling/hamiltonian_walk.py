"""Hamiltonian Monte Carlo of any system with a density: many walkers at once, compiled.

Duane, Kennedy, Pendleton and Roweth, Phys. Lett. B 195, 216 (1987). The steps are `tfp.mcmc`'s. It
draws the number it accepts by in the precision of the log-density, and one of float32 is exactly 0
once in 2^23 draws, which accepts any move: so positions, momenta and log-densities are float64
here, and only the system's energy and its gradient may be float32.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from boltzmann_tf._support.checks import finite_array, positive, positive_int
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf._support.graph import in_graph, kept, numbers_of, with_xla
from boltzmann_tf.sampling._precision import check_resolution, check_step, energies_of
from boltzmann_tf.sampling.random_walk import Chains, check_run, start_of
from boltzmann_tf.systems import System
from boltzmann_tf.systems.base import with_density

__all__ = ["hamiltonian"]

# Of dual averaging. The usual 0.05 is for the noise of a single chain: of hundreds, step sizes then
# swing about the target for thousands of steps, and their mean accepts much more than they do.
SHRINKAGE = 0.2


def hamiltonian(
    system: System,
    initial: Any,
    *,
    n_steps: int,
    step_size: float = 0.1,
    n_leapfrog: int = 10,
    temperature: Any = 1.0,
    stride: int = 1,
    burn_in: int = 0,
    target_acceptance: float | None = None,
    seed: int = 0,
    dtype: str = "float32",
    jit_compile: bool | str = "auto",
) -> Chains:
    """Samples `system` by Hamiltonian Monte Carlo.

    A step integrates Newton's equations from a new momentum, of mass 1, and accepts where they lead
    by the error of the energy. Where the log-density there, or this error, is NaN, it is rejected
    and counted. On a torus, coordinates are put back into `bounds`.

    On a ladder of temperatures it is the sweep of `exchange_rounds`, with `Chains` as walkers:

        def sweep(chains, rung):
            return hamiltonian(system, chains.x[:, -1], n_steps=5, temperature=T[rung],
                               seed=chains.seed + 1)

    Args:
      system: its true energy is used, and its gradient.
      initial: configurations to start from, `[chains, *event_shape]`, or one of `event_shape`.
      n_steps: steps of each chain after burn-in.
      step_size: of the leapfrog integrator at temperature 1, in the units of x; at tau it is
        sqrt(tau) times as large, as the width of a minimum is.
      n_leapfrog: of its steps to a step of the chain.
      temperature: relative temperature tau, a number or `[chains]`.
      stride: steps between stored draws; `n_steps // stride` draws are stored.
      burn_in: steps before, not stored.
      target_acceptance: adapt the step size towards this acceptance of all chains together by dual
        averaging during the burn-in, and there only (Hoffman and Gelman, J. Mach. Learn. Res. 15,
        1593, 2014); 0.65 to 0.8 is what pays. None keeps it.
      seed: of the run.
      dtype: of configurations and energies, "float32" or "float64".
      jit_compile: whether XLA compiles the chain; "auto" asks the system.

    Returns:
      `Chains`; `steps` counts steps of the chains, each of `n_leapfrog` energies and gradients.

    Raises:
      ValueError: where an argument is not as above, where energies are too large for `dtype`, and
        where the energy has no gradient.
    """
    with_density("system", system)
    tau = finite_array("temperature", temperature, dtype=np.float64)
    start = start_of(system, initial, dtype)
    if tau.shape not in ((), (len(start),)) or np.any(tau <= 0):
        raise ValueError(
            f"temperature must be > 0, a number or [{len(start)}], got {tau.tolist()!r}"
        )
    tau = np.broadcast_to(tau, (len(start),))
    leapfrog = positive_int("n_leapfrog", n_leapfrog)
    check_run(n_steps, stride, burn_in, target_acceptance, seed)
    size = positive("step_size", step_size)
    check_step(size * float(np.sqrt(tau.min())), start)
    jit = with_xla(system, jit_compile=jit_compile)
    values = energies_of(system, start) / tau
    remedy = 'dtype="float64"'
    if not burn_in:
        check_resolution(values, start.dtype, "at the start", remedy)
    _check_gradient(system, start)

    def walk(
        state: np.ndarray, size: float, n_stored: int, stride: int, part: int, target: float | None
    ) -> list[np.ndarray]:
        chain = kept(
            system,
            ("hamiltonian", n_stored, dtype, target is not None, jit, numbers_of(system)),
            lambda: _compiled(system, n_stored, dtype, tunes=target is not None, jit_compile=jit),
        )
        found = chain(
            tf.constant(state, tf.float64),
            tf.constant(size, tf.float64),
            tf.constant(tau, tf.float64),
            tf.constant([seed, part], tf.int32),
            tf.constant(stride),
            tf.constant(leapfrog),
            tf.constant(target or 0.0, tf.float64),
        )
        arrays = [v.numpy() for v in found]
        # Where it begins, of each step of the integrator, and of what is stored.
        count_energies(len(state) * (1 + n_stored * (stride * leapfrog + 1)))
        return arrays

    state: np.ndarray = start
    if burn_in:
        states, values, _, _, tuned = walk(state, size, 1, burn_in, 0, target_acceptance)
        state, size = states[-1], float(tuned)
        check_resolution(values, start.dtype, "after the burn-in", remedy)
    draws = n_steps // stride
    states, values, accepted, not_finite, _ = walk(state, size, draws, stride, 1, None)
    check_resolution(values, start.dtype, "of what is stored", remedy)
    return Chains(
        np.moveaxis(states, 0, 1).astype(dtype),
        values.T,
        accepted / (draws * stride),
        size,
        len(start) * (burn_in + draws * stride),
        seed,
        int(not_finite.sum(dtype=np.int64)),
    )


def _check_gradient(system: System, start: np.ndarray) -> None:
    """Raises unless the energy has a gradient that is finite where chains start."""
    x = tf.constant(start)
    with tf.GradientTape() as tape:
        tape.watch(x)
        energy = system.energy(x)
    slope = tape.gradient(energy, x)
    count_energies(len(start))
    if slope is None or not np.all(np.isfinite(slope)):
        raise ValueError(
            f"system must have an energy with a finite gradient at `initial`, got "
            f"{'none' if slope is None else 'NaN or infinity'} of {system.name}"
        )


def _wrapped(system: System) -> Callable[[tf.Tensor], tf.Tensor]:
    """Puts configurations back into the bounds of a torus."""
    if system.domain != "torus" or system.bounds is None:
        return lambda x: x
    low, high = (np.broadcast_to(np.float64(b), system.event_shape) for b in system.bounds)
    return lambda x: x - (high - low) * tf.floor((x - low) / (high - low))


def log_density(
    system: System, dtype: str
) -> Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """From x, float64, and tau to configurations as they are stored and -u / tau, float64."""
    energy_of, wrapped = in_graph(system.energy), _wrapped(system)

    def of(x: tf.Tensor, tau: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        x = tf.cast(wrapped(x), dtype)
        return x, -tf.cast(energy_of(x), tf.float64) / tau

    return of


def _compiled(
    system: System, n_stored: int, dtype: str, *, tunes: bool, jit_compile: bool
) -> Callable[..., tuple[tf.Tensor, ...]]:
    """The chain: stored states, log-densities, counts of accepted and NaN, and the step size."""
    density = log_density(system, dtype)

    def chain(
        state: tf.Tensor,
        size: tf.Tensor,
        tau: tf.Tensor,
        seed: tf.Tensor,
        stride: tf.Tensor,
        leapfrog: tf.Tensor,
        target: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        n = state.shape[0]
        # In units of sqrt(tau), one step size is that of every chain.
        unit = tf.reshape(tf.sqrt(tau), [n] + [1] * (state.shape.rank - 1))

        def log_prob(y: tf.Tensor) -> tf.Tensor:
            return tf.ensure_shape(density(y * unit, tau)[1], [n])

        kernel = tfp.mcmc.HamiltonianMonteCarlo(
            log_prob, step_size=size, num_leapfrog_steps=leapfrog, store_parameters_in_results=True
        )
        if tunes:
            kernel = tfp.mcmc.DualAveragingStepSizeAdaptation(
                kernel,
                num_adaptation_steps=stride * n_stored,
                target_accept_prob=target,
                exploration_shrinkage=SHRINKAGE,
            )

        def step(
            k: tf.Tensor, y: tf.Tensor, results: Any, accepted: tf.Tensor, not_finite: tf.Tensor
        ) -> tuple[Any, ...]:
            own = tf.random.experimental.stateless_fold_in(seed, k)
            y, results = kernel.one_step(y, results, seed=own)
            now = results.inner_results if tunes else results
            after = now.proposed_results
            bad = tf.math.is_nan(after.target_log_prob + after.log_acceptance_correction)
            bad |= after.target_log_prob == np.inf
            return (
                k + 1,
                y,
                results,
                accepted + tf.cast(now.is_accepted, tf.int32),
                not_finite + tf.cast(bad, tf.int32),
            )

        def draw(
            i: tf.Tensor, carried: tuple[Any, ...], x: tf.TensorArray, values: tf.TensorArray
        ) -> tuple[Any, ...]:
            end = (i + 1) * stride
            carried = tf.while_loop(
                lambda k, *_: k < end, step, (i * stride, *carried), parallel_iterations=1
            )[1:]
            stored, value = density(carried[0] * unit, tau)
            return i + 1, carried, x.write(i, stored), values.write(i, value)

        y = state / unit
        none = tf.zeros([n], tf.int32)
        _, (_, results, accepted, not_finite), x, values = tf.while_loop(
            lambda i, *_: i < n_stored,
            draw,
            (
                tf.constant(0),
                (y, kernel.bootstrap_results(y), none, none),
                tf.TensorArray(dtype, n_stored, element_shape=state.shape),
                tf.TensorArray(tf.float64, n_stored, element_shape=[n]),
            ),
            parallel_iterations=1,
        )
        last = tf.exp(tf.nest.flatten(results.log_averaging_step)[0]) if tunes else size
        return x.stack(), values.stack(), accepted, not_finite, last

    # A partial, as in `steps`: no warning of retracing with the fifth chain.
    return tf.function(functools.partial(chain), jit_compile=jit_compile, autograph=False)
