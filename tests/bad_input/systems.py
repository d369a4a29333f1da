"""Bad calls of systems."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

import boltzmann_tf as bg
from bad_input.parts import INF, NAN, WELL, first
from boltzmann_tf import bijectors, potentials, systems
from boltzmann_tf.potentials import CentreTether, InversePower, Periodic

FLUID = potentials.LennardJones(cut=1.5)


class Scalar(bg.System):
    """Its energy forgets the batch."""

    event_shape = (2,)

    def energy(self, x):
        return tf.reduce_sum(x)


class NoShape(bg.System):
    def energy(self, x):
        return x


def bad_domain():
    type("Bad", (bg.System,), {"domain": "sphere", "energy": first})


def molecule(**changes):
    given = {"names": [*"ABC"], "elements": [*"CNO"], "residues": ["X1"] * 3, "masses": [12.0] * 3}
    given |= {"bonds": [(0, 1), (1, 2)], "terms": [FLUID]}
    return systems.Molecule(**given | changes)


ROWS = [
    (
        lambda: molecule(elements=["C", "N"]),
        ValueError,
        r"elements must be 3 texts, one an atom, got 2",
    ),
    (lambda: molecule(masses=[1.0, 1.0, 0.0]), ValueError, r"masses must be 3 numbers > 0, got \["),
    (lambda: molecule(kelvin=-1), ValueError, r"kelvin must be .*got -1"),
    (lambda: molecule(bonds=[(0, 3)]), ValueError, r"bonds must be particles' numbers .*got 3"),
    (lambda: molecule().at(0.0), ValueError, r"kelvin must be .*got 0\.0"),
    (
        lambda: molecule().at(310.0),
        ValueError,
        r"class of terms must be one of .*got 'LennardJones'",
    ),
    (lambda: systems.AlanineDipeptide(kelvin=-3), ValueError, r"kelvin must be .*got -3"),
    (lambda: molecule().atom("X1:D"), ValueError, r"name must be one of \['X1:A', .*got 'X1:D'"),
    (lambda: systems.SolvatedDimer(slope="steep"), TypeError, r"slope must be a .*got 'steep'"),
    (lambda: bg.System.from_energy(3, (2,)), TypeError, r"energy must be a function of x, got 3"),
    (
        lambda: bg.System.from_energy(first, (2,), training_energy=3),
        TypeError,
        r"training_energy must be a function of x, got 3",
    ),
    (lambda: bg.System.from_energy(first, (0,)), ValueError, r"event_shape must be a tuple of pos"),
    (
        lambda: bg.System.from_energy(tf.reduce_sum, (2,)),
        ValueError,
        r"energy\(x\) must return one energy a configuration.*got \(\)",
    ),
    (lambda: systems.FromEnergy(None, 2), TypeError, r"energy must be a function of x, got None"),
    (lambda: systems.Combination([]), ValueError, r"terms must hold at least one .*got none"),
    (
        lambda: systems.Combination([(1.0, 3)]),
        TypeError,
        r"terms\[0\]\[1\] must be a System, got 3",
    ),
    (lambda: -1.0 * WELL, ValueError, r"factor must be a positive finite number, got -1\.0"),
    (
        lambda: WELL + systems.SpringInBox(),
        ValueError,
        r"systems of a sum must have one domain, got 'real' of DoubleWell and 'box' of SpringInBox",
    ),
    (
        lambda: WELL + bg.System.from_energy(first, (3,)),
        ValueError,
        r"systems of a sum must have one event_shape, got \(2,\) of DoubleWell and \(3,\) of first",
    ),
    (lambda: systems.get("triple_well"), ValueError, r"system must be one of .*'triple_well'"),
    (lambda: systems.get("double_well", a9=1.0), TypeError, r"'a9'"),
    (lambda: systems.DoubleWell(a4=0), ValueError, r"a4 must be a positive .*got 0"),
    (lambda: systems.DoubleWell(a1=NAN), ValueError, r"a1 must be a finite number, got nan"),
    (lambda: systems.DoubleWell(a2="6"), TypeError, r"a2 must be a finite number, got '6'"),
    (lambda: systems.DoubleWell4(quartic=0), ValueError, r"quartic must be .*got 0"),
    (lambda: systems.DoubleWell4(quadratic=-1), ValueError, r"quadratic must be .*got -1"),
    (lambda: systems.DoubleWell4(distance=NAN), ValueError, r"distance must be .*got nan"),
    (
        lambda: systems.DoubleWell4().energy(tf.zeros([2, 8])),
        ValueError,
        r"x must have shape \[\.\.\., 6\], got \(2, 8\).*`configuration\(positions\)`",
    ),
    (
        lambda: systems.DoubleWell4().pair_distances(tf.zeros([2, 8])),
        ValueError,
        r"x must have shape \[\.\.\., 6\], got \(2, 8\)",
    ),
    (
        lambda: systems.ParticleSystem(n=2, dimension=4, terms=[]),
        ValueError,
        r"dimension must be 1, 2 or 3, got 4",
    ),
    (lambda: systems.Polymer(1), ValueError, r"n must be an integer >= 2, got 1"),
    (lambda: systems.Polymer(4, bond="glue"), ValueError, r"bond must be one of .*got 'glue'"),
    (
        lambda: systems.Polymer(4, special=(1, 0.5, 1)),
        ValueError,
        r"special must be three of 0 or 1, got \(1, 0\.5, 1\)",
    ),
    (
        lambda: systems.Polymer(2, bending=1.0),
        ValueError,
        r"n must be at least 3 for a chain that bends, got 2",
    ),
    (
        lambda: systems.Polymer(4, pairs=potentials.LennardJones(exclude="bonded")),
        ValueError,
        r"pairs must exclude none: special does, got 'bonded'",
    ),
    (
        lambda: systems.Polymer(4, solvent=3),
        ValueError,
        r"box must hold the solvent, got Open\(\)",
    ),
    (
        lambda: systems.Polymer(4, pairs=potentials.LennardJones(), box=potentials.Periodic(3.0)),
        ValueError,
        r"cut of pairs must be at most half the periodic box, 1\.5, got none",
    ),
    (lambda: systems.LennardJonesCluster(1), ValueError, r"n must be an integer >= 2, got 1"),
    (lambda: systems.LennardJonesCluster(13, -2.0), ValueError, r"epsilon must be .*got -2\.0"),
    (lambda: systems.LennardJonesCluster(r_m=0), ValueError, r"r_m must be .*got 0"),
    (
        lambda: systems.LennardJonesCluster(tether=-1),
        ValueError,
        r"tether must be a finite number >= 0, got -1",
    ),
    (
        lambda: bg.BoltzmannGenerator(
            systems.LennardJonesCluster(2, tether=0), bijectors.Scaling(3)
        ),
        ValueError,
        r"tether must be > 0 for the particles to stay together, got 0",
    ),
    (lambda: systems.MuellerBrown(scale=-1), ValueError, r"scale must be a positive .*got -1"),
    (lambda: systems.SpringInBox(length=INF), ValueError, r"length must be .*got inf"),
    (
        lambda: systems.SpringInBox(wall_stiffness=True),
        TypeError,
        r"wall_stiffness must be a positive number, got True",
    ),
    (lambda: WELL.initial_state("up"), ValueError, r"initial state must be one of .*'up'"),
    (lambda: WELL.reaction_coordinate("q"), ValueError, r"coordinate must be one of .*'q'"),
    (bad_domain, ValueError, r"Bad\.domain must be one of .*'sphere'"),
    (
        lambda: bg.BoltzmannGenerator(Scalar(), bijectors.Scaling(2)),
        ValueError,
        r"Scalar\.energy\(x\) must return .*got \(\)",
    ),
    (
        lambda: bg.BoltzmannGenerator(NoShape(), bijectors.Scaling(2)),
        ValueError,
        r"NoShape\.event_shape must be a tuple of positive integers, got None",
    ),
    (lambda: systems.Ising(1), ValueError, r"length must be an integer >= 2, got 1"),
    (
        lambda: systems.Ising(4, boundary="twisted"),
        ValueError,
        r"boundary must be one of \['periodic', 'open'\], got 'twisted'",
    ),
    (
        lambda: systems.Ising(4.0),
        TypeError,
        r"length must be an integer >= 2, got 4\.0 of type float",
    ),
    (
        lambda: systems.Ising(4, coupling=INF),
        ValueError,
        r"coupling must be a finite number, got inf",
    ),
    (
        lambda: systems.IsingField(4, 0.0),
        ValueError,
        r"temperature must be a positive finite number, got 0\.0",
    ),
    (
        lambda: systems.IsingField(4, (3.0, 2.0)),
        ValueError,
        r"temperature must be \(low, high\), low < high, got \(3\.0, 2\.0\)",
    ),
    (
        lambda: systems.IsingField(4, (1.0, 2.0, 3.0)),
        ValueError,
        r"temperature must be a number or \(low, high\), got \(1\.0, 2\.0, 3\.0\)",
    ),
    (
        lambda: systems.IsingField(4, 2.0, delta=-9.0),
        ValueError,
        r"delta must be above 2 for K~ to be positive definite at T = 2, got -9\.0",
    ),
    (lambda: systems.IsingField(1, 2.0), ValueError, r"length must be an integer >= 2, got 1"),
    (
        lambda: systems.IsingField(2, 2.0).draw_spins(np.zeros((1, 2, 2)), draws=0),
        ValueError,
        r"draws must be an integer >= 1, got 0",
    ),
    (
        lambda: systems.Nematic("square", 3),
        ValueError,
        r"lattice must be one of \['chain',.*got 'square'",
    ),
    (lambda: systems.Nematic("ring", 2), ValueError, r"length must be an integer >= 3, got 2"),
    (
        lambda: systems.Nematic("cubic", 3, coupling=NAN),
        ValueError,
        r"coupling must be a finite number, got nan",
    ),
    (
        lambda: systems.Nematic("cubic", 2).energy(tf.zeros([2, 7, 3])),
        ValueError,
        r"x must have shape \[\.\.\., 8, 3\], got \[2, 7, 3\]",
    ),
    (
        lambda: systems.NematicAngles("square", 3),
        ValueError,
        r"lattice must be one of \['chain',.*got 'square'",
    ),
    (
        lambda: systems.NematicAngles("ring", 3.0),
        TypeError,
        r"length must be an integer >= 3, got 3\.0 of type float",
    ),
    (
        lambda: systems.NematicAngles("ring", 3).energy(tf.zeros([2, 5])),
        ValueError,
        r"x must have shape \[\.\.\., 6\], got \[2, 5\]",
    ),
    (
        lambda: systems.SolvatedDimer(solvent=0),
        ValueError,
        r"solvent must be an integer >= 1, got 0",
    ),
    (
        lambda: systems.SolvatedDimer(diameter=-1.0),
        ValueError,
        r"diameter must be a positive finite number, got -1\.0",
    ),
    (
        lambda: systems.SolvatedDimer(box=NAN),
        ValueError,
        r"box must be a positive finite number, got nan",
    ),
    (
        lambda: bg.System(),
        TypeError,
        r"Can't instantiate abstract class System with abstract method energy",
    ),
    (
        lambda: systems.MuellerBrown(NAN),
        ValueError,
        r"scale must be a positive finite number, got nan",
    ),
    (
        lambda: systems.ParticleSystem(n=3, dimension=4, terms=[CentreTether(3)]),
        ValueError,
        r"dimension must be 1, 2 or 3, got 4",
    ),
    (
        lambda: systems.AtTemperature(3, 1.0),
        TypeError,
        r"system must be a System, got 3 of type int",
    ),
    (
        lambda: systems.AtTemperature(WELL, 0.0),
        ValueError,
        r"temperature must be a positive finite number, got 0\.0",
    ),
    (
        lambda: systems.AtTemperature(WELL, tf.Variable(-1.0)),
        ValueError,
        r"temperature must be a positive finite number, got -1\.0",
    ),
    (
        lambda: systems.AtTemperature(WELL, tf.Variable([1.0, 2.0])),
        ValueError,
        r"temperature must be a number or a scalar variable .*got shape \(2,\) of float32",
    ),
    (
        lambda: systems.CentresAlong(3, [[0.0]]),
        TypeError,
        r"coordinate must be a function, got 3",
    ),
    (lambda: systems.GibbsBoxes(0, 10.0), ValueError, r"n must be an integer >= 1, got 0"),
    (lambda: systems.GibbsBoxes(3, 0.0), ValueError, r"volume must be a positive .*got 0\.0"),
    (
        lambda: systems.GibbsBoxes(3, 10.0, dimension=4),
        ValueError,
        r"dimension must be 1, 2 or 3, got 4",
    ),
    (
        lambda: systems.GibbsBoxes(3, 100.0, pairs=potentials.LennardJones(cut=3.0)),
        ValueError,
        r"volume must be at least 432, two boxes that hold the cut-off, got 100\.0",
    ),
    (
        lambda: systems.GibbsBoxes(3, 100.0, pairs=potentials.LennardJones()),
        ValueError,
        r"pairs must have a cut in periodic boxes, got none",
    ),
    (
        lambda: systems.GibbsBoxes(3, 100.0, tail=True),
        ValueError,
        r"tail must be False for the ideal gas and between walls, got True",
    ),
    (
        lambda: systems.GibbsBoxes(
            3, 1000.0, pairs=potentials.LennardJones(cut=3.0, shifted=True), tail=True
        ),
        ValueError,
        r"pairs must be cut, not shifted",
    ),
    (
        lambda: systems.GibbsBoxes(
            3, 1000.0, pairs=potentials.LennardJones(np.ones((3, 3)), cut=3.0)
        ),
        ValueError,
        r"pairs must have the same parameters for all pairs",
    ),
    (
        lambda: systems.GibbsBoxes(
            3, 1000.0, pairs=potentials.LennardJones(cut=3.0, exclude=[(0, 1)])
        ),
        ValueError,
        r"pairs must exclude none",
    ),
    (
        lambda: systems.GibbsBoxes(3, 10.0, margin=0.5),
        ValueError,
        r"margin must be 0 in periodic boxes, got 0\.5",
    ),
    (
        lambda: systems.GibbsBoxes(20, 10.0, densest=1.5),
        ValueError,
        r"n must be at most 15, as many as fit, got 20",
    ),
    (
        lambda: systems.CentresAlong(np.sum, [0.0]),
        ValueError,
        r"coefficients must have 2 dimension\(s\), got shape \(1,\)",
    ),
    (
        lambda: systems.CentresAlong.fit(np.sum, np.ones((3, 2)), degree=-1),
        ValueError,
        r"degree must be an integer >= 0, got -1",
    ),
    (
        lambda: systems.Tethered(WELL, [0.0, 0.0, 0.0], 1.0),
        ValueError,
        r"centres must broadcast to \(2,\), got \(3,\)",
    ),
    (lambda: systems.Tethered(WELL, NAN, 1.0), ValueError, r"centres must be finite, got 1 NaN"),
    (
        lambda: systems.Tethered(WELL, 0.0, -1.0),
        ValueError,
        r"stiffness must be a positive finite number, got -1\.0",
    ),
    (
        lambda: systems.Tethered(WELL, 0.0, 1.0, coordinates=1),
        TypeError,
        r"coordinates must be a slice, got 1",
    ),
    (
        lambda: systems.Tethered(WELL, 0.0, 1.0, coordinates=slice(2, None)),
        ValueError,
        r"coordinates must be some of 2, got slice\(2, None, None\)",
    ),
    (
        lambda: systems.Tethered(
            systems.ParticleSystem(
                n=2, dimension=1, terms=[InversePower(0.3)], box=Periodic(3.0, images="nearest")
            ),
            0.0,
            1.0,
        ),
        ValueError,
        r"system must not be periodic to have tethers, got the torus of ParticleSystem",
    ),
    (
        lambda: systems.Within(WELL, "x3", (0.0, 1.0)),
        ValueError,
        r"coordinate must be one of \['x1'\], got 'x3'",
    ),
    (
        lambda: systems.Within(WELL, first, (1.0, 0.0)),
        ValueError,
        r"interval must be \(low, high\), low < high, got \(1\.0, 0\.0\)",
    ),
    (
        lambda: systems.Within(WELL, first, 1.0),
        ValueError,
        r"interval must be \(low, high\), got 1\.0",
    ),
    (
        lambda: systems.Within(WELL, first, ("a", 1.0)),
        TypeError,
        r"interval\[0\] must be a finite number, got 'a'",
    ),
    (lambda: systems.to_document(3), TypeError, r"system must be a System, got 3"),
    (
        lambda: systems.from_document({"name": "os.system"}),
        ValueError,
        r"document must hold the name of a system of the package and its config, got \{'name'",
    ),
    (lambda: systems.NeighbourLine(0), ValueError, r"most must be an integer >= 1, got 0"),
    (lambda: systems.NeighbourLine(2, 3), TypeError, r"pairs must be a Pairs, got 3"),
    (
        lambda: systems.NeighbourLine(2, boundary="open"),
        ValueError,
        r"boundary must be one of .*'open'",
    ),
    (
        lambda: systems.NeighbourLine(2, boundary="ring", margin=0.5),
        ValueError,
        r"margin must be 0 on a ring, got 0\.5",
    ),
    (lambda: systems.NeighbourLine(2, attraction=NAN), ValueError, r"attraction must be .*nan"),
    (lambda: systems.NeighbourLine(2, tempered=1), TypeError, r"tempered must be a bool, got 1"),
    (lambda: systems.FluidBox(0, FLUID), ValueError, r"most must be an integer >= 1, got 0"),
    (lambda: systems.FluidBox(2, 3), TypeError, r"pairs must be a Pairs, got 3"),
    (
        lambda: systems.FluidBox(2, FLUID, dimension=1),
        ValueError,
        r"dimension must be one of .*got 1",
    ),
    (
        lambda: systems.FluidBox(2, FLUID, temperature=-1.0),
        ValueError,
        r"temperature must be a positive finite number, got -1\.0",
    ),
    (
        lambda: systems.FluidBox(2, FLUID, densest=0.0),
        ValueError,
        r"densest must be a positive finite number, got 0\.0",
    ),
    (
        lambda: systems.FluidBox(2, FLUID).least_volume(-1),
        ValueError,
        r"n must be an integer >= 0, got -1",
    ),
]
