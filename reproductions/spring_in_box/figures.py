"""The figures of `toy`: first attempts, and maps, losses and densities against the closed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from boltzmann_tf import BoltzmannGenerator, plotting
from boltzmann_tf.plotting import Panel
from boltzmann_tf.reproduction import Context, Series
from boltzmann_tf.reproductions.spring_in_box.generators import EXACT
from boltzmann_tf.training import Ensemble, Member

WINDOW = ((-1.5, 5.5), (-3.5, 7.5))
LATENT = ((-4.2, 4.2), (-4.2, 4.2))


def clouds(context: Context, generators: Mapping[str, BoltzmannGenerator]) -> None:
    """x data, z of data, z prior, x generated: the closed form first, then each network."""
    x = EXACT.sample(2000, 1.0, context.seed_of("clouds, data"))
    rng = np.random.default_rng(context.seed_of("clouds, prior"))
    noise = rng.standard_normal((2000, 2)).astype(np.float32)
    maps = {"exact map": (EXACT.to_latent(x, 1.0)[0], EXACT.to_configuration(noise, 1.0)[0])}
    for name, own in generators.items():
        maps[name] = (own.to_latent(x)[0].numpy(), own.to_configuration(noise)[0].numpy())
    rows = [
        [
            _cloud(f"{name}: data in x", x),
            _cloud(f"{name}: data in z", z, latent=True),
            _cloud(f"{name}: prior in z", noise, latent=True),
            _cloud(f"{name}: generated x", generated),
        ]
        for name, (z, generated) in maps.items()
    ]
    context.figure(
        plotting.scatter_grid(rows),
        "four_panels.png",
        "Data and generated configurations in both spaces. The closed-form map stands in the first "
        "row; the generic flows (a) and (b) reach the same density by other maps.",
        thumbnail=True,
    )


def _cloud(title: str, points: np.ndarray, *, latent: bool = False) -> dict[str, Any]:
    labels, limits = (("z1", "z2"), LATENT) if latent else (("x1", "x2"), WINDOW)
    where = {"labels": labels, "limits": limits, "circles": latent}
    return {"clouds": {"": points}, "title": title} | where


def losses(context: Context, kinds: Sequence[Ensemble]) -> None:
    """Loss against iterations with the exact optimum."""
    terms = {
        "ml": ("J_ML (nats)", EXACT.optimal_ml_loss(1.0), "optimum (exact)"),
        "kl": ("J_KL (kT)", EXACT.optimal_kl_loss(1.0), "lower bound (exact)"),
    }
    runs = {kind.name: kind.members[0].history.values for kind in kinds}
    context.figure(
        plotting.convergence(runs, terms, windows={"ml": (0.5, 1.2), "kl": (0.7, 2.2)}),
        "losses.png",
        "Losses of the first network of each kind. J_ML lacks the constant ln 2 pi. (a) is held "
        "above the bound by the regularised wall, whose energy it trains with.",
    )


def transform(context: Context, generator: BoltzmannGenerator) -> None:
    """The triangular flow against the closed form."""
    x = EXACT.sample(50_000, 1.0, context.seed_of("transform"))
    learned, exact = generator.to_latent(x)[0].numpy(), EXACT.to_latent(x, 1.0)[0]
    title = f"difference, RMS {np.sqrt(np.mean((learned - exact) ** 2)):.3f}"
    shown = np.argsort(x[:3000, 0])  # for lines over x1
    (x1, x2), (z1, z2), (exact1, exact2) = x[shown].T, learned[shown].T, exact[shown].T
    ends, slope = np.array([-2.5, 2.5]), np.sqrt(2.0)
    dots: dict[str, Any] = {"style": ".", "size": 2}
    first = [Series("learned", x1, z1, width=3), Series("exact", x1, exact1, style="--")]
    second = [Series("learned", x2 - x1, z2, **dots)]
    second.append(Series("exact", ends, slope * ends, style="--"))
    off = [Series("z1", exact1, z1 - exact1, **dots), Series("z2", exact2, z2 - exact2, **dots)]
    off.append(Series("no difference", [-3.5, 3.5], [0, 0], style="--", color="black"))
    panels = [
        Panel("x1", "z1", first, "z1 from x1 alone"),
        Panel("x2 - x1", "z2", second, "z2 given x1"),
        Panel("exact z", "learned z - exact z", off, title, ylim=(-0.4, 0.4)),
    ]
    context.figure(
        plotting.curves(panels),
        "transform.png",
        "The triangular flow (c) point by point against the closed-form map.",
    )


def marginals(context: Context, generators: Mapping[str, BoltzmannGenerator]) -> None:
    """Marginals of generated configurations against the exact ones."""
    seed = context.seed_of("marginals")
    drawn = {name: own.sample(200_000, seed=seed).x for name, own in generators.items()}
    panels = []
    for i, margin, density in ((0, 0.6, EXACT.pdf_x1), (1, 2.5, EXACT.pdf_x2)):
        edges = np.linspace(-margin, EXACT.length + margin, 85)
        fine = np.linspace(edges[0], edges[-1], 800)
        series = [Series.density(name, x[:, i], edges, width=1.2) for name, x in drawn.items()]
        series.append(Series("exact", fine, density(fine), style="--"))
        panels.append(Panel(f"x{i + 1}", "probability density", series))
    context.figure(
        plotting.curves(panels, panel=(5.0, 3.6)),
        "marginals.png",
        "Marginal densities of 200 000 generated configurations, unweighted, against the exact "
        "ones. Only (a) can leak through the wall.",
    )


def failure(context: Context, runs: Mapping[str, Member]) -> None:
    """The first attempts, what went wrong with them, and the cures, trained for as long."""
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
    loss, variance, rows = [], [], []
    for name, run in runs.items():
        kl, x1 = run.history["kl"], np.array(run.watch.seen)
        steps = np.arange(0, len(kl), 10)
        loss.append(Series(name, steps, np.clip(kl[steps], -2, 200), width=1.0))
        shown = np.clip(np.nan_to_num(x1, nan=90, posinf=90), 0, 90)
        variance.append(Series(name, run.watch.steps, shown))
        row: dict[str, Any] = {"run": name, "J_KL": f"{np.mean(kl[-50:]):.3f}"}
        row |= {"steps skipped": run.history.skipped, "non-finite energies": run.history.non_finite}
        rows.append(row | {"variance of x1 (exact 1.333)": f"{x1[-1]:.3f}"})
    bound, uniform, ends = EXACT.optimal_kl_loss(1.0), EXACT.length**2 / 12, [0, len(kl)]
    loss.append(Series("lower bound (exact)", ends, [bound] * 2, style="--", color="black"))
    variance.append(Series("exact, L²/12", ends, [uniform] * 2, style="--", color="black"))
    label, title = "variance of generated x1, clipped at 90", "too much, too little, right"
    panels = [
        Panel("iteration", "J_KL (kT), clipped at 200", loss, "energy loss", yscale="symlog"),
        Panel("iteration", label, variance, title, yscale="log", ylim=(0.3, 100)),
    ]
    context.figure(
        plotting.curves(panels, panel=(5.4, 3.8)),
        "failure_and_cure.png",
        "Left: the energy loss. With an infinite wall it sits far above its bound or is not "
        "finite; the steps that would have been NaN were skipped and counted (table). Right: the "
        "variance of x1; at the upper end it has diverged or is not finite.",
    )
    context.table(f"After {len(kl)} iterations", rows)
