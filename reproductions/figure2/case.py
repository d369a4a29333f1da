"""What differs between the systems of figure 2, and what their networks gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from boltzmann_tf import System
from boltzmann_tf.reproductions.ensembles import Variant
from boltzmann_tf.reproductions.evaluation import Evaluation, Target, median
from boltzmann_tf.training import Ensemble

__all__ = ["Case", "Results"]


@dataclass(frozen=True)
class Case:
    """What differs between the systems of figure 2.

    Attributes:
      system: what is sampled.
      target: reaction coordinate, states and exact answers.
      coordinate: the same coordinate in TF ops.
      label: of the reaction coordinate.
      compared: bins of the profile that its RMSE compares.
      variants: in the order of the report; the first two are the published RealNVP runs.
      modes: further training modes for figure S2, one network each; preset paper only.
      data: seed -> training configurations, the first half from the left state.
      window: plotted range of the two coordinates.
      j_ml: best possible J_ML for the training data, or None.
      j_kl_window: plotted range of J_KL.
      profile_window: plotted range of the free energy, in kT.
      barrier: energy of the highest saddle between the end states, in kT.
      quick_xla: whether preset quick trains with XLA.
    """

    system: System
    target: Target
    coordinate: Callable[[tf.Tensor], tf.Tensor]
    label: str
    compared: np.ndarray
    variants: Sequence[Variant]
    modes: Sequence[Variant]
    data: Callable[[int], np.ndarray]
    window: tuple[tuple[float, float], tuple[float, float]]
    j_ml: float | None
    j_kl_window: tuple[float, float]
    profile_window: tuple[float, float]
    barrier: float
    quick_xla: bool = False


@dataclass(frozen=True)
class Results:
    """Networks and evaluations by the name of their variant."""

    ensembles: Mapping[str, Ensemble]
    evaluations: Mapping[str, Sequence[Evaluation]]

    def end(self, name: str, term: str) -> float:
        """Median over networks of a loss at the end of training."""
        return median([run.end(term) for run in self.ensembles[name].members])

    def mean_end(self, name: str, term: str) -> float:
        """The same, with the mean of the last 50 steps for the level of each network."""
        return median([np.mean(r.history[term][-50:]) for r in self.ensembles[name].members])

    def ess(self, name: str) -> float:
        """Median effective fraction of the weights at T = 1."""
        return median([e.ess[1.0] for e in self.evaluations[name]])

    def gap(self, name: str) -> float:
        """Median of J_KL minus its bound at T = 1."""
        return median([e.gap.value for e in self.evaluations[name]])

    def rmse(self, name: str) -> float:
        """Median RMSE of the profile, in kT."""
        return median([e.rmse for e in self.evaluations[name]])
