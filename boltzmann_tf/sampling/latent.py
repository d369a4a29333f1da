"""Moves through latent space: interpolation between states, and Markov chains.

Noé et al. 2019, supplement "sampling in latent space". A chain that moves in z must carry the
Jacobian, log|dx/dz|, in its density; the published latent random walk left it out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import finite_array, instance, positive, positive_int
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf._support.graph import in_graph, numbers_of, with_xla
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.sampling._chain import Target
from boltzmann_tf.sampling._precision import energies_of
from boltzmann_tf.sampling.random_walk import Chains, run

__all__ = [
    "IndependenceChain",
    "Path",
    "independence_chain",
    "interpolate",
    "latent_metropolis",
]


class Path(NamedTuple):
    """Straight lines in latent space, seen in configuration space.

    Attributes:
      z: `[paths, points, D]`.
      x: `[paths, points, *event_shape]`.
      energy: u(x), `[paths, points]`.
    """

    z: np.ndarray
    x: np.ndarray
    energy: np.ndarray


def interpolate(
    generator: BoltzmannGenerator, start: Any, end: Any, *, n_points: int = 100
) -> Path:
    """Paths between configurations that are straight lines in latent space.

    Args:
      generator: whose map is used.
      start: configurations `[paths, *event_shape]`.
      end: as many configurations.
      n_points: points on each path, both ends included.
    """
    instance("generator", generator, BoltzmannGenerator)
    n_points = positive_int("n_points", n_points, minimum=2)
    shape = generator.system.event_shape
    ends = []
    for name, value in (("start", start), ("end", end)):
        array = finite_array(name, value, ndim=1 + len(shape), dtype=generator.dtype.as_numpy_dtype)
        ends.append(generator.to_latent(array)[0].numpy())
    if ends[0].shape != ends[1].shape:
        raise ValueError(
            f"start and end must hold as many configurations, got {len(ends[0])} and {len(ends[1])}"
        )
    fraction = np.linspace(0, 1, n_points, dtype=ends[0].dtype)[:, None]
    z = ends[0][:, None] * (1 - fraction) + ends[1][:, None] * fraction
    x, _ = generator.to_configuration(z.reshape(-1, z.shape[-1]))
    energy = generator.system.energy(x).numpy().reshape(z.shape[:2])
    count_energies(energy.size)
    return Path(z, x.numpy().reshape(*z.shape[:2], *shape), energy)


class IndependenceChain(NamedTuple):
    """A Metropolis chain whose proposals are the generator's samples.

    Attributes:
      x: configurations after each step, `[steps, *event_shape]`.
      proposal: which proposal the chain is at after each step, `[steps]`.
      acceptance: fraction of accepted proposals.
    """

    x: np.ndarray
    proposal: np.ndarray
    acceptance: float


def independence_chain(
    generator: BoltzmannGenerator,
    n_steps: int,
    *,
    temperature: float = 1.0,
    condition: Any = None,
    seed: int = 0,
) -> IndependenceChain:
    """Metropolis with independent proposals z' ~ prior, accepted with min(1, w(z') / w(z)).

    It samples the Boltzmann density exactly. Proposals and weights come from the generator in
    large batches; only the accept-reject decision is sequential.

    Args:
      generator: whose samples are proposed.
      n_steps: steps of the chain.
      temperature: tau, one for the chain.
      condition: `[condition_size]`, one for the chain: it has one density to sample.
      seed: of proposals and decisions.
    """
    instance("generator", generator, BoltzmannGenerator)
    n_steps = positive_int("n_steps", n_steps)
    temperature = positive("temperature", temperature)
    if condition is not None and np.ndim(condition) > 1:
        raise ValueError(
            "condition must have one dimension, for a chain samples one density, got shape "
            f"{np.shape(condition)}"
        )
    samples = generator.sample(n_steps + 1, temperature, seed=seed, condition=condition)
    # log u of u even on (0, 1), never -inf.
    log_uniform = -np.random.default_rng([seed, 1]).standard_exponential(n_steps)
    index, accepted = _accept(samples.log_weight, log_uniform)
    return IndependenceChain(samples.x[index], index, accepted / n_steps)


@numba.njit(cache=True)
def _accept(log_weight: np.ndarray, log_uniform: np.ndarray) -> tuple[np.ndarray, int]:
    index = np.empty(log_uniform.size, np.int64)
    at, accepted = 0, 0
    for i in range(log_uniform.size):
        # A NaN difference compares false: a rejection.
        if log_uniform[i] < log_weight[i + 1] - log_weight[at]:
            at = i + 1
            accepted += 1
        index[i] = at
    return index, accepted


def latent_metropolis(
    generator: BoltzmannGenerator,
    initial: Any,
    *,
    n_steps: int,
    step_size: float = 0.5,
    stride: int = 1,
    temperature: float = 1.0,
    burn_in: int = 0,
    target_acceptance: float | None = None,
    seed: int = 0,
    jit_compile: bool | str = "auto",
) -> Chains:
    """Random-walk Metropolis in latent space; arguments as in `metropolis`.

    The density of z is exp(-u(F(z)) / tau) |dF/dz|, so the chain samples the Boltzmann density
    exactly whatever the quality of the generator. The returned `x` are configurations.

    Args:
      generator: whose map is used.
      initial: configurations to start from, `[chains, *event_shape]`.
      n_steps: steps of each chain after burn-in.
      step_size: standard deviation of the step in z.
      stride: steps between stored draws.
      temperature: relative temperature tau.
      burn_in: steps before, not stored.
      target_acceptance: tune the step size towards it during burn-in; None for not.
      seed: of the run.
      jit_compile: whether XLA compiles the chain; "auto" as the generator's own functions.

    Raises:
      ValueError: where an argument is not as above, and where energies are too large for the
        generator's dtype, as in `metropolis`.
    """
    instance("generator", generator, BoltzmannGenerator)
    tau = positive("temperature", temperature)
    shape = generator.system.event_shape
    start = finite_array(
        "initial", initial, ndim=1 + len(shape), dtype=generator.dtype.as_numpy_dtype
    )
    if start.shape[1:] != shape:
        raise ValueError(
            f"initial must have shape [chains, {', '.join(map(str, shape))}], got {start.shape}"
        )
    jit = with_xla(jit_compile=generator.jit_compile if jit_compile == "auto" else jit_compile)
    energy = energies_of(generator.system, start)
    energy_of = in_graph(generator.system.energy)

    def log_prob(z: tf.Tensor, tau: tf.Tensor) -> tf.Tensor:
        x, log_det = generator.to_configuration(z)
        # Sum and quotient in float64: what rounds are the energy and the Jacobian alone.
        return tf.cast(log_det, tf.float64) - tf.cast(energy_of(x), tf.float64) / tau

    chains = run(
        Target(
            log_prob,
            generator,
            tf.constant(tau, tf.float64),
            jit,
            "a generator of dtype float64",
            numbers_of(generator.system),
        ),
        generator.to_latent(start)[0].numpy(),
        energy / tau,
        n_steps=n_steps,
        step_size=step_size,
        stride=stride,
        burn_in=burn_in,
        target_acceptance=target_acceptance,
        seed=seed,
    )
    x, _ = generator.to_configuration(chains.configurations)
    return chains._replace(x=x.numpy().reshape(*chains.x.shape[:2], *shape))
