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
    if suffix != "lammpstrj":
        pytest.importorskip("gsd" if suffix == "gsd" else "mdtraj")
    x = configurations(system)
    trajectories.write(folder / f"{name}.{suffix}", x, system, **options)
    return x, {} if suffix in ("gsd", "lammpstrj") else {"topology": folder / f"{name}.pdb"}


def same(found, expected, system, atol=1.5e-3):  # of XTC
    """The same up to what the configurations leave open."""
    d = system.positions(found).numpy() - system.positions(expected).numpy()
    np.testing.assert_allclose(system.configuration(d), 0, atol=atol)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_are_the_configurations(suffix, system, tmp_path):
    x, given = written(tmp_path, system, suffix)
    chunks = trajectories.read(tmp_path / f"a.{suffix}", system, chunk=10, **given)
    for _ in range(2):
        found = list(chunks)
        assert [len(part) for part in found] == [10, 10, 3]
        same(np.concatenate(found), x, system)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(("skip", "stride"), [(0, 3), (5, 1), (7, 4), (21, 7), (11, 30)])
def test_skip_and_stride_count_frames_of_each_file(suffix, skip, stride, periodic, tmp_path):
    """MDTraj's own arguments are heeded by some formats only."""
    x, given = written(tmp_path, periodic, suffix)
    paths = [tmp_path / f"a.{suffix}"] * 2
    for chunk in (1, 4, 100):
        found = trajectories.read(paths, periodic, skip=skip, stride=stride, chunk=chunk, **given)
        same(np.concatenate(list(found)), np.tile(x[skip::stride], (2, 1)), periodic)


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


# Dumps of LAMMPS that are not ours.

BOX = "ITEM: BOX BOUNDS pp pp pp\n1.0 7.0\n-3.5 3.5\n0 8"
ROWS = {  # the same two atoms, in ways that LAMMPS has; the second one crossed the box in x
    "x y z ix iy iz": ["2 1 6.5 0 4 -1 0 0", "1 1 1.5 0.7 6 0 0 0"],
    "xs ys zs ix iy iz": ["1 1 0.083333333333 0.6 0.75 0 0 0", "2 1 0.916666666667 .5 .5 -1 0 0"],
    "xu yu zu": ["2 1 0.5 0 4", "1 1 1.5 0.7 6"],
    "xsu ysu zsu": ["2 1 -0.083333333333 0.5 0.5", "1 1 0.083333333333 0.6 0.75"],
}


def dump(path, columns, rows, box=BOX, frames=2):
    """Frames of two atoms; each is one to the right of the one before."""
    frame = f"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n2\n{box}\nITEM: ATOMS id type {columns}\n"
    path.write_text("ITEM: UNITS\nlj\n" + frames * (frame + "\n".join(rows) + "\n"))
    return path


@pytest.mark.parametrize("columns", ROWS)
@pytest.mark.parametrize("box", ["periodic 3", "open 3", "walls"])
def test_dumps_by_any_columns(columns, box, tmp_path):
    two = particles(2, 3, p.SoftWalls(6.0) if box == "walls" else BOXES[box][1])
    path = dump(tmp_path / "a.dump", columns, ROWS[columns])
    found = np.concatenate(list(trajectories.read(path, two)))
    middle = np.array([4.0, 0.0, 4.0])
    r = np.array([[1.5, 0.7, 6.0], [0.5, 0.0, 4.0]]) - middle
    np.testing.assert_allclose(found, np.tile(two.configuration(r), (2, 1)), atol=1e-10)


def test_a_box_that_follows_the_particles_has_no_middle(tmp_path):
    two = particles(2, 3, p.SoftWalls(6.0))
    box = BOX.replace("pp pp pp", "ss pp ff")
    path = dump(tmp_path / "a.dump", "xu yu zu", ROWS["xu yu zu"], box)
    found = next(iter(trajectories.read(path, two)))[0].reshape(2, 3)
    np.testing.assert_allclose(found, [[1.5, 0.7, 2.0], [0.5, 0.0, 0.0]])


@pytest.mark.parametrize(
    ("columns", "rows", "box", "message"),
    [
        ("vx vy vz", ["1 1 0 0 0"] * 2, BOX, "it must have the columns id and x y z"),
        ("x y z", ["1 1 0 0 0"], BOX, "it ends within a frame"),
        ("x y z", ["1 1 0 0 0", "2 1 a b c"], BOX, "could not convert string to float"),
        ("x y z", ["1 1 0 0 0"] * 2, "0 1", "a line '0 1' where one begins with ITEM:"),
        (
            "xs ys zs", ["1 1 0 0 0"] * 2, BOX.replace("7.0", "7.0 0.5").replace("8", "8 0"),
            "it has scaled positions in a box that is not rectangular",
        ),
    ],
)  # fmt: skip
def test_what_is_no_dump_is_refused(columns, rows, box, message, tmp_path):
    path = dump(tmp_path / "a.dump", columns, rows, box, frames=1)
    with pytest.raises(ValueError, match=rf"a dump of LAMMPS, got '.*a\.dump': {message}"):
        trajectories.read(path, particles(2, 3, p.Open()))


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
    later = trajectories.read(tmp_path / "b.dcd", periodic, skip=14, **given)
    assert sum(map(len, later)) == FRAMES - 14
    found.unitcell_angles[:, 2] = 80.0
    found.save(str(tmp_path / "c.dcd"))
    with pytest.raises(ValueError, match=r"got one that is not rectangular in frame 0 of '.*c\."):
        trajectories.read(tmp_path / "c.dcd", periodic, **given)
    free = particles(N, 3, p.Open())  # to which a box is nothing
    assert sum(map(len, trajectories.read(tmp_path / "c.dcd", free, **given))) == FRAMES


def test_molecules_of_hoomd_that_cross_its_box_are_whole(tmp_path):
    """HOOMD always has a box; in open space it is the simulation's own affair."""
    pytest.importorskip("gsd")
    periodic, free = particles(N, 3, p.Periodic(SIDES)), particles(N, 3, p.Open())
    walk = np.cumsum(np.random.default_rng(1).uniform(0, 1.5, (FRAMES, N, 3)), axis=1)
    trajectories.write(tmp_path / "a.gsd", periodic.configuration(walk), periodic)
    found = np.concatenate(list(trajectories.read(tmp_path / "a.gsd", free)))
    np.testing.assert_allclose(found, free.configuration(walk), atol=1e-5)


def test_particles_that_come_and_go_are_noticed(tmp_path):
    hoomd = pytest.importorskip("gsd.hoomd")
    with hoomd.open(str(tmp_path / "a.gsd"), "w") as file:
        for n in (5, 5, 6):
            frame = hoomd.Frame()
            frame.particles.N, frame.particles.position = n, np.zeros((n, 3))
            frame.configuration.box = [*SIDES, 0, 0, 0]
            file.append(frame)
    two = particles(2, *BOXES["open 3"])
    for chunk in (1, 2, 3):
        chunks = trajectories.read(tmp_path / "a.gsd", two, atoms=[0, 1], chunk=chunk)
        with pytest.raises(ValueError, match=r"in every frame, got '.*a\.gsd' with \[5, 6\]"):
            list(chunks)


def test_frames_of_more_dimensions_are_refused(periodic, tmp_path):
    written(tmp_path, periodic, "gsd")
    flat = particles(N, *BOXES["periodic 2"])
    with pytest.raises(ValueError, match=r"in the 2 dimensions of the system, got .* up to 1\.\d+"):
        trajectories.read(tmp_path / "a.gsd", flat)


def test_files_that_are_no_trajectories(periodic, tmp_path):
    pytest.importorskip("mdtraj")
    for name in ("a.dcd", "a.gsd"):
        (tmp_path / name).write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(ValueError, match=r"path must be a GSD file, got '.*a\.gsd'"):
        trajectories.read(tmp_path / "a.gsd", periodic)
    with pytest.raises(ValueError, match="topology must be a file or a topology of MDTraj's, got"):
        trajectories.read(tmp_path / "a.dcd", periodic, topology=3)
    (tmp_path / "a.mp4").write_bytes(b"")
    written(tmp_path, periodic, "xtc", "b")
    for name in ("a.dcd", "a.mp4"):
        with pytest.raises(ValueError, match=rf"a trajectory that MDTraj reads.*, got '.*{name}'"):
            trajectories.read(tmp_path / name, periodic, topology=tmp_path / "b.pdb")
