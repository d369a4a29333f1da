"""The two-dimensional Ising model from a continuous flow, against its exact solution.

A flow acts on real vectors, so it learns the Hubbard-Stratonovich field of the spins; given the
field the spins are independent and are drawn exactly, and the field's weights serve for them. So
log Z and every average of the *discrete* model follow without bias. The flow is continuous in time
and has all symmetries of the torus and of the flip. Everything is held against Kaufman's solution
of the finite torus (exact counts for L = 8), Onsager's of the infinite one, and Monte Carlo.
"""

from __future__ import annotations

from boltzmann_tf import sampling
from boltzmann_tf.reproduction import Context, main_for, reproduction
from boltzmann_tf.reproductions.ising_model import figures, generators, measured, tables, targets
from boltzmann_tf.reproductions.ising_model.plan import CRITICAL, FIELD, RANGE, SINGLE, Plan


@reproduction(
    "ising", "Ising model: exact free energies and Onsager's magnetization from a flow", minutes=4
)
def run(context: Context) -> None:
    """Trains the generators, draws spins, simulates, and compares."""
    plan = Plan(context.preset)
    on_spins = generators.train_on_spins(context, plan.ill_posed_steps)
    singles = generators.train_each(context, 8, plan.single, steps=plan.steps)
    family = generators.train(
        context, 8, RANGE, steps=plan.family_steps, cold_steps=plan.cold_steps
    )
    context.log("evaluation")
    alone = measured.measure(context, "one temperature", singles, plan.samples)
    three = measured.measure(
        context, "all temperatures", dict.fromkeys(SINGLE, family), plan.samples
    )
    others = {t: family for t in plan.temperatures if t not in three}
    curve = measured.measure(context, "curve", others, plan.curve_samples)
    everywhere = dict(sorted((three | curve).items()))
    averages = measured.averages(everywhere)
    histories = {"flow": singles[CRITICAL].history}
    at_critical = {"flow, T_c alone": alone[CRITICAL].spins}
    at_critical["flow, all temperatures"] = three[CRITICAL].spins
    fields = sampling.equilibrium_fields(FIELD, 20_000, seed=context.seed_of("fields at T_c"))
    gaussian = measured.measure_gaussian(context, fields)
    if plan.dense_steps:
        dense, histories["dense RealNVP"] = generators.train_dense(
            context, fields, plan.dense_steps
        )
        found = measured.measure_symmetrised(context, dense, plan.samples)
        at_critical["dense RealNVP, symmetrised"] = found
    sixteen = {}
    if plan.large_steps:
        large = generators.train_each(context, 16, SINGLE, steps=plan.large_steps, batch_size=128)
        sixteen = measured.measure(context, "L = 16", large, plan.samples // 3)
    context.log("Monte Carlo")
    lengths, n = (8, plan.simulated), plan.measurements
    simulated = measured.simulate(context, "Monte Carlo", lengths, everywhere, n)
    n = plan.critical_measurements
    critical = measured.simulate(context, "Monte Carlo at T_c", plan.critical, [CRITICAL], n)
    states = measured.wang_landau(context, "energy", plan.sweeps)
    profiles = {t: measured.wang_landau(context, "magnetization", plan.sweeps, t) for t in SINGLE}
    chains = measured.propose(context, three, plan.chain)

    context.log("figures")
    context.section("Why not a flow on spins")
    figures.ill_posed(context, on_spins)
    context.section("Training")
    both = {"one temperature": alone, "all temperatures": three | curve}
    figures.training(context, histories, both)
    tables.weights(context, at_critical)
    tables.buys(context, {"a Gaussian": gaussian, "flow, T_c alone": alone[CRITICAL].spins})
    tables.integration(context, both)
    context.section("Against the exact solution and Monte Carlo")
    tables.pooling(context, curve, averages)
    figures.thermodynamics(context, averages, simulated)
    figures.distributions(context, three, simulated[8])
    figures.pictures(context, three, simulated[8])
    tables.chains(context, chains)
    figures.wang_landau(context, states, profiles)

    context.section("Numbers")
    targets.log_z(context, 8, three | alone)
    targets.integration(context, 8, [*alone.values(), *three.values(), *curve.values()])
    targets.averages(context, {t: averages[t] for t in plan.temperatures})
    if sixteen:
        targets.integration(context, 16, sixteen.values())
        targets.log_z(context, 16, sixteen)
    targets.monte_carlo(context, critical)
    targets.wang_landau(context, states, profiles)
    finest = max((m.refined for m in everywhere.values()), key=lambda found: found.factor)
    context.save(finest.generator, "generator", "the trained generator of all temperatures")


if __name__ == "__main__":
    main_for("ising")
