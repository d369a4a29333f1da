"""Data that are not in memory: rows read by number, streams, and windows of them in training."""

from __future__ import annotations

import hashlib
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf._support import rows as _rows
from boltzmann_tf._support import streams
from boltzmann_tf._support.rows import Form, Rows
from boltzmann_tf._support.streams import Stream, source
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.systems import System
from boltzmann_tf.training import Stage, Trainer
from boltzmann_tf.training.run_identity import run_document

FORM = Form("data", (2,), np.float32)
DATA = np.random.default_rng(0).normal(size=(777, 2)).astype(np.float32)
STAGES = [Stage(15, 16, 1e-2), Stage(23, 16, 1e-2)]  # 2 and 3 calls


class Free(System):
    """Independent standard normal coordinates."""

    def __init__(self, size=2):
        self.event_shape = (size,)

    def energy(self, x):
        return 0.5 * tf.reduce_sum(x**2, axis=-1)


class Affine(Bijector):
    """x = shift + exp(log_scale) z; by example it learns mean and standard deviation."""

    def __init__(self, size=2):
        super().__init__(size)
        self.shift = tf.Variable(tf.zeros(size))
        self.log_scale = tf.Variable(tf.zeros(size))

    def forward_and_log_det(self, z):
        x = self.shift + tf.exp(self.log_scale) * z
        return x, tf.fill(tf.shape(z)[:-1], tf.reduce_sum(self.log_scale))

    def inverse_and_log_det(self, x):
        z = (x - self.shift) * tf.exp(-self.log_scale)
        return z, tf.fill(tf.shape(x)[:-1], -tf.reduce_sum(self.log_scale))


def new(size=2, **options):
    generator = BoltzmannGenerator(Free(size), Affine(size), jit_compile=False)
    return Trainer(generator, **{"steps_per_call": 10, "jit_compile": False, "seed": 3} | options)


@pytest.fixture(scope="module")
def trainer():
    return new()


@pytest.fixture
def fit(trainer):
    """Trains the shared trainer from its start; all numbers that come of it."""

    def call(data, stages=STAGES, **options):
        trainer.set_weights([0 * w for w in trainer.get_weights()])
        history = trainer.fit(data, stages, verbose=0, **options)
        return [*trainer.get_weights(), *history.values.values()]

    return call


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


class Zarr:
    """What has shape, dtype and slices, and nothing else."""

    def __init__(self, array):
        self._array, self.shape, self.dtype = array, array.shape, array.dtype
        self.threads = []

    def __len__(self):
        return len(self._array)

    def __getitem__(self, key):
        assert isinstance(key, slice)
        self.threads.append(threading.current_thread().name)
        return self._array[key]


def chunks(array=DATA, sizes=(100, 1, 333)):
    """Of many sizes, an empty one among them."""
    low, i = 0, 0
    while low < len(array):
        yield array[low : low + sizes[i % len(sizes)]]
        yield array[:0]
        low, i = low + sizes[i % len(sizes)], i + 1


class Chunks:
    """What can be walked again and again."""

    def __iter__(self):
        return chunks()


def memmap(path, array=DATA):
    np.save(path / "x.npy", array)
    return np.load(path / "x.npy", mmap_mode="r")


def hdf5(path):
    file = pytest.importorskip("h5py").File(path / "x.h5", "w")
    return file.create_dataset("x", data=DATA, chunks=(50, 2), compression="gzip")


ROWS = {
    "memmap": memmap,
    "hdf5": hdf5,
    "slices": lambda path: Zarr(DATA),
    "float64": lambda path: Zarr(DATA.astype(np.float64)),
}
STREAMS = {
    "dataset of singles": lambda path: tf.data.Dataset.from_tensor_slices(DATA),
    "dataset of chunks": lambda path: tf.data.Dataset.from_tensor_slices(DATA).batch(50),
    "function": lambda path: chunks,
    "function to an array": lambda path: lambda: DATA,
    "function to a dataset": lambda path: STREAMS["dataset of chunks"](path).__iter__,
    "iterable": lambda path: Chunks(),
    "generator": lambda path: chunks(),
    "generator of singles": lambda path: iter(list(DATA)),
}
KINDS = ROWS | STREAMS


# Sources.


@pytest.mark.parametrize("kind", KINDS)
def test_batches_are_those_of_the_array(tmp_path, kind):
    found = list(source(FORM, KINDS[kind](tmp_path)).batches(100))
    assert [len(c.x) for c in found] == [100] * 7 + [77]
    np.testing.assert_array_equal(np.concatenate([c.x for c in found]), DATA)
    np.testing.assert_array_equal(np.concatenate([c.rows for c in found]), np.arange(777))
    assert found[0].x.dtype == np.float32


@pytest.mark.parametrize("n", [1, 2, 7, 97, 1000, 1024])
@pytest.mark.parametrize("window", [1, 5, 300, 1000])
def test_each_pass_has_each_row_once(n, window, monkeypatch):
    monkeypatch.setattr(_rows, "PLACES", 16)  # blocks of many sizes
    window = min(n, window)
    x = np.stack([np.arange(n), -np.arange(n)], axis=1)
    rows = Rows(FORM, x)
    rows.arrange(5, window)
    found = [rows.read(start, window) for start in range(0, 3 * n, window)]
    for chunk in found:
        np.testing.assert_array_equal(chunk.x, x[chunk.rows])  # sorted within a pass
    # Windows reach over the end of a pass: row by row.
    passes = [[rows.read(start, 1).rows[0] for start in range(k * n, k * n + n)] for k in (0, 1)]
    for one in passes:
        np.testing.assert_array_equal(np.sort(one), np.arange(n))
    # The same rows, whatever the window in which they are read.
    in_order = np.concatenate(passes)
    for i, chunk in enumerate(found):
        if (i + 1) * window <= 2 * n:
            own = np.sort(in_order[i * window : (i + 1) * window])
            np.testing.assert_array_equal(np.sort(chunk.rows), own)
    if n > 90:
        assert passes[0] != passes[1]
        other = Rows(FORM, x)
        other.arrange(6, window)
        assert np.any(other.read(0, n // 2).rows != rows.read(0, n // 2).rows)


def test_a_window_has_rows_from_many_places():
    rows = Rows(FORM, np.zeros((100_000, 2), np.float32))
    rows.arrange(0, 2000)
    found = rows.read(0, 2000).rows
    assert np.mean(np.diff(found) > 1) > 0.1
    assert abs(found.mean() - 50_000) < 6 * 100_000 / np.sqrt(12 * 256)  # six sigma
    assert rows.read(0, 100_000).rows.tolist() == list(range(100_000))


def test_a_stream_is_read_in_order_over_its_passes():
    endless = np.concatenate([DATA] * 4)
    stream = Stream(FORM, chunks)
    for start in range(0, 2 * 777, 130):
        np.testing.assert_array_equal(stream.read(start, 130).x, endless[start : start + 130])
    later = Stream(FORM, chunks)
    np.testing.assert_array_equal(later.read(1300, 900).x, endless[1300:2200])
    np.testing.assert_array_equal(later.read(2345, 9).rows, np.arange(2345, 2354) % 777)


def test_one_pass_runs_dry():
    stream = source(FORM, chunks())
    stream.read(0, 700)
    with pytest.raises(
        ValueError, match=r"data must not run dry.*after 777 rows.* give a function"
    ):
        stream.read(700, 78)


USED = chunks()  # what a function must not return twice
BAD_STREAMS = {
    "width": (
        lambda: iter([DATA, np.zeros((4, 3))]),
        r"data must have chunks of shape \[k, 2\], got \(4, 3\) in chunk 1",
    ),
    "nan": (
        lambda: iter([DATA, np.array([[0.0, 1.0], [1.0, np.nan]])]),
        r"data must be finite, got 1 row.* of the 2 of chunk 1, the first is row 778",
    ),
    "masked": (
        lambda: iter([np.ma.masked_less(DATA, 0)]),
        r"data must not be masked, got \d+ masked",
    ),
    "empty": (lambda: iter([DATA[:0]]), r"data must not be empty, got no rows in pass 0"),
    "pair": (
        lambda: iter([(DATA, DATA[:, :1])]),
        r"data must have elements x for this generator, got a pair in chunk 0",
    ),
    "the same iterator": (
        lambda: USED,
        r"no rows in pass 1: a function must return a new iterator at each call",
    ),
    "wild": (
        lambda: iter([DATA, [[0.0, 1e18]]]),
        r"data must be of one size, but row 777 of data",
    ),
}


@pytest.mark.parametrize("kind", BAD_STREAMS)
def test_a_bad_stream_is_refused_by_name(trainer, kind):
    passes, said = BAD_STREAMS[kind]
    with pytest.raises(ValueError, match=said):
        trainer.fit(passes, STAGES, window=1500, verbose=0)


def test_a_later_window_is_looked_at_too(trainer):
    data = np.copy(DATA)
    data[700, 1] = np.nan
    with pytest.raises(ValueError, match=r"data must be finite, got 1 row.*the first is row 700"):
        trainer.fit(Zarr(data), Stage(200, 16), verbose=0)
    data[700, 1] = 1e6
    with pytest.warns(UserWarning, match="row 700 of data is far from all others") as found:
        trainer.fit(Zarr(data), Stage(200, 16), verbose=0)
    assert len(found) == 1  # not in each pass


def test_conditions_come_in_pairs():
    conditions = DATA[:, :1] + 1
    form = Form("data", (2,), np.float32, 1)
    pairs = tf.data.Dataset.from_tensor_slices((DATA, conditions))
    for given in (pairs, pairs.batch(40), lambda: iter([(DATA, conditions)])):
        found = list(source(form, given).batches(500))
        np.testing.assert_array_equal(np.concatenate([c.condition for c in found]), conditions)
    with pytest.raises(ValueError, match=r"pairs \(x, condition\) with 1 comp.* got x alone"):
        next(source(form, chunks).batches(5))
    with pytest.raises(
        ValueError, match="a row for each of the 777 configurations of chunk 0, got"
    ):
        next(source(form, lambda: iter([(DATA, conditions[1:])])).batches(5))
    rows = streams.with_conditions(source(form, Zarr(DATA)), 1, Zarr(conditions), "c")
    rows.arrange(0, 50)
    chunk = rows.read(0, 50)
    np.testing.assert_array_equal(chunk.condition, conditions[chunk.rows])
    with pytest.raises(ValueError, match=r"c must have shape \[777, 1\].* got \(776, 1\)"):
        streams.with_conditions(source(form, Zarr(DATA)), 1, Zarr(conditions[1:]), "c")


# Densities and weights.


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_those_of_the_array(trainer, tmp_path, monkeypatch, kind):
    monkeypatch.setattr("boltzmann_tf.generator.BATCH_SIZE", 256)
    generator = trainer.generator
    for method in (generator.log_weight, generator.log_prob):
        np.testing.assert_array_equal(method(KINDS[kind](tmp_path)), method(DATA))


def test_an_endless_dataset_has_no_weights(trainer):
    endless = tf.data.Dataset.from_tensor_slices(DATA).repeat()
    with pytest.raises(ValueError, match="x must end, got a dataset that repeats for ever"):
        trainer.generator.log_weight(endless)


# Training.


@pytest.mark.parametrize("kind", ROWS)
def test_rows_train_to_the_numbers_of_an_array(fit, tmp_path, kind):
    """With windows, and within one window to those of training as ever."""
    given = ROWS[kind](tmp_path)
    expected = fit(DATA, window=100)
    assert_same(fit(given, window=100), expected)
    assert_same(fit(given, window=777), fit(DATA))
    assert np.any(expected[-1] != fit(DATA)[-1])


@pytest.mark.parametrize("kind", STREAMS)
def test_streams_train_to_the_same_numbers(fit, tmp_path, kind):
    """Those of the rows in order, pass after pass; the generators hold enough for five windows."""
    expected = fit(chunks, window=150)
    assert_same(fit(STREAMS[kind](tmp_path), window=150), expected)


def test_nothing_is_traced_twice_and_windows_are_read_ahead():
    trainer = new()
    given = Zarr(DATA)
    trainer.fit(given, [*STAGES, Stage(10, 16, kl=1.0, ml=0.0)], verbose=0)
    function = trainer._step._compiled[STAGES[0].shape()]
    assert function.experimental_get_tracing_count() == 1
    # The first window is read for the identity of the run, the other four beside the training.
    assert given.threads[0] == "MainThread"
    assert {name.partition("_")[0] for name in given.threads[160:]} == {"windows"}


class Stop(keras.callbacks.Callback):
    """Ends the run after so many steps."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training = batch >= self.steps


@pytest.mark.parametrize("kind", ["memmap", "function", "generator"])
@pytest.mark.parametrize("steps", [10, 15, 25])
def test_a_resumed_run_is_the_same_run(fit, tmp_path, kind, steps):
    options = {"checkpoint": tmp_path / "c.npz", "window": 150}
    expected = fit(KINDS[kind](tmp_path), window=150)
    fit(KINDS[kind](tmp_path), callbacks=[Stop(steps)], **options)
    assert_same(fit(KINDS[kind](tmp_path), **options), expected)


def test_a_stage_that_was_ended_counts_as_it_was(fit):
    """The second run goes on with the rows after those that the first stage has used."""
    seen = []

    def recorded():
        for i in range(0, 777, 7):
            seen.append(i)
            yield DATA[i : i + 7]

    fit(recorded, [Stage(30, 16), Stage(10, 16)], window=70, callbacks=[Stop(10)])
    assert len(seen) <= 21  # two windows, and a chunk begun


def test_other_data_are_another_run(fit, trainer, tmp_path):
    options = {"checkpoint": tmp_path / "c.npz"}
    fit(Zarr(DATA), **options)
    with pytest.raises(ValueError, match=r"belongs to another run.*sha256"):
        fit(Zarr(DATA + 1), **options)
    with pytest.raises(ValueError, match=r"belongs to another run.*shape\[0\]"):
        fit(Zarr(DATA[:-1]), **options)
    with pytest.raises(ValueError, match=r"belongs to another run.*windows"):
        fit(Zarr(DATA), window=30, **options)
    trainer.steps_per_call = 5
    try:
        with pytest.raises(ValueError, match=r"belongs to another run.*(steps of a )?window"):
            fit(Zarr(DATA), window=160, **options)
    finally:
        trainer.steps_per_call = 10


def test_the_identity_of_a_run_in_memory_is_as_it_was(trainer):
    """What files say that were written before there were windows and held-out data."""
    found = run_document(trainer, STAGES, trainer._data(DATA, None, STAGES))
    assert found["data"].keys() == {"shape", "sha256", "condition_sha256"}
    assert found["data"]["sha256"] == hashlib.sha256(DATA.tobytes()).hexdigest()
    assert "validation" not in found


def test_a_whole_file_is_learnt_in_flat_memory(tmp_path, monkeypatch):
    """64 MB whose rows drift by three sigma from the first to the last, in windows of 2 MB.

    Mean and scale come out to a tenth of what the drift makes of them; the first window alone
    would give 0 and 1. Without letting go of pages (planted), the file stays in memory.
    """
    n, size = 2**19, 32
    path = tmp_path / "x.dat"
    data = np.memmap(path, np.float32, "w+", shape=(n, size))
    rng = np.random.default_rng(1)
    drift = np.linspace(0, 3, n, dtype=np.float32)[:, None]
    for low in range(0, n, 2**16):
        part = slice(low, low + 2**16)
        data[part] = rng.standard_normal((2**16, size), np.float32) + drift[part]
    data.flush()
    del data
    data = np.memmap(path, np.float32, "r", shape=(n, size))

    trainer = new(size, steps_per_call=10)
    stage = Stage(300, 256, lambda f: 0.1 * (1 - f), clip_norm=None)
    trainer.fit(data[:100], Stage(10, 256, 0.0), verbose=0)  # compiles, and allocates
    before, mapped = resident(), resident("RssFile")
    history = trainer.fit(data, stage, window=2**14, verbose=0)
    assert resident("RssFile") - mapped < 8 * 2**20
    assert resident() - before < 48 * 2**20
    log_scale, shift = trainer.get_weights()
    spread = np.sqrt(1 + 9 / 12)
    np.testing.assert_allclose(shift, 1.5, atol=0.15)
    np.testing.assert_allclose(np.exp(log_scale), spread, atol=0.03)
    best = size * (0.5 + np.log(spread))
    np.testing.assert_allclose(history["ml"][-50:].mean(), best, atol=0.02 * size)

    monkeypatch.setattr(Rows, "_release", lambda self: None)
    mapped = resident("RssFile")
    trainer.fit(data, Stage(310, 256, 0.0), window=2**14, verbose=0)
    assert resident("RssFile") - mapped > 40 * 2**20


def resident(kind="VmRSS"):
    """Bytes in memory: all, or of mapped files."""
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(kind))


SIZE, CHUNK, CHUNKS = 256, 2**14, 640  # of 16 MB


class Memory(keras.callbacks.Callback):
    """Looks at it during two epochs."""

    def __init__(self):
        super().__init__()
        self.found = []

    def on_train_batch_end(self, batch, logs=None):
        self.found.append(resident())

    @property
    def rise(self):
        """By which part the second epoch is above the first; windows come and go in both."""
        half = len(self.found) // 2
        return max(self.found[half:]) / max(self.found[:half]) - 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["chunks", "memmap"])
def test_ten_gigabytes_leave_memory_flat(kind, tmp_path):
    """Two epochs of a quantity that drifts, and one of weights."""
    block = np.random.default_rng(2).standard_normal((CHUNK, SIZE), np.float32)

    def chunks():
        return (block + np.float32(i / CHUNKS) for i in range(CHUNKS))

    data = chunks
    if kind == "memmap":
        path = tmp_path / "x.dat"
        with path.open("wb") as file:
            for chunk in chunks():
                file.write(chunk.data)
        data = np.memmap(path, np.float32, "r", shape=(CHUNKS * CHUNK, SIZE))
    batch, epoch = 4096, CHUNKS * CHUNK // 4096
    trainer, memory = new(SIZE, steps_per_call=20), Memory()
    stage = Stage(2 * epoch, batch, lambda f: 0.1 * (1 - f))
    trainer.fit(data, stage, verbose=0, callbacks=[memory])
    print(f"{kind}: {np.array(memory.found)[:: len(memory.found) // 16] >> 20} MiB")
    assert memory.rise < 0.1
    if kind == "memmap":  # rows of all places; a stream comes in its order, and ends at 1
        np.testing.assert_allclose(trainer.get_weights()[1], 0.5, atol=0.1)
    before = resident()
    assert len(trainer.generator.log_prob(data)) == CHUNKS * CHUNK
    assert resident() - before < 300 * 2**20  # of 84 that are returned
