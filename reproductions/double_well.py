"""The double well: figure 2a-f, S1a,b and S2 of Noé et al. (2019).

Generators trained by example and by energy on two short Metropolis runs, one in each well, and
judged against quadrature: losses against their bounds, weights, free-energy differences and
profiles. `published` variants follow the authors' notebook (two hidden layers of 100, unbounded
scales, no clipping, a fresh Adam at each stage); `ours` is the best that this package does in
about the same time.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from boltzmann_tf import bijectors, realnvp, systems
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.losses import ReactionCoordinate
from boltzmann_tf.reproduction import Context, Metric, main_for, reproduction
from boltzmann_tf.reproductions.ensembles import Variant
from boltzmann_tf.reproductions.evaluation import Target
from boltzmann_tf.reproductions.figure2 import (
    Case,
    Results,
    add_common_metrics,
    add_published_metrics,
    reproduce,
)
from boltzmann_tf.reproductions.recipes import end_state_data, published
from boltzmann_tf.training.recipes import annealed, spread

SYSTEM = systems.DoubleWell()
RC = ReactionCoordinate(SYSTEM.reaction_coordinate("x1"), -2.5, 2.5)
EDGES = np.linspace(-2.5, 2.5, 101)
CENTERS = 0.5 * (EDGES[1:] + EDGES[:-1])


def published_realnvp(seed: int, data: np.ndarray) -> Bijector:
    """R4 with nl_layers = 3, which counts the output layer; scales unbounded."""
    del data
    return realnvp(2, blocks=4, hidden=(100, 100), scale_bound=None, seed=seed)


def published_nice(seed: int, data: np.ndarray) -> Bijector:
    """N4S: four NICE blocks and a diagonal scaling."""
    del data
    return realnvp(2, blocks=4, hidden=(100, 100), coupling="additive", scaling=True, seed=seed)


@functools.cache
def metropolis_data(seed: int) -> np.ndarray:
    """The published data: 10 000 steps of size 0.1 in each well, every tenth frame."""
    return end_state_data(SYSTEM, seed, n_steps=10_000, stride=10, step_size=0.1)


BY_RC: dict[str, Any] = {"ml": 0.01, "kl": 1.0, "rc": 1.0, "rc_loss": RC}


def ours(seed: int, data: np.ndarray) -> Bijector:
    """Two small RealNVP blocks, then a spline along each coordinate.

    Found by measurement: affine blocks alone keep a bridge of generated configurations between
    the wells (0.016 kT above the bound after the same training); a spline can be as steep as the
    barrier asks.
    """
    del data
    spline = bijectors.ElementwiseSpline(2, bins=32, bound=5.0)
    return realnvp(2, blocks=2, hidden=(64, 64), zero_shift=True, last=[spline], seed=seed)


CASE = Case(
    system=SYSTEM,
    target=Target(
        lambda x: x[:, 0].astype(np.float64), (-np.inf, 0.0), (0.0, np.inf), EDGES, SYSTEM.exact
    ),
    coordinate=SYSTEM.reaction_coordinate("x1"),
    label="x1",
    compared=(CENTERS > -2.2) & (CENTERS < 2.2),
    variants=(
        Variant("published ML+KL", published_realnvp, published(kl=1.0)),
        Variant("published KL+RC", published_realnvp, published(**BY_RC)),
        Variant("NICE ML+KL", published_nice, published(kl=1.0), seeds=5, quick=False),
        Variant("NICE KL+RC", published_nice, published(2048, **BY_RC), seeds=5, quick=False),
        Variant("ours", ours, annealed()),
        Variant("ours KL+RC", ours, spread(RC), follows="ours"),
    ),
    modes=(
        Variant("ML", published_realnvp, published()),
        Variant("KL", published_realnvp, published(ml=0.0, kl=1.0)),
    ),
    data=metropolis_data,
    window=((-3.0, 3.0), (-4.5, 4.5)),
    j_ml=SYSTEM.exact.optimal_ml_loss(1.0, weights=(0.5, 0.5)),
    j_kl_window=(-8.5, -4.0),
    profile_window=(-1.0, 16.0),
    barrier=max(p.energy for p in SYSTEM.exact.saddles()),
    # Without XLA the one network of preset quick is another one, with an ESS near its limit.
    quick_xla=True,
)


def add_metrics(context: Context, results: Results) -> None:
    """The numbers of the published figures, and the targets of this package."""
    wide = 2.0 if context.quick else 1.0
    bound = SYSTEM.exact.optimal_kl_loss(1.0)
    target = {
        "source": "quadrature, boltzmann_tf.exact",
        "justification": "a target set before any run; quick: twice as wide",
    }
    add_published_metrics(context, results, "double_well")
    example = "published ML+KL"
    runs = results.ensembles[example].members
    excess = [
        (np.mean(run.history["kl"][-100:]) - bound) / (np.std(run.history["kl"][-100:]) / 10)
        for run in runs
    ]
    context.add(
        Metric.at_least(
            f"{example}: lowest J_KL above its bound, in standard errors of its mean",
            float(np.min(excess)),
            -4.0,
            source="quadrature, boltzmann_tf.exact",
            justification="sampling noise: 4 standard errors, false alarm 3e-5 a network",
        )
    )
    context.add(
        Metric.at_most(
            "ours: J_KL above its bound (kT)", results.gap("ours"), 0.015 * wide, **target
        ),
        headline=True,
    )
    context.add(
        Metric.at_least("ours: ESS fraction", results.ess("ours"), 1 - 0.02 * wide, **target),
        headline=True,
    )


@reproduction("double_well", "Double well: figure 2a-f of Noé et al. 2019")
def run(context: Context) -> None:
    """Reproduces the double-well panels of figure 2."""
    wide = 2.0 if context.quick else 1.0
    results = reproduce(context, CASE)
    context.section("Numbers")
    add_metrics(context, results)
    add_common_metrics(
        context,
        CASE,
        results,
        difference_tolerance={v.name: 0.05 * wide for v in CASE.variants},
        temperatures=(0.5, 1.0, 2.0),
        rmse_tolerance={
            "published KL+RC": 0.08 * wide,
            "NICE KL+RC": 0.08 * wide,
            "ours KL+RC": 0.05 * wide,
        },
        in_errors=("published KL+RC", "ours KL+RC", "ours"),
        calibrated=("ours KL+RC", *(() if context.quick else ("ours", "published KL+RC"))),
    )
    ensemble = results.ensembles["ours"]
    ensemble.use(ensemble.members[0]).save(context.directory / "generator")
    context.artifact("generator", "a trained generator of variant `ours`")


if __name__ == "__main__":
    main_for("double_well")
