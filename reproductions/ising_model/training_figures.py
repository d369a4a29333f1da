"""The figures of `ising` about training, and why a flow cannot be trained on spins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from boltzmann_tf import BoltzmannGenerator, Stage, System, Trainer, exact, plotting, realnvp
from boltzmann_tf.reproduction import Context, diagnose
from boltzmann_tf.reproductions.baseline import buys_table, gaussian
from boltzmann_tf.reproductions.ising_model.measured import Measured
from boltzmann_tf.reproductions.ising_model.plan import CRITICAL
from boltzmann_tf.reproductions.ising_model.simulations import equilibrium_spins
from boltzmann_tf.systems import IsingField
from boltzmann_tf.training import History

__all__ = [
    "buys",
    "integrator_table",
    "pooling_table",
    "show_ill_posed",
    "show_training",
    "weights_table",
]


class _OnSpins(System):
    """A stand-in: J_ML on spins needs no energy."""

    event_shape = (4, 4)

    def energy(self, x: Any) -> Any:
        return 0.0 * x[:, 0, 0]


def show_ill_posed(context: Context, iterations: int) -> None:
    """Likelihood training on raw spins: a loss without a lower bound."""
    context.text(
        "RealNVP moves probability *densities*, and spins have none: a density concentrated on the "
        "corners of a cube has an entropy of minus infinity. Trained by example on raw ±1, a flow "
        "earns likelihood without end by narrowing peaks around the corners, whatever the physics; "
        "the loss below has no lower bound, and stops falling only where the network or the "
        "precision does. Training by energy on sign(x) is no better: the energy is constant almost "
        "everywhere, so it has no gradient. The cure is exact: add Gaussian noise of the right "
        "covariance, and what results is the Hubbard-Stratonovich field, whose density is smooth, "
        "and from which the spins are drawn back exactly."
    )
    spins = equilibrium_spins(4, CRITICAL, 20_000, context.seed).astype(np.float32)
    generator = BoltzmannGenerator(
        _OnSpins(), realnvp(16, blocks=4, hidden=(64, 64), scale_bound=None, seed=context.seed)
    )
    history = Trainer(generator, seed=context.seed).fit(
        spins, Stage(iterations, 256, 1e-3, clip_norm=100.0), verbose=0
    )
    context.figure(
        plotting.curves(
            [
                {
                    "labels": ("iteration", "J_ML (nats)"),
                    "title": "a flow trained on raw spins, L = 4",
                    "series": {"J_ML": {"x": np.arange(iterations), "y": history["ml"], "lw": 1.0}},
                }
            ],
            panel=(5.0, 3.3),
        ),
        "ill_posed.png",
        "Likelihood training on raw spins. There are at most 65 536 configurations, so that their "
        "entropy is below 11.1 nats; the loss, which would be an entropy if there were a density, "
        "falls far below zero and has no bound.",
    )


def _running(values: np.ndarray, width: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Means of consecutive blocks and where they are."""
    n = len(values) // width
    means = values[: n * width].astype(np.float64).reshape(n, width).mean(axis=1)
    return (np.arange(n) + 0.5) * width, means


def show_training(
    context: Context,
    system: IsingField,
    histories: Mapping[str, History],
    found: Mapping[str, Mapping[float, Measured]],
) -> None:
    """Divergence and effective fraction at T_c against iterations, and the latter against T.

    Args:
      context: of the report.
      system: of the networks at T_c.
      histories: name -> training at T_c.
      found: name of generators -> what was measured at each temperature.
    """
    n = system.length**2
    log_z = exact.IsingTorus(system.length).log_z(CRITICAL) + system.log_z_offset()
    bound = 0.5 * n * np.log(2 * np.pi * np.e) - log_z
    divergence, fraction = {}, {}
    for name, history in histories.items():
        x, y = _running(history["kl"])
        divergence[name] = {"x": x, "y": np.maximum(y - bound, 1e-2), "lw": 1.3}
        fraction[name] = dict(zip(("x", "y"), _running(history["ess"]), strict=True))
    trained = {
        name: {"x": sorted(by_t), "y": [by_t[t].ess for t in sorted(by_t)], "style": style}
        for (name, by_t), style in zip(found.items(), ("s", "o-"), strict=True)
    }
    context.figure(
        plotting.curves(
            [
                {
                    "labels": ("iteration", "J_KL above its bound (nats)"),
                    "title": "L = 8, T_c",
                    "yscale": "log",
                    "series": divergence,
                },
                {
                    "labels": ("iteration", "ESS fraction of the batch"),
                    "title": "L = 8, T_c",
                    "series": fraction,
                },
                {
                    "labels": ("T (J)", "ESS fraction"),
                    "title": "L = 8, trained generators",
                    "ylim": (0.0, 1.0),
                    "series": trained,
                },
            ],
            columns=3,
            panel=(4.2, 3.4),
        ),
        "training.png",
        "Training at the critical point: the Kullback-Leibler divergence, which is J_KL above its "
        "exact bound, and the effective fraction of each batch (the dense network, of preset "
        "paper, by example and energy and before symmetrisation). Right: the effective fraction of "
        "the trained generators at each temperature.",
    )


def weights_table(context: Context, rows: Mapping[str, Measured]) -> None:
    """What the weights of each generator say at T_c."""
    reference = exact.IsingTorus(8).log_z(CRITICAL)
    context.table(
        f"Weights at T_c, L = 8 (exact log Z {reference:.5f})",
        [
            {
                "generator": name,
                "ESS fraction": diagnose("ESS fraction", found.ess, n=len(found.log_weight)),
                "Pareto k-hat": diagnose("k-hat", found.pareto_k),
                "log Z": f"{found.log_z.value:.4f} ± {found.log_z.standard_error:.4f}",
                "share of M > 0 as generated": f"{np.mean(found.magnetization > 0):.3f}",
            }
            for name, found in rows.items()
        ],
    )


def buys(context: Context, system: IsingField, found: Mapping[str, Measured]) -> None:
    """Weights at T_c of each generator, and of a Gaussian fitted to equilibrium fields."""
    spins = equilibrium_spins(system.length, CRITICAL, 20_000, context.seed + 9)
    fields = system.draw_field(spins, seed=context.seed)
    rows = {"a Gaussian": gaussian(context, system, fields, 50_000)}
    rows |= {name: m.log_weight for name, m in found.items()}
    offset = system.log_z_offset()
    reference = exact.IsingTorus(system.length).log_z(CRITICAL)
    buys_table(
        context,
        f"a Gaussian fitted to the field of {len(spins):,} equilibrium configurations; "
        f"L = {system.length}, T_c, exact log Z {reference:.4f}",
        [({"proposal": name}, log_weight - offset) for name, log_weight in rows.items()],
    )


def integrator_table(context: Context, found: Mapping[str, Mapping[float, Measured]]) -> None:
    """How finely each flow is integrated, and what half the step would change."""
    context.table(
        "Integration: steps as multiples of those in training, doubled until half the step changes "
        "neither log Z by 0.001 nor log-weights by 0.03 (SD); the weights at that accuracy",
        [
            {
                "generator": name,
                "T": f"{t:.4g}",
                "steps": f"{m.accuracy.factor}x",
                "change of log Z": f"{m.accuracy.log_z:.1e}",
                "SD of log-weights' change": f"{m.accuracy.spread:.1e}",
                "ESS fraction": diagnose("ESS fraction", m.ess, n=len(m.log_weight)),
                "Pareto k-hat": diagnose("k-hat", m.pareto_k),
            }
            for name, by_temperature in found.items()
            for t, m in sorted(by_temperature.items())
            if m.accuracy is not None
        ],
    )


def pooling_table(
    context: Context, alone: Mapping[float, Measured], together: Mapping[float, Measured]
) -> None:
    """What the samples of the other temperatures add to the heat capacity at each."""
    torus = exact.IsingTorus(8)

    def shown(found: Measured) -> str:
        return f"{found.averages.value[2]:.4f} ± {found.averages.standard_error[2]:.4f}"

    context.table(
        "Heat capacity a site of the generator for all temperatures: from the samples at each "
        "temperature alone, and from those of all temperatures together (multiple histograms), "
        "which is what figures and numbers use",
        [
            {
                "T": f"{t:.4g}",
                "alone": shown(found),
                "together": shown(together[t]),
                "exact": f"{torus.heat_capacity(t) / torus.sites:.4f}",
            }
            for t, found in alone.items()
        ],
    )
