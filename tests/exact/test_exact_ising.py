"""The Ising torus: Kaufman, counts, enumeration and dense transfer matrices against each other."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boltzmann_tf.exact import IsingTorus, OnsagerIsing, _ising_counts, _kaufman
from boltzmann_tf.exact.onsager import critical_temperature

T_C = critical_temperature()
TEMPERATURES = [0.3, 1.0, 2.0, T_C * (1 - 1e-9), T_C, T_C * (1 + 1e-9), 2.7, 5.0, 100.0]
BIG = 8


def enumerate_states(length):
    """Sum of s_i s_j over the 2 L² bonds and sum of s_i of all states, [2^(L²)] each."""
    sites = length**2
    spins = 1 - 2 * (np.arange(2**sites)[:, None] >> np.arange(sites) & 1)
    spins = spins.reshape(-1, length, length)
    bonds = spins * (np.roll(spins, -1, axis=1) + np.roll(spins, -1, axis=2))
    return bonds.sum(axis=(1, 2)), spins.sum(axis=(1, 2))


def averages(length, temperature, coupling=1.0, field=0.0):
    """ln Z, <H>, heat capacity, <|m|>, <m²>, Binder cumulant by enumeration."""
    bonds, magnetization = enumerate_states(length)
    energy = -coupling * bonds - field * magnetization
    weights = np.exp(-(energy - energy.min()) / temperature)
    p = weights / weights.sum()
    mean = p @ energy
    m = magnetization / length**2
    return {
        "log_z": math.log(weights.sum()) - energy.min() / temperature,
        "energy": mean,
        "heat_capacity": p @ (energy - mean) ** 2 / temperature**2,
        "mean_magnetization": p @ m,
        "mean_abs_magnetization": p @ np.abs(m),
        "mean_square_magnetization": p @ m**2,
        "binder_cumulant": 1 - p @ m**4 / (3 * (p @ m**2) ** 2),
    }


def dense_log_z(length, temperature, field=0.0):
    """ln Tr V^L with the row-to-row transfer matrix V, [2^L, 2^L]."""
    s = 1 - 2 * (np.arange(2**length)[:, None] >> np.arange(length) & 1)
    within = (s * np.roll(s, -1, axis=1)).sum(axis=1) + field * s.sum(axis=1)
    matrix = np.exp((s @ s.T + 0.5 * (within[:, None] + within)) / temperature)
    return math.log(np.sum(np.linalg.eigvalsh(matrix) ** length))


def slope(function, at, step):
    """First derivative by the central difference of eighth order."""
    weights = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
    return sum(w * function(at + i * step) for i, w in enumerate(weights, -4)) / step


# The finite torus without a field.


def test_reference_values():
    assert IsingTorus(4).log_z(T_C) == pytest.approx(15.521915458755, abs=1e-12)
    assert IsingTorus(8).log_z(T_C) == pytest.approx(60.141780789069, abs=1e-12)
    assert IsingTorus(4).mean_abs_magnetization(T_C) == pytest.approx(0.84386044481, abs=1e-11)
    assert IsingTorus(8).mean_abs_magnetization(T_C) == pytest.approx(0.77733109279, abs=1e-11)


@pytest.mark.parametrize("name", ["log_z", "free_energy", "energy", "heat_capacity"])
def test_per_site_is_what_the_infinite_lattice_calls_so(name):
    torus, t = IsingTorus(8, 1.3), 13.0  # far above T_c, where eight are as good as many
    per_site = getattr(torus, f"{name}_per_site")(t)
    assert per_site * 64 == getattr(torus, name)(t)
    assert per_site == pytest.approx(getattr(OnsagerIsing(1.3), f"{name}_per_site")(t), rel=1e-3)


@pytest.mark.parametrize("length", [2, 3, 4])
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_everything_against_enumeration(length, temperature):
    torus = IsingTorus(length)
    for name, value in averages(length, temperature).items():
        assert getattr(torus, name)(temperature) == pytest.approx(value, rel=1e-11, abs=1e-13), name


@pytest.mark.parametrize("length", [2, 3, 4])
@pytest.mark.parametrize("field", [-1.3, 0.2])
def test_everything_in_a_field_against_enumeration(length, field):
    torus = IsingTorus(length, 0.7, field)
    for temperature in (0.4, 1.6, 30.0):
        for name, value in averages(length, temperature, 0.7, field).items():
            assert getattr(torus, name)(temperature) == pytest.approx(value, rel=1e-11), name


@pytest.mark.parametrize("length", [5, 6, 7, 8])
@pytest.mark.parametrize("temperature", TEMPERATURES[1:])
def test_kaufman_against_the_counts(length, temperature):
    energies, g = IsingTorus(length).density_of_states()
    weights = g * np.exp(-(energies - energies[0]) / temperature)
    p = weights / weights.sum()
    log_z = math.log(weights.sum()) - energies[0] / temperature
    variance = p @ (energies - p @ energies) ** 2
    torus = IsingTorus(length)
    assert torus.log_z(temperature) == pytest.approx(log_z, rel=1e-14)
    assert torus.energy(temperature) == pytest.approx(p @ energies, rel=1e-12)
    assert torus.heat_capacity(temperature) == pytest.approx(variance / temperature**2, rel=1e-12)


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 7), st.floats(0.1, 100.0), st.floats(0.5, 2.0))
def test_kaufman_against_the_counts_at_any_temperature(length, temperature, coupling):
    torus = IsingTorus(length, coupling)
    # A field too small to change a digit selects the sums over the counts.
    sums = IsingTorus(length, coupling, 1e-300)
    assert torus.log_z(temperature) == pytest.approx(sums.log_z(temperature), rel=1e-13)
    assert torus.energy(temperature) == pytest.approx(sums.energy(temperature), rel=1e-11)
    assert torus.heat_capacity(temperature) == pytest.approx(
        sums.heat_capacity(temperature), rel=1e-11
    )


@pytest.mark.parametrize("length", [2, 7, 12, 33])
@pytest.mark.parametrize("temperature", [1.1, 2.0, T_C, 2.4, 7.0])
def test_derivatives_against_differences(length, temperature):
    torus = IsingTorus(length, 1.0)
    step = 0.06 / max(length, 8) * temperature
    energy = temperature**2 * slope(torus.log_z, temperature, step)
    assert torus.energy(temperature) == pytest.approx(energy, rel=1e-8)
    capacity = slope(torus.energy, temperature, step)
    assert torus.heat_capacity(temperature) == pytest.approx(capacity, rel=1e-7)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 1.5, 4.0, 10.0, 100.0])
def test_large_torus_against_the_infinite_lattice(temperature):
    torus, lattice = IsingTorus(128), OnsagerIsing()
    # Below T_c the two ordered phases add ln 2; all else is exponentially small in L/xi.
    log_z = torus.log_z(temperature) - (math.log(2) if temperature < T_C else 0.0)
    assert log_z / 128**2 == pytest.approx(lattice.log_z_per_site(temperature), rel=1e-14)
    assert torus.energy(temperature) / 128**2 == pytest.approx(
        lattice.energy_per_site(temperature), rel=1e-13
    )
    assert torus.heat_capacity(temperature) / 128**2 == pytest.approx(
        lattice.heat_capacity_per_site(temperature), rel=1e-13
    )


def test_critical_finite_size_corrections():
    # Ferdinand and Fisher 1969: ln Z - N ln z tends to ln[(θ2 + θ3 + θ4)/(2 η)] at the nome
    # e^-pi, with 1/L² corrections; u + sqrt 2 goes as 1/L; C/N grows as 0.4945 ln L.
    n = np.arange(-5, 6)
    theta = [
        np.exp(-math.pi * (n + 0.5) ** 2).sum(),
        np.exp(-math.pi * n**2).sum(),
        ((-1.0) ** n * np.exp(-math.pi * n**2)).sum(),
    ]
    limit = math.log(sum(theta) / (2 * (0.5 * math.prod(theta)) ** (1 / 3)))
    log_z, energy, capacity = [], [], []
    for length in (64, 128):
        torus, sites = IsingTorus(length), length**2
        bulk = sites * OnsagerIsing().log_z_per_site(T_C)
        log_z.append(torus.log_z(T_C) - bulk - limit)
        energy.append((torus.energy(T_C) / sites + math.sqrt(2)) * length)
        capacity.append(torus.heat_capacity(T_C) / sites)
    assert abs(log_z[1]) < 1e-4
    assert log_z[1] == pytest.approx(log_z[0] / 4, rel=0.02)
    assert energy[1] == pytest.approx(energy[0], rel=1e-3)
    growth = (capacity[1] - capacity[0]) / math.log(2)
    assert growth == pytest.approx(2 / math.pi * math.asinh(1) ** 2, rel=5e-3)


def test_no_overflow_and_no_loss_at_extreme_temperatures():
    cold = IsingTorus(3)
    # Ground states and their single flips: C = N (8 J)² e^(-8K)/T².
    for torus in (cold, IsingTorus(9), IsingTorus(500)):
        n = torus.sites
        assert torus.log_z(0.01) == pytest.approx(math.log(2) + 200 * n, rel=1e-15)
        assert torus.energy(0.01) == -2 * n
        assert torus.heat_capacity(0.1) == pytest.approx(64e2 * n * math.exp(-80), rel=1e-12)
        assert torus.heat_capacity(1e-3) == 0.0
        assert torus.log_z(1e6) == pytest.approx(n * math.log(2), rel=1e-11)
        assert torus.energy(1e6) == pytest.approx(-2e-6 * n, rel=1e-5)
        assert torus.heat_capacity(1e6) == pytest.approx(2e-12 * n, rel=1e-5)


@pytest.mark.parametrize("length", [2, 8, 9, 30])
def test_heat_capacity_where_the_method_changes(length):
    kaufman = _kaufman.kaufman_log_z(length, 1.5, 0.9).curvature * (3 / 0.9) ** 2
    assert IsingTorus(length, 1.5).heat_capacity(0.9) == pytest.approx(kaufman, rel=1e-12)


def test_units_of_the_coupling():
    one, other = IsingTorus(10), IsingTorus(10, 2.5)
    assert other.log_z(5.0) == pytest.approx(one.log_z(2.0), rel=1e-14)
    assert other.free_energy(5.0) == pytest.approx(2.5 * one.free_energy(2.0), rel=1e-14)
    assert other.energy(5.0) == pytest.approx(2.5 * one.energy(2.0), rel=1e-13)
    assert other.heat_capacity(5.0) == pytest.approx(one.heat_capacity(2.0), rel=1e-12)
    assert OnsagerIsing(2.5).critical_temperature == pytest.approx(2.5 * T_C, rel=1e-15)


def test_wrong_sign_of_the_last_product_is_caught(monkeypatch):
    right = _kaufman._log_four_products
    monkeypatch.setattr(_kaufman, "_log_four_products", lambda n, u, _: right(n, u, 1))
    torus = IsingTorus(4)
    assert torus.log_z(2.0) == pytest.approx(averages(4, 2.0)["log_z"], rel=1e-13)
    assert abs(torus.log_z(2.7) - averages(4, 2.7)["log_z"]) > 0.1


def test_bonds_of_the_smallest_torus_counted_once_are_caught():
    bonds, _ = enumerate_states(2)  # every one of them twice
    planted = math.log(np.exp(0.5 * bonds / 2.0).sum())
    assert abs(IsingTorus(2).log_z(2.0) - planted) > 0.5
    assert IsingTorus(2).density_of_states()[0].tolist() == [-8.0, 0.0, 8.0]


# Counts of states.


@pytest.mark.parametrize("length", [2, 3, 4])
def test_counts_against_enumeration(length):
    energies, magnetizations, g = IsingTorus(length, 0.5).counts()
    states = np.stack(enumerate_states(length), axis=1)
    keys, numbers = np.unique(states, axis=0, return_counts=True)
    expected = {(-0.5 * b, m): n for (b, m), n in zip(keys.tolist(), numbers, strict=True)}
    rows, columns = np.nonzero(g)
    found = {(energies[i], magnetizations[j]): g[i, j] for i, j in zip(rows, columns, strict=True)}
    assert found == expected
    assert g.dtype == np.uint64


def test_density_of_states_of_the_largest_torus():
    energies, g = IsingTorus(BIG).density_of_states()
    assert sum(int(n) for n in g) == 2**64
    # Beale, Phys. Rev. Lett. 76, 78 (1996) gives the algorithm; these are its first terms.
    assert energies[:5].tolist() == [-128, -120, -116, -112, -108]
    assert g[:5].tolist() == [2, 128, 256, 4672, 17920]
    np.testing.assert_array_equal(g, g[::-1])
    np.testing.assert_array_equal(energies, -energies[::-1])


@pytest.mark.parametrize("length", [5, 6, 7, 8])
def test_counts_of_each_magnetization(length):
    _, magnetizations, g = IsingTorus(length).counts()
    n = length**2
    ups = [math.comb(n, (n + m) // 2) for m in magnetizations.tolist()]
    assert [sum(int(x) for x in column) for column in g.T] == ups
    np.testing.assert_array_equal(g, g[:, ::-1])


@pytest.mark.parametrize("length", [2, 5, 8])
@pytest.mark.parametrize("field", [0.0, 0.05, -1.5])
def test_log_z_against_dense_transfer_matrices(length, field):
    for temperature in (1.5, T_C, 6.0):
        expected = dense_log_z(length, temperature, field)
        assert IsingTorus(length, 1.0, field).log_z(temperature) == pytest.approx(expected, 1e-12)


def test_counts_cannot_be_changed_by_their_user():
    before = IsingTorus(3).density_of_states()[1]
    IsingTorus(3).counts()[2][:] = 0
    np.testing.assert_array_equal(IsingTorus(3).density_of_states()[1], before)
    assert not _ising_counts.count_states(3).flags.writeable


def test_length_from_numpy():
    torus = IsingTorus(np.int32(3))
    assert torus.log_z(2.0) == IsingTorus(3).log_z(2.0)
    np.testing.assert_array_equal(torus.counts()[2], IsingTorus(3).counts()[2])


# Distribution of the magnetization.


@pytest.mark.parametrize("field", [0.0, 0.4])
@pytest.mark.parametrize("temperature", [0.7, T_C, 8.0])
def test_magnetization_distribution_against_enumeration(temperature, field):
    bonds, magnetization = enumerate_states(4)
    weights = np.exp((bonds - 32 + field * magnetization) / temperature)
    p = np.bincount((magnetization + 16) // 2, weights)
    values, found = IsingTorus(4, 1.0, field).magnetization_distribution(temperature)
    np.testing.assert_array_equal(values, np.arange(-16, 17, 2))
    np.testing.assert_allclose(found, p / p.sum(), rtol=1e-12)
    assert found.sum() == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize(
    ("temperature", "field"), [(0.1, 0.0), (1.0, 0.3), (T_C, 0.0), (50.0, 0.0)]
)
def test_every_probability_is_accurate_relative_to_itself(temperature, field):
    torus = IsingTorus(BIG, 1.0, field)
    energies, magnetizations, g = torus.counts()
    with localcontext() as context:
        context.prec = 60
        t, h = Decimal(temperature), Decimal(field)
        boltzmann = [(-Decimal(e) / t).exp() for e in energies.tolist()]
        weights = []
        for m, column in zip(magnetizations.tolist(), g.T.tolist(), strict=True):
            total = sum(n * b for n, b in zip(column, boltzmann, strict=True))
            weights.append(total * (h * m / t).exp())
        p = np.array([float(w / sum(weights)) for w in weights])
        log_z = float(sum(weights).ln())
        expected = np.array([-float((w / sum(weights)).ln()) for w in weights])
    _, found = torus.magnetization_distribution(temperature)
    np.testing.assert_allclose(found, p, rtol=3e-13, atol=0)
    np.testing.assert_allclose(
        torus.magnetization_free_energy(temperature)[1], expected, rtol=3e-15, atol=3e-13
    )
    assert torus.log_z(temperature) == pytest.approx(log_z, rel=1e-15)
    if field == 0:
        np.testing.assert_array_equal(found, found[::-1])
        assert found.min() < 1e-100 or temperature > 1


def test_profile_beyond_the_range_of_probabilities():
    _, p = IsingTorus(6).magnetization_distribution(0.02)
    _, profile = IsingTorus(6).magnetization_free_energy(0.02)
    assert p.min() == 0.0
    # A band of one or more rows: 2 L unequal bonds, 2 L (2 J)/T.
    assert profile[18] == pytest.approx(24 / 0.02, abs=4.0)
    assert profile[0] == pytest.approx(math.log(2), abs=1e-14)


def test_moments_in_order_and_in_disorder():
    torus = IsingTorus(6)
    assert torus.binder_cumulant(0.3) == pytest.approx(2 / 3, abs=1e-9)
    # Independent spins: <m²> = 1/N and <m^4> = (3 - 2/N)/N².
    assert torus.mean_square_magnetization(1e9) == pytest.approx(1 / 36, rel=1e-7)
    assert torus.binder_cumulant(1e9) == pytest.approx(2 / (3 * 36), rel=1e-6)
    assert torus.mean_abs_magnetization(0.3) == pytest.approx(1.0, abs=1e-9)
    assert torus.mean_magnetization(0.3) == IsingTorus(9).mean_magnetization(0.3) == 0.0
    # In a field, by the derivative of ln Z.
    derivative = slope(lambda h: IsingTorus(5, 1.0, h).log_z(2.5), 0.3, 0.005) * 2.5 / 25
    assert IsingTorus(5, 1.0, 0.3).mean_magnetization(2.5) == pytest.approx(derivative, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: IsingTorus(1), ValueError, "length must be an integer >= 2, got 1"),
        (lambda: IsingTorus(4.0), TypeError, "length must be an integer >= 2, got 4.0"),
        (lambda: IsingTorus(4, -1.0), ValueError, "coupling must be a positive finite number"),
        (lambda: IsingTorus(4, field=math.nan), ValueError, "field must be a finite number"),
        (lambda: IsingTorus(4, field="0"), TypeError, "field must be a finite number, got '0'"),
        (lambda: IsingTorus(4).log_z(0.0), ValueError, "temperature must be a positive .* 0.0"),
        (lambda: IsingTorus(4).heat_capacity("T"), TypeError, "temperature must be a positive"),
        (lambda: IsingTorus(4).mean_magnetization(-1), ValueError, "temperature must be a pos"),
        (lambda: IsingTorus(4).binder_cumulant(-1), ValueError, "temperature must be a positive"),
        (lambda: IsingTorus(9).counts(), ValueError, "length must be at most 8 for counts, got 9"),
        (lambda: IsingTorus(9).density_of_states(), ValueError, "length must be at most 8"),
        (lambda: IsingTorus(9).mean_abs_magnetization(2.0), ValueError, "length must be at most 8"),
        (lambda: IsingTorus(9).magnetization_free_energy(2.0), ValueError, "length must be at"),
        (lambda: IsingTorus(9, field=0.1).log_z(2.0), ValueError, "length .* log_z in a field"),
        (lambda: IsingTorus(9, field=0.1).energy(2.0), ValueError, "length .* energy in a field"),
        (lambda: IsingTorus(9, field=0.1).heat_capacity(0.1), ValueError, "length must be at most"),
        (lambda: OnsagerIsing(0.0), ValueError, "coupling must be a positive"),
        (lambda: OnsagerIsing().magnetization(math.inf), ValueError, "temperature must be a pos"),
        (lambda: critical_temperature(-1.0), ValueError, "coupling must be a positive"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
