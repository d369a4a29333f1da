"""The losses of Boltzmann generators, each a callable with a name, a weight and what it sees.

A new one is a subclass of `Loss` and no edit elsewhere:

    class Variance(bg.losses.Loss):
        '''Variance of the generated energies, which is 0 for none but equal ones.'''

        name = "variance"
        sees = "generated"

        def __call__(self, batch):
            return tf.math.reduce_variance(batch.energy)

    bg.Stage(1000, losses=[bg.losses.Likelihood(), Variance(weight=0.1)])
"""

from boltzmann_tf.energy_cut import Cut, cut_energy, linlog, safe_energy
from boltzmann_tf.losses.base import Generated, Loss, Mapped
from boltzmann_tf.losses.kullback_leibler import KullbackLeibler
from boltzmann_tf.losses.likelihood import Likelihood, WeightedLikelihood
from boltzmann_tf.losses.reaction_coordinate import ReactionCoordinate

__all__ = [
    "Cut",
    "Generated",
    "KullbackLeibler",
    "Likelihood",
    "Loss",
    "Mapped",
    "ReactionCoordinate",
    "WeightedLikelihood",
    "cut_energy",
    "linlog",
    "safe_energy",
]
