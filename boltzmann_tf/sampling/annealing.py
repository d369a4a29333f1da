"""From the generator's density to the Boltzmann density: annealed importance sampling, or SMC.

Between them lie, in latent space, the densities p(z) w(z)^beta with p the prior, N(0, tau I) or
another one, w the generator's weight and beta from 0 to 1. Samples of the generator take
Hamiltonian moves in each, in the coordinates that the flow has made nearly Gaussian (Hoffman et al.
2019), and collect w(z)^(change of beta) before it. The weights are exact whatever the number of
moves (Neal 2001), and as good as the moves can follow the densities. Resampling in between makes it
sequential Monte Carlo (Del Moral, Doucet, Jasra 2006).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.ahead import ahead
from boltzmann_tf._support.checks import finite_array, instance, positive, positive_int, seed_int
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf._support.graph import in_graph, kept, numbers_of, with_xla
from boltzmann_tf._support.random import log_uniform, normal
from boltzmann_tf.estimators._common import DependentWeights, flag
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.sampling._annealed import Annealed
from boltzmann_tf.sampling._precision import RESOLUTION, resolution
from boltzmann_tf.sampling._resampling import resampled

__all__ = ["Annealed", "anneal"]

TARGET = 0.75  # acceptance that the pilot runs tune the step sizes towards
PILOTS = 3


def anneal(
    generator: BoltzmannGenerator,
    n: int,
    temperature: float = 1.0,
    *,
    n_steps: int = 10,
    n_leapfrog: int = 5,
    power: float = 2.0,
    bias: Callable[[tf.Tensor], tf.Tensor] | None = None,
    resample_below: float = 0.0,
    step_size: Any = None,
    moving: Any = None,
    seed: int = 0,
    batch_size: int = 1024,
    jit_compile: bool | str = "auto",
) -> Annealed:
    """Draws weighted samples by annealing from the generator's density.

    Args:
      generator: unconditional. An energy without a gradient
        (behind `tf.numpy_function`, say) is exact too, but the moves do not follow it: give it one
        by `tf.custom_gradient`.
      n: samples, rounded up to whole batches.
      temperature: tau.
      n_steps: densities between the generator's and the target, the target included; one move in
        each.
      n_leapfrog: integrator steps a move.
      power: beta at step k is (k / n_steps) ** power; above 1, more of them near the generator's
        density, where poor samples weigh most.
      bias: of the target, exp(-u / tau - bias): from `[batch, *event_shape]` to `[batch]`, in kT;
        spreads samples over states and barriers, and `log_weight` undoes it.
      resample_below: resample a batch where the effective fraction of its weights is below this;
        0 for never, which is annealed importance sampling. Errors then come from the spread of
        batches: take ten of them at least.
      step_size: of the integrator, a number or `[n_steps]`, in units of sqrt(tau); None to tune it
        in pilot runs, which are thrown away.
      moving: which latent coordinates move, one boolean each, None for all. What stays keeps the
        spread that it was generated with, say that of a reaction coordinate that a latent
        coordinate of its own makes.
      seed: of all draws.
      batch_size: samples a batch.
      jit_compile: whether XLA compiles it; "auto" as the generator's own functions.

    Returns:
      `Annealed`.

    Warns:
      CalibrationWarning: where rounding changes log-weights by more than 0.01, because energies are
        too large for the generator's dtype.
    """
    instance("generator", generator, BoltzmannGenerator)
    if generator.bijector.condition_size:
        raise ValueError(
            "generator must be unconditional, got "
            f"condition_size={generator.bijector.condition_size}"
        )
    batch = positive_int("batch_size", batch_size)
    batches = -(-positive_int("n", n) // batch)
    tau = positive("temperature", temperature)
    generator.prior.check_temperatures("temperature", [tau])
    steps = positive_int("n_steps", n_steps)
    leapfrog = positive_int("n_leapfrog", n_leapfrog)
    if not 0 <= resample_below <= 1:
        raise ValueError(f"resample_below must be between 0 and 1, got {resample_below!r}")
    seed = seed_int("seed", seed)
    betas = np.linspace(0, 1, steps + 1) ** positive("power", power)
    given = finite_array("step_size", 0.2 if step_size is None else step_size)
    if given.shape not in ((), (steps,)) or np.any(given <= 0):
        raise ValueError(f"step_size must be > 0, a number or [{steps}], got {given.tolist()}")
    sizes = np.broadcast_to(given, (steps,))
    mask = np.ones(generator.bijector.event_size, bool) if moving is None else np.asarray(moving)
    if mask.dtype != bool or mask.shape != (generator.bijector.event_size,) or not mask.any():
        raise ValueError(
            f"moving must be {generator.bijector.event_size} booleans, one of them true at least, "
            f"got {moving!r}"
        )
    jit = with_xla(jit_compile=generator.jit_compile if jit_compile == "auto" else jit_compile)
    run = kept(
        generator,
        (
            *("anneal", bias, batch, steps, leapfrog, tuple(mask.tolist()), jit),
            numbers_of(generator.system),
            numbers_of(generator.prior),
        ),
        lambda: _compiled(generator, bias, batch, steps, leapfrog, mask, jit_compile=jit),
    )

    # Where moves begin, of each step of the integrator, and of what is returned.
    each = batch * (2 + steps * leapfrog)

    def one(i: int, sizes: np.ndarray, gain: float) -> list[np.ndarray]:
        scalars = (tf.constant(v, generator.dtype) for v in (tau, resample_below, gain))
        arrays = (tf.constant(v, generator.dtype) for v in (betas, sizes))
        out = run(tf.constant([seed, i], tf.int32), *arrays, *scalars)
        found = [v.numpy() for v in out]
        count_energies(each)
        return found

    pilots = 0 if step_size is not None else PILOTS
    for i in range(pilots):
        *_, acceptance, used = one(batches + i, sizes, 1.0)
        sizes = used * np.exp(acceptance - TARGET)
    parts = list(ahead(lambda i: one(i, sizes, 0.0), batches))
    *samples, acceptance, _ = zip(*parts, strict=True)
    z, x, energy, log_weight, shift, ancestor = map(np.concatenate, samples)
    rounding = _rounding(energy / tau, log_weight - shift)
    if rounding > RESOLUTION:
        flag(
            f"anneal: energies must be small enough for {energy.dtype.name} to tell {RESOLUTION} "
            f"kT apart, got {rounding:.2g} kT in the weighted mean: take a generator of dtype "
            "float64, or a constant out of the energy"
        )
    result = Annealed(
        z,
        x,
        energy,
        log_weight,
        shift,
        ancestor,
        batch=np.repeat(np.arange(batches), batch),
        acceptance=np.mean(acceptance, axis=0),
        step_size=sizes,
        energy_evaluations=(batches + pilots) * each,
    )
    if result.independent == len(z):
        return result
    return result._replace(log_weight=log_weight.view(DependentWeights))


def _rounding(reduced: np.ndarray, log_weight: np.ndarray) -> float:
    """The weighted mean of the rounding of u / tau, in kT; 0 where no sample has a weight."""
    if not np.any(log_weight > -np.inf):
        return 0.0
    weight = np.exp(log_weight - log_weight.max())
    used = weight > 0
    return float(np.average(resolution(reduced[used], reduced.dtype), weights=weight[used]))


def _double(value: tf.Tensor) -> tf.Tensor:
    return tf.cast(value, tf.float64)


def _compiled(
    generator: BoltzmannGenerator,
    bias: Callable[[tf.Tensor], tf.Tensor] | None,
    batch: int,
    steps: int,
    leapfrog: int,
    moving: np.ndarray,
    *,
    jit_compile: bool,
) -> Callable[..., tuple[tf.Tensor, ...]]:
    """One batch, from prior draws to weighted samples."""
    dtype = generator.dtype
    mask = tf.constant(moving, dtype)
    energy_of = in_graph(generator.system.energy)
    bias_of = (lambda x: tf.zeros_like(x[:, 0])) if bias is None else in_graph(bias)

    def parts(z: tf.Tensor, tau: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """x, u, bias, and the log of the generator's weight for the target."""
        x, log_det = generator.to_configuration(z)
        u, shift = energy_of(x), bias_of(x)
        return x, u, shift, -u / tau - shift + log_det - generator.prior_log_prob(z, tau)

    def log_weight(z: tf.Tensor, tau: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Of the generator for the target, and its gradient."""
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = parts(z, tau)[-1]
        slope = tape.gradient(value, z)
        return tf.where(tf.math.is_nan(value), tf.constant(-np.inf, dtype), value), slope

    def move(
        state: tuple[tf.Tensor, ...],
        beta: tf.Tensor,
        size: tf.Tensor,
        tau: tf.Tensor,
        seed: tf.Tensor,
    ) -> tuple[tuple[tf.Tensor, ...], tf.Tensor]:
        """A Hamiltonian move of (z, log-weight, its gradient); mean acceptance.

        Not `tfp.mcmc`'s: what is kept of the log-weight serves the next beta, too, and saves the
        evaluation that starts each of its moves.
        """
        noise, choice = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
        # Without momentum, and without forces, a coordinate stays where it is.
        start = mask * normal(tf.shape(state[0]), noise, dtype)
        eps = size * tf.sqrt(tau)

        def kick(p: tf.Tensor, z: tf.Tensor, slope: tf.Tensor, eps: tf.Tensor) -> tf.Tensor:
            return p + eps * mask * (beta * slope + generator.prior.score(z, tau))

        def drift(
            k: tf.Tensor, p: tf.Tensor, z: tf.Tensor, value: tf.Tensor, slope: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            z += eps * p
            value, slope = log_weight(z, tau)
            # Half a kick at the end.
            p = kick(p, z, slope, tf.where(k < leapfrog - 1, eps, 0.5 * eps))
            return k + 1, p, z, value, slope

        z, value, slope = state
        _, p, *proposed = tf.while_loop(
            lambda k, *_: k < leapfrog,
            drift,
            (tf.constant(0), kick(start, z, slope, 0.5 * eps), z, value, slope),
            parallel_iterations=1,
        )
        kinetic = 0.5 * tf.reduce_sum(start**2 - p**2, axis=-1)
        log_ratio = _double(beta) * (_double(proposed[1]) - _double(value)) + _double(kinetic)
        log_ratio += _double(generator.prior_log_prob(proposed[0], tau))
        log_ratio -= _double(generator.prior_log_prob(z, tau))
        # A NaN is a rejection.
        accepted = log_uniform([batch], choice) < log_ratio
        moved = tuple(
            tf.where(accepted[:, None] if a.shape.rank == 2 else accepted, a, b)
            for a, b in zip(proposed, state, strict=True)
        )
        return moved, tf.cast(tf.reduce_mean(_double(accepted)), dtype)

    def run(
        seed: tf.Tensor,
        betas: tf.Tensor,
        sizes: tf.Tensor,
        tau: tf.Tensor,
        resample_below: tf.Tensor,
        gain: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        seeds = tf.random.experimental.stateless_split(seed, 2 * steps + 1)
        z = generator.prior_sample(batch, tau, seeds[0])
        state = (
            tf.constant(0),
            (z, *log_weight(z, tau)),
            tf.zeros([batch], tf.float64),
            tf.range(batch),
            tf.ones([], dtype),
            tf.TensorArray(dtype, steps),
            tf.TensorArray(dtype, steps),
        )

        def step(
            k: tf.Tensor,
            chain: tuple[tf.Tensor, ...],
            total: tf.Tensor,
            ancestor: tf.Tensor,
            factor: tf.Tensor,
            accepted: tf.TensorArray,
            used: tf.TensorArray,
        ) -> tuple[Any, ...]:
            total += _double(betas[k + 1] - betas[k]) * _double(chain[1])
            index, total = resampled(total, resample_below, seeds[2 * k + 1])
            chain, ancestor = tf.nest.map_structure(
                lambda v: tf.gather(v, index), (chain, ancestor)
            )
            size = sizes[k] * factor
            chain, mean = move(chain, betas[k + 1], size, tau, seeds[2 * k + 2])
            factor *= tf.exp(gain * (mean - TARGET))
            accepted, used = accepted.write(k, mean), used.write(k, size)
            return k + 1, chain, total, ancestor, factor, accepted, used

        _, (z, _, _), total, ancestor, _, accepted, used = tf.while_loop(
            lambda k, *_: k < steps, step, state, parallel_iterations=1
        )
        x, u, shift, _ = parts(z, tau)
        total += _double(shift)
        return z, x, u, total, shift, ancestor, accepted.stack(), used.stack()

    # A partial, as in `steps`: no warning of retracing with the fifth generator.
    return tf.function(functools.partial(run), autograph=False, jit_compile=jit_compile)
