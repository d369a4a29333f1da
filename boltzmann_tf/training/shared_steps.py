"""Compiled training steps that trainers of one architecture share.

TensorFlow compiles a step for the variables that it was traced with, and XLA never gives back what
it compiled. So a step is compiled for the variables of a template, a bijector and an optimiser of
the same documents as the user's; a call takes the user's numbers over and hands the new ones back.
The cache holds nothing of the user's, except on the user's own objects, with which it goes.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf import priors
from boltzmann_tf._support.graph import numbers_of
from boltzmann_tf.bijectors import Bijector, deserialize, serialize
from boltzmann_tf.bijectors.repeated import architecture
from boltzmann_tf.generator import BoltzmannGenerator
from boltzmann_tf.systems import REGISTRY, System
from boltzmann_tf.training.conditions import LogUniform, Uniform
from boltzmann_tf.training.loss_identity import STATELESS, by_value, is_users
from boltzmann_tf.training.objective import probed
from boltzmann_tf.training.step_shape import StepShape

__all__ = ["Recent", "copy_variables", "key_of", "methods_of", "place_of", "template_of", "trusted"]

T = TypeVar("T")
MOST = 24  # templates, with what is compiled for them; the one not used for longest goes
ATTRIBUTE = "_compiled_steps"


class Recent(OrderedDict):
    """The values used last, at most `MOST`.

    Args:
      owner: whose they are; a copy of it has none of them.
    """

    def __init__(self, owner: Any = None) -> None:
        super().__init__()
        self.owner = (lambda: None) if owner is None else weakref.ref(owner)
        self.lock = threading.RLock()

    def found(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of the key, made if it is not there."""
        with self.lock:
            if key not in self:
                self[key] = make()
                while len(self) > MOST:
                    self.popitem(last=False)
            self.move_to_end(key)
            return self[key]

    def __reduce_ex__(self, _: Any) -> tuple[type, tuple[()]]:
        return dict, ()  # compiled code is neither copied nor pickled with its owner


OWN = Recent()  # of the package's systems, by their configuration


def place_of(system: System, shape: StepShape) -> Recent | None:
    """Where steps of the system and of this shape are kept; None where there is no place.

    On what is the user's: what is compiled refers to functions of it, and a place of the module
    would keep them for ever.
    """
    owner = system if not _is_own(system) else _owner(shape)
    if owner is None:
        return OWN
    try:
        kept = vars(owner).get(ATTRIBUTE)
        if not isinstance(kept, Recent) or kept.owner() is not owner:
            kept = Recent(owner)
            if isinstance(owner, type):
                setattr(owner, ATTRIBUTE, kept)
            else:
                vars(owner)[ATTRIBUTE] = kept  # whatever setting an attribute does besides
    except TypeError:
        return None
    return kept


def _owner(shape: StepShape) -> Any:
    """The first loss that holds functions, or else the first class that is none of the package's.

    So losses of one class, with the same numbers, find what was compiled for one another.
    """
    others = [
        (loss, told)
        for loss, told in zip(shape.losses, shape.compiled, strict=True)
        if type(loss) not in STATELESS
    ]
    for loss, told in others:
        if not by_value(told):
            return loss
    return type(others[0][0]) if others else None


def key_of(
    generator: BoltzmannGenerator, optimizer: keras.optimizers.Optimizer, shape: StepShape
) -> tuple[Hashable, ...] | None:
    """What decides the numbers of a step besides its state, or None where that cannot be said.

    An energy is known by its values at some points and, for a user's system, by the attributes that
    are numbers: a parameter changed on the system, or a variable that it reads, makes another key.
    Likewise a loss, by its value for a batch and by what the shape says of it.
    """
    bijector, system = generator.bijector, generator.system
    kind = type(optimizer)
    if (
        type(generator) is not BoltzmannGenerator
        or not _shares(generator.prior)
        or getattr(keras.optimizers, kind.__name__, None) is not kind
        or tf.config.functions_run_eagerly()
        or tf.distribute.has_strategy()
        or type(shape.condition) not in (type(None), Uniform, LogUniform)
        or any(isinstance(v, tf.distribute.DistributedValues) for v in bijector.variables)
    ):
        return None
    settings = optimizer.get_config()
    settings = {k: v for k, v in settings.items() if k not in ("learning_rate", "name")}
    try:
        prior = priors.to_document(generator.prior)
        documents = [architecture(serialize(bijector)), settings, prior]
        if _is_own(system):
            documents += [type(system).__name__, system.get_config()]
        text = json.dumps(documents, sort_keys=True)
        energies = _energies(system)
        losses = tuple(
            (told, probed(loss, generator).tobytes() if is_users(loss) else b"")
            for loss, told in zip(shape.losses, shape.compiled, strict=True)
            if type(loss) not in STATELESS
        )
        # Methods that somebody replaced on a class give other numbers.
        classes = {type(part) for part in _parts(bijector)}
        classes |= {BoltzmannGenerator, type(system), kind, type(generator.prior), *STATELESS}
        classes |= {c for loss in shape.losses for c in type(loss).__mro__}
        methods = frozenset(methods_of(c) for c in classes)
    # Energies and losses are a user's code: what it raises here it will raise again, with a better
    # trace.
    except Exception:
        return None
    # The cache of the package's own systems must hold no function of a user's.
    numbers = () if _is_own(system) else numbers_of(system)
    return text, energies, numbers, methods, losses, str(generator.dtype.name)


def template_of(generator: BoltzmannGenerator) -> BoltzmannGenerator:
    """A generator of the same architecture, for compiled steps to refer to."""
    system = generator.system
    if _is_own(system):
        system = type(system)(**system.get_config())
    bijector = deserialize(serialize(generator.bijector))
    prior = priors.from_document(priors.to_document(generator.prior))
    return BoltzmannGenerator(system, bijector, prior, jit_compile=generator.jit_compile)


def trusted(generator: BoltzmannGenerator, template: BoltzmannGenerator) -> bool:
    """Whether the template, with the generator's variables, is the same map, of the same energies.

    It is not where a document leaves something out, as that of a user's class may, and as that of
    the package's systems and priors does where somebody has set `wall_stiffness` or a method on
    one.
    """
    own, other = generator.system, template.system
    if own is not other and _energies(own) != _energies(other):
        return False
    if _prior_values(generator) != _prior_values(template):
        return False
    mine, theirs = generator.bijector.variables, template.bijector.variables
    if [(v.shape, v.dtype, v.trainable) for v in mine] != [
        (v.shape, v.dtype, v.trainable) for v in theirs
    ]:
        return False
    copy_variables(mine, theirs)
    results = []
    for part in (generator.bijector, template.bijector):
        rng = np.random.default_rng(0)
        z = tf.constant(rng.standard_normal((8, part.event_size)), part.dtype)
        given = {}
        if part.condition_size:
            given["condition"] = tf.constant(rng.uniform(size=(8, part.condition_size)), part.dtype)
        x, log_det = part.forward_and_log_det(z, **given)
        results.append((x, log_det, *part.inverse_and_log_det(x, **given)))
    return all(a.numpy().tobytes() == b.numpy().tobytes() for a, b in zip(*results, strict=True))


def copy_variables(sources: Sequence[tf.Variable], targets: Sequence[tf.Variable]) -> None:
    """Assigns variables to others of the same shapes and dtypes.

    Without what `assign` does besides: networks have hundreds of variables.
    """
    for source, target in zip(sources, targets, strict=True):
        value = tf.raw_ops.ReadVariableOp(resource=source.handle, dtype=source.dtype)
        tf.raw_ops.AssignVariableOp(resource=target.handle, value=value)


def methods_of(cls: type) -> tuple[Hashable, ...]:
    """The class and its functions, which somebody may have replaced."""
    return cls, *(value for value in vars(cls).values() if callable(value))


def _is_own(system: System) -> bool:
    """Whether its class is the package's own and its configuration says all about it."""
    return type(system) in REGISTRY.values()


def _shares(prior: priors.Prior) -> bool:
    """Whether its class is the package's own and its configuration says all about it.

    A distribution may hold variables, which change.
    """
    return type(prior) in priors.REGISTRY.values() and type(prior) is not priors.DistributionPrior


def _prior_values(generator: BoltzmannGenerator) -> tuple[bytes, ...]:
    """A few draws, and densities at a few points."""
    prior, dtype = generator.prior, generator.dtype
    z = tf.constant(np.random.default_rng(0).standard_normal((8, prior.event_size)), dtype)
    drawn = prior.sample(8, 1.0, tf.constant([0, 1], tf.int32), None, dtype)
    found = (drawn, prior.log_prob(z, 1.0), prior.energy(z, 1.0))
    return tuple(v.numpy().tobytes() for v in found)


def _energies(system: System) -> tuple[bytes, ...]:
    """Of some configurations, large ones too."""
    rng = np.random.default_rng(0)
    scale = np.geomspace(0.1, 30, 12).reshape([-1] + [1] * len(system.event_shape))
    x = tf.constant(scale * rng.standard_normal((12, *system.event_shape)), tf.float32)
    given = []
    if system.condition_size:
        given.append(tf.constant(rng.uniform(0.5, 2, (12, system.condition_size)), tf.float32))
    return tuple(f(x, *given).numpy().tobytes() for f in (system.training_energy, system.energy))


def _parts(bijector: Bijector) -> list[Any]:
    return [bijector, *bijector.submodules]
