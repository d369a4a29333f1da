"""What goes wrong in training: which steps taught nothing, when that is enough, and why it was.

A step is bad if it was skipped, because the loss or its gradient was not finite, or if of the
energies that it asked for not one was finite with a finite gradient. A share of infinite energies
is no fault: particles overlap, walls are hard.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import tensorflow as tf

from boltzmann_tf.losses import Generated, Likelihood, Loss, Mapped, cut_energy
from boltzmann_tf.training.objective import evaluated
from boltzmann_tf.training.step_shape import Data, StepShape, label

if TYPE_CHECKING:
    from boltzmann_tf.generator import BoltzmannGenerator
    from boltzmann_tf.training.history import History

__all__ = [
    "TrainingDiverged",
    "bad_steps",
    "check_rows",
    "check_weights",
    "diagnose",
    "stray_row",
    "summary",
    "warn_of_stage",
]

LOOKED_AT = 512  # configurations of a diagnosis
STRAY = 1e4  # times the size of the bulk at which a row of data is flagged
REFUSED = 1e8  # and at which it is refused: in float32 nothing of the others is left in the loss


class TrainingDiverged(RuntimeError):  # noqa: N818 - it says what happened
    """Training stopped: for `Stage.max_bad_steps` steps in a row there was nothing to learn from.

    The generator has the weights from before these steps.

    Attributes:
      history: of all steps, the bad ones included.
      stage: number of the stage, from 1.
      step: number of the first of the bad steps in the run, from 0.
    """

    def __init__(self, message: str, history: History, stage: int, step: int) -> None:
        super().__init__(message)
        self.history = history
        self.stage = stage
        self.step = step


def bad_steps(
    values: dict[str, np.ndarray], controls: np.ndarray, shape: StepShape, energies: int
) -> np.ndarray:
    """Which steps taught nothing, bool `[steps]`.

    Args:
      values: the metrics of the steps, `[steps]` each.
      controls: the scheduled values, `[steps, len(shape.controls)]`.
      shape: of the steps.
      energies: that the losses of a step ask for.
    """
    lost = values["non_finite"] + values["non_finite_gradient"]
    columns = [shape.controls.index(loss.name) for loss in shape.losses if loss.needs_energy]
    needed = np.any(controls[:, columns] > 0, axis=1)
    return (values["skipped"] > 0) | (needed & (lost >= max(energies, 1)))


def check_weights(weights: np.ndarray) -> None:
    """Raises unless the trainable weights are finite."""
    bad = weights.size - int(np.count_nonzero(np.isfinite(weights)))
    if bad:
        raise ValueError(
            f"generator must have finite weights, got {bad} NaN or infinite of {weights.size}"
        )


class Stray(NamedTuple):
    """A row that is far from all others.

    Attributes:
      message: that names it.
      refused: whether it would drown all others.
    """

    message: str
    refused: bool


def check_rows(name: str, array: np.ndarray) -> None:
    """Flags the row that lies farthest out, and raises where it would drown all others.

    Args:
      name: the argument's name in the message.
      array: `[n, ...]`, finite.
    """
    stray = stray_row(name, array)
    if stray is None:
        return
    if stray.refused:
        raise ValueError(stray.message)
    warnings.warn(stray.message, UserWarning, stacklevel=4)


def stray_row(name: str, array: np.ndarray, numbers: np.ndarray | None = None) -> Stray | None:
    """The row that lies farthest out, if it is far from all others.

    The distance of a row is the largest over its coordinates from their medians; the measure is
    the distance that nine rows in ten keep. Whole rows count, so that a coordinate which hardly
    ever changes raises no alarm.

    Args:
      name: the argument's name in the message.
      array: `[n, ...]`, finite.
      numbers: of the rows, `[n]`; None for 0 to n - 1.
    """
    rows = array.reshape(len(array), -1)
    if len(rows) < 10:
        return None
    some = rows[:: max(1, len(rows) // 1000)]
    middle = np.median(some, axis=0)
    bulk = np.quantile(np.max(np.abs(some - middle), axis=1), 0.9)
    # Not one array of all distances: data may be large.
    span = np.maximum(rows.max(axis=0) - middle, middle - rows.min(axis=0))
    column = int(np.argmax(span))
    if not bulk > 0 or span[column] <= STRAY * bulk:
        return None
    row = int(np.argmax(np.abs(rows[:, column] - middle[column])))
    value = float(rows[row, column])
    number = row if numbers is None else int(numbers[row])
    said = f"row {number} of {name} is far from all others: it holds {value:.3g}, "
    said += f"{span[column] / bulk:.1g} times as far out as nine rows in ten"
    if span[column] > REFUSED * bulk:
        return Stray(f"{name} must be of one size, but {said}", refused=True)
    return Stray(f"{said}; training by example will follow it", refused=False)


def summary(history: History) -> str:
    """One line of what was skipped or not finite; empty if nothing was."""
    counts = (
        (history.skipped, f"of {len(history)} steps skipped (loss or gradient not finite)"),
        (history.non_finite, "energies not finite"),
        (history.non_finite_gradient, "finite energies without a finite gradient"),
    )
    return ", ".join(f"{n} {text}" for n, text in counts if n)


def warn_of_stage(number: int, bad: np.ndarray) -> None:
    """Says it, also to who wants silence, where most steps of a stage taught nothing."""
    if 2 * np.count_nonzero(bad) > len(bad):
        warnings.warn(
            f"stage {number + 1}: {np.count_nonzero(bad)} of {len(bad)} steps had nothing to learn "
            "from, because loss, gradient or all energies were not finite",
            UserWarning,
            stacklevel=5,
        )


def diagnose(
    generator: BoltzmannGenerator,
    shape: StepShape,
    data: Data,
    control: dict[str, float],
    values: dict[str, float],
) -> str:
    """What is not finite, loss by loss, in a fresh batch at the generator's present weights.

    Run once, without compilation, when training stops.

    Args:
      generator: with the weights that gave the bad steps.
      shape: of the steps.
      data: of the losses that see data.
      control: the scheduled values at the last step, by name.
      values: the metrics of the last step.
    """
    parts = _of_data(generator, shape, data, control) if shape.of_data else []
    if shape.of_generated:
        parts += _of_generated(generator, shape, control)
    last = [n for n in shape.metrics if n in ("loss", "kl", "gradient_norm") or n in control]
    last = [n for n in last if not np.isfinite(values[n])]
    if last:
        parts.append("in the last step " + ", ".join(f"{n} was {values[n]:.0f}" for n in last))
    return "; ".join(parts) or "a fresh batch shows nothing that is not finite"


def _of_data(
    generator: BoltzmannGenerator, shape: StepShape, data: Data, control: dict[str, float]
) -> list[str]:
    n = int(data.x.shape[0])
    index = np.unique(np.linspace(0, n - 1, LOOKED_AT).astype(int))
    x = tf.gather(data.x, index)
    condition = tf.gather(data.condition, index) if data.condition.shape[-1] else None
    tau = tf.constant(np.resize(shape.temperatures, len(index)), x.dtype)
    with tf.GradientTape(persistent=True) as tape:
        z, log_det = generator.to_latent(x, condition=condition)
        batch = Mapped(x, z, log_det, generator.prior, condition)
        if shape.weighs_data:
            energy = _energy(generator, condition)
            cut = cut_energy(energy, x, tau, control["energy_high"], shape.energy_max)
            batch = batch._replace(energy=cut.energy, temperature=tau)
        terms = Likelihood.terms(batch)
        values = {loss.name: evaluated(loss, batch) for loss in shape.of_data}
    bad = ~np.isfinite(terms.numpy())
    if np.any(bad):
        said = [f"J_ML: {_of(bad, 'data')} have no finite loss, the first row {index[bad][0]}"]
    else:
        said = _of_losses(values, tape, generator)
    return said + _of_energies(shape.of_data, control, generator, x, condition, tau.numpy())


def _of_generated(
    generator: BoltzmannGenerator, shape: StepShape, control: dict[str, float]
) -> list[str]:
    n = len(shape.temperatures)
    size = max(n, min(shape.generated, LOOKED_AT) // n * n)
    tau = tf.tile(tf.constant(shape.temperatures, generator.dtype), [size // n])
    seed = tf.constant([size, 0], tf.int32)
    condition = None
    if shape.condition is not None:
        condition = shape.condition(size, seed, generator.dtype)
    z = generator.prior_sample(size, tau, seed, condition=condition)
    energy = _energy(generator, condition)
    with tf.GradientTape(persistent=True) as tape:
        x, log_det, _ = generator.to_configuration_with_cost(z, condition=condition)
        cut = cut_energy(energy, x, tau, control["energy_high"], shape.energy_max)
        batch = Generated(z, x, log_det, cut.energy, tau, n, condition)
        values = {loss.name: evaluated(loss, batch) for loss in shape.of_generated}
    said = []
    bad = ~np.all(np.isfinite(x.numpy().reshape(size, -1)), axis=1)
    if np.any(bad):
        said.append(f"{_of(bad, 'generated configurations')} are not finite")
    said += _of_energies(shape.of_generated, control, generator, x, condition, tau.numpy())
    return said + _of_losses(values, tape, generator)


def _of_losses(
    values: dict[str, tf.Tensor], tape: tf.GradientTape, generator: BoltzmannGenerator
) -> list[str]:
    said = []
    for name, value in values.items():
        if not np.isfinite(value.numpy()):
            said.append(f"{label(name)} is {value.numpy():.0f}")
        elif not _finite(tape.gradient(value, generator.bijector.trainable_variables)):
            said.append(f"{label(name)}: the gradient of the parameters is not finite")
    return said


def _of_energies(
    losses: Sequence[Loss],
    control: dict[str, float],
    generator: BoltzmannGenerator,
    x: tf.Tensor,
    condition: tf.Tensor | None,
    tau: np.ndarray,
) -> list[str]:
    """Of those that the losses with a weight need, if there is such a loss."""
    needing = [label(loss.name) for loss in losses if loss.needs_energy and control[loss.name] > 0]
    if not needing:
        return []
    with tf.GradientTape() as tape:
        tape.watch(x)
        energy = _energy(generator, condition)(x) / tau
    slope = tape.gradient(energy, x, unconnected_gradients="zero").numpy().reshape(len(x), -1)
    u = energy.numpy()
    lost = np.isfinite(u) & ~np.all(np.isfinite(slope), axis=1)
    found = {
        "are NaN": np.isnan(u),
        "are +inf": np.isposinf(u),
        "are -inf": np.isneginf(u),
        "are finite with a gradient that is not": lost,
    }
    said = [f"{_of(mask, 'energies')} {what}" for what, mask in found.items() if np.any(mask)]
    return [f"{', '.join(needing)}: " + ", ".join(said)] if said else []


def _energy(
    generator: BoltzmannGenerator, condition: tf.Tensor | None
) -> Callable[[tf.Tensor], tf.Tensor]:
    system = generator.system
    if not system.condition_size:
        return system.training_energy
    return lambda x: system.training_energy(x, condition)


def _of(mask: np.ndarray, what: str) -> str:
    return f"{np.count_nonzero(mask)} of {mask.size} {what}"


def _finite(gradients: list[tf.Tensor | None]) -> bool:
    return all(g is None or bool(tf.reduce_all(tf.math.is_finite(g))) for g in gradients)
