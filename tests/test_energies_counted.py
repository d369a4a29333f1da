"""Who listens to counts of energies, and when: nested, in threads, after errors, to the end."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf

import boltzmann_tf as bg
from boltzmann_tf import sampling
from boltzmann_tf._support.ahead import ahead
from boltzmann_tf._support.counting import EnergyCount, count_energies, leave, listen
from boltzmann_tf.systems import DoubleWell, System

START = np.tile(DoubleWell().initial_state("left"), (4, 1)).astype(np.float32)


def made(system=None, **options):
    flow = bg.realnvp(2, blocks=1, hidden=(4,), seed=0)
    return bg.BoltzmannGenerator(system or DoubleWell(), flow, jit_compile=False, **options)


def test_every_one_of_several_in_one_another_counts():
    with bg.energies_counted() as outer:
        count_energies(1)
        with bg.energies_counted() as inner:
            count_energies(np.int64(2))
        count_energies(4)
    count_energies(8)
    assert (outer.number, inner.number) == (7, 2)
    assert type(outer.number) is int


def test_one_that_listens_and_is_named_counts_once():
    with bg.energies_counted() as count:
        other = EnergyCount()
        count_energies(3, count, other)
    assert (count.number, other.number) == (3, 3)


def test_they_may_come_and_go_in_any_order():
    first, second = EnergyCount(), EnergyCount()
    listen(first)
    listen(second)
    leave(first)
    count_energies(1)
    leave(second)
    leave(second)
    count_energies(1)
    assert (first.number, second.number) == (0, 1)


def test_an_error_ends_the_counting_and_keeps_the_count():
    def failing(counts):
        with bg.energies_counted() as count:
            counts.append(count)
            count_energies(3)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing(counts := [])
    count_energies(5)
    assert counts[0].number == 3


def test_pieces_in_the_packages_threads_count_for_the_reader():
    threads = set()

    def piece(i):
        threads.add(threading.get_ident())
        count_energies(10**i)

    with bg.energies_counted() as count:
        list(ahead(piece, 6))
    assert len(threads) > 1
    assert count.number == 111_111


def test_that_test_sees_threads_without_the_context(monkeypatch):
    """The planted error: work handed to a pool as it is."""

    class Nowhere:
        def run(self, function, *args):
            return function(*args)

    monkeypatch.setattr("contextvars.copy_context", Nowhere)
    with pytest.raises(AssertionError, match="== 111111"):
        test_pieces_in_the_packages_threads_count_for_the_reader()


def test_threads_of_a_user_count_apart():
    both = threading.Barrier(2, timeout=30)

    def own(number):
        with bg.energies_counted() as count:
            both.wait()
            count_energies(number)
            both.wait()
        return count.number

    with bg.energies_counted() as outer, ThreadPoolExecutor(2) as pool:
        assert list(pool.map(own, [1, 2])) == [1, 2]
    assert outer.number == 0


def test_nothing_is_lost_where_threads_count_at_once():
    """Additions that take so long that the other thread begins one meanwhile."""

    class Slow(int):
        def __add__(self, other):
            time.sleep(1e-3)
            return Slow(int(self) + other)

    with bg.energies_counted() as count:
        count._number = Slow(0)
        list(ahead(lambda _: [count_energies(1) for _ in range(20)], 5))
    assert count.number == 100


def test_a_stream_is_counted_where_it_is_read():
    """Made inside, read outside, and the other way round."""
    generator = made()
    with bg.energies_counted() as inside:
        made_inside = generator.sample_batches(8, batch_size=4)
    made_outside = generator.sample_batches(8, batch_size=4)
    with bg.energies_counted() as other:
        list(made_outside)
    list(made_inside)
    assert (inside.number, other.number) == (0, 8)


def test_what_a_sweep_of_ones_own_computes_until_it_fails_is_counted():
    def sweep(state, _):
        if sweep.calls == 3:
            raise RuntimeError("the fourth sweep")
        sweep.calls += 1
        return sampling.metropolis_sweeps(state, 5, temperature=2.0)[0]

    sweep.calls = 0
    state = sampling.exchange_state(sampling.lattice_state(2, 4), 2)
    with pytest.raises(RuntimeError, match="fourth"), bg.energies_counted() as count:
        sampling.exchange_rounds(
            state,
            9,
            sweep=sweep,
            reduced_energy=lambda s: sampling.lattice_energies(s.spins)[:, None] / [2.0, 3.0],
        )
    assert count.number == 3 * 2 * (5 + 1)


def test_starts_that_are_refused_have_been_computed():
    class Nowhere(System):
        event_shape = (2,)

        def energy(self, x):
            return tf.where(x[:, 0] > 0, np.inf, tf.reduce_sum(x**2, axis=1))

    with pytest.raises(ValueError, match="finite"), bg.energies_counted() as count:
        sampling.metropolis(Nowhere(), np.ones((3, 2)), n_steps=5)
    assert count.number == 3


class Nothing(DoubleWell):
    """Its energies in training are NaN."""

    def training_energy(self, x):
        return np.nan * super().energy(x)


def test_a_training_that_diverges_counts_what_it_computed():
    """Also what is rolled back, and is in the history of the error alone."""
    trainer = bg.Trainer(made(Nothing()), steps_per_call=4, jit_compile=False)
    stage = bg.Stage(40, 8, 1e-3, ml=0.0, kl=1.0, max_bad_steps=6)
    with pytest.raises(bg.TrainingDiverged) as raised, bg.energies_counted() as count:
        trainer.fit(None, stage, verbose=0)
    assert count.number == raised.value.history.energy_evaluations == 8 * 8


def test_a_resumed_training_counts_what_it_computes_itself(tmp_path, signals_as_in_a_shell):
    stage = bg.Stage(12, 8, 1e-3, ml=0.0, kl=1.0)

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 8:
                raise KeyboardInterrupt

    def run(callbacks):
        trainer = bg.Trainer(made(), steps_per_call=4, jit_compile=False)
        with bg.energies_counted() as count:
            try:
                history = trainer.fit(
                    None, stage, callbacks=callbacks, verbose=0, checkpoint=tmp_path / "c.npz"
                )
            except KeyboardInterrupt:
                return count.number, None
        return count.number, history.energy_evaluations

    assert run([Stop()]) == (8 * 8, None)
    assert run([]) == (4 * 8, 12 * 8)


def test_a_callback_that_samples_counts_beside_the_training():
    generator = made()

    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            generator.sample(3)

    trainer = bg.Trainer(generator, steps_per_call=4, jit_compile=False)
    with bg.energies_counted() as count:
        history = trainer.fit(
            None, bg.Stage(8, 8, 1e-3, ml=0.0, kl=1.0), callbacks=[Look()], verbose=0
        )
    assert history.energy_evaluations == 8 * 8
    assert count.number == 8 * 8 + 2 * 3


def test_data_that_are_computed_as_training_reads_them_are_counted():
    """Windows are read in a thread of their own."""
    source = made()

    def stream():
        while True:
            yield source.sample(8).x

    trainer = bg.Trainer(made(), steps_per_call=2, jit_compile=False)
    with bg.energies_counted() as count:
        trainer.fit(stream, bg.Stage(6, 8, 1e-3), verbose=0, window=16)
    assert count.number == 3 * 16


def test_what_is_compiled_is_the_same_whoever_listens():
    generator = made()
    for _ in range(2):
        generator.sample(4)
        generator.log_weight(START)
        with bg.energies_counted():
            generator.sample(4)
            generator.log_prob(START)
    compiled = generator._compiled
    assert {name for name, _ in compiled} == {"sample", "log_prob", "weigh"}
    assert {f.experimental_get_tracing_count() for f in compiled.values()} == {1}
