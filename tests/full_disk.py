"""What is written to a disk that is full or cannot be written to; run as `python full_disk.py DIR`.

DIR is a small file system of its own. Each job writes there with room, then with too little, then
where nothing can be written, then with room again. Prints one JSON document: for each job and
time, the kind and the words of the error, whether what was there is still the same, and the number
of training steps that were made.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

import boltzmann_tf as bg
from boltzmann_tf import sampling, systems
from boltzmann_tf.cli import commands, config
from boltzmann_tf.reproduction import context, registry, runner
from boltzmann_tf.training.steps import TrainingStep

CHAIN = systems.Polymer(40)
DATA = np.random.default_rng(0).normal(size=(64, 2))


def fit(place: Path, number: int) -> None:
    """A training that goes on from its checkpoint, or tries to."""
    del number
    flow = bg.realnvp(2, blocks=1, hidden=(40,), seed=1)
    generator = bg.BoltzmannGenerator(systems.DoubleWell(), flow)
    bg.Trainer(generator, steps_per_call=2, jit_compile=False).fit(
        DATA, bg.Stage(4, 16, 1e-3), verbose=0, checkpoint=place / "c.npz", checkpoint_every=2
    )


def save(place: Path, number: int) -> None:
    """A generator over another."""
    flow = bg.realnvp(2, blocks=1, hidden=(40 + number,))
    bg.BoltzmannGenerator(systems.DoubleWell(), flow).save(place / "generator")


def state(place: Path, number: int) -> None:
    """A sampler's state over another."""
    start = np.tile(CHAIN.initial_state("stretched"), (64, 1))
    for seed in (10 + number, number):  # with one before it
        sampling.save_state(place / "run.npz", sampling.polymer_state(start, seed=seed))


def train(place: Path, number: int) -> None:
    """The command."""
    settings = config.TrainConfig(
        system="double_well", samples=100, iterations=2, warm_up=1, batch_size=16, blocks=1,
        hidden=(100,), seed=number,
    )  # fmt: skip
    commands.train(settings, place / "trained")


STUDY = """
import numpy as np
from boltzmann_tf.reproduction import Metric, reproduction

@reproduction("numbers", "Numbers")
def run(context):
    value = float(context.seed)
    context.add(Metric.within("number", value, -9.0, 9.0, justification="planted"))
    (context.directory / "numbers.bin").write_bytes(bytes(200_000))
"""


def reproduce(place: Path, number: int) -> None:
    """A study whose report takes the place of an earlier one; its own file does not fit."""
    context._ROOM = 1  # nobody asks before
    runner.run_reproduction("numbers", output=place / "results", seed=number)


def ahead(place: Path, number: int) -> None:
    """The same, which asks before."""
    context._ROOM = 300_000
    runner.run_reproduction("numbers", output=place / "results", seed=number)


JOBS: dict[str, Callable[[Path, int], None]] = {
    job.__name__: job for job in (fit, save, state, train, reproduce, ahead)
}


def main(top: Path) -> None:
    """Does each job four times."""
    steps = []
    original = TrainingStep.__call__

    def counted(self, *arguments):
        steps.append(arguments)
        return original(self, *arguments)

    TrainingStep.__call__ = counted
    package = Path(tempfile.mkdtemp())
    (package / "__init__.py").write_text("")
    (package / "numbers.py").write_text(STUDY)
    registry.directory = lambda: package
    found = {}
    for name, job in JOBS.items():
        place = top / name
        place.mkdir()
        found[name] = []
        for number, prepare in enumerate((lambda: None, full, read_only, lambda: None)):
            with contextlib.ExitStack() as stack:
                if number in (1, 2):
                    stack.enter_context(prepare(top))
                before = tree(place)
                steps.clear()
                error = None
                try:
                    job(place, number)
                except (OSError, ValueError) as raised:
                    error = f"{type(raised).__name__}: {raised}"
                same = tree(place) == before
            found[name].append({"error": error, "same": same, "steps": len(steps)})
    print(json.dumps(found))


@contextlib.contextmanager
def full(top: Path):
    """Leaves one block free."""
    filler = top / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    os.truncate(filler, filler.stat().st_size - 4096)
    yield
    filler.unlink()


@contextlib.contextmanager
def read_only(top: Path):
    """For root, too."""
    subprocess.run(["mount", "-o", "remount,ro", top], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", top], check=True)


def tree(place: Path) -> dict[str, str]:
    """What is there."""
    return {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
