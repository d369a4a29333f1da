"""What one looks at in any `ParticleSystem`: distances, scattering, pressure.

    from boltzmann_tf import analysis

    samples = generator.sample(100_000)
    g = analysis.pair_distribution(samples, system, edges=np.linspace(0, 3, 61))
    p = analysis.pressure(samples, system)

Each function takes samples and their system: the `Samples` of a generator, with their weights,
the state or chains of a Monte Carlo run, plain configurations, or an iterator over batches of
them (`generator.sample_batches`), of which one is in memory at a time. The estimators behind them,
`boltzmann_tf.estimators.pair_distribution` and others, work on arrays and know no system.
"""

from boltzmann_tf.analysis.forces import Pressure, Virial, pressure, virial
from boltzmann_tf.analysis.structure import pair_distribution, structure_factor

__all__ = [
    "Pressure",
    "Virial",
    "pair_distribution",
    "pressure",
    "structure_factor",
    "virial",
]
