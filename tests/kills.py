"""Jobs that are killed and started again.

Run as `python kills.py JOB,JOB,... N SEED [--xla] [--chain]`.

Each trial is a folder of its own. A child process does the job and is killed: after a random time,
or before or after one of the calls that change files. Another does it again to its end; with
--chain, after all N have been killed. What is then in the folder must be what an undisturbed child
has left. Children are forks of one process
that has imported the package and computed nothing, so that a trial does not pay for imports.

Prints one JSON document: the trials of each job, whether each was killed, and whether the results
are the same.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import boltzmann_tf as bg
from boltzmann_tf import potentials, sampling, systems
from boltzmann_tf._support import graph
from boltzmann_tf.reproduction import registry, runner
from boltzmann_tf.training.explorer import Explorer

CHANGES = ("replace", "rename", "link", "unlink", "fsync")  # of files, in `os`


def _trainer(*, xla: bool, **options):
    generator = bg.BoltzmannGenerator(
        systems.DoubleWell(), bg.realnvp(2, blocks=1, hidden=(8,), seed=1)
    )
    return generator, {"seed": 3, "steps_per_call": 2, "jit_compile": xla, **options}


def _digest(*arrays) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def fit(folder: Path, *, xla: bool) -> str:
    """Training of two stages."""
    generator, options = _trainer(xla=xla)
    data = np.random.default_rng(0).normal(size=(200, 2))
    stages = [bg.Stage(10, 16, 1e-2), bg.Stage(20, 16, 1e-2, kl=1.0)]
    history = bg.Trainer(generator, **options).fit(
        data, stages, verbose=0, checkpoint=folder / "c.npz", checkpoint_every=2
    )
    return _digest(history["loss"], *(v.numpy() for v in generator.bijector.variables))


def explorer(folder: Path, *, xla: bool) -> str:
    """Training on a buffer that moves."""
    generator, options = _trainer(xla=xla)
    start = np.random.default_rng(0).normal([-1.7, 0.0], 0.3, size=(100, 2))
    found = Explorer(generator, start, capacity=200, **options)
    stage = bg.Stage(30, 16, 1e-2, ml=1.0, kl=1.0, energy_high=1e4)
    found.run(stage, verbose=0, checkpoint=folder / "c.npz", checkpoint_every=2)
    return _digest(found.history["loss"], found.buffer)


def train(folder: Path, *, xla: bool) -> str:
    """The command, to the generator that it saves."""
    from boltzmann_tf.cli import commands, config

    settings = config.TrainConfig(
        system="double_well",
        samples=200,
        iterations=20,
        warm_up=5,
        batch_size=16,
        blocks=1,
        hidden=(8,),
        seed=2,
    )
    commands.train(settings, folder / "out", checkpoint_every=2)
    generator = bg.BoltzmannGenerator.load(folder / "out")
    left = sorted(p.suffix for p in (folder / "out").iterdir())
    return _digest(*(v.numpy() for v in generator.bijector.variables)) + " ".join(left)


def save(folder: Path, *, xla: bool) -> str:
    """A generator over an older one, which can be read at any time."""
    del xla
    place, sizes = folder / "generator", (2, 3, 4, 5)
    if (folder / "has one").exists():
        width = bg.BoltzmannGenerator.load(place).bijector.bijectors[0].get_config()["hidden"][0]
        if width not in sizes:
            raise SystemExit(f"neither old nor new: {width}")
    for width in sizes:
        flow = bg.realnvp(2, blocks=1, hidden=(width,), seed=1)
        bg.BoltzmannGenerator(systems.DoubleWell(), flow).save(place)
        (folder / "has one").touch()
    found = bg.BoltzmannGenerator.load(place)
    return _digest(*(v.numpy() for v in found.bijector.variables))


def monte_carlo(folder: Path, *, xla: bool) -> str:
    """A loop over rounds, with what has been recorded."""
    del xla
    system = systems.Polymer(6, pairs=potentials.LennardJones())
    path = folder / "run.npz"
    if path.exists():
        state, records = sampling.load_state(path)
    else:
        start = np.tile(system.initial_state("stretched"), (4, 1))
        state, records = sampling.polymer_state(start, seed=1), {"r2": np.zeros((4, 0))}
    while records["r2"].shape[1] < 600:
        state, info = sampling.polymer_rounds(state, 20, system=system)
        records = {"r2": np.concatenate([records["r2"], info.end_to_end_squared], axis=1)}
        sampling.save_state(path, state, records)
    return _digest(state.x, state.rng, records["r2"])


def torn(folder: Path, *, xla: bool) -> str:
    """A loop, planted: what belongs together is in files that are written one after the other."""
    del xla
    done = [int(f.read_text()) if f.exists() else 0 for f in (folder / "a", folder / "b")]
    while done[0] < 30:
        for k, name in enumerate("ab"):
            done[k] += 1
            (folder / f"new-{name}").write_text(f"{done[k]}")
            os.replace(folder / f"new-{name}", folder / name)
    return f"{done}"


STUDY = """
from boltzmann_tf.reproduction import Metric, reproduction

@reproduction({name!r}, "Numbers")
def run(context):
    import time, numpy as np
    time.sleep(0.05)
    value = np.random.default_rng(context.seed_of("number")).normal()
    context.add(Metric.within("number", value, -9.0, 9.0, justification="planted"))
"""


def reproduce(folder: Path, *, xla: bool) -> str:
    """Several studies; what is finished is not repeated."""
    del xla
    package = folder / "reproductions"
    if not package.exists():
        aside = folder / "new"
        aside.mkdir(exist_ok=True)
        for name in ("__init__", *"abcdefgh"):
            text = STUDY.format(name=name) if name != "__init__" else ""
            (aside / f"{name}.py").write_text(text)
        aside.rename(package)
    registry.directory = lambda: package
    output = folder / "results"
    passed = runner.reproduce_all(output=output, resume=True)
    reports = sorted(output.glob("*/metrics.json"))
    values = [json.loads(p.read_text())["metrics"][0]["value"] for p in reports]
    return _digest(np.array(values)) + f" {passed} {len(reports)}"


JOBS: dict[str, Callable[..., str]] = {
    job.__name__: job for job in (fit, explorer, train, save, monte_carlo, reproduce, torn)
}


def _kill_at_change(number: int, *, after: bool) -> None:
    """Lets this process die at one of the calls that change files."""
    count = 0

    def dying(original):
        def function(*arguments, **options):
            nonlocal count
            count += 1
            if count == number and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return original(*arguments, **options)
            finally:  # also where there was nothing to unlink
                if count == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        return function

    for name in CHANGES:
        setattr(os, name, dying(getattr(os, name)))


def _child(job: Callable[..., str], folder: Path, *, xla: bool, prepare=lambda: None) -> int:
    """Starts a child that does the job and writes what it has found."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        with open(folder / "output", "ab", buffering=0) as output:
            for stream in (1, 2):
                os.dup2(output.fileno(), stream)
            prepare()
            found = job(folder, xla=xla)
            (folder / "found").write_text(found)
            status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def _changes_of(job: Callable[..., str], folder: Path, *, xla: bool) -> tuple[str, float, int]:
    """What an undisturbed child finds, its seconds, and its number of changes of files."""

    def prepare() -> None:
        for name in CHANGES:
            original = getattr(os, name)

            def counted(*arguments, original=original, **options):
                with open(folder / "changes", "a") as file:
                    file.write("x")
                return original(*arguments, **options)

            setattr(os, name, counted)

    begun = time.monotonic()
    _, status = os.waitpid(_child(job, folder, xla=xla, prepare=prepare), 0)
    seconds = time.monotonic() - begun
    if status:
        raise SystemExit((folder / "output").read_text(errors="replace")[-3000:])
    return (folder / "found").read_text(), seconds, (folder / "changes").stat().st_size


def trials(job: Callable[..., str], n: int, seed: int, *, xla: bool, at_once: int) -> list[dict]:
    """Kills n children, half of them at a change of files, and does the jobs to their ends.

    In each trial `at_once` children are killed one after the other, before one is left alone.
    """
    rng = random.Random(seed)
    found = []
    with tempfile.TemporaryDirectory() as top:
        whole = Path(top) / "whole"
        whole.mkdir()
        expected, seconds, changes = _changes_of(job, whole, xla=xla)
        for k in range(0, n, at_once):
            folder = Path(top) / str(k)
            folder.mkdir()
            kills = [
                _kill(job, folder, rng, seconds, changes, xla=xla, aimed=number % 2 == 0)
                for number in range(k, min(k + at_once, n))
            ]
            (folder / "found").unlink(missing_ok=True)
            _, status = os.waitpid(_child(job, folder, xla=xla), 0)
            same = status == 0 and (folder / "found").read_text() == expected
            same = same and all(kill["killed"] or kill["done"] for kill in kills)
            said = "" if same else (folder / "output").read_text(errors="replace")[-2000:]
            found.append({"kills": kills, "same": same, "said": said})
    return found


def _kill(
    job: Callable[..., str],
    folder: Path,
    rng: random.Random,
    seconds: float,
    changes: int,
    *,
    xla: bool,
    aimed: bool,
) -> dict:
    """Kills a child at work, at one of its changes of files or at a random time."""
    number, after = rng.randrange(1, changes + 1), rng.random() < 0.5
    prepare = functools.partial(_kill_at_change, number, after=after) if aimed else int
    pid = _child(job, folder, xla=xla, prepare=prepare)
    if not aimed:
        time.sleep(rng.uniform(0.1, 0.9) * seconds)
        os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return {"aimed": aimed, "change": number, "killed": killed, "done": status == 0}


if __name__ == "__main__":
    names, n, seed = sys.argv[1].split(","), int(sys.argv[2]), int(sys.argv[3])
    graph.AUTO = "--xla" in sys.argv  # for jobs that do not say
    options = {"xla": graph.AUTO, "at_once": n if "--chain" in sys.argv else 1}
    print(json.dumps({name: trials(JOBS[name], n, seed, **options) for name in names}))
