"""The figures of `explore`, one for each system, and what its network buys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from boltzmann_tf import plotting
from boltzmann_tf.plotting import Panel
from boltzmann_tf.reproduction import Context, Series
from boltzmann_tf.reproductions.exploration.explored import Explored


def exploration(context: Context, found: Explored) -> None:
    """Buffer over the iterations, shares of the states, losses, and the moves."""
    name, (coordinate, free_energy) = found.case.name, found.profile
    density = np.exp(-(free_energy - free_energy.min()))
    density /= density.sum() * (coordinate[1] - coordinate[0])
    edges = np.linspace(coordinate[0], coordinate[-1], 81)
    buffer, looks = [], list(found.buffers.items())
    for part in (0, 0.2, 0.5, 1):
        i, r = looks[round(part * (len(looks) - 1))]
        shown = Series.density(f"iteration {i}", r, edges)
        buffer.append(shown - -1e-5)  # empty bins are drawn below all others
    buffer.append(Series("equilibrium", coordinate, density, color="black"))
    shares = [
        Series(state, list(found.buffers), np.maximum(found.share(state), 1e-6))
        for state in found.case.states
    ]
    kl, accepted, size = (found.history[of] for of in ("kl", "acceptance", "step_size"))
    steps, finite = np.arange(len(kl)), kl[np.isfinite(kl)]
    inside = (finite.min() - 1, np.quantile(finite, 0.9) + 5)
    loss = [Series("J_KL", steps, kl, width=0.8)]
    moves = [Series("acceptance", steps, accepted, width=0.8), Series("step size", steps, size)]
    label, title = found.case.label, "what the buffer holds"
    panels = [
        Panel(label, "density of the buffer", buffer, title, ylim=(1e-4, 20), yscale="log"),
        Panel("iteration", "share of the buffer", shares, "states", ylim=(1e-5, 2), yscale="log"),
        Panel("iteration", "J_KL (kT)", loss, "energy loss", ylim=inside),
        Panel("iteration", "acceptance; step size", moves, "moves in latent space", ylim=(0, 1.05)),
    ]
    context.figure(
        plotting.curves(panels, columns=2, panel=(4.8, 3.4)),
        f"{name.replace(' ', '_').replace('ü', 'ue')}.png",
        f"{name}: exploration from one state. Shares of 0 are drawn at the lower end.",
    )


def what_the_network_buys(context: Context, results: Sequence[Explored]) -> None:
    """Energies until the states are found, and the steps of plain Metropolis."""
    rows = []
    for found in results:
        until = found.energies_until
        row = {
            "system": found.case.name,
            "found at iteration": ", ".join(f"{s} {i}" for s, i in found.first.items()),
            "energies until then": ", ".join(f"{s} {n:.3g}" for s, n in until.items()),
            "energies until all were": f"{max(until.values()):.3g}",
            "plain Metropolis, mean first passage": f"{found.needed:.3g}",
        }
        rows.append(row)
    title = "What the network buys: energies until a state is found, and plain Metropolis"
    context.table(title, rows)
