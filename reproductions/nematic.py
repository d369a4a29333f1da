"""Nematic liquid crystals from flows on spheres: Lebwohl and Lasher, Maier and Saupe.

Unit vectors that turn along their neighbours, u and -u being the same. One flow a lattice
generates them one after another, each along the field of those before it, and is walked from hot to
cold by energy alone. A chain and spins bound all with all have exact answers; three dimensions are
held against Monte Carlo, which also finds where the order of larger lattices sets in.
"""

from __future__ import annotations

from boltzmann_tf.estimators import extrapolate_peaks
from boltzmann_tf.reproduction import Context, main_for, reproduction
from boltzmann_tf.reproductions.nematics import figures, pictures, tables, targets
from boltzmann_tf.reproductions.nematics.generators import fixed
from boltzmann_tf.reproductions.nematics.measured import run_lattice
from boltzmann_tf.reproductions.nematics.plan import CHAIN, Plan
from boltzmann_tf.reproductions.nematics.simulations import peaks
from boltzmann_tf.systems import Nematic


@reproduction(
    "nematic", "Nematics: Lebwohl-Lasher and Maier-Saupe, from flows on spheres", minutes=2.5
)
def run(context: Context) -> None:
    """Trains the generators, simulates, and compares."""
    plan = Plan(context.preset)
    line = Nematic("chain", CHAIN)
    chain = run_lattice(context, f"chain of {CHAIN}", "", line, plan.chain, plan)
    complete = [
        run_lattice(
            context, f"all with all, N = {n}", f"N = {n}", Nematic("complete", n), walk, plan
        )
        for n, walk in plan.complete.items()
    ]
    cubic = [
        run_lattice(context, f"cubic, L = {n}", f"L = {n}", Nematic("cubic", n), walk, plan)
        for n, walk in plan.cubic.items()
    ]
    larger = peaks(context, plan.peaks)
    fit = extrapolate_peaks({n: curve.position for n, (_, curve) in larger.items()}, dimension=3)
    lattices = [chain, *complete, *cubic]

    context.log("figures")
    context.section("A chain")
    figures.chain(context, chain)
    tables.weights(context, f"Weights, chain of {CHAIN}", chain)
    context.section("All with all: towards Maier and Saupe")
    figures.complete(context, complete)
    figures.orientations(context, complete[-1])
    for found in complete:
        tables.weights(context, f"Weights, {found.kind}, T in units of U", found)
    context.section("Three dimensions")
    figures.cubic(context, cubic)
    for found in cubic:
        tables.weights(context, f"Weights, {found.kind}", found)
    tables.what_limits(context, cubic)
    tables.buys(context, lattices)
    figures.losses(context, lattices)
    pictures.show(context, cubic[-1])
    context.section("The transition of the infinite lattice")
    figures.transition(context, larger, fit)
    tables.peaks(context, larger, fit)
    tables.moves(context, lattices, larger)

    context.section("Numbers")
    targets.chain(context, chain)
    for found in complete:
        targets.complete(context, found)
    for found in cubic:
        targets.cubic(context, found)
    targets.transition(context, fit)
    targets.maier_saupe(context)
    largest = cubic[-1].trained
    context.save(
        fixed(largest),
        "generator",
        f"the generator, {cubic[-1].kind}, T = {largest.temperature:g}: its energy is H / T",
    )


if __name__ == "__main__":
    main_for("nematic")
