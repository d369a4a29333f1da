"""Boltzmann generators in TensorFlow: equilibrium configurations in one shot, with exact weights.

Noé, Olsson, Köhler, Wu, "Boltzmann generators", Science 365, eaaw1147 (2019).

    import boltzmann_tf as bg

Names are loaded when first used, so that importing the package costs nothing and TensorFlow's
start-up chatter can be silenced first (set BOLTZMANN_TF_VERBOSE=1 to see it).
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from boltzmann_tf._support import moved as _moved
from boltzmann_tf._support import quiet as _quiet
from boltzmann_tf._version import __version__

if not os.environ.get("BOLTZMANN_TF_VERBOSE"):
    _quiet.install()
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
_moved.install(__name__)

if TYPE_CHECKING:
    from boltzmann_tf import (
        analysis,
        bijectors,
        estimators,
        exact,
        losses,
        plotting,
        potentials,
        priors,
        sampling,
        systems,
        trajectories,
    )
    from boltzmann_tf._support.counting import energies_counted
    from boltzmann_tf.bijectors import Bijector, realnvp
    from boltzmann_tf.estimators import free_energy_difference, free_energy_profile
    from boltzmann_tf.generator import BoltzmannGenerator
    from boltzmann_tf.priors import Prior
    from boltzmann_tf.samples import Samples
    from boltzmann_tf.systems import System
    from boltzmann_tf.training import Stage, Trainer, TrainingDiverged, recipes
    from boltzmann_tf.training.schedules import Cosine, Linear

_MODULES = (
    *("analysis", "bijectors", "estimators", "exact", "losses", "plotting", "potentials"),
    *("priors", "recipes", "sampling", "systems", "trajectories"),
)
_ELSEWHERE = {"recipes": "training.recipes"}  # modules that stand in a room
_NAMES = {
    "Bijector": "bijectors",
    "BoltzmannGenerator": "generator",
    "Cosine": "training.schedules",
    "Linear": "training.schedules",
    "Prior": "priors",
    "Samples": "samples",
    "Stage": "training",
    "System": "systems",
    "Trainer": "training",
    "TrainingDiverged": "training",
    "energies_counted": "_support.counting",
    "free_energy_difference": "estimators",
    "free_energy_profile": "estimators",
    "realnvp": "bijectors",
}

__all__ = [
    "Bijector",
    "BoltzmannGenerator",
    "Cosine",
    "Linear",
    "Prior",
    "Samples",
    "Stage",
    "System",
    "Trainer",
    "TrainingDiverged",
    "__version__",
    "analysis",
    "bijectors",
    "energies_counted",
    "estimators",
    "exact",
    "free_energy_difference",
    "free_energy_profile",
    "losses",
    "plotting",
    "potentials",
    "priors",
    "realnvp",
    "recipes",
    "sampling",
    "systems",
    "trajectories",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value = importlib.import_module(f"boltzmann_tf.{_ELSEWHERE.get(name, name)}")
    elif name in _NAMES:
        value = getattr(importlib.import_module(f"boltzmann_tf.{_NAMES[name]}"), name)
    elif name in _moved.MOVED:
        value = importlib.import_module(f"boltzmann_tf.{name}")
    else:
        raise AttributeError(f"module 'boltzmann_tf' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
