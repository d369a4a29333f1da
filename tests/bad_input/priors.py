"""Bad calls of priors."""

from __future__ import annotations

import tensorflow as tf
import tensorflow_probability as tfp

import boltzmann_tf as bg
from bad_input.parts import NAN, WELL
from boltzmann_tf import bijectors, priors

tfd = tfp.distributions


class Slipped(priors.Normal):
    """One temperature for all."""

    def sample(self, n, temperature, seed, condition=None, dtype=tf.float32):
        return tf.random.stateless_normal([n, 2], seed, dtype=dtype) * tf.sqrt(temperature)


class Summed(priors.Normal):
    def log_prob(self, z, temperature, condition=None):
        return tf.reduce_sum(super().log_prob(z, temperature))


class Conditional(priors.Normal):
    condition_size = 2


class Sized(priors.Normal):
    condition_size = 2
    event_size = None

    def __init__(self):
        pass


def generator(prior):
    return bg.BoltzmannGenerator(WELL, bijectors.Scaling(2), prior)


ROWS = [
    (lambda: priors.Normal(0), ValueError, r"event_size must be an integer >= 1, got 0"),
    (lambda: priors.Normal(2.0), TypeError, r"event_size must be an integer >= 1, got 2\.0"),
    (lambda: priors.MeanFreeNormal(1, 3), ValueError, r"particles must be .* >= 2, got 1"),
    (lambda: priors.MeanFreeNormal(2, 0), ValueError, r"dimension must be .* >= 1, got 0"),
    (
        lambda: priors.MeanFreeNormal(3, 2).positions([[1.0, 2.0, 3.0]]),
        ValueError,
        r"z must have shape \[\.\.\., 4\], got \(1, 3\)",
    ),
    (
        lambda: priors.MeanFreeNormal(3, 2).coordinates([[1.0, 2.0]]),
        ValueError,
        r"positions must have shape \[\.\.\., 3, 2\], got \(1, 2\)",
    ),
    (lambda: priors.UniformBox([0.0], [0.0]), ValueError, r"low below high in each"),
    (lambda: priors.UniformBox([0.0], [1.0, 2.0]), ValueError, r"must have as many components"),
    (lambda: priors.UniformBox(0.0, 1.0), ValueError, r"low must have 1 dimension"),
    (lambda: priors.UniformBox([NAN], [1.0]), ValueError, r"low must be finite"),
    (
        lambda: priors.Circles(2, -1.0),
        ValueError,
        r"concentration must be in .*got -1\.0",
    ),
    (
        lambda: priors.Circles(2, [1.0, 2.0, 3.0]),
        ValueError,
        r"concentration must be a number or have shape \[2\], got \(3,\)",
    ),
    (lambda: priors.Circles(2, 1e300), ValueError, r"concentration must be in .*got 1e\+300"),
    (lambda: priors.Circles(2, mean=[[0.0]]), ValueError, r"mean must be a number.*\(1, 1\)"),
    (lambda: priors.Mixture([0.0, 1.0]), ValueError, r"centres must have 2 dimension"),
    (lambda: priors.Mixture([[0.0]], 0.0), ValueError, r"scales must be > 0.*got 0\.0"),
    (lambda: priors.Mixture([[0.0]], [1.0, 2.0]), ValueError, r"scales must be > 0, a number"),
    (
        lambda: priors.Mixture([[0.0], [1.0]], weights=[1.0, 0.0]),
        ValueError,
        r"weights must be > 0, one for each of the 2 centres",
    ),
    (lambda: priors.DistributionPrior(1), TypeError, r"distribution must be a Distribution"),
    (
        lambda: priors.DistributionPrior(tfd.Normal(0.0, 1.0)),
        ValueError,
        r"distribution must have event shape \[D\] and no batch shape",
    ),
    (
        lambda: priors.to_document(priors.DistributionPrior(tfd.Dirichlet([1.0, 2.0]))),
        TypeError,
        r"prior must be the standard normal, another .* to be saved, got Dirichlet",
    ),
    (lambda: priors.from_document(3), ValueError, r"document must be an object .*got 3"),
    (
        lambda: priors.from_document({"name": "os.system", "config": {}}),
        ValueError,
        r"unknown prior: 'os\.system'",
    ),
    (
        lambda: priors.from_document({"name": None, "class": "Mine", "config": {}}),
        ValueError,
        r"prior must be given: this generator's, 'Mine'",
    ),
    (
        lambda: priors.from_document(priors.to_document(priors.Normal(2)), priors.Normal(3)),
        ValueError,
        r"prior must be the one that was saved, .*event_size is 2 there and 3 here",
    ),
    (
        lambda: priors.from_document(priors.to_document(priors.Normal(2)), priors.Circles),
        ValueError,
        r"prior must be a Normal as saved, got Circles",
    ),
    (lambda: priors.is_standard(None), TypeError, r"prior must be a Prior, got None"),
    (
        lambda: priors.of_generator(1, event_size=2, condition_size=0, dtype=tf.float32),
        TypeError,
        r"prior must be a Prior or Distribution, got 1",
    ),
    (
        lambda: generator(priors.Normal(3)),
        ValueError,
        r"prior must have the event_size of the system, 2, got 3",
    ),
    (
        lambda: generator(Conditional(2)),
        ValueError,
        r"prior must have condition_size 0 or that of the bijector, 0, got 2",
    ),
    (
        lambda: generator(Slipped(2)),
        ValueError,
        r"Slipped\.sample must take its arguments in float32 with one temperature a sample",
    ),
    (
        lambda: generator(Summed(2)),
        ValueError,
        r"Summed\.log_prob must return float32 of shape \[3\] for n=3, got",
    ),
    (lambda: generator(Sized()), ValueError, r"prior must have the event_size .*got None"),
    (lambda: priors.log_density(3, [[0.0]]), TypeError, r"prior must be a Prior, got 3"),
    (
        lambda: priors.log_density(priors.Normal(2), [0.0, 0.0]),
        ValueError,
        r"z must have 2 dimension",
    ),
    (
        lambda: priors.log_density(priors.Normal(2), [[0.0, 0.0]], -1.0),
        ValueError,
        r"temperature must be a positive finite number, got -1\.0",
    ),
    (
        lambda: priors.log_density(priors.Normal(2), [[0.0, 0.0]], condition=[1.0]),
        ValueError,
        r"condition must be None for this prior, got \[1\.0\]",
    ),
    (
        lambda: priors.log_density(Conditional(2), [[0.0, 0.0]]),
        ValueError,
        r"condition must have 2 component\(s\) for this prior, got None",
    ),
]
