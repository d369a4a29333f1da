"""The laws that each potential must obey, in both engines; see `laws.py`.

They are said of a system and hold term by term: `term` is the energy of one of them, and factors
of 0 and 1 single it out in the compiled code. The table of potentials is in
`potentials/test_laws.py`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
import tensorflow as tf
from laws import near

from boltzmann_tf import potentials, sampling, systems
from boltzmann_tf.potentials import _kernels
from boltzmann_tf.systems import ParticleSystem

ENGINES = 1e-12  # relative, of the energies that are summed or subtracted


class Kernels(NamedTuple):
    """A system's functions for moves."""

    total: Callable[..., float]
    change: Callable[..., float]
    group_change: Callable[..., float]


def kernels(system: ParticleSystem, *, compiled: bool) -> Kernels:
    """All terms compiled by Numba, a second for each; or the same lines, run by Python."""
    if compiled:
        jitted = [numba.njit(f, error_model="numpy") for f in system.compiled[:3]]
        return _called(*jitted, system.packed)
    moving = [b for b in system._bound if b.invariant != "constant"]
    periodic = system.lengths is not None
    ones = [
        _called(
            *_kernels.compiled([b], system.dimension, periodic=periodic)[:3],
            _kernels.packed([b], system.n, system.lengths),
        )
        for b in moving
    ]

    def added(which, *arguments):
        *arguments, factors = arguments
        each = zip(factors, ones, strict=True)
        return sum(f * getattr(k, which)(*arguments, np.ones(1)) for f, k in each if f)

    return Kernels(*(functools.partial(added, which) for which in Kernels._fields))


def _called(total, change, group, packed) -> Kernels:
    def of_total(x, factors):
        with np.errstate(all="ignore"):  # a particle's distance from itself is masked, not left out
            return total(x, packed, factors)

    def of_change(x, i, q, factors):
        with np.errstate(all="ignore"):
            return change(x, i, tuple(q), packed, factors)

    def of_group(x, members, to, factors):
        slot = np.full(x.shape[1], -1)
        slot[list(members)] = np.arange(len(members))
        with np.errstate(all="ignore"):
            return group(x, np.asarray(members), slot, np.ascontiguousarray(to), packed, factors)

    return Kernels(of_total, of_change, of_group)


def term(system: ParticleSystem, name: str, *, training: bool = False) -> Callable[..., tf.Tensor]:
    """The energy of one term, or its form for training, of configurations."""
    bound = next(b for b in system._bound if b.name == name)

    def energy(x):
        return system._sum(tf.convert_to_tensor(x), [bound], training=training)

    return energy


def single(system: ParticleSystem) -> Iterator[tuple[str, np.ndarray]]:
    """Each term that moves, and the factors that leave it alone."""
    for k, name in enumerate(system.moving_terms):
        yield name, np.eye(len(system.moving_terms))[k]


def rows(system: ParticleSystem, x: np.ndarray) -> np.ndarray:
    """Rows of x, y (and z), `[batch, dimension, n]`."""
    return np.ascontiguousarray(system.positions(x).numpy().swapaxes(-1, -2))


def engines_agree(system: ParticleSystem, compiled: Kernels, x: np.ndarray) -> None:
    """TensorFlow and Numba give the same energies, term by term and of all together."""
    r = rows(system, x)
    for name, factors in single(system):
        wanted = term(system, name)(x).numpy()
        assert np.any(wanted != 0), f"{name}: nothing but zeros"
        found = [compiled.total(one, factors) for one in r]
        near(f"{name} in both engines", found, wanted, ENGINES * (1 + np.abs(wanted)))


def all_engines_agree(system: ParticleSystem, x: np.ndarray) -> None:
    """The total energy, by `system.energy` and by `sampling.particle_energies`."""
    scale = 1 + sum(abs(u.numpy()) for u in system.term_energies(x).values())
    found = sampling.particle_energies(x, system)
    near("particle_energies", found, system.energy(tf.constant(x)), ENGINES * scale)


def moves_are_differences(
    system: ParticleSystem, compiled: Kernels, x: np.ndarray, seed: int = 0
) -> None:
    """What a move of a particle adds is the difference of totals; positions stay as they were."""
    rng = np.random.default_rng(seed)
    for r in rows(system, x):
        for i in range(system.n):
            q = r[:, i] + rng.uniform(-0.1, 0.1, system.dimension)
            _differ(system, compiled, r, [i], q[:, None], lambda f, r=r, i=i, q=q: (
                compiled.change(r, i, q, f)
            ))  # fmt: skip


def group_moves_are_differences(
    system: ParticleSystem,
    compiled: Kernels,
    x: np.ndarray,
    groups: Sequence[Sequence[int]],
    seed: int = 0,
) -> None:
    """The same of particles that move together."""
    rng = np.random.default_rng(seed)
    for r in rows(system, x):
        for members in groups:
            to = r[:, members] + rng.uniform(-0.1, 0.1, (system.dimension, len(members)))
            _differ(system, compiled, r, members, to, lambda f, r=r, m=members, to=to: (
                compiled.group_change(r, m, to, f)
            ))  # fmt: skip


def _differ(system, compiled, r, members, to, added) -> None:
    before, after = r.copy(), r.copy()
    after[:, members] = to
    for name, factors in single(system):
        u = [compiled.total(v, factors) for v in (before, after)]
        what = f"{name}: move of {list(members)}"
        near(what, added(factors), u[1] - u[0], ENGINES * (1 + sum(map(abs, u))))
    assert np.array_equal(r, before), "a move must leave positions as they were"


def holds_under(
    system: ParticleSystem,
    positions: np.ndarray,
    move: Callable[[np.ndarray], np.ndarray],
    names: Sequence[str],
) -> None:
    """The named terms have the same energy when positions `[batch, n, dimension]` are moved."""
    before, after = (tf.constant(system.configuration(p)) for p in (positions, move(positions)))
    for name in names:
        u = term(system, name)(before).numpy()
        near(f"{name}: symmetry", term(system, name)(after), u, 1e-11 * (1 + np.abs(u)))


def training_is_finite(system: ParticleSystem, names: Sequence[str]) -> None:
    """In float32, where particles coincide, lie on a line and where bonds are broken."""
    n, d = system.n, system.dimension
    rng = np.random.default_rng(0)
    line = np.arange(n)[:, None] * np.ones(d)
    shapes = [np.zeros((n, d)), line, np.repeat(line[::2], 2, axis=0)[:n], rng.normal(size=(n, d))]
    scales = 10.0 ** np.arange(-8, 5)
    x = np.concatenate([s * np.stack(shapes).reshape(len(shapes), -1) for s in scales])
    x = tf.constant(x, tf.float32)
    for name in names:
        with tf.GradientTape() as tape:
            tape.watch(x)
            u = term(system, name, training=True)(x)
        slope = tape.gradient(u, x)
        assert np.all(np.isfinite(u)), f"{name}: training energy not finite"
        slope = np.zeros(1) if slope is None else slope
        assert np.all(np.isfinite(slope)), f"{name}: training gradient not finite"


def training_is_true(system: ParticleSystem, x: np.ndarray, names: Sequence[str]) -> None:
    """Outside of cores and inside of bonds what is trained on is the energy."""
    for name in names:
        u = term(system, name)(x).numpy()
        near(f"{name}: training", term(system, name, training=True)(x), u, 1e-12 * (1 + np.abs(u)))


def documents_round_trip(system: ParticleSystem, x: np.ndarray) -> None:
    """Each part through JSON is the same, and so are the energies of the system made of them."""
    for part in system.terms:
        document = json.loads(json.dumps(potentials.to_document(part), allow_nan=False))
        twin = potentials.from_document(document)
        assert type(twin) is type(part)
        assert potentials.to_document(twin) == document, f"{part.name}: another document"
    config = json.loads(json.dumps(system.get_config(), allow_nan=False))
    twin = systems.get("particle_system", **config)
    assert twin.get_config() == config, "config: changes in a round trip"
    assert set(twin.coordinates) == set(system.coordinates), "config: loses coordinates"
    for what in ("energy", "training_energy"):
        for point in (x, 0.1 * x):  # within the cores, too
            pair = [getattr(s, what)(tf.constant(point)).numpy() for s in (system, twin)]
            assert np.array_equal(*pair), f"config: another {what}"
    for name in system.coordinates:
        pair = [s.reaction_coordinate(name)(tf.constant(x)).numpy() for s in (system, twin)]
        assert np.array_equal(*pair), f"config: another coordinate {name}"


def with_any_formula(pieces: dict[str, Any]) -> dict[str, Any]:
    """Those that can stand in a file: not a user's own formulas."""
    known = set(potentials.REGISTRY.values())
    return {name: piece for name, piece in pieces.items() if type(piece) in known}
