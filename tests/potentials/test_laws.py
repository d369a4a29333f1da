"""Every potential obeys every law, in one to three dimensions, in open and periodic boxes.

A new potential is one line in `POTENTIALS`. The potentials of a dimension and a box are terms of
one system: its formulas are compiled once, and looked at one by one.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import particle_laws as laws
import pytest
import system_laws
import tensorflow as tf
from scipy import integrate

from boltzmann_tf import potentials, sampling
from boltzmann_tf.potentials import (
    FENE,
    Angle,
    Angles,
    Bonds,
    CentreTether,
    CosineAngle,
    Coulomb,
    CoulombOfPairs,
    Distance,
    DoubleWellBond,
    Few,
    GeneralizedBorn,
    HardCore,
    HarmonicAngle,
    HarmonicBond,
    InversePower,
    LennardJones,
    LennardJonesOfPairs,
    LorentzBerthelot,
    Open,
    Pairs,
    Periodic,
    PeriodicTorsion,
    PointCharges,
    Position,
    ReactionField,
    ReactionFieldCharges,
    SoftCoreLennardJones,
    SoftWalls,
    SquareWell,
    TailCorrection,
    Tether,
    Torsion,
    Torsions,
    Wall,
    WeeksChandlerAndersen,
    ops,
)
from boltzmann_tf.systems import ParticleSystem

N = 6
ANGLES = [(0, 1, 2), (2, 3, 4)]
# Bonded, excluded, apart, and terms with two or three of their particles inside.
GROUPS = [(0, 1), (3, 0), (5, 2), (2, 3, 4), (1, 5, 0), (0, 1, 2)]


def symmetric(low, high, seed):
    table = np.random.default_rng(seed).uniform(low, high, (N, N))
    return np.round((table + table.T) / 2, 3)


def each(low, high, count):
    return np.linspace(low, high, count).tolist()


@ops.formula
def yukawa(r2, strength, length):
    r = ops.sqrt(r2)
    return strength * ops.exp(-r / length) / r


@ops.formula
def morse(r2, depth, width, length):
    e = 1 - ops.exp(-(ops.sqrt(ops.maximum(r2, 1e-12)) - length) / width)
    return depth * e * e


@ops.formula
def double_angle(cosine, strength):
    return strength * ops.cos(2 * ops.arccos(cosine))


@ops.formula
def half_turn(torsion, strength):
    return strength * ops.cos(2 * torsion) + ops.tanh(0.3 * ops.cos(torsion))


@ops.formula
def height(point, weight):
    return weight * ops.power(point[0], 4)


@ops.formula
def middle(points, stiffness):
    a, b = points
    return stiffness * ops.power(a[0] + b[0] - 0.2, 2)


@ops.formula
def triple(points, strength):
    a, b, c = points
    return strength * ops.cos(a[0] + 2 * b[0] - c[0])


@ops.formula
def quadruple(points, strength):
    a, b, c, d = points
    return strength * ops.sqrt(1 + ops.power(a[0] - b[0] + c[0] - 2 * d[0], 2))


class Line(NamedTuple):
    """A potential in d dimensions, and what leaves it as it is."""

    make: Callable[[int], Any]
    symmetries: str = ""  # of translation, rotation, exchange
    dimensions: tuple[int, ...] = (1, 2, 3)
    boxes: tuple[str, ...] = ("open", "periodic")


ALL, MOTION, OPEN = "translation rotation exchange", "translation rotation", ("open",)

POTENTIALS: dict[str, Line] = {
    "lj": Line(lambda d: LennardJones(1.3, 0.95), ALL),
    "lj_cut": Line(lambda d: LennardJones(0.9, 1.02, cut=1.9), ALL),
    "lj_shifted": Line(lambda d: LennardJones(cut=2.0, shifted=True, exclude=[(1, 0)]), MOTION),
    "lj_per_pair": Line(
        lambda d: LennardJones(
            symmetric(0.5, 2, 0),
            symmetric(0.8, 1, 1),
            cut=symmetric(1.5, 2.2, 2),
            shifted=True,
            exclude="bonded",
        ),
        MOTION,
        (2, 3),
    ),
    "well": Line(lambda d: SquareWell(0.7, symmetric(0.2, 0.3, 4), 1.45), MOTION),
    "soft_core": Line(lambda d: SoftCoreLennardJones(0.4, 1.2, 0.95, alpha=0.7), ALL),
    "wca": Line(lambda d: WeeksChandlerAndersen(1.1, 1.2), ALL),
    "r_12": Line(lambda d: InversePower(1.1, exclude="bonded"), MOTION),
    "r_6": Line(lambda d: InversePower(symmetric(0.8, 1, 3), 0.7, exponent=6), MOTION),
    "r_10": Line(lambda d: InversePower(0.9, exponent=10, cut=2.1), ALL, (1,)),
    "yukawa": Line(lambda d: Pairs(yukawa, strength=2.0, length=0.8, core=0.3), ALL),
    "centre": Line(lambda d: CentreTether(N, 1.4), ALL, boxes=OPEN),
    "spring": Line(lambda d: HarmonicBond([(0, 1), (2, 3)], 40.0, each(0.9, 1.2, 2)), MOTION),
    "fene": Line(lambda d: FENE([(1, 2), (4, 3)], 30.0, each(1.5, 1.8, 2)), MOTION),
    "two_lengths": Line(lambda d: DoubleWellBond([(5, 4)], slope=2.0, barrier=1.2), MOTION),
    "morse": Line(lambda d: Bonds(morse, [(0, 2), (3, 5)], depth=5, width=0.4, length=1), MOTION),
    "angle": Line(lambda d: HarmonicAngle(ANGLES, each(3, 4, 2), 1.9), MOTION, (2, 3)),
    "stiff": Line(lambda d: CosineAngle(ANGLES, 2.0), MOTION, (2, 3)),
    "two_angles": Line(lambda d: Angles(double_angle, ANGLES, strength=2.0), MOTION, (2, 3)),
    "to_one": Line(lambda d: Tether(each(-0.2, 0.3, d), 1.0), "exchange"),
    "to_each": Line(
        lambda d: Tether(symmetric(-1, 1, 4)[:, :d], each(1, 2, N))
    ),
    "to_some": Line(
        lambda d: Tether(symmetric(-1, 1, 4)[:2, :d], each(1, 2, 2), particles=[4, 1])),
    "wall": Line(lambda d: Wall(0.7, 50.0), "exchange"),
    "field": Line(lambda d: Few(height, weight=each(1, 2, N))),
    "pair_of_places": Line(lambda d: Few(middle, [(0, 3), (4, 1)], stiffness=each(3, 4, 2))),
    "three_places": Line(lambda d: Few(triple, [(5, 0, 3)], strength=3.0), dimensions=(2,)),
    "four_places": Line(lambda d: Few(quadruple, [(0, 3, 5, 1)], strength=3.0), dimensions=(3,)),
    "charges": Line(
        lambda d: PointCharges(
            each(-1, 1, N), 2.0, special=[(2, 3), (0, 5)], special_strength=[0.0, 0.3], core=0.3
        ),
        MOTION,
    ),
    "charged": Line(lambda d: Coulomb(1.5, core=0.3), ALL),
    "field_of_all": Line(lambda d: ReactionField(1.3, cut=1.9, dielectric=5, core=0.3), ALL),
    "field_of_each": Line(
        lambda d: ReactionFieldCharges(
            each(-1, 1, N), 2.0, cut=1.9, dielectric=78.0, core=0.3, exclude=[(0, 1)]
        ),
        MOTION,
    ),
    "kinds": Line(
        lambda d: LorentzBerthelot(
            each(0.5, 2, N), each(0.8, 1, N), special=[(0, 1)], special_epsilon=[0.3],
            special_sigma=[0.7],
        ),
        MOTION,
    ),
    "some_charges": Line(lambda d: CoulombOfPairs([(0, 2), (1, 3)], [1.5, -0.5], core=0.3), MOTION),
    "some_lj": Line(lambda d: LennardJonesOfPairs([(3, 5)], 1.1, 0.9), MOTION),
    "torsion": Line(
        lambda d: PeriodicTorsion([(0, 1, 2, 3), (0, 1, 2, 3)], [1.5, 0.7], [1, 2]), MOTION, (3,)
    ),
    # Other than its mirror image.
    "handed": Line(
        lambda d: PeriodicTorsion([(0, 1, 2, 3), (5, 2, 1, 4)], [0.7, 2], [2, 3], [0.4, -2]),
        MOTION, (3,), OPEN,
    ),
    "any_torsion": Line(lambda d: Torsions(half_turn, [(5, 4, 3, 2)], strength=1.2), MOTION, (3,)),
    "born": Line(
        lambda d: GeneralizedBorn(
            each(-1, 1, N), each(0.4, 0.6, N), each(0.7, 0.9, N), constant=2.0, surface=0.5,
            core=0.3,
        ),
        MOTION, boxes=OPEN,
    ),
    "born_inside": Line(
        lambda d: GeneralizedBorn(
            each(-1, 1, N), [0.3, 1.9, 0.3, 0.2, 1.7, 0.3], [0.8] * N, constant=2.0, cut=2.6,
            model="OBC1", counts_inside=True, core=0.3,
        ),
        MOTION, boxes=OPEN,
    ),
    "tail": Line(lambda d: TailCorrection(LennardJones(cut=2.0)), ALL, boxes=("periodic",)),
}  # fmt: skip
SIDE = {1: 7.5, 2: [4.6, 4.4], 3: [4.4, 4.5, 4.6]}
SYSTEMS = [(1, "open"), (2, "open"), (3, "open"), (1, "periodic"), (2, "periodic"), (3, "periodic")]
PATHS = {
    1: [[0], [1], [2], [3], [4], [5]],
    2: [[0, 0], [1, 0], [2, 0], [2, 1], [1, 1], [0, 1]],
    3: [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [1, 1, 1]],
}


def named(name, dimension):
    part = POTENTIALS[name].make(dimension)
    part.name = name
    if "name" in part._config or isinstance(part, Pairs):
        part._config["name"] = name
    return part


def names_of(dimension, box, symmetry=""):
    return [
        name
        for name, line in POTENTIALS.items()
        if dimension in line.dimensions and box in line.boxes and symmetry in line.symmetries
    ]


def system_with(dimension, box, names):
    where = Open() if box == "open" else Periodic(SIDE[dimension], images="nearest")
    terms = [named(name, dimension) for name in names]
    return ParticleSystem(n=N, dimension=dimension, terms=terms, box=where)


@functools.cache
def system_of(dimension, box):
    return system_with(dimension, box, names_of(dimension, box))


def positions(dimension, count, seed=0):
    """A path of neighbours, 1.1 apart and shaken, `[count, N, dimension]`, about the origin."""
    rng = np.random.default_rng(seed)
    path = 1.1 * np.array(PATHS[dimension], float)
    r = path + rng.uniform(-0.08, 0.08, (count, N, dimension))
    return r - path.mean(0) + rng.uniform(-0.3, 0.3, (count, 1, dimension))


def points(dimension, box, count=4, seed=0):
    return system_of(dimension, box).configuration(positions(dimension, count, seed))


everywhere = pytest.mark.parametrize(("dimension", "box"), SYSTEMS)
# Every potential and dimension, in TensorFlow alone.
most = pytest.mark.parametrize(
    ("dimension", "box"), [(1, "periodic"), (2, "open"), (3, "periodic")]
)


def test_all_potentials_are_here():
    kinds = {type(line.make(3)) for line in POTENTIALS.values()}
    public = {getattr(potentials, name) for name in potentials.__all__}
    wanted = {
        kind for kind in public if isinstance(kind, type) and issubclass(kind, potentials.Potential)
    } - {potentials.Potential}
    assert kinds | {HardCore} == wanted  # zeros and infinities


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_hard_cores(dimension):
    """Both engines see what overlaps, and a ramp leads out of it in training."""
    disks = ParticleSystem(n=3, dimension=dimension, terms=[HardCore(0.5)], box=Periodic(3.0))
    r = np.zeros((2, 3, dimension))
    r[:, :, 0] = [[-1.0, 0.0, 0.6], [-1.0, 0.0, 0.4]]
    x = disks.configuration(r)
    np.testing.assert_allclose(disks.energy(x).numpy(), [0, np.inf], atol=1e-6)
    np.testing.assert_allclose(sampling.particle_energies(x, disks), [0, np.inf], atol=1e-6)
    u = disks.training_energy(x).numpy()
    assert u == pytest.approx([0, 200 * (1 - 0.64)], rel=1e-3, abs=1e-3)
    state, info = sampling.particle_sweeps(
        sampling.particle_state(x[:1]), 400, system=disks, step_size=0.3
    )
    assert np.all(np.isfinite(sampling.particle_energies(state.x, disks)))
    assert 0.05 < info.acceptance[0] < 0.999


def check_engines(system, kernels, r):
    x = system.configuration(r)
    laws.engines_agree(system, kernels, x)
    laws.moves_are_differences(system, kernels, x[:2])
    laws.group_moves_are_differences(system, kernels, x[:2], GROUPS)


@everywhere
def test_engines(dimension, box):
    """The lines that Numba compiles, run by Python."""
    system = system_of(dimension, box)
    check_engines(system, laws.kernels(system, compiled=False), positions(dimension, 6))


# Every kind of term, with parameters for all and for each, in Numba's code. All others take a
# minute.
COMPILED = [
    (1, "periodic", ("wall", "r_10")),
    (2, "periodic", ("lj_per_pair", "angle")),
    (3, "open", ("fene", "four_places", "to_some", "torsion", "born_inside")),
]
SINGLE = [
    (dimension, box, (name,))
    for dimension, box in ((3, "periodic"), (2, "open"))
    for name in names_of(dimension, box)
    if name != "tail"
]


@pytest.mark.parametrize(
    ("dimension", "box", "names"),
    [*COMPILED, *(pytest.param(*case, marks=pytest.mark.slow) for case in SINGLE)],
)
def test_compiled_engines(dimension, box, names):
    system, r = system_with(dimension, box, names), positions(dimension, 6)
    check_engines(system, laws.kernels(system, compiled=True), r)
    if dimension == 2:  # compiled for itself
        laws.all_engines_agree(system, system.configuration(r))


@most
def test_gradient(dimension, box):
    system, x = system_of(dimension, box), points(dimension, box, count=3)
    for name in system.moving_terms:
        system_laws.gradient_is_finite_difference(laws.term(system, name), x)
    system_laws.energy_dtypes_agree(system, x)
    system_laws.energies_are_per_configuration(system, x)


def test_xla():
    system = system_with(2, "periodic", ["lj_per_pair", "fene", "angle", "field"])
    system_laws.energy_xla_agrees(system, system.configuration(positions(2, 4)))
    system = system_with(3, "open", ["kinds", "charges", "torsion", "born", "born_inside"])
    system_laws.energy_xla_agrees(system, system.configuration(positions(3, 4)))


def test_a_torsion_knows_left_from_right():
    system, r = system_with(3, "open", ["torsion", "handed"]), positions(3, 4)
    laws.holds_under(system, r, lambda r: -r, ["torsion"])
    with pytest.raises(AssertionError, match="handed: symmetry"):
        laws.holds_under(system, r, lambda r: -r, ["handed"])


def test_domain():
    """That of a periodic box; the others have none."""
    system = system_with(2, "periodic", ["stiff"])
    x = system.configuration(positions(2, 4))
    system_laws.energy_is_infinite_outside(system, x)
    system_laws.training_pushes_back(system, x)


@most
def test_symmetries(dimension, box):
    system, r = system_of(dimension, box), positions(dimension, 4)
    rng = np.random.default_rng(3)
    turn = np.linalg.qr(rng.standard_normal((dimension, dimension)))[0]
    turn[0] *= np.linalg.det(turn)
    if box == "periodic":
        turn = -np.eye(dimension)
    shift = rng.uniform(-3, 3, dimension)
    order = rng.permutation(N)
    moves = {
        "translation": lambda r: r + shift,
        "rotation": lambda r: r @ turn,
        "exchange": lambda r: r[:, order],
    }
    for symmetry, move in moves.items():
        laws.holds_under(system, r, move, names_of(dimension, box, symmetry))


@most
def test_training(dimension, box):
    system = system_of(dimension, box)
    laws.training_is_finite(system, system.moving_terms)
    laws.training_is_true(system, points(dimension, box), system.moving_terms)


@everywhere
def test_documents(dimension, box):
    known = laws.with_any_formula({t.name: t for t in system_of(dimension, box).terms})
    some = list(known.values())[::2]
    last = min(1, dimension - 1)
    system = ParticleSystem(
        n=N,
        dimension=dimension,
        terms=list(known.values()),
        box=system_of(dimension, box).box if box == "periodic" else SoftWalls(2.0, 30.0),
        coordinates={"r": Distance(0, 3), "a": Angle(2, 0, 1), "p": Position(4, last)}
        | ({"t": Torsion(3, 0, 1, 2)} if dimension == 3 else {}),
        training_terms=some,
    )
    laws.documents_round_trip(system, system.configuration(positions(dimension, 4)))


# The laws can fail. Each of these breaks one.

NAMES = ("lj_cut", "spring", "to_each")


def planted(names=NAMES, box="open", **changes):
    """A system whose first term is changed after it was packed: for TensorFlow, not for Numba."""
    system = system_with(2, box, names)
    assert system.packed
    system._bound[0] = dataclasses.replace(system._bound[0], **changes)
    return system


def lying(system, **functions):
    true = laws.kernels(system, compiled=False)
    return true._replace(**{k: functools.partial(f, true) for k, f in functions.items()})


def slightly_more(true, x, i, q, factors):
    return true.change(x, i, q, factors) * (1 + 1e-6)


def one_by_one(true, x, members, to, factors):
    """Adds up the moves of the members as if the others stayed."""
    return sum(true.change(x, i, to[:, g], factors) for g, i in enumerate(members))


def leaves_its_mark(true, x, i, q, factors):
    change = true.change(x, i, q, factors)
    x[:, i] = q
    return change


PLANTED: dict[str, tuple[Callable[..., None], str]] = {
    "parameters": (
        lambda s, x: laws.engines_agree(
            planted(parameters=(0.9, 1.02 + 1e-11)), laws.kernels(s, compiled=False), x
        ),
        "lj_cut in both engines",
    ),
    "cut": (
        lambda s, x: laws.engines_agree(
            planted(cut=1.2**2), laws.kernels(s, compiled=False), x
        ),
        "lj_cut in both engines",
    ),
    "total": (
        lambda s, x: laws.all_engines_agree(
            planted(names=COMPILED[1][2], box="periodic", cut=1.3**2), x
        ),
        "particle_energies",
    ),
    "zeros": (
        lambda s, x: laws.engines_agree(
            planted(cut=0.01), laws.kernels(planted(cut=0.01), compiled=False), x
        ),
        "nothing but zeros",
    ),
    "change": (
        lambda s, x: laws.moves_are_differences(s, lying(s, change=slightly_more), x),
        "move of",
    ),
    "x": (
        lambda s, x: laws.moves_are_differences(s, lying(s, change=leaves_its_mark), x),
        "move of|must leave positions",
    ),
    "group": (
        lambda s, x: laws.group_moves_are_differences(
            s, lying(s, group_change=one_by_one), x, [(0, 1)]
        ),
        r"move of \[0, 1\]",
    ),
    "core": (
        lambda s, x: laws.training_is_finite(planted(low=None), ["lj_cut"]),
        "lj_cut: training",
    ),
    "wide core": (
        lambda s, x: laws.training_is_true(planted(low=1.5**2), x, ["lj_cut"]),
        "lj_cut: training",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_law_rejects(name):
    law, message = PLANTED[name]
    system = system_with(2, "open", NAMES)
    with pytest.raises(AssertionError, match=message):
        law(system, system.configuration(positions(2, 3)))


def test_false_symmetries_are_rejected():
    r, system = positions(2, 3), system_of(2, "open")
    for name, move in [
        ("to_one", lambda r: r + 0.1),
        ("wall", lambda r: r @ np.array([[0.6, 0.8], [-0.8, 0.6]])),
        ("spring", lambda r: r[:, ::-1]),
        ("lj_shifted", lambda r: r[:, [2, 1, 0, 3, 4, 5]]),
    ]:
        with pytest.raises(AssertionError, match="symmetry"):
            laws.holds_under(system, r, move, [name])


def test_a_document_that_forgets_is_rejected(monkeypatch):
    system = system_with(2, "open", NAMES)
    x = system.configuration(positions(2, 3))
    laws.documents_round_trip(system, x)
    whole = HarmonicBond.get_config
    monkeypatch.setattr(HarmonicBond, "get_config", lambda part: {**whole(part), "length": 0.0})
    with pytest.raises(AssertionError, match="config"):
        laws.documents_round_trip(system, x)


# Values by hand.

LINE = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
CORNER = [[2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.5, 0.0]]
K = 3.0


def apart(r):
    return [[0.3, 0.1, -0.2], [0.3 + r, 0.1, -0.2]]


VALUES = [
    (LennardJones(K, 2.0), apart(2.0), 0.0),
    (LennardJones(K, 2.0), apart(2 * 2 ** (1 / 6)), -K),
    (LennardJones(K, 1.0), apart(0.5), 4 * K * (4096 - 64)),
    (LennardJones(K, 1.0, cut=2.0), apart(2.0 + 1e-9), 0.0),
    (LennardJones(K, 1.0, cut=2.01), apart(2.0), 4 * K * (1 / 4096 - 1 / 64)),
    (
        LennardJones(K, 1.0, cut=2.0, shifted=True),
        apart(1.0),
        -4 * K * (1 / 4096 - 1 / 64),
    ),
    (LennardJones(K, 1.0, exclude=[(1, 0)]), apart(1.01), 0.0),
    (SoftCoreLennardJones(1.0, K, 2.0), apart(2 * 2 ** (1 / 6)), -K),
    (SoftCoreLennardJones(0.5, K, 2.0), apart(2.0), 2 * K * (1 / 1.125**2 - 1 / 1.125)),
    (WeeksChandlerAndersen(K, 2.0), apart(2.0), K),
    (WeeksChandlerAndersen(K, 2.0), apart(2 * 2 ** (1 / 6) - 1e-9), 0.0),
    (WeeksChandlerAndersen(K, 2.0), apart(2.5), 0.0),
    (InversePower(2.0, K), apart(1.0), K * 4096),
    (InversePower(2.0, K, exponent=4), apart(1.0), K * 16),
    (Pairs(yukawa, strength=K, length=2.0), apart(2.0), K * np.exp(-1) / 2),
    (CentreTether(2, K), apart(2.0), K / 2 * 2),
    (CentreTether(3, K), CORNER, K / 2 * (8 / 3 + 1 / 6)),
    (HarmonicBond([(0, 1)], K, 0.5), apart(2.0), K / 2 * 2.25),
    (FENE([(0, 1)], K, 2.0), apart(2 * np.sqrt(0.75)), K / 2 * 4 * np.log(4)),
    (FENE([(0, 1)], K, 2.0), apart(2.0 + 1e-9), np.inf),
    (DoubleWellBond([(0, 1)], slope=2.0), apart(2.0), 2.0 - 25 + 10),
    (DoubleWellBond([(0, 1)], slope=2.0), apart(1.0), -2.0 - 25 + 10),
    (Bonds(morse, [(0, 1)], depth=K, width=0.5, length=1.0), apart(1e9), K),
    (HarmonicAngle([(0, 1, 2)], K, np.pi / 3), CORNER, K / 2 * (np.pi / 6) ** 2),
    (CosineAngle([(0, 1, 2)], K), CORNER, K),
    (CosineAngle([(0, 1, 2)], K), [*apart(1.0), apart(2.0)[1]], 0.0),
    (Angles(double_angle, [(0, 1, 2)], strength=K), CORNER, -K),
    (Tether([0.0, 0.0, 1.0], K), LINE, K / 2 * (1 + 2)),
    (Tether([[0, 0, 1], [1, 1, 1]], [K, 1.0]), LINE, K / 2 + 1),
    (Tether([[1, 1, 1]], 1.0, particles=[1]), LINE, 1.0),
    (Wall(0.4, K), LINE, K * 0.36),
    (Few(height, weight=K), CORNER, K * 16),
    (Few(middle, [(0, 2)], stiffness=K), CORNER, K * 1.8**2),
]


@pytest.mark.parametrize(("part", "at", "value"), VALUES)
def test_value(part, at, value):
    """The part as a term of a system that holds still, at particles that stand by hand."""
    at = np.array(at)
    # The third particle is in nobody's way; tethered, so that positions are configurations.
    hold = Tether([0.0, 0.0, 0.0], 1e-9, name="hold")
    system = ParticleSystem(n=len(at), dimension=3, terms=[part, hold])
    found = system.term_energies(at.reshape(1, -1))[part.name].numpy()[0]
    assert found == pytest.approx(value, rel=1e-12, abs=3e-8 if value == 0 else 0)


def test_walls_of_the_box_are_a_term():
    system = ParticleSystem(
        n=2, dimension=3, terms=[HarmonicBond([(0, 1)], 1.0, 1.0)], box=SoftWalls(0.4, K)
    )
    assert system.energy(tf.constant([np.ravel(LINE)])).numpy() == pytest.approx(K * 0.36)
    assert system.moving_terms == ["harmonic_bond", "box"]


def test_the_nearest_image():
    """Across the border: 3.7 apart, 0.3 by the image, and the angle by the images."""
    box = Periodic(4.0, images="nearest")
    parts = [HarmonicBond([(0, 1)], 2.0), CosineAngle([(0, 1, 2)], K), LennardJones()]
    system = ParticleSystem(n=3, dimension=2, terms=parts, box=box)
    x = np.array([[-1.9, 0.0, 1.8, 0.0, 1.8, 1.9]])
    found = {name: float(u[0]) for name, u in system.term_energies(x).items()}
    assert found["harmonic_bond"] == pytest.approx(0.09)
    assert found["cosine_angle"] == pytest.approx(K)
    assert list(system.term_energies(x, ["cosine_angle"])) == ["cosine_angle"]
    with pytest.raises(ValueError, match="names must be one of .*got 'bond'"):
        system.term_energies(x, ["bond"])
    pairs = [0.3**2, 1.9**2, 0.3**2 + 1.9**2]
    lj = sum(4 * (r2**-6 - r2**-3) for r2 in pairs)
    assert found["lennard_jones"] == pytest.approx(lj)


def test_parts_of_a_place_see_the_image_in_the_box():
    """A particle that a move takes out of the box has the energy that it has put back."""
    system = ParticleSystem(n=2, dimension=2, terms=[Few(height, weight=1.0)], box=Periodic(4.0))
    rows = np.array([[1.9, 0.5], [0.0, 0.0]])
    added = laws.kernels(system, compiled=False).change(rows, 0, (2.1, 0.0), np.ones(1))
    assert added == pytest.approx(1.9**4 - 1.9**4, abs=1e-12)
    outside = Position(0)([tf.constant([[2.1, 0.5]]), tf.constant([[0.0, 0.0]])], [4.0, 4.0])
    assert float(outside[0]) == pytest.approx(-1.9, rel=1e-6)


@pytest.mark.parametrize(("dimension", "side"), [(3, 8.0), (3, [7.0, 8.0, 9.0]), (2, 9.0)])
def test_tail_correction(dimension, side):
    """Lennard-Jones in closed form, 8 pi N^2 epsilon / V [..] in space, 4 pi in the plane."""
    n, epsilon, sigma, cut = 30, 1.3, 0.9, 3.0
    pairs = LennardJones(epsilon, sigma, cut=cut)
    terms = [pairs, TailCorrection(pairs)]
    system = ParticleSystem(n=n, dimension=dimension, terms=terms, box=Periodic(side))
    volume = np.prod(np.broadcast_to(side, dimension))
    s = sigma / cut
    wanted = {
        3: 8 * np.pi * n**2 * epsilon * sigma**3 / volume * (s**9 / 9 - s**3 / 3),
        2: 4 * np.pi * n**2 * epsilon * sigma**2 / volume * (s**10 / 10 - s**4 / 4),
    }[dimension]
    assert system.constant == pytest.approx(wanted, rel=1e-12)
    x = system.configuration(np.random.default_rng(0).uniform(-3, 3, (1, n, dimension)))
    assert system.term_energies(x)["tail_correction"].numpy() == pytest.approx([wanted])


def test_tail_correction_of_lammps():
    """N = 30, L = 8, cut 3: -0.545166, as LAMMPS and OpenMM have it."""
    pairs = LennardJones(cut=3.0)
    system = ParticleSystem(
        n=30, dimension=3, terms=[pairs, TailCorrection(pairs)], box=Periodic(8.0)
    )
    assert system.constant == pytest.approx(-0.545166, abs=5e-7)


@pytest.mark.parametrize(("n", "dimension"), [(2, 1), (5, 2), (13, 3)])
def test_basis(n, dimension):
    """Orthonormal, without the mean; configurations and positions of each other."""
    system = ParticleSystem(n=n, dimension=dimension, terms=[CentreTether(n, K)])
    assert system.basis @ system.basis.T == pytest.approx(np.eye(n - 1), abs=1e-14)
    assert system.basis.sum(1) == pytest.approx(np.zeros(n - 1), abs=1e-14)
    r = np.random.default_rng(0).normal(size=(4, n, dimension))
    y = system.configuration(r)
    assert y.shape == (4, (n - 1) * dimension)
    back = system.positions(y).numpy()
    assert back == pytest.approx(r - r.mean(1, keepdims=True), abs=1e-13)
    assert system.configuration(back) == pytest.approx(y, abs=1e-13)
    # So a spring to the centre is an isotropic Gaussian of these: its log Z is known.
    u = system.energy(tf.constant(y)).numpy()
    assert u == pytest.approx(K / 2 * np.sum(y**2, axis=1), rel=1e-12)
    assert K / 2 * np.sum((r - r.mean(1, keepdims=True)) ** 2, axis=(1, 2)) == pytest.approx(u)


def test_log_z_is_with_respect_to_the_basis():
    """Two particles on a line, and three: by quadrature, log (2 pi / stiffness) / 2 for each."""
    grid = np.linspace(-8, 8, 401)
    for n in (2, 3):
        system = ParticleSystem(n=n, dimension=1, terms=[CentreTether(n, K)])
        axes = np.stack(np.meshgrid(*[grid] * (n - 1), indexing="ij"), axis=-1)
        weight = np.exp(-system.energy(tf.constant(axes)).numpy())
        for _ in range(n - 1):
            weight = integrate.trapezoid(weight, grid, axis=-1)
        assert np.log(weight) == pytest.approx((n - 1) / 2 * np.log(2 * np.pi / K), rel=1e-10)


def test_bonded_pairs_are_left_out():
    """And no others: the energy of all pairs less that of the three bonded ones."""
    bonds = HarmonicBond([(0, 1), (2, 1), (4, 5)], 1.0)
    hold = Tether([0.0, 0.0], 1.0)
    r = positions(2, 1)
    found = []
    for exclude in ((), "bonded", [(1, 0), (1, 2), (5, 4)]):
        pairs = LennardJones(exclude=exclude)
        system = ParticleSystem(n=N, dimension=2, terms=[bonds, pairs, hold])
        found.append(float(system.term_energies(system.configuration(r))["lennard_jones"][0]))
    all_pairs = list(itertools.combinations(range(N), 2))
    r2 = [np.sum((r[0, i] - r[0, j]) ** 2) for i, j in all_pairs]
    kept = {(0, 1), (1, 2), (4, 5)}
    u = {p: 4 * (v**-6 - v**-3) for p, v in zip(all_pairs, r2, strict=True)}
    assert found[0] == pytest.approx(sum(u.values()))
    assert found[1] == found[2] == pytest.approx(sum(v for p, v in u.items() if p not in kept))


def test_straight_and_collapsed_chains_have_gradients():
    """In float32 a cosine of 1 - 1e-10 is 1, where the angle has no derivative."""
    for angle in (np.pi, 1.9):
        system = ParticleSystem(
            n=3,
            dimension=3,
            terms=[HarmonicAngle([(0, 1, 2)], 5.0, angle), Tether(np.zeros(3), 1.0)],
            coordinates={"angle": Angle(0, 1, 2)},
        )
        for dtype in (tf.float32, tf.float64):
            ends = [np.zeros(9), np.repeat([-1.0, 0.0, 1.0], 3), [1, 0, 0, 0, 0, 0, 0.5, 0, 0]]
            x = tf.constant(ends, dtype)
            for f in (system.training_energy, system.reaction_coordinate("angle")):
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    value = f(x)
                assert np.all(np.isfinite(value))
                assert np.all(np.isfinite(tape.gradient(value, x)))


def test_one_exponent_is_one_formula():
    """What is compiled is known by the function: two systems of one exponent share it."""
    assert InversePower(exponent=6).function is InversePower(2.0, exponent=6).function
    assert InversePower(exponent=6).function is not InversePower(exponent=8).function
