"""Step halving: log Z that is known, which large steps miss by many errors."""

from __future__ import annotations

import functools

import laws
import numpy as np
import pytest
import tensorflow as tf

from boltzmann_tf import BoltzmannGenerator, System, estimators, sampling
from boltzmann_tf.bijectors import LatticeFlow, Scaling, Sequence
from boltzmann_tf.priors import Mixture

KNOWN = 2 * np.log(2 * np.pi)  # log Z of four normal coordinates


class Normal(System):
    """Four normal coordinates, of the width that a condition says if there is one."""

    event_shape = (4,)

    def __init__(self, *, conditional=False, forbidden=-np.inf):
        self.condition_size = int(conditional)
        self.forbidden = forbidden

    def energy(self, x, *condition):
        width = condition[0][:, 0] if condition else 1.0
        energy = 0.5 * tf.reduce_sum(x * x, axis=-1) / width**2
        return tf.where(x[:, 0] < self.forbidden, tf.constant(np.inf, x.dtype), energy)


def perturbed(**options):
    flow = LatticeFlow(2, features=2, steps=1, seed=1, dtype="float64", **options)
    return laws.perturb(flow, 0.1)


def made(system=None, bijector=None, prior=None):
    return BoltzmannGenerator(system or Normal(), bijector or perturbed(), prior, jit_compile=False)


@functools.cache
def halved():
    generator = made()
    halving = sampling.StepHalving(generator)
    return generator, halving, halving.refined(seed=1)


def log_weight(generator, seed=2, **options):
    return generator.sample(20_000, seed=seed, **options).log_weight


def test_log_z_is_exact_where_the_steps_were_too_large():
    """Within six errors, a false alarm in 2e-9; and what tells nothing of it."""
    generator, _, found = halved()
    value, error = estimators.log_z(log_weight(found.generator))
    assert found.converged
    assert found.factor > 1
    assert abs(value - KNOWN) < 6 * error < 0.03
    coarse = log_weight(generator)
    value, error = estimators.log_z(coarse)
    assert abs(value - KNOWN) > 30 * error  # the planted error: steps as they were
    assert estimators.ess_fraction(coarse) > 0.7
    assert estimators.pareto_k(coarse) < 0.5


def test_it_is_the_coarsest_that_half_the_step_does_not_change():
    generator, halving, found = halved()
    halves = [
        BoltzmannGenerator(Normal(), generator.bijector.refined(k), jit_compile=False)
        for k in (found.factor // 2, found.factor, 2 * found.factor)
    ]
    before, own, finer = (g.sample(4096, seed=1).log_weight for g in halves)
    again = found.generator.sample(4096, seed=1).log_weight
    np.testing.assert_allclose(again, own, rtol=1e-12)  # threads add up in any order
    change = estimators.log_z(finer).value - estimators.log_z(own).value
    assert found.log_z == pytest.approx(change, abs=1e-12)
    assert found.spread == pytest.approx(np.std(finer - own))
    assert (
        abs(found.log_z) < 1e-3 <= abs(estimators.log_z(own).value - estimators.log_z(before).value)
    )
    # Either of the two limits holds it back, and the largest factor says that it has.
    strict = halving.refined(seed=1, log_z=1.0, spread=0.5 * found.spread)
    assert strict.converged
    assert strict.factor > found.factor
    cut = halving.refined(seed=1, most=3)
    assert (cut.factor, cut.converged) == (2, False)
    assert abs(cut.log_z) > 1e-3


def test_follows_the_weights_and_compiles_once():
    generator = made()
    halving = sampling.StepHalving(generator)
    first = halving.refined(seed=1, log_z=1e-2)
    laws.perturb(generator.bijector, 0.02, seed=3)
    second = halving.refined(seed=1, log_z=1e-2)
    assert second.generator is first.generator is not generator
    x = np.ones([1, 4])
    wanted = generator.bijector.refined(second.factor).forward(x)
    np.testing.assert_allclose(second.generator.bijector.forward(x), wanted, rtol=1e-12)


def test_conditions_temperatures_and_priors():
    """Each has log Z of its own, within six errors."""
    flow = perturbed(condition_size=1, condition_range=(0.5, 1.5), degree=1)
    prior = Mixture([[-0.5] * 4, [0.5] * 4])
    halving = sampling.StepHalving(made(Normal(conditional=True), flow, prior))
    for width, tau in ((0.7, 1.0), (1.3, 2.0)):
        found = halving.refined(tau, condition=[width], seed=1)
        assert found.generator.prior is prior
        assert not found.generator.jit_compile
        samples = log_weight(found.generator, temperature=tau, condition=[width])
        value, error = estimators.log_z(samples)
        assert abs(value - KNOWN - 4 * np.log(width * tau**0.5)) < 6 * error


def test_what_has_no_weight_is_no_change_and_what_loses_it_is_one():
    flow = perturbed()
    coarse, fine = (made(bijector=f).sample(64, seed=1).x[:, 0] for f in (flow, flow.refined(2)))
    halfway = (coarse + fine) / 2
    crossed = [int(np.sum((coarse < edge) != (fine < edge))) for edge in halfway]
    order = np.sort(np.concatenate([coarse, fine]))
    gap = np.argmax(np.diff(order[:16]))  # in the tail, between two samples and not within one
    apart = order[gap : gap + 2].mean()
    assert max(crossed) > 0
    assert np.sum(coarse < apart) == np.sum(fine < apart) > 0
    for edge, converged in ((halfway[np.argmax(crossed)], False), (apart, True)):
        halving = sampling.StepHalving(made(Normal(forbidden=edge), flow))
        found = halving.refined(seed=1, n=64, log_z=10.0, spread=10.0, most=1)
        assert found.converged == converged == np.isfinite(found.spread)


def test_a_sequence_refines_its_parts_and_shares_the_others():
    scaling, flow = Scaling(4, dtype="float64"), perturbed()
    whole = Sequence([scaling, Sequence([flow])])
    finer = whole.refined(4)
    inner = finer.bijectors[1].bijectors[0]
    assert finer.bijectors[0] is scaling
    assert inner.get_config()["steps"] == 4 * flow.get_config()["steps"]
    laws.perturb(scaling, 0.1)
    found = sampling.StepHalving(made(bijector=whole)).refined(seed=1)
    value, error = estimators.log_z(log_weight(found.generator))
    assert found.factor > 1
    assert abs(value - KNOWN) < 6 * error
    closed = Sequence([scaling, Scaling(4, dtype="float64")])
    assert closed.refined(2) is closed
    assert scaling.refined(2) is scaling
    with pytest.raises(ValueError, match=r"generator must have a bijector that is .* got Sequence"):
        sampling.StepHalving(made(bijector=closed))
