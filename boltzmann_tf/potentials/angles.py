"""Potentials of the angle at the second of three particles: formulas of its cosine, or of it."""

from __future__ import annotations

from typing import Any

from boltzmann_tf.potentials.base import Few
from boltzmann_tf.potentials.ops import formula

__all__ = ["Angles", "CosineAngle", "HarmonicAngle"]


class Angles(Few):
    """A formula of the cosine of the angle at the second of three particles.

    Args:
      function: of the cosine, 1 where the first and the third are in the same direction, and of
        the parameters, by name.
      particles: the triples, `[angles, 3]`.
      name: of the term; None for the formula's.
      **parameters: of the formula, numbers or [angles].
    """

    invariant = "cosine"
    members = 3
    anchors = False


@formula
def harmonic_angle(theta: Any, stiffness: Any, angle: Any) -> Any:
    """stiffness / 2 (theta - angle)^2."""
    d = theta - angle
    return 0.5 * stiffness * d * d


class HarmonicAngle(Few):
    """stiffness / 2 (theta - angle)^2, with the factor 1/2 (OpenMM's; LAMMPS has none).

    Args:
      particles: the triples, `[angles, 3]`.
      stiffness: in kT per radian squared, a number or [angles].
      angle: at rest, in radians, a number or [angles].
      name: of the term.

    Examples:
      >>> bend = bg.potentials.HarmonicAngle([(0, 1, 2)], stiffness=2.0, angle=np.pi)
      >>> chain = bg.systems.ParticleSystem(n=3, dimension=2, terms=[bend])
      >>> x = chain.configuration([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
      >>> chain.energy(x[None]).numpy().round(3)  # (pi / 2)^2
      array([2.467])
    """

    invariant = "angle"
    members = 3
    anchors = False

    def __init__(
        self, particles: Any, stiffness: Any, angle: Any, *, name: str = "harmonic_angle"
    ) -> None:
        super().__init__(harmonic_angle, particles, name=name, stiffness=stiffness, angle=angle)


@formula
def cosine_angle(cosine: Any, stiffness: Any) -> Any:
    """stiffness (1 + cos theta): 0 for a straight chain."""
    return stiffness * (1 + cosine)


class CosineAngle(Angles):
    """stiffness (1 + cos theta): 0 for a straight chain; LAMMPS calls it `angle_style cosine`.

    Args:
      particles: the triples, `[angles, 3]`.
      stiffness: in kT, a number or [angles].
      name: of the term.
    """

    def __init__(self, particles: Any, stiffness: Any, *, name: str = "cosine_angle") -> None:
        super().__init__(cosine_angle, particles, name=name, stiffness=stiffness)
