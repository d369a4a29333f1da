"""Bad calls of the generator."""

from __future__ import annotations

import os

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

import boltzmann_tf as bg
from bad_input.parts import NAN, ONES, WELL, generator
from boltzmann_tf import bijectors, systems


def generator_with(prior):
    return bg.BoltzmannGenerator(systems.DoubleWell(), bijectors.Scaling(2), prior=prior)


def conditional():
    bijector = bijectors.AffineCoupling(2, hidden=(2,), condition_size=1)
    return bg.BoltzmannGenerator(systems.DoubleWell(), bijector)


def normal(size, dtype="float32"):
    return tfp.distributions.MultivariateNormalDiag(tf.zeros(size, dtype), tf.ones(size, dtype))


ROWS = [
    (
        lambda: bg.BoltzmannGenerator("double_well", bijectors.Scaling(2)),
        TypeError,
        r"system must be a System, got 'double_well'",
    ),
    (
        lambda: bg.BoltzmannGenerator(WELL, tfp.bijectors.Exp()),
        TypeError,
        r"bijector must be a Bijector, got .*Exp",
    ),
    (
        lambda: bg.BoltzmannGenerator(WELL, bijectors.Scaling(3)),
        ValueError,
        r"bijector must have the event_size of DoubleWell, 2, got 3",
    ),
    (lambda: generator_with(3), TypeError, r"prior must be a Prior or Distribution, got 3"),
    (lambda: generator_with(normal(3)), ValueError, r"prior must have event shape \[2\].*3"),
    (
        lambda: generator_with(normal(2, "float64")),
        TypeError,
        r"prior must have dtype float32 as the bijector, got float64",
    ),
    (lambda: generator().sample(0), ValueError, r"n must be an integer >= 1, got 0"),
    (lambda: generator().sample(1e3), TypeError, r"n must be an integer >= 1, got 1000\.0"),
    (lambda: generator().sample(9, 0.0), ValueError, r"temperature must be .*got 0\.0"),
    (lambda: generator().sample(9, -1.0), ValueError, r"temperature must be .*got -1\.0"),
    (lambda: generator().sample(9, NAN), ValueError, r"temperature must be .*got nan"),
    (lambda: generator().sample(9, "1"), TypeError, r"temperature must be .*got '1'"),
    (
        lambda: generator().sample(3, [1.0, 2.0]),
        ValueError,
        r"temperature must be a positive number or 3 of them, got shape \(2,\)",
    ),
    (
        lambda: generator().sample(2, [1.0, -2.0]),
        ValueError,
        r"temperature must be a positive number or 2 of them, .*least -2\.0",
    ),
    (
        lambda: generator().as_distribution([1.0, 2.0]),
        TypeError,
        r"temperature must be a positive number, got \[1\.0, 2\.0\] of type list",
    ),
    (
        lambda: conditional().sample(3, condition=[[1.0], [2.0]]),
        ValueError,
        r"condition must have shape \[1\] .* or \[3, 1\] for one a sample, got \(2, 1\)",
    ),
    (
        lambda: conditional().log_weight(np.zeros((3, 2)), condition=[[1.0], [2.0]]),
        ValueError,
        r"condition must have shape \[1\] .* or \[3, 1\] for one a sample, got \(2, 1\)",
    ),
    (
        lambda: conditional().sample(3, condition=[2**24 + 1]),
        ValueError,
        r"condition must hold whole numbers of at most 16777216, .* got 16777217",
    ),
    (
        lambda: conditional().log_prob(np.zeros((1, 2)), condition=[-(10**30)]),
        ValueError,
        r"condition must hold whole numbers of at most 16777216, .* got -1000",
    ),
    (lambda: generator().sample(9, seed=-1), ValueError, r"seed must be .*>= 0, got -1"),
    (
        lambda: generator().sample(9, seed=2**31),
        ValueError,
        r"seed must be an integer in 0 \.\. 2\*\*31 - 1, got 2147483648",
    ),
    (lambda: generator().sample(9, batch_size=0), ValueError, r"batch_size must be .*got 0"),
    (
        lambda: generator().log_prob(np.zeros((4, 3))),
        ValueError,
        r"x must have shape \[n, 2\], got \(4, 3\)",
    ),
    (lambda: generator().log_prob([0.0, 0.0]), ValueError, r"x must have 2 dimension.*\(2,\)"),
    (lambda: generator().log_prob([[NAN, 0.0]]), ValueError, r"x must be finite, got 1 NaN"),
    (lambda: generator().log_prob(np.zeros((0, 2))), ValueError, r"x must not be empty"),
    (
        lambda: generator().log_prob(iter([ONES, np.zeros((4, 3))])),
        ValueError,
        r"x must have chunks of shape \[k, 2\], got \(4, 3\) in chunk 1",
    ),
    (
        lambda: generator().log_weight(iter([ONES, ONES * NAN])),
        ValueError,
        r"x must be finite, got 3 row.*of the 3 of chunk 1, the first is row 3",
    ),
    (lambda: generator().log_weight(iter([])), ValueError, r"x must not be empty, got no rows"),
    (
        lambda: generator().log_weight(iter([(ONES, ONES)])),
        ValueError,
        r"x must have elements x for this generator, got a pair in chunk 0",
    ),
    (lambda: generator().log_weight([["1", "2"]]), TypeError, r"x must be an array of numbers"),
    (lambda: generator().log_weight(1j * ONES), TypeError, r"x must be an array of numbers"),
    (
        lambda: generator().to_latent(np.zeros((3, 4))),
        ValueError,
        r"x must have shape \[n, 2\], got \(3, 4\)",
    ),
    (lambda: generator().as_distribution(-1.0), ValueError, r"temperature must be .*got -1\.0"),
    (
        lambda: bg.BoltzmannGenerator.load(os.devnull),
        ValueError,
        r"path must be a folder that holds generator\.json, got '/dev/null'",
    ),
    (
        lambda: generator_with(None).sample(3).kl_terms(None),
        TypeError,
        r"prior must be a Prior, got None",
    ),
    (
        lambda: generator_with(None).sample(3).kl_terms(bg.priors.Normal(3)),
        ValueError,
        r"z must have a last dimension of 3, got shape \(3, 2\)",
    ),
    (
        lambda: generator_with(None).sample(3).kl_terms(bg.priors.Normal(2), 0.0),
        ValueError,
        r"temperature must be a positive finite number, got 0\.0",
    ),
]
