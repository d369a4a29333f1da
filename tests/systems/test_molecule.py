"""Molecules that are read from OpenMM: energies and forces are those of its Reference platform."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import tensorflow as tf
from molecules import SHAPE, force_field, reference, shaken

from boltzmann_tf import BoltzmannGenerator, sampling, systems
from boltzmann_tf.bijectors import InternalCoordinates, z_matrix
from boltzmann_tf.potentials import Torsion, _layouts
from boltzmann_tf.reproductions.alanine_dipeptide import parameters
from boltzmann_tf.reproductions.alanine_dipeptide.parameters import topology
from boltzmann_tf.systems import AlanineDipeptide, Molecule, _openmm_terms
from boltzmann_tf.systems.alanine_dipeptide import FILE

openmm = pytest.importorskip("openmm")

MODELS = {
    "ff96, OBC1": (("amber96.xml", "implicit/obc1.xml"), None),
    "ff96, OBC1, cut": (("amber96.xml", "implicit/obc1.xml"), 0.5),
    "ff96, OBC2 of GBSAOBCForce": (("amber96.xml", "amber96_obc.xml"), None),
    "ff96, OBC2 of GBSAOBCForce, cut": (("amber96.xml", "amber96_obc.xml"), 0.5),
    "ff99SB-ILDN, OBC2 of GBSAOBCForce": (("amber99sbildn.xml", "amber99_obc.xml"), None),
    "ff99SB-ILDN, OBC2": (("amber99sbildn.xml", "implicit/obc2.xml"), None),
    "ff99SB-ILDN, OBC2, cut": (("amber99sbildn.xml", "implicit/obc2.xml"), 0.5),
    "ff96 in vacuum": (("amber96.xml",), None),
    "ff96 in vacuum, cut": (("amber96.xml",), 0.5),
}
ENERGY, FORCE = 1e-10, 1e-10  # kT; relative to the largest
SINGLE = 2e-4  # kT, in float32


def read(name="ff96, OBC1", kelvin=300.0):
    files, cut = MODELS[name]
    return Molecule.from_openmm(force_field(*files, cut=cut), topology(), kelvin=kelvin)


def energies(molecule, positions, dtype="float64"):
    """Energies and gradients with respect to positions, in kT."""
    x = tf.constant(molecule.configuration(positions), dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        u = molecule.energy(x)
    gradient = np.reshape(tape.gradient(u, x), (len(positions), molecule.n - 1, 3))
    return u.numpy(), molecule.basis.T @ gradient


def held_against_openmm(name, count, changed=None):
    molecule, (files, cut) = read(name), MODELS[name]
    if changed is not None:
        molecule = changed(molecule)
    positions = shaken(count)
    wanted, forces = (v / molecule.kt for v in reference(force_field(*files, cut=cut), positions))
    u, gradient = energies(molecule, positions)
    np.testing.assert_allclose(u, wanted, rtol=0, atol=ENERGY)
    np.testing.assert_allclose(gradient, forces, rtol=0, atol=FORCE * np.abs(forces).max())


@pytest.mark.parametrize("name", MODELS)
def test_energies_and_forces(name):
    held_against_openmm(name, 30)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_energies_and_forces_of_a_thousand(name):
    held_against_openmm(name, 1000)


def test_a_force_constant_that_is_slightly_off_is_noticed(monkeypatch):
    """Planted: Coulomb's constant with the nine digits that are often quoted."""
    monkeypatch.setattr(_openmm_terms, "COULOMB", 138.935457644)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        held_against_openmm("ff96 in vacuum", 5)


def test_single_precision():
    """Of the same configurations, which single precision holds exactly."""
    molecule = read()
    x = tf.constant(molecule.configuration(shaken(1000, size=0.003)), tf.float32)
    exact = molecule.energy(tf.cast(x, tf.float64)).numpy()
    np.testing.assert_allclose(molecule.energy(x).numpy(), exact, rtol=0, atol=SINGLE)


def test_both_engines():
    molecule = read("ff96, OBC2 of GBSAOBCForce, cut")
    x = molecule.configuration(shaken(5))
    np.testing.assert_allclose(
        sampling.particle_energies(x, molecule), molecule.energy(x), rtol=0, atol=ENERGY
    )


@pytest.mark.parametrize("name", ["ff96, OBC1", "ff96, OBC2 of GBSAOBCForce, cut"])
def test_documents_need_no_openmm(name):
    molecule = read(name)
    text = json.dumps(systems.to_document(molecule))
    again = systems.from_document(json.loads(text))
    x = molecule.configuration(shaken(3))
    np.testing.assert_array_equal(molecule.energy(x), again.energy(x))
    assert json.dumps(systems.to_document(again)) == text
    assert len(text) < 20_000


@pytest.mark.parametrize("name", ["ff96, OBC1", "ff96, OBC2 of GBSAOBCForce, cut"])
def test_both_layouts_of_pairs(name, monkeypatch):
    """That of few particles and that of many: energies and gradients."""
    few = energies(read(name), shaken(3))
    monkeypatch.setattr(_layouts, "LISTED", 0)
    many = energies(read(name), shaken(3))
    np.testing.assert_allclose(many[0], few[0], rtol=0, atol=ENERGY)
    np.testing.assert_allclose(many[1], few[1], rtol=0, atol=1e-12 * np.abs(few[1]).max())


def test_two_models_that_are_easily_taken_for_each_other():
    one, other = (read(name) for name in ("ff96, OBC1", "ff96, OBC2 of GBSAOBCForce"))
    u, v = (m.kilojoules(energies(m, SHAPE[None])[0][0]) for m in (one, other))
    assert v - u == pytest.approx(8.72, abs=0.01)


def test_a_generator_is_saved_with_its_molecule(tmp_path):
    """By numbers alone; what loads it needs no OpenMM."""
    molecule = read()
    z = z_matrix(molecule.n, molecule.bonds, molecule.elements)
    BoltzmannGenerator(molecule, InternalCoordinates(z)).save(tmp_path / "generator")
    again = BoltzmannGenerator.load(tmp_path / "generator")
    x = molecule.configuration(shaken(2))
    np.testing.assert_array_equal(again.system.energy(x), molecule.energy(x))
    assert again.system.names == molecule.names


@pytest.mark.slow
def test_bpti():
    """The published choices; -8485.43 kJ/mol is a known value of this file."""
    file = os.environ.get("BPTI_PDB")
    if file is None:
        pytest.skip("BPTI_PDB must name the file")
    pdb = openmm.app.PDBFile(file)
    files = ("amber99sbildn.xml", "amber99_obc.xml")
    system = openmm.app.ForceField(*files).createSystem(
        pdb.topology,
        nonbondedMethod=openmm.app.CutoffNonPeriodic,
        nonbondedCutoff=1 * openmm.unit.nanometer,
        constraints=None,
    )
    molecule = Molecule.from_openmm(system, pdb.topology)
    positions = pdb.getPositions(asNumpy=True).value_in_unit(openmm.unit.nanometer)[None]
    u, gradient = energies(molecule, positions)
    wanted, forces = (v / molecule.kt for v in reference(system, positions))
    assert u[0] * molecule.kt == pytest.approx(-8485.43, abs=0.01)
    assert u[0] * molecule.kt == pytest.approx(wanted[0] * molecule.kt, abs=1e-6)
    np.testing.assert_allclose(gradient, forces, rtol=0, atol=FORCE * np.abs(forces).max())


def test_what_it_is_told():
    molecule = read(kelvin=310.0)
    assert molecule.event_shape == (63,)
    assert molecule.names[8] == "CA" == molecule.names[molecule.atom("ALA2:CA")]
    assert molecule.elements[8] == "C"
    assert molecule.residues[8] == "ALA2"
    assert molecule.masses.sum() == pytest.approx(144.17, abs=0.01)
    assert len(molecule.bonds) == 21
    assert molecule.kilojoules(2.0) == pytest.approx(2 * 8.314462618e-3 * 310)
    assert molecule.kilocalories(2.0) == pytest.approx(2 * 8.314462618e-3 * 310 / 4.184)
    # The same energy in kJ/mol at every temperature.
    u = [read(kelvin=t).kt * energies(read(kelvin=t), SHAPE[None])[0] for t in (300.0, 600.0)]
    np.testing.assert_allclose(u[0], u[1], rtol=1e-12)


@pytest.mark.parametrize("shape", ["on each other", "in a row", "far away"])
def test_gradients_in_training_are_numbers(shape):
    molecule = read()
    r = {
        "on each other": np.zeros_like(SHAPE),
        "in a row": 0.1 * np.arange(22)[:, None] * [[1.0, 0.0, 0.0]],
        "far away": 1e3 * SHAPE,
    }[shape]
    x = tf.constant(molecule.configuration(r[None]), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        u = molecule.training_energy(x)
    assert np.all(np.isfinite(u))
    assert np.all(np.isfinite(tape.gradient(u, x)))


@pytest.mark.parametrize("name", MODELS)
def test_at_another_temperature(name):
    """The same energy in kJ/mol."""
    molecule, x = read(name), read(name).configuration(shaken(3))
    hot = molecule.at(510.0)
    assert hot.kelvin == 510
    np.testing.assert_allclose(
        hot.kilojoules(hot.energy(x)), molecule.kilojoules(molecule.energy(x)), rtol=1e-12
    )


def test_alanine_dipeptide_is_what_openmm_has():
    molecule = AlanineDipeptide()
    held_against_openmm("ff96, OBC1", 30, lambda _: molecule)
    hot = AlanineDipeptide(kelvin=450.0)
    x = molecule.configuration(shaken(3))
    np.testing.assert_allclose(hot.kt * hot.energy(x), molecule.kt * molecule.energy(x), rtol=1e-12)
    assert systems.to_document(hot) == {"name": "alanine_dipeptide", "config": {"kelvin": 450.0}}


def test_its_file_is_what_the_script_writes(tmp_path):
    parameters.main(tmp_path / "file.json")
    new, old = (json.loads(f.read_text()) for f in (tmp_path / "file.json", FILE))
    assert new["molecule"] == old["molecule"]
    for state, r in old["states"].items():
        np.testing.assert_allclose(r, new["states"][state], atol=2e-5)


@pytest.mark.parametrize(("state", "kilojoules"), [("C7eq", -154.6), ("alpha_L", -128.4)])
def test_its_shapes(state, kilojoules):
    """L, the peptide bonds trans, phi and psi as said; the first energy is a published one."""
    molecule = AlanineDipeptide()
    x = molecule.initial_state(state)
    assert float(molecule.kilojoules(molecule.energy(x[None]))[0]) == pytest.approx(
        kilojoules, abs=0.05
    )
    angles = [float(np.degrees(f(x))) for f in molecule.reaction_coordinates.values()]
    assert angles == pytest.approx(parameters.SHAPES[state], abs=0.01)
    r = molecule.positions(x).numpy()
    n, ca, c, cb = (r[molecule.atom(f"ALA2:{a}")] for a in ("N", "CA", "C", "CB"))
    assert 1e3 * np.cross(n - ca, c - ca) @ (cb - ca) == pytest.approx(2.5, abs=0.2)
    mirrored = molecule.configuration(r * [-1, 1, 1])
    np.testing.assert_allclose(molecule.energy(mirrored[None]), molecule.energy(x[None]), rtol=1e-9)
    for members in ((1, 4, 6, 8), (8, 14, 16, 18)):
        omega = Torsion(*members)(list(tf.constant(r.T)), None)
        assert abs(float(np.degrees(omega))) == pytest.approx(180, abs=0.01)


def changed_by(change):
    system = force_field("amber96.xml", "implicit/obc1.xml")
    change(system)
    return lambda: Molecule.from_openmm(system, topology())


def pme(system):
    [force] = [f for f in system.getForces() if isinstance(f, openmm.NonbondedForce)]
    force.setNonbondedMethod(force.PME)


def other_screening(system):
    [force] = [f for f in system.getForces() if isinstance(f, openmm.CustomGBForce)]
    name, expression, kind = force.getComputedValueParameters(1)[0], "1/(1/or-0.9*I)", 0
    force.setComputedValueParameters(1, name, expression, kind)


REFUSED = {
    "a force": (
        lambda s: s.addForce(openmm.CustomBondForce("r")),
        r"forces of \[.*\] and nothing else, got CustomBondForce",
    ),
    "two of a kind": (
        lambda s: s.addForce(openmm.HarmonicBondForce(s.getForce(0))),
        r"one force of each kind, got more for \['bonds'\]",
    ),
    "a constraint": (
        lambda s: s.addConstraint(1, 2, 0.1),
        r"no constraints, which hold degrees of freedom .* got 1, the first of particles 1 and 2",
    ),
    "a method": (pme, r"method of NonbondedForce must be NoCutoff or CutoffNonPeriodic, got PME"),
    "a model": (other_screening, r"CustomGBForce must be one of implicit/obc1.xml or .*0\.9\*I"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_known_is_named(what):
    change, message = REFUSED[what]
    with pytest.raises(ValueError, match=message):
        changed_by(change)()


def test_a_topology_of_another_length():
    longer = topology()
    longer.addAtom("X", openmm.app.element.carbon, list(longer.residues())[-1])
    with pytest.raises(ValueError, match="topology must have 22 atoms, as system, got 23"):
        Molecule.from_openmm(force_field("amber96.xml"), longer)
    with pytest.raises(ValueError, match=r"kelvin must be .*got 0"):
        Molecule.from_openmm(force_field("amber96.xml"), topology(), kelvin=0)
