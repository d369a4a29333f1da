"""Bad calls of bijectors."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

import boltzmann_tf as bg
from bad_input.parts import INF, NAN, ONES
from boltzmann_tf import bijectors, potentials

PAIRS = potentials.LennardJones(cut=1.5)
BOND = potentials.HarmonicBond([(0, 1)], 5.0, 1.5)


class Cubic(bijectors.Bijector):
    """Defines neither direction."""


ROWS = [
    (
        lambda: bijectors.InternalCoordinates([(0, -1, -1, -1)]),
        ValueError,
        r"rows must have shape \[n, 4\] with n >= 3, got \(1, 4\)",
    ),
    (lambda: bijectors.ZMatrix(np.zeros((3, 4))), TypeError, r"rows must be whole numbers, got"),
    (
        lambda: bijectors.z_matrix(4, [(0, 1), (2, 3)]),
        ValueError,
        r"bonds must join all atoms to one molecule, got none to \[2, 3\]",
    ),
    (lambda: bijectors.register(3), TypeError, r"cls must be a class, got 3 of type int"),
    (
        lambda: bijectors.dimer_flow(np.ones((9, 10)), [1.0, 2.0]),
        ValueError,
        r"data must be of a dimer and a square number .*got 10 coordinates",
    ),
    (
        lambda: bijectors.dimer_flow(np.ones((9, 12)), [1.0, 2.0], coupling="cubic"),
        ValueError,
        r"coupling must be one of .*'cubic'",
    ),
    (
        lambda: bijectors.dimer_flow(np.ones((9, 12)), [1.0, 2.0], blocks=0),
        ValueError,
        r"blocks must be an integer >= 1, got 0",
    ),
    (
        lambda: bijectors.with_lengths(bijectors.Scaling(2), [1.0]),
        TypeError,
        r"flow must be a Sequence, got",
    ),
    (lambda: bg.realnvp(2.5), TypeError, r"event_size must be an integer >= 1, got 2\.5"),
    (
        lambda: bg.realnvp(event_size=True),
        TypeError,
        r"event_size must be an integer >= 1, got True",
    ),
    (lambda: bg.realnvp(0), ValueError, r"event_size must be an integer >= 1, got 0"),
    (lambda: bg.realnvp(1), ValueError, r"event_size must be at least 2 .*got 1"),
    (lambda: bg.realnvp(2, blocks=0), ValueError, r"blocks must be an integer >= 1, got 0"),
    (lambda: bg.realnvp(2, hidden=100), TypeError, r"hidden must be a sequence .*got 100"),
    (lambda: bg.realnvp(2, hidden=(8, 0)), ValueError, r"hidden\[1\] must be .*>= 1, got 0"),
    (lambda: bg.realnvp(2, coupling="cubic"), ValueError, r"coupling must be one of .*'cubic'"),
    (lambda: bg.realnvp(2, dtype="float16"), ValueError, r"dtype must be one of .*'float16'"),
    (lambda: bg.realnvp(2, seed=-1), ValueError, r"seed must be an integer >= 0, got -1"),
    (lambda: bg.realnvp(2, first=3), TypeError, r"first must be a sequence, got 3"),
    (lambda: bg.realnvp(2, last=[3]), TypeError, r"bijectors\[4\] must be a bijector, got int"),
    (
        lambda: bg.realnvp(2, condition_size=-1),
        ValueError,
        r"condition_size must be an integer >= 0, got -1",
    ),
    (
        lambda: bg.realnvp(2, shift_activation="nope"),
        ValueError,
        r"shift_activation must be the name of a Keras activation, got 'nope'",
    ),
    (lambda: bg.realnvp(2, scale_bounds=1), TypeError, r"unexpected .*'scale_bounds'"),
    (
        lambda: bijectors.AffineCoupling(2, scale_bound=0),
        ValueError,
        r"scale_bound must be a positive finite number, got 0",
    ),
    (
        lambda: bijectors.AffineCoupling(2, transformed="left"),
        ValueError,
        r"transformed must be 'even', 'odd' or 2 booleans, got 'left'",
    ),
    (
        lambda: bijectors.AffineCoupling(3, transformed=[True, False]),
        ValueError,
        r"transformed must be 'even', 'odd' or 3 booleans, got \[True, False\]",
    ),
    (
        lambda: bijectors.AffineCoupling(2, transformed=[True, True]),
        ValueError,
        r"transformed must leave some .*got \[True, True\]",
    ),
    (lambda: bijectors.SplineCoupling(2, bins=1), ValueError, r"bins must be .*>= 2, got 1"),
    (lambda: bijectors.SplineCoupling(2, bins=500), ValueError, r"bins must be less.*got 500"),
    (lambda: bijectors.SplineCoupling(2, bound=-1), ValueError, r"bound must be .*got -1"),
    (lambda: bijectors.Box([0.0], [0.0]), ValueError, r"lower must be below upper .*\[0\.0\]"),
    (lambda: bijectors.Box([NAN], [0.0]), ValueError, r"lower must be below upper .*nan"),
    (lambda: bijectors.Box([0.0], [INF]), ValueError, r"finite together, got \[0\.0\]"),
    (lambda: bijectors.Box(["a"], [0.0]), TypeError, r"lower and upper must be .*\['a'\]"),
    (lambda: bijectors.Box([0, 0], [1]), ValueError, r"of one length, got .*\(2,\) and \(1,\)"),
    (lambda: bijectors.Whitening.from_data(np.zeros(3)), ValueError, r"data must have 2 dim"),
    (
        lambda: bijectors.Whitening(2).fit(np.zeros((5, 3))),
        ValueError,
        r"data must have a last dimension of 2, got shape \(5, 3\)",
    ),
    (
        lambda: bijectors.Whitening(2).fit(np.zeros((5, 2))),
        ValueError,
        r"data must span all 2 directions",
    ),
    (lambda: bijectors.Whitening(2).fit(ONES[:2]), ValueError, r"data must hold more than 2"),
    (lambda: bijectors.Whitening(2).fit([[NAN, 0]]), ValueError, r"data must be finite, got 1"),
    (lambda: bijectors.Sequence(3), TypeError, r"bijectors must be a sequence, got 3"),
    (lambda: bijectors.Sequence([]), ValueError, r"bijectors must hold at least one"),
    (
        lambda: bijectors.Sequence([bijectors.Scaling(2), bijectors.Scaling(3)]),
        ValueError,
        r"bijectors must agree in their event_size, got \[2, 3\]",
    ),
    (lambda: bijectors.serialize(3), TypeError, r"bijector must be a .*got int"),
    (lambda: bijectors.deserialize([]), ValueError, r"document must be an object .*got '\[\]'"),
    (
        lambda: bijectors.Scaling(2).refined(0),
        ValueError,
        r"factor must be an integer >= 1, got 0",
    ),
    (
        lambda: bijectors.Scaling(2).forward_and_log_det(np.zeros((3, 3))),
        ValueError,
        r"z must have shape \[\.\.\., 2\] for this Scaling, got \(3, 3\)",
    ),
    (
        lambda: bijectors.Scaling(2).inverse_and_log_det(1.0),
        ValueError,
        r"x must have shape \[\.\.\., 2\] for this Scaling, got \(\)",
    ),
    (
        lambda: bijectors.Scaling(2).inverse_and_log_det(tf.zeros([3, 2], tf.float64)),
        TypeError,
        r"x must have dtype float32 as this Scaling, got float64",
    ),
    (
        lambda: bijectors.Scaling(2).forward_and_log_det("abc"),
        TypeError,
        r"z must be an array of float32, got str",
    ),
    (
        lambda: bijectors.Scaling(2).forward_and_log_det(ONES, condition=[1.0]),
        ValueError,
        r"condition was given to Scaling, which takes none",
    ),
    (
        lambda: bg.realnvp(2, condition_size=2).forward_and_log_det(ONES),
        ValueError,
        r"condition must have shape \[\.\.\., 2\] .*got none",
    ),
    (
        lambda: bg.realnvp(2, condition_size=2).forward_and_log_det(ONES, condition=[[1.0]]),
        ValueError,
        r"condition must have shape \[\.\.\., 2\] .*got \(1, 1\)",
    ),
    (
        lambda: Cubic(2).forward_and_log_det(ONES),
        TypeError,
        r"Cubic must define forward_and_log_det\(z\)",
    ),
    (
        lambda: bijectors.AdditiveCoupling(1),
        ValueError,
        r"event_size must be at least 2 for a coupling, got 1",
    ),
    (
        lambda: bijectors.AdditiveCoupling(2, hidden=(8, 0)),
        ValueError,
        r"hidden\[1\] must be an integer >= 1, got 0",
    ),
    (
        lambda: bijectors.AdditiveCoupling(2, shift_activation=3),
        TypeError,
        r"shift_activation must be the name of a Keras activation, got 3",
    ),
    (
        lambda: bijectors.AdditiveCoupling(2, seed=1.5),
        TypeError,
        r"seed must be an integer >= 0, got 1\.5 of type float",
    ),
    (lambda: bg.Bijector(0), ValueError, r"event_size must be an integer >= 1, got 0"),
    (
        lambda: bg.Bijector(2, dtype="int32"),
        ValueError,
        r"dtype must be one of \['float32', 'float64'\], got 'int32'",
    ),
    (
        lambda: bg.Bijector(2, layers=[keras.layers.Dense(2)]),
        ValueError,
        r"layers must be built before they are given to a bijector, got dense",
    ),
    (
        lambda: bg.Bijector(2, condition_size=1.5),
        TypeError,
        r"condition_size must be an integer >= 0, got 1\.5 of type float",
    ),
    (
        lambda: bijectors.CircularSplineCoupling(2, bins=1),
        ValueError,
        r"bins must be an integer >= 2, got 1",
    ),
    (
        lambda: bijectors.CircularSplineCoupling(1),
        ValueError,
        r"event_size must be at least 2 for a coupling, got 1",
    ),
    (
        lambda: bijectors.CircularSplineCoupling(2, activation="sharp"),
        ValueError,
        r"activation must be the name of a Keras activation, got 'sharp'",
    ),
    (
        lambda: bijectors.Coupling(2, transformed="none", networks={}, options={}),
        TypeError,
        r"Can't instantiate abstract class Coupling with abstract method _transform",
    ),
    (
        lambda: bijectors.Coupling(1, transformed="odd", networks={}, options={}),
        TypeError,
        r"Can't instantiate abstract class Coupling with abstract method _transform",
    ),
    (
        lambda: bijectors.DimerCoordinates(3),
        ValueError,
        r"event_size must be at least 4, two positions, got 3",
    ),
    (
        lambda: bijectors.DimerCoordinates(4.0),
        TypeError,
        r"event_size must be an integer >= 1, got 4\.0 of type float",
    ),
    (
        lambda: bijectors.DirectorFlow(np.zeros((2, 3))),
        ValueError,
        r"couplings must have shape \[N, N\], N at least 2, got \(2, 3\)",
    ),
    (
        lambda: bijectors.DirectorFlow(np.full((2, 2), NAN)),
        ValueError,
        r"couplings must be finite, got 4 NaN or infinite of 4 values",
    ),
    (
        lambda: bijectors.DirectorFlow(np.zeros((2, 2)), bins=1),
        ValueError,
        r"bins must be an integer >= 2, got 1",
    ),
    (
        lambda: bijectors.ElementwiseSpline(2, bins=1),
        ValueError,
        r"bins must be an integer >= 2, got 1",
    ),
    (
        lambda: bijectors.ElementwiseSpline(2, bound=0.0),
        ValueError,
        r"bound must be a positive finite number, got 0\.0",
    ),
    (lambda: bijectors.ElementwiseSpline(0), ValueError, r"size must be an integer >= 1, got 0"),
    (lambda: bijectors.LatticeFlow(1), ValueError, r"length must be an integer >= 2, got 1"),
    (
        lambda: bijectors.LatticeFlow(4, features=0),
        ValueError,
        r"features must be an integer >= 1, got 0",
    ),
    (
        lambda: bijectors.LatticeFlow(4, steps=-1),
        ValueError,
        r"steps must be an integer >= 1, got -1",
    ),
    (
        lambda: bijectors.LatticeFlow(4, condition_range=(1.0, -1.0)),
        ValueError,
        r"condition_range must be \(low, high\) with low < high, got \(1\.0, -1\.0\)",
    ),
    (lambda: bijectors.MLP(0, 1), ValueError, r"input_size must be an integer >= 1, got 0"),
    (
        lambda: bijectors.MLP(1, 1, hidden=5),
        TypeError,
        r"hidden must be a sequence of layer widths such as \(100, 100\), got 5",
    ),
    (
        lambda: bijectors.MLP(1, 1, activation="sharp"),
        ValueError,
        r"activation must be the name of a Keras activation, got 'sharp'",
    ),
    (lambda: bijectors.Marginals(2, bins=1), ValueError, r"bins must be an integer >= 2, got 1"),
    (
        lambda: bijectors.Marginals(2, bound=-1.0),
        ValueError,
        r"bound must be a positive finite number, got -1\.0",
    ),
    (
        lambda: bijectors.Marginals(2).fit(np.zeros((5, 3))),
        ValueError,
        r"data must have a last dimension of 2, got shape \(5, 3\)",
    ),
    (lambda: bijectors.Parameters(0), ValueError, r"size must be an integer >= 1, got 0"),
    (
        lambda: bijectors.Parameters("two"),
        TypeError,
        r"size must be an integer >= 1, got 'two' of type str",
    ),
    (
        lambda: bijectors.RealNVPBlock(1),
        ValueError,
        r"event_size must be at least 2 for a coupling, got 1",
    ),
    (
        lambda: bijectors.RealNVPBlock(2, coupling="cubic"),
        ValueError,
        r"coupling must be one of \['affine', 'additive', 'spline'\], got 'cubic'",
    ),
    (
        lambda: bijectors.RealNVPBlock(2, bins=4),
        TypeError,
        r"AffineCoupling\.__init__\(\) got an unexpected keyword argument 'bins'",
    ),
    (
        lambda: bijectors.Repeated([]),
        ValueError,
        r"bijectors must hold at least one bijector, got none",
    ),
    (
        lambda: bijectors.Repeated(bijectors.Scaling(2)),
        TypeError,
        r"bijectors must be a sequence, got <tfp\.bijectors\.Sca",
    ),
    (
        lambda: bijectors.Repeated([bijectors.Scaling(2), bijectors.Box([0, 0], [1, 1])]),
        ValueError,
        r"bijectors must be of one.*got bijectors\[1\] other than bi",
    ),
    (
        lambda: bijectors.SphereCoupling(3),
        ValueError,
        r"event_size must be even, two numbers a unit vector, got 3",
    ),
    (
        lambda: bijectors.SphereCoupling(4, axis="w"),
        ValueError,
        r"axis must be one of \['x', 'y', 'z'\], got 'w'",
    ),
    (
        lambda: bijectors.SphereCoupling(4, head_tail="odd"),
        ValueError,
        r"head_tail must be one of \['same', 'different'\], got 'odd'",
    ),
    (
        lambda: bijectors.SpheresFromPlanes(3),
        ValueError,
        r"event_size must be even, two numbers a unit vector, got 3",
    ),
    (
        lambda: bijectors.SpheresFromPlanes(0),
        ValueError,
        r"event_size must be an integer >= 2, got 0",
    ),
    (
        lambda: bijectors.Triangular(bijectors.Scaling(2), 5),
        TypeError,
        r"rest must be a Bijector, got 5 of type int",
    ),
    (
        lambda: bijectors.Triangular(bijectors.Scaling(2), bijectors.Scaling(2)),
        ValueError,
        r"rest must have the event_size of first as its condition_size, 2, got 0",
    ),
    (lambda: bijectors.split_seed(-1, 2), ValueError, r"seed must be an integer >= 0, got -1"),
    (lambda: bijectors.split_seed(0, 0), ValueError, r"count must be an integer >= 1, got 0"),
    (lambda: bijectors.GapFlow(0), ValueError, r"most must be an integer >= 1, got 0"),
    (
        lambda: bijectors.GapFlow(2, boundary="open"),
        ValueError,
        r"boundary must be one of .*'open'",
    ),
    (lambda: bijectors.GapFlow(2, core=-1.0), ValueError, r"core must be .*-1\.0"),
    (lambda: bijectors.GapFlow(2, bins=1), ValueError, r"bins must be .*1"),
    (lambda: bijectors.ChainFlow(1, BOND), ValueError, r"n must be an integer >= 2, got 1"),
    (
        lambda: bijectors.ChainFlow(64, potentials.HarmonicBond([[0, 1]], 1e8, 1.5)),
        ValueError,
        r"bond must vary by far more than the places of 64 beads are rounded to in float32",
    ),
    (lambda: bijectors.ChainFlow(4, 3.0), TypeError, r"bond must be a Bonds, got 3\.0"),
    (lambda: bijectors.ChainFlow(4, BOND, 3), TypeError, r"pairs must be a Pairs, got 3"),
    (
        lambda: bijectors.ChainFlow(4, BOND, dimension=1),
        ValueError,
        r"dimension must be 2 or 3, got 1",
    ),
    (
        lambda: bijectors.ChainFlow(4, BOND, grid={"lengths": 1}),
        ValueError,
        r"lengths must be an integer >= 2, got 1",
    ),
    (
        lambda: bijectors.SolvatedChainFlow(bijectors.ChainFlow(3, BOND), 2, 5.0, PAIRS),
        ValueError,
        r"chain must be in the plane, at one temperature and of float32, got dimension 3",
    ),
    (
        lambda: bijectors.SolvatedChainFlow(
            bijectors.ChainFlow(3, BOND, dimension=2), 0, 5.0, PAIRS
        ),
        ValueError,
        r"solvent must be an integer >= 1, got 0",
    ),
    (
        lambda: bijectors.InsertionFlow(0, PAIRS),
        ValueError,
        r"most must be an integer >= 1, got 0",
    ),
    (lambda: bijectors.InsertionFlow(2, 3), TypeError, r"pairs must be a Pairs, got 3"),
    (lambda: bijectors.InsertionFlow(2, PAIRS, grid=1), ValueError, r"grid must be .*>= 2, got 1"),
    (
        lambda: bijectors.InsertionFlow(2, PAIRS, temperature=0.0),
        ValueError,
        r"temperature must be a positive finite number, got 0\.0",
    ),
]
