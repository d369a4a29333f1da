"""What `toy` is judged by: medians over networks, and none that failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from boltzmann_tf import BoltzmannGenerator, estimators
from boltzmann_tf.reproduction import Context, Targets
from boltzmann_tf.reproductions.spring_in_box.generators import EXACT
from boltzmann_tf.training import Ensemble

NOISE = (
    "a divergence is a rise without end; mini-batch noise of the running mean over 100 steps of "
    "512 samples is about 0.01"
)


def maps(context: Context, kinds: Sequence[Ensemble], log_weights: Sequence[np.ndarray]) -> None:
    """Densities of (a) and (b), weights of (b), and (c) point by point."""
    a, b, c = kinds
    targets = Targets(context, source="closed form, boltzmann_tf.exact.SpringInBox")
    targets.at_most("(b) KL(p‖q) (nats)", _median(context, b, divergence), 0.01, headline=True)
    ess = np.median([estimators.ess_fraction(w) for w in log_weights])
    targets.at_least("(b) ESS fraction", ess, 1.0, slack=0.05, headline=True)
    # Of values and of stated errors, each by itself.
    log_z = np.median([estimators.log_z(w) for w in log_weights], axis=0)
    targets.close("(b) log Z", log_z, EXACT.log_z(1.0), 0.01)
    rms = _median(context, c, rms_of_z)
    targets.at_most("(c) RMS of learned minus exact z over p", rms, 0.05, headline=True)
    targets.at_most("(a) KL(p‖q) (nats)", _median(context, a, divergence), 0.06)


def stability(context: Context, a: Ensemble, kinds: Sequence[Ensemble]) -> None:
    """No network ends in NaN, and the loss of (a) does not rise, however long it is trained."""
    targets = Targets(context, why="none may")
    for kind in kinds:
        name = f"{kind.name}: networks that ended in NaN, of {len(kind.members)}"
        targets.at_most(name, kind.nan_count, 0, widened=False)
    targets.of(why=NOISE).at_most(
        f"(a) largest rise of the loss in {len(a.members[0].history)} iterations (nats)",
        max(rise(member.history["loss"]) for member in a.members),
        0.2,
        widened=False,
    )


def _median(
    context: Context, kind: Ensemble, of: Callable[[BoltzmannGenerator, int], float]
) -> float:
    seeds = [context.seed_of(f"{kind.name}: judged", i) for i in range(len(kind.members))]
    return float(np.median([of(kind.use(m), s) for m, s in zip(kind.members, seeds, strict=True)]))


def divergence(generator: BoltzmannGenerator, seed: int) -> float:
    """KL(p‖q) in nats: NLL of fresh exact samples minus the exact entropy."""
    x = EXACT.sample(50_000, 1.0, seed)
    # The sample's own mean of log p takes the place of the entropy: most of the noise cancels.
    return float(np.mean(EXACT.log_density(x, 1.0) - generator.log_prob(x)))


def rms_of_z(generator: BoltzmannGenerator, seed: int) -> float:
    """RMS of learned minus exact z of fresh exact samples."""
    x = EXACT.sample(20_000, 1.0, seed)
    off = generator.to_latent(x)[0].numpy() - EXACT.to_latent(x, 1.0)[0]
    return float(np.sqrt(np.mean(off**2)))


def rise(loss: np.ndarray) -> float:
    """Final running mean of a loss above its smallest."""
    smooth = np.convolve(loss.astype(np.float64), np.full(100, 0.01), "valid")
    return float(smooth[-1] - smooth.min())
