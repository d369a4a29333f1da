"""Bad calls of potentials, boxes and coordinates, and of systems of particles made of them."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from bad_input.parts import INF, NAN
from boltzmann_tf import potentials, sampling
from boltzmann_tf.potentials import ops
from boltzmann_tf.systems import ParticleSystem

LJ, PAIR = potentials.LennardJones(), [(0, 1)]
BOND = potentials.HarmonicBond(PAIR, 1.0)
CLUSTER = ParticleSystem(n=3, dimension=2, terms=[LJ, potentials.CentreTether(3)])


@ops.formula
def soft(r2, strength):
    return strength * ops.exp(-r2)


@ops.formula
def of_five(r2, a, b, c, d, e):
    return a + b + c + d + e + r2


def system(*terms, n=3, dimension=2, **options):
    return ParticleSystem(n=n, dimension=dimension, terms=list(terms), **options)


def sweep(**options):
    state = sampling.particle_state(np.ones((1, CLUSTER.event_size)))
    return sampling.particle_sweeps(state, 1, system=CLUSTER, step_size=0.1, **options)


ROWS = [
    # Numbers and formulas.
    (lambda: ops.power(2.0, 0), ValueError, r"n must be an integer >= 1, got 0"),
    (lambda: ops.power(2.0, -3), ValueError, r"n must be an integer >= 1, got -3"),
    (lambda: ops.power(2.0, 1.5), TypeError, r"n must be an integer >= 1, got 1\.5 of type float"),
    (lambda: ops.formula(3), TypeError, r"function must be a function, got 3"),
    (
        lambda: potentials.SquareWell(1.0, 1.5, 1.5),
        ValueError,
        r"reach must be above the diameter, got",
    ),
    (lambda: potentials.HardCore(0.0), ValueError, r"diameter must be > 0, got 0\.0"),
    (lambda: potentials.Pairs("r"), TypeError, r"function must be a function, got 'r'"),
    (
        lambda: potentials.Pairs(soft, depth=1.0),
        ValueError,
        r"parameters of soft must be \['strength'\], got \['depth'\]",
    ),
    (
        lambda: potentials.Pairs(of_five, a=1, b=1, c=1, d=1, e=1),
        ValueError,
        r"function must have at most 4 parameters, got \['a', 'b', 'c', 'd', 'e'\]",
    ),
    (
        lambda: potentials.Pairs(soft, strength=1.0, name=3),
        TypeError,
        r"name must be a str, got 3 of type int",
    ),
    (
        lambda: potentials.Pairs(soft, strength=1.0, shifted=1),
        TypeError,
        r"shifted must be a bool, got 1 of type int",
    ),
    (
        lambda: potentials.Pairs(soft, strength=1.0, shifted=True),
        ValueError,
        r"cut must be given where shifted is True, got None",
    ),
    (
        lambda: potentials.Pairs(soft, strength=NAN),
        ValueError,
        r"strength must be finite, got 1 NaN",
    ),
    (
        lambda: potentials.Pairs(soft, strength=[1.0, 2.0]),
        ValueError,
        r"strength must be a number or have shape \[n, n\], got \(2,\)",
    ),
    (
        lambda: potentials.Pairs(soft, strength=[[1.0, 2.0], [3.0, 1.0]]),
        ValueError,
        r"strength must be symmetric, got \[\[1\.0, 2\.0\], \[3\.0, 1\.0\]\]",
    ),
    (
        lambda: potentials.Pairs(soft, strength=1.0, exclude="bonds"),
        ValueError,
        r"exclude must be one of \['bonded'\], got 'bonds'",
    ),
    (
        lambda: potentials.Pairs(soft, strength=1.0, exclude=None),
        ValueError,
        r"exclude must be a list of 2 particle number\(s\) each, got \(\) None",
    ),
    (
        lambda: potentials.Pairs(soft, strength=1.0, exclude=[(0, 0)]),
        ValueError,
        r"exclude must have different particles in each term, got \[\(0, 0\)\]",
    ),
    (
        lambda: potentials.Pairs(soft, strength=1.0, core=0.0),
        ValueError,
        r"core must be > 0, got 0\.0",
    ),
    (lambda: potentials.LennardJones(cut=-1.0), ValueError, r"cut must be > 0, got -1\.0"),
    (lambda: potentials.LennardJones(1.0, 0.0), ValueError, r"sigma must be > 0, got 0\.0"),
    (
        lambda: potentials.LennardJones(sigmma=1.0),
        ValueError,
        r"parameters of lennard_jones must be \['epsilon', 'sigma'\], got .*'sigmma'",
    ),
    (
        lambda: potentials.LennardJones("deep"),
        TypeError,
        r"epsilon must be an array of numbers, got str",
    ),
    (
        lambda: potentials.SoftCoreLennardJones(1.2),
        ValueError,
        r"coupling must be from 0 to 1, got 1\.2",
    ),
    (
        lambda: potentials.SoftCoreLennardJones(0.5, alpha=0.0),
        ValueError,
        r"alpha must be a positive finite number, got 0\.0",
    ),
    (
        lambda: potentials.WeeksChandlerAndersen(cut=2.0),
        TypeError,
        r"cut must not be given: this potential has its own",
    ),
    (
        lambda: potentials.WeeksChandlerAndersen(sigma=-1.0),
        ValueError,
        r"sigma must be > 0, got -1\.0",
    ),
    (
        lambda: potentials.InversePower(exponent=7),
        ValueError,
        r"exponent must be even, got 7",
    ),
    (
        lambda: potentials.InversePower(exponent=6.0),
        TypeError,
        r"exponent must be an integer >= 1, got 6\.0 of type float",
    ),
    (lambda: potentials.InversePower(-1.0), ValueError, r"diameter must be > 0, got -1\.0"),
    (
        lambda: potentials.TailCorrection(BOND),
        TypeError,
        r"pairs must be a Pairs, got HarmonicBond",
    ),
    (
        lambda: potentials.TailCorrection(LJ),
        ValueError,
        r"pairs must be cut, not shifted and the same for all pairs, got cut=None, shifted=False",
    ),
    # Bonds, angles, places.
    (
        lambda: potentials.Bonds(soft, [(0, 1, 2)], strength=1.0),
        ValueError,
        r"particles must be a list of 2 particle number\(s\) each, got \(1, 3\)",
    ),
    (
        lambda: potentials.HarmonicBond([(0, 1), (1, 0)], 1.0),
        ValueError,
        r"particles must not hold the same term twice, got \[\(0, 1\), \(1, 0\)\]",
    ),
    (
        lambda: potentials.HarmonicBond([(0, 1), (1, 2)], [1.0, 2.0, 3.0]),
        ValueError,
        r"stiffness must be a number or have shape \[2\], one for each term, got \(3,\)",
    ),
    (
        lambda: potentials.HarmonicBond([(0.0, 1.0)], 1.0),
        ValueError,
        r"particles must be a list of 2 particle number\(s\) each",
    ),
    (
        lambda: potentials.FENE(PAIR, extension=0.0),
        ValueError,
        r"extension must be > 0, got 0\.0",
    ),
    (
        lambda: potentials.DoubleWellBond([(-1, 2)]),
        ValueError,
        r"particles must be particles' numbers >= 0, got -1",
    ),
    (
        lambda: potentials.Angles(soft, PAIR, strength=1.0),
        ValueError,
        r"particles must be a list of 3 particle number\(s\) each, got \(1, 2\)",
    ),
    (
        lambda: potentials.HarmonicAngle([(0, 1, 2), (2, 1, 0)], 1.0, 1.0),
        ValueError,
        r"particles must not hold the same term twice",
    ),
    (
        lambda: potentials.CosineAngle([(0, 1, 0)], 1.0),
        ValueError,
        r"particles must have different particles in each term, got \[\(0, 1, 0\)\]",
    ),
    (
        lambda: potentials.PeriodicTorsion([(0, 1, 2)], 1.0),
        ValueError,
        r"particles must be a list of 4 particle number\(s\) each, got \(1, 3\)",
    ),
    (
        lambda: potentials.PeriodicTorsion([(0, 1, 2, 3)], 1.0, periodicity=1.5),
        ValueError,
        r"periodicity must be whole and >= 1, got 1\.5",
    ),
    (
        lambda: potentials.Torsions(soft, [(0, 1, 2, 3)], depth=1.0),
        ValueError,
        r"parameters of soft must be \['strength'\], got \['depth'\]",
    ),
    (
        lambda: system(potentials.PeriodicTorsion([(0, 1, 2, 3)], 1.0), n=4),
        ValueError,
        r"dimension must be 3 for periodic_torsion, got 2",
    ),
    (
        lambda: system(BOND, n=4, coordinates={"t": potentials.Torsion(0, 1, 2, 3)}),
        ValueError,
        r"dimension must be 3 for Torsion, got 2",
    ),
    (
        lambda: potentials.Torsion(0, 1, 2, 2),
        ValueError,
        r"particles must have different particles in each term",
    ),
    (lambda: potentials.strengths([[1.0]]), ValueError, r"charges must have 1 dimension\(s\), got"),
    (lambda: potentials.strengths([1.0], 0.0), ValueError, r"constant must be .*got 0\.0"),
    (
        lambda: potentials.Coulomb([[0.0, 1.0], [2.0, 0.0]]),
        ValueError,
        r"strength must be symmetric, got",
    ),
    (
        lambda: potentials.ReactionField(1.0, cut=2.0, dielectric=0.5),
        ValueError,
        r"dielectric must be >= 1, got 0\.5",
    ),
    (
        lambda: potentials.ReactionField(1.0, cut=2.0, shifted=True),
        TypeError,
        r"shifted must not be given: this potential is 0 at its cut",
    ),
    (
        lambda: potentials.ReactionFieldCharges([1.0, -1.0], cut=0.0),
        ValueError,
        r"cut must be .*got 0\.0",
    ),
    (
        lambda: potentials.PointCharges([1.0, -1.0], special=[(0, 1)]),
        ValueError,
        r"special_strength must have shape \[1\], got \(0,\)",
    ),
    (
        lambda: potentials.PointCharges([1.0, -1.0], special=[(0, 2)], special_strength=[0.0]),
        ValueError,
        r"special must be particles' numbers in 0 \.\. 1, got 2",
    ),
    (
        lambda: potentials.LorentzBerthelot([1.0, -1.0], [1.0, 1.0]),
        ValueError,
        r"epsilon must be >= 0, got -1\.0",
    ),
    (
        lambda: potentials.LorentzBerthelot([1.0, 1.0], [1.0]),
        ValueError,
        r"sigma must have shape \[2\], as epsilon, got \(1,\)",
    ),
    (
        lambda: potentials.CoulombOfPairs(PAIR, 1.0, core=0.0),
        ValueError,
        r"core must be .*got 0\.0",
    ),
    (
        lambda: potentials.LennardJonesOfPairs(PAIR, [1.0, 2.0], 1.0),
        ValueError,
        r"epsilon must be a number or have shape \[1\], one for each term, got \(2,\)",
    ),
    *(
        (
            lambda change=change: potentials.GeneralizedBorn(
                **{"charges": [1.0], "radii": [0.2], "scales": [0.8], "constant": 1.0} | change
            ),
            ValueError,
            message,
        )
        for change, message in (
            ({"radii": [0.2, 0.2]}, r"radii must have shape \[1\], got \(2,\)"),
            ({"radii": [0.009]}, r"radii must be > 0\.009 nm, got 0\.009"),
            ({"constant": -1.0}, r"constant must be .*got -1\.0"),
            ({"solvent_dielectric": 0.0}, r"solvent_dielectric must be .*got 0\.0"),
            ({"model": "GBn9"}, r"model must be one of .*'GBn9'"),
            ({"model": [1.0, 2.0]}, r"model must be three coefficients, got shape \(2,\)"),
        )
    ),
    (
        lambda: system(
            potentials.GeneralizedBorn([1.0, 1.0], [0.2, 0.2], [0.8, 0.8], constant=1.0)
        ),
        ValueError,
        r"charges must have shape \[3\], got \(2,\)",
    ),
    (
        lambda: system(
            potentials.GeneralizedBorn([1.0] * 3, [0.2] * 3, [0.8] * 3, constant=1.0),
            box=potentials.Periodic(4.0),
        ),
        ValueError,
        r"box must be open for generalized_born, got Periodic",
    ),
    (
        lambda: potentials.Few(soft, [(0, 1, 2, 3, 4)], strength=1.0),
        ValueError,
        r"particles must be at most 4 in each term, got 5",
    ),
    (
        lambda: potentials.Few(soft, anchors=1, strength=1.0),
        TypeError,
        r"anchors must be a bool, got 1 of type int",
    ),
    (
        lambda: potentials.Tether(1.0, 1.0),
        ValueError,
        r"places must have shape \[particles, dimension\] or \[dimension\], got \(\)",
    ),
    (
        lambda: potentials.Tether(np.ones((2, 4)), 1.0),
        ValueError,
        r"places must have shape .*got \(2, 4\)",
    ),
    (lambda: potentials.Wall(0.0), ValueError, r"half_width must be a positive .*got 0\.0"),
    (
        lambda: potentials.CentreTether(3, -1.0),
        ValueError,
        r"stiffness must be a positive finite number, got -1\.0",
    ),
    (
        lambda: potentials.CentreTether(3.5),
        TypeError,
        r"n must be an integer >= 2, got 3\.5 of type float",
    ),
    # Boxes and coordinates.
    (lambda: potentials.SoftWalls(-1.0), ValueError, r"half_width must be a positive .*got -1"),
    (
        lambda: potentials.Periodic([4.0, 0.0]),
        ValueError,
        r"length must be positive, a number or \[dimension\], got \[4\.0, 0\.0\]",
    ),
    (
        lambda: potentials.Periodic(4.0, images="all"),
        ValueError,
        r"images must be one of \[None, 'nearest'\], got 'all'",
    ),
    (lambda: potentials.Coordinate("x", [0]), TypeError, r"function must be a function, got 'x'"),
    (
        lambda: potentials.Coordinate(soft, [0, 1, 2, 3, 4]),
        ValueError,
        r"particles must be at most 4 in each term, got 5",
    ),
    (lambda: potentials.Distance(1, 1), ValueError, r"particles must have different particles"),
    (lambda: potentials.Angle(0, 1, -2), ValueError, r"particles' numbers >= 0, got -2"),
    (lambda: potentials.Position(0, 3), ValueError, r"axis must be 0, 1 or 2, got 3"),
    (
        lambda: potentials.Position(0, "x"),
        TypeError,
        r"axis must be an integer >= 0, got 'x' of type str",
    ),
    # Documents.
    (
        lambda: potentials.to_document(potentials.Pairs(soft, strength=1.0)),
        TypeError,
        r"must be of a class that can stand in a file, .*got Pairs",
    ),
    (lambda: potentials.to_document(3), TypeError, r"3 must be of a class .*got int"),
    (
        lambda: potentials.from_document({"class": "Morse", "config": {}}),
        ValueError,
        r"class of a document must be one of .*got 'Morse'",
    ),
    (
        lambda: potentials.from_document({"class": ["Wall"], "config": {}}),
        ValueError,
        r"class of a document must be one of .*got \['Wall'\]",
    ),
    (
        lambda: potentials.from_document({"class": "Wall", "config": 3}),
        TypeError,
        r"config of Wall must be a Mapping, got 3 of type int",
    ),
    (
        lambda: potentials.from_document({"class": "Wall"}),
        ValueError,
        r"part must be a document with class and config and nothing else, got \{'class': 'Wall'\}",
    ),
    # Systems of them.
    (lambda: system(LJ, dimension=4), ValueError, r"dimension must be 1, 2 or 3, got 4"),
    (lambda: system(LJ, n=1), ValueError, r"n must be an integer >= 2, got 1"),
    (lambda: system(), ValueError, r"terms must hold at least one potential, got none"),
    (lambda: system(3), TypeError, r"terms\[0\] must be a Potential, got 3 of type int"),
    (
        lambda: system(LJ, "LennardJones"),
        TypeError,
        r"terms\[1\] must be a Potential, got 'LennardJones' of type str",
    ),
    (
        lambda: system(potentials.Open()),
        TypeError,
        r"terms\[0\] must be a Potential, got Open\(\) of type Open",
    ),
    (
        lambda: ParticleSystem(n=3, dimension=2, terms=LJ),
        TypeError,
        r"terms must be a sequence, got LennardJones",
    ),
    (
        lambda: system(LJ, potentials.LennardJones(2.0)),
        ValueError,
        r"terms must have different names, got \['lennard_jones', 'lennard_jones'\]",
    ),
    (
        lambda: system(potentials.Wall(1.0, name="box"), box=potentials.SoftWalls(2.0)),
        ValueError,
        r"terms must have different names, got \['box', 'box'\]",
    ),
    (lambda: system(LJ, box=3.0), TypeError, r"box must be a Box, got 3\.0 of type float"),
    (
        lambda: system(LJ, training_terms=[]),
        ValueError,
        r"training_terms must hold at least one potential, got none",
    ),
    (
        lambda: system(LJ, box=potentials.Periodic(4.0)),
        ValueError,
        r"cut of lennard_jones must be at most half the periodic box, 2, got none",
    ),
    (
        lambda: system(potentials.LennardJones(cut=2.1), box=potentials.Periodic([4.0, 6.0])),
        ValueError,
        r"cut of lennard_jones must be at most half the periodic box, 2, got 2\.1",
    ),
    (
        lambda: system(potentials.LennardJones(cut=1.0), box=potentials.Periodic([4.0] * 3)),
        ValueError,
        r"length must be a number or 2 numbers, got \[4\.0, 4\.0, 4\.0\]",
    ),
    (
        lambda: system(LJ, potentials.TailCorrection(potentials.LennardJones(cut=1.0))),
        ValueError,
        r"box must be Periodic for a tail correction, got Open\(\)",
    ),
    (
        lambda: system(potentials.Tether([0.0], 1.0)),
        ValueError,
        r"places must have 2 coordinates each, got 1",
    ),
    (
        lambda: system(potentials.Tether(np.ones((4, 2)), 1.0)),
        ValueError,
        r"x must be a number or have shape \[3\], got \(4,\)",
    ),
    (
        lambda: system(potentials.CentreTether(4)),
        ValueError,
        r"n of centre_tether must be the number of particles, 3, got 4",
    ),
    (
        lambda: system(potentials.LennardJones(np.ones((4, 4)))),
        ValueError,
        r"epsilon must be a number or have shape \[3, 3\], got \(4, 4\)",
    ),
    (
        lambda: system(potentials.HarmonicBond([(0, 3)], 1.0)),
        ValueError,
        r"particles must be particles' numbers in 0 \.\. 2, got 3",
    ),
    (
        lambda: system(potentials.LennardJones(exclude=[(0, 3)])),
        ValueError,
        r"exclude must be particles' numbers in 0 \.\. 2, got 3",
    ),
    (
        lambda: system(BOND, potentials.FENE(PAIR), potentials.LennardJones(exclude=PAIR)),
        ValueError,
        r"exclude of lennard_jones must not hold a pair that is bonded twice, got \[0, 1\]",
    ),
    (
        lambda: system(BOND, potentials.FENE(PAIR), potentials.LennardJones(exclude="bonded")),
        ValueError,
        r"exclude of lennard_jones must not hold a pair that is bonded twice, got \[0, 1\]",
    ),
    (
        lambda: system(LJ, coordinates={"d": potentials.Distance(0, 3)}),
        ValueError,
        r"particles must be particles' numbers in 0 \.\. 2, got 3",
    ),
    (
        lambda: system(LJ, coordinates={"z": potentials.Position(0, 2)}),
        ValueError,
        r"axis must be below the dimension, 2, got 2",
    ),
    (
        lambda: system(LJ, coordinates={"d": 3}),
        TypeError,
        r"coordinates\['d'\] must be a Coordinate, got 3 of type int",
    ),
    (
        lambda: system(LJ, coordinates=[potentials.Distance(0, 1)]),
        TypeError,
        r"coordinates must be a Mapping, got \[",
    ),
    (
        lambda: CLUSTER.energy(tf.zeros([1, 6])),
        ValueError,
        r"x must have shape \[\.\.\., 4\], got \(1, 6\) \(nothing holds the 3 particles in place",
    ),
    (
        lambda: CLUSTER.configuration(np.zeros((1, 6))),
        ValueError,
        r"positions must have shape \[\.\.\., 3, 2\], got \(1, 6\)",
    ),
    (
        lambda: CLUSTER.configuration(np.full((3, 2), INF)),
        ValueError,
        r"positions must be finite, got 6 NaN or infinite",
    ),
    (
        lambda: CLUSTER.coordinate("distance"),
        ValueError,
        r"ParticleSystem must have reaction_coordinates for this, got none",
    ),
    # Moves.
    (
        lambda: sweep(factors={"coulomb": 1.0}),
        ValueError,
        r"names of factors must be one of \['lennard_jones', 'centre_tether'\], got 'coulomb'",
    ),
    (lambda: sweep(factors=[1.0]), TypeError, r"factors must be a Mapping, got \[1\.0\]"),
    (
        lambda: sweep(factors={"lennard_jones": [1.0, 2.0]}),
        ValueError,
        r"factors\['lennard_jones'\] must be a number or have shape \(1,\), got \(2,\)",
    ),
    (
        lambda: sweep(coordinate=potentials.Distance(0, 3)),
        ValueError,
        r"particles must be particles' numbers in 0 \.\. 2, got 3",
    ),
    (
        lambda: sampling.particle_energies(np.zeros((1, 6)), CLUSTER),
        ValueError,
        r"x must have a last dimension of 4, got shape \(1, 6\)",
    ),
    (
        lambda: sampling.particle_energies(np.zeros((1, 6)), "cluster"),
        TypeError,
        r"system must be a ParticleSystem, got 'cluster' of type str",
    ),
]
