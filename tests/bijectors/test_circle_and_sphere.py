"""Maps of angles and of unit vectors: the laws of all bijectors, and what has no edge has no seam.

The laws take points of the plane, so spheres are entered from planes and left again.
"""

from __future__ import annotations

import functools

import keras
import laws
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import i0
from scipy.stats import kstest

from boltzmann_tf import bijectors as bj
from boltzmann_tf import sampling
from boltzmann_tf.bijectors import splines
from boltzmann_tf.bijectors.circle import rotated_spline
from boltzmann_tf.bijectors.sphere import to_cylindrical, to_unit_vectors
from boltzmann_tf.systems import Nematic, NematicAngles

PI = np.pi


@bj.register
class Left(bj.Bijector):
    """Another bijector the other way round."""

    def __init__(self, other):
        super().__init__(other.event_size, dtype=other.dtype.name)
        self._other = other

    def forward_and_log_det(self, z):
        return self._other.inverse_and_log_det(z)

    def inverse_and_log_det(self, x):
        return self._other.forward_and_log_det(x)


def coupling(size, dtype="float64", **options):
    given = {"bins": 5, "hidden": (8,), "seed": 1, "dtype": dtype} | options
    return bj.SphereCoupling(size, **given)


def on_planes(size, dtype, **options):
    spheres = bj.SpheresFromPlanes(size, dtype=dtype)
    return bj.Sequence([spheres, coupling(size, dtype, **options), Left(spheres)])


def on_lines(size, dtype, **options):
    box = bj.Box([-PI] * size, [PI] * size, dtype=dtype)
    inner = bj.CircularSplineCoupling(size, bins=5, hidden=(8,), seed=1, dtype=dtype, **options)
    return bj.Sequence([box, inner, Left(box)])


def director(size, dtype="float64"):
    n = size // 2
    # Where a coupling is negative, two axes are equally good, and a mixture of them is not rotated.
    couplings = np.random.default_rng(n).uniform(0.5, 2, (n, n))
    return bj.DirectorFlow(couplings, bins=5, hidden=(8,), seed=1, dtype=dtype)


def directed(size, dtype):
    spheres = bj.SpheresFromPlanes(size, dtype=dtype)
    return bj.Sequence([spheres, director(size, dtype), Left(spheres)])


CASES = {
    "director": directed,
    "spheres": lambda d, t: bj.SpheresFromPlanes(d, dtype=t),
    "circle": on_lines,
    "circle_conditional": functools.partial(on_lines, condition_size=2),
    "sphere": on_planes,
    "sphere_even": functools.partial(on_planes, transformed="even"),
    "sphere_x": functools.partial(on_planes, axis="x"),
    "sphere_y": functools.partial(on_planes, axis="y"),
    "sphere_vectors": functools.partial(on_planes, head_tail="different"),
    "sphere_conditional": functools.partial(on_planes, condition_size=1),
}
LEARNED = [name for name in CASES if name != "spheres"]
names = pytest.mark.parametrize("name", CASES)
# Not near the north pole, infinity on a plane: there 1 - c has three digits left in single
# precision, on the way in as on the way out, and the Jacobian of the whole does not show it.
SPREAD = {"float32": 0.5, "float64": 1.0}


@functools.cache
def built(name, size, dtype):
    return laws.perturb(CASES[name](size, dtype))


@pytest.mark.parametrize("size", [4, 6])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@names
def test_pointwise(name, dtype, size):
    z = SPREAD[dtype] * np.random.default_rng(size).standard_normal((100, size))
    laws.pointwise(laws.evaluate(built(name, size, dtype), z))


@names
def test_other_laws(name):
    one = built(name, 4, "float32")
    laws.batch_shapes(one)
    # In double precision: its points come so near the north pole that 1 - c has three digits left.
    laws.xla_agrees(built(name, 4, "float64"))
    laws.dtypes_agree(built(name, 4, "float32"), CASES[name](4, "float64"))
    laws.tfp_methods_agree(one, np.random.default_rng(0).standard_normal((8, 4)))


@pytest.mark.parametrize("name", LEARNED)
def test_trainable(name, tmp_path):
    laws.is_trainable(built(name, 4, "float32"), tmp_path)


@pytest.mark.parametrize(
    "bijector",
    [
        bj.SpheresFromPlanes(4),
        bj.CircularSplineCoupling(3, bins=3, hidden=(4,), transformed=[True, False, True]),
        bj.DirectorFlow(np.eye(3), bins=3, hidden=(4,)),
        coupling(6, "float32", axis="y", head_tail="different", condition_size=1),
    ],
    ids=lambda b: b.name,
)
def test_config(bijector):
    laws.config_round_trips(bijector)


@names
def test_starts_as_the_identity(name):
    z = np.random.default_rng(1).standard_normal((20, 4))
    if name == "spheres":
        return
    bijector = CASES[name](4, "float64")
    x, log_det = bijector.forward_and_log_det(z, **laws.condition_for(bijector, (20,)))
    np.testing.assert_allclose(x, z, atol=1e-7)
    np.testing.assert_allclose(log_det, 0, atol=1e-7)


def test_normal_points_become_uniform_directions():
    """Each component of a uniform direction is uniform on [-1, 1]; false alarm 1e-6 each."""
    z = np.random.default_rng(3).standard_normal((20_000, 2))
    x, log_det = bj.SpheresFromPlanes(2, dtype="float64").forward_and_log_det(z)
    u = to_unit_vectors(x).numpy()[:, 0]
    np.testing.assert_allclose(np.linalg.norm(u, axis=-1), 1, atol=1e-12)
    for i in range(3):
        assert kstest(u[:, i], "uniform", (-1, 2)).pvalue > 1e-6
    # With the density of the plane: 1 / (4 pi) everywhere.
    density = -0.5 * np.sum(z**2, axis=1) - np.log(2 * PI) - log_det
    np.testing.assert_allclose(density, -np.log(4 * PI), atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("c", [-1.0, 1.0])
def test_planes_have_a_finite_gradient_at_the_poles(c, dtype):
    x = tf.constant([[c, 0.3]], dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        z, log_det = bj.SpheresFromPlanes(2, dtype=dtype).inverse_and_log_det(x)
        total = tf.reduce_sum(z) + tf.reduce_sum(log_det)
    assert np.all(np.isfinite(z))
    assert np.all(np.isfinite(log_det))
    assert np.all(np.isfinite(tape.gradient(total, x)))


def test_coordinates_round_trip():
    u = np.random.default_rng(4).standard_normal((50, 3, 3))
    u /= np.linalg.norm(u, axis=-1, keepdims=True)
    np.testing.assert_allclose(to_unit_vectors(to_cylindrical(tf.constant(u))), u, atol=1e-12)


def random_vectors(n, vectors, seed=0):
    u = np.random.default_rng(seed).standard_normal((n, vectors, 3))
    return u / np.linalg.norm(u, axis=-1, keepdims=True)


def moved(bijector, u, direction="forward"):
    """Vectors after the map, and its log-determinant."""
    method = getattr(bijector, f"{direction}_and_log_det")
    x, log_det = method(to_cylindrical(tf.constant(u)))
    return to_unit_vectors(x).numpy(), log_det.numpy()


@pytest.mark.parametrize("seam", [PI, -PI, PI / 2, -PI / 2])
@pytest.mark.parametrize("direction", ["forward", "inverse"])
@pytest.mark.parametrize("head_tail", ["same", "different"])
def test_no_seam(head_tail, direction, seam):
    """Across phi = +-pi, and +-pi/2 where twice the angle has its seam, of what moves and is seen.

    Nothing jumps, at the very point neither, nor does a slope. The slope of the log-determinant
    does, as at every knot of such splines.
    """
    bijector = laws.perturb(coupling(4, head_tail=head_tail))
    for which in (0, 1):
        c = 0.3
        values = []
        for step in (-3e-5, -1e-5, 0.0, 1e-5, 3e-5):
            u = random_vectors(1, 2, seed=2)
            x = to_cylindrical(tf.constant(u)).numpy()
            x[0, 2 * which : 2 * which + 2] = c, seam + step
            y, log_det = getattr(bijector, f"{direction}_and_log_det")(tf.constant(x))
            values.append(np.append(to_unit_vectors(y).numpy().ravel(), log_det))
        values = np.array(values)
        assert np.max(np.abs(np.diff(values, axis=0))) < 1e-3
        slopes = np.diff(values[:, :-1], axis=0)[[0, -1]] / 2e-5
        np.testing.assert_allclose(slopes[0], slopes[1], atol=1e-2 * (1 + np.abs(slopes).max()))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("turn", [0.0, 0.7, -2.9])
def test_circles_close_at_the_very_end(turn, dtype):
    """At +-pi the slope is the parameter's there; one, as outside the spline, was the error.

    Forwards the seam is at pi, backwards where pi has been turned to.
    """
    bins = 4
    parameters = tf.constant([np.random.default_rng(3).standard_normal(3 * bins)], dtype)
    slope = float(splines.positive_slope(parameters[0, 2 * bins]))
    assert abs(np.log(slope)) > 0.1
    turned = tf.constant([turn], dtype)
    close = 1e-4 if dtype == "float32" else 1e-9
    for end in (PI, -PI):
        at = tf.constant([end], dtype)
        out, log_slope = rotated_spline(at, parameters, turned, bins, inverse=False)
        np.testing.assert_allclose(log_slope, np.log(slope), atol=close)
        assert np.abs(np.exp(1j * out.numpy()) - np.exp(1j * (PI + turn))) < close
        back, log_slope = rotated_spline(at + turned, parameters, turned, bins, inverse=True)
        np.testing.assert_allclose(log_slope, -np.log(slope), atol=close)
        assert np.abs(np.exp(1j * back.numpy()) + 1) < close


@pytest.mark.parametrize("head_tail", ["same", "different"])
def test_no_angle_at_the_poles(head_tail):
    """Round a pole, vector and density are the same whatever the angle."""
    bijector = laws.perturb(coupling(4, head_tail=head_tail))
    for pole in (1.0, -1.0):
        c = pole * (1 - 1e-9)
        seen = []
        for angle in np.linspace(-3, 3, 7):
            u = random_vectors(1, 2, seed=2)
            s = np.sqrt(1 - c**2)
            u[0, 1] = [s * np.cos(angle), s * np.sin(angle), c]
            v, log_det = moved(bijector, u)
            seen.append(np.append(v[0, 1], log_det))
        assert np.ptp(seen, axis=0).max() < 5e-4


def test_an_axis_is_a_choice_of_chart():
    """About x: turn x to z, move about z, turn back; the density does not know the chart."""
    cycle = np.array([1, 2, 0])  # (x, y, z) -> (y, z, x): x is last
    u = random_vectors(30, 3)
    about_x = laws.perturb(coupling(6, axis="x"))
    about_z = laws.perturb(coupling(6, axis="z"))
    # The same tensors in the same order for the network, so that only the chart differs.
    about_z._tensors = lambda fixed: about_x._tensors(
        to_cylindrical(tf.gather(to_unit_vectors(fixed), np.argsort(cycle), axis=-1))
    )
    v, log_det = moved(about_x, u)
    w, other = moved(about_z, u[..., cycle])
    np.testing.assert_allclose(v, w[..., np.argsort(cycle)], atol=1e-10)
    np.testing.assert_allclose(log_det, other, atol=1e-9)


@pytest.mark.parametrize("axis", ["x", "z"])
def test_head_and_tail_are_the_same(axis):
    """Turning any vector round turns its image round, and leaves the density as it was."""
    bijector = laws.perturb(coupling(6, axis=axis))
    u = random_vectors(40, 3)
    v, log_det = moved(bijector, u)
    for k in range(3):
        turned = u.copy()
        turned[:, k] *= -1
        w, other = moved(bijector, turned)
        w[:, k] *= -1
        np.testing.assert_allclose(w, v, atol=1e-9)
        np.testing.assert_allclose(other, log_det, atol=1e-9)
    # Where they differ, it does not.
    v, _ = moved(laws.perturb(coupling(6, axis=axis, head_tail="different")), u)
    w, _ = moved(laws.perturb(coupling(6, axis=axis, head_tail="different")), -u)
    assert np.abs(v + w).max() > 0.01


def test_circles_close():
    """Slope and value of a circular coupling at +-pi; an open spline there is the planted error."""
    bijector = laws.perturb(bj.CircularSplineCoupling(2, bins=5, hidden=(8,), dtype="float64"))
    angle = np.array([PI - 2e-6, PI - 1e-6, -PI + 1e-6, -PI + 2e-6])
    x, log_det = bijector.forward_and_log_det(np.stack([np.full(4, 0.7), angle], axis=1))
    point = np.exp(1j * x.numpy()[:, 1])
    assert np.abs(np.diff(point)).max() < 1e-4
    np.testing.assert_allclose(log_det, log_det[0], atol=1e-4)
    assert abs(log_det[0]) > 1e-3, "slope one is what an open spline has"
    again, _ = bijector.forward_and_log_det(np.stack([np.full(4, 0.7 - 2 * PI), angle], axis=1))
    np.testing.assert_allclose(again[:, 1], x[:, 1], atol=1e-12)


def test_director_turns_with_the_vectors():
    """All turned or reflected, and any one turned round: the image does the same."""
    bijector = laws.perturb(director(8))
    u = random_vectors(30, 4)
    v, log_det = moved(bijector, u)
    assert np.ptp(log_det) > 0.1
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    w, other = moved(bijector, u @ rotation)
    # The main axis is found by squaring, to the precision that its gap allows.
    clear = np.abs(w - v @ rotation).max(axis=(1, 2)) < 1e-3
    assert clear.mean() > 0.8
    np.testing.assert_allclose(other[clear], log_det[clear], atol=1e-2)
    for k in range(4):
        turned = u.copy()
        turned[:, k] *= -1
        w, other = moved(bijector, turned)
        w[:, k] *= -1
        np.testing.assert_allclose(w, v, atol=1e-9)
        np.testing.assert_allclose(other, log_det, atol=1e-9)


def test_densities_in_two_frames_are_those_of_one():
    """But where two axes are about equally good: in at most 2 % of a Boltzmann sample.

    Eight spins all with all at T = 0.2 U, where order sets in, with the couplings of their bonds;
    hotter ones, as free vectors above, have more of such fields and look at them less.
    """
    system = Nematic("complete", 8)
    state = sampling.vector_state(system, 500, seed=2)
    u = sampling.vector_sweeps(state, 300, system=system, temperature=0.2)[0].vectors
    bonds = np.full((8, 8), 1.5 * system.bond_strength / 0.2)
    flow = bj.DirectorFlow(bonds, bins=5, hidden=(8,), seed=1, dtype="float64")
    bijector = laws.perturb(flow)
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    log_det, other = (moved(bijector, v, "inverse")[1] for v in (u, u @ rotation))
    assert np.std(log_det) > 1
    assert np.mean(np.abs(other - log_det) > 1e-2) <= 0.02


def trained_gap(bijector, energy, low, high, bound, steps=150):
    """E[u(x) - log det] of uniform points less its exact bound, before and after training."""
    optimizer = keras.optimizers.Adam(2e-2)
    rng = np.random.default_rng(0)
    points = tf.constant(rng.uniform(low, high, (steps, 256, len(low))), tf.float32)
    fresh = tf.constant(rng.uniform(low, high, (20_000, len(low))), tf.float32)

    def loss(z):
        x, log_det = bijector.forward_and_log_det(z)
        return tf.reduce_mean(energy(x) - log_det)

    @tf.function
    def step(z):
        with tf.GradientTape() as tape:
            value = loss(z)
        return tape.gradient(value, bijector.trainable_variables)

    start = float(loss(fresh)) - bound
    for z in points:
        optimizer.apply(step(z), bijector.trainable_variables)
    return start, float(loss(fresh)) - bound


def test_a_circular_coupling_learns_von_mises():
    """Two angles with u = -2 cos of their difference, bound -ln I_0(2): a tenth of it is left."""
    bijector = bj.CircularSplineCoupling(2, bins=8, hidden=(16,))
    start, gap = trained_gap(
        bijector, lambda x: -2 * tf.cos(x[:, 0] - x[:, 1]), [-PI] * 2, [PI] * 2, -np.log(i0(2.0))
    )
    assert start > 0.8
    assert -0.01 < gap < 0.1 * start


def test_sphere_couplings_learn_two_vectors():
    """A bond of K = 3, by two charts: less than a third of the bound's distance is left."""
    system = NematicAngles("chain", 2, 3.0)
    layers = [
        bj.SphereCoupling(4, axis=a, bins=5, hidden=(16,), seed=k) for k, a in enumerate("zx")
    ]
    low, high = [-1, -PI] * 2, [1, PI] * 2
    bound = 2 * np.log(4 * PI) - system.exact.log_z(1.0)
    start, gap = trained_gap(bj.Sequence(layers), system.energy, low, high, bound)
    assert start > 0.5
    assert -0.02 < gap < 0.3 * start


def test_couplings_are_scaled():
    """A flow from twice the couplings is that with its couplings doubled."""
    couplings = np.random.default_rng(0).uniform(0.2, 1.0, (3, 3))
    flow, twice = (bj.DirectorFlow(k * couplings, bins=5, hidden=(8,)) for k in (1, 2))
    z = np.array([[0.3, 0.4, -0.6, 2.0, 0.1, -1.0]], np.float32)
    # At the start nothing depends on the couplings: any other network will do.
    for source, target in zip(flow.trainable_variables, twice.trainable_variables, strict=True):
        if source.shape != [3]:
            value = source + 0.3
            source.assign(value)
            target.assign(value)
    before, _ = flow.forward_and_log_det(z)
    flow.scale_couplings(2.0)
    after, _ = flow.forward_and_log_det(z)
    np.testing.assert_allclose(after, twice.forward_and_log_det(z)[0], atol=1e-6)
    assert np.max(np.abs(after - before)) > 1e-3
    with pytest.raises(ValueError, match="factor"):
        flow.scale_couplings(0.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bj.DirectorFlow(np.ones((2, 3))), r"couplings must have shape \[N, N\]"),
        (lambda: bj.DirectorFlow([[0.0]]), "couplings must have shape"),
        (lambda: bj.DirectorFlow(np.eye(3), bins=1), "bins"),
        (lambda: bj.SpheresFromPlanes(3), "event_size must be even"),
        (lambda: coupling(5), "event_size must be even"),
        (lambda: coupling(2), "event_size must be at least 2"),
        (lambda: coupling(4, bins=1), "bins"),
        (lambda: coupling(4, axis="w"), "axis"),
        (lambda: coupling(4, head_tail="both"), "head_tail"),
        (lambda: coupling(4, transformed=[True, True]), "transformed"),
        (lambda: bj.CircularSplineCoupling(3, bins=1), "bins"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
