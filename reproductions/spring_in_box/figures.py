"""The figures of `toy`: maps, losses and densities against the closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from boltzmann_tf import BoltzmannGenerator, plotting, systems
from boltzmann_tf.reproduction import Context
from boltzmann_tf.training import Ensemble

__all__ = ["four_panels", "show_losses", "show_marginals", "show_transform"]

EXACT = systems.SpringInBox().exact
L = EXACT.length
WINDOW = ((-1.5, 5.5), (-3.5, 7.5))


def four_panels(context: Context, generators: dict[str, BoltzmannGenerator]) -> None:
    """x data, z of data, z prior, x generated: the closed form first, then each network."""
    x = EXACT.sample(2000, 1.0, context.seed)
    noise = np.random.default_rng(context.seed).standard_normal((2000, 2)).astype(np.float32)
    rows = [("exact map", EXACT.to_latent(x, 1.0)[0], EXACT.to_configuration(noise, 1.0)[0])]
    for name, generator in generators.items():
        z = generator.to_latent(x)[0].numpy()
        rows.append((name, z, generator.to_configuration(noise)[0].numpy()))
    grid = []
    for name, z, generated in rows:
        row = []
        for title, cloud, is_latent in (
            ("data in x", x, False),
            ("data in z", z, True),
            ("prior in z", noise, True),
            ("generated x", generated, False),
        ):
            row.append(
                {
                    "clouds": {"": cloud},
                    "labels": ("z1", "z2") if is_latent else ("x1", "x2"),
                    "title": f"{name}: {title}",
                    "limits": ((-4.2, 4.2), (-4.2, 4.2)) if is_latent else WINDOW,
                    "circles": is_latent,
                }
            )
        grid.append(row)
    context.figure(
        plotting.scatter_grid(grid),
        "four_panels.png",
        "Data and generated configurations in both spaces. The closed-form map stands in the first "
        "row; the generic flows (a) and (b) reach the same density by other maps.",
        thumbnail=True,
    )


def show_losses(context: Context, ensembles: Sequence[Ensemble]) -> None:
    """Loss against iterations with the exact optimum."""
    context.figure(
        plotting.convergence(
            {e.name: e.members[0].history.values for e in ensembles},
            {
                "ml": ("J_ML (nats)", EXACT.optimal_ml_loss(1.0), "optimum (exact)"),
                "kl": ("J_KL (kT)", EXACT.optimal_kl_loss(1.0), "lower bound (exact)"),
            },
            windows={"ml": (0.5, 1.2), "kl": (0.7, 2.2)},
        ),
        "losses.png",
        "Losses of the first network of each kind. J_ML lacks the constant ln 2 pi. (a) is held "
        "above the bound by the regularised wall, whose energy it trains with.",
    )


def show_transform(context: Context, generator: BoltzmannGenerator) -> float:
    """The triangular flow against the closed form; returns the RMS difference over p."""
    x = EXACT.sample(50_000, 1.0, context.seed + 5)
    learned = generator.to_latent(x)[0].numpy()
    exact = EXACT.to_latent(x, 1.0)[0]
    rms = float(np.sqrt(np.mean(np.sum((learned - exact) ** 2, axis=1) / 2)))
    pick = slice(0, 3000)
    order = np.argsort(x[pick, 0])
    extension = x[pick, 1] - x[pick, 0]
    panels = [
        {
            "labels": ("x1", "z1"),
            "title": "z1 from x1 alone",
            "series": {
                "learned": {"x": x[pick, 0][order], "y": learned[pick, 0][order], "lw": 3},
                "exact": {
                    "x": x[pick, 0][order], "y": exact[pick, 0][order], "style": "--",
                    "color": "black",
                },
            },
        },
        {
            "labels": ("x2 - x1", "z2"),
            "title": "z2 given x1",
            "series": {
                "learned": {"x": extension, "y": learned[pick, 1], "style": ".", "ms": 2},
                "exact": {
                    "x": np.array([-2.5, 2.5]), "y": np.sqrt(2.0) * np.array([-2.5, 2.5]),
                    "style": "--", "color": "black",
                },
            },
        },
        {
            "labels": ("exact z", "learned z - exact z"),
            "title": f"difference, RMS {rms:.3f}",
            "ylim": (-0.4, 0.4),
            "series": {
                "z1": {"x": exact[pick, 0], "y": (learned - exact)[pick, 0], "style": ".", "ms": 2},
                "z2": {"x": exact[pick, 1], "y": (learned - exact)[pick, 1], "style": ".", "ms": 2},
                "no difference": {"x": [-3.5, 3.5], "y": [0, 0], "style": "--", "color": "black"},
            },
        },
    ]  # fmt: skip
    context.figure(
        plotting.curves(panels),
        "transform.png",
        "The triangular flow (c) point by point against the closed-form map.",
    )
    return rms


def show_marginals(context: Context, generators: dict[str, BoltzmannGenerator]) -> None:
    """Marginals of generated configurations against the exact ones."""
    x1, x2 = np.linspace(-0.6, L + 0.6, 85), np.linspace(-2.5, L + 2.5, 85)
    series: list[dict[str, Any]] = [{}, {}]
    for name, generator in generators.items():
        x = generator.sample(200_000, seed=context.seed + 3).x
        for i, edges in enumerate((x1, x2)):
            density, _ = np.histogram(x[:, i], edges, density=True)
            series[i][name] = {"x": 0.5 * (edges[1:] + edges[:-1]), "y": density, "lw": 1.2}
    fine1, fine2 = np.linspace(x1[0], x1[-1], 800), np.linspace(x2[0], x2[-1], 800)
    series[0]["exact"] = {"x": fine1, "y": EXACT.pdf_x1(fine1), "style": "--", "color": "black"}
    series[1]["exact"] = {"x": fine2, "y": EXACT.pdf_x2(fine2), "style": "--", "color": "black"}
    context.figure(
        plotting.curves(
            [
                {"labels": (f"x{i + 1}", "probability density"), "title": "", "series": s}
                for i, s in enumerate(series)
            ],
            columns=2,
            panel=(5.0, 3.6),
        ),
        "marginals.png",
        "Marginal densities of 200 000 generated configurations, unweighted, against the exact "
        "ones. Only (a) can leak through the wall.",
    )
