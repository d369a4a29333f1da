"""Pictures of configurations, and what limits the weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from boltzmann_tf import estimators, plotting, sampling
from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.nematics.generators import Trained
from boltzmann_tf.reproductions.nematics.measured import in_director_frame
from boltzmann_tf.reproductions.nematics.runs import Run
from boltzmann_tf.systems import Nematic

__all__ = ["explain_weights", "show_losses", "show_pictures"]

SMOOTH = 10  # steps of training that one point of a figure is the mean of
SIDE = 12  # of the larger lattice
EACH = 2  # pictures a temperature


def show_pictures(context: Context, cubic: Mapping[int, Run]) -> None:
    """Planes of ordered and disordered lattices: the largest generated, and a larger one."""
    length = max(cubic)
    measured = cubic[length].measured
    temperatures = [min(measured), max(measured)]
    rng = np.random.default_rng(context.seed)
    generated, simulated, titles = [], [], []
    for t in temperatures:
        weight = estimators.normalized_weights(measured[t].log_weight)
        generated += [
            _plane(measured[t].vectors[i], length) for i in rng.choice(len(weight), EACH, p=weight)
        ]
        system = Nematic("cubic", SIDE)
        start = "aligned" if t < 1.1 else "disordered"
        state = sampling.vector_state(system, EACH, start=start, seed=context.seed)
        state, _ = sampling.vector_sweeps(state, 500, system=system, temperature=t)
        context.count_energy_evaluations(500 * EACH)
        simulated += [_plane(u, SIDE) for u in state.vectors]
        titles += [f"T = {t:g}"] * EACH
    rows = {f"generator, L = {length}": generated, f"Monte Carlo, L = {SIDE}": simulated}
    context.figure(
        plotting.rod_pictures(rows, titles),
        "pictures.png",
        "Planes of lattices below and above the transition, with the director upright: above from "
        "the generator (drawn in proportion to the weights), below a larger lattice by Monte "
        "Carlo. Colour: alignment with the director of the whole lattice.",
    )


def _plane(vectors: np.ndarray, length: int) -> np.ndarray:
    """The first layer in the frame of the director, `[L, L, 3]`."""
    return in_director_frame(vectors).reshape(length, length, length, 3)[0]


def explain_weights(context: Context, cubic: Mapping[int, Run]) -> None:
    """The spread of log-weights, in all and over sqrt(N), beside the smallest effective sample."""
    rows = []
    for length, run in cubic.items():
        each = {t: float(np.std(m.log_weight)) for t, m in run.measured.items()}
        worst = max(each, key=lambda t: each[t])
        rows.append(
            {
                "L": f"{length}",
                "vectors": f"{length**3}",
                "largest SD of log w": f"{each[worst]:.2f}",
                "at T": f"{worst:g}",
                "SD / sqrt(N)": f"{each[worst] / length**1.5:.3f}",
                "smallest ESS": f"{min(m.ess for m in run.measured.values()):.3f}",
            }
        )
    context.table("What limits the effective sample size", rows)
    context.text(
        "The log-weight is a sum of what each vector's density is off, given the vectors before "
        "it: the true conditional density of a vector has integrated out all vectors after it, "
        "with the directions of the earlier ones seen in their whole pattern, and the flow knows "
        "of them one tensor. These errors add, so the variance of log w grows with the number of "
        "vectors (it would be N times a constant if they were independent and alike), and the "
        "effective fraction falls as exp(-variance) where it is large."
    )


def show_losses(context: Context, trained: Mapping[str, Trained]) -> None:
    """J_KL of each flow on its walk: a step down at each temperature, as it is H / T that counts.

    Args:
      context: of the report.
      trained: name of the lattice -> its flow, at the end of its walk.
    """
    series = {}
    for name, flow in trained.items():
        every = np.concatenate(list(flow.losses.values())) / flow.angles.nematic.sites
        mean = every[: len(every) // SMOOTH * SMOOTH].reshape(-1, SMOOTH).mean(axis=1)
        series[name] = {"x": SMOOTH * (np.arange(len(mean)) + 0.5), "y": mean}
    panel = {"labels": ("step", "J_KL a vector (kT)"), "title": "training", "series": series}
    context.figure(
        plotting.curves([panel], panel=(7.0, 4.0)),
        "losses.png",
        "J_KL a vector, without its constant, from the hottest temperature to the coldest: each "
        "step down is a change of temperature.",
    )
