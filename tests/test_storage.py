"""Files: what is saved comes back, and nothing damaged, foreign or hostile does."""

from __future__ import annotations

import hashlib
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import children
import forging
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from forging import document_of, weights

from boltzmann_tf import storage
from boltzmann_tf._support import arrays as _arrays
from boltzmann_tf._support import files as _files
from boltzmann_tf.bijectors import (
    AdditiveCoupling,
    AffineCoupling,
    Bijector,
    Box,
    CircularSplineCoupling,
    DirectorFlow,
    ElementwiseSpline,
    LatticeFlow,
    Marginals,
    RealNVPBlock,
    Scaling,
    Sequence,
    SphereCoupling,
    SplineCoupling,
    Whitening,
    deserialize,
    realnvp,
    register,
    serialize,
)
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.systems import DoubleWell, SpringInBox, System


class Own(System):
    event_shape = (2,)

    def energy(self, x):
        return tf.reduce_sum(x**2, axis=-1)


@register
class Nudge(Bijector):
    """A user's own bijector, registered."""

    def __init__(self, event_size, *, by=1.0, dtype="float32", name=None):
        super().__init__(event_size, dtype=dtype, name=name, is_constant_jacobian=True)
        self.by = by

    def forward_and_log_det(self, z):
        return z + self.by, tf.zeros(tf.shape(z)[:-1], z.dtype)

    def inverse_and_log_det(self, x):
        return x - self.by, tf.zeros(tf.shape(x)[:-1], x.dtype)

    def get_config(self):
        return {**super().get_config(), "by": self.by}


class Unregistered(Nudge):
    pass


def shake(bijector, seed=0):
    rng = np.random.default_rng(seed)
    for v in bijector.variables:
        v.assign(v + 0.3 * rng.normal(size=v.shape).astype(v.dtype.as_numpy_dtype))
    return bijector


def small(system=None, **options):
    return BoltzmannGenerator(
        system or DoubleWell(a2=5.0), shake(realnvp(2, blocks=1, hidden=(4,), **options))
    )


@pytest.fixture
def saved(tmp_path):
    small().save(tmp_path / "g")
    return tmp_path / "g"


@pytest.fixture
def edit(saved):
    """Rewrites the document of a saved generator."""
    return lambda function: forging.generator(saved, function)


def same_map(a, b, size=2):
    z = np.random.default_rng(1).normal(size=(5, size))
    for x, y in zip(
        a.bijector.forward_and_log_det(z), b.bijector.forward_and_log_det(z), strict=True
    ):
        np.testing.assert_array_equal(x, y)


# Round trips.


@pytest.mark.parametrize(
    "options",
    [{}, {"coupling": "spline", "bins": 4}, {"coupling": "additive", "scaling": True}],
    ids=["affine", "spline", "additive"],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_round_trip(tmp_path, options, dtype):
    before = small(dtype=dtype, **options)
    before.save(tmp_path / "g")
    after = BoltzmannGenerator.load(tmp_path / "g")
    assert isinstance(after.system, DoubleWell)
    assert after.system.get_config() == before.system.get_config()
    assert after.dtype == before.dtype
    same_map(before, after)


def test_round_trip_of_whitening_and_box(tmp_path):
    data = np.random.default_rng(2).normal(size=(50, 2)) @ [[2.0, 0.3], [0.0, 0.5]]
    inner = realnvp(2, blocks=1, hidden=(4,), last=[Whitening.from_data(data)])
    before = BoltzmannGenerator(
        SpringInBox(length=3.0), Sequence([inner, Box([0.0, -np.inf], [3.0, np.inf])])
    )
    before.save(tmp_path / "g")
    same_map(before, BoltzmannGenerator.load(tmp_path / "g"))


def test_round_trip_of_own_system_and_own_bijector(tmp_path):
    before = BoltzmannGenerator(Own(), Sequence([Scaling(2), Nudge(2, by=2.5)]))
    before.save(tmp_path / "g")
    same_map(before, BoltzmannGenerator.load(tmp_path / "g", system=Own()))
    with pytest.raises(ValueError, match="system must be given"):
        BoltzmannGenerator.load(tmp_path / "g")


def test_saving_again_replaces(saved):
    other = BoltzmannGenerator(DoubleWell(), shake(realnvp(2, blocks=2, hidden=(3,)), seed=5))
    other.save(saved)
    same_map(other, BoltzmannGenerator.load(saved))


# One moment of change: what is there can be loaded at any time, old or new.


def planted(monkeypatch, name, when, action):
    """Runs `action` before the given call of a function of `os`, or of `pathlib.Path`."""
    calls = []
    owner = Path if hasattr(Path, name) else os
    original = getattr(owner, name)

    def function(*arguments, **options):
        calls.append(arguments)
        if len(calls) == when:
            action()
        return original(*arguments, **options)

    monkeypatch.setattr(owner, name, function)
    return calls


def raise_interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize(("step", "when"), [("replace", 1), ("replace", 2), ("fsync", 2)])
def test_an_interrupted_save_leaves_the_old_generator_and_nothing_else(
    saved, monkeypatch, step, when
):
    before = {p.name: p.read_bytes() for p in saved.iterdir()}
    calls = planted(monkeypatch, step, when, raise_interrupt)
    with pytest.raises(KeyboardInterrupt):
        small().save(saved)
    assert len(calls) == when
    assert {p.name: p.read_bytes() for p in saved.iterdir()} == before


def test_a_reader_sees_old_or_new_at_every_moment_of_a_save(saved, monkeypatch):
    """Looks before each change of the folder; planted below: two files replaced one by one."""
    old, new = BoltzmannGenerator.load(saved), small(coupling="additive")
    seen = []

    def look(*_, **__):
        found = BoltzmannGenerator.load(saved)
        kind = old if len(found.bijector.variables) == len(old.bijector.variables) else new
        same_map(found, kind)
        seen.append("old" if kind is old else "new")

    for owner, name in ((Path, "replace"), (Path, "unlink"), (os, "unlink")):
        original = getattr(owner, name)

        def watched(*a, original=original, **k):
            look()
            return original(*a, **k)

        monkeypatch.setattr(owner, name, watched)
    new.save(saved)
    look()
    assert seen[0] == "old"
    assert seen[-1] == "new"
    assert seen == sorted(seen, reverse=True)
    assert seen.count("new") >= 2  # once before the old arrays go


def test_that_test_sees_arrays_replaced_before_the_document(saved, monkeypatch):
    """As it was in format 1, at a kill between the two."""
    monkeypatch.setattr(storage, "_new_name", lambda _: weights(saved).name)
    planted(monkeypatch, "replace", 2, raise_interrupt)
    with pytest.raises(KeyboardInterrupt):
        small(coupling="additive").save(saved)
    with pytest.raises(ValueError, match="weights"):
        BoltzmannGenerator.load(saved)


def test_a_reader_meets_whole_generators_while_two_savers_save(saved):
    """Threads in the place of processes: the files are the same."""
    stop, found = threading.Event(), []
    savers = [small(), small(coupling="additive")]

    def save(generator):
        while not stop.is_set():
            generator.save(saved)

    threads = [threading.Thread(target=save, args=(g,)) for g in savers]
    for thread in threads:
        thread.start()
    try:
        for _ in range(25):
            _, bijector, _ = storage.load_parts(saved)
            found.append(len(bijector.variables))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(found) <= {len(g.bijector.variables) for g in savers}
    # What the savers left of each other's goes with time.
    for path in saved.iterdir():
        os.utime(path, (1e9, 1e9))
    small().save(saved)
    assert len(list(saved.iterdir())) == 2


SAVER = """
import pathlib, sys
from test_storage import numbered
folder, first = pathlib.Path(sys.argv[1]), int(sys.argv[2])
generators = [numbered(k) for k in (first, first + 1)]
while not (folder / "stop").exists():
    for generator in generators:
        generator.save(folder / "g")
"""


def numbered(k):
    """A generator whose document and arrays both say which one it is."""
    generator = BoltzmannGenerator(DoubleWell(a2=5.0 + k), Scaling(2))
    generator.bijector.variables[0].assign([1.0 + k, 1.0 + k])
    return generator


def looks(folder, n):
    """Looks n times while two processes save; counts what was read, and what fits together."""
    savers = [
        subprocess.Popen(
            [sys.executable, "-c", SAVER, str(folder), str(first)],
            env=children.environment(),
        )
        for first in (0, 2)
    ]
    seen = {}
    try:
        while set(seen) != {0, 1, 2, 3} or sum(seen.values()) < n:
            system, bijector, _ = storage.load_parts(folder / "g")
            k = system.get_config()["a2"] - 5.0
            np.testing.assert_array_equal(bijector.variables[0], 1.0 + k)
            seen[k] = seen.get(k, 0) + 1
            assert all(saver.poll() is None for saver in savers)
    finally:
        (folder / "stop").touch()
        for saver in savers:
            saver.wait()
    return seen


@pytest.mark.slow
def test_ten_thousand_looks_while_two_processes_save(tmp_path):
    numbered(0).save(tmp_path / "g")
    print(looks(tmp_path, 10_000))


def test_leftovers_of_killed_savers_go_at_the_next_save(saved):
    dead = subprocess.Popen(["true"])
    dead.wait()
    kept = saved / "weights-mine.npz"
    mark = f"{_files._machine()}-{dead.pid}"
    temporary = saved / f".weights-{'0' * 16}-{mark}-abcdefgh.tmp.npz"
    orphan = saved / f"weights-{'1' * 16}.npz"
    for path in (kept, temporary, orphan):
        path.write_bytes(b"x")
    os.utime(orphan, (1e9, 1e9))
    recent = saved / f"weights-{'2' * 16}.npz"  # of a saver that is at it, perhaps
    theirs = saved / f"weights-{_files._machine()}{os.getppid():06x}00.npz"  # of one that lives
    left = saved / f"weights-{_files._machine()}{dead.pid:06x}00.npz"
    for path in (recent, theirs, left):
        path.write_bytes(b"x")
    small().save(saved)
    names = {p.name for p in saved.iterdir()}
    latest = storage._referenced(saved)
    assert names == {kept.name, recent.name, theirs.name, storage.DOCUMENT, latest}
    # What the document refers to stays, whoever has written it.
    assert not storage._orphaned(saved, next(e for e in os.scandir(saved) if e.name == latest))


KILLED = """
import os, pathlib, signal, sys
import tensorflow
from test_storage import small
original, calls = pathlib.Path.replace, []
def replace(self, target):
    calls.append(target)
    if len(calls) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return original(self, target)
pathlib.Path.replace = replace
small(coupling="additive").save(sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize("when", [1, 2])
def test_a_killed_save_leaves_the_old_generator(saved, when):
    before = BoltzmannGenerator.load(saved)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(saved), str(when)],
        env=children.environment(),
        check=False,
    )
    assert killed.returncode == -9
    same_map(before, BoltzmannGenerator.load(saved))
    small().save(saved)
    assert not [p for p in saved.iterdir() if ".tmp" in p.name]


# What came before.

OLD = Path(__file__).parent / "data" / "generator_format_1"


def old_map():
    """What the version that wrote the files computed with them."""
    z = np.random.default_rng(1).normal(size=(3, 2)).astype(np.float32)
    x = [
        [2.3545053005218506, 2.613520860671997],
        [2.1801950931549072, 0.6760312914848328],
        [2.6064422130584717, 2.4761457443237305],
    ]
    return z, x, [0.1607174277305603, -0.22117453813552856, 0.10573292523622513]


def test_a_generator_of_format_1_loads_and_becomes_format_2_at_its_next_save(tmp_path):
    folder = shutil.copytree(OLD, tmp_path / "g")
    z, x, log_det = old_map()
    for _ in range(2):
        generator = BoltzmannGenerator.load(folder)
        assert generator.system.get_config()["a2"] == 5.0
        found = generator.bijector.forward_and_log_det(z)
        np.testing.assert_allclose(found[0], x, rtol=1e-6)
        np.testing.assert_allclose(found[1], log_det, rtol=1e-5)
        generator.save(folder)
    assert document_of(folder)["format"] == 2
    assert len(list(folder.iterdir())) == 2
    (tmp_path / "h").mkdir()
    damaged = shutil.copytree(OLD, tmp_path / "damaged")
    content = (damaged / "weights.npz").read_bytes()
    (damaged / "weights.npz").write_bytes(content[:300] + b"\0" + content[301:])
    with pytest.raises(ValueError, match=r"weights\.npz"):
        BoltzmannGenerator.load(damaged)


# Another precision.


def test_a_generator_of_float32_is_evaluated_in_float64(tmp_path):
    data = np.random.default_rng(2).normal(size=(50, 2)) @ [[2.0, 0.3], [0.0, 0.5]]
    inner = shake(realnvp(2, blocks=2, hidden=(4,), repeated=True))
    before = BoltzmannGenerator(
        DoubleWell(),
        Sequence([inner, Whitening.from_data(data), Box([-9.0, -np.inf], [9.0, np.inf])]),
    )
    before.save(tmp_path / "g")
    after = BoltzmannGenerator.load(tmp_path / "g", dtype="float64")
    assert after.dtype == tf.float64
    assert all(v.dtype == tf.float64 for v in after.bijector.variables)
    z = np.random.default_rng(1).normal(size=(50, 2)).astype(np.float32)
    for rough, fine in zip(
        before.bijector.forward_and_log_det(z),
        after.bijector.forward_and_log_det(z.astype(np.float64)),
        strict=True,
    ):
        assert fine.dtype == tf.float64
        assert 0 < np.max(np.abs(rough.numpy() - fine.numpy())) < 1e-4
    x, log_det = after.bijector.forward_and_log_det(z.astype(np.float64))
    back, inverse_log_det = after.bijector.inverse_and_log_det(x)
    np.testing.assert_allclose(back, z, atol=1e-10)
    np.testing.assert_allclose(inverse_log_det, -log_det, atol=1e-10)
    after.save(tmp_path / "h")
    assert BoltzmannGenerator.load(tmp_path / "h").dtype == tf.float64
    again = BoltzmannGenerator.load(tmp_path / "h", dtype="float32")  # and back, bit for bit
    same_map(before, again)


@pytest.mark.parametrize("dtype", ["float16", "int32", 5, "bfloat16"])
def test_a_dtype_that_is_none_is_refused(saved, dtype):
    with pytest.raises(ValueError, match=r"dtype must be one of \['float32', 'float64'\], got"):
        BoltzmannGenerator.load(saved, dtype=dtype)


def test_numbers_that_overflow_in_the_smaller_precision_are_refused(tmp_path):
    generator = BoltzmannGenerator(DoubleWell(), Scaling(2, dtype="float64"))
    generator.bijector.variables[0].assign([1e300, 0.0])
    generator.save(tmp_path / "g")
    with pytest.raises(ValueError, match=r"must hold finite variables, got .* in 0000\.vector"):
        BoltzmannGenerator.load(tmp_path / "g", dtype="float32")


# Arguments that are NumPy's.


def test_arguments_of_numpy_are_saved_as_the_numbers_they_are(tmp_path):
    options = {"hidden": (np.int64(4),), "seed": np.int64(3)}
    parts = [
        AffineCoupling(
            2, transformed=np.array([True, False]), zero_shift=np.True_,
            scale_bound=np.float32(2.0), **options,
        ),
        AdditiveCoupling(np.int64(2), **options),
        SplineCoupling(2, bins=np.int64(4), bound=np.float64(5.0), **options),
        CircularSplineCoupling(2, bins=np.int64(4), **options),
        ElementwiseSpline(2, bins=np.int32(4)),
        Marginals(2, bins=np.int32(4)),
        Scaling(2, dtype=tf.float32),
        RealNVPBlock(2, scale_bound=np.float64(1.5), **options),
        Box(np.array([0.0, -np.inf]), np.array([3.0, np.inf])),
    ]  # fmt: skip
    before = BoltzmannGenerator(DoubleWell(), shake(Sequence(parts)))
    before.save(tmp_path / "g")
    after = BoltzmannGenerator.load(tmp_path / "g")
    assert serialize(after.bijector) == serialize(before.bijector)
    others = [
        SphereCoupling(np.int64(4), bins=np.int64(4), **options),
        DirectorFlow(np.ones((2, 2)), bins=np.int64(4), **options),
        LatticeFlow(np.int64(2), features=np.int64(2), condition_range=np.array([0.0, 1.0])),
    ]
    for bijector in others:
        document = serialize(bijector)
        copy = deserialize(json.loads(json.dumps(document, allow_nan=False)))
        assert serialize(copy) == document
        assert [v.shape for v in copy.variables] == [v.shape for v in bijector.variables]


def test_a_generator_that_cannot_be_written_leaves_the_one_that_is_there(saved):
    before = {p.name: p.read_bytes() for p in saved.iterdir()}
    for bad in (object(), {1: 2}, float("nan"), len):
        other = BoltzmannGenerator(DoubleWell(), Sequence([Scaling(2), Nudge(2, by=1.0)]))
        other.bijector.bijectors[1].by = bad
        with pytest.raises((TypeError, ValueError), match="by|JSON compliant"):
            other.save(saved)
        assert {p.name: p.read_bytes() for p in saved.iterdir()} == before
    other = small()
    other.bijector.variables[0].assign(other.bijector.variables[0] * np.nan)
    with pytest.raises(ValueError, match=r"must have finite variables to be saved, got .*0000"):
        other.save(saved)
    assert {p.name: p.read_bytes() for p in saved.iterdir()} == before


def test_document_is_small_and_readable(saved):
    document = json.loads((saved / storage.DOCUMENT).read_text())
    assert document["system"]["name"] == "double_well"
    assert document["bijector"]["class"] == "boltzmann_tf>Sequence"
    assert (saved / storage.DOCUMENT).stat().st_size < 4000


# What cannot be saved says so.


def test_unregistered_bijector_is_refused_at_save(tmp_path):
    generator = BoltzmannGenerator(DoubleWell(), Unregistered(2))
    with pytest.raises(TypeError, match=r"Unregistered is not registered: decorate it with"):
        generator.save(tmp_path / "g")
    assert not (tmp_path / "g").exists()


def test_a_distribution_that_cannot_be_written_is_refused_at_save(tmp_path):
    prior = tfp.distributions.Blockwise([tfp.distributions.Normal(0.0, 1.0)] * 2)
    generator = BoltzmannGenerator(DoubleWell(), Scaling(2), prior=prior)
    with pytest.raises(TypeError, match="prior must be the standard normal.*got Blockwise"):
        generator.save(tmp_path / "g")
    assert not (tmp_path / "g").exists()


# Damaged files.


def test_missing_folder_and_files(tmp_path, saved):
    with pytest.raises(ValueError, match=r"path must be a folder that holds generator\.json"):
        BoltzmannGenerator.load(tmp_path / "nothing")
    weights(saved).unlink()
    with pytest.raises(ValueError, match=r"path must hold the file weights-\w+\.npz"):
        BoltzmannGenerator.load(saved)


@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.99])
def test_truncated_weights(saved, fraction):
    path = weights(saved)
    content = path.read_bytes()
    path.write_bytes(content[: int(fraction * len(content))])
    with pytest.raises(ValueError, match="not a readable array file"):
        BoltzmannGenerator.load(saved)


@pytest.mark.parametrize("kind", ["weights", "document"])
def test_every_altered_bit_is_found(saved, kind):
    """Of the document also where its checksum stands, and in its keys."""
    path = weights(saved) if kind == "weights" else saved / storage.DOCUMENT
    content, rng = path.read_bytes(), np.random.default_rng(3)
    before = small()
    for i, bit in rng.integers([len(content), 8], size=(40, 2)):
        path.write_bytes(content[:i] + bytes([content[i] ^ (1 << bit)]) + content[i + 1 :])
        try:
            after = BoltzmannGenerator.load(saved)
        except ValueError:
            continue
        assert kind == "document"
        assert content[i : i + 1].isspace()  # one white space in the place of another
        same_map(before, after)


@pytest.mark.parametrize(
    "text", ["", "{", "[1, 2]", "null", '{"format": 1}', "\x00\xff", "[" * 9999]
)
def test_document_that_is_none(saved, text):
    (saved / storage.DOCUMENT).write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=r"generator\.json (is not valid JSON|must be an object)"):
        BoltzmannGenerator.load(saved)


def test_document_of_another_format(edit):
    with pytest.raises(ValueError, match="must be of format 3, 2 or 1, got 99"):
        BoltzmannGenerator.load(edit(lambda d: d.update(format=99)))


# Hostile documents. Each would be a success for an attacker if it built or imported anything.
HOSTILE_CLASSES = [
    "os.system",
    "os>system",
    "builtins.eval",
    "boltzmann_tf>System",
    "boltzmann_tf>MLP",
    "boltzmann_tf.generator.BoltzmannGenerator",
    "Lambda",
    "keras.layers.Lambda",
    "tensorflow_probability.python.bijectors.Scale",
    "",
    None,
    5,
    ["os", "system"],
    {"class": "os.system"},
]


@pytest.mark.parametrize("name", HOSTILE_CLASSES, ids=str)
def test_unknown_class_is_refused(edit, name):
    folder = edit(lambda d: d["bijector"].update({"class": name}))
    with pytest.raises(ValueError, match="must name a registered bijector"):
        BoltzmannGenerator.load(folder)


def test_unknown_class_inside_a_sequence_is_refused(edit):
    def change(document):
        document["bijector"]["config"]["bijectors"][0]["class"] = "os.system"

    with pytest.raises(ValueError, match=r"must name a registered bijector, got 'os\.system'"):
        BoltzmannGenerator.load(edit(change))


@pytest.mark.parametrize(
    "bijector",
    [
        None,
        [],
        "Scaling",
        {"class": "boltzmann_tf>Scaling"},
        {"class": "boltzmann_tf>Scaling", "config": {"event_size": -1}},
        {"class": "boltzmann_tf>Scaling", "config": {"event_size": 2, "run": "rm"}},
        {"class": "boltzmann_tf>Scaling", "config": [2]},
        {"class": "boltzmann_tf>Sequence", "config": {}},
        {"class": "boltzmann_tf>Sequence", "config": {"bijectors": 3}},
        {"class": "boltzmann_tf>Box", "config": {"lower": ["a"], "upper": [1]}},
    ],
    ids=str,
)
def test_malformed_bijector_is_refused(edit, bijector):
    with pytest.raises(ValueError, match="must describe a valid bijector"):
        BoltzmannGenerator.load(edit(lambda d: d.update(bijector=bijector)))


@pytest.mark.parametrize(
    "system",
    ["double_well", {"name": "os.system"}, {"name": ["x"]}, {"name": "double_well", "config": 3}]
    + [{"name": "double_well", "config": c} for c in ({"a4": -1}, {"b": 1}, {"a4": "x"})],
    ids=str,
)
def test_malformed_system_is_refused(edit, system):
    with pytest.raises(ValueError, match="must name a system|must hold parameters"):
        BoltzmannGenerator.load(edit(lambda d: d.update(system=system)))


def test_other_architecture_is_refused(edit):
    def wider(document):
        document["bijector"]["config"]["bijectors"][0]["config"]["hidden"] = [5]

    with pytest.raises(ValueError, match="another architecture"):
        BoltzmannGenerator.load(edit(wider))


def test_system_of_another_size_is_refused(saved):
    class Line(System):
        event_shape = (3,)

        def energy(self, x):
            return tf.reduce_sum(x, axis=-1)

    with pytest.raises(ValueError, match="bijector must have the event_size of Line, 3, got 2"):
        BoltzmannGenerator.load(saved, system=Line())


class Bomb:
    """Runs a command when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_pickles_are_refused_and_not_run(saved, tmp_path):
    path, trap = weights(saved), tmp_path / "trap"
    array = np.empty(1, object)
    array[0] = Bomb(trap)
    np.savez(path, **{"0000": array})
    with pytest.raises(ValueError, match="holds Python objects, and nothing is unpickled"):
        BoltzmannGenerator.load(saved)
    assert not trap.exists()
    np.load(path, allow_pickle=True)["0000"]  # the bomb is a real one
    assert trap.exists()


# Right checksums, wrong content: what a tool may have written.


def arrays_of(folder):
    with np.load(weights(folder)) as archive:
        return dict(archive)


KERNEL, OTHER = "0000.kernel_0", "0004.kernel_0"  # of equal shape


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a | {KERNEL: a[KERNEL].astype(np.int32)}, r"must be float32\[1, 4\], got int32"),
        (lambda a: a | {KERNEL: a[KERNEL] > 0}, r"must be float32\[1, 4\], got bool"),
        (lambda a: a | {KERNEL: a[KERNEL].astype(str)}, r"must be float32\[1, 4\], got str"),
        (lambda a: a | {KERNEL: a[KERNEL].astype(complex)}, "got complex128"),
        (lambda a: a | {KERNEL: a[KERNEL].astype(float)}, "got float64"),
        (lambda a: a | {KERNEL: a[KERNEL].T}, r"got float32\[4, 1\]"),
        (lambda a: a | {KERNEL: a[KERNEL] * np.nan}, f"NaN or infinity in {KERNEL}"),
        (lambda a: a | {KERNEL: a[KERNEL] + np.inf}, f"NaN or infinity in {KERNEL}"),
        (lambda a: a | {"0099.more": a[KERNEL]}, "0099.more must be none, got float32"),
        (lambda a: {n: v for n, v in a.items() if n != KERNEL}, r"float32\[1, 4\], got none"),
        (lambda a: {f"{i:04d}": v for i, v in enumerate(a.values())}, "got none"),
    ],
    ids="int bool text complex float64 turned nan inf more less names".split(),
)  # fmt: skip
def test_arrays_of_another_kind_are_refused(saved, change, message):
    with pytest.raises(ValueError, match=message):
        BoltzmannGenerator.load(forging.generator(saved, arrays=change(arrays_of(saved))))


def test_arrays_that_changed_places_are_refused(saved):
    arrays = arrays_of(saved)
    arrays |= {KERNEL: arrays[OTHER], OTHER: arrays[KERNEL]}
    content = _arrays.pack(arrays)
    weights(saved).write_bytes(content)
    with pytest.raises(ValueError, match="checksum does not match"):
        BoltzmannGenerator.load(saved)
    digest = hashlib.sha256(content).hexdigest()
    forging.generator(saved, lambda d: d["arrays"].update(sha256=digest))
    with pytest.raises(ValueError, match=f"{KERNEL} is not the array that its document"):
        BoltzmannGenerator.load(saved)


def test_keys_given_twice_are_refused(saved):
    path = saved / storage.DOCUMENT
    text = path.read_text()
    for key in ('"a2": 5.0,', '"format": 2,'):
        path.write_text(text.replace(key, f"{key} {key}"))
        with pytest.raises(ValueError, match="stands in it twice"):
            BoltzmannGenerator.load(saved)


def change_part(**values):
    return lambda d: d["bijector"]["config"]["bijectors"][0]["config"].update(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_part(hidden=[10**6] * 2), "more variables than|array of shape"),
        (change_part(hidden=[200] * 50), "more variables than"),
        (change_part(event_size=10**12), "array of shape"),
        (change_part(hidden=[10**40]), "must describe a valid bijector"),
        (lambda d: d["bijector"].update({"class": "boltzmann_tf>Whitening",
            "config": {"event_size": 10**6}}), "array of shape"),
        (lambda d: d["bijector"].update({"class": "boltzmann_tf>LatticeFlow",
            "config": {"length": 10**6}}), "array of shape"),
        (lambda d: d["bijector"]["config"].update(
            bijectors=[{"class": "boltzmann_tf>DimerCoordinates", "config": {"event_size": 4}}]
            * 5000), "more bijectors than"),
        (lambda d: d.update(system={"name": "ising_field",
            "config": {"length": 10**6, "temperature": 2.0}}), "array of shape"),
        (lambda d: d["system"]["config"].update(a2=10**39), "a2 must be within the numbers"),
        (lambda d: d["system"]["config"].update(a2=10**400), "a2 must be within the numbers"),
        (lambda d: d["system"]["config"].update(a2=None), "must hold parameters"),
        (lambda d: d["arrays"].update(file="../weights.npz"), "in which file"),
        (lambda d: d["arrays"].update(variables=[1]), "in which file"),
        (lambda d: d.update(arrays=None), "in which file"),
        (lambda d: d["arrays"]["variables"].update({KERNEL: "float32[1000000000000]"}), "must be"),
    ],
)  # fmt: skip
def test_documents_that_ask_for_too_much_are_refused_before_it_is_made(edit, change, message):
    folder = edit(change)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=message):
        BoltzmannGenerator.load(folder)
    # kilobytes; what the libraries themselves allocate the first time stays far below
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_deep_documents_are_refused(saved):
    text = '{"a":' * 400 + "1" + "}" * 400
    (saved / storage.DOCUMENT).write_text(text)
    with pytest.raises(ValueError, match="nested at most 200 deep"):
        BoltzmannGenerator.load(saved)
    (saved / storage.DOCUMENT).write_text('{"a": NaN}')
    with pytest.raises(ValueError, match="NaN is no number of JSON"):
        BoltzmannGenerator.load(saved)


def test_array_files_larger_than_their_arrays_are_refused_unread(saved):
    path = weights(saved)
    content = path.read_bytes()
    with path.open("r+b") as file:  # sparse: a terabyte that takes no room
        file.truncate(1 << 40)
    with pytest.raises(ValueError, match="does not end as a zip file"):
        BoltzmannGenerator.load(saved)
    with path.open("r+b") as file:
        file.seek((1 << 40) - 22)
        file.write(content[-22:])
    with pytest.raises(ValueError, match="not a readable array file"):
        BoltzmannGenerator.load(saved)
    end = content[:-10] + (1 << 31).to_bytes(4, "little") + content[-6:]
    path.write_bytes(end)
    with pytest.raises(ValueError, match="claims 2147483648 bytes"):
        BoltzmannGenerator.load(saved)


def test_members_that_claim_another_size_or_are_no_arrays_are_refused(saved):
    path = weights(saved)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (10**12,)}
    )
    for name, body, kind in (
        (f"{KERNEL}.npy", header.getvalue(), zipfile.ZIP_STORED),
        (f"{KERNEL}.npy", b"no array", zipfile.ZIP_STORED),
        ("readme.txt", b"no array", zipfile.ZIP_STORED),
        (f"{KERNEL}.npy", bytes(1 << 20), zipfile.ZIP_DEFLATED),
    ):
        with zipfile.ZipFile(path, "w", kind) as archive:
            archive.writestr(name, body)
        with pytest.raises(ValueError, match="not a readable array file"):
            BoltzmannGenerator.load(saved)


def test_assign_from_takes_the_same_architecture_only():
    a, b = AffineCoupling(2, hidden=(3,)), shake(AffineCoupling(2, hidden=(3,)))
    a.assign_from(b)
    np.testing.assert_array_equal(a.forward([[0.3, 0.2]]), b.forward([[0.3, 0.2]]))
    with pytest.raises(ValueError, match="other must have the architecture"):
        a.assign_from(AffineCoupling(2, hidden=(4,)))


def test_a_document_of_a_thousand_small_layers_is_refused_at_once(saved):
    def deepened(document):
        first = document["bijector"]["config"]["bijectors"][0]
        assert "hidden" in first["config"], first
        first["config"]["hidden"] = [1] * 1000

    forging.generator(saved, deepened)
    begun = time.process_time()
    with pytest.raises(ValueError, match="more variables than the .* arrays can fill"):
        BoltzmannGenerator.load(saved)
    assert time.process_time() - begun < 5
