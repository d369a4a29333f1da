"""Second virial coefficients, and the Lennard-Jones fluid by its equation of state."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gamma

from boltzmann_tf import exact

SPHERE = 2 * np.pi / 3


def lennard_jones(r):
    return 4 * (r**-12 - r**-6)


@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.5])
def test_lennard_jones_is_a_series(temperature):
    """B2 = -(2 pi / 3) sum of 2^(j - 3/2) / (2 j!) Gamma(j / 2 - 1 / 4) T^-(j / 2 + 1 / 4).

    Hirschfelder, Curtiss and Bird, Molecular Theory of Gases and Liquids.
    """
    terms = []
    for j in range(60):
        scale = 2.0**j / (4 * gamma(j + 1)) * np.sqrt(2) * gamma(0.5 * j - 0.25)
        terms.append(scale * temperature ** -(0.5 * j + 0.25))
    found = exact.second_virial_coefficient(lennard_jones, temperature)
    assert found == pytest.approx(-SPHERE * sum(terms), rel=1e-10)


def test_boyles_temperature():
    at = 3.417928023
    assert exact.second_virial_coefficient(lennard_jones, at) == pytest.approx(0, abs=1e-8)
    assert exact.second_virial_coefficient(lennard_jones, at + 0.01) > 1e-4


@pytest.mark.parametrize(("dimension", "wanted"), [(1, 1.0), (2, np.pi / 2), (3, SPHERE)])
def test_hard_cores_and_square_wells(dimension, wanted):
    """A well of depth 1 between 1 and 1.5: the core's volume less that of the well times e - 1."""
    none = exact.second_virial_coefficient(np.zeros_like, 1.0, dimension=dimension, core=1.0)
    assert none == pytest.approx(wanted, rel=1e-12)
    well = exact.second_virial_coefficient(
        lambda r: np.where(r < 1.5, -1.0, 0.0), 1.0, dimension=dimension, core=1.0, breaks=(1.5,)
    )
    grown = wanted * (1 - (1.5**dimension - 1) * np.expm1(1.0))
    assert well == pytest.approx(grown, rel=1e-9)


def test_coexistence_by_an_equation_of_state():
    pytest.importorskip("teqp")
    found = exact.lennard_jones_coexistence(1.0)
    assert found.vapour == pytest.approx(0.02945203, abs=1e-8)
    assert found.liquid == pytest.approx(0.7018208, abs=1e-7)
    assert found.pressure == pytest.approx(0.02488519, abs=1e-8)


def test_roots_that_are_no_phases_are_refused(monkeypatch):
    """Planted: a solver that gives one phase twice, and one whose pressures differ."""
    teqp = pytest.importorskip("teqp")
    made = teqp.make_model

    class Wrong:
        def __init__(self, roots):
            self.roots, self.model = roots, made({"kind": "LJ126_TholJPCRD2016", "model": {}})

        def __getattr__(self, name):
            return getattr(self.model, name)

        def pure_VLE_T(self, *_):  # noqa: N802
            return self.roots

    for roots, message in (
        ((0.7, 0.7), "two stable phases"),
        ((0.7018, 0.2), "two stable phases"),
        ((0.71, 0.0294), "phases in equilibrium"),
    ):
        monkeypatch.setattr(teqp, "make_model", lambda _, roots=roots: Wrong(roots))
        with pytest.raises(ValueError, match=message):
            exact.lennard_jones_coexistence(1.0)


def test_published_states_are_those_of_the_equations():
    """The numbers that `gibbs` compares with, evaluated anew."""
    from boltzmann_tf.reproductions.published import published

    pytest.importorskip("teqp")
    for t, state in published("gibbs", "equation_of_state", "states").items():
        found = exact.lennard_jones_coexistence(float(t))
        for name, value in state.items():
            assert getattr(found, name) == pytest.approx(value, abs=1e-6)
    feos, si = pytest.importorskip("feos"), pytest.importorskip("si_units")
    record = feos.PureRecord(feos.Identifier(name="pets"), 1.0, sigma=1.0, epsilon_k=100.0)
    model = feos.EquationOfState.pets(feos.Parameters.new_pure(record))
    for t, state in published("gibbs", "shifted", "states").items():
        both = feos.PhaseEquilibrium.pure(model, float(t) * 100 * si.KELVIN)
        for phase, name in ((both.vapor, "vapour"), (both.liquid, "liquid")):
            density = phase.density * si.NAV * si.ANGSTROM**3
            assert density == pytest.approx(state[name], abs=1e-6)
