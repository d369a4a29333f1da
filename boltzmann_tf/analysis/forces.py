"""Pressure and virial theorem: averages of how the energy changes with the scale of lengths."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import instance, positive
from boltzmann_tf._support.counting import count_energies
from boltzmann_tf.analysis._jumps import jumps
from boltzmann_tf.analysis._samples import batches, particle_positions
from boltzmann_tf.estimators import (
    Estimate,
    mean_with_error,
    normalized_weights,
    weighted_average,
)
from boltzmann_tf.potentials import Periodic
from boltzmann_tf.potentials import _tensors as tensors
from boltzmann_tf.potentials.base import Particles
from boltzmann_tf.systems import ParticleSystem, System

__all__ = ["Pressure", "Virial", "pressure", "virial"]

PART = 4_000_000  # numbers of a gradient in memory at a time


class Pressure(NamedTuple):
    """The pressure and its parts, in kT at reference temperature 1 per volume.

    Attributes:
      value: of all parts.
      standard_error: its error.
      ideal: N T / V.
      virial: from the forces.
      tail: from terms that depend on the volume alone.
      jump: from potentials that are cut and not shifted, whose energy jumps at the cut: no force
        has this part, and molecular dynamics leaves it out.
    """

    value: float
    standard_error: float
    ideal: float
    virial: float
    tail: float
    jump: float


class Virial(NamedTuple):
    """Both sides of the virial theorem, in kT at reference temperature 1.

    Attributes:
      value: <sum over coordinates of x du/dx>.
      standard_error: its error.
      expected: D T, with D the number of coordinates.
    """

    value: float
    standard_error: float
    expected: float


def pressure(
    samples: Any,
    system: ParticleSystem,
    *,
    temperature: float = 1.0,
    log_weights: Any = None,
) -> Pressure:
    """Returns the pressure in a periodic box: N T / V - <du/dV> at fixed scaled positions.

    Any sum of terms is differentiated as it stands, box and positions scaled alike; so is a
    `TailCorrection`. Where a pair potential is cut and not shifted, the energy jumps at the cut:
    with y(r) = g(r) exp(u / T), which goes on smoothly there,

        jump = T / (dimension V) <pairs, per unit of r / cut, at the cut> (1 - exp(-u(cut) / T)),

    the pairs counted as if the term did not act on them, in a window of 4 % around the cut. The
    "virial pressure" of LAMMPS is `ideal + virial`; with `pair_modify tail yes` it has the tail
    and the jump as for g = 1 beyond and at the cut.

    Args:
      samples: weighted samples, `Chains`, a `ParticleState`, configurations
        `[samples, event_size]` or `[chains, draws, event_size]`, or an iterator over batches.
      system: of particles in a `Periodic` box.
      temperature: relative, T > 0, that the samples or their weights are of.
      log_weights: [samples], for configurations without their own.

    Returns:
      see `Pressure`; errors are as in `estimators.weighted_average`, those of chains as in
      `estimators.mean_with_error`.
    """
    instance("system", system, ParticleSystem)
    if system.lengths is None:
        raise ValueError(f"system must be in a Periodic box, got {system.particles.box!r}")
    t = positive("temperature", temperature)
    d, volume = system.dimension, float(system.lengths.prod())
    scaled = _scaled(system)

    def parts(x: np.ndarray) -> np.ndarray:
        r = np.asarray(particle_positions(x, system), np.float64)
        forces = -scaled(r) / (d * volume)
        steps = jumps(r, system, t) / (d * volume)
        return np.stack([forces + steps, forces, steps], axis=1)

    ideal, tail = system.n * t / volume, 0.0 - _of_constants(system) / (d * volume)
    total, (forces, steps) = _averages(parts, samples, log_weights, system)
    return Pressure(
        ideal + tail + total.value, total.standard_error, ideal, float(forces), tail, float(steps)
    )


def virial(
    samples: Any,
    system: System,
    *,
    temperature: float = 1.0,
    log_weights: Any = None,
) -> Virial:
    """Returns <sum of x du/dx> beside D T, which it is for every confined system, exactly.

    A sharp test of samples and weights, as it sees all coordinates and needs no reference: of a
    fluid between soft walls, of a cluster (D = (n - 1) dimension where nothing holds it in place),
    of any system of real coordinates.

    Args:
      samples: as in `pressure`.
      system: whose coordinates are all real numbers.
      temperature: relative, T > 0, that the samples or their weights are of.
      log_weights: [samples], for configurations without their own.

    Returns:
      see `Virial`; errors are as in `pressure`.
    """
    instance("system", system, System)
    if system.domain != "real" or system.condition_size or len(system.event_shape) != 1:
        raise ValueError(
            "system must have real coordinates [event_size] and no condition, got domain "
            f"{system.domain!r} and condition_size {system.condition_size} of {system.name}"
        )
    t = positive("temperature", temperature)
    if isinstance(system, ParticleSystem):
        parts = functools.partial(_virial_of_particles, system, _scaled(system), t)
    else:
        parts = functools.partial(_virial_of_coordinates, system)
    found, _ = _averages(parts, samples, log_weights, system)
    return Virial(found.value, found.standard_error, system.event_size * t)


def _virial_of_particles(
    system: ParticleSystem, scaled: Callable, temperature: float, x: np.ndarray
) -> np.ndarray:
    r = np.asarray(particle_positions(x, system), np.float64)
    return (scaled(r) - jumps(r, system, temperature))[:, None]


def _virial_of_coordinates(system: System, x: np.ndarray) -> np.ndarray:
    at = tf.constant(x, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(at)
        u = system.energy(at)
    return tf.reduce_sum(at * tape.gradient(u, at), axis=-1).numpy()[:, None]


def _averages(
    parts: Callable[[np.ndarray], np.ndarray], samples: Any, log_weights: Any, system: System
) -> tuple[Estimate, np.ndarray]:
    """The average of the first column of configurations `[m, event_size]`; those of the others."""
    step = max(1, PART // (system.event_size**2 + 1))
    tables, weights = [], []
    for x, logs in batches(samples, log_weights, system):
        flat = x.reshape(-1, x.shape[-1])
        table = np.concatenate([parts(flat[k : k + step]) for k in range(0, len(flat), step)])
        count_energies(len(flat))
        tables.append(table.reshape(*x.shape[:-1], -1))
        weights.append(logs)
    if not tables:
        raise ValueError("samples must hold a batch, got none")
    table = np.concatenate(tables)
    if table.ndim == 3:
        return cast(Estimate, mean_with_error(table[..., 0])), table[..., 1:].mean(axis=(0, 1))
    if any((w is None) != (weights[0] is None) for w in weights):
        raise ValueError("samples must all have weights, or none of them, got both")
    if weights[0] is None:
        return cast(Estimate, weighted_average(table[:, 0])), table[:, 1:].mean(axis=0)
    logs = np.concatenate(weights)
    first = cast(Estimate, weighted_average(table[:, 0], logs))
    whole = normalized_weights(logs)
    used = whole > 0
    return first, whole[used] @ table[used, 1:]


def _scaled(system: ParticleSystem) -> Callable[[np.ndarray], np.ndarray]:
    """du / d log(scale) of positions `[m, n, dimension]`, and of the box where it is periodic."""
    lengths = system.lengths

    def derivative(r: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            scale = tf.ones([1, tf.shape(r)[0]], r.dtype)
            tape.watch(scale)
            rows = [tf.transpose(r[..., k]) * scale for k in range(system.dimension)]
            sides: Any = None if lengths is None else [side * scale for side in lengths]
            u = tensors.total_energy(rows, system.bound_terms, sides, training=False)
        found = tape.gradient(u, scale, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return found[0]

    return lambda r: derivative(tf.constant(r, tf.float64)).numpy()


def _of_constants(system: ParticleSystem) -> float:
    """dc / d log(scale) of the terms that depend on the box alone, by five-point differences."""
    constants = [
        term
        for term, bound in zip(system.terms, system.bound_terms, strict=True)
        if bound.invariant == "constant"
    ]
    if not constants:
        return 0.0
    step = 2e-3

    def at(shift: float) -> float:
        box = Periodic(
            system.lengths * np.exp(shift), images=getattr(system.particles.box, "images", None)
        )
        particles = Particles(system.n, system.dimension, box)
        return sum(term.bind(particles).constant for term in constants)

    return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
