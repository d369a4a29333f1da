"""The two-dimensional Ising model from a continuous flow, against its exact solution.

A flow acts on real vectors, so it learns the Hubbard-Stratonovich field of the spins; given the
field the spins are independent and are drawn exactly, and the field's weights serve for them. So
log Z and every average of the *discrete* model follow without bias. The flow is continuous in time
and has all symmetries of the torus and of the flip. Everything is held against Kaufman's solution
of the finite torus (exact counts for L = 8), Onsager's of the infinite one, and Monte Carlo.
"""

from __future__ import annotations

from boltzmann_tf.reproduction import Context, main_for, reproduction
from boltzmann_tf.reproductions.ising_model import figures, numbers, training_figures
from boltzmann_tf.reproductions.ising_model.generators import train, train_dense, train_each
from boltzmann_tf.reproductions.ising_model.measured import (
    measure_each,
    measure_symmetrised,
    pooled,
)
from boltzmann_tf.reproductions.ising_model.plan import CRITICAL, PLANS, RANGE, SINGLE, name_of
from boltzmann_tf.reproductions.ising_model.simulations import simulate


@reproduction("ising", "Ising model: exact free energies and Onsager's magnetization from a flow")
def run(context: Context) -> None:
    """Trains the generators, draws spins, and compares."""
    plan, seed = PLANS[context.preset], context.seed
    context.section("Why not a flow on spins")
    training_figures.show_ill_posed(context, plan.ill_posed_steps)
    singles = train_each(context, 8, plan.single, iterations=plan.steps, seed=seed)
    family = train(context, 8, RANGE, iterations=plan.family_steps, seed=seed)
    context.log("evaluation")
    measured = measure_each(context, singles, plan.samples, seed + 1)
    three = measure_each(context, dict.fromkeys(SINGLE, family), plan.samples, seed + 2)
    by_family = dict.fromkeys(plan.temperatures, family)
    curve = measure_each(context, by_family, plan.curve_samples, seed + 3)

    context.section("Training")
    histories = {"flow": singles[CRITICAL].history}
    at_critical = {
        "flow, T_c alone": measured[CRITICAL],
        "flow, all temperatures": three[CRITICAL],
    }
    if plan.dense_steps:
        dense = train_dense(context, 8, CRITICAL, iterations=plan.dense_steps, seed=seed)
        histories["dense RealNVP"] = dense.history
        at_critical["dense RealNVP, symmetrised"] = measure_symmetrised(
            context, dense, CRITICAL, plan.samples, seed + 4
        )
    found = {"one temperature": measured, "all temperatures": three | curve}
    training_figures.show_training(context, singles[CRITICAL].system, histories, found)
    training_figures.weights_table(context, at_critical)
    own = {name: m for name, m in at_critical.items() if name == "flow, T_c alone"}
    training_figures.buys(context, singles[CRITICAL].system, own)
    training_figures.integrator_table(context, found)

    context.log("Monte Carlo and figures")
    context.section("Against the exact solution and Monte Carlo")
    everywhere = pooled(dict(sorted((three | curve).items())))
    training_figures.pooling_table(context, curve, everywhere)
    monte_carlo = {
        length: simulate(context, length, list(everywhere), plan.measurements)
        for length in (8, plan.simulated)
    }
    figures.show_thermodynamics(context, everywhere, monte_carlo)
    chains = simulate(context, 8, SINGLE, plan.measurements)["chains"]
    names = [name_of(t) for t in SINGLE]
    figures.show_distributions(context, [three[t] for t in SINGLE], chains, names)
    figures.show_pictures(context, [three[t] for t in SINGLE], chains, names)
    context.log("independence chains")
    numbers.chain_table(context, family, plan.chain)

    context.section("Numbers")
    wide = 2.0 if context.quick else 1.0
    numbers.add_log_z(context, 8, three | measured, 1e-4 * wide)
    numbers.add_accuracy(context, 8, [*measured.values(), *three.values(), *curve.values()])
    numbers.add_averages(context, {t: everywhere[t] for t in plan.temperatures})
    if plan.large_steps:
        options = {"iterations": plan.large_steps, "batch_size": 128, "seed": seed}
        context.log("L = 16")
        large = train_each(context, 16, SINGLE, **options)
        sixteen = measure_each(context, large, plan.samples // 3, seed + 5)
        numbers.add_accuracy(context, 16, sixteen.values())
        numbers.add_log_z(context, 16, sixteen, 2e-4)
    context.log("Monte Carlo at T_c, Wang-Landau")
    numbers.add_monte_carlo(context, plan.critical, plan.critical_measurements)
    numbers.add_wang_landau(context, plan.sweeps)
    finest = max(m.accuracy.factor for m in (three | curve).values() if m.accuracy)
    family.finer(finest).save(context.directory / "generator")
    context.artifact("generator", "the trained generator of all temperatures")


if __name__ == "__main__":
    main_for("ising")
