"""A spring in a box: the system whose map to a Gaussian is known in closed form.

H = k (x2 - x1)^2 for 0 <= x1 <= L, infinite otherwise; here k = 1, L = 4, T = 1. It was written
with z2 = sqrt(2k) |x2 - x1|, which is two-to-one: its image is half-normal and it has no inverse.
The invertible map is z1 = Phi^-1(x1 / L), z2 = sqrt(2k) (x2 - x1). It is the Knothe-Rosenblatt map
of the density, hence the unique optimum of a *triangular* flow (z1 from x1 alone, z2 increasing in
x2 given x1). A generic flow's optimum is unique only up to maps that preserve the Gaussian, so
only the triangular flow (c) can be compared with it point by point.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from boltzmann_tf import (
    BoltzmannGenerator,
    Stage,
    Trainer,
    bijectors,
    estimators,
    plotting,
    realnvp,
    systems,
)
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.reproduction import Context, Metric, main_for, reproduction
from boltzmann_tf.schedules import Cosine, Linear
from boltzmann_tf.training import History
from reproductions.ensembles import Trainers, Variant
from reproductions.evaluation import median
from reproductions.toy_figures import four_panels, show_losses, show_marginals, show_transform

SYSTEM = systems.SpringInBox()
EXACT = SYSTEM.exact
L = SYSTEM.length
USUAL = 1000  # iterations of a usual training of (a)
SOURCE = "closed form, boltzmann_tf.exact.SpringInBox"


class HardWall(systems.SpringInBox):
    """The system as first tried: the wall is infinite in training too, and has no gradient."""

    def training_energy(self, x: tf.Tensor) -> tf.Tensor:
        """The true energy."""
        return self.energy(x)


def generic(seed: int, data: np.ndarray) -> Bijector:
    """(a): RealNVP on the whole plane, scales bounded."""
    del data
    return realnvp(2, blocks=4, hidden=(32, 32), seed=seed)


def unbounded(seed: int, data: np.ndarray) -> Bijector:
    """The first attempt's network: RealNVP with unbounded scales."""
    del data
    return realnvp(2, blocks=4, hidden=(32, 32), scale_bound=None, seed=seed)


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


class Variance(keras.callbacks.Callback):
    """Records the variance of generated x1 during training."""

    def __init__(self, generator: BoltzmannGenerator, every: int) -> None:
        super().__init__()
        self._generator, self._every = generator, every
        self.steps: list[int] = []
        self.values: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Samples every `every` steps."""
        del logs
        if batch % self._every == 0:
            x1 = self._generator.sample(4096, seed=batch).x[:, 0].astype(np.float64)
            self.steps.append(batch)
            self.values.append(float(np.var(x1)))


def long_run(
    context: Context, system: systems.System, build: Any, stage: Stage
) -> tuple[History, Variance]:
    """Trains one network, watching the variance of x1."""
    generator = BoltzmannGenerator(system, build(context.seed, data(context.seed)))
    watch = Variance(generator, 100)
    history = Trainer(generator, seed=context.seed).fit(
        data(context.seed), stage, callbacks=[watch], verbose=0
    )
    context.count_energy_evaluations(history.energy_evaluations)
    return history, watch


def show_failure(context: Context, length: int) -> None:
    """The first attempt, its causes one by one, and the cure."""
    context.section("The first attempt (2019), and why it failed")
    context.text(
        "An earlier attempt at this system saw its loss blow up at long training times, and "
        "generated too little variance. Both come from the wall. **An infinite wall has no "
        "gradient**: outside, the energy is a constant to the optimiser, and with **unbounded "
        "scales** the Jacobian term rewards expansion without end, until the numbers overflow. A "
        "wall that is finite but very steep has a gradient, and then the energy loss, which "
        "punishes any probability where there should be none, pulls the generated density away "
        "from the walls: the variance of x1 stays below L²/12. The cures: (a) a wall of moderate "
        "steepness in training only, likelihood beside energy, bounded scales and a clipped "
        "gradient; (b) a flow that ends in the box and cannot leave it."
    )
    energy_only = Stage(length, 512, 2e-3, ml=0.0, kl=1.0)
    runs = {
        "infinite wall, unbounded": long_run(context, HardWall(), unbounded, energy_only),
        "steep wall, energy only": long_run(
            context, systems.SpringInBox(wall_stiffness=1e5), generic, energy_only
        ),
        "(a) cured": long_run(context, SYSTEM, generic, recipe_generic(length)[0]),
        "(b) ends in the box": long_run(context, SYSTEM, boxed, recipe_boxed(length)[0]),
    }
    steps = np.arange(length)
    with np.errstate(invalid="ignore"):
        loss = {
            name: {"x": steps[::10], "y": np.clip(history["kl"][::10], -2, 200), "lw": 1.0}
            for name, (history, _) in runs.items()
        }
    bound = {"x": [0, length], "y": [EXACT.optimal_kl_loss(1.0)] * 2, "style": "--"}
    exact = {"x": [0, length], "y": [L**2 / 12] * 2, "style": "--", "color": "black"}
    variance = {
        name: {"x": w.steps, "y": np.clip(np.nan_to_num(w.values, nan=90, posinf=90), 0, 90)}
        for name, (_, w) in runs.items()
    }
    context.figure(
        plotting.curves(
            [
                {
                    "labels": ("iteration", "J_KL (kT), clipped at 200"),
                    "title": "energy loss",
                    "yscale": "symlog",
                    "series": {**loss, "lower bound (exact)": {**bound, "color": "black"}},
                },
                {
                    "labels": ("iteration", "variance of generated x1, clipped at 90"),
                    "title": "too much, too little, right",
                    "yscale": "log",
                    "ylim": (0.3, 100),
                    "series": {**variance, "exact, L²/12": exact},
                },
            ],
            columns=2,
            panel=(5.4, 3.8),
        ),
        "failure_and_cure.png",
        "Left: the energy loss. With an infinite wall it sits far above its bound or is not "
        "finite; the steps that would have been NaN were skipped and counted (table). Right: the "
        "variance of x1; at the upper end it has diverged or is not finite.",
    )
    context.table(
        f"After {length} iterations",
        [
            {
                "run": name,
                "J_KL": f"{np.mean(history['kl'][-50:]):.3f}",
                "steps skipped": history.skipped,
                "non-finite energies": history.non_finite,
                "variance of x1 (exact 1.333)": f"{watch.values[-1]:.3f}",
            }
            for name, (history, watch) in runs.items()
        ],
    )


@reproduction("toy", "Spring in a box: learned maps against the closed form")
def run(context: Context) -> None:
    """Trains (a), (b) and (c) and compares each with the closed form."""
    wide = 2.0 if context.quick else 1.0
    show_failure(context, 1500 if context.quick else 10 * USUAL)

    trainers = Trainers(context, SYSTEM)
    kinds = [
        Variant("(a) generic", generic, recipe_generic(USUAL * (2 if context.quick else 10)), 5),
        Variant("(b) ends in the box", boxed, recipe_boxed(1500), 20),
        Variant("(c) triangular", triangular, recipe_triangular(), 20),
    ]
    a, b, c = ensembles = [trainers.train(v, data) for v in kinds]
    stable = [] if context.quick else [
        trainers.train(
            Variant("(a) usual length", generic, recipe_generic(USUAL)), data, seeds=20
        )
    ]  # fmt: skip

    gaps = {e.variant.name: [nll_gap(e.use(run), run.seed) for run in e.runs] for e in ensembles}
    weights = [b.use(run).sample(100_000, seed=run.seed).log_weight for run in b.runs]
    context.count_energy_evaluations(100_000 * len(weights))
    rms = []
    for run in c.runs:
        x = EXACT.sample(20_000, 1.0, run.seed + 5)
        difference = c.use(run).to_latent(x)[0].numpy() - EXACT.to_latent(x, 1.0)[0]
        rms.append(float(np.sqrt(np.mean(difference**2))))

    context.section("Maps, losses and densities")
    generators = {e.variant.name: e.use(e.runs[0]) for e in ensembles}
    four_panels(context, generators)
    show_losses(context, ensembles)
    show_transform(context, generators["(c) triangular"])
    show_marginals(context, generators)
    b.use(b.runs[0]).save(context.directory / "generator")
    context.artifact("generator", "the trained generator (b)")

    context.section("Numbers")
    said = {"source": SOURCE, "justification": "the issue's target; quick: twice as wide"}
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
                f"{ensemble.variant.name}: networks that ended in NaN, of {len(ensemble.runs)}",
                ensemble.nan_count,
                0,
                justification="none may",
            )
        )
    context.add(
        Metric.at_most(
            f"(a) largest rise of the loss in {len(a.runs[0].history)} iterations (nats)",
            max(_rise(run.history["loss"]) for run in a.runs),
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
