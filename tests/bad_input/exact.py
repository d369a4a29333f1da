"""Bad calls of exact answers, and names that are not there."""

from __future__ import annotations

import numpy as np

import boltzmann_tf as bg
from bad_input.parts import NAN, first
from boltzmann_tf import exact

BOND = exact.harmonic_bond(5.0, 1.5)

ROWS = [
    (lambda: exact.IdealGas().log_q(-1, 1.0), ValueError, r"n must be an integer >= 0, got -1"),
    (lambda: exact.IdealGas().log_q(2, -1.0), ValueError, r"volume must be >= 0, got -1\.0"),
    (lambda: exact.HardRods(0.0), ValueError, r"diameter must be .*got 0\.0"),
    (lambda: exact.HardRods(boundary="sea"), ValueError, r"boundary must be one of .*got 'sea'"),
    (
        lambda: exact.SquareWellRods(1.0, 2.5),
        ValueError,
        r"reach must be above core and at most twice as long, 1\.0 \.\. 2\.0, got 2\.5",
    ),
    (lambda: exact.NeighbourPoints(3, 1.0), TypeError, r"potential must be a function, got 3"),
    (
        lambda: exact.NeighbourPoints(lambda r: 1 / r, 5.0).log_q(2, 6.0),
        ValueError,
        r"volume must be at most longest, 5, got 6\.0",
    ),
    (
        lambda: exact.GibbsJoint(3, 10, 9.0),
        TypeError,
        r"fluid must be a StateCount, got 3",
    ),
    (lambda: exact.VanDerWaals(a=0.0), ValueError, r"a must be .*got 0\.0"),
    (
        lambda: exact.VanDerWaals().pressure(1.0, 1.0),
        ValueError,
        r"density must be in 0 \.\. 1, got 1\.0",
    ),
    (lambda: exact.harmonic_bond(0.0), ValueError, r"stiffness must be .*got 0\.0"),
    (lambda: exact.IdealChain(1, BOND), ValueError, r"n must be an integer >= 2, got 1"),
    (lambda: exact.IdealChain(3, 5.0), TypeError, r"bond must be a function of arrays, got 5\.0"),
    (
        lambda: exact.IdealChain(3, BOND, bending=BOND, dimension=1),
        ValueError,
        r"dimension must be 1, 2 or 3, and above 1 with bending, got 1",
    ),
    (
        lambda: exact.IdealChain(3, np.zeros_like).log_bond(),
        ValueError,
        r"bond must have an energy",
    ),
    (
        lambda: exact.IdealChain(3, BOND).separation_squared(3),
        ValueError,
        r"k must be below the number of beads, 3, got 3",
    ),
    (
        lambda: exact.IdealChain(3, BOND).end_to_end_density(-1.0),
        ValueError,
        r"r must be >= 0, got -1\.0",
    ),
    (
        lambda: exact.IdealChain(2, BOND).end_to_end_density(1.0),
        ValueError,
        r"bending must be None and n above 2 .*got n = 2",
    ),
    (
        lambda: exact.IdealChain(4, BOND, bending=BOND).log_z_periodic(5.0),
        ValueError,
        r"bending must be None in a periodic cube, got a function",
    ),
    (lambda: exact.GaussianChain(4, -1.0), ValueError, r"stiffness must be .*got -1\.0"),
    (
        lambda: exact.GaussianChain(4).density_in_box(3.0, 4),
        ValueError,
        r"bead must be below the number of beads, 4, got 4",
    ),
    (lambda: exact.Trimer(BOND, 3), TypeError, r"pairs must be a function of arrays, got 3"),
    (lambda: exact.Trimer(BOND, BOND, dimension=1), ValueError, r"dimension must be 2 or 3, got 1"),
    (lambda: exact.DoubleWell(a4=-1.0), ValueError, r"a4 must be .*got -1\.0"),
    (lambda: exact.SpringInBox(length=0), ValueError, r"length must be .*got 0"),
    (lambda: exact.MuellerBrown(scale="big"), TypeError, r"scale must be .*got 'big'"),
    (lambda: exact.DoubleWell().log_z(0.0), ValueError, r"temperature must be .*got 0\.0"),
    (lambda: exact.DoubleWell().log_z(-1), ValueError, r"temperature must be .*got -1"),
    (lambda: exact.DoubleWell4(quartic=0), ValueError, r"quartic must be .*got 0"),
    (
        lambda: exact.DoubleWell4(quadratic=-1.0),
        ValueError,
        r"quadratic must be a finite number >= 0, got -1\.0",
    ),
    (lambda: exact.DoubleWell4(distance=NAN), ValueError, r"distance must be .*got nan"),
    (
        lambda: exact.DoubleWell4().log_z(100.0),
        ValueError,
        r"temperature must be at most 6\.8.*got 100\.0",
    ),
    (
        lambda: exact.DoubleWell4().pair_probabilities([1.0, 1.0]),
        ValueError,
        r"edges must be at least 2 strictly increasing numbers, got",
    ),
    (lambda: exact.DoubleWell().sample(0), ValueError, r"n must be .*got 0"),
    (lambda: bg.Boltzmann, AttributeError, r"no attribute 'Boltzmann'"),
    (lambda: exact.FullyConnectedNematic(1), ValueError, r"spins must be an integer >= 2, got 1"),
    (
        lambda: exact.FullyConnectedNematic(4, coupling=NAN),
        ValueError,
        r"coupling must be a positive finite number, got nan",
    ),
    (
        lambda: exact.FullyConnectedNematic(4).log_z(0.0),
        ValueError,
        r"temperature must be a positive finite number, got 0\.0",
    ),
    (lambda: exact.IsingTorus(1), ValueError, r"length must be an integer >= 2, got 1"),
    (
        lambda: exact.IsingTorus(4, coupling=0.0),
        ValueError,
        r"coupling must be a positive finite number, got 0\.0",
    ),
    (lambda: exact.IsingTorus(4, field=NAN), ValueError, r"field must be a finite number, got nan"),
    (
        lambda: exact.IsingTorus(4).log_z(-1.0),
        ValueError,
        r"temperature must be a positive finite number, got -1\.0",
    ),
    (
        lambda: exact.IsingTorus(16).binder_cumulant(2.0),
        ValueError,
        r"length must be at most 8 for binder_cumulant, got 16",
    ),
    (
        lambda: exact.MaierSaupe(0.0),
        ValueError,
        r"coupling must be a positive finite number, got 0\.0",
    ),
    (
        lambda: exact.MaierSaupe().order_parameter(0.0),
        ValueError,
        r"temperature must be a positive finite number, got 0\.0",
    ),
    (lambda: exact.NematicChain(1), ValueError, r"length must be an integer >= 2, got 1"),
    (
        lambda: exact.NematicChain(4).log_z(0.0),
        ValueError,
        r"temperature must be a positive finite number, got 0\.0",
    ),
    (
        lambda: exact.NematicChain(4, coupling="strong"),
        TypeError,
        r"coupling must be a positive number, got 'strong' of type str",
    ),
    (
        lambda: exact.OnsagerIsing(0.0),
        ValueError,
        r"coupling must be a positive finite number, got 0\.0",
    ),
    (
        lambda: exact.OnsagerIsing().energy_per_site(-1.0),
        ValueError,
        r"temperature must be a positive finite number, got -1\.0",
    ),
    (
        lambda: exact.PlanarDensity(3, ((0.0, 1.0), (0.0, 1.0))),
        TypeError,
        r"function must be callable, got 3",
    ),
    (
        lambda: exact.PlanarDensity(first, ((1.0, 0.0), (0.0, 1.0))),
        ValueError,
        r"box\[0\] must be a pair \(lower, upper\) with lower < upper, got \(1\.0, 0\.0\)",
    ),
    (
        lambda: exact.PlanarDensity(first, ((0.0, 1.0), (0.0, 1.0)), direction=(0.0, 0.0)),
        ValueError,
        r"direction must not be zero, got \(0\.0, 0\.0\)",
    ),
    (
        lambda: exact.PlanarDensity(first, ((0.0, 1.0), (0.0, 1.0)), resolution=0.0),
        ValueError,
        r"resolution must be a positive finite number, got 0\.0",
    ),
    (
        lambda: exact.ProjectedDensity(),
        TypeError,
        r"Can't instantiate abstract class ProjectedDensity",
    ),
    (
        lambda: exact.MuellerBrown(scale=0.0),
        ValueError,
        r"scale must be a positive finite number, got 0\.0",
    ),
    (
        lambda: exact.SpringInBox(stiffness=-1.0),
        ValueError,
        r"stiffness must be a positive finite number, got -1\.0",
    ),
    (
        lambda: exact.DoubleWell().bin_probabilities([1.0, 0.0], 1.0),
        ValueError,
        r"edges must be at least 2 strictly increasing numbers, got \[1\. 0\.\]",
    ),
    (lambda: exact.DoubleWell(k=0.0), ValueError, r"k must be a positive finite number, got 0\.0"),
    (
        lambda: exact.second_virial_coefficient(3, 1.0),
        TypeError,
        r"potential must be a function, got 3",
    ),
    (
        lambda: exact.second_virial_coefficient(np.exp, 0.0),
        ValueError,
        r"temperature must be a positive finite number, got 0\.0",
    ),
    (
        lambda: exact.second_virial_coefficient(np.exp, 1.0, core=2.0, cut=1.0),
        ValueError,
        r"cut must be above core, 2\.0, got 1\.0",
    ),
    (
        lambda: exact.second_virial_coefficient(np.exp, 1.0, dimension=0),
        ValueError,
        r"dimension must be an integer >= 1, got 0",
    ),
    (
        lambda: exact.lennard_jones_coexistence(1.4),
        ValueError,
        r"temperature must be in 0\.7 \.\. 1\.25, .*got 1\.4",
    ),
]
