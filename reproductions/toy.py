"""A spring in a box: the system whose map to a Gaussian is known in closed form.

H = k (x2 - x1)^2 for 0 <= x1 <= L, infinite otherwise; here k = 1, L = 4, T = 1. It was written
with z2 = sqrt(2k) |x2 - x1|, which is two-to-one: its image is half-normal and it has no inverse.
The invertible map is z1 = Phi^-1(x1 / L), z2 = sqrt(2k) (x2 - x1). It is the Knothe-Rosenblatt map
of the density, hence the unique optimum of a *triangular* flow (z1 from x1 alone, z2 increasing in
x2 given x1). A generic flow's optimum is unique only up to maps that preserve the Gaussian, so
only the triangular flow (c) can be compared with it point by point.
"""

from __future__ import annotations

from boltzmann_tf.baseline import gaussian_baseline
from boltzmann_tf.reproduction import Context, main_for, reproduction
from boltzmann_tf.reproductions.spring_in_box import figures, targets
from boltzmann_tf.reproductions.spring_in_box.generators import EXACT, SYSTEM, Plan, data, train

SAMPLES = 100_000  # that weights are of


@reproduction("toy", "Spring in a box: learned maps against the closed form", minutes=1.5)
def run(context: Context) -> None:
    """Trains (a), (b) and (c) and compares each with the closed form."""
    trained = train(context, Plan(context.preset))
    a, b, c, longer, infinite, steep, *usual = trained.values()
    kinds = [a, b, c]
    weights = [
        b.use(member).sample(SAMPLES, seed=context.seed_of(f"{b.name}: samples", i)).log_weight
        for i, member in enumerate(b.members)
    ]
    fitted, seed = data(context.seed_of("a Gaussian: data")), context.seed_of("a Gaussian: samples")
    gaussian = gaussian_baseline(SYSTEM, fitted, SAMPLES, seed=seed).log_weight

    runs = {infinite.name: infinite, steep.name: steep, "(a) cured": a, b.name: longer}
    figures.failure(context, {name: kind.members[0] for name, kind in runs.items()})
    context.section("Maps, losses and densities")
    first = {kind.name: kind.use(kind.members[0]) for kind in kinds}
    figures.clouds(context, first)
    figures.losses(context, kinds)
    figures.transform(context, first[c.name])
    figures.marginals(context, first)
    context.buys_table(
        f"a Gaussian fitted to the data; exact log Z {EXACT.log_z(1.0):.4f}",
        [({"proposal": "a Gaussian"}, gaussian), ({"proposal": b.name}, weights[0])],
    )
    context.save(first[b.name], "generator", "the trained generator (b)")

    context.section("Numbers")
    targets.maps(context, kinds, weights)
    targets.stability(context, a, kinds + usual)


if __name__ == "__main__":
    main_for("toy")
