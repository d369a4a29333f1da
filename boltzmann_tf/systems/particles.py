"""A system of particles: a sum of potentials in a box."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from boltzmann_tf import potentials
from boltzmann_tf._support.checks import choice, finite_array, instance, positive_int, sequence
from boltzmann_tf._support.helmert import helmert
from boltzmann_tf._support.products import accurate, product
from boltzmann_tf.potentials import Box, Coordinate, Open, Potential, SoftWalls, Wall
from boltzmann_tf.potentials import _kernels as kernels
from boltzmann_tf.potentials import _tensors as tensors
from boltzmann_tf.potentials._space import SPACES, squared_distance_of
from boltzmann_tf.potentials.base import Bound, Particles
from boltzmann_tf.systems.base import System

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ParticleSystem"]

FARTHEST = 1e4  # coordinates in training: beyond, fourth powers overflow, and inf - inf is NaN


HOW_TO_MAKE_THEM = (
    " (nothing holds the {} particles in place: `configuration(positions)` has the coordinates "
    "without their mean)"
)


class ParticleSystem(System):
    """Particles with an energy that is a sum of potentials.

        cluster = ParticleSystem(
            n=13,
            dimension=3,
            terms=[LennardJones(epsilon=2.0, sigma=2 ** (-1 / 6)), CentreTether(13)],
        )

    Energies of batches, their gradients and the moves of `boltzmann_tf.sampling` all come from the
    terms' formulas. Configurations are positions, `[n * dimension]`, (x, y, ...) of one particle
    after the other. Where nothing holds the particles in place, an energy that no common shift
    changes has no density over positions. Then configurations are the (n - 1) * dimension
    coordinates of the positions with their mean at the origin, in an orthonormal basis (Helmert's),
    and log Z is with respect to the volume of these.

    Args:
      n: number of particles.
      dimension: 1, 2 or 3.
      terms: potentials, each of another name.
      box: `Open()`, `SoftWalls(...)`, whose wall is one more term, or `Periodic(...)`; then x is in
        [-length / 2, length / 2], and the energy +inf outside.
      coordinates: reaction coordinates by name.
      training_terms: those of `training_energy`, the box's wall among them; None for the same
        terms. In both cases in their forms that stay finite.

    Attributes:
      rigid: numbers of the particles that `sampling.anneal_particles` moves as one body, unless it
        is told otherwise.

    Examples:
      >>> pair = bg.systems.ParticleSystem(n=2, dimension=3, terms=[bg.potentials.LennardJones()])
      >>> x = pair.configuration([[0.0, 0.0, 0.0], [2 ** (1 / 6), 0.0, 0.0]])
      >>> pair.energy(x[None]).numpy().round(4)
      array([-1.])
    """

    rigid: tuple[int, ...] = ()

    def __init__(
        self,
        *,
        n: int,
        dimension: int,
        terms: Sequence[Any],
        box: Any = None,
        coordinates: Mapping[str, Coordinate] | None = None,
        training_terms: Sequence[Any] | None = None,
    ) -> None:
        self.n = positive_int("n", n, minimum=2)
        if positive_int("dimension", dimension) > 3:
            raise ValueError(f"dimension must be 1, 2 or 3, got {dimension}")
        self.dimension = int(dimension)
        self._box: Box = instance("box", potentials.from_document(box or Open()), Box)
        if "box" not in vars(self):  # a subclass may have a number of this name
            self.box: Any = self._box
        walls = []
        if isinstance(self._box, SoftWalls):
            walls = [Wall(self._box.half_width, self._box.stiffness, name="box")]
        self.terms = [*_terms("terms", terms), *walls]
        self._bound = self._bind("terms", self.terms)
        self._training = self._bound
        self._training_terms = None
        if training_terms is not None:
            self._training_terms = _terms("training_terms", training_terms)
            self._training = self._bind("training_terms", self._training_terms)
        self.lengths = self._box.lengths(self.dimension)
        self.anchored = self._box.anchors or any(t.anchors for t in self.terms)
        free = self.n if self.anchored else self.n - 1
        self.event_shape = (free * self.dimension,)
        if self.lengths is not None:
            self.domain = "torus"
            half = np.tile(self.lengths / 2, self.n)
            self.bounds = (-half, half)
        given = instance("coordinates", {} if coordinates is None else coordinates, Mapping)
        self.coordinates = {k: potentials.from_document(v) for k, v in given.items()}
        self.particles = Particles(self.n, self.dimension, self._box)
        for name, coordinate in self.coordinates.items():
            instance(f"coordinates[{name!r}]", coordinate, Coordinate).check(self.particles)
        self.reaction_coordinates = {
            name: functools.partial(self._coordinate, coordinate)
            for name, coordinate in self.coordinates.items()
        }

    def _bind(self, argument: str, terms: Sequence[Potential]) -> list[Bound]:
        names = [t.name for t in terms]
        if len(set(names)) != len(names):
            raise ValueError(f"{argument} must have different names, got {names}")
        bonds = [t.bonds for t in terms if len(t.bonds)]
        bonded = np.concatenate(bonds) if bonds else np.empty((0, 2), np.int64)
        particles = Particles(self.n, self.dimension, self._box, bonded)
        bound = [t.bind(particles) for t in terms]
        _check_bonds(terms, bonded)
        return bound

    # Positions and configurations.

    @functools.cached_property
    def basis(self) -> np.ndarray:
        """Helmert's orthonormal basis of numbers whose sum is zero, `[n - 1, n]`."""
        return helmert(self.n)

    def positions(self, x: Any) -> tf.Tensor:
        """Positions `[..., n, dimension]` of configurations `[..., event_size]`."""
        return tf.stack(self._rows(tf.convert_to_tensor(x)), axis=-1)

    def configuration(self, positions: Any) -> np.ndarray:
        """The configurations `[..., event_size]` of positions `[..., n, dimension]`.

        Where nothing holds the particles in place, their mean is taken out; in a periodic box, they
        are put back into it.
        """
        r = finite_array("positions", positions)
        if r.shape[-2:] != (self.n, self.dimension):
            raise ValueError(
                f"positions must have shape [..., {self.n}, {self.dimension}], got {r.shape}"
            )
        if not self.anchored:
            r = self.basis @ r
        elif self.lengths is not None:
            r = r - self.lengths * np.floor(r / self.lengths + 0.5)
        return r.reshape(*r.shape[:-2], self.event_size)

    def _checked(self, x: tf.Tensor) -> tf.Tensor:
        """x with a last dimension that is known, or raises."""
        shape = tf.TensorShape(x.shape)
        if not shape[-1:].is_compatible_with([self.event_size]):
            # Slices would be cut short, and say nothing.
            also = "" if self.anchored else HOW_TO_MAKE_THEM.format(self.n)
            raise ValueError(f"x must have shape [..., {self.event_size}], got {shape}{also}")
        if shape.rank and shape[-1] is None:  # not known in the graph
            x = tf.ensure_shape(x, shape[:-1].concatenate(self.event_shape))
        return x

    def _rows(self, x: tf.Tensor) -> list[tf.Tensor]:
        """x, y (and z) of all particles, `[..., n]` each."""
        x = self._checked(x)
        rows = [x[..., k :: self.dimension] for k in range(self.dimension)]
        if self.anchored:
            return rows
        basis = tf.constant(self.basis.T, x.dtype)
        return [accurate(tf.linalg.matvec, basis, row) for row in rows]

    def pair_distances(self, x: Any) -> tf.Tensor:
        """Distances of all pairs, `[..., event_size]` to `[..., n (n - 1) / 2]`.

        In the order (0, 1), (0, 2), ..., (1, 2), ...; of nearest images in a periodic box; kept off
        0, where the square root has no gradient.
        """
        rows = self._rows(tf.convert_to_tensor(x))
        a, b = (tuple(tf.gather(r, k, axis=-1) for r in rows) for k in np.triu_indices(self.n, 1))
        sides = None
        if self.lengths is not None:
            sides = [tf.constant(v, rows[0].dtype) for v in self.lengths]
        between = squared_distance_of(SPACES[self.dimension, self.lengths is not None])
        return tf.sqrt(tf.maximum(between(a, b, sides), 1e-12))

    def radius_of_gyration(self, x: Any) -> tf.Tensor:
        """Root of the mean squared distance from the centre, `[..., event_size]` to `[...]`."""
        return tf.norm(self.pair_distances(x), axis=-1) / self.n

    # Energies.

    def _sum(self, x: tf.Tensor, terms: Sequence[Bound], *, training: bool = False) -> tf.Tensor:
        """Sum of some terms, `[..., event_size]` to `[...]`."""
        x = self._checked(x)
        columns = tf.transpose(tf.reshape(x, [-1, self.event_size]))
        rows = [columns[k :: self.dimension] for k in range(self.dimension)]
        fine = None
        if not self.anchored:
            # Bonds are stiff: what single precision would round off positions they would feel.
            fine = [product(self.basis.T, tf.cast(row, tf.float64)) for row in rows]
            rows = [tf.cast(row, x.dtype) for row in fine]
        u = tensors.total_energy(rows, terms, self.lengths, training=training, fine=fine)
        return tf.reshape(u, tf.shape(x)[:-1])

    def energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """Energy in kT: `[batch, event_size]` to `[batch]`; +inf where particles coincide."""
        u = self._sum(x, self._bound)
        return u if self.lengths is None else self.confined(x, u)

    def training_energy(self, x: tf.Tensor, *condition: tf.Tensor) -> tf.Tensor:
        """The same in forms that stay finite where particles coincide and bonds break.

        Out of a periodic box, a wall leads back into it.
        """
        x = tf.clip_by_value(x, -FARTHEST, FARTHEST)
        u = self._sum(x, self._training, training=True)
        return u if self.lengths is None else self.walled(x, u)

    def term_energies(self, x: Any, names: Sequence[str] | None = None) -> dict[str, tf.Tensor]:
        """The energy of each term by its name, `[..., event_size]` to `[...]`.

        Args:
          x: configurations.
          names: of the terms; None for all.
        """
        terms = {b.name: b for b in self._bound}
        x = tf.convert_to_tensor(x)
        wanted = terms if names is None else sequence("names", names)
        return {name: self._sum(x, [terms[choice("names", name, terms)]]) for name in wanted}

    def _coordinate(self, coordinate: Coordinate, x: tf.Tensor) -> tf.Tensor:
        return coordinate(self._rows(tf.convert_to_tensor(x)), self.lengths)

    def coordinate(self, name: str | None = None) -> Coordinate:
        """A reaction coordinate by its name, for moves; the first one for None."""
        self.reaction_coordinate(name)  # raises for a name that is not there
        return self.coordinates[name or next(iter(self.coordinates))]

    @property
    def bound_terms(self) -> list[Bound]:
        """What the energy is summed from, in the order of `terms`."""
        return self._bound

    # What compiled moves need.

    @property
    def compiled(self) -> kernels.Compiled:
        """The sum of the terms as functions for Numba's code."""
        return kernels.compiled(self._bound, self.dimension, periodic=self.lengths is not None)

    @functools.cached_property
    def packed(self) -> tuple[Any, ...]:
        """The terms' parameters, as the compiled functions take them."""
        return kernels.packed(self._bound, self.n, self.lengths)

    @property
    def moving_terms(self) -> list[str]:
        """Names of the terms that depend on positions, in the order of their factors."""
        return [b.name for b in self._bound if b.invariant != "constant"]

    @property
    def constant(self) -> float:
        """Sum of the terms that do not depend on positions, kT."""
        return float(sum(b.constant for b in self._bound))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON values."""
        walls = isinstance(self._box, SoftWalls)
        terms = self.terms[:-1] if walls else self.terms
        training = self._training_terms
        return {
            "n": self.n,
            "dimension": self.dimension,
            "terms": [potentials.to_document(t) for t in terms],
            "box": potentials.to_document(self._box),
            "coordinates": {k: potentials.to_document(c) for k, c in self.coordinates.items()},
            "training_terms": training and [potentials.to_document(t) for t in training],
        }

    def draw(self, x: Any, *, diameter: float = 0.9) -> Figure:
        """Pictures of configurations in the plane, with their energies.

        Args:
          x: `[event_size]`, or `[n, event_size]` for a row of n pictures.
          diameter: of the particles as drawn.
        """
        # Matplotlib is not imported for energies alone.
        from boltzmann_tf import plotting  # noqa: PLC0415

        x = finite_array("x", np.atleast_2d(x), ndim=2, last=self.event_size)
        u = self.energy(tf.constant(x)).numpy()
        r = self.positions(x).numpy()[..., :2]
        if self.dimension == 1:
            r = np.concatenate([r, np.zeros_like(r)], axis=-1)
        titles = [f"u = {v:.1f} kT" for v in u]
        half = None if self.lengths is None else float(self.lengths[0] / 2)
        return plotting.particle_pictures(
            {"": r.reshape(len(x), -1)},
            {"": titles},
            diameter=diameter,
            box=getattr(self._box, "half_width", half) or 1.2 * float(np.abs(r).max()) or 1.0,
            marked=0,
        )


def _terms(argument: str, terms: Any) -> list[Potential]:
    found = [potentials.from_document(t) for t in sequence(argument, terms)]
    if not found:
        raise ValueError(f"{argument} must hold at least one potential, got none")
    for i, term in enumerate(found):
        instance(f"{argument}[{i}]", term, Potential)
    return found


def _check_bonds(terms: Sequence[Potential], bonded: np.ndarray) -> None:
    """Raises for a pair that two terms bond and a third one leaves out."""
    pairs, counts = np.unique(np.sort(bonded, axis=1), axis=0, return_counts=True)
    twice = {tuple(p) for p in pairs[counts > 1]}
    for term in terms:
        excluded = getattr(term, "exclude", None)
        if excluded is None:
            continue
        for pair in np.sort(bonded if isinstance(excluded, str) else excluded, axis=1):
            if tuple(pair) in twice:
                raise ValueError(
                    f"exclude of {term.name} must not hold a pair that is bonded twice, got "
                    f"{pair.tolist()}"
                )
