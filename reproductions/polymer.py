"""Chains of beads: ideal, self-avoiding, collapsed; grown bond by bond, and by Monte Carlo.

A generator places each bead given those before it: the length of a bond by its own law, which is
all of an ideal chain, and its direction where other beads leave room. Monte Carlo moves beads,
turns parts of the chain and lets it creep. Of ideal chains everything is known in closed form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from boltzmann_tf import BoltzmannGenerator, estimators, potentials
from boltzmann_tf.estimators import SizeExponent
from boltzmann_tf.reproduction import Context, main_for, reproduction
from boltzmann_tf.reproductions.polymers import chains, figures, plan, solvent, tables, targets
from boltzmann_tf.reproductions.polymers.chains import Grown, Simulated
from boltzmann_tf.reproductions.polymers.compared import Compared, compare, simulated, tempered
from boltzmann_tf.reproductions.polymers.plan import Effort, Plan
from boltzmann_tf.systems import Polymer

SHORT = 128  # beads, up to which growth is fitted with one correction, too


@reproduction(
    "polymer", "Polymers: chains of beads, ideal, self-avoiding and collapsed", minutes=2.5
)
def run(context: Context) -> None:
    """Chains by Monte Carlo and by generators, and what is exact of them."""
    own = Plan(context.preset)
    free = [simulated(context, f"ideal, N = {n}", plan.ideal(n), own) for n in (10, 20)]
    freely = [
        chains.grow(context, f"ideal, N = {len(r.system.chain)}", _plain(r.system), own.drawn)
        for r in free
    ]
    folded = plan.ideal(10, box=potentials.Periodic(plan.PERIODIC))
    wrapped = chains.simulate(
        context, "ideal, folded", folded, own.wrapped_rounds, replicas=own.replicas
    )
    three = chains.grow(context, "trimer", _plain(plan.collapsed(3)), own.drawn)
    pairs: dict[str, Compared] = {}
    efforts: dict[str, Effort] = {}
    for what, make, every in (
        (targets.COLLAPSED, plan.collapsed, own.poor),
        (targets.SELF_AVOIDING, plan.avoiding, own.good),
    ):
        for n, effort in every.items():
            name = f"{what}, N = {n}"
            efforts[name] = effort
            pairs[name] = compare(context, name, make(n), effort, own)
    runs = {name: one.run for name, one in pairs.items()}
    grown = {name: one.grown for name, one in pairs.items()}
    hot, at = tempered(context, own)
    wet = solvent.run(context, own) if own.solvent_rounds else None
    good = _long(context, targets.SELF_AVOIDING, plan.avoiding, own.lengths, own)
    poor = _long(context, targets.COLLAPSED, plan.collapsed, own.poor_lengths, own)
    fits = {targets.SELF_AVOIDING: _exponent(good), targets.COLLAPSED: _exponent(poor)}
    if not context.quick:
        short = {n: run for n, run in good.items() if n <= SHORT}
        fits[f"{targets.SELF_AVOIDING}, N <= {SHORT}, one correction"] = _exponent(short)
        fits[targets.SELF_AVOIDING] = _exponent(good, plan.LAW)

    context.log("figures")
    context.section("Ideal chains: everything is known")
    figures.ends(context, free, freely)
    tables.weights(context, "Generators that need no training", [*freely, three])
    context.section("Chains whose beads attract or repel each other")
    figures.profiles(context, runs, grown)
    figures.bonds(context, {name: one.seen for name, one in pairs.items()}, grown)
    figures.pictures(context, _pictures(context, grown))
    tables.sizes(context, pairs)
    tables.weights(context, "Weights of generators", grown.values())
    tables.what_limits(context, grown)
    annealed = {name: one for name, one in pairs.items() if one.begun}
    if annealed:
        figures.annealing(context, annealed)
    for name, one in annealed.items():
        tables.walks(context, f"Annealing, {name}", [*one.ideal_chain, *one.begun])
    figures.heat(context, hot, at)
    if wet is not None:
        context.section("A chain in a solvent")
        figures.solvent(context, wet)
        tables.walks(context, "Annealing of a chain in a solvent", [*wet.plain, *wet.begun])
        tables.weights(context, "The generator of the soft fluid", [wet.generator])
        tables.solvent(context, wet)
    context.section("How chains grow")
    figures.growth(context, {targets.SELF_AVOIDING: good, targets.COLLAPSED: poor}, fits)
    tables.exponents(context, fits)
    tables.chains(context, runs | {f"long chains, N = {n}": r for n, r in good.items()})

    context.section("Numbers")
    for r, drawn in zip(free, freely, strict=True):
        targets.ideal(context, r, drawn)
    targets.wrapped(context, wrapped)
    targets.trimer(context, three)
    for name, one in pairs.items():
        targets.compared(context, name, one, efforts[name])
    targets.tempered(context, hot, at)
    targets.solvated(context, wet)
    targets.exponent(context, fits)
    longest = f"collapsed, N = {max(own.poor)}"
    context.save(grown[longest].generator, "generator", f"the generator of {longest}")


def _long(
    context: Context,
    what: str,
    make: Callable[[int], Polymer],
    lengths: Mapping[int, int],
    own: Plan,
) -> dict[int, Simulated]:
    """Runs of chains of several lengths."""
    return {
        n: chains.simulate(
            context,
            f"long chains, {what}, N = {n}",
            make(n),
            round(1000 * moves / min(n, own.look)),
            replicas=own.replicas,
            n_moves=min(n, own.look),
        )
        for n, moves in lengths.items()
    }


def _exponent(
    runs: Mapping[int, Simulated], deltas: Sequence[float] = plan.LAW[:1]
) -> SizeExponent:
    sizes = [tuple(run.mean("end_to_end_squared")) for run in runs.values()]
    return estimators.size_exponent(list(runs), sizes, deltas=deltas)


def _plain(system: Polymer) -> BoltzmannGenerator:
    return chains.generator_of(system, seed=0)


def _pictures(context: Context, grown: dict[str, Grown]) -> dict[str, np.ndarray]:
    rng, rows = np.random.default_rng(context.seed_of("pictures")), {}
    for name, own in grown.items():
        weight = own.samples.log_weight
        best = np.argsort(-weight)[: len(weight) // 2]
        chosen = own.samples.x[rng.choice(best, 6, replace=False)]
        rows[name] = own.system.positions(chosen).numpy()
    return rows


if __name__ == "__main__":
    main_for("polymer")
