"""Nematic liquid crystals from flows on spheres: Lebwohl and Lasher, Maier and Saupe.

Unit vectors that turn along their neighbours, u and -u being the same. One flow a lattice
generates them one after another, each along the field of those before it, and is walked from hot to
cold by energy alone. A chain and spins bound all with all have exact answers; three dimensions are
held against Monte Carlo, which also finds where the order of larger lattices sets in.
"""

from __future__ import annotations

from boltzmann_tf.estimators import extrapolate_peaks
from boltzmann_tf.reproduction import Context, main_for, reproduction
from boltzmann_tf.reproductions.nematics import figures, numbers, pictures, tables
from boltzmann_tf.reproductions.nematics.generators import fixed
from boltzmann_tf.reproductions.nematics.plan import CHAIN, PLANS
from boltzmann_tf.reproductions.nematics.runs import run_lattice
from boltzmann_tf.reproductions.nematics.simulations import peaks
from boltzmann_tf.systems import Nematic


@reproduction("nematic", "Nematics: Lebwohl-Lasher and Maier-Saupe, from flows on spheres")
def run(context: Context) -> None:
    """Trains the generators, simulates, and compares."""
    plan, seed = PLANS[context.preset], context.seed
    wide = 2.0 if context.quick else 1.0
    chain = run_lattice(context, Nematic("chain", CHAIN), plan.chain, plan, seed=seed)
    complete = {
        n: run_lattice(context, Nematic("complete", n), walk, plan, seed=seed + 100)
        for n, walk in plan.complete.items()
    }
    cubic = {
        n: run_lattice(context, Nematic("cubic", n), walk, plan, seed=seed + 200)
        for n, walk in plan.cubic.items()
    }
    larger = peaks(context, plan.peaks, seed=seed + 300)
    tops = {n: curve.position for n, (_, curve) in larger.items()}
    line = extrapolate_peaks(tops, dimension=3)

    context.log("figures")
    context.section("A chain")
    figures.show_chain(context, chain)
    tables.weights_table(context, f"Weights, chain of {CHAIN}", chain.measured)
    context.section("All with all: towards Maier and Saupe")
    figures.show_complete(context, complete)
    figures.show_orientations(context, complete)
    for n, found in complete.items():
        tables.weights_table(context, f"Weights, N = {n}, T in units of U", found.measured)
    context.section("Three dimensions")
    figures.show_cubic(context, cubic)
    for n, found in cubic.items():
        tables.weights_table(context, f"Weights, L = {n}", found.measured)
    pictures.explain_weights(context, cubic)
    measured = {f"chain of {CHAIN}": chain.measured}
    measured |= {f"all with all, N = {n}": found.measured for n, found in complete.items()}
    measured |= {f"cubic, L = {n}": found.measured for n, found in cubic.items()}
    tables.buys(context, measured)
    trained = {f"chain of {CHAIN}": chain.trained}
    trained |= {f"all with all, N = {n}": found.trained for n, found in complete.items()}
    trained |= {f"cubic, L = {n}": found.trained for n, found in cubic.items()}
    pictures.show_losses(context, trained)
    pictures.show_pictures(context, cubic)
    context.section("The transition of the infinite lattice")
    figures.show_transition(context, larger, line)
    lattices = {f"chain of {CHAIN}": chain.simulated}
    lattices |= {f"all with all, N = {n}": found.simulated for n, found in complete.items()}
    lattices |= {f"cubic, L = {n}": found.simulated for n, found in cubic.items()}
    lattices |= {f"cubic, L = {n}, about its peak": found for n, (found, _) in larger.items()}
    tables.moves_table(context, lattices)

    context.section("Numbers")
    numbers.add_chain(context, chain.measured, wide)
    for found in complete.values():
        numbers.add_complete(context, found.measured, found.simulated, wide)
    for found in cubic.values():
        numbers.add_cubic(context, found.measured, found.simulated, wide)
    numbers.add_transition(context, line, wide)
    numbers.add_maier_saupe(context)
    largest = cubic[max(cubic)].trained
    fixed(largest).save(context.directory / "generator")
    context.artifact(
        "generator",
        f"the generator, L = {max(cubic)}, T = {largest.temperature:g}: its energy is H / T",
    )


if __name__ == "__main__":
    main_for("nematic")
