"""Bad calls of stages, trainers, losses and schedules."""

from __future__ import annotations

import tempfile

import keras
import numpy as np
import tensorflow as tf

import boltzmann_tf as bg
from bad_input.parts import INF, NAN, ONES, WELL, first, generator
from boltzmann_tf import bijectors, losses, recipes
from boltzmann_tf.losses import ReactionCoordinate, WeightedLikelihood
from boltzmann_tf.training import Ensemble, EnsembleTrainer, Observer, Stage, Trainer
from boltzmann_tf.training.conditions import BoxStates, LogUniform, Uniform
from boltzmann_tf.training.explorer import Explorer
from boltzmann_tf.training.schedules import Cosine, Exponential, Linear, Schedule, values


class Named(losses.Loss):
    name = "named"
    sees = "data"

    def __call__(self, batch):
        return batch.log_det[0]


def named(name, **attributes):
    loss = Named()
    vars(loss).update(name=name, **attributes)
    return loss


def network():
    return bg.BoltzmannGenerator(WELL, bijectors.Scaling(2))


def trainer(**options):
    return Trainer(generator(), **options)


def fit(data=ONES, stages=None, **options):
    return trainer().fit(data, Stage(1) if stages is None else stages, verbose=0, **options)


def on_disk(array):
    with tempfile.TemporaryFile() as file:
        found = np.memmap(file, array.dtype, "w+", shape=array.shape)
    found[:] = array
    return found


def built_optimizer():
    optimizer = keras.optimizers.Adam()
    optimizer.build([keras.Variable(0.0)])
    return optimizer


def scheduled_optimizer():
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, 10))


ROWS = [
    (lambda: Stage(1, max_bad_steps=0), ValueError, r"max_bad_steps must be .*>= 1, got 0"),
    (lambda: fit(np.ma.masked_less(ONES, 2)), ValueError, r"data must not be masked"),
    (
        lambda: fit(np.concatenate([np.zeros((30, 2)), [[0.0, NAN]]])),
        ValueError,
        r"data must be finite, got 1 NaN or infinite of 62 values.*30",
    ),
    (
        lambda: trainer(optimizer=keras.optimizers.Lamb()),
        ValueError,
        r"optimizer must act on each parameter by itself, got Lamb",
    ),
    (
        lambda: trainer(optimizer=keras.optimizers.Adam(clipnorm=1.0)),
        ValueError,
        r"optimizer must have clipnorm=None",
    ),
    (lambda: losses.Likelihood()(None), TypeError, r"batch must be a Mapped, got None"),
    (lambda: losses.KullbackLeibler()(None), TypeError, r"batch must be a Generated, got None"),
    (lambda: losses.linlog("high", 1.0, 2.0), TypeError, r"energy must be of a floating .*string"),
    (
        lambda: losses.safe_energy(3, ONES, 1.0, 1.0, 2.0),
        TypeError,
        r"energy must be a function of x, got 3",
    ),
    (
        lambda: losses.cut_energy(None, ONES, 1.0, 1.0, 2.0),
        TypeError,
        r"energy must be a function of x, got None",
    ),
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
    (
        lambda: Stage(1, rc=1.0, rc_loss=ReactionCoordinate(first, 0, 1, weight=2.0)),
        ValueError,
        r"rc_loss must have no weight of its own beside rc=1\.0, got 2\.0",
    ),
    (lambda: Named(weight=-1.0), ValueError, r"weight must be a finite number >= 0, got -1\.0"),
    (lambda: Named(weight="much"), TypeError, r"weight must be a number >= 0, got 'much'"),
    (lambda: Stage(1, losses=Named()), TypeError, r"losses must be a sequence, got <bad_input"),
    (lambda: Stage(1, losses=[Named]), TypeError, r"losses\[0\] must be a Loss, got <class"),
    (lambda: Stage(1, losses=[]), ValueError, r"one of losses must have a positive weight"),
    (
        lambda: Stage(1, losses=[Named(weight=0.0)]),
        ValueError,
        r"one of losses must have a positive weight, got 0 for all",
    ),
    (
        lambda: Stage(1, losses=[Named(weight=lambda f: f - 2)]),
        ValueError,
        r"losses\[0\]\.weight must give finite values >= 0",
    ),
    (
        lambda: Stage(1, ml=1.0, kl=0.5, losses=[Named()]),
        ValueError,
        r"losses must be given without what is short .*, got losses and ml, kl$",
    ),
    (
        lambda: Stage(1, weighted_ml=False, losses=[Named()]),
        ValueError,
        r"losses must be given without what is short .*, got losses and weighted_ml$",
    ),
    (
        lambda: Stage(1, losses=[losses.KullbackLeibler(), Named(), Named()]),
        ValueError,
        r"losses must have a name each, got 'named' for losses\[1\] and losses\[2\]",
    ),
    (
        lambda: Stage(1, losses=[named("two words")]),
        ValueError,
        r"losses\[0\] must have an identifier as its name, got 'two words' of Named",
    ),
    (
        lambda: Stage(1, losses=[named(None)]),
        ValueError,
        r"losses\[0\] must have an identifier as its name, got None of Named",
    ),
    *(
        (
            lambda name=name: Stage(1, losses=[named(name)]),
            ValueError,
            rf"losses\[0\] must have a name that stands for nothing else .*got '{name}' of Named",
        )
        for name in ("loss", "kl", "ess", "skipped", "energy_high", "acceptance", "val_ml", "epoch")
    ),
    (
        lambda: Stage(1, losses=[named("fine", sees="both")]),
        ValueError,
        r"losses\[0\]\.sees must be one of .*'both'",
    ),
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
    (lambda: fit(None), ValueError, r"data must be given where a stage has ml > 0, .*got None"),
    (lambda: fit(np.ones((3, 5))), ValueError, r"data must have shape \[n, 2\], got \(3, 5\)"),
    (lambda: fit(np.ones(3)), ValueError, r"data must have 2 dimension.*got shape \(3,\)"),
    (lambda: fit(ONES * NAN), ValueError, r"data must be finite, got 6 NaN or infinite of 6"),
    (lambda: fit(ONES * 1e300), ValueError, r"data must be finite, got 6"),
    (lambda: fit("data"), TypeError, r"data must be an array of numbers, got str"),
    (lambda: fit(window=0), ValueError, r"window must be an integer >= 1, got 0"),
    (lambda: fit(window=2.0), TypeError, r"window must be an integer >= 1, got 2\.0"),
    (lambda: fit(lambda x: x), TypeError, r"data must be a function without arguments, got"),
    (lambda: fit(lambda: 5), TypeError, r"data must return an iterator of chunks, got int"),
    (
        lambda: fit(tf.data.Dataset.from_tensor_slices(np.ones((4, 5)))),
        ValueError,
        r"data must have chunks of shape \[k, 2\], got \(4, 5\) in chunk 0",
    ),
    (lambda: fit(iter([ONES])), ValueError, r"data must not run dry, got an iterator that ended"),
    (lambda: fit(iter([])), ValueError, r"data must not be empty, got no rows in pass 0"),
    (lambda: fit(iter([ONES * NAN])), ValueError, r"data must be finite, got 3 row.*row 0$"),
    (lambda: fit(iter(["a"])), TypeError, r"data must be an array of numbers, got str"),
    (
        lambda: fit(lambda: [ONES], data_condition=ONES),
        ValueError,
        r"data_condition must be None where data is a stream, got one",
    ),
    (lambda: fit(on_disk(ONES[:, :1])), ValueError, r"data must have shape \[n, 2\], got \(3, 1\)"),
    (lambda: fit(on_disk(1j * ONES)), TypeError, r"data must be an array of numbers, got memmap"),
    (lambda: fit(validation_data=ONES[:, :1]), ValueError, r"validation_data must have shape"),
    (lambda: fit(validation_data=ONES * NAN), ValueError, r"validation_data must be finite"),
    (
        lambda: fit(validation_data=iter([ONES])),
        ValueError,
        r"validation_data must be such that each evaluation can walk through it",
    ),
    (lambda: fit(validation_split=1.0), ValueError, r"validation_split must be in \[0, 1\), got 1"),
    (lambda: fit(validation_split="a"), TypeError, r"validation_split must be a finite .*'a'"),
    (lambda: fit(validation_split=0.9), ValueError, r"validation_split must leave rows on both"),
    (
        lambda: fit(lambda: [ONES], validation_split=0.5),
        ValueError,
        r"validation_split must be 0 where data is a stream, got 0\.5",
    ),
    (
        lambda: fit(validation_split=0.5, validation_data=ONES),
        ValueError,
        r"validation_split must be 0 or be of data alone, got validation_data too",
    ),
    (
        lambda: fit(validation_every=5),
        ValueError,
        r"validation_every must be None without validation_data and validation_split, got 5",
    ),
    (
        lambda: fit(validation_every=0, validation_data=ONES),
        ValueError,
        r"validation_every must be an integer >= 1, got 0",
    ),
    (lambda: fit(callbacks=Cosine(1.0)), TypeError, r"callbacks must be a sequence, got"),
    (lambda: fit(callbacks=[print]), TypeError, r"callbacks\[0\] must be a Callback, got"),
    (lambda: fit(checkpoint=5), TypeError, r"checkpoint must be a str or PathLike, got 5"),
    (lambda: fit(checkpoint_every=0), ValueError, r"checkpoint_every must be .*got 0"),
    (
        lambda: trainer().fit(ONES, Stage(1), verbose=3),
        ValueError,
        r"verbose must be one of \[0, 1\], got 3",
    ),
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
    (
        lambda: Explorer("generator", ONES),
        TypeError,
        r"generator must be a BoltzmannGenerator, got 'generator' of type str",
    ),
    (
        lambda: Explorer(network(), ONES[:, :1]),
        ValueError,
        r"initial must have shape \[n, 2\], got \(3, 1\)",
    ),
    (
        lambda: Explorer(network(), ONES, capacity=0),
        ValueError,
        r"capacity must be an integer >= 1, got 0",
    ),
    (
        lambda: Explorer(network(), ONES, step_size=0.0),
        ValueError,
        r"step_size must be a positive finite number, got 0\.0",
    ),
    (
        lambda: Explorer(network(), ONES, temperature=-1.0),
        ValueError,
        r"temperature must be a positive finite number, got -1\.0",
    ),
    (
        lambda: Explorer(network(), ONES * NAN),
        ValueError,
        r"initial must be finite, got 6 NaN or infinite of 6 values",
    ),
    (
        lambda: Explorer(network(), ONES).run(5),
        TypeError,
        r"stage must be a Stage, got 5 of type int",
    ),
    (
        lambda: Explorer(network(), ONES).run(Stage(1, ml=0.0, kl=1.0)),
        ValueError,
        r"stage must train on the buffer, ml > 0, without a condition",
    ),
    (
        lambda: Uniform((0.0,), (0.0,)),
        ValueError,
        r"low and high must have as many.*got \(0\.0,\) and \(0\.0,\)",
    ),
    (
        lambda: Uniform((0.0, 1.0), (1.0,)),
        ValueError,
        r"low and high must have as many.*got \(0\.0, 1\.0\) and \(1\.0,\)",
    ),
    (lambda: Uniform("low", (1.0,)), TypeError, r"low must be a sequence, got 'low' of type str"),
    (lambda: Uniform((NAN,), (1.0,)), ValueError, r"low\[0\] must be a finite number, got nan"),
    (
        lambda: BoxStates((1.0,), (2.0,)),
        ValueError,
        r"low and high must be of n >= 0, of a share in 0 \.\. 1",
    ),
    (
        lambda: BoxStates((1.0, 0.1), (2.0, 1.0), volume=3.0, least=(0.0, 1.0)),
        ValueError,
        r"least must be of 0 \.\. 2 particles and below volume, 3\.0",
    ),
    (
        lambda: LogUniform((0.0,), (1.0,)),
        ValueError,
        r"low must be positive in each component, got \(0\.0,\)",
    ),
    (
        lambda: LogUniform((2.0,), (1.0,)),
        ValueError,
        r"low and high must have as many.*got \(2\.0,\) and \(1\.0,\)",
    ),
    (lambda: Schedule(-1.0, 0.0), ValueError, r"start must be a finite number >= 0, got -1\.0"),
    (lambda: Schedule(0.0, NAN), ValueError, r"end must be a finite number >= 0, got nan"),
    (lambda: Exponential(1.0, 0.0), ValueError, r"end must be a positive finite number, got 0\.0"),
    (lambda: values("w", -1.0, 3), ValueError, r"w must be a finite number >= 0, got -1\.0"),
    (
        lambda: bg.losses.WeightedLikelihood()(bg.losses.Mapped(ONES, ONES, ONES[:, 0])),
        ValueError,
        r"energy must be given to the weighted likelihood, got None",
    ),
    (lambda: recipes.Resample(0), ValueError, r"n must be an integer >= 2, got 0"),
    (
        lambda: recipes.Resample(8, temperatures=2.0),
        TypeError,
        r"temperatures must be a sequence, got 2\.0",
    ),
    (
        lambda: recipes.Resample(8, temperatures=(1.0, -1.0)),
        ValueError,
        r"temperatures\[1\] must be a positive finite number, got -1\.0",
    ),
    (
        lambda: recipes.annealed(length=0.0),
        ValueError,
        r"length must be a positive finite number, got 0\.0",
    ),
    (
        lambda: recipes.annealed(resampled=100),
        TypeError,
        r"resampled must be a Resample, got 100",
    ),
    (lambda: recipes.spread(3), TypeError, r"rc_loss must be a ReactionCoordinate, got 3"),
    (
        lambda: recipes.follow(generator(), [Stage(1)], ONES),
        TypeError,
        r"trainer must be a Trainer, got",
    ),
    (
        lambda: recipes.follow(trainer(), Stage(1), ONES),
        TypeError,
        r"recipe must be a sequence, got Stage",
    ),
    (
        lambda: recipes.follow(trainer(), [Stage(1), 100], ONES),
        TypeError,
        r"recipe\[1\] must be a Stage or Resample, got 100",
    ),
    (
        lambda: recipes.follow(trainer(), [recipes.Resample(8)], ONES),
        ValueError,
        r"recipe must hold at least one Stage, got none",
    ),
    (
        lambda: recipes.follow(trainer(), [Stage(1)], NAN * ONES),
        ValueError,
        r"data must be finite, got 6 NaN",
    ),
    (
        lambda: Observer(3, every=1),
        TypeError,
        r"look must be a function of generator and step, got 3",
    ),
    (lambda: Observer(print, every=0), ValueError, r"every must be .*0"),
    (lambda: Observer(print, every=1, after=-1), ValueError, r"after must be .*-1"),
    (lambda: EnsembleTrainer(3), TypeError, r"system must be a System, got 3"),
    (
        lambda: EnsembleTrainer(WELL).train(3, [Stage(1)], ONES),
        TypeError,
        r"build must be a function of seed and data, got 3",
    ),
    (
        lambda: EnsembleTrainer(WELL).train(first, [Stage(1)], ONES, seeds=[]),
        ValueError,
        r"seeds must hold at least one seed, got none",
    ),
    (
        lambda: EnsembleTrainer(WELL).train(first, [Stage(1)], ONES, seeds=[-1]),
        ValueError,
        r"seeds\[0\] must be .*-1",
    ),
    (
        lambda: EnsembleTrainer(WELL).train(lambda seed, data: 3, [Stage(1)], ONES, seeds=[0]),
        TypeError,
        r"what build returns must be a Bijector, got 3",
    ),
    (
        lambda: EnsembleTrainer(WELL).train(
            lambda seed, data: bg.realnvp(2),
            [Stage(1)],
            ONES,
            seeds=[0],
            start=Ensemble("none", network(), []),
        ),
        ValueError,
        r"start must have a member for each of 1 seeds, got 0",
    ),
]
