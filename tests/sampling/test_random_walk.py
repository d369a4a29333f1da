"""Random-walk Metropolis against closed forms, and that each check sees what it is there to see.

Statistical checks compare means over chains with exact ones, in standard errors taken from the
spread of at least 200 chain means. |t| > 6 has a probability below 8e-9 for 199 degrees of
freedom, so that a check of up to 6 quantities raises a false alarm with probability below 1e-7.

A compilation takes a second and the chains milliseconds, hence the systems and shapes shared here.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import estimators
from boltzmann_tf._support.random import uniform
from boltzmann_tf.sampling import _chain, metropolis, random_walk, run_chains
from boltzmann_tf.systems import DoubleWell, SpringInBox, System

LIMIT = 6.0
CHAINS = 200
DOUBLE_WELL = DoubleWell()
BOX = SpringInBox()


def deviations(chains, exact):
    """Differences to the exact means in standard errors; `chains` is [chain, draw, quantity]."""
    mean, error = estimators.mean_with_error(chains)
    return (mean - exact) / error


def agrees(chains, exact):
    return bool(np.all(np.abs(deviations(chains, exact)) < LIMIT))


# One well of the double well.


WELL_STEPS = {"n_steps": 1800, "stride": 5, "step_size": 0.4}


class HalfEnergy(DoubleWell):
    """The planted error: a factor 1/2 in the energy, as if it were one of pairs counted twice."""

    def energy(self, x):
        return 0.5 * super().energy(x)


def left_well(system, temperature=1.0):
    """x1 and u, [chain, draw, 2], of the chains that never left the left well.

    At most a few in 200 cross its barrier of 11 kT: leaving them out shifts means by far less
    than their errors.
    """
    start = np.tile(DOUBLE_WELL.initial_state("left"), (CHAINS, 1))
    x = metropolis(system, start, temperature=temperature, **WELL_STEPS).x.astype(np.float64)
    stayed = np.all(x[..., 0] < 0, axis=1)
    assert stayed.mean() > 0.9
    x = x[stayed, 60:]  # what came before is burn-in
    return np.stack([x[..., 0], DOUBLE_WELL.exact.energy(x)], axis=-1)


@functools.cache
def left_well_exact():
    """Means of x1 and u over the left well, by the trapezoidal rule in x1; <x2^2> / 2 = 1/2."""
    x = np.linspace(-6.0, 0.0, 200_001)
    u = DOUBLE_WELL.exact.energy(np.stack([x, 0 * x], axis=-1))
    p = np.exp(u.min() - u)
    p /= p.sum()
    return np.array([p @ x, p @ u + 0.5])


def test_one_well_has_the_exact_means():
    exact = DOUBLE_WELL.exact.mean_energy(1.0, "left")
    assert left_well_exact()[1] == pytest.approx(exact, abs=1e-6)
    assert agrees(left_well(DOUBLE_WELL), left_well_exact())


@pytest.mark.parametrize(
    ("system", "temperature"), [(DOUBLE_WELL, 1.1), (HalfEnergy(), 0.55)]
)  # a half at temperature 1 would cross the barrier; at 0.55 it is a temperature of 1.1
def test_an_energy_or_temperature_off_by_a_tenth_is_seen(system, temperature):
    assert not agrees(left_well(system, temperature), left_well_exact())


# The spring in the box: walls of infinite energy.


def box_moments(system):
    """x1, x2, their squares and product, and H at T = 2: [chain, draw, 6]."""
    start = np.random.default_rng(0).uniform(0, 4, (CHAINS, 1)) * [1.0, 1.0]
    options = {"n_steps": 2400, "stride": 8, "step_size": 1.2, "temperature": 2.0}
    x = metropolis(system, start, **options).x.astype(np.float64)[:, 50:]
    x1, x2 = np.moveaxis(x, -1, 0)
    return np.stack([x1, x2, x1**2, x2**2, x1 * x2, BOX.exact.energy(x)], axis=-1)


def box_exact(temperature):
    mean, covariance = BOX.exact.mean(), BOX.exact.covariance(temperature)
    second = covariance + np.outer(mean, mean)
    energy = BOX.exact.mean_energy(temperature)
    return np.array([*mean, second[0, 0], second[1, 1], second[0, 1], energy])


def test_the_box_has_the_exact_moments_at_its_temperature():
    moments = box_moments(BOX)
    assert agrees(moments, box_exact(2.0))
    assert not agrees(moments, box_exact(1.0))


def test_a_factor_of_two_in_the_spring_is_seen():
    """H = k (x2 - x1)^2 / 2 in place of k (x2 - x1)^2."""
    assert not agrees(box_moments(SpringInBox(stiffness=0.5)), box_exact(2.0))


# A user's own Gaussian system, and tuning.


class Gaussian(System):
    """Variances 1 and 1/4."""

    event_shape = (2,)

    def energy(self, x):
        return 0.5 * x[..., 0] ** 2 + 2.0 * x[..., 1] ** 2


GAUSSIAN = Gaussian()
GAUSSIAN_EXACT = np.array([0.0, 0.0, 1.0, 0.25])


def gaussian_moments(x):
    return np.concatenate([x, x**2], axis=-1).astype(np.float64)


def test_a_gaussian_has_its_means_and_variances():
    start = np.random.default_rng(0).normal(size=(CHAINS, 2)) * [1.0, 0.5]
    chains = metropolis(GAUSSIAN, start, n_steps=1500, stride=5, step_size=0.8)
    assert agrees(gaussian_moments(chains.x), GAUSSIAN_EXACT)
    np.testing.assert_allclose(chains.log_prob, -GAUSSIAN.energy(chains.x), rtol=1e-5, atol=1e-6)
    assert chains.x.shape == (CHAINS, 300, 2)
    assert chains.steps == CHAINS * 1500


def always_tuning(draws):
    """The planted error: each chain goes on to tune its step to its own last decision."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(CHAINS, 2)) * [1.0, 0.5]
    size = np.full(CHAINS, 0.8)
    result = np.empty((CHAINS, draws, 2))
    for i in range(draws):
        proposal = x + size[:, None] * rng.normal(size=x.shape)
        log_ratio = 0.5 * (x**2 - proposal**2) @ [1.0, 4.0]
        accepted = np.log(rng.random(CHAINS)) < log_ratio
        x = np.where(accepted[:, None], proposal, x)
        size *= np.exp(2.0 * (accepted - 0.4))
        result[:, i] = x
    return result


def test_tuning_that_goes_on_is_seen():
    assert not agrees(gaussian_moments(always_tuning(1500)), GAUSSIAN_EXACT)


@pytest.fixture
def spied(monkeypatch):
    """Records what each compiled chain is called with: draws, stride, step size, start, seed."""
    calls = []
    original = random_walk.kernel

    def kernel(target, n_stored):
        run = original(target, n_stored)

        def spy(state, step_size, seed, stride, argument):
            settings = (n_stored, int(stride), float(step_size))
            calls.append((*settings, state.numpy(), tuple(seed.numpy())))
            return run(state, step_size, seed, stride, argument)

        return spy

    monkeypatch.setattr(random_walk, "kernel", kernel)
    return calls


TUNED = {"n_steps": 600, "stride": 3, "seed": 5}


@pytest.mark.parametrize("first", [0.01, 30.0])
def test_the_step_is_tuned_in_burn_in_and_nowhere_else(spied, first):
    chains = metropolis(
        GAUSSIAN, np.zeros((100, 2)), step_size=first, burn_in=2007, target_acceptance=0.3, **TUNED
    )
    # 60 000 decisions: 0.03 is far above their noise and the precision of the tuning.
    assert chains.acceptance.mean() == pytest.approx(0.3, abs=0.03)
    *tuning, last = list(spied)
    assert len(tuning) == random_walk.TUNING_ROUNDS
    assert sum(call[0] * call[1] for call in tuning) == 2000
    assert last[:3] == (200, 3, pytest.approx(chains.step_size))
    assert len({call[4] for call in spied}) == len(spied)  # no two parts share their noise
    assert chains.steps == 100 * sum(call[0] * call[1] for call in spied)
    # What is stored is what one kernel of that size makes, from where the burn-in ended.
    again = metropolis(GAUSSIAN, last[3], step_size=chains.step_size, **TUNED)
    np.testing.assert_array_equal(chains.x, again.x)


def test_without_a_target_the_step_stays(spied):
    chains = metropolis(GAUSSIAN, np.zeros((100, 2)), step_size=0.7, burn_in=100, **TUNED)
    assert chains.step_size == 0.7
    assert [call[0] * call[1] for call in spied] == [100, 600]
    assert len({call[4] for call in spied}) == 2
    assert chains.steps == 100 * 700
    assert spied[1][3].std() > 0.5  # the draws begin where the burn-in ended


# What is not a number, seeds, compilation, diagnostics.


def test_a_step_to_nan_is_rejected():
    """A standard normal whose log-density is NaN above 1: draws are those below, truncated."""

    def log_prob(x):
        return tf.where(x[:, 0] > 1, float("nan"), -0.5 * x[:, 0] ** 2)

    chains = run_chains(
        log_prob, np.zeros((CHAINS, 1), np.float32), n_steps=1600, stride=5, step_size=2.0
    )
    assert np.all(np.isfinite(chains.log_prob))
    assert chains.x.max() <= 1
    density, below = np.exp(-0.5) / np.sqrt(2 * np.pi), 0.8413447460685429
    moments = np.concatenate([chains.x, chains.x**2], axis=-1)[:, 20:]
    exact = np.array([-density / below, 1 - density / below])
    assert agrees(moments, exact)
    assert not agrees(moments, [0.0, 1.0])  # the sister: those of the whole normal


def test_what_is_no_number_is_counted_and_no_place_to_start_from():
    def log_prob(x):
        return tf.where(x[:, 0] > 1, np.inf, tf.where(x[:, 0] < -1, np.nan, 0 * x[:, 0]))

    options = {"n_steps": 4000, "stride": 10, "step_size": 2.0}
    chains = run_chains(log_prob, np.zeros((50, 1), np.float32), **options)
    # All that is not accepted is no number, since the density is flat.
    rejected = round(float(np.sum(4000 * (1 - chains.acceptance))))
    assert chains.not_finite == rejected > 50_000
    for start in (2.0, -2.0):
        with pytest.raises(ValueError, match=r"initial must have finite log-densities \[chains\]"):
            run_chains(log_prob, np.full((2, 1), start), **options)
    box = metropolis(BOX, np.ones((50, 2)), n_steps=100, step_size=2.0)
    assert box.acceptance.mean() < 0.9
    assert box.not_finite == 0  # walls are a density of zero, and that is a number


# What happens once in ten million steps.


class Step(System):
    """0 in the origin and `height` kT elsewhere: what is accepted, but for e^-height, is wrong."""

    event_shape = (1,)

    def __init__(self, height):
        self.height = height

    def energy(self, x):
        return tf.where(x[:, 0] == 0, 0.0, self.height * tf.ones_like(x[:, 0]))


def escaped(height, moves):
    """How many of 4096 walkers are no longer in the origin."""
    chains = metropolis(
        Step(height), np.zeros((4096, 1)), n_steps=moves // 4096, stride=moves // 4096
    )
    return np.count_nonzero(chains.x)


def test_the_impossible_is_never_accepted(monkeypatch):
    """2^25 moves of 40 kT, expected 1e-10; the planted error accepts 2^-23 of them, 4."""
    assert escaped(40.0, 2**25) == 0
    monkeypatch.setattr(
        _chain, "log_uniform", lambda shape, seed: _double_log(uniform(shape, seed))
    )
    assert escaped(40.0, 2**25) > 0


def _double_log(u):
    return tf.cast(tf.math.log(u), tf.float64)


@pytest.mark.slow
def test_the_impossible_is_never_accepted_in_a_quarter_of_a_billion_moves():
    assert escaped(40.0, 250_000_000) == 0


class Plateau(System):
    """A valley |x| < 1 in a box |x| < 4, `height` kT lower than the rest."""

    event_shape = (1,)

    def __init__(self, height):
        self.height = height

    def energy(self, x):
        size = tf.abs(x[:, 0])
        return tf.where(size < 1, 0.0, tf.where(size < 4, self.height * tf.ones_like(size), np.inf))


@pytest.mark.slow
@pytest.mark.parametrize(("height", "runs"), [(15.0, 12), (18.0, 16)])
def test_the_share_of_a_plateau(height, runs):
    """Within three errors of 3 e^-height; at 18 kT a float32 uniform number gives eight times it.

    The error is that of the means of 4096 chains. With this seed; one in 400 others would fail.
    """
    state, shares = np.zeros((4096, 1)), []
    for seed in range(runs):
        chains = metropolis(
            Plateau(height), state, n_steps=60_000, stride=6, step_size=3.0, seed=seed
        )
        shares.append(np.mean(np.abs(chains.x[..., 0]) >= 1, axis=1))
        state = chains.x[:, -1]
    mean = np.mean(shares, axis=0)
    error = mean.std(ddof=1) / np.sqrt(len(mean))
    exact = 3 * np.exp(-height) / (1 + 3 * np.exp(-height))
    assert abs(mean.mean() - exact) < 3 * error
    assert abs(8 * exact - mean.mean()) > 6 * error


# Counting.


def flat(x, _):
    return 0 * x[:, 0]


def test_what_always_accepts_has_an_acceptance_of_one():
    """And it is counted in integers: a float32 that counts by ones stands still at 2^24."""
    target = _chain.Target(flat, flat, tf.constant(1.0), jit_compile=False, remedy="")
    run = _chain.kernel(target, 1)
    *_, accepted, not_finite = run(
        tf.zeros([3, 1]), tf.constant(1.0), tf.constant([1, 2]), tf.constant(50), target.argument
    )
    assert accepted.dtype == not_finite.dtype == tf.int32
    assert accepted.numpy().tolist() == [50] * 3
    chains = metropolis(Step(0.0), np.zeros((2, 1)), n_steps=200, stride=100, step_size=0.5)
    assert chains.acceptance.dtype == np.float64
    assert np.all(chains.acceptance == 1)


@pytest.mark.slow
def test_what_always_accepts_has_an_acceptance_of_one_after_many_steps():
    n = 2**24 + 2**22
    chains = metropolis(Step(0.0), np.zeros((1, 1)), n_steps=n, stride=n, step_size=0.5)
    assert chains.acceptance[0] == 1


def test_a_seed_makes_the_same_run_and_another_seed_another():
    one, same, other = (
        metropolis(
            GAUSSIAN, np.zeros((100, 2)), step_size=0.8, burn_in=100, **TUNED | {"seed": seed}
        )
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.x, same.x)
    assert np.all(one.x[:, -1] != other.x[:, -1])
    assert len(np.unique(one.x[:, -1, 0])) == 100  # chains do not share their noise


def test_each_shape_is_compiled_once():
    traces = []

    class Counted(Gaussian):
        def energy(self, x):
            if not tf.executing_eagerly():
                traces.append(x.shape)
            return super().energy(x)

    system = Counted()
    options = {"n_steps": 20, "stride": 2, "burn_in": 40, "target_acceptance": 0.4}
    metropolis(system, np.zeros((3, 2)), **options)
    first = len(traces)
    assert first > 0
    for seed in range(3):
        metropolis(system, np.ones((3, 2)), seed=seed, step_size=0.2 + seed, **options)
    assert len(traces) == first
    metropolis(system, np.zeros((5, 2)), n_steps=20, stride=2)  # the sister: a shape is seen
    assert len(traces) > first


def test_diagnostics_tell_mixed_chains_from_stuck_ones():
    start = np.random.default_rng(0).normal(size=(CHAINS, 2)) * [1.0, 0.5]
    chains = metropolis(GAUSSIAN, start, n_steps=1500, stride=5, step_size=0.8)
    mixed = chains.diagnostics(chains.x[..., 0])
    assert mixed["r_hat"] < 1.01
    assert mixed["acceptance"] == pytest.approx(chains.acceptance.mean())
    # The spread of 200 chain means is known to 5 %: five such errors, and 10 % for the estimate.
    error = estimators.mean_with_error(chains.x[..., 0]).standard_error
    assert 1 / np.sqrt(mixed["ess"]) == pytest.approx(error, rel=0.35)
    assert mixed["ess"] < 0.5 * chains.x[..., 0].size
    ends = np.stack([DOUBLE_WELL.initial_state("left"), DOUBLE_WELL.initial_state("right")])
    split = metropolis(DOUBLE_WELL, np.repeat(ends, CHAINS // 2, axis=0), **WELL_STEPS)
    stuck = split.diagnostics(split.x[..., 0])
    assert stuck["r_hat"] > 1.5
    assert stuck["ess"] < 2 * CHAINS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stride": 11}, "stride must be at most n_steps=10, got 11"),
        ({"target_acceptance": 1.0, "burn_in": 40}, r"target_acceptance must be in \(0, 1\)"),
        ({"target_acceptance": 0.5}, "burn_in must be at least 20"),
        ({"seed": 2**31}, "seed must be"),
        ({"initial": np.zeros((3, 4))}, r"initial must have shape \[chains, 2\]"),
        ({"initial": [[5.0, 0.0]], "system": SpringInBox()}, "initial must have finite energies"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        metropolis(**{"system": GAUSSIAN, "initial": [[0.0, 0.0]], "n_steps": 10} | options)
