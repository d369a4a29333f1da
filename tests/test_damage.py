"""Thousands of damaged and hostile files: each is refused, or gives the numbers it should.

Nothing crashes, hangs, or takes memory by what a file claims.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import time
from pathlib import Path

import damage
import forging
import numpy as np
import pytest
from test_checkpoints import DATA, STAGES, trainer

from boltzmann_tf import priors, sampling, storage, systems
from boltzmann_tf.bijectors import Box, Marginals, Sequence, Whitening, realnvp, serialize
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.training.checkpoints import Checkpoint

SECONDS, BYTES = 5.0, 1 << 30  # for one file; above what the process has taken before


def digest(arrays):
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


class Generators:
    """Folders of a document and an array file; every other with a prior."""

    def __init__(self, folder):
        data = np.random.default_rng(0).normal(size=(50, 2))
        spline = realnvp(2, blocks=1, hidden=(3,), coupling="spline", bins=4, repeated=True)
        box = Box([-9.0, -np.inf], [9.0, np.inf])
        self.folders = [folder / "0", folder / "1"]
        BoltzmannGenerator(
            systems.DoubleWell(a2=5.0),
            Sequence([realnvp(2, blocks=2, hidden=(4,)), Whitening.from_data(data)]),
        ).save(self.folders[0])
        BoltzmannGenerator(
            systems.MuellerBrown(),
            Sequence([spline, Marginals(2, bins=4), box]),
            priors.Mixture([[-2.0, 0.0], [2.0, 0.0]], scales=0.7),
        ).save(self.folders[1])
        self.place = folder / "g"

    def restore(self, k):
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.folders[k % 2], self.place)
        return [self.place / storage.DOCUMENT, forging.weights(self.place)]

    def load(self):
        system, bijector, prior = storage.load_parts(self.place)
        told = [systems.to_document(system), serialize(bijector), priors.to_document(prior)]
        return json.dumps(told), digest(v.numpy() for v in bijector.variables)

    def forge(self, rng, *, arrays):
        if not arrays:
            forging.generator(self.place, lambda document: damage.document_of(document, rng))
            return
        with np.load(forging.weights(self.place)) as archive:
            forging.generator(self.place, arrays=damage.arrays_of(dict(archive), rng))


class Documented:
    """One array file that holds a document."""

    place: object

    def restore(self, k):
        self.remove()
        shutil.copyfile(self.whole, self.place)
        return [self.place]

    def remove(self):
        if self.place.is_dir() and not self.place.is_symlink():
            self.place.rmdir()
        self.place.unlink(missing_ok=True)

    def forge(self, rng, *, arrays):
        if not arrays:
            forging.documented(self.place, lambda document: damage.document_of(document, rng))
            return
        with np.load(self.place) as archive:
            old = {n: a for n, a in archive.items() if n != "document"}
        new = damage.arrays_of(old, rng)
        forging.documented(self.place, arrays={n: None for n in old} | new)


class States(Documented):
    """Of a sampler."""

    def __init__(self, folder):
        self.whole, self.place = folder / "whole.npz", folder / "run.npz"
        state = sampling.tempering_state(4, 3, n_ladders=2)
        sampling.save_state(self.whole, state, {"energy": np.arange(6.0)})

    def load(self):
        state, records = sampling.load_state(self.place)
        *arrays, rounds, seed = state
        return rounds, seed, digest([*(np.asarray(a) for a in _flat(arrays)), *records.values()])


def _flat(values):
    for value in values:
        if isinstance(value, tuple):
            yield from _flat(value)
        else:
            yield value


class Checkpoints(Documented):
    """Of a training that is at its end."""

    def __init__(self, folder):
        self.whole, self.place = folder / "whole.npz", folder / "c.npz"
        opened = []

        class Seen(Checkpoint):
            def start(self, position):
                opened.append(self)
                return super().start(position)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("boltzmann_tf.training.loop.Checkpoint", Seen)
            self.trainer = trainer()
            self.trainer.fit(DATA, STAGES, verbose=0, checkpoint=self.whole)
        self.checkpoint = opened[0]

    def load(self):
        position = self.checkpoint.restore(self.place)
        history = self.checkpoint._history
        arrays = [v.numpy() for v in self.checkpoint._variables.values()]
        told = [position, history.stage_ends, history.energy_evaluations]
        return json.dumps(told), digest([*arrays, *history.values.values()])


FAMILIES = {"generator": Generators, "state": States, "checkpoint": Checkpoints}


def peak(*, anew=False):
    """The most memory that this process has had since it was last asked for anew, in bytes."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


class Hangs(BaseException):
    """Which nothing turns into another error."""


@pytest.fixture(autouse=True)
def no_waiting():
    """What waits, for a pipe say, is interrupted."""

    def interrupt(*_):
        raise Hangs

    before = signal.signal(signal.SIGALRM, interrupt)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def outcomes(family, numbers):
    """What loading comes to after each damage, counted; raises where it is nothing it may be."""
    expected = {}
    for k in range(2):
        family.restore(k)
        expected[k] = family.load()
    before, found = peak(anew=True), {}
    for k in numbers:
        rng = np.random.default_rng(k)
        files = family.restore(k)
        file = files[rng.integers(len(files))]
        kind = ("bytes", "bytes", "document", "arrays", "place")[rng.integers(5)]
        if kind == "bytes":
            file.write_bytes(damage.bytes_of(file.read_bytes(), rng))
        elif kind == "place":
            damage.place_of(file, rng, files[-1])
        else:
            family.forge(rng, arrays=kind == "arrays")
        begun = time.process_time()
        signal.alarm(60)
        said = "what it is and what it should be"
        try:
            outcome = "same" if family.load() == expected[k % 2] else "other"
        except Hangs:
            raise AssertionError(f"number {k}, {kind}: it hangs") from None
        except (ValueError, OSError) as error:
            outcome, said = "refused", str(error)
        except Exception as error:
            raise AssertionError(f"number {k}, {kind}: {error!r}") from error
        assert len(said) > 20, f"number {k}, {kind}: {said!r}"
        seconds = time.process_time() - begun
        assert seconds < SECONDS, f"number {k}, {kind}, {outcome}: {seconds:.1f} s"
        assert peak() - before < BYTES, f"number {k}, {kind}, {outcome}: memory"
        # A tool that knows the format may write another generator; a disk may not.
        assert outcome != "other" or kind in ("document", "arrays"), f"number {k}, {kind}"
        found[kind, outcome] = found.get((kind, outcome), 0) + 1
    return found


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="looks memory up in /proc")
@pytest.mark.filterwarnings("ignore")  # of libraries that are given odd values
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(
    "numbers",
    [range(667), pytest.param(range(667, 34_000), marks=pytest.mark.slow)],
    ids=["some", "many"],
)
def test_what_is_damaged_is_refused_or_the_same(name, numbers, tmp_path):
    found = outcomes(FAMILIES[name](tmp_path), numbers)
    print(name, found)
    assert {kind for kind, _ in found} == {"bytes", "document", "arrays", "place"}
    refused = sum(n for (_, outcome), n in found.items() if outcome == "refused")
    assert refused > 0.7 * len(numbers)


def test_numbers_that_are_taken_as_they_come_are_seen(tmp_path, monkeypatch):
    """Planted: no checksums."""
    monkeypatch.setattr("boltzmann_tf._support.documented.unseal", lambda c, _: json.loads(c))
    monkeypatch.setattr("boltzmann_tf._support.arrays._digest", lambda array: "0")
    monkeypatch.setattr("zipfile.ZipExtFile._update_crc", lambda self, data: None)
    with pytest.raises(AssertionError, match=r"number \d+, bytes\b"):
        outcomes(States(tmp_path), range(667))
