"""Bad calls of estimators."""

from __future__ import annotations

import numpy as np

from bad_input.parts import INF, LINE, NAN
from boltzmann_tf import estimators

ESTIMATE = estimators.Estimate(1.0, 0.1)
PLACES = np.arange(24.0).reshape(3, 4, 2)
PROFILE = estimators.free_energy_profile(LINE, edges=[-1, 0, 1])
UMBRELLA = estimators.Umbrella(np.arange(3.0), np.ones(2), np.zeros(4), np.zeros((2, 4)), LINE)

ROWS = [
    (lambda: estimators.bar_overlap([NAN], [0.0]), ValueError, r"work_forward must be finite or"),
    (lambda: estimators.bar_overlap([], [0.0]), ValueError, r"work_forward must be a non-empty"),
    (lambda: estimators.mbar_overlap(LINE, [10]), ValueError, r"reduced_energies must have shape"),
    (
        lambda: estimators.mbar_overlap([[0.0]], [2]),
        ValueError,
        r"n_k must be 1 counts .*got \[2\]",
    ),
    (lambda: estimators.populations([], regions={}), ValueError, r"coordinate must have shape"),
    (
        lambda: estimators.populations(LINE, regions={"a": (1.0, 0.0)}),
        ValueError,
        r"\['a'\]",
    ),
    (lambda: estimators.populations(LINE, regions=3), TypeError, r"regions must be"),
    (lambda: estimators.jackknife_error(3), ValueError, r"replicas must be an array .*got 3"),
    (lambda: estimators.jackknife_error(LINE[:1]), ValueError, r"replicas must be an array of two"),
    (lambda: estimators.log_z([[0.0]]), ValueError, r"log_weights must be a non-empty 1-D"),
    (lambda: estimators.log_z([NAN, 0.0]), ValueError, r"log_weights must be finite .*got 1"),
    (lambda: estimators.log_z("weights"), TypeError, r"log_weights must be .*got str"),
    (lambda: estimators.pareto_k([-INF, -INF]), ValueError, r"log_weights must hold a weight"),
    (
        lambda: estimators.free_energy_difference(LINE),
        ValueError,
        r"cut, or both left and right, must be given, got left=None",
    ),
    (
        lambda: estimators.free_energy_difference(LINE, LINE[:3], cut=0.0),
        ValueError,
        r"log_weights must have 10 values, one a sample, got 3",
    ),
    (
        lambda: estimators.free_energy_difference(LINE, cut=NAN),
        ValueError,
        r"cut must be finite",
    ),
    (
        lambda: estimators.free_energy_difference(LINE, left=(0, 2), right=(1, 3)),
        ValueError,
        r"left and right must not overlap, got left=\(0\.0, 2\.0\)",
    ),
    (
        lambda: estimators.free_energy_profile(LINE, edges=[1.0, 0.0]),
        ValueError,
        r"edges must be at least 2 strictly increasing numbers, got",
    ),
    (
        lambda: estimators.free_energy_profile(LINE, edges=[0, 1], align="top"),
        ValueError,
        r"align must be one of .*'top'",
    ),
    (
        lambda: estimators.free_energy_profile(LINE, edges=[0, 1], n_bootstrap=1),
        ValueError,
        r"n_bootstrap must be an integer >= 2, got 1",
    ),
    (
        lambda: estimators.reweighted_difference(LINE, LINE, LINE, LINE > 0),
        TypeError,
        r"in_left must be a boolean array, got dtype float64",
    ),
    (
        lambda: estimators.bound_difference(LINE, LINE, LINE > 0, LINE[1:] > 0),
        ValueError,
        r"in_right must have shape \(10,\), got \(9,\)",
    ),
    (lambda: estimators.r_hat(LINE), ValueError, r"chains must have shape .*got \(10,\)"),
    (lambda: estimators.bar([], [1.0]), ValueError, r"work_forward must be .*got shape \(0,\)"),
    (
        lambda: estimators.align_profile([], []),
        ValueError,
        r"free_energy must be a non-empty 1-D array, got shape \(0,\)",
    ),
    (
        lambda: estimators.align_profile(LINE, LINE[:3]),
        ValueError,
        r"reference must have shape \(10,\), got \(3,\)",
    ),
    (
        lambda: estimators.align_profile(LINE, LINE, LINE),
        TypeError,
        r"mask must be a boolean array, got dtype float64",
    ),
    (
        lambda: estimators.align_profile(LINE, LINE * NAN),
        ValueError,
        r"mask must leave a bin that is finite in both profiles, got none",
    ),
    (
        lambda: estimators.autocorrelation_time(LINE),
        ValueError,
        r"chains must have shape \[chain, draw, \.\.\.\], got \(10,\)",
    ),
    (
        lambda: estimators.autocorrelation_time(np.ones((2, 3))),
        ValueError,
        r"chains must have at least 1 chain\(s\) of 4 draws, got 2 of 3",
    ),
    (
        lambda: estimators.autocorrelation_time(np.ones((2, 9)), chain_axis=5),
        ValueError,
        r"chain_axis must be an axis of shape \(2, 9\), got 5",
    ),
    (
        lambda: estimators.chain_ess(np.ones((2, 9)), draw_axis=0),
        ValueError,
        r"chain_axis and draw_axis must differ, got 0 and 0",
    ),
    (
        lambda: estimators.chain_ess(np.full((2, 9), NAN)),
        ValueError,
        r"chains must be finite, got 18 NaN or infinite of 18 values",
    ),
    (
        lambda: estimators.coverage(LINE, edges=[-1, 0, 1], reference_probability=[1.0]),
        ValueError,
        r"reference_probability must have 2 values, one a bin, got 1",
    ),
    (
        lambda: estimators.coverage(LINE, edges=[-1, 0, 1], reference_probability=[-1.0, 2.0]),
        ValueError,
        r"reference_probability must be >=.*got a minimum of np\.float64\(-1",
    ),
    (
        lambda: estimators.coverage(
            LINE, edges=[-1, 0, 1], reference_probability=[0.5, 0.5], minimum=0
        ),
        ValueError,
        r"minimum must be an integer >= 1, got 0",
    ),
    (
        lambda: estimators.coverage([], edges=[-1, 0, 1], reference_probability=[0.5, 0.5]),
        ValueError,
        r"coordinate must be a non-empty 1-D array, got shape \(0,\)",
    ),
    (
        lambda: estimators.effective_sample_size([]),
        ValueError,
        r"log_weights must be a non-empty 1-D array, got shape \(0,\)",
    ),
    (
        lambda: estimators.effective_sample_size([INF]),
        ValueError,
        r"log_weights must be finite or.*got 1 NaN or \+inf of 1 values",
    ),
    (
        lambda: estimators.ess_fraction("w"),
        TypeError,
        r"log_weights must be an array of numbers, got str",
    ),
    (
        lambda: estimators.ess_fraction([NAN]),
        ValueError,
        r"log_weights must be finite or.*got 1 NaN or \+inf of 1 values",
    ),
    (
        lambda: estimators.log_z_bar([0.0, NAN], [0.0]),
        ValueError,
        r"log_weights_generated must be.*got 1 NaN or \+inf of 2 values",
    ),
    (
        lambda: estimators.log_z_bar([0.0], [-INF]),
        ValueError,
        r"log_weights_reference must be finite, got 1 NaN or infinite of 1 values",
    ),
    (
        lambda: estimators.log_z_bounds([], [0.0]),
        ValueError,
        r"log_weights must be a non-empty 1-D array, got shape \(0,\)",
    ),
    (
        lambda: estimators.log_z_bounds([0.0], [NAN]),
        ValueError,
        r"reference_log_weights must be finite, got 1 NaN or infinite of 1 values",
    ),
    (
        lambda: estimators.mbar(LINE, [10]),
        ValueError,
        r"reduced_energies must have shape \[K, N\], got \(10,\)",
    ),
    (
        lambda: estimators.mbar([[0.0, 1.0]], [1.0, 1.0]),
        TypeError,
        r"n_k must be an array of integers, got dtype float64",
    ),
    (
        lambda: estimators.mbar([[0.0, 1.0]], [3]),
        ValueError,
        r"n_k must be 1 counts >= 0 that sum to 2, got \[3\]",
    ),
    (
        lambda: estimators.mbar([[0.0, NAN]], [2]),
        ValueError,
        r"reduced_energies must be finite or \+inf, got 1 NaN or -inf of 2",
    ),
    (
        lambda: estimators.function_of_means(np.ones((2, 9)), np.sum),
        ValueError,
        r"chains must have shape \[chain, draw, k\], got \(2, 9\)",
    ),
    (
        lambda: estimators.mean_with_error(LINE),
        ValueError,
        r"chains must have shape \[chain, draw, \.\.\.\], got \(10,\)",
    ),
    (
        lambda: estimators.mean_with_error(np.ones((2, 2))),
        ValueError,
        r"chains must have at least 1 chain\(s\) of 4 draws, got 2 of 2",
    ),
    (
        lambda: estimators.mean_with_error(np.ones((2, 9)), chain_axis="0"),
        TypeError,
        r"chain_axis must be an integer, got '0' of type str",
    ),
    (
        lambda: estimators.multi_histogram([LINE], [LINE[:, None]], [0.0]),
        ValueError,
        r"temperatures must be numbers > 0, got \[0\.0\]",
    ),
    (
        lambda: estimators.multi_histogram([LINE], [LINE[:, None]], [1.0, 2.0]),
        ValueError,
        r"energies must hold 2 arrays, got 1",
    ),
    (
        lambda: estimators.multi_histogram([LINE], [LINE], [1.0]),
        ValueError,
        r"values\[0\] must be finite, \[10, 'm'\], got shape \(10,\)",
    ),
    (
        lambda: estimators.multi_histogram([LINE], [LINE[:, None]], [1.0], at=[2.0]),
        ValueError,
        r"at must be within 1 to 1, got \[2\.0\]",
    ),
    (
        lambda: estimators.multi_histogram([LINE], [LINE[:, None]], [1.0], n_blocks=1),
        ValueError,
        r"n_blocks must be an integer >= 2, got 1",
    ),
    (
        lambda: estimators.multi_histogram([LINE], [LINE[:, None]], [1.0], n_blocks=99),
        ValueError,
        r"n_blocks must be at most the number of samples, 10, got 99",
    ),
    (
        lambda: estimators.normalized_weights([-INF]),
        ValueError,
        r"log_weights must hold a weight above zero, got 1 values of -inf",
    ),
    (
        lambda: estimators.normalized_weights([[0.0]]),
        ValueError,
        r"log_weights must be a non-empty 1-D array, got shape \(1, 1\)",
    ),
    (
        lambda: estimators.pareto_k(["a"]),
        TypeError,
        r"log_weights must be an array of numbers, got list",
    ),
    (
        lambda: estimators.profile_rmse(3, LINE),
        TypeError,
        r"profile must be a Profile, got 3 of type int",
    ),
    (
        lambda: estimators.profile_rmse(PROFILE, LINE),
        ValueError,
        r"reference must have shape \(2,\), got \(10,\)",
    ),
    (
        lambda: estimators.profile_rmse(PROFILE, [0.0, 0.0], lower=9.0),
        ValueError,
        r"lower, upper and mask must leave a bin, got none in \[9\.0, inf\]",
    ),
    (
        lambda: estimators.profile_rmse(PROFILE, [0.0, NAN]),
        ValueError,
        r"reference must be finite in every bin compared, got NaN or infinity",
    ),
    (
        lambda: estimators.published_standard_error(3),
        TypeError,
        r"profile must be a Profile, got 3 of type int",
    ),
    (
        lambda: estimators.profile_extrema(3, (0.0, 1.0)),
        TypeError,
        r"profile must be a Profile, got 3 of type int",
    ),
    (
        lambda: estimators.profile_extrema(PROFILE, (0.0, 0.0)),
        ValueError,
        r"between must be a pair with low < high, got \(0\.0, 0\.0\)",
    ),
    (
        lambda: estimators.Extrema(0, 1, 2).barrier(3),
        TypeError,
        r"profile must be a Profile, got 3 of type int",
    ),
    (
        lambda: estimators.bootstrap_profiles(LINE, edges=[-1, 1], n_bootstrap=0),
        ValueError,
        r"n_bootstrap must be an integer >= 1, got 0",
    ),
    (
        lambda: estimators.bootstrap_profiles([NAN], edges=[-1, 1]),
        ValueError,
        r"coordinate must be finite wherever the weight is not zero, got 1",
    ),
    (
        lambda: estimators.average_profiles([[0.0]], edges=[0, 1, 2]),
        ValueError,
        r"free_energies must have shape \[profiles, 2\], got \(1, 1\)",
    ),
    (
        lambda: estimators.average_profiles([[0.0]], edges=[0, 1], within=(2.0, 1.0)),
        ValueError,
        r"within must be a pair with low < high, got \(2\.0, 1\.0\)",
    ),
    (
        lambda: estimators.ess_fraction_along(LINE, LINE[:3], edges=[-1, 1]),
        ValueError,
        r"log_weights must have 10 values, one a sample, got 3",
    ),
    (
        lambda: estimators.ess_fraction_along(LINE, LINE, edges=[8, 9]),
        ValueError,
        r"coordinate must have samples of weight between the edges in both halves, got none",
    ),
    (
        lambda: estimators.exchange_difference(LINE, LINE, [1.0], cut=0.0),
        ValueError,
        r"coordinate must have 3 dimension\(s\), got shape \(10,\)",
    ),
    (
        lambda: estimators.exchange_difference(PLACES, PLACES[..., :1], [1.0], cut=0.0),
        ValueError,
        r"energy must have the shape of coordinate, \(3, 4, 2\), got \(3, 4, 1\)",
    ),
    (
        lambda: estimators.exchange_difference(PLACES, PLACES, [1.0], cut=0.0),
        ValueError,
        r"factors must be 4 numbers, one a rung, got 1",
    ),
    (
        lambda: estimators.exchange_difference(PLACES, PLACES, LINE[:4]),
        ValueError,
        r"cut, or both left and right, must be given, got left=None",
    ),
    (
        lambda: UMBRELLA.biased_free_energies([0.0], [1.0, 2.0]),
        ValueError,
        r"stiffness must be >= 0, a number or \[1\], got \[1\.0, 2\.0\]",
    ),
    (
        lambda: estimators.r_hat(np.ones((1, 9))),
        ValueError,
        r"chains must have at least 2 chain\(s\) of 4 draws, got 1 of 9",
    ),
    (
        lambda: estimators.two_generator_difference([], [1.0]),
        ValueError,
        r"free_energies_left must not be empty, got shape \(0,\)",
    ),
    (
        lambda: estimators.two_generator_difference([1.0], [NAN]),
        ValueError,
        r"free_energies_right must be finite, got 1 NaN or infinite of 1 values",
    ),
    (
        lambda: estimators.umbrella_histogram(LINE, [0.0], 1.0, edges=[-1, 1]),
        ValueError,
        r"coordinate must be \[windows, rounds\] or \[ladders,.*got \(10,\)",
    ),
    (
        lambda: estimators.ladder_error(LINE, LINE[:3], quantity="x"),
        ValueError,
        r"blocks must be two or more of each of the 3 ladders, got 10",
    ),
    (
        lambda: estimators.umbrella_histogram([LINE], [0.0, 1.0], 1.0, edges=[-1, 1]),
        ValueError,
        r"centres must be 1 numbers, one a window, got 2",
    ),
    (
        lambda: estimators.umbrella_histogram([LINE], [0.0], -1.0, edges=[-1, 1]),
        ValueError,
        r"stiffness must be a positive finite number, got -1\.0",
    ),
    (
        lambda: estimators.umbrella_histogram([LINE], [0.0], 1.0, edges=[0, 1]),
        ValueError,
        r"edges must hold all of coordinate, -1 to 1, got 0 to 1",
    ),
    (
        lambda: estimators.umbrella_histogram([LINE], [0.0], 1.0, edges=[-1, 1], resolution=0),
        ValueError,
        r"resolution must be an integer >= 1, got 0",
    ),
    (
        lambda: estimators.umbrella_histogram([LINE], [0.0], 1.0, edges=[-1, 1], n_blocks=1),
        ValueError,
        r"n_blocks must be an integer >= 2, got 1",
    ),
    (
        lambda: estimators.umbrella_histogram(
            [LINE, LINE + 9], [0.0, 9.0], 1.0, edges=[-1, 5, 10], n_blocks=2
        ),
        ValueError,
        r"coordinate must overlap from.*got no bin in common between \[",
    ),
    (
        lambda: estimators.weight_report([NAN]),
        ValueError,
        r"log_weights must be finite or.*got 1 NaN or \+inf of 1 values",
    ),
    (
        lambda: estimators.weight_report([0.0], coverage=0.5),
        TypeError,
        r"coverage must be a Coverage, got 0\.5 of type float",
    ),
    (
        lambda: estimators.weight_report([0.0], energy_evaluations=-1),
        ValueError,
        r"energy_evaluations must be an integer >= 0, got -1",
    ),
    (
        lambda: estimators.weight_report([0.0], reference_log_weights=[INF]),
        ValueError,
        r"reference_log_weights must be finite, got 1 NaN or infinite of 1 values",
    ),
    (
        lambda: estimators.director_frame(np.ones((4, 2))),
        ValueError,
        r"vectors must have .*3.*got .*\(4, 2\)",
    ),
    (
        lambda: estimators.director_frame(np.ones((1, 3))),
        ValueError,
        r"vectors must have shape \[\.\.\., N, 3\], N at least 2, got \(1, 3\)",
    ),
    (
        lambda: estimators.orientation_density(np.ones((2, 4, 3)), edges=[0.0, 1.5]),
        ValueError,
        r"edges must increase within \[0, 1\], got \[0\.0, 1\.5\]",
    ),
    (
        lambda: estimators.orientational_correlation(np.ones((4, 3))),
        ValueError,
        r"vectors must have 3 dimension",
    ),
    (
        lambda: estimators.weighted_average([], None),
        ValueError,
        r"values must have shape \[n\] or \[n, k\], got \(0,\)",
    ),
    (
        lambda: estimators.weighted_average(LINE, LINE[:2]),
        ValueError,
        r"log_weights must have 10 values, one a sample, got 2",
    ),
    (
        lambda: estimators.weighted_average(LINE * NAN),
        ValueError,
        r"values must be finite wherever.*got 10 NaN or infinite",
    ),
    (
        lambda: estimators.weighted_average(LINE, n_blocks=1),
        ValueError,
        r"n_blocks must be an integer >= 2, got 1",
    ),
    (
        lambda: estimators.bar([NAN], [1.0]),
        ValueError,
        r"work_forward must be finite or \+inf, got 1 NaN or -inf of 1 values",
    ),
    (
        lambda: estimators.bar([INF], [1.0]),
        ValueError,
        r"work_forward must hold a finite value, got 1 values of \+inf",
    ),
    (
        lambda: estimators.free_energy_difference([], cut=0.0),
        ValueError,
        r"coordinate must be a non-empty 1-D array, got shape \(0,\)",
    ),
    (
        lambda: estimators.free_energy_difference(LINE, cut=0.0, left=(0, 1)),
        ValueError,
        r"cut must be given alone, or left.*got cut=0\.0, left=\(0, 1\), righ",
    ),
    (
        lambda: estimators.free_energy_difference(LINE, left=(1, 0), right=(2, 3)),
        ValueError,
        r"left must be a pair with low < high, got \(1, 0\)",
    ),
    (
        lambda: estimators.free_energy_profile(LINE * NAN, edges=[0, 1]),
        ValueError,
        r"coordinate must be finite.*got 10 NaN or infinite of 10 v",
    ),
    (
        lambda: estimators.reweighted_difference(LINE * NAN, LINE, LINE > 0, LINE > 0),
        ValueError,
        r"log_weights_left must be finite.*got 10 NaN or \+inf of 10 value",
    ),
    (
        lambda: estimators.pair_distribution(PLACES, edges=[-1.0, 1.0]),
        ValueError,
        r"edges must be >= 0, got -1",
    ),
    (
        lambda: estimators.pair_distribution(PLACES, edges=[0.0, 1.1], lengths=[2.0, 3.0]),
        ValueError,
        r"edges must be at most half the shortest side, 1, got 1\.1",
    ),
    (
        lambda: estimators.pair_distribution(PLACES, edges=[0.0, 1.0], lengths=[2.0, 3.0, 4.0]),
        ValueError,
        r"lengths must be positive, a number or \[2\], got",
    ),
    (
        lambda: estimators.pair_distribution(LINE, edges=[0.0, 1.0]),
        ValueError,
        r"positions must have shape \[samples, n, dimension\] .*got \(10,\)",
    ),
    (
        lambda: estimators.pair_distribution(PLACES, [0.0, NAN, 0.0], edges=[0.0, 1.0]),
        ValueError,
        r"log_weights must be finite or -inf",
    ),
    (
        lambda: estimators.pair_distribution(PLACES + NAN, edges=[0.0, 1.0]),
        ValueError,
        r"positions must be finite, got 24 NaN",
    ),
    (
        lambda: estimators.pair_distribution(PLACES, edges=[0.0, 1.0], between=([0, 1], [1, 2])),
        ValueError,
        r"between must be equal or have no common particle, got \[1\] in both",
    ),
    (
        lambda: estimators.pair_distribution(PLACES, edges=[0.0, 1.0], between=([0], [4])),
        ValueError,
        r"between must hold different particle numbers in 0 \.\. 3, got \[4\]",
    ),
    (
        lambda: estimators.pair_distribution(PLACES, edges=[0.0, 1.0], n_blocks=1),
        ValueError,
        r"n_blocks must be an integer >= 2, got 1",
    ),
    (
        lambda: estimators.pair_distribution(iter([PLACES]), edges=[0.0, 1.0]),
        TypeError,
        r"positions must yield pairs",
    ),
    (
        lambda: estimators.pair_distribution(
            iter([(PLACES, None), (PLACES, [0.0] * 3)]), edges=[0.0, 1.0]
        ),
        ValueError,
        r"positions must all come with log-weights, or none of them, got both",
    ),
    (
        lambda: estimators.structure_factor(PLACES, q_max=1.0, lengths=2.0),
        ValueError,
        r"q_max must be at least the shortest wave vector of the box, 3\.14159, got 1",
    ),
    (
        lambda: estimators.structure_factor(PLACES, q_max=1e5, lengths=2.0),
        ValueError,
        r"q_max must be short enough for 2000000 wave vectors, got 100000",
    ),
    (
        lambda: estimators.structure_factor(PLACES, q_max=9.0, lengths=2.0, width=0.0),
        ValueError,
        r"width must be a positive finite number, got 0\.0",
    ),
    (
        lambda: estimators.structure_factor(iter([]), q_max=9.0, lengths=2.0),
        ValueError,
        r"lengths must have one side for each dimension where positions are an iterator",
    ),
    (
        lambda: estimators.debye_structure_factor(PLACES, q=[-1.0]),
        ValueError,
        r"q must be >= 0, got -1",
    ),
    (
        lambda: estimators.heat_capacity(1.0, 2.0, 0.0),
        ValueError,
        r"temperature must be a positive finite number, got 0\.0",
    ),
    (
        lambda: estimators.heat_capacity(1.0, 2.0, 1.0, 0),
        ValueError,
        r"sites must be an integer >= 1, got 0",
    ),
    (lambda: estimators.peak([0.0, 1.0], [0.0, 1.0]), ValueError, r"x must be .*at least 3, got 2"),
    (
        lambda: estimators.peak([0.0, 2.0, 1.0], [0.0, 1.0, 0.0]),
        ValueError,
        r"x must be increasing, with one value of y each",
    ),
    (lambda: estimators.peak(LINE, NAN * LINE), ValueError, r"y must be finite, got 10 NaN"),
    (
        lambda: estimators.heat_curve(np.ones((2, 9)), [1.0, 2.0], 1),
        ValueError,
        r"energies must have 3 dimension\(s\), got shape \(2, 9\)",
    ),
    (
        lambda: estimators.heat_curve(np.ones((1, 2, 9)), [2.0, 1.0], 1),
        ValueError,
        r"temperatures must be 2 increasing numbers > 0, .*got \[2\.0, 1\.0\]",
    ),
    (
        lambda: estimators.heat_curve(np.ones((1, 2, 4)), [1.0, 2.0], 1),
        ValueError,
        r"energies must have at least 5 rounds, got 4",
    ),
    (
        lambda: estimators.heat_curve(np.ones((1, 2, 9)), [1.0, 2.0], 1),
        ValueError,
        r"energies must differ, got 1 alone",
    ),
    (
        lambda: estimators.heat_curve(np.ones((1, 2, 9)), [1.0, 2.0], 1, points=2),
        ValueError,
        r"points must be an integer >= 3, got 2",
    ),
    (
        lambda: estimators.extrapolate_peaks({6: ESTIMATE}, dimension=3),
        ValueError,
        r"peaks must be of at least 2 sizes, got \[6\]",
    ),
    (
        lambda: estimators.extrapolate_peaks({6: ESTIMATE, 0: ESTIMATE}, dimension=3),
        ValueError,
        r"a size of peaks must be a positive finite number, got 0",
    ),
    (
        lambda: estimators.extrapolate_peaks([ESTIMATE], dimension=3),
        TypeError,
        r"peaks must be a Mapping, got",
    ),
    (
        lambda: estimators.extrapolate_peaks({6: ESTIMATE, 8: ESTIMATE}, dimension=0),
        ValueError,
        r"dimension must be an integer >= 1, got 0",
    ),
    (
        lambda: estimators.extrapolate_peaks({6: ESTIMATE, 8: (1.0, 0.0)}, dimension=3),
        ValueError,
        r"peaks must have errors > 0, got \[0\.1, 0\.0\]",
    ),
    (
        lambda: estimators.mean_first_passage_time(LINE, LINE[1:], 0.0, diffusion=1.0),
        ValueError,
        r"free_energy must have a value for each of .*, got 9 for 10",
    ),
    (
        lambda: estimators.mean_first_passage_time(LINE**3, LINE, 0.0, diffusion=1.0),
        ValueError,
        r"coordinate must be increasing and evenly spaced",
    ),
    (
        lambda: estimators.mean_first_passage_time(LINE, LINE, 2.0, diffusion=1.0),
        ValueError,
        r"target must be within the profile, -1 to 1, got 2",
    ),
    (
        lambda: estimators.mean_first_passage_time(LINE, LINE, 0.5, diffusion=1.0, start=0.5),
        ValueError,
        r"start must be within the profile and before the target, -1 to 0\.5, got 0\.5",
    ),
    (
        lambda: estimators.mean_first_passage_time(LINE, LINE, 0.0, diffusion=0.0),
        ValueError,
        r"diffusion must be a positive finite number, got 0\.0",
    ),
    (
        lambda: estimators.mean_first_passage_time(LINE, INF * LINE, 0.0, diffusion=1.0),
        ValueError,
        r"free_energy must be finite, got 10 NaN or infinite",
    ),
    (
        lambda: estimators.size_exponent([8, 16], [[9.0, 0.1]] * 2),
        ValueError,
        r"beads must be 3 or more different lengths .*got \[8\.0, 16\.0\]",
    ),
    (
        lambda: estimators.size_exponent([8, 16, 32], [[9.0, 0.1]] * 3, deltas=[-1.0]),
        ValueError,
        r"deltas must be > 0, got \[-1\.0\]",
    ),
    (
        lambda: estimators.size_exponent([8, 16, 32], [[9.0, 0.0]] * 3),
        ValueError,
        r"squared_size must be 3 sizes and their errors, all above 0, got",
    ),
    (
        lambda: estimators.critical_point([1.0], [[0.1, 0.01]], [[0.5, 0.01]]),
        ValueError,
        r"temperatures, vapour and liquid must be two or more, .*got 1, 1 and 1",
    ),
    (
        lambda: estimators.critical_point([1.0, 1.1], [[0.1, 0.01]] * 2, [[0.05, 0.01]] * 2),
        ValueError,
        r"liquid must be denser than vapour at each temperature",
    ),
    (
        lambda: estimators.critical_point(
            [1.0, 1.1], [[0.1, 0.01]] * 2, [[0.5, 0.01], [0.6, 0.01]]
        ),
        ValueError,
        r"liquid and vapour must approach each other with T",
    ),
    (
        lambda: estimators.critical_point([1.0, 1.1], [0.1, 0.2], [[0.5, 0.01]] * 2),
        ValueError,
        r"vapour must",
    ),
]
