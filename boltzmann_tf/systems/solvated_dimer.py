"""The bistable dimer in a dense fluid of repulsive particles (Noé et al. 2019, figure 3)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from boltzmann_tf._support.checks import finite, finite_array, positive, positive_int
from boltzmann_tf.potentials import (
    Distance,
    DoubleWellBond,
    Few,
    InversePower,
    SoftWalls,
    Wall,
)
from boltzmann_tf.potentials.ops import formula
from boltzmann_tf.systems.particles import ParticleSystem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["SolvatedDimer", "dimer_distance"]


def dimer_distance(x: Any) -> Any:
    """Distance of the two dimer particles: `[..., 2 n]` to `[...]`; of tensors or arrays."""
    rows = [x[..., 0::2], x[..., 1::2]]
    return Distance(0, 1)(rows, None)


@formula
def dimer_springs(points: Any, stiffness: Any) -> Any:
    """stiffness [(x_1 + x_2)^2 + y_1^2 + y_2^2]: hold the dimer's centre and direction."""
    a, b = points
    middle = a[0] + b[0]
    return stiffness * (middle * middle + a[1] * a[1] + b[1] * b[1])


class SolvatedDimer(ParticleSystem):
    """A dimer with two stable lengths among repulsive particles in a soft box, in two dimensions.

    x holds positions, (x, y) of the two dimer particles first, then those of the solvent; with
    d the distance of the dimer particles and q = 2 (d - distance),

        u =   dimer_k [(x_1 + x_2)^2 + y_1^2 + y_2^2]               keeps the dimer in the centre
            + slope q - quadratic q^2 + quartic q^4                  its two lengths
            + box_k sum over coordinates max(|x| - box, 0)^2         a soft wall, once
            + sum over pairs but the dimer's (diameter / r)^12       repulsion

    in kT. The defaults are what the published figures were made with: their slope is +2.0 (the
    published class says -0.5), and the wall constant of 100 is doubled in the published code,
    which in its training energy also counts the wall twice (`wall_factor=2` there).

    Args:
      slope: c of the dimer's potential.
      quadratic: a.
      quartic: b.
      distance: between the two lengths, where the barrier is.
      dimer_k: of the springs that hold the dimer's centre and direction.
      box: half width of the box.
      box_k: of the wall.
      wall_factor: how many times `training_energy` counts the wall; `energy` counts it once.
      diameter: range of the repulsion.
      core: pairs closer than this repel in `training_energy` by the tangent, in r^2, at this
        distance: finite where particles coincide, and with a force until they do.
      solvent: number of solvent particles, a square.

    Examples:
      >>> system = bg.systems.SolvatedDimer()
      >>> system.energy(np.array([system.initial_state("closed")])).numpy().round(1)
      array([5261.6])
    """

    rigid = (0, 1)

    def __init__(
        self,
        *,
        slope: float = 2.0,
        quadratic: float = 25.0,
        quartic: float = 10.0,
        distance: float = 1.5,
        dimer_k: float = 20.0,
        box: float = 3.0,
        box_k: float = 200.0,
        wall_factor: float = 1.0,
        diameter: float = 1.1,
        core: float = 0.3,
        solvent: int = 36,
    ) -> None:
        self.slope = finite("slope", slope)
        self.quadratic = positive("quadratic", quadratic)
        self.quartic = positive("quartic", quartic)
        self.distance = positive("distance", distance)
        self.dimer_k = positive("dimer_k", dimer_k)
        self.box = positive("box", box)
        self.box_k = positive("box_k", box_k)
        self.wall_factor = positive("wall_factor", wall_factor)
        self.diameter = positive("diameter", diameter)
        self.core = positive("core", core)
        self.solvent = positive_int("solvent", solvent)
        if round(np.sqrt(self.solvent)) ** 2 != self.solvent:
            raise ValueError(f"solvent must be a square number, got {solvent}")
        pair = [(0, 1)]
        held = [
            Few(dimer_springs, pair, name="springs", stiffness=self.dimer_k),
            DoubleWellBond(
                pair,
                slope=self.slope,
                quadratic=self.quadratic,
                quartic=self.quartic,
                barrier=self.distance,
                name="length",
            ),
            InversePower(self.diameter, core=self.core, exclude=pair, name="repulsion"),
        ]
        super().__init__(
            n=self.solvent + 2,
            dimension=2,
            terms=held,
            box=SoftWalls(self.box, self.box_k),
            coordinates={"distance": Distance(0, 1)},
            training_terms=[*held, Wall(self.box, self.wall_factor * self.box_k)],
        )

    @functools.cached_property
    def initial_states(self) -> dict[str, np.ndarray]:  # type: ignore[override]
        """Closed and open: the dimer at its two lengths, the solvent on a square lattice."""
        return {"closed": self.lattice(1.0), "open": self.lattice(2.0)}

    def lattice(self, distance: float, scale: float = 1.05) -> np.ndarray:
        """The published starting configuration for a dimer of length `distance`, `[2 n]`.

        Args:
          distance: of the dimer's particles, before scaling.
          scale: of all positions.
        """
        side = round(np.sqrt(self.solvent))
        line = np.linspace(-self.box - 1, self.box + 1, side + 2)[1:-1]
        grid = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
        dimer = np.array([[-0.5 * distance, 0.0], [0.5 * distance, 0.0]])
        return scale * np.concatenate([dimer, grid]).ravel()

    def draw(self, x: Any, *, diameter: float = 0.9) -> Figure:
        """Pictures of configurations, with their lengths and energies.

        Args:
          x: `[2 N]`, or `[n, 2 N]` for a row of n pictures.
          diameter: of the particles as drawn.

        Returns:
          a Matplotlib figure; the dimer is in red, the wall dotted.
        """
        # Matplotlib is not imported for energies alone.
        from boltzmann_tf import plotting  # noqa: PLC0415

        x = finite_array("x", np.atleast_2d(x), ndim=2, last=self.event_size)
        tensor = tf.constant(x)
        d, u = dimer_distance(tensor).numpy(), self.energy(tensor).numpy()
        titles = [f"d = {a:.2f}, u = {b:.0f} kT" for a, b in zip(d, u, strict=True)]
        return plotting.particle_pictures({"": x}, {"": titles}, diameter=diameter, box=self.box)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = (
            "slope quadratic quartic distance dimer_k box box_k wall_factor diameter core solvent"
        )
        return {name: getattr(self, name) for name in names.split()}
