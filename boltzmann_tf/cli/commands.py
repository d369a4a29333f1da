"""What `boltzmann-tf train`, `sample` and `evaluate` do."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from pydantic import BaseModel, Field, ValidationError
from rich.console import Console

from boltzmann_tf import estimators, sampling, systems
from boltzmann_tf._support.checks import positive, positive_int
from boltzmann_tf._support.counting import energies_counted
from boltzmann_tf._support.disk import check_folder
from boltzmann_tf._support.documented import previous_of
from boltzmann_tf._support.files import atomic_path, write_text
from boltzmann_tf.bijectors import Bijector, DirectorFlow, Sequence, SpheresFromPlanes, realnvp
from boltzmann_tf.cli.config import TrainConfig
from boltzmann_tf.generator import BoltzmannGenerator, Samples
from boltzmann_tf.losses import ReactionCoordinate
from boltzmann_tf.reproduction.context import check_output, versions
from boltzmann_tf.reproduction.metrics import to_json
from boltzmann_tf.training import Stage, Trainer
from boltzmann_tf.training.schedules import Cosine

__all__ = ["evaluate", "sample", "stages", "train"]

RECORD = "training.json"
CHECKPOINT = "checkpoint.npz"
WALKERS = 100
STRIDE = 20  # Metropolis steps between two configurations of the data
ROOM = 1 << 20  # bytes for documents and the history


class _Record(BaseModel):
    """What `train` leaves beside the generator."""

    config: TrainConfig
    energy_evaluations: int = Field(ge=0)
    wall_time_s: float
    versions: dict[str, str]


def train(
    config: TrainConfig, output: str | os.PathLike[str], *, checkpoint_every: int = 1000
) -> BoltzmannGenerator:
    """Makes data by Metropolis sampling, trains a generator and saves it.

    A run that was interrupted goes on where it was when it is called with the same settings again.

    Args:
      config: the settings.
      output: folder for the generator, `training.json` and, meanwhile, a checkpoint.
      checkpoint_every: steps between checkpoints.

    Returns:
      the generator.
    """
    folder = check_output(output)
    checkpoint_every = positive_int("checkpoint_every", checkpoint_every)
    console = Console(stderr=True, highlight=False, markup=False)
    start = time.perf_counter()
    system = _system(config)
    generator = BoltzmannGenerator(system, _flow(config, system))
    # The parameters, the optimiser's two moments, and as much again: the file that replaces another
    # is written beside it.
    size = sum(4 * int(np.prod(v.shape)) for v in generator.bijector.variables)
    check_folder("output", folder, needed=2 * 3 * size + ROOM)
    coordinate = None
    if config.rc or config.reaction_coordinate is not None:
        coordinate = system.reaction_coordinate(config.reaction_coordinate)
    with energies_counted() as count:
        chains = _data(config, system)
    data = chains.configurations
    console.print(
        f"data: {len(data)} configurations from {len(chains.x)} chains, "
        f"acceptance {chains.acceptance.mean():.2f}"
    )
    folder.mkdir(parents=True, exist_ok=True)
    history = Trainer(generator, seed=config.seed).fit(
        data,
        stages(config, coordinate, data),
        validation_split=config.validation_split,
        checkpoint=folder / CHECKPOINT,
        checkpoint_every=checkpoint_every,
    )
    generator.save(folder)
    record = _Record(
        config=config,
        energy_evaluations=count.number + history.energy_evaluations,
        wall_time_s=round(time.perf_counter() - start, 3),
        versions=versions(),
    )
    write_text(folder / RECORD, to_json(record.model_dump()))
    for path in (folder / CHECKPOINT, previous_of(folder / CHECKPOINT)):
        path.unlink(missing_ok=True)
    console.print(f"saved: {folder}", soft_wrap=True)
    return generator


def _system(config: TrainConfig) -> systems.System:
    try:
        return systems.get(config.system, **config.parameters)
    except TypeError as error:  # a constructor's own words name the argument
        raise TypeError(f"parameters of {config.system} do not fit: {error}") from error


def _flow(config: TrainConfig, system: systems.System) -> Bijector:
    """A network whose configurations lie where the system's do."""
    if isinstance(system, systems.NematicAngles):
        planes = SpheresFromPlanes(system.event_size)
        sites = system.nematic.sites
        director = DirectorFlow(np.zeros((sites, sites)), hidden=config.hidden, seed=config.seed)
        return Sequence([planes, director])
    if system.domain == "unit vectors":
        raise ValueError(
            f"system must have coordinates that a flow can generate, got {config.system}: "
            "nematic_angles is the same model in angles"
        )
    return realnvp(system.event_size, blocks=config.blocks, hidden=config.hidden, seed=config.seed)


def _data(config: TrainConfig, system: systems.System) -> sampling.Chains:
    states = [system.initial_state(name) for name in system.initial_states]
    draws = -(-config.samples // WALKERS)  # rounded up
    # As many walkers in each state: chains rarely cross, so the data say what the states look
    # like and not how likely they are; training by energy and the weights do that.
    return sampling.metropolis(
        system,
        np.stack([states[i % len(states)] for i in range(WALKERS)]),
        n_steps=draws * STRIDE,
        stride=STRIDE,
        burn_in=2000,
        target_acceptance=0.4,
        seed=config.seed,
    )


def stages(config: TrainConfig, coordinate: Any, data: np.ndarray) -> list[Stage]:
    """Returns the recipe: by example first, then all losses with a falling learning rate.

    Args:
      config: the settings.
      coordinate: the reaction coordinate, from `[n, ...]` to `[n]`; None where `rc` is 0.
      data: configurations `[n, ...]`; they give the range of the coordinate if `config` does not.

    Returns:
      one stage or two.
    """
    rc_loss = None
    if config.rc and coordinate is not None:
        low, high = config.rc_range or _range(np.asarray(coordinate(data)))
        rc_loss = ReactionCoordinate(coordinate, low, high)
    found = []
    if config.warm_up and config.ml:
        found.append(
            Stage(config.warm_up, config.batch_size, learning_rate=config.learning_rate, ml=1.0)
        )
    found.append(
        Stage(
            config.iterations,
            config.batch_size,
            learning_rate=Cosine(config.learning_rate),
            ml=config.ml,
            kl=config.kl,
            rc=config.rc,
            rc_loss=rc_loss,
        )
    )
    return found


def _range(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def sample(
    directory: str | os.PathLike[str],
    *,
    n: int,
    temperature: float = 1.0,
    output: str | os.PathLike[str],
    seed: int = 0,
) -> Path:
    """Writes weighted samples to an .npz file, in memory that does not grow with their number.

    Args:
      directory: of a saved generator.
      n: number of samples.
      temperature: relative temperature tau.
      output: the file; it holds z, x, log_q, energy and log_weight, `[n, ...]`, and temperature.
      seed: of the latent draws.

    Returns:
      the path of the file.
    """
    path = Path(output)
    if path.suffix != ".npz":
        raise ValueError(f"output must be a file name that ends in .npz, got {str(output)!r}")
    check_output(path.parent)
    if path.is_dir():
        raise ValueError(f"output must be a file, got the folder {str(output)!r}")
    n, temperature = positive_int("n", n), positive("temperature", temperature)
    start = time.perf_counter()
    batches = BoltzmannGenerator.load(directory).sample_batches(n, temperature, seed=seed)
    write_samples(batches, n, path, temperature)
    seconds = time.perf_counter() - start
    Console(stderr=True, highlight=False).print(
        f"{n} samples in {seconds:.1f} s: {path}", markup=False, soft_wrap=True
    )
    return path


def write_samples(batches: Iterable[Samples], n: int, path: Path, temperature: float = 1.0) -> None:
    """Writes batches of samples, `n` in all, to an .npz file as they come.

    Args:
      batches: of `BoltzmannGenerator.sample_batches`.
      n: number of samples in all of them.
      path: of the file; it appears when all is written.
      temperature: to put beside them.
    """
    # An .npz holds one array after the other and the batches come interleaved, so each array is
    # first collected in a file of its own.
    with atomic_path(path) as temporary:
        with (
            tempfile.TemporaryDirectory(dir=path.parent, prefix=".samples-") as folder,
            contextlib.ExitStack() as stack,
        ):
            files: dict[str, BinaryIO] = {}
            for batch in batches:
                for name, part in batch._asdict().items():
                    if name not in files:
                        files[name] = stack.enter_context((Path(folder) / name).open("wb"))
                        _header(files[name], part, n)
                    files[name].write(np.ascontiguousarray(part).tobytes())
            with zipfile.ZipFile(temporary, "w", allowZip64=True) as archive:
                for name, file in files.items():
                    file.flush()
                    archive.write(file.name, f"{name}.npy")
                with archive.open("temperature.npy", "w") as member:
                    np.lib.format.write_array(member, np.asarray(temperature), allow_pickle=False)


def _header(file: BinaryIO, part: np.ndarray, n: int) -> None:
    np.lib.format.write_array_header_1_0(
        file,
        {
            "descr": np.lib.format.dtype_to_descr(part.dtype),
            "fortran_order": False,
            "shape": (n, *part.shape[1:]),
        },
    )


def evaluate(
    directory: str | os.PathLike[str],
    *,
    n: int,
    temperature: float = 1.0,
    json_file: str | os.PathLike[str] | None = None,
    seed: int = 0,
) -> estimators.WeightReport:
    """Prints what the weights say about a generator.

    Args:
      directory: of a saved generator.
      n: number of samples.
      temperature: relative temperature tau.
      json_file: where to write the report as JSON too, or None.
      seed: of the latent draws.

    Returns:
      the report.
    """
    folder = Path(directory)
    batches = BoltzmannGenerator.load(folder).sample_batches(n, temperature, seed=seed)
    parts, resolution = [], 0.0
    with energies_counted() as count:
        for batch in batches:
            parts.append(batch.log_weight)
            resolution = max(resolution, batch.resolution)
    spent = _spent(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", estimators.CalibrationWarning)  # the summary says the same
        report = estimators.weight_report(
            np.concatenate(parts),
            energy_evaluations=None if spent is None else spent + count.number,
            resolution=resolution,
        )
    if json_file is not None:
        content = {"temperature": temperature, "seed": seed, **report.to_dict()}
        write_text(json_file, to_json(content))
    Console(highlight=False).print(report.summary(), markup=False, soft_wrap=True)
    return report


def _spent(folder: Path) -> int | None:
    """Energies spent on training, or None for a generator that `train` did not make."""
    try:
        text = (folder / RECORD).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return _Record.model_validate_json(text).energy_evaluations
    except ValidationError as error:
        raise ValueError(f"{folder / RECORD} must be what train wrote, got: {error}") from error
