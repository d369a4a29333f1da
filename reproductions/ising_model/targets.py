"""What `ising` is judged by: the exact solution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from boltzmann_tf import exact
from boltzmann_tf.reproduction import Context, Series, Targets
from boltzmann_tf.reproduction.targets import TARGET
from boltzmann_tf.reproductions.ising_model.measured import ByT, Chains, Measured
from boltzmann_tf.reproductions.ising_model.plan import CRITICAL, TORUS, name_of
from boltzmann_tf.sampling import FieldAverages, WangLandauState

SOURCE = "Kaufman's finite torus and exact counts, boltzmann_tf.exact.IsingTorus"
RELATIVE_ERROR = {8: 1e-4, 16: 2e-4}  # of log Z, by L
LEAST = {8: 0.4, 16: 0.1}  # effective fraction at T_c, by L


def log_z(context: Context, length: int, measured: ByT) -> None:
    """log Z of the spins at each temperature, and the weights' effective size at T_c."""
    relative = RELATIVE_ERROR[length]
    for t, m in measured.items():
        known = exact.IsingTorus(length).log_z(t)
        targets = Targets(context, f"L = {length}, {name_of(t)}", SOURCE)
        targets.of(why=f"{relative:g} of log Z, {TARGET}").close(
            "log Z", m.spins.log_z, known, relative * abs(known), headline=t == CRITICAL
        )
        targets.within_errors("log Z within three stated errors", m.spins.log_z, known)
    if CRITICAL in measured:
        spins, targets = measured[CRITICAL].spins, Targets(context, f"L = {length}, T_c")
        targets.at_least("ESS fraction", spins.ess, LEAST[length], headline=True)
        targets.at_most("stated error of log Z", spins.log_z.standard_error, 0.02)


def integration(context: Context, length: int, measured: Iterable[Measured]) -> None:
    """Whether the integration of every flow has converged, without which log Z means nothing."""
    why = "below the stated errors; evaluation refines the step until it is"
    Targets(context, f"L = {length}", why=why).at_most(
        "largest change of log Z when the step is halved",
        np.max(np.abs([m.refined.log_z for m in measured])),  # where `max` would lose a NaN
        1e-3,
        widened=False,
    )


def averages(context: Context, measured: Mapping[float, FieldAverages]) -> None:
    """<|m|>, <E> and C of the generator for all temperatures at each of them."""
    for name, of, known in (
        ("<|m|>", "abs_magnetization", TORUS.mean_abs_magnetization),
        ("<E>/N", "energy", TORUS.energy_per_site),
        ("C/N", "heat_capacity", TORUS.heat_capacity_per_site),
    ):
        found = Series.over("generator", measured, of)
        targets = Targets(context, f"{name} at {len(measured)} temperatures")
        targets.agree("largest |deviation| in stated errors", found, known, source=SOURCE)
        targets.stated("largest stated relative error", found, 0.01, relative=True)


def monte_carlo(context: Context, simulated: Mapping[int, Chains]) -> None:
    """The energy by cluster Monte Carlo at T_c, by L."""
    for length, chains in simulated.items():
        energy = chains[CRITICAL].summary().energy
        known = exact.IsingTorus(length).energy_per_site(CRITICAL)
        targets = Targets(context, f"Swendsen-Wang, L = {length}, T_c")
        targets.within_errors("energy a site", energy, known, source=SOURCE)
        relative = energy.standard_error / abs(energy.value)
        targets.at_most("stated relative error of the energy", relative, 1e-3)


def wang_landau(
    context: Context, states: WangLandauState, profiles: Mapping[float, WangLandauState]
) -> None:
    """The density of states and F(M) at each temperature by Wang-Landau."""
    targets = Targets(context, "Wang-Landau, 8 x 8", SOURCE)
    known = np.log(TORUS.density_of_states()[1].astype(np.float64))
    relative = states.log_density().value / known - 1
    targets.at_most("RMS relative error of ln g(E)", np.sqrt(np.mean(relative**2)), 1e-3)
    for t, walk in profiles.items():
        error = -walk.log_density().value - TORUS.magnetization_free_energy(t)[1]
        targets.of(f"Wang-Landau, 8 x 8, {name_of(t)}", why="our own target").at_most(
            "RMS error of F(M) (kT)", np.sqrt(np.mean(error**2)), 0.05
        )
