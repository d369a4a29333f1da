"""The study of a cluster: Monte Carlo against what is known, then a generator beside it."""

from __future__ import annotations

from boltzmann_tf.reproduction import Context
from boltzmann_tf.reproductions.clusters import figures, tables, targets
from boltzmann_tf.reproductions.clusters.generators import generate
from boltzmann_tf.reproductions.clusters.plan import Plan
from boltzmann_tf.reproductions.clusters.simulations import anneal, simulate

ABOUT = """
The generator is a coupling flow over the orthonormal coordinates of the positions without their
mean. It numbers the particles and knows no rotation: it has to learn every order and every
direction of one cluster as if they were different ones. Its effective sample size, k-hat and
coverage are **reported and not judged**: flows that know these symmetries do far better. Where
particles are dense, what it generates is full of clashes; more training by energy would rather make
them fly apart than mend those.

For samples alone a generator does not pay here, whatever its architecture: Monte Carlo by single
particles, or Hamiltonian, makes more effective samples a second (the table is of one run, on a
machine that may do other work). What a generator adds are independent samples of a density that is
known, and so log Z.
"""


def reproduce(context: Context, plan: Plan) -> None:
    """Runs the study of one cluster."""
    context.log("Monte Carlo")
    reference = simulate(context, plan)
    context.log("log Z by annealing, without a network")
    walks, log_z = anneal(context, plan, reference)
    generated = generate(context, plan, reference)

    context.section("Monte Carlo")
    tables.chains(context, plan, reference)
    figures.energies(context, plan, reference, generated)
    figures.distances(context, plan, reference, generated)
    context.section("The generator")
    context.text(ABOUT)
    figures.training(context, generated)
    tables.weights(context, plan, reference, generated)
    tables.log_z(context, plan, walks, log_z, generated)
    context.section("Numbers")
    targets.quantities(context, plan, reference, log_z)
    targets.agreement(context, plan, reference)
    context.save(generated.generator, "generator", "the trained generator")
