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
from boltzmann_tf.reproductions.polymers.chains import Grown, Simulated, Walked
from boltzmann_tf.reproductions.polymers.plan import Plan, Training
from boltzmann_tf.systems import Polymer

SHORT = 128  # beads, up to which growth is fitted with one correction, too
HIDDEN = (64, 64)  # layers of networks that are trained


@reproduction("polymer", "Polymers: chains of beads, ideal, self-avoiding and collapsed")
def run(context: Context) -> None:
    """Chains by Monte Carlo and by generators, and what is exact of them."""
    own = Plan(context.preset)
    free = [_simulated(context, f"ideal, N = {n}", plan.ideal(n), own) for n in (10, 20)]
    freely = [
        chains.grow(context, f"ideal, N = {len(r.system.chain)}", _plain(r.system), own.drawn)
        for r in free
    ]
    folded = plan.ideal(10, box=potentials.Periodic(plan.PERIODIC))
    wrapped = chains.simulate(
        context, "ideal, folded", folded, own.wrapped_rounds, replicas=own.replicas
    )
    three = chains.grow(context, "trimer", _plain(plan.collapsed(3)), own.drawn)
    runs, grown, log_z, seen = {}, {}, {}, {}
    begun, ideal_chain = {}, {}
    for n, looked in own.poor.items():
        name, system = f"collapsed, N = {n}", plan.collapsed(n)
        runs[name] = _simulated(context, name, system, own)
        at = {1.0: runs[name]}
        if own.from_generator:
            warm = f"{name}, T = {own.hot:g}"
            at[own.hot] = _simulated(context, warm, system, own, own.warming, own.hot)
        generator, x, t = _trained(context, name, system, at, looked.training)
        seen[name] = x[t[:, 0] == 1]
        grown[name] = chains.grow(context, name, generator, looked.drawn, 1.0)
        last = runs[name].state.x
        log_z[name] = chains.log_z_both_ways(
            context, name, runs[name], last, looked.walks, own.both_ways
        )
        if own.from_generator:
            begun[n], ideal_chain[n] = _annealed(
                context, name, runs[name], generator, looked.walks, own
            )
    name, system = f"self-avoiding, N = {own.good}", plan.avoiding(own.good)
    runs[name] = _simulated(context, name, system, own)
    x = chains.frames(runs[name], own.good_frames)
    seen[name] = x.reshape(-1, x.shape[-1])
    grown[name] = chains.grow(context, name, _plain(system), own.grown)
    log_z[name] = chains.log_z_both_ways(
        context, name, runs[name], x[-1], own.good_walks, own.both_ways
    )
    hot, at = _tempered(context, own)
    wet = solvent.run(context, own) if own.solvent_rounds else None
    good = _long(context, "self-avoiding", plan.avoiding, own.lengths, own)
    poor = _long(context, "collapsed", plan.collapsed, own.poor_lengths, own)
    fits = {"self-avoiding": _exponent(good), "collapsed": _exponent(poor)}
    if not context.quick:
        short = {n: run for n, run in good.items() if n <= SHORT}
        fits[f"self-avoiding, N <= {SHORT}, one correction"] = _exponent(short)
        fits["self-avoiding"] = _exponent(good, plan.LAW)

    context.log("figures")
    context.section("Ideal chains: everything is known")
    figures.ends(context, free, freely)
    tables.weights(context, "Generators that need no training", [*freely, three])
    context.section("Chains whose beads attract or repel each other")
    figures.profiles(context, runs, grown)
    figures.bonds(context, seen, grown)
    figures.pictures(context, _pictures(context, grown))
    tables.sizes(context, runs, grown, log_z)
    tables.weights(context, "Weights of generators", grown.values())
    tables.what_limits(context, grown)
    if begun:
        figures.annealing(context, begun, ideal_chain)
    for n, walks in begun.items():
        tables.walks(context, f"Annealing, N = {n}", [*ideal_chain[n], *walks])
    figures.heat(context, hot, at)
    if wet is not None:
        context.section("A chain in a solvent")
        figures.solvent(context, wet)
        tables.walks(context, "Annealing of a chain in a solvent", [*wet.plain, *wet.begun])
        tables.weights(context, "The generator of the soft fluid", [wet.generator])
        tables.solvent(context, wet)
    context.section("How chains grow")
    figures.growth(context, {"self-avoiding": good, "collapsed": poor}, fits)
    tables.exponents(context, fits)
    tables.chains(context, runs | {f"long chains, N = {n}": r for n, r in good.items()})

    context.section("Numbers")
    for r, one in zip(free, freely, strict=True):
        targets.ideal(context, r, one)
    targets.wrapped(context, wrapped)
    targets.trimer(context, three)
    for n in own.poor:
        name = f"collapsed, N = {n}"
        least, after = plan.LEAST.get(n, (0.0, 0.0))
        targets.grown(context, runs[name], grown[name], log_z[name], least)
        if after and begun:
            targets.annealed(context, name, begun[n], ideal_chain[n], after)
    name = f"self-avoiding, N = {own.good}"
    targets.grown(context, runs[name], grown[name], log_z[name], 0.2)
    targets.tempered(context, hot, at)
    targets.solvated(context, wet)
    targets.exponent(context, fits)
    longest = f"collapsed, N = {max(own.poor)}"
    context.save(grown[longest].generator, "generator", f"the generator of {longest}")


def _simulated(
    context: Context,
    name: str,
    system: Polymer,
    own: Plan,
    rounds: int | None = None,
    temperature: float = 1.0,
) -> Simulated:
    return chains.simulate(
        context,
        name,
        system,
        own.rounds if rounds is None else rounds,
        replicas=own.replicas,
        temperature=temperature,
    )


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


def _trained(
    context: Context,
    name: str,
    system: Polymer,
    runs: Mapping[float, Simulated],
    training: Training,
) -> tuple[BoltzmannGenerator, np.ndarray, np.ndarray]:
    """A generator for the temperatures of runs, and what it was trained on: x and T."""
    x, t = chains.together(context, runs, training.frames)
    seed, jit = context.seed_of(f"{name}, network"), False if context.quick else "auto"
    # Preset quick is over before XLA would pay.
    generator = chains.generator_of(
        system,
        seed=seed,
        jit_compile=jit,
        temperature=None,
        hidden=HIDDEN,
        grid=training.grid,
    )
    chains.train(context, name, generator, x, training, t)
    return generator, x, t


def _plain(system: Polymer) -> BoltzmannGenerator:
    return chains.generator_of(system, seed=0)


def _annealed(
    context: Context,
    name: str,
    run: Simulated,
    generator: BoltzmannGenerator,
    walks: int,
    own: Plan,
) -> tuple[list[Walked], list[Walked]]:
    """Walks from a generator that is hotter, and from the ideal chain."""
    grown = chains.grow(context, f"{name}, hot", generator, walks, own.hot)
    begun = [
        chains.from_generator(context, name, run, grown, own.hot, s) for s in own.from_generator
    ]
    return begun, [chains.from_ideal(context, name, run, walks, s) for s in own.from_ideal]


def _tempered(context: Context, own: Plan) -> tuple[dict[float, Grown], dict[float, Simulated]]:
    """One generator for many temperatures."""
    if own.tempered is None:
        return {}, {}
    system = plan.collapsed(plan.TEMPERED)
    name = f"collapsed, N = {plan.TEMPERED}, any T"
    runs = {
        t: _simulated(context, f"{name}: {t:g}", system, own, temperature=t)
        for t in own.temperatures
    }
    generator, _, _ = _trained(context, name, system, runs, own.tempered)
    found = {
        k: chains.grow(context, f"{name}: {k:g}", generator, own.tempered_drawn, k)
        for k in own.temperatures
    }
    return found, runs


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
