"""Which run of training a checkpoint belongs to, as a document that can be compared.

It says what was asked for: classes and settings in numbers and names, not their bits or texts,
which differ from machine to machine. What functions compute is seen in their values at a few
configurations.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf._support.documents import VALUES, plain
from boltzmann_tf._support.graph import in_graph
from boltzmann_tf.bijectors import Bijector, serialize
from boltzmann_tf.bijectors import Sequence as BijectorSequence
from boltzmann_tf.losses import Loss, ReactionCoordinate
from boltzmann_tf.priors import DistributionPrior, Prior, is_standard
from boltzmann_tf.training import schedules
from boltzmann_tf.training.objective import probed
from boltzmann_tf.training.schedules import Schedule
from boltzmann_tf.training.stages import SHORT, WEIGHTS
from boltzmann_tf.training.step_shape import CONTROLS
from boltzmann_tf.training.windows import Windows, data_document

if TYPE_CHECKING:
    from boltzmann_tf.training.contracts import Run
    from boltzmann_tf.training.stages import Stage
    from boltzmann_tf.training.step_shape import Data
    from boltzmann_tf.training.validation import Validation

__all__ = ["fingerprint", "frozen_variables", "function_name", "run_document"]

PROBES = 3  # configurations at which functions are evaluated
CANNOT = "cannot be evaluated at a few configurations"
POINTS = 65  # of a function's values over a stage
LONG = 64  # entries of an attribute that are written out
SCHEDULED = (*CONTROLS, *WEIGHTS)


def run_document(
    loop: Run,
    stages: Sequence[Stage],
    data: Data | Windows,
    validation: Validation | None = None,
) -> dict[str, Any]:
    """System, bijector, optimiser, data, stages, seed and settings of a run, as JSON values.

    A system or bijector of the user's own is seen by the name of its class, its `get_config`, and
    those of its public attributes that are numbers, texts or arrays; likewise a loss. Energies,
    reaction coordinates and losses are also evaluated at a few configurations, so that functions
    with other constants in them differ. Not seen: what changes neither of these, such as a function
    that is another one elsewhere only.

    Args:
      loop: the trainer.
      stages: all of the run.
      data: what it is trained on; of windows, the first is seen.
      validation: the held-out data, None without.
    """
    generator = loop.generator
    probes = _Probes(loop, data.first if isinstance(data, Windows) else data)
    optimizer = loop.optimizer.get_config()
    document = {
        "loop": type(loop).__name__,
        "seed": loop.seed,
        "replicas": loop.replicas,
        "settings": loop.settings,
        "system": {
            **_object(generator.system),
            f"{VALUES} of training_energy": probes(generator.system.training_energy),
        },
        "prior": _prior(generator.prior),
        "bijector": _bijector(generator.bijector),
        "optimizer": {
            "class": type(loop.optimizer).__name__,
            **_without(optimizer, ("name", "learning_rate")),  # the stages set the rate
        },
        "data": data_document(data),
        "stages": [_stage(stage, probes) for stage in stages],
    }
    # Not there without, as in files from before there was validation.
    if validation is not None:
        document["validation"] = validation.document()
    return _told(document)


def fingerprint(loop: Run, stages: Sequence[Stage], data: Data) -> str:
    """A digest of `run_document`: says whether two runs differ, and not in what."""
    document = json.dumps(run_document(loop, stages, data), sort_keys=True)
    return hashlib.sha256(document.encode()).hexdigest()


def frozen_variables(bijector: Bijector) -> dict[str, tf.Variable]:
    """Those that are not trained (a whitening, fitted before), by number.

    Fitted again on another machine they differ in the last bits, so a checkpoint keeps them.
    """
    trained = {id(v) for v in bijector.trainable_variables}
    frozen = [v for v in bijector.variables if id(v) not in trained]
    return {f"frozen_{i}": v for i, v in enumerate(frozen)}


def function_name(function: Any) -> Any:
    """What a function is called, with the arguments of a partial; of an object, its settings."""
    if isinstance(function, functools.partial):
        given = [*function.args, *(function.keywords[k] for k in sorted(function.keywords))]
        return {"function": function_name(function.func), "arguments": [_told(v) for v in given]}
    name = getattr(function, "__qualname__", None)
    return _object(function) if name is None else name


class _Probes:
    """Configurations of the data, or random ones where there are none, to evaluate functions at."""

    def __init__(self, loop: Run, data: Data) -> None:
        self._generator = loop.generator
        system, dtype = loop.generator.system, loop.generator.dtype
        rows = np.linspace(0, len(data.x) - 1, PROBES).astype(int)
        x, condition = data.x.numpy()[rows], data.condition.numpy()[rows]
        if not np.any(x):
            x = np.random.default_rng(0).normal(size=(PROBES, *system.event_shape))
        if not np.any(condition):
            condition = np.ones((PROBES, system.condition_size))
        self._x = tf.constant(x, dtype)
        self._condition = [tf.constant(condition, dtype)] if system.condition_size else []

    def __call__(self, function: Callable, *, of_energy: bool = True) -> Any:
        # As the training step calls them: a user's energy may need AutoGraph.
        arguments = [self._x, *(self._condition if of_energy else [])]
        try:
            # A partial: no warning of retracing with the next function.
            called = functools.partial(in_graph(function) if of_energy else function)
            values = tf.function(called, autograph=False)(*arguments)
            return [float(v) for v in np.ravel(values.numpy())]
        except Exception:  # noqa: BLE001  # a user's: training itself will say what is wrong
            return CANNOT

    def of_loss(self, loss: Loss) -> Any:
        try:
            return [float(probed(loss, self._generator, self._x))]
        except Exception:  # noqa: BLE001  # a user's, too
            return CANNOT


def _stage(stage: Stage, probes: _Probes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in dataclasses.fields(stage):
        value = getattr(stage, field.name)
        # As in files from before there were losses: those of a stage that is told in short.
        if field.name == "losses":
            if value is None:
                continue
            value = [
                _loss(loss, probes)
                | {
                    "name": loss.name,
                    "sees": loss.sees,
                    "weight": _schedule("weight", loss.weight, stage.iterations),
                    VALUES: probes.of_loss(loss),
                }
                for loss in value
            ]
        elif field.name in SHORT and stage.losses is not None:
            continue
        elif isinstance(value, Loss):
            value = _loss(value, probes)
        elif field.name in SCHEDULED:
            value = _schedule(field.name, value, stage.iterations)
        elif not _is_plain(value):
            value = _object(value)
        found[field.name] = value
    return found


def _loss(loss: Loss, probes: _Probes) -> dict[str, Any]:
    """All of it but its weight."""
    found = _object(loss)
    found.get("attributes", {}).pop("weight", None)
    if isinstance(loss, ReactionCoordinate):
        found |= {
            "class": type(loss).__name__,
            "coordinates": [
                {"function": function_name(c), VALUES: probes(c, of_energy=False)}
                for c in loss.coordinates
            ],
        }
    return found


def _schedule(name: str, value: Any, iterations: int) -> Any:
    """Its settings; of a function, what it gives over the stage, for its name says little."""
    if isinstance(value, Schedule):
        return {"class": type(value).__name__, **dataclasses.asdict(value)}
    if isinstance(value, keras.optimizers.schedules.LearningRateSchedule):
        return {"class": type(value).__name__, **_without(value.get_config(), ("name",))}
    if not callable(value):
        return value
    given = schedules.values(name, value, iterations)
    points = np.unique(np.linspace(0, iterations - 1, POINTS).astype(int))
    return {"function of the fraction done": [*given[points], given.mean(), given.std()]}


def _prior(prior: Prior) -> Any:
    """None for the standard normal, the distribution for a prior that is one, else what is seen."""
    if is_standard(prior):
        return None
    if isinstance(prior, DistributionPrior):
        return _object(prior.wrapped)
    z = np.random.default_rng(0).normal(size=(PROBES, prior.event_size))
    condition = np.ones((PROBES, prior.condition_size)) if prior.condition_size else None
    arrays = [None if v is None else tf.constant(v, tf.float32) for v in (z, condition)]
    try:
        values: Any = [float(v) for v in prior.log_prob(arrays[0], 1.0, arrays[1]).numpy()]
    except Exception:  # noqa: BLE001  # a user's: training itself will say what is wrong
        values = "cannot be evaluated at a few points"
    return _object(prior) | {f"{VALUES} of log_prob": values}


def _bijector(bijector: Any) -> Any:
    """The document that `save` would write; for a bijector that cannot be saved, what is seen."""
    try:
        return serialize(bijector)
    except TypeError:
        if isinstance(bijector, BijectorSequence):
            parts = [_bijector(part) for part in bijector.bijectors]
            return {"class": type(bijector).__name__, "bijectors": parts}
    shapes = [list(v.shape) for v in bijector.variables]
    return _object(bijector) | {"shapes of variables": shapes}


def _object(thing: Any) -> dict[str, Any]:
    """Class, configuration where there is one, and public attributes that are plain."""
    found: dict[str, Any] = {"class": type(thing).__qualname__}
    # TFP's bijectors and distributions.
    parameters = getattr(thing, "parameters", None)
    if isinstance(parameters, Mapping) and parameters:
        return found | {"parameters": {k: v for k, v in parameters.items() if k != "name"}}
    config: dict[str, Any] = {}
    with contextlib.suppress(AttributeError, NotImplementedError, TypeError):
        config = plain(thing.get_config())
    attributes = {
        name: _shortened(plain(value))
        for name, value in sorted(getattr(thing, "__dict__", {}).items())
        if not name.startswith("_") and name not in config and _is_plain(value)
    }
    parts = {"config": config, "attributes": attributes}
    return found | {name: part for name, part in parts.items() if part}


def _shortened(value: Any) -> Any:
    """A plain value; of a long one, its size and two sums."""
    leaves: list[Any] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict | list):
            for inner in part.values() if isinstance(part, dict) else part:
                walk(inner)
        else:
            leaves.append(part)

    walk(value)
    if len(leaves) <= LONG:
        return value
    numbers = np.array([v for v in leaves if isinstance(v, int | float)], np.float64)
    return {"entries": len(leaves), "sum": numbers.sum(), "sum of squares": numbers @ numbers}


def _is_plain(value: Any) -> bool:
    try:
        plain(value)
    except TypeError:
        return False
    return not callable(value)


def _told(value: Any) -> Any:
    """As JSON values: what JSON has no numbers for, by name, and what is no value, by its class."""
    if isinstance(value, dict):
        return {str(key): _told(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_told(v) for v in value]
    if not _is_plain(value):
        return function_name(value) if callable(value) else _object(value)
    found = plain(value)
    if isinstance(found, float) and not math.isfinite(found):
        return str(found)
    return _told(found) if isinstance(found, list | dict) else found


def _without(config: Any, keys: tuple[str, ...]) -> Any:
    """A configuration without some of its entries, in what is nested in it neither."""
    if not isinstance(config, dict):
        return config
    return {k: _without(v, keys) for k, v in config.items() if k not in keys}
