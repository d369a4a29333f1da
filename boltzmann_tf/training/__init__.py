"""Training: stages of a custom loop whose steps run inside compiled code."""

from boltzmann_tf.training.ensembles import Ensemble, EnsembleTrainer, Member
from boltzmann_tf.training.explorer import Explorer
from boltzmann_tf.training.faults import TrainingDiverged
from boltzmann_tf.training.history import History
from boltzmann_tf.training.observer import Observer
from boltzmann_tf.training.stages import Stage
from boltzmann_tf.training.trainer import Trainer

__all__ = [
    "Ensemble",
    "EnsembleTrainer",
    "Explorer",
    "History",
    "Member",
    "Observer",
    "Stage",
    "Trainer",
    "TrainingDiverged",
]
