"""Every system obeys every law. A new system is one line in `SYSTEMS`, its symmetries another."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import system_laws as laws
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from boltzmann_tf import BoltzmannGenerator, realnvp, sampling, systems
from boltzmann_tf.potentials import (
    CentreTether,
    HarmonicBond,
    LennardJones,
    Periodic,
    Tether,
)
from boltzmann_tf.systems import (
    AlanineDipeptide,
    AtTemperature,
    DoubleWell,
    DoubleWell4,
    FluidBox,
    Ising,
    IsingField,
    LennardJonesCluster,
    Molecule,
    MuellerBrown,
    NeighbourLine,
    Nematic,
    NematicAngles,
    ParticleSystem,
    Polymer,
    SolvatedDimer,
    SpringInBox,
    System,
    Tethered,
    Within,
    _domain,
)


def unit(x):
    return x / tf.norm(x, axis=-1, keepdims=True)


class Case(NamedTuple):
    """A system and the interval of coordinates in which its energy is an ordinary number.

    With `around`, the name of an initial state, the interval is that of distances from it. `onto`
    brings any coordinates into a domain of unit vectors or of spins. `step` is that of finite
    differences, a thousandth of the lengths that matter.
    """

    make: Callable[[], System]
    low: float
    high: float
    around: str | None = None
    onto: Callable[[tf.Tensor], tf.Tensor] = tf.identity
    step: float = 1e-3


class Cluster(System):
    """A user's system with particles in space: three, with a harmonic repulsion and a trap."""

    event_shape = (3, 2)

    def energy(self, x):
        distance = tf.reduce_sum((x[:, :, None] - x[:, None]) ** 2, axis=-1)
        return tf.reduce_sum(x**2, axis=[1, 2]) - 0.1 * tf.reduce_sum(distance, axis=[1, 2])


class Tube(System):
    """A user's system with a domain: one coordinate in a box, one on a ring."""

    event_shape = (2,)
    domain = "torus"
    bounds = ([0.0, -np.pi], [2.0, np.pi])

    def energy(self, x):
        return self.confined(x, x[..., 0] ** 2 - tf.cos(x[..., 1]))

    def training_energy(self, x):
        return self.walled(x, x[..., 0] ** 2 - tf.cos(x[..., 1]))


def four_atoms():
    """A molecule of springs without a length: random coordinates bring atoms to each other."""
    return Molecule(
        terms=[HarmonicBond([(0, 1), (1, 2), (2, 3)], 20.0)],
        names=["C1", "C2", "C3", "C4"],
        elements=["C"] * 4,
        residues=["BUT1"] * 4,
        masses=[12.011] * 4,
        bonds=[(0, 1), (1, 2), (2, 3)],
    )


SYSTEMS: dict[str, Case] = {
    "alanine_dipeptide": Case(AlanineDipeptide, -0.004, 0.004, "C7eq", step=1e-4),
    "at_temperature": Case(lambda: AtTemperature(SpringInBox(), 1.7), 0.01, 3.99),
    "double_well": Case(DoubleWell, -2.5, 2.5),
    "double_well_other": Case(lambda: DoubleWell(a4=0.25, a2=1.5, a1=-0.2, k=3), -3, 3),
    "double_well_4": Case(DoubleWell4, -0.5, 0.5, "rhombus"),
    "ising": Case(lambda: Ising(3, 1.3, field=0.2), -1.5, 1.5, onto=tf.sign),
    "ising_open": Case(lambda: Ising(4, boundary="open"), -1.5, 1.5, onto=tf.sign),
    "ising_field": Case(lambda: IsingField(4, 2.3), -4, 4),
    "ising_field_other": Case(lambda: IsingField(3, 1.7, 0.8, field=0.4, delta=3.0), -4, 4),
    "lennard_jones_cluster": Case(lambda: LennardJonesCluster(3), -0.2, 0.2, "gas"),
    "molecule": Case(four_atoms, -0.4, 0.4),
    "mueller_brown": Case(MuellerBrown, -1.5, 2.0),
    "mueller_brown_unscaled": Case(lambda: MuellerBrown(scale=1.0), -1.5, 2.0),
    "nematic_chain": Case(lambda: Nematic("chain", 4, 1.3), -1, 1, onto=unit),
    "nematic_ring": Case(lambda: Nematic("ring", 5, field=0.3), -1, 1, onto=unit),
    "nematic_cubic": Case(lambda: Nematic("cubic", 3), -1, 1, onto=unit),
    "nematic_complete": Case(lambda: Nematic("complete", 6), -1, 1, onto=unit),
    "nematic_angles": Case(lambda: NematicAngles("cubic", 2, 0.8, field=0.2), -0.95, 0.95),
    "particle_system": Case(
        lambda: ParticleSystem(n=2, dimension=1, terms=[CentreTether(2), Tether([0.5], 2.0)]),
        -3,
        3,
    ),
    "polymer": Case(lambda: Polymer(4, pairs=LennardJones(), bending=1.5), -0.1, 0.1, "stretched"),
    "polymer_in_solvent": Case(  # of nothing but places: overlaps push further than walls do
        lambda: Polymer(3, dimension=2, solvent=2, box=Periodic(4.0)), -0.05, 0.05, "stretched"
    ),
    "solvated_dimer": Case(lambda: SolvatedDimer(solvent=4), -0.1, 0.1, "open"),
    "solvated_dimer_other": Case(
        lambda: SolvatedDimer(slope=-0.5, box=0.9, box_k=80.0, diameter=0.6, solvent=1),
        -0.1,
        0.1,
        "open",
    ),
    "spring_in_box": Case(SpringInBox, 0.01, 3.99),
    "spring_in_box_other": Case(lambda: SpringInBox(3.0, 0.5, wall_stiffness=10.0), 0.01, 0.49),
    "tethered": Case(
        lambda: Tethered(
            AtTemperature(SolvatedDimer(solvent=4), 4.0),
            SolvatedDimer(solvent=4).lattice(1.5),
            40.0,
            coordinates=slice(4, None),
        ),
        -0.1,
        0.1,
        "open",
    ),
    "within": Case(lambda: Within(DoubleWell(), "x1", (0.0, None)), 0.01, 2.5),
    "users_own": Case(Cluster, -2, 2),
    "users_tube": Case(Tube, 0.1, 1.9),
}


def whole_turns(x):
    """Angles brought back to [-pi, pi], cosines as they are."""
    angle = np.arange(x.shape[1]) % 2 == 1
    return np.where(angle, x - 2 * np.pi * np.round(x / (2 * np.pi)), x)


# Every stated symmetry: system, what leaves the energy unchanged.
SYMMETRIES: list[tuple[str, Callable[[np.ndarray], np.ndarray]]] = [
    *(
        (name, move)
        for name in ("ising", "ising_field", "ising_field_other")
        for move in (
            lambda x: np.roll(x, (1, 2), axis=(1, 2)),
            lambda x: x.transpose(0, 2, 1).copy(),
            lambda x: x[:, ::-1].copy(),
        )
    ),
    ("ising_open", lambda x: np.rot90(x, axes=(1, 2)).copy()),
    ("ising_open", lambda x: -x),
    ("ising_field", lambda x: -x),
    *(
        (f"nematic_{lattice}", move)
        for lattice in ("chain", "cubic", "complete")
        for move in (
            lambda x: x @ np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0],
            lambda x: x * np.where(np.arange(x.shape[1]) % 3 == 0, -1, 1)[:, None],  # some turned
        )
    ),
    ("nematic_chain", lambda x: x[:, ::-1].copy()),
    ("nematic_ring", lambda x: np.roll(x, 2, axis=1)),
    ("nematic_ring", lambda x: x * [1, -1, 1]),  # the field is along z
    (
        "nematic_cubic",
        lambda x: np.roll(x.reshape(-1, 3, 3, 3, 3), (1, 2), (1, 3)).reshape(x.shape),
    ),
    ("nematic_complete", lambda x: x[:, [3, 1, 5, 0, 4, 2]]),
    (
        "nematic_angles",
        lambda x: whole_turns(x * np.tile([-1, 1], 8) + np.tile([0, np.pi], 8)),  # all turned
    ),
    ("nematic_angles", lambda x: whole_turns(x + np.tile([0, 2.7], 8))),  # about the field
    ("double_well", lambda x: x * [1, -1]),
    ("solvated_dimer", lambda x: -x),
    ("solvated_dimer", lambda x: x * np.tile([1, -1], 6)),
    ("solvated_dimer", lambda x: x[:, [2, 3, 0, 1, *range(4, 12)]]),  # the dimer's ends
    ("solvated_dimer", lambda x: x[:, [0, 1, 2, 3, 8, 9, 4, 5, 10, 11, 6, 7]]),  # the solvent
    ("polymer", lambda x: -x),
    ("polymer_in_solvent", lambda x: x[:, [*range(6), 8, 9, 6, 7]]),
    ("polymer_in_solvent", lambda x: x[:, [4, 5, 2, 3, 0, 1, *range(6, 10)]]),  # read backwards
    ("spring_in_box", lambda x: 4 - x),  # reflection about the centre of the box
    ("spring_in_box", lambda x: x[:, ::-1].copy()),  # exchange, while both are in the box
    ("spring_in_box", lambda x: x + np.minimum(3.99 - x[:, :1], 0.7)),  # translation inside it
    ("users_own", lambda x: x[:, ::-1].copy()),
    ("users_own", lambda x: x @ np.array([[0.6, 0.8], [-0.8, 0.6]])),
]

names = pytest.mark.parametrize("name", SYSTEMS)


def points(name, n=32, seed=0):
    case = SYSTEMS[name]
    system = case.make()
    x = laws.configurations(system, case.low, case.high, n, seed)
    x = x if case.around is None else x + system.initial_state(case.around)
    return case.onto(tf.constant(x)).numpy()


def test_all_registered_systems_are_here():
    known = {*systems.REGISTRY.values(), *systems.WRAPPERS.values()}
    known -= {FluidBox, NeighbourLine}  # families alone, whose conditions change n: `test_boxes`
    assert {type(case.make()) for case in SYSTEMS.values()} >= known


@names
def test_gradient(name):
    @given(seed=st.integers(0, 2**32 - 1))
    def check(seed):
        system, x = SYSTEMS[name].make(), points(name, seed=seed)
        onto, step = SYSTEMS[name].onto, SYSTEMS[name].step
        laws.gradient_is_finite_difference(lambda v: system.energy(onto(v)), x, step)
        if type(system).training_energy is not System.training_energy:
            laws.gradient_is_finite_difference(lambda v: system.training_energy(onto(v)), x, step)
        laws.energies_are_per_configuration(system, x)
        laws.energy_dtypes_agree(system, x)
        laws.training_energy_is_true_inside(system, x)

    check()


@names
def test_xla(name):
    laws.energy_xla_agrees(SYSTEMS[name].make(), points(name))


@names
def test_training_gradient_is_finite(name):
    laws.training_gradient_is_finite_everywhere(SYSTEMS[name].make())


@names
def test_domain(name):
    system, x = SYSTEMS[name].make(), points(name, n=4)
    laws.energy_is_infinite_outside(system, x)
    laws.training_pushes_back(system, x)


@pytest.mark.xla
@pytest.mark.parametrize(
    "name",
    [
        "double_well",
        "ising_field",
        "mueller_brown",
        "solvated_dimer",
        "spring_in_box",
        "users_own",
    ],
)
def test_training_compiles_once(name):
    laws.training_compiles_once(SYSTEMS[name].make())


@names
def test_named_parts(name):
    system = SYSTEMS[name].make()
    system.check()
    laws.named_parts_have_their_shapes(system, points(name))


@pytest.mark.parametrize(("name", "move"), SYMMETRIES)
def test_symmetry(name, move):
    laws.is_symmetric(SYSTEMS[name].make(), points(name), move)


@pytest.mark.parametrize("name", [n for n in SYSTEMS if not n.startswith("users")])
def test_config_round_trip(name):
    system = SYSTEMS[name].make()
    document = json.loads(json.dumps(systems.to_document(system), allow_nan=False))
    twin = systems.from_document(document)
    assert type(twin) is type(system)
    assert systems.to_document(twin) == document
    x = points(name)
    assert np.array_equal(twin.energy(x), system.energy(x))
    far = tf.constant(3 * x)
    assert np.array_equal(twin.training_energy(far), system.training_energy(far))


# The laws can fail. Each of these breaks one.


class Broken(DoubleWell):
    """The double well with one thing overridden by each planted error."""


class StoppedGradient(Broken):
    def energy(self, x):
        return super().energy(x) + 1e-3 * tf.stop_gradient(x[:, 0])


class MixesTheBatch(Broken):
    def energy(self, x):
        return super().energy(x - 1e-6 * tf.reduce_mean(x, axis=0))


class SumsTheBatch(Broken):
    def energy(self, x):
        return tf.reduce_sum(super().energy(x))


class AlwaysDouble(Broken):
    def energy(self, x):
        return super().energy(tf.cast(x, tf.float64))


class OtherWhenCompiled(Broken):
    def energy(self, x):
        return super().energy(x) * (1 if tf.executing_eagerly() else 1.001)


class SoftInside(Broken):
    def training_energy(self, x):
        return 0.999 * self.energy(x)


class Overflowing(Broken):
    def training_energy(self, x):
        return super().energy(x) + tf.where(tf.abs(x[:, 0]) < 9, tf.exp(x[:, 0] ** 2), 0.0)


class TransposesInAFunctionOfItsOwn(Broken):
    @tf.function
    def training_energy(self, x):
        return super().energy(tf.transpose(tf.transpose(x)))


class PairCoordinate(Broken):
    reaction_coordinates = {"both": lambda x: x}


class StateOfThree(Broken):
    initial_states = {"left": np.zeros(3)}


class Tilted(Broken):
    def energy(self, x):
        return super().energy(x) + 1e-8 * x[:, 1]


@pytest.mark.parametrize(
    ("broken", "law", "message"),
    [
        (
            StoppedGradient,
            lambda s, x: laws.gradient_is_finite_difference(s.energy, x),
            "^gradient",
        ),
        (MixesTheBatch, laws.energies_are_per_configuration, "one at a time"),
        (SumsTheBatch, laws.energies_are_per_configuration, "shape"),
        (AlwaysDouble, laws.energy_dtypes_agree, "dtype"),
        (OtherWhenCompiled, laws.energy_xla_agrees, "XLA"),
        (SoftInside, laws.training_energy_is_true_inside, "training_energy"),
        (
            Overflowing,
            lambda s, x: laws.training_gradient_is_finite_everywhere(s),
            "not finite",
        ),
        pytest.param(
            TransposesInAFunctionOfItsOwn,
            lambda s, x: laws.training_compiles_once(s),
            "compiles at every call",
            marks=pytest.mark.xla,
        ),
        (PairCoordinate, laws.named_parts_have_their_shapes, "shape"),
        (StateOfThree, laws.named_parts_have_their_shapes, "shape"),
        (Tilted, lambda s, x: laws.is_symmetric(s, x, lambda v: v * [1, -1]), "symmetry"),
    ],
)
def test_law_rejects(broken, law, message):
    x = points("double_well")
    with pytest.raises(AssertionError, match=message):
        law(broken(), x)


class OpenBox(SpringInBox):
    def energy(self, x):
        return self._spring(x)


class HalfOpenBox(SpringInBox):
    def energy(self, x):
        return tf.where(x[..., 0] >= 0, self._spring(x), tf.cast(np.inf, x.dtype))


class ExactlyPi(Tube):
    def energy(self, x):
        inside = tf.abs(tf.cast(x[..., 1], tf.float64)) <= np.pi
        return tf.where(inside, super().energy(x), tf.cast(np.inf, x.dtype))


class BareTraining(SpringInBox):
    def training_energy(self, x):
        return 0 * x[..., 0]


class WallOfRock(SpringInBox):
    def training_energy(self, x):
        return self.energy(x)


class AnyVectors(Nematic):
    def confined(self, x, energy):
        return energy


@pytest.mark.parametrize(
    ("broken", "name", "law", "message"),
    [
        (OpenBox(), "spring_in_box", laws.energy_is_infinite_outside, "energy outside"),
        (HalfOpenBox(), "spring_in_box", laws.energy_is_infinite_outside, "energy outside"),
        (ExactlyPi(), "users_tube", laws.energy_is_infinite_outside, "on the edge"),
        (AnyVectors("ring", 5), "nematic_ring", laws.energy_is_infinite_outside, "outside"),
        (BareTraining(), "spring_in_box", laws.training_pushes_back, "no force back"),
        (WallOfRock(), "spring_in_box", laws.training_pushes_back, "not finite"),
    ],
)
def test_law_of_domains_rejects(broken, name, law, message):
    with pytest.raises(AssertionError, match=message):
        law(broken, points(name, n=4))


class Unbounded(Tube):
    bounds = None


class Backwards(Tube):
    bounds = (1.0, 0.0)


class OfThree(Tube):
    bounds = (0.0, [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("system", "message"),
    [
        (OpenBox(), r"OpenBox\.energy must be \+inf outside the domain 'box' .*, got 1e-06 at"),
        (HalfOpenBox(), r"HalfOpenBox\.energy must be \+inf outside the domain"),
        (Unbounded(), r"Unbounded\.bounds must be \(low, high\) for the domain 'torus', got None"),
        (Backwards(), r"Backwards\.bounds must have low < high"),
        (OfThree(), r"OfThree\.bounds must be \(low, high\), numbers or arrays that broadcast"),
        (Nematic("chain", 2), "must have a density over real vectors, got the unit vectors of"),
        (Ising(2), "must have a density over real vectors, got the spins of Ising"),
    ],
)
def test_generators_refuse_a_domain_that_energies_ignore(system, message):
    flow = realnvp(system.event_size, blocks=1, hidden=(2,))
    with pytest.raises(ValueError, match=message):
        BoltzmannGenerator(system, flow)


class WideBox(System):
    """Of so many bounds that a point beyond each of them would take 1.6 GB together."""

    event_shape = (10_000,)
    domain = "box"
    bounds = (-1.0, 2.0)
    height = 2.0

    def energy(self, x):
        outside = tf.nn.relu(-1.0 - x) + tf.nn.relu(x - self.height)
        return tf.where(tf.reduce_sum(outside, axis=-1) > 0, np.inf, 0.0 * x[..., 0])


def test_of_very_many_bounds_some_are_tried():
    """Each by a point that is beyond it alone, from the first to the last."""
    system = WideBox()
    x = _domain.outside_points(system)
    assert x.shape == (_domain.LOOKED_AT, 10_000)
    beyond = (x < -1) | (x > 2)
    assert np.all(beyond.sum(axis=1) == 1)
    assert beyond[0, 0]
    assert beyond[-1, -1]
    assert np.count_nonzero(x > 2) == np.count_nonzero(x < -1)
    system.check()
    # the planted error: a box that is higher than its bounds
    system.height = 3.0
    with pytest.raises(ValueError, match=r"WideBox\.energy must be \+inf outside the domain 'box'"):
        system.check()


@pytest.mark.parametrize("system", [Nematic("chain", 2), Ising(2)])
def test_random_walks_refuse_what_has_no_density(system):
    start = system.initial_states[next(iter(system.initial_states))]
    with pytest.raises(ValueError, match="system must have a density over real vectors"):
        sampling.metropolis(system, start, n_steps=1)


def test_false_symmetries_are_rejected():
    for name, move in [
        ("double_well", lambda x: x * [-1, 1]),
        ("mueller_brown", lambda x: x[:, ::-1].copy()),
        ("solvated_dimer", lambda x: np.roll(x, 2, axis=1)),  # dimer and solvent exchanged
        ("spring_in_box", lambda x: x + 1),  # translation out of the box
        ("users_own", lambda x: x + 1),
    ]:
        with pytest.raises(AssertionError, match="symmetry"):
            laws.is_symmetric(SYSTEMS[name].make(), points(name), move)
