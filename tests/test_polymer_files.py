"""Sizes of chains through files: with the right call each reader finds R_ee and R_g.

The calls are those of the table in docs/polymers.md; what a reader makes of a chain by default is
shown to be something else, where it is.
"""

from __future__ import annotations

import numpy as np
import pytest

from boltzmann_tf import sampling, systems, trajectories
from boltzmann_tf.potentials import Periodic

N, FRAMES = 24, 3
CHAINS = {"open": systems.Polymer(N), "periodic": systems.Polymer(N, box=Periodic(5.0))}


class Case:
    """Chains several times longer than half the box."""

    def __init__(self, name):
        self.system = CHAINS[name]
        start = np.tile(self.system.initial_state("stretched"), (FRAMES, 1))
        state = sampling.polymer_state(start, seed=5)
        state, info = sampling.polymer_rounds(state, 200, system=self.system)
        self.x = state.x
        self.sizes = np.stack([info.end_to_end_squared[:, -1], info.gyration_squared[:, -1]])
        self.lengths = self.system.lengths

    def write(self, path, **options):
        trajectories.write(path, self.x, self.system, **options)
        return str(path)


@pytest.fixture(params=CHAINS)
def case(request):
    return Case(request.param)


def sizes(r):
    """R_ee^2 and R_g^2 of positions `[frames, beads, 3]`, `[2, frames]`."""
    r = np.asarray(r, np.float64)
    return np.stack([np.sum((r[:, -1] - r[:, 0]) ** 2, axis=-1), np.sum(r.var(axis=1), axis=-1)])


def walked(r, sides):
    """A walk of one's own along the bonds, each to the nearest image."""
    steps = np.diff(np.asarray(r, np.float64), axis=1)
    if sides is not None:
        steps -= sides * np.round(steps / sides)
    return np.concatenate([np.zeros_like(steps[:, :1]), np.cumsum(steps, axis=1)], axis=1)


def is_cut(case, r):
    """In a periodic box positions as they are give other sizes."""
    if case.lengths is not None:
        assert np.abs(sizes(r) - case.sizes).max() > 1.0


def test_chains_are_long(case):
    assert np.sqrt(case.sizes[0]).max() > 2.5
    np.testing.assert_allclose(sizes(case.system.positions_unwrapped(case.x)), case.sizes)


@pytest.mark.parametrize("reader", ["gsd", "freud", "MDTraj", "MDAnalysis"])
def test_gsd(reader, case, tmp_path):
    hoomd = pytest.importorskip("gsd.hoomd")
    path = case.write(tmp_path / "chain.gsd")
    if reader == "MDTraj":
        loaded = pytest.importorskip("mdtraj").load(path)
        is_cut(case, loaded.xyz)
        r = walked(loaded.xyz, case.lengths)
    elif reader == "MDAnalysis":
        universe = pytest.importorskip("MDAnalysis").Universe(path)
        r = np.array([universe.atoms.positions.copy() for _ in universe.trajectory])
        is_cut(case, r)
        r = walked(r, case.lengths)
    else:
        freud = pytest.importorskip("freud") if reader == "freud" else None
        with hoomd.open(path) as file:
            frames = list(file)
        is_cut(case, [f.particles.position for f in frames])
        r = [
            f.particles.position + f.particles.image * f.configuration.box[:3]
            if freud is None
            else freud.Box.from_box(f.configuration.box).unwrap(
                f.particles.position, f.particles.image
            )
            for f in frames
        ]
    np.testing.assert_allclose(sizes(r), case.sizes, rtol=1e-4)


@pytest.mark.parametrize("suffix", ["dcd", "xtc", "dump"])
@pytest.mark.parametrize("reader", ["MDTraj", "MDAnalysis"])
def test_trajectories_of_whole_chains(reader, suffix, case, tmp_path):
    """Written whole, they are as they are; distances must then not be to the nearest image."""
    mdtraj = pytest.importorskip("mdtraj")
    path = case.write(tmp_path / f"chain.{suffix}", whole=True)
    if suffix == "dump":
        case.write(tmp_path / "chain.dcd", whole=True)  # for its names and bonds
        path = case.write(tmp_path / "chain.lammpstrj", whole=True)
    top = str(tmp_path / "chain.pdb")
    tolerance = 3e-3 if suffix == "xtc" else 1e-4  # three decimals of a nanometre
    if reader == "MDTraj":
        loaded = mdtraj.load(path, top=mdtraj.load(top).top)
        scale = 10.0 if suffix == "dump" else 1.0  # dumps are taken for angstroms
        r = scale * loaded.xyz
        ends = mdtraj.compute_distances(loaded, [[0, N - 1]], periodic=False)[:, 0] * scale
        np.testing.assert_allclose(ends**2, case.sizes[0], rtol=tolerance)
        if case.lengths is not None:
            near = mdtraj.compute_distances(loaded, [[0, N - 1]])[:, 0] * scale
            assert np.abs(near**2 - case.sizes[0]).max() > 1.0
    else:
        mda = pytest.importorskip("MDAnalysis")
        options = {"format": "LAMMPSDUMP"} if suffix == "dump" else {}
        files = [path] if suffix == "dump" else [top, path]
        universe = mda.Universe(*files, **options)
        r = np.array([universe.atoms.positions.copy() for _ in universe.trajectory])
        r = r if suffix == "dump" else r / 10  # angstroms of nanometres
    np.testing.assert_allclose(sizes(r), case.sizes, rtol=tolerance)


def test_a_data_file(case, tmp_path):
    """Its image flags are in the file, and MDAnalysis does not read them."""
    mda = pytest.importorskip("MDAnalysis")
    trajectories.write(tmp_path / "chain.data", case.x[:1], case.system)
    universe = mda.Universe(
        str(tmp_path / "chain.data"), format="DATA", atom_style="id resid type x y z"
    )
    r = universe.atoms.positions[None]
    if case.lengths is not None:
        assert np.abs(sizes(r) - case.sizes[:, :1]).max() > 1.0
    np.testing.assert_allclose(sizes(walked(r, case.lengths)), case.sizes[:, :1], rtol=1e-4)
