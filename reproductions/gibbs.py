"""The Gibbs ensemble: two boxes that share particles and volume, and so hold coexisting phases.

p(N1, V1, s1, s2) ~ V1^N1 V2^N2 / (N1! N2!) exp(-(U1 + U2) / T) at fixed N = N1 + N2 and
V = V1 + V2, by Monte Carlo (displacements, volume moves, transfers) and by generators. The boxes
know of each other by N and V alone, so that one conditional generator of a box, used for both in
parallel, gives Q(n, v), and what is summed over N1 and V1 is summed exactly.
"""

from __future__ import annotations

from boltzmann_tf.reproduction import Context, main_for, reproduction
from boltzmann_tf.reproductions.gibbs_ensemble import figures, lines, plane, space, tables, targets
from boltzmann_tf.reproductions.gibbs_ensemble.plan import (
    NEIGHBOUR_TEMPERATURES,
    Plan,
)


@reproduction(
    "gibbs", "The Gibbs ensemble: two coupled boxes, by Monte Carlo and by generators", minutes=4
)
def run(context: Context) -> None:
    """Fluids on a line, in the plane and in space."""
    plan = Plan(context.preset)
    free = lines.free(context, plan)
    kac = {(n, t): lines.kac(context, t, n, plan) for n in plan.kac for t in plan.ratios}
    wells = lines.wells(context, plan)
    learned = [lines.learned(context, n, plan) for n in plan.neighbours]
    neighbours = {
        n: list(each.values())[-1] for n, each in zip(plan.neighbours, learned, strict=True)
    }
    tempered = lines.tempered(context, NEIGHBOUR_TEMPERATURES, plan)
    flat = plane.run(context, plan)
    judged = [space.run(context, each, space.FULL) for each in plan.space]
    others = [space.run(context, each, space.FULL) for each in plan.drawn_only]
    shifted = [space.run(context, each, space.SHIFTED) for each in plan.shifted]
    every = sorted([*judged, *others], key=lambda run: run.temperature)
    critical = space.critical(every)

    context.log("figures")
    context.section("On a line: everything is known")
    figures.numbers(context, [*free, wells, *neighbours.values()])
    figures.volumes(context, free)
    figures.kac(context, kac)
    tables.exact(context, [*free, *kac.values()])
    tables.weights(context, [wells, *neighbours.values(), *tempered.values()])
    tables.learned(context, learned)
    context.section("In the plane")
    figures.plane(context, flat)
    tables.plane(context, flat)
    figures.boxes(context, flat, every)
    context.section("In space")
    figures.space(context, every, shifted, critical)
    tables.space(context, [*every, *shifted])

    context.section("Numbers")
    targets.free(context, free)
    targets.kac(context, kac)
    targets.wells(context, wells)
    targets.neighbours(context, neighbours)
    targets.tempered(context, tempered)
    targets.plane(context, flat)
    targets.space(context, judged)
    targets.shifted(context, shifted)
    targets.critical(context, critical)
    context.save(flat.generator, "generator", "the generator of a box in the plane")


if __name__ == "__main__":
    main_for("gibbs")
