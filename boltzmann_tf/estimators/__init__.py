"""From log-weights and observables to effective sizes, log Z, free energies and their errors.

NumPy and SciPy only, with ArviZ and pymbar imported on first use. Nothing here knows a system or
a network; every result is float64 and every estimate comes with its standard error.
"""

from __future__ import annotations

from boltzmann_tf.estimators._common import (
    CalibrationWarning,
    Estimate,
    Estimates,
    jackknife_error,
)
from boltzmann_tf.estimators.averages import weighted_average
from boltzmann_tf.estimators.chain_scaling import SizeExponent, size_exponent
from boltzmann_tf.estimators.chains import (
    autocorrelation_time,
    chain_ess,
    function_of_means,
    mean_with_error,
    r_hat,
)
from boltzmann_tf.estimators.critical import CriticalPoint, critical_point
from boltzmann_tf.estimators.exchange import exchange_difference
from boltzmann_tf.estimators.extrema import Extrema, profile_extrema
from boltzmann_tf.estimators.finite_size import (
    Extrapolation,
    HeatCurve,
    extrapolate_peaks,
    heat_capacity,
    heat_curve,
    peak,
)
from boltzmann_tf.estimators.free_energy import (
    bound_difference,
    free_energy_difference,
    reweighted_difference,
    two_generator_difference,
)
from boltzmann_tf.estimators.ladders import ladder_error
from boltzmann_tf.estimators.multi_histogram import multi_histogram
from boltzmann_tf.estimators.orientations import (
    director_frame,
    orientation_density,
    orientational_correlation,
)
from boltzmann_tf.estimators.overlap import bar, bar_overlap, log_z_bar, mbar, mbar_overlap
from boltzmann_tf.estimators.pair_distances import PairDistribution, pair_distribution
from boltzmann_tf.estimators.passage import mean_first_passage_time
from boltzmann_tf.estimators.populations import Populations, populations
from boltzmann_tf.estimators.profile_averages import average_profiles, bootstrap_profiles
from boltzmann_tf.estimators.profiles import (
    Profile,
    align_profile,
    free_energy_profile,
    profile_rmse,
    published_standard_error,
)
from boltzmann_tf.estimators.report import Coverage, WeightReport, coverage, weight_report
from boltzmann_tf.estimators.structure import (
    StructureFactor,
    debye_structure_factor,
    structure_factor,
)
from boltzmann_tf.estimators.umbrella import Umbrella, umbrella_histogram
from boltzmann_tf.estimators.weights import (
    LogZBounds,
    effective_sample_size,
    ess_fraction,
    ess_fraction_along,
    log_z,
    log_z_bounds,
    normalized_weights,
    pareto_k,
)

__all__ = [
    "CalibrationWarning",
    "Coverage",
    "CriticalPoint",
    "Estimate",
    "Estimates",
    "Extrapolation",
    "Extrema",
    "HeatCurve",
    "LogZBounds",
    "PairDistribution",
    "Populations",
    "Profile",
    "SizeExponent",
    "StructureFactor",
    "Umbrella",
    "WeightReport",
    "align_profile",
    "autocorrelation_time",
    "average_profiles",
    "bar",
    "bar_overlap",
    "bootstrap_profiles",
    "bound_difference",
    "chain_ess",
    "coverage",
    "critical_point",
    "debye_structure_factor",
    "director_frame",
    "effective_sample_size",
    "ess_fraction",
    "ess_fraction_along",
    "exchange_difference",
    "extrapolate_peaks",
    "free_energy_difference",
    "free_energy_profile",
    "function_of_means",
    "heat_capacity",
    "heat_curve",
    "jackknife_error",
    "ladder_error",
    "log_z",
    "log_z_bar",
    "log_z_bounds",
    "mbar",
    "mbar_overlap",
    "mean_first_passage_time",
    "mean_with_error",
    "multi_histogram",
    "normalized_weights",
    "orientation_density",
    "orientational_correlation",
    "pair_distribution",
    "pareto_k",
    "peak",
    "populations",
    "profile_extrema",
    "profile_rmse",
    "published_standard_error",
    "r_hat",
    "reweighted_difference",
    "size_exponent",
    "structure_factor",
    "two_generator_difference",
    "umbrella_histogram",
    "weight_report",
    "weighted_average",
]
