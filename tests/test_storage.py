"""Files: what is saved comes back, and nothing damaged, foreign or hostile does."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import storage
from boltzmann_tf.bijectors import (
    AffineCoupling,
    Bijector,
    Box,
    Scaling,
    Sequence,
    Whitening,
    realnvp,
    register,
)
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.systems import DoubleWell, SpringInBox, System


class Own(System):
    event_shape = (2,)

    def energy(self, x):
        return tf.reduce_sum(x**2, axis=-1)


@register
class Shift(Bijector):
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


class Unregistered(Shift):
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

    def change(function):
        path = saved / storage.DOCUMENT
        document = json.loads(path.read_text())
        function(document)
        path.write_text(json.dumps(document))
        return saved

    return change


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
    before = BoltzmannGenerator(Own(), Sequence([Scaling(2), Shift(2, by=2.5)]))
    before.save(tmp_path / "g")
    same_map(before, BoltzmannGenerator.load(tmp_path / "g", system=Own()))
    with pytest.raises(ValueError, match="system must be given"):
        BoltzmannGenerator.load(tmp_path / "g")


def test_saving_again_replaces(saved):
    other = BoltzmannGenerator(DoubleWell(), shake(realnvp(2, blocks=2, hidden=(3,)), seed=5))
    other.save(saved)
    same_map(other, BoltzmannGenerator.load(saved))


def test_an_interrupted_save_leaves_no_half_written_file(saved, monkeypatch):
    before = {p.name: p.read_bytes() for p in saved.iterdir()}

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        small().save(saved)
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


def test_own_prior_is_refused_at_save(tmp_path):
    import tensorflow_probability as tfp

    prior = tfp.distributions.MultivariateNormalDiag(tf.zeros(2), tf.ones(2))
    generator = BoltzmannGenerator(DoubleWell(), Scaling(2), prior=prior)
    with pytest.raises(TypeError, match="prior must be the standard normal"):
        generator.save(tmp_path / "g")


# Damaged files.


def test_missing_folder_and_files(tmp_path, saved):
    with pytest.raises(ValueError, match=r"path must be a folder that holds generator\.json"):
        BoltzmannGenerator.load(tmp_path / "nothing")
    (saved / storage.ARRAYS).unlink()
    with pytest.raises(ValueError, match=r"path must hold the file weights\.npz"):
        BoltzmannGenerator.load(saved)


@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.99])
def test_truncated_weights(saved, fraction):
    path = saved / storage.ARRAYS
    content = path.read_bytes()
    path.write_bytes(content[: int(fraction * len(content))])
    with pytest.raises(ValueError, match="truncated or was altered"):
        BoltzmannGenerator.load(saved)


def test_every_altered_byte_of_the_weights_is_found(saved):
    path = saved / storage.ARRAYS
    content = path.read_bytes()
    for i in np.random.default_rng(3).integers(len(content), size=30):
        path.write_bytes(content[:i] + bytes([content[i] ^ 1]) + content[i + 1 :])
        with pytest.raises(ValueError, match="truncated or was altered"):
            BoltzmannGenerator.load(saved)


@pytest.mark.parametrize(
    "text", ["", "{", "[1, 2]", "null", '{"format": 1}', "\x00\xff", "[" * 9999]
)
def test_document_that_is_none(saved, text):
    (saved / storage.DOCUMENT).write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=r"generator\.json (is not valid JSON|must be an object)"):
        BoltzmannGenerator.load(saved)


def test_document_of_another_format(edit):
    with pytest.raises(ValueError, match="must be of format 1, got 99"):
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
    with pytest.raises(ValueError, match="unknown bijector class"):
        BoltzmannGenerator.load(folder)


def test_unknown_class_inside_a_sequence_is_refused(edit):
    def change(document):
        document["bijector"]["config"]["bijectors"][0]["class"] = "os.system"

    with pytest.raises(ValueError, match=r"unknown bijector class: 'os\.system'"):
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
    with pytest.raises(ValueError, match="describes no valid bijector"):
        BoltzmannGenerator.load(edit(lambda d: d.update(bijector=bijector)))


@pytest.mark.parametrize(
    "system",
    ["double_well", {"name": "os.system"}, {"name": ["x"]}, {"name": "double_well", "config": 3}]
    + [{"name": "double_well", "config": c} for c in ({"a4": -1}, {"b": 1}, {"a4": "x"})],
    ids=str,
)
def test_malformed_system_is_refused(edit, system):
    with pytest.raises(ValueError, match="unknown system|bad parameters of a system"):
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
    path, trap = saved / storage.ARRAYS, tmp_path / "trap"
    array = np.empty(1, object)
    array[0] = Bomb(trap)
    np.savez(path, **{"0000": array})
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        storage.load_arrays(path)  # with no checksum to stop it before
    assert not trap.exists()
    np.load(path, allow_pickle=True)["0000"]  # the bomb is a real one
    assert trap.exists()


def test_assign_from_takes_the_same_architecture_only():
    a, b = AffineCoupling(2, hidden=(3,)), shake(AffineCoupling(2, hidden=(3,)))
    a.assign_from(b)
    np.testing.assert_array_equal(a.forward([[0.3, 0.2]]), b.forward([[0.3, 0.2]]))
    with pytest.raises(ValueError, match="other must have the architecture"):
        a.assign_from(AffineCoupling(2, hidden=(4,)))
