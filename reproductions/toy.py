"""A spring in a box: the system whose map to a Gaussian is known in closed form.

H = k (x2 - x1)^2 for 0 <= x1 <= L, infinite otherwise; here k = 1, L = 4, T = 1. It was written
with z2 = sqrt(2k) |x2 - x1|, which is two-to-one: its image is half-normal and it has no inverse.
The invertible map is z1 = Phi^-1(x1 / L), z2 = sqrt(2k) (x2 - x1). It is the Knothe-Rosenblatt map
of the density, hence the unique optimum of a *triangular* flow (z1 from x1 alone, z2 increasing in
x2 given x1). A generic flow's optimum is unique only up to maps that preserve the Gaussian, so
only the triangular flow (c) can be compared with it point by point.
"""

from __future__ import annotations

import numpy as np

from boltzmann_tf import (
    BoltzmannGenerator,
    Stage,
    bijectors,
    estimators,
    realnvp,
    systems,
)
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.reproduction import Context, Metric, main_for, reproduction
from boltzmann_tf.reproductions.baseline import buys_table, gaussian
from boltzmann_tf.reproductions.ensembles import Trainers, Variant
from boltzmann_tf.reproductions.evaluation import median
from boltzmann_tf.reproductions.spring_in_box.failure import failing, show_failure, watch
from boltzmann_tf.reproductions.spring_in_box.figures import (
    four_panels,
    show_losses,
    show_marginals,
    show_transform,
)
from boltzmann_tf.training.schedules import Cosine, Linear

SYSTEM = systems.SpringInBox()
EXACT = SYSTEM.exact
L = SYSTEM.length
USUAL = 1000  # iterations of a usual training of (a)
SOURCE = "closed form, boltzmann_tf.exact.SpringInBox"


def generic(seed: int, data: np.ndarray) -> Bijector:
    """(a): RealNVP on the whole plane, scales bounded."""
    del data
    return realnvp(2, blocks=4, hidden=(32, 32), seed=seed)


def boxed(seed: int, data: np.ndarray) -> Bijector:
    """(b): RealNVP that ends in the box."""
    del data
    box = bijectors.Box([0.0, -np.inf], [L, np.inf])
    return realnvp(2, blocks=3, hidden=(48, 48), zero_shift=True, last=[box], seed=seed)


def triangular(seed: int, data: np.ndarray) -> Bijector:
    """(c): z1 from x1 alone by a spline, z2 increasing in x2 given x1 by one coupling."""
    del data
    return bijectors.Sequence(
        [
            bijectors.ElementwiseSpline(2, bins=16, bound=5.0),
            bijectors.Scaling(2),
            # tanh: the shift must level off where x1 nears a wall and its logit runs away.
            bijectors.AffineCoupling(
                2, transformed="odd", hidden=(32, 32), shift_activation="tanh", seed=seed
            ),
            bijectors.Box([0.0, -np.inf], [L, np.inf]),
        ]
    )


def data(seed: int) -> np.ndarray:
    """Independent draws from the exact density."""
    return EXACT.sample(20_000, 1.0, seed)


def recipe_generic(iterations: int) -> list[Stage]:
    """By example and by the energy with the regularised wall; the gradient is clipped."""
    return [Stage(iterations, 512, Cosine(2e-3), ml=1.0, kl=0.5, clip_norm=50.0)]


def recipe_boxed(iterations: int) -> list[Stage]:
    """By example at first, by energy in the end."""
    return [
        Stage(
            iterations,
            512,
            Cosine(4e-3, warmup=0.05),
            ml=Linear(1.0, 0.2),
            kl=Linear(0.2, 1.0),
            clip_norm=50.0,
        )  # fmt: skip
    ]


def recipe_triangular() -> list[Stage]:
    """By example and by energy: the tails of the spline are reached by few samples of either."""
    return [Stage(3000, 512, Cosine(8e-3, warmup=0.05), ml=0.5, kl=1.0, clip_norm=50.0)]


def nll_gap(generator: BoltzmannGenerator, seed: int, n: int = 50_000) -> float:
    """KL(p‖q) in nats: NLL of fresh exact samples minus the exact entropy."""
    x = EXACT.sample(n, 1.0, seed + 777)
    # The sample's own mean of log p takes the place of the entropy: most of the noise cancels.
    return float(np.mean(EXACT.log_density(x, 1.0) - generator.log_prob(x)))


@reproduction("toy", "Spring in a box: learned maps against the closed form")
def run(context: Context) -> None:
    """Trains (a), (b) and (c) and compares each with the closed form."""
    wide = 2.0 if context.quick else 1.0
    length = USUAL * (2 if context.quick else 10)
    trainers = Trainers(context, SYSTEM)
    a = trainers.train(
        Variant("(a) generic", generic, recipe_generic(length), 5), data, watch=watch
    )
    b = trainers.train(Variant("(b) ends in the box", boxed, recipe_boxed(1500), 20), data)
    c = trainers.train(Variant("(c) triangular", triangular, recipe_triangular(), 20), data)
    ensembles = [a, b, c]
    long = Variant("(b) trained for longer", boxed, recipe_boxed(length), 1)
    cured = {
        "(a) cured": a.members[0],
        "(b) ends in the box": trainers.train(long, data, watch=watch).members[0],
    }
    failed = failing(context, generic, data, length)
    show_failure(context, length, {**failed, **cured})
    stable = [] if context.quick else [
        trainers.train(
            Variant("(a) usual length", generic, recipe_generic(USUAL)), data, seeds=20
        )
    ]  # fmt: skip

    gaps = {e.name: [nll_gap(e.use(run), run.seed) for run in e.members] for e in ensembles}
    weights = [b.use(run).sample(100_000, seed=run.seed).log_weight for run in b.members]
    context.count_energy_evaluations(100_000 * len(weights))
    rms = []
    for run in c.members:
        x = EXACT.sample(20_000, 1.0, run.seed + 5)
        difference = c.use(run).to_latent(x)[0].numpy() - EXACT.to_latent(x, 1.0)[0]
        rms.append(float(np.sqrt(np.mean(difference**2))))

    context.section("Maps, losses and densities")
    generators = {e.name: e.use(e.members[0]) for e in ensembles}
    four_panels(context, generators)
    show_losses(context, ensembles)
    show_transform(context, generators["(c) triangular"])
    show_marginals(context, generators)
    buys_table(
        context,
        f"a Gaussian fitted to the data; exact log Z {EXACT.log_z(1.0):.4f}",
        [
            ({"proposal": name}, log_weight)
            for name, log_weight in (
                ("a Gaussian", gaussian(context, SYSTEM, data(context.seed), 100_000)),
                ("(b) ends in the box", weights[0]),
            )
        ],
    )
    b.use(b.members[0]).save(context.directory / "generator")
    context.artifact("generator", "the trained generator (b)")

    context.section("Numbers")
    said = {"source": SOURCE, "justification": "a target set before any run; quick: twice as wide"}
    context.add(
        Metric.at_most(
            "(b) KL(p‖q) (nats)", median(gaps["(b) ends in the box"]), 0.01 * wide, **said
        ),
        headline=True,
    )
    ess = median([estimators.ess_fraction(w) for w in weights])
    context.add(Metric.at_least("(b) ESS fraction", ess, 1 - 0.05 * wide, **said), headline=True)
    values = [estimators.log_z(w) for w in weights]
    context.add(
        Metric.close(
            "(b) log Z",
            median([v.value for v in values]),
            EXACT.log_z(1.0),
            0.01 * wide,
            standard_error=median([v.standard_error for v in values]),
            **said,
        )
    )
    context.add(
        Metric.at_most("(c) RMS of learned minus exact z over p", median(rms), 0.05 * wide, **said),
        headline=True,
    )
    context.add(
        Metric.at_most("(a) KL(p‖q) (nats)", median(gaps["(a) generic"]), 0.06 * wide, **said)
    )
    for ensemble in (*ensembles, *stable):
        context.add(
            Metric.at_most(
                f"{ensemble.name}: networks that ended in NaN, of {len(ensemble.members)}",
                ensemble.nan_count,
                0,
                justification="none may",
            )
        )
    context.add(
        Metric.at_most(
            f"(a) largest rise of the loss in {len(a.members[0].history)} iterations (nats)",
            max(_rise(run.history["loss"]) for run in a.members),
            0.2,
            justification="a divergence is a rise without end; mini-batch noise of the running "
            "mean over 100 steps of 512 samples is about 0.01",
        )
    )


def _rise(loss: np.ndarray) -> float:
    """Final running mean of a loss above its smallest."""
    smooth = np.convolve(loss.astype(np.float64), np.full(100, 0.01), "valid")
    return float(smooth[-1] - smooth.min())


if __name__ == "__main__":
    main_for("toy")
