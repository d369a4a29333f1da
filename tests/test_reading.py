"""Trajectories as data: frames of files are the configurations that were written."""

from __future__ import annotations

import re

import numpy as np
import pytest

import boltzmann_tf as bg
from boltzmann_tf import potentials as p
from boltzmann_tf import trajectories
from boltzmann_tf.systems import ParticleSystem

SIDES = np.array([6.0, 7.0, 8.0])
N, FRAMES = 5, 23
BOXES = {
    "periodic 3": (3, p.Periodic(SIDES)),
    "open 3": (3, p.Open()),
    "periodic 2": (2, p.Periodic(SIDES[:2])),
    "walls 1": (1, p.SoftWalls(3.0)),
}
SUFFIXES = ("gsd", "dcd", "xtc", "lammpstrj")
pytestmark = pytest.mark.filterwarnings("ignore")  # MDTraj's own, of boxes without sides


def particles(n, dimension, box):
    bonds = [(i, i + 1) for i in range(n - 1)]
    return ParticleSystem(
        n=n, dimension=dimension, terms=[p.HarmonicBond(bonds, 10.0, 1.0)], box=box
    )


def configurations(system, frames=FRAMES, seed=0):
    rng = np.random.default_rng(seed)
    return system.configuration(rng.uniform(-2, 2, (frames, system.n, system.dimension)))


@pytest.fixture(params=BOXES)
def system(request):
    return particles(N, *BOXES[request.param])


@pytest.fixture
def periodic():
    return particles(N, *BOXES["periodic 3"])


def written(folder, system, suffix, name="a", **options):
    """Writes a file; returns what it takes to read it."""
    pytest.importorskip("gsd" if suffix == "gsd" else "mdtraj")
    x = configurations(system)
    trajectories.write(folder / f"{name}.{suffix}", x, system, **options)
    if suffix == "lammpstrj":
        trajectories.write(folder / f"{name}.dcd", x, system)
    given = {"unit": "angstrom"} if suffix == "lammpstrj" else {}
    return x, given | ({} if suffix == "gsd" else {"topology": folder / f"{name}.pdb"})


def same(found, expected, system, suffix="", atol=1.5e-3):  # of XTC
    """The same up to what the configurations leave open; of dumps, to the shift of their box."""
    d = system.positions(found).numpy() - system.positions(expected).numpy()
    d -= d[0, 0] if suffix == "lammpstrj" else 0.0
    np.testing.assert_allclose(system.configuration(d), 0, atol=atol)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_are_the_configurations(suffix, system, tmp_path):
    x, given = written(tmp_path, system, suffix)
    chunks = trajectories.read(tmp_path / f"a.{suffix}", system, chunk=10, **given)
    for _ in range(2):
        found = list(chunks)
        assert [len(part) for part in found] == [10, 10, 3]
        same(np.concatenate(found), x, system, suffix)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(("skip", "stride"), [(0, 3), (5, 1), (7, 4), (21, 7), (11, 30)])
def test_skip_and_stride_count_frames_of_each_file(suffix, skip, stride, periodic, tmp_path):
    """MDTraj's own arguments do not: XTC, PDB and DTR each heed them in another way."""
    x, given = written(tmp_path, periodic, suffix)
    paths = [tmp_path / f"a.{suffix}"] * 2
    for chunk in (1, 4, 100):
        found = trajectories.read(paths, periodic, skip=skip, stride=stride, chunk=chunk, **given)
        same(np.concatenate(list(found)), np.tile(x[skip::stride], (2, 1)), periodic, suffix)


@pytest.mark.parametrize("unit", ["nanometre", "angstrom"])
def test_units(unit, periodic, tmp_path):
    x, given = written(tmp_path, periodic, "dcd", unit=unit)
    same(np.concatenate(list(trajectories.read(tmp_path / "a.dcd", periodic, unit=unit, **given))),
         x, periodic, atol=1e-5)  # fmt: skip
    other = {"nanometre": "angstrom", "angstrom": "nanometre"}[unit]
    with pytest.raises(ValueError, match=r"box of the system, \[6.0, 7.0, 8.0\], got \[(60|0.6)"):
        trajectories.read(tmp_path / "a.dcd", periodic, unit=other, **given)


def test_a_part_of_the_atoms(periodic, tmp_path):
    x, given = written(tmp_path, periodic, "xtc")
    two = particles(2, *BOXES["periodic 3"])
    found = trajectories.read(tmp_path / "a.xtc", two, atoms=[3, 1], **given)
    r = periodic.positions(x).numpy()[:, [3, 1]]
    same(np.concatenate(list(found)), two.configuration(r), two)


@pytest.mark.parametrize("suffix", ["gsd", "xtc"])
def test_training_on_a_file_is_training_on_its_frames(suffix, periodic, tmp_path):
    _, given = written(tmp_path, periodic, suffix)
    data = trajectories.read(tmp_path / f"a.{suffix}", periodic, chunk=7, **given)
    generator = bg.BoltzmannGenerator(periodic, bg.realnvp(3 * N, blocks=1, hidden=(4,), seed=1))
    x = np.concatenate(list(data))
    np.testing.assert_array_equal(generator.log_prob(data), generator.log_prob(x))
    start, losses = [v.numpy() for v in generator.bijector.variables], []
    for given_data in (data, x):
        for variable, value in zip(generator.bijector.variables, start, strict=True):
            variable.assign(value)
        trainer = bg.Trainer(generator, seed=3, steps_per_call=2, jit_compile=False)
        losses.append(trainer.fit(given_data, bg.Stage(6, 8), window=FRAMES, verbose=0)["loss"])
    np.testing.assert_array_equal(*losses)


# Other trajectories.


@pytest.mark.parametrize("suffix", ["dcd", "xtc"])
def test_another_topology_is_named_with_the_file(suffix, periodic, tmp_path):
    written(tmp_path, periodic, suffix)
    written(tmp_path, particles(6, *BOXES["periodic 3"]), suffix, "b")
    with pytest.raises(ValueError, match=r"with the 6 atoms of .*b\.pdb, got '.*a\.\w+': .*5, 3"):
        trajectories.read(tmp_path / f"a.{suffix}", periodic, topology=tmp_path / "b.pdb")
    path, topology = tmp_path / f"b.{suffix}", tmp_path / "b.pdb"
    with pytest.raises(ValueError, match=r"the 5 particles of .*, got '.*b\.\w+' with 6 atoms"):
        trajectories.read(path, periodic, topology=topology)
    both = [tmp_path / f"a.{suffix}", path]
    with pytest.raises(ValueError, match=r"with the 5 atoms of .*a\.pdb, got '.*b\."):
        trajectories.read(both, periodic, topology=tmp_path / "a.pdb")


def test_a_box_that_changes_is_found_where_it_is_read(periodic, tmp_path):
    mdtraj = pytest.importorskip("mdtraj")
    _, given = written(tmp_path, periodic, "dcd")
    found = mdtraj.load(str(tmp_path / "a.dcd"), top=str(given["topology"]))
    found.unitcell_lengths[13, 1] = 7.01
    found.save(str(tmp_path / "b.dcd"))
    chunks = trajectories.read(tmp_path / "b.dcd", periodic, chunk=10, **given)
    with pytest.raises(ValueError, match=re.escape("got [6.0, 7.01, 8.0] in frame 13 of '")):
        list(chunks)
    assert len(next(iter(chunks))) == 10
    found.unitcell_angles[:, 2] = 80.0
    found.save(str(tmp_path / "c.dcd"))
    with pytest.raises(ValueError, match=r"got '.*c\.dcd': its box is not rectangular"):
        trajectories.read(tmp_path / "c.dcd", periodic, **given)


def test_frames_of_more_dimensions_are_refused(periodic, tmp_path):
    written(tmp_path, periodic, "gsd")
    flat = particles(N, *BOXES["periodic 2"])
    with pytest.raises(ValueError, match=r"in the 2 dimensions of the system, got .* up to 1\.\d+"):
        trajectories.read(tmp_path / "a.gsd", flat)


def test_files_that_are_no_trajectories(periodic, tmp_path):
    pytest.importorskip("mdtraj")
    (tmp_path / "a.dcd").write_bytes(b"nothing of the kind" * 100)
    (tmp_path / "a.mp4").write_bytes(b"")
    written(tmp_path, periodic, "xtc", "b")
    for name in ("a.dcd", "a.mp4"):
        with pytest.raises(ValueError, match=rf"a trajectory that MDTraj reads.*, got '.*{name}'"):
            trajectories.read(tmp_path / name, periodic, topology=tmp_path / "b.pdb")
