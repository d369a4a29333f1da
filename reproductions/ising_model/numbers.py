"""The numbers of `ising`, each held against the exact solution."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from boltzmann_tf import estimators, exact, sampling
from boltzmann_tf.reproduction import Context, Diagnostic, Metric, diagnose
from boltzmann_tf.reproductions.ising_model import figures
from boltzmann_tf.reproductions.ising_model.generators import ACCURACY, Trained
from boltzmann_tf.reproductions.ising_model.measured import Measured
from boltzmann_tf.reproductions.ising_model.plan import CRITICAL, SINGLE, name_of
from boltzmann_tf.reproductions.ising_model.simulations import simulate
from boltzmann_tf.sampling import spins as lattice

__all__ = [
    "add_accuracy",
    "add_averages",
    "add_log_z",
    "add_monte_carlo",
    "add_wang_landau",
    "chain_table",
]

SOURCE = "Kaufman's finite torus and exact counts, boltzmann_tf.exact.IsingTorus"
TARGET = "a target set before any run; quick: twice as wide"


def add_log_z(
    context: Context, length: int, measured: dict[float, Measured], relative: float
) -> None:
    """log Z of the spins at each temperature, and the weights' effective size at T_c."""
    torus = exact.IsingTorus(length)
    for t, found in measured.items():
        reference = torus.log_z(t)
        value, error = found.log_z
        label = f"L = {length}, {name_of(t)}: log Z"
        context.add(
            Metric.close(
                label,
                value,
                reference,
                relative * abs(reference),
                standard_error=error,
                source=SOURCE,
                justification=f"{relative:g} of log Z, {TARGET}",
            ),
            headline=t == CRITICAL,
        )
        context.add(
            Metric.within_errors(
                f"{label} within three stated errors",
                value,
                error,
                reference,
                source=SOURCE,
                justification="three standard errors",
            )
        )
    if CRITICAL in measured:
        wide = 2.0 if context.quick else 1.0
        found = measured[CRITICAL]
        least = 0.40 if length == 8 else 0.10
        context.add(
            Metric.at_least(
                f"L = {length}, T_c: ESS fraction", found.ess, least / wide, justification=TARGET
            ),
            headline=True,
        )
        context.add(
            Metric.at_most(
                f"L = {length}, T_c: stated error of log Z",
                found.log_z.standard_error,
                0.02 * wide,
                justification=TARGET,
            )
        )


def add_accuracy(context: Context, length: int, found: Iterable[Measured]) -> None:
    """Whether the integration of every flow has converged, without which log Z means nothing."""
    changes = [abs(m.accuracy.log_z) for m in found if m.accuracy is not None]
    context.add(
        Metric.at_most(
            f"L = {length}: largest change of log Z when the step is halved",
            max(changes),
            ACCURACY,
            justification="below the stated errors; evaluation refines the step until it is",
        )
    )


def add_averages(context: Context, measured: dict[float, Measured]) -> None:
    """<|m|>, <E> and C of the family at each temperature."""
    wide = 2.0 if context.quick else 1.0
    torus = exact.IsingTorus(8)
    sites = torus.sites
    quantities = {
        "<|m|>": torus.mean_abs_magnetization,
        "<E>/N": lambda t: torus.energy(t) / sites,
        "C/N": lambda t: torus.heat_capacity(t) / sites,
    }
    for k, (label, reference) in enumerate(quantities.items()):
        scores, relative = [], []
        for t, found in measured.items():
            value, error = found.averages.value[k], found.averages.standard_error[k]
            scores.append((value - reference(t)) / error)
            relative.append(error / abs(value))
        context.add(
            Metric.at_most(
                f"{label} at {len(measured)} temperatures: largest |deviation| in stated errors",
                float(np.max(np.abs(scores))),
                3.0,
                source=SOURCE,
                justification="three standard errors at each, a target set before any run",
            )
        )
        context.add(
            Metric.at_most(
                f"{label} at {len(measured)} temperatures: largest stated relative error",
                float(np.max(relative)),
                0.01 * wide,
                justification=TARGET,
            )
        )


def chain_table(context: Context, trained: Trained, n: int) -> None:
    """The generator as the proposal of an independence Metropolis chain."""
    rows = []
    for t in SINGLE:
        condition = [t] if trained.system.condition_size else None
        proposal = trained.finer(trained.accuracy(t).factor)
        chain = sampling.independence_chain(proposal, n, seed=context.seed, condition=condition)
        known = t if trained.system.condition_size else None
        spins = trained.system.draw_spins(chain.x, temperature=known, seed=context.seed)
        m = np.abs(spins.mean(axis=(1, 2), dtype=np.float64))[None]
        energy = lattice.lattice_energies(spins)[None]
        rows.append(
            {
                "T": name_of(t),
                "acceptance": f"{chain.acceptance:.3f}",
                "autocorrelation time of |m| (steps)": _time(m),
                "of E": _time(energy),
                "<|m|>": f"{estimators.mean_with_error(m).value:.4f}",
                "exact": f"{exact.IsingTorus(8).mean_abs_magnetization(t):.4f}",
            }
        )
    context.count_energy_evaluations(3 * n)
    context.table("The generator as proposal of a Metropolis chain, L = 8", rows)


def _time(chain: np.ndarray) -> Diagnostic:
    """Autocorrelation time of one chain, `[1, n]`."""
    tau = float(estimators.autocorrelation_time(chain))
    return diagnose("autocorrelation time", tau, n=chain.size)


def add_monte_carlo(context: Context, lengths: tuple[int, ...], n: int) -> None:
    """Cluster Monte Carlo at T_c against Kaufman."""
    for length in lengths:
        found = simulate(context, length, [CRITICAL], n)["E"][0]
        reference = exact.IsingTorus(length).energy(CRITICAL) / length**2
        context.add(
            Metric.within_errors(
                f"Swendsen-Wang, L = {length}, T_c: energy a site",
                found.value,
                found.standard_error,
                reference,
                source=SOURCE,
                justification="three standard errors",
            )
        )
        context.add(
            Metric.at_most(
                f"Swendsen-Wang, L = {length}, T_c: stated relative error of the energy",
                found.standard_error / abs(found.value),
                1e-3 * (2 if context.quick else 1),
                justification=TARGET,
            )
        )


def add_wang_landau(context: Context, sweeps: int) -> None:
    """The density of states and F(M) of the 8 x 8 lattice by Wang-Landau."""
    wide = 2.0 if context.quick else 1.0
    torus = exact.IsingTorus(8)
    state = lattice.wang_landau_state("energy", 8, n_walkers=4, seed=context.seed)
    state, _ = lattice.wang_landau_sweeps(state, sweeps)
    energies, (log_g, _) = state.levels, state.log_density()
    known, counts = torus.density_of_states()
    reference = np.log(counts.astype(np.float64))
    relative = log_g / reference - 1
    context.add(
        Metric.at_most(
            "Wang-Landau, 8 x 8: RMS relative error of ln g(E)",
            float(np.sqrt(np.mean(relative**2))),
            1e-3 * wide,
            source=SOURCE,
            justification=TARGET,
        )
    )
    profiles = {}
    for t in SINGLE:
        walk = lattice.wang_landau_state(
            "magnetization", 8, n_walkers=4, temperature=t, seed=context.seed + 1
        )
        walk, _ = lattice.wang_landau_sweeps(walk, sweeps)
        log_p, error = walk.log_density()
        profile = torus.magnetization_free_energy(t)[1]
        profiles[name_of(t)] = (walk.levels, -log_p, error, profile)
        context.add(
            Metric.at_most(
                f"Wang-Landau, 8 x 8, {name_of(t)}: RMS error of F(M) (kT)",
                float(np.sqrt(np.mean((-log_p - profile) ** 2))),
                0.05 * wide,
                source=SOURCE,
                justification="our own target; quick: twice as wide",
            )
        )
    figures.show_free_energies(context, profiles, (energies, log_g, known, reference))
