"""Potentials: terms of the energy of particles, each formula written once for both engines.

    from boltzmann_tf import potentials
    from boltzmann_tf.potentials import ops

    @ops.formula
    def morse(r2, depth, width, length):
        e = ops.exp(-(ops.sqrt(r2) - length) / width)
        return depth * (1 - e) * (1 - e)

    term = potentials.Bonds(morse, [(0, 1)], depth=5.0, width=0.2, length=1.0)

TensorFlow evaluates the same lines for a batch, with gradients, and Numba compiles them for moves
of single particles. `systems.ParticleSystem` is a sum of such terms in a box.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from boltzmann_tf._support.checks import choice, instance
from boltzmann_tf.potentials.angles import Angles, CosineAngle, HarmonicAngle
from boltzmann_tf.potentials.base import Few, Potential
from boltzmann_tf.potentials.bonds import FENE, Bonds, DoubleWellBond, HarmonicBond
from boltzmann_tf.potentials.born import GeneralizedBorn
from boltzmann_tf.potentials.boxes import Box, Open, Periodic, SoftWalls
from boltzmann_tf.potentials.charges import Coulomb, ReactionField, strengths
from boltzmann_tf.potentials.coordinates import Angle, Coordinate, Distance, Position, Torsion
from boltzmann_tf.potentials.external import CentreTether, Tether, Wall
from boltzmann_tf.potentials.hard import HardCore, SquareWell
from boltzmann_tf.potentials.mixtures import (
    CoulombOfPairs,
    LennardJonesOfPairs,
    LorentzBerthelot,
    PointCharges,
    ReactionFieldCharges,
)
from boltzmann_tf.potentials.pairs import (
    InversePower,
    LennardJones,
    Pairs,
    SoftCoreLennardJones,
    WeeksChandlerAndersen,
)
from boltzmann_tf.potentials.tail import TailCorrection
from boltzmann_tf.potentials.torsions import PeriodicTorsion, Torsions

__all__ = [
    "FENE",
    "Angle",
    "Angles",
    "CosineAngle",
    "Bonds",
    "Box",
    "CentreTether",
    "Coordinate",
    "Coulomb",
    "CoulombOfPairs",
    "Distance",
    "DoubleWellBond",
    "Few",
    "GeneralizedBorn",
    "HardCore",
    "HarmonicAngle",
    "HarmonicBond",
    "InversePower",
    "LennardJones",
    "LennardJonesOfPairs",
    "LorentzBerthelot",
    "Open",
    "Pairs",
    "Periodic",
    "PeriodicTorsion",
    "PointCharges",
    "Position",
    "Potential",
    "ReactionField",
    "ReactionFieldCharges",
    "SoftCoreLennardJones",
    "SoftWalls",
    "SquareWell",
    "TailCorrection",
    "Tether",
    "Torsion",
    "Torsions",
    "Wall",
    "WeeksChandlerAndersen",
    "from_document",
    "strengths",
    "to_document",
]

# What can stand in a file, by the name of its class. One line each.
REGISTRY: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        *(CosineAngle, HarmonicAngle, PeriodicTorsion),
        *(FENE, DoubleWellBond, HarmonicBond),
        *(CentreTether, Tether, Wall),
        *(HardCore, InversePower, LennardJones, SoftCoreLennardJones, SquareWell),
        *(TailCorrection, WeeksChandlerAndersen),
        *(Coulomb, GeneralizedBorn, ReactionField),
        *(CoulombOfPairs, LennardJonesOfPairs, LorentzBerthelot),
        *(PointCharges, ReactionFieldCharges),
        *(Open, Periodic, SoftWalls),
        *(Angle, Distance, Position, Torsion),
    )
}


def to_document(part: Potential | Box | Coordinate) -> dict[str, Any]:
    """Class and arguments of a potential, box or coordinate as JSON values.

    Raises:
      TypeError: for a formula of one's own: nothing that is loaded can run code.
    """
    name = type(part).__name__
    if REGISTRY.get(name) is not type(part):
        raise TypeError(
            f"{part!r} must be of a class that can stand in a file, {sorted(REGISTRY)}, got {name}"
        )
    return {"class": name, "config": part.get_config()}


def from_document(part: Any) -> Any:
    """The potential, box or coordinate of a document; what is none is returned as it is."""
    if not isinstance(part, Mapping):
        return part
    if set(part) != {"class", "config"}:
        raise ValueError(
            f"part must be a document with class and config and nothing else, got {part!r}"
        )
    make = REGISTRY[choice("class of a document", part["class"], list(REGISTRY))]
    config = instance(f"config of {part['class']}", part["config"], Mapping)
    return make(**{key: from_document(value) for key, value in config.items()})
