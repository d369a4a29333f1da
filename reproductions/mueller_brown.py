"""The Müller-Brown potential: figure 2g-m, S1c,d of Noé et al. (2019).

As `double_well`: generators trained by example and by energy on two short Metropolis runs, one in
each end state, and judged against quadrature. The published runs bias y, and their profiles along
0.7 (x - y) were shifted, and blanked in places, by hand; here nothing is.
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

SYSTEM = systems.MuellerBrown()
RC = ReactionCoordinate(SYSTEM.reaction_coordinate("y"), -0.1, 1.7)
# Ours spreads the samples along the coordinate of the profile itself, and at two temperatures: the
# hotter half covers what lies off the path that the published bias on y takes.
RC_PROJECTION = ReactionCoordinate(SYSTEM.reaction_coordinate("projection"), -1.7, 0.8)


class Plan(figure2.Plan):
    """How much a preset does."""

    batch_sizes = by_preset((512, 512), (2048, 1000))  # of training by energy, also biased
    length = by_preset(0.5, 1.0)  # of the training of ours


def ours(seed: int, data: np.ndarray) -> Bijector:
    """RealNVP with bounded scales in whitened coordinates."""
    whitening = bijectors.Whitening.from_data(data)
    return realnvp(2, blocks=5, hidden=(64, 64), zero_shift=True, last=[whitening], seed=seed)


def mueller_brown(plan: Plan) -> Case:
    """The system, its variants, and data as published: every tenth frame of 1000 in each state."""
    real_nvp = partial(network, blocks=5, scale_bound=None)
    nice = partial(network, blocks=5, coupling="additive", scaling=True)
    by_rc = {"ml": 1.0, "kl": 1.0, "rc": 1.0, "rc_loss": RC}
    spreading = spread(RC_PROJECTION, length=plan.length, temperatures=(1.0, 3.0))
    n, fewer = plan.networks, plan.additive
    alone, biased = plan.batch_sizes
    return Case(
        system=SYSTEM,
        coordinate="projection",
        label="0.7 (x1 - x2)",
        edges=np.linspace(-1.75, 0.85, 101),
        compared=lambda _, profile: profile < 10.0,
        variants=(
            Variant("published ML+KL", real_nvp, published(alone, kl=1.0), n),
            Variant("published KL+RC", real_nvp, published(biased, **by_rc), n),
            Variant("NICE ML+KL", nice, published(alone, kl=1.0), fewer),
            Variant("NICE KL+RC", nice, published(biased, **by_rc), fewer),
            Variant("ours", ours, annealed(length=plan.length), n),
            Variant("ours KL+RC", ours, spreading, n, follows="ours"),
        ),
        rc_loss=RC,
        data=cache(partial(end_state_data, SYSTEM, n_steps=1000, stride=10, step_size=0.1)),
        window=((-1.6, 1.2), (-0.5, 2.1)),
        j_kl_window=(-9.3, -4.5),
    )


@reproduction("mueller_brown", "Müller-Brown potential: figure 2g-m of Noé et al. 2019", minutes=3)
def run(context: Context) -> None:
    """Reproduces the Müller-Brown panels of figure 2."""
    plan = Plan(context.preset)
    found = reproduce(context, mueller_brown(plan), plan)
    context.text(
        "The published runs spread their samples along y. The profile runs along 0.7 (x - y), and "
        "between the deep states the bias on y draws its own path: beside that path, around -0.75, "
        "the published networks have hardly any samples from the prior at T = 1, and the published "
        "profile has spikes there, and bins blanked by hand. The same networks reach the region "
        "from hotter priors, whose mixture has exact weights at no further training: that is what "
        "the profiles here come from, and the table shows both. **Ours** also spreads the samples "
        "along the profile's own coordinate and at two temperatures."
    )
    context.section("Numbers")
    targets.published_values(context, found, "mueller_brown", last=plan.last)
    targets.ours(context, found["ours"], gap=0.03, lost=0.07)
    tight = ("published KL+RC", "ours KL+RC")
    targets.differences(context, found, (*tight, "ours"), 0.08, (1.0,))
    targets.profiles(context, found, dict.fromkeys(tight, 0.12))
    scores = {n: calibration(context, found[n], n=65_536) for n in plan.calibrated}
    targets.calibration(context, scores)
    targets.none_in_nan(context, found)


if __name__ == "__main__":
    main_for("mueller_brown")
