"""The figures of `ising`: each result beside its reference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from boltzmann_tf import exact, plotting, sampling
from boltzmann_tf.plotting import Panel
from boltzmann_tf.reproduction import Context, Series
from boltzmann_tf.reproductions.ising_model.measured import ByT, Chains
from boltzmann_tf.reproductions.ising_model.plan import CRITICAL, FIELD, TORUS, name_of
from boltzmann_tf.sampling import FieldAverages, WangLandauState
from boltzmann_tf.training import History

ONSAGER = exact.OnsagerIsing()
QUANTITIES = {  # a site: of L = 8, and of the infinite lattice
    "abs_magnetization": (TORUS.mean_abs_magnetization, ONSAGER.magnetization),
    "energy": (TORUS.energy_per_site, ONSAGER.energy_per_site),
    "heat_capacity": (TORUS.heat_capacity_per_site, ONSAGER.heat_capacity_per_site),
    "free_energy": (TORUS.free_energy_per_site, ONSAGER.free_energy_per_site),
}
LABELS = ("|m| a site", "energy a site (J)", "heat capacity a site", "free energy a site (J)")
SMOOTH = 20  # steps of training that one point of a figure is the mean of


def ill_posed(context: Context, history: History) -> None:
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
    loss = Series("J_ML", np.arange(len(history)), history["ml"], width=1.0)
    panel = Panel("iteration", "J_ML (nats)", [loss], "a flow trained on raw spins, L = 4")
    context.figure(
        plotting.curves([panel], panel=(5.0, 3.3)),
        "ill_posed.png",
        "Likelihood training on raw spins. There are at most 65 536 configurations, so that their "
        "entropy is below 11.1 nats; the loss, which would be an entropy if there were a density, "
        "falls far below zero and has no bound.",
    )


def training(context: Context, histories: Mapping[str, History], found: Mapping[str, ByT]) -> None:
    """Divergence and effective fraction at T_c against iterations, and the latter against T."""
    log_z = TORUS.log_z(CRITICAL) + FIELD.log_z_offset()
    bound = 0.5 * TORUS.sites * np.log(2 * np.pi * np.e) - log_z
    loss, fraction = (
        [Series(name, np.arange(len(h)), h[of]).means(SMOOTH) for name, h in histories.items()]
        for of in ("kl", "ess")
    )
    trained = [
        Series.over(name, dict(sorted(by_t.items())), "spins.ess", style=style)
        for (name, by_t), style in zip(found.items(), ("s", "o-"), strict=True)
    ]
    divergence, above = [each - bound for each in loss], "J_KL above its bound (nats)"
    panels = [
        Panel("iteration", above, divergence, "L = 8, T_c", yscale="log"),
        Panel("iteration", "ESS fraction of the batch", fraction, "L = 8, T_c"),
        Panel("T (J)", "ESS fraction", trained, "L = 8, trained generators", ylim=(0.0, 1.0)),
    ]
    context.figure(
        plotting.curves(panels),
        "training.png",
        "Training at the critical point: the Kullback-Leibler divergence, which is J_KL above its "
        "exact bound, and the effective fraction of each batch (the dense network, of preset "
        "paper, by example and energy and before symmetrisation). Right: the effective fraction of "
        "the trained generators at each temperature.",
    )


def thermodynamics(
    context: Context, averages: Mapping[float, FieldAverages], simulated: Mapping[int, Chains]
) -> None:
    """Magnetization, energy, heat capacity and free energy over temperature."""
    fine = np.linspace(min(averages), max(averages), 241)
    found = {n: {s: c.summary() for s, c in chains.items()} for n, chains in simulated.items()}
    panels = []
    for label, (of, (finite, infinite)) in zip(LABELS, QUANTITIES.items(), strict=True):
        series = [
            Series.of("exact", fine, finite, kind="L = 8", color="black"),
            Series.of("exact", fine, infinite, kind="infinite lattice", style="--", color="grey"),
            Series.over("generator", averages, of, kind="L = 8", color="blue"),
        ]
        if of != "free_energy":  # which Monte Carlo does not know
            series += [
                Series.over("Monte Carlo", each, of, kind=f"L = {n}", color=color)
                for (n, each), color in zip(found.items(), ("red", "orange"), strict=True)
            ]
        ylim = (0.0, 2.6) if of == "heat_capacity" else None  # Onsager's is infinite at T_c
        panels.append(Panel("T (J)", label, series, label, ylim=ylim))
    context.figure(
        plotting.curves(panels, columns=2, panel=(5.0, 3.8)),
        "thermodynamics.png",
        "Magnetization, energy, heat capacity and free energy of the spins from one generator for "
        "all temperatures (weighted, with errors; averages from multiple histograms), beside the "
        "exact solution of the same lattice, that of the infinite one (Onsager, Yang), and Monte "
        "Carlo (Swendsen-Wang).",
        thumbnail=True,
    )


def distributions(context: Context, measured: ByT, simulated: Chains) -> None:
    """P(M) below, at and above T_c."""
    panels = []
    for t, m in measured.items():
        known = Series("exact", *TORUS.magnetization_distribution(t))
        levels, (value, error) = m.spins.distribution()
        counts = np.bincount((simulated[t].magnetization.ravel() + 64) // 2, minlength=65)
        seen = value > 0
        series = [
            known,
            Series("generator", levels[seen], value[seen], error[seen]),
            Series("Monte Carlo", levels, counts / counts.sum()),
        ]
        ylim = (max(1e-6, known.value.min() / 2), 2 * known.value.max())
        panels.append(Panel("M", "P(M)", series, f"L = 8, {name_of(t)}", ylim=ylim, yscale="log"))
    context.figure(
        plotting.curves(panels, panel=(4.2, 3.6)),
        "distributions.png",
        "Distribution of the magnetization from the generator of all temperatures (weighted, one-"
        "sigma errors), from Monte Carlo, and exact. Where the generator seldom goes, as between "
        "the states at T = 1.8, its stated errors can be too small: large weights are missing.",
    )


def pictures(context: Context, measured: ByT, simulated: Chains) -> None:
    """Configurations of the generator beside Monte Carlo."""
    generated: list[np.ndarray] = []
    for i, m in enumerate(measured.values()):
        seed = context.seed_of("pictures", i)
        generated += list(m.spins.spins[sampling.resample(m.spins.log_weight, 3, seed=seed)])
    others = [spins for t in measured for spins in simulated[t].state.spins[:3]]
    titles = [name_of(t) for t in measured for _ in range(3)]
    context.figure(
        plotting.spin_pictures({"generator": generated, "Monte Carlo": others}, titles),
        "pictures.png",
        "Spin configurations, three at each temperature: above those of the generator (drawn in "
        "proportion to their weights), below those of Monte Carlo.",
    )


def wang_landau(
    context: Context, states: WangLandauState, profiles: Mapping[float, WangLandauState]
) -> None:
    """ln g(E) and F(M) by Wang-Landau against the exact counts."""
    energies, counts = TORUS.density_of_states()
    log_g = [
        Series("exact", energies, np.log(counts.astype(np.float64))),
        Series("Wang-Landau", states.levels, states.log_density().value, style="o", size=3),
    ]
    panels = [Panel("E (J)", "ln g(E)", log_g, "density of states, 8 x 8")]
    for t, walk in profiles.items():
        known, (log_p, error) = TORUS.magnetization_free_energy(t)[1], walk.log_density()
        profile = [
            Series("exact", walk.levels, known - known.min()),
            Series("Wang-Landau", walk.levels, -log_p - known.min(), error),
        ]
        title = f"free energy of the magnetization, {name_of(t)}"
        panels.append(Panel("M", "F(M) / T", profile, title))
    context.figure(
        plotting.curves(panels, columns=2, panel=(4.8, 3.4)),
        "wang_landau.png",
        "Wang-Landau on the 8 x 8 lattice: the density of states and the free energy of the "
        "magnetization below, at and above T_c, with the spread of four walkers as the error, "
        "against the exact counts of states.",
    )
