"""The double well: figure 2a-f, S1a,b and S2 of Noé et al. (2019).

Generators trained by example and by energy on two short Metropolis runs, one in each well, and
judged against quadrature: losses against their bounds, weights, free-energy differences and
profiles. `published` variants follow the authors' notebook (two hidden layers of 100, unbounded
scales, no clipping, a fresh Adam at each stage); `ours` is the best that this package does in
about the same time.
"""

from __future__ import annotations

from functools import cache, partial

import numpy as np

from boltzmann_tf import bijectors, realnvp, systems
from boltzmann_tf.bijectors import Bijector
from boltzmann_tf.losses import ReactionCoordinate
from boltzmann_tf.reproduction import Context, by_preset, main_for, reproduction
from boltzmann_tf.reproductions import figure2
from boltzmann_tf.reproductions.figure2 import Case, Variant, reproduce, targets
from boltzmann_tf.reproductions.figure2.measured import calibration
from boltzmann_tf.reproductions.recipes import end_state_data, network, published
from boltzmann_tf.training.recipes import annealed, spread

SYSTEM = systems.DoubleWell()
RC = ReactionCoordinate(SYSTEM.reaction_coordinate("x1"), -2.5, 2.5)


class Plan(figure2.Plan):
    """How much a preset does."""

    batch_size = by_preset(512, 1000)  # of the published training by energy
    length = by_preset(0.6, 1.0)  # of the training of ours


def ours(seed: int, _: np.ndarray) -> Bijector:
    """Two small RealNVP blocks, then a spline along each coordinate.

    Found by measurement: affine blocks alone keep a bridge of generated configurations between
    the wells (0.016 kT above the bound after the same training); a spline can be as steep as the
    barrier asks.
    """
    spline = bijectors.ElementwiseSpline(2, bins=32, bound=5.0)
    return realnvp(2, blocks=2, hidden=(64, 64), zero_shift=True, last=[spline], seed=seed)


def double_well(plan: Plan) -> Case:
    """The system, its variants, and data as published: every tenth frame of 10 000 in each well."""
    real_nvp = partial(network, blocks=4, scale_bound=None)
    nice = partial(network, blocks=4, coupling="additive", scaling=True)
    by_rc = {"ml": 0.01, "kl": 1.0, "rc": 1.0, "rc_loss": RC}
    n, fewer = plan.networks, plan.additive
    return Case(
        system=SYSTEM,
        coordinate="x1",
        label="x1",
        edges=np.linspace(-2.5, 2.5, 101),
        compared=lambda x1, _: np.abs(x1) < 2.2,
        variants=(
            Variant("published ML+KL", real_nvp, published(plan.batch_size, kl=1.0), n),
            Variant("published KL+RC", real_nvp, published(plan.batch_size, **by_rc), n),
            Variant("NICE ML+KL", nice, published(plan.batch_size, kl=1.0), fewer),
            Variant("NICE KL+RC", nice, published(2048, **by_rc), fewer),
            Variant("ours", ours, annealed(length=plan.length), n),
            Variant("ours KL+RC", ours, spread(RC, length=plan.length), n, follows="ours"),
        ),
        rc_loss=RC,
        data=cache(partial(end_state_data, SYSTEM, n_steps=10_000, stride=10, step_size=0.1)),
        window=((-3.0, 3.0), (-4.5, 4.5)),
        j_ml=SYSTEM.exact.optimal_ml_loss(1.0, weights=(0.5, 0.5)),
        j_kl_window=(-8.5, -4.0),
    )


@reproduction("double_well", "Double well: figure 2a-f of Noé et al. 2019", minutes=2.5)
def run(context: Context) -> None:
    """Reproduces the double-well panels of figure 2."""
    plan = Plan(context.preset)
    found = reproduce(context, double_well(plan), plan)
    context.section("Numbers")
    targets.published_values(context, found, "double_well", last=plan.last)
    targets.above_bound(context, found["published ML+KL"])
    targets.ours(context, found["ours"], gap=0.015, lost=0.02)
    targets.differences(context, found, found, 0.05, (0.5, 1.0, 2.0))
    tolerances = {"published KL+RC": 0.08, "NICE KL+RC": 0.08, "ours KL+RC": 0.05}
    targets.profiles(context, found, tolerances)
    scores = {n: calibration(context, found[n]) for n in plan.calibrated}
    targets.calibration(context, scores)
    targets.none_in_nan(context, found)


if __name__ == "__main__":
    main_for("double_well")
