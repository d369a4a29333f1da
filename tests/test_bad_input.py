"""One table of bad calls of the public interface.

Each message names the argument, what it must be and what it was; each error comes before any
computation. A new function of the interface gets its rows here.
"""

from __future__ import annotations

import functools
import os
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from typer.testing import CliRunner

import boltzmann_tf as bg
from boltzmann_tf import bijectors, estimators, exact, sampling, systems
from boltzmann_tf.losses import ReactionCoordinate, WeightedLikelihood
from boltzmann_tf.schedules import Cosine, Exponential, Linear, Schedule, values
from boltzmann_tf.training import Stage, Trainer

NAN, INF = float("nan"), float("inf")
ONES = np.ones((3, 2))


def first(x):
    return x[..., 0]


class Scalar(bg.System):
    """Its energy forgets the batch."""

    event_shape = (2,)

    def energy(self, x):
        return tf.reduce_sum(x)


class NoShape(bg.System):
    def energy(self, x):
        return x


class Cubic(bijectors.Bijector):
    """Defines neither direction."""


@functools.cache
def generator():
    return bg.BoltzmannGenerator(systems.DoubleWell(), bijectors.Scaling(2))


def trainer(**options):
    return Trainer(generator(), **options)


def fit(data=ONES, stages=None, **options):
    return trainer().fit(data, Stage(1) if stages is None else stages, verbose=0, **options)


def generator_with(prior):
    return bg.BoltzmannGenerator(systems.DoubleWell(), bijectors.Scaling(2), prior=prior)


def normal(size, dtype="float32"):
    return tfp.distributions.MultivariateNormalDiag(tf.zeros(size, dtype), tf.ones(size, dtype))


def bad_domain():
    type("Bad", (bg.System,), {"domain": "sphere", "energy": first})


def built_optimizer():
    optimizer = keras.optimizers.Adam()
    optimizer.build([keras.Variable(0.0)])
    return optimizer


def scheduled_optimizer():
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, 10))


WELL = systems.DoubleWell()
LINE = np.linspace(-1, 1, 10)
CHAIN = functools.partial(sampling.metropolis, WELL, n_steps=10)

# (what, call, exception, pattern of the message)
TABLE = {
    "bijectors": [
        (lambda: bg.realnvp(2.5), TypeError, r"event_size must be an integer >= 1, got 2\.5"),
        (
            lambda: bg.realnvp(event_size=True),
            TypeError,
            r"event_size must be an integer >= 1, got True",
        ),
        (lambda: bg.realnvp(0), ValueError, r"event_size must be an integer >= 1, got 0"),
        (lambda: bg.realnvp(1), ValueError, r"event_size must be at least 2 .*got 1"),
        (lambda: bg.realnvp(2, blocks=0), ValueError, r"blocks must be an integer >= 1, got 0"),
        (lambda: bg.realnvp(2, hidden=100), TypeError, r"hidden must be a sequence .*got 100"),
        (lambda: bg.realnvp(2, hidden=(8, 0)), ValueError, r"hidden\[1\] must be .*>= 1, got 0"),
        (lambda: bg.realnvp(2, coupling="cubic"), ValueError, r"coupling must be one of .*'cubic'"),
        (lambda: bg.realnvp(2, dtype="float16"), ValueError, r"dtype must be one of .*'float16'"),
        (lambda: bg.realnvp(2, seed=-1), ValueError, r"seed must be an integer >= 0, got -1"),
        (lambda: bg.realnvp(2, first=3), TypeError, r"first must be a sequence, got 3"),
        (lambda: bg.realnvp(2, last=[3]), TypeError, r"bijectors\[4\] must be a bijector, got int"),
        (
            lambda: bg.realnvp(2, condition_size=-1),
            ValueError,
            r"condition_size must be an integer >= 0, got -1",
        ),
        (
            lambda: bg.realnvp(2, shift_activation="nope"),
            ValueError,
            r"shift_activation must be the name of a Keras activation, got 'nope'",
        ),
        (lambda: bg.realnvp(2, scale_bounds=1), TypeError, r"unexpected .*'scale_bounds'"),
        (
            lambda: bijectors.AffineCoupling(2, scale_bound=0),
            ValueError,
            r"scale_bound must be a positive finite number, got 0",
        ),
        (
            lambda: bijectors.AffineCoupling(2, transformed="left"),
            ValueError,
            r"transformed must be 'even', 'odd' or 2 booleans, got 'left'",
        ),
        (
            lambda: bijectors.AffineCoupling(3, transformed=[True, False]),
            ValueError,
            r"transformed must be 'even', 'odd' or 3 booleans, got \[True, False\]",
        ),
        (
            lambda: bijectors.AffineCoupling(2, transformed=[True, True]),
            ValueError,
            r"transformed must leave some .*got \[True, True\]",
        ),
        (lambda: bijectors.SplineCoupling(2, bins=1), ValueError, r"bins must be .*>= 2, got 1"),
        (lambda: bijectors.SplineCoupling(2, bins=500), ValueError, r"bins must be less.*got 500"),
        (lambda: bijectors.SplineCoupling(2, bound=-1), ValueError, r"bound must be .*got -1"),
        (lambda: bijectors.Box([0.0], [0.0]), ValueError, r"lower must be below upper .*\[0\.0\]"),
        (lambda: bijectors.Box([NAN], [0.0]), ValueError, r"lower must be below upper .*nan"),
        (lambda: bijectors.Box([0.0], [INF]), ValueError, r"finite together, got \[0\.0\]"),
        (lambda: bijectors.Box(["a"], [0.0]), TypeError, r"lower and upper must be .*\['a'\]"),
        (lambda: bijectors.Box([0, 0], [1]), ValueError, r"of one length, got .*\(2,\) and \(1,\)"),
        (lambda: bijectors.Whitening.from_data(np.zeros(3)), ValueError, r"data must have 2 dim"),
        (
            lambda: bijectors.Whitening(2).fit(np.zeros((5, 3))),
            ValueError,
            r"data must have a last dimension of 2, got shape \(5, 3\)",
        ),
        (
            lambda: bijectors.Whitening(2).fit(np.zeros((5, 2))),
            ValueError,
            r"data must span all 2 directions",
        ),
        (lambda: bijectors.Whitening(2).fit(ONES[:2]), ValueError, r"data must hold more than 2"),
        (lambda: bijectors.Whitening(2).fit([[NAN, 0]]), ValueError, r"data must be finite, got 1"),
        (lambda: bijectors.Sequence(3), TypeError, r"bijectors must be a sequence, got 3"),
        (lambda: bijectors.Sequence([]), ValueError, r"bijectors must hold at least one"),
        (
            lambda: bijectors.Sequence([bijectors.Scaling(2), bijectors.Scaling(3)]),
            ValueError,
            r"bijectors must agree in their event_size, got \[2, 3\]",
        ),
        (lambda: bijectors.serialize(3), TypeError, r"bijector must be a .*got int"),
        (lambda: bijectors.deserialize([]), ValueError, r"document must be an object .*got '\[\]'"),
        (
            lambda: bijectors.Scaling(2).forward_and_log_det(np.zeros((3, 3))),
            ValueError,
            r"z must have shape \[\.\.\., 2\] for this Scaling, got \(3, 3\)",
        ),
        (
            lambda: bijectors.Scaling(2).inverse_and_log_det(1.0),
            ValueError,
            r"x must have shape \[\.\.\., 2\] for this Scaling, got \(\)",
        ),
        (
            lambda: bijectors.Scaling(2).inverse_and_log_det(tf.zeros([3, 2], tf.float64)),
            TypeError,
            r"x must have dtype float32 as this Scaling, got float64",
        ),
        (
            lambda: bijectors.Scaling(2).forward_and_log_det("abc"),
            TypeError,
            r"z must be an array of float32, got str",
        ),
        (
            lambda: bijectors.Scaling(2).forward_and_log_det(ONES, condition=[1.0]),
            ValueError,
            r"condition was given to Scaling, which takes none",
        ),
        (
            lambda: bg.realnvp(2, condition_size=2).forward_and_log_det(ONES),
            ValueError,
            r"condition must have shape \[\.\.\., 2\] .*got none",
        ),
        (
            lambda: bg.realnvp(2, condition_size=2).forward_and_log_det(ONES, condition=[[1.0]]),
            ValueError,
            r"condition must have shape \[\.\.\., 2\] .*got \(1, 1\)",
        ),
        (
            lambda: Cubic(2).forward_and_log_det(ONES),
            TypeError,
            r"Cubic must define forward_and_log_det\(z\)",
        ),
    ],
    "systems": [
        (lambda: systems.get("triple_well"), ValueError, r"system must be one of .*'triple_well'"),
        (lambda: systems.get("double_well", a9=1.0), TypeError, r"'a9'"),
        (lambda: systems.DoubleWell(a4=0), ValueError, r"a4 must be a positive .*got 0"),
        (lambda: systems.DoubleWell(a1=NAN), ValueError, r"a1 must be a finite number, got nan"),
        (lambda: systems.DoubleWell(a2="6"), TypeError, r"a2 must be a finite number, got '6'"),
        (lambda: systems.MuellerBrown(scale=-1), ValueError, r"scale must be a positive .*got -1"),
        (lambda: systems.SpringInBox(length=INF), ValueError, r"length must be .*got inf"),
        (
            lambda: systems.SpringInBox(wall_stiffness=True),
            TypeError,
            r"wall_stiffness must be a positive number, got True",
        ),
        (lambda: WELL.initial_state("up"), ValueError, r"initial state must be one of .*'up'"),
        (lambda: WELL.reaction_coordinate("q"), ValueError, r"coordinate must be one of .*'q'"),
        (bad_domain, ValueError, r"Bad\.domain must be one of .*'sphere'"),
        (
            lambda: bg.BoltzmannGenerator(Scalar(), bijectors.Scaling(2)),
            ValueError,
            r"Scalar\.energy\(x\) must return .*got \(\)",
        ),
        (
            lambda: bg.BoltzmannGenerator(NoShape(), bijectors.Scaling(2)),
            ValueError,
            r"NoShape\.event_shape must be a tuple of positive integers, got None",
        ),
    ],
    "generator": [
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
        (lambda: generator_with(3), TypeError, r"prior must be a Distribution, got 3"),
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
    ],
    "stage": [
        (lambda: Stage(0), ValueError, r"iterations must be an integer >= 1, got 0"),
        (lambda: Stage(1, batch_size=0), ValueError, r"batch_size must be .*got 0"),
        (lambda: Stage(1, 2.0), TypeError, r"batch_size must be an integer .*got 2\.0"),
        (lambda: Stage(1, learning_rate=-1.0), ValueError, r"learning_rate must be .*got -1\.0"),
        (lambda: Stage(1, learning_rate="fast"), TypeError, r"learning_rate must be .*'fast'"),
        (lambda: Stage(1, ml=NAN), ValueError, r"ml must be a finite number >= 0, got nan"),
        (lambda: Stage(1, kl=lambda f: -f - 1), ValueError, r"kl must give finite values >= 0"),
        (lambda: Stage(1, kl=lambda f: "a"), ValueError, r"kl must map fractions .*dtype <U1"),
        (lambda: Stage(1, ml=0.0), ValueError, r"one of ml, kl and rc must be positive, got 0"),
        (lambda: Stage(1, rc=1.0), ValueError, r"rc_loss must be given .*got None with rc=1\.0"),
        (lambda: Stage(1, rc=1.0, rc_loss=first), TypeError, r"rc_loss must be a ReactionCoord"),
        (lambda: Stage(1, temperatures=2.0), TypeError, r"temperatures must be a sequence, got 2"),
        (lambda: Stage(1, temperatures=()), ValueError, r"temperatures must hold 1 to .*got 0"),
        (lambda: Stage(1, 2, temperatures=(1, 2, 3)), ValueError, r"temperatures must .*got 3"),
        (
            lambda: Stage(1, temperatures=(1.0, -1.0)),
            ValueError,
            r"temperatures\[1\] must be a positive finite number, got -1\.0",
        ),
        (lambda: Stage(1, energy_high=-1.0), ValueError, r"energy_high must be .*got -1\.0"),
        (lambda: Stage(1, energy_max=0.0), ValueError, r"energy_max must be .*got 0\.0"),
        (lambda: Stage(1, weighted_ml="no"), TypeError, r"weighted_ml must be a bool, got 'no'"),
        (lambda: Stage(1, clip_norm=0.0), ValueError, r"clip_norm must be .*got 0\.0"),
    ],
    "trainer": [
        (lambda: Trainer(WELL), TypeError, r"generator must be a BoltzmannGenerator, got"),
        (
            lambda: trainer(optimizer="adam"),
            TypeError,
            r"optimizer must be a Optimizer, got 'adam'",
        ),
        (lambda: trainer(optimizer=built_optimizer()), ValueError, r"optimizer must be new, got"),
        (
            lambda: trainer(optimizer=scheduled_optimizer()),
            ValueError,
            r"optimizer must have a number as its learning rate, got a schedule",
        ),
        (lambda: trainer(seed=-1), ValueError, r"seed must be .*>= 0, got -1"),
        (lambda: trainer(seed=2**40), ValueError, r"seed must be .*got 1099511627776"),
        (lambda: trainer(steps_per_call=0), ValueError, r"steps_per_call must be .*got 0"),
        (
            lambda: bg.BoltzmannGenerator(WELL, bijectors.Scaling(2), jit_compile="xla"),
            ValueError,
            r"jit_compile must be True, False or .auto., got .xla.",
        ),
        (
            lambda: trainer(jit_compile="xla"),
            ValueError,
            r"jit_compile must be True, False or 'auto', got 'xla'",
        ),
        (
            lambda: Trainer(bg.BoltzmannGenerator(WELL, bijectors.Box([0, 0], [1, 1]))),
            ValueError,
            r"generator must have trainable variables, got",
        ),
        (
            lambda: Trainer(bg.BoltzmannGenerator(WELL, bg.realnvp(2, condition_size=1))).fit(
                stages=Stage(1, 8, ml=0.0, kl=1.0)
            ),
            ValueError,
            r"stages\[0\]\.condition must have 1 component\(s\) for this generator, got None",
        ),
        (lambda: fit(stages=[]), ValueError, r"stages must hold at least one Stage, got none"),
        (lambda: fit(stages=5), TypeError, r"stages must be a sequence, got 5"),
        (lambda: fit(stages=[5]), TypeError, r"stages\[0\] must be a Stage, got 5"),
        (lambda: fit(None), ValueError, r"data must be given where a stage has ml > 0, got None"),
        (lambda: fit(np.ones((3, 5))), ValueError, r"data must have shape \[n, 2\], got \(3, 5\)"),
        (lambda: fit(np.ones(3)), ValueError, r"data must have 2 dimension.*got shape \(3,\)"),
        (lambda: fit(ONES * NAN), ValueError, r"data must be finite, got 6 NaN or infinite of 6"),
        (lambda: fit(ONES * 1e300), ValueError, r"data must be finite, got 6"),
        (lambda: fit("data"), TypeError, r"data must be an array of numbers, got str"),
        (lambda: fit(callbacks=Cosine(1.0)), TypeError, r"callbacks must be a sequence, got"),
        (lambda: fit(callbacks=[print]), TypeError, r"callbacks\[0\] must be a Callback, got"),
        (lambda: fit(checkpoint=5), TypeError, r"checkpoint must be a str or PathLike, got 5"),
        (lambda: fit(checkpoint_every=0), ValueError, r"checkpoint_every must be .*got 0"),
        (
            lambda: trainer().fit(ONES, Stage(1), verbose=3),
            ValueError,
            r"verbose must be one of \[0, 1\], got 3",
        ),
    ],
    "losses and schedules": [
        (lambda: ReactionCoordinate(3, 0, 1), TypeError, r"coordinates must be one or two .*got 3"),
        (
            lambda: ReactionCoordinate([first] * 3, 0, 1),
            TypeError,
            r"coordinates must be one or two functions, got",
        ),
        (lambda: ReactionCoordinate(first, 1, 0), ValueError, r"lower must be below upper, got 1"),
        (lambda: ReactionCoordinate(first, -INF, 0), ValueError, r"lower must be finite, got 1"),
        (lambda: ReactionCoordinate(first, "a", 0), TypeError, r"lower must be .*got str"),
        (
            lambda: ReactionCoordinate(first, [0, 0], [1, 1]),
            ValueError,
            r"lower and upper must .*1",
        ),
        (lambda: ReactionCoordinate(first, 0, 1, bins=1), ValueError, r"bins must be .*got 1"),
        (lambda: ReactionCoordinate(first, 0, 1, form="log"), ValueError, r"form must be .*'log'"),
        (lambda: WeightedLikelihood()(None), ValueError, r"energy must be given .*got None"),
        (lambda: Linear(-1.0, 1.0), ValueError, r"start must be .*got -1\.0"),
        (lambda: Linear(1.0, "end"), TypeError, r"end must be .*got 'end'"),
        (lambda: Exponential(0.0, 1.0), ValueError, r"start must be .*got 0\.0"),
        (lambda: Cosine(1.0, warmup=1.0), ValueError, r"warmup must be in \[0, 1\), got 1\.0"),
        (lambda: Cosine(1.0, warmup="x"), TypeError, r"warmup must be .*got 'x'"),
        (lambda: values("w", Schedule(0, 1), 3), TypeError, r"Schedule must define __call__"),
    ],
    "sampling": [
        (
            lambda: sampling.metropolis("well", [0.0, 0.0], n_steps=10),
            TypeError,
            r"system must be a System, got 'well'",
        ),
        (lambda: CHAIN([0.0, 0.0, 0.0]), ValueError, r"initial must have shape \[chains, 2\], got"),
        (lambda: CHAIN([NAN, 0.0]), ValueError, r"initial must be finite, got 1 NaN"),
        (
            lambda: sampling.metropolis(systems.SpringInBox(), [-1.0, 0.0], n_steps=10),
            ValueError,
            r"initial must have finite energies, got",
        ),
        (lambda: CHAIN([0.0, 0.0], n_steps=0), ValueError, r"n_steps must be .*got 0"),
        (lambda: CHAIN([0.0, 0.0], stride=0), ValueError, r"stride must be .*got 0"),
        (lambda: CHAIN([0.0, 0.0], stride=20), ValueError, r"stride must be at most .*got 20"),
        (lambda: CHAIN([0.0, 0.0], step_size=-0.1), ValueError, r"step_size must be .*got -0\.1"),
        (lambda: CHAIN([0.0, 0.0], temperature=0), ValueError, r"temperature must be .*got 0"),
        (lambda: CHAIN([0.0, 0.0], burn_in=-1), ValueError, r"burn_in must be .*got -1"),
        (lambda: CHAIN([0.0, 0.0], seed=-1), ValueError, r"seed must be .*got -1"),
        (
            lambda: CHAIN([0.0, 0.0], target_acceptance=2.0),
            ValueError,
            r"target_acceptance must be in \(0, 1\), got 2\.0",
        ),
        (
            lambda: CHAIN([0.0, 0.0], target_acceptance=0.4),
            ValueError,
            r"burn_in must be at least 20 .*got 0",
        ),
        (
            lambda: sampling.interpolate(generator(), ONES, ONES[:2]),
            ValueError,
            r"start and end must hold as many configurations, got 3 and 2",
        ),
        (lambda: sampling.interpolate(WELL, ONES, ONES), TypeError, r"generator must be a Boltz"),
        (
            lambda: sampling.independence_chain(generator(), 0),
            ValueError,
            r"n_steps must be an integer >= 1, got 0",
        ),
    ],
    "estimators": [
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
    ],
    "exact": [
        (lambda: exact.DoubleWell(a4=-1.0), ValueError, r"a4 must be .*got -1\.0"),
        (lambda: exact.SpringInBox(length=0), ValueError, r"length must be .*got 0"),
        (lambda: exact.MuellerBrown(scale="big"), TypeError, r"scale must be .*got 'big'"),
        (lambda: exact.DoubleWell().log_z(0.0), ValueError, r"temperature must be .*got 0\.0"),
        (lambda: exact.DoubleWell().log_z(-1), ValueError, r"temperature must be .*got -1"),
        (lambda: exact.DoubleWell().sample(0), ValueError, r"n must be .*got 0"),
    ],
    "package": [
        (lambda: bg.Boltzmann, AttributeError, r"no attribute 'Boltzmann'"),
    ],
}
ROWS = [
    pytest.param(*row, id=f"{part}-{i}")
    for part, rows in TABLE.items()
    for i, row in enumerate(rows)
]


@pytest.mark.parametrize(("call", "exception", "pattern"), ROWS)
def test_bad_call_is_refused_by_name(call, exception, pattern):
    with pytest.raises(exception, match=pattern) as caught:
        call()
    assert type(caught.value) is exception
    assert "in user code" not in str(caught.value)  # before any tracing


def test_the_table_is_long_enough():
    assert len(ROWS) >= 45


COMMANDS = {
    "reproduce nothing": (["reproduce", "nothing"], r"name must be one of .*'nothing'"),
    "reproduce preset": (["reproduce", "--all", "--preset", "slow"], r"preset must be .*'slow'"),
    "reproduce seed": (["reproduce", "--all", "--seed", "-1"], r"seed must be .*-1"),
    "reproduce what": (["reproduce"], r"NAME or --all must be given"),
    "train system": (["train", "nothing", "--output", "x"], r"system must be one of .*'nothing'"),
    "sample folder": (["sample", "nothing", "--n", "5", "--output", "x.npz"], r"path must be a"),
    "evaluate folder": (["evaluate", "nothing", "--n", "5"], r"path must be a folder .*nothing"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_bad_command_gets_one_line_and_exit_code_2(name, tmp_path, monkeypatch):
    from boltzmann_tf.cli import app

    monkeypatch.chdir(tmp_path)
    arguments, pattern = COMMANDS[name]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.strip().splitlines()
    assert re.search(pattern, line), line
    assert list(tmp_path.iterdir()) == []
