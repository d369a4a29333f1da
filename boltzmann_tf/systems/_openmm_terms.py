"""What an `openmm.System` holds, as potentials in kT: each force that is known, or an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from boltzmann_tf import potentials
from boltzmann_tf.potentials import Potential

__all__ = ["COULOMB", "GAS_CONSTANT", "masses_of", "terms_of"]

GAS_CONSTANT = 8.31446261815324e-3  # kJ / (mol K)
# kJ nm / mol, of two unit charges at 1 nm: in NonbondedForce and GBSAOBCForce; and in the
# CustomGBForces of the folder `implicit`.
COULOMB = 138.93545764438198
CUSTOM_COULOMB = 138.935485
NOTHING = "CMMotionRemover"  # no energy
CORE = 0.05  # nm; closer than this, charges have the energy at this distance in training
LEAST_SIGMA = 0.05  # nm, of atoms without Lennard-Jones energy

# The integral and the effective radius of the files `implicit/obc1.xml` and `obc2.xml`.
INTEGRAL = (
    "select(step(r+sr2-or1), 0.5*(1/L-1/U+0.25*(r-sr2^2/r)*(1/(U^2)-1/(L^2))+0.5*log(L/U)/r), 0);"
    "U=r+sr2;L=max(or1, D);D=abs(r-sr2)"
)
RADIUS = "1/(1/or-tanh({})/radius);psi=I*or; radius=or+offset; offset=0.009"
BORN_MODELS = {
    RADIUS.format("0.8*psi+2.909125*psi^3"): "OBC1",
    RADIUS.format("psi-0.8*psi^2+4.85*psi^3"): "OBC2",
}
ENERGIES = (
    f"-0.5*{CUSTOM_COULOMB}*(1/soluteDielectric-1/solventDielectric)*charge^2/B",
    "28.3919551*(radius+0.14)^2*(radius/B)^6; radius=or+offset",
    f"-{CUSTOM_COULOMB}*(1/soluteDielectric-1/solventDielectric)*charge1*charge2/f;"
    "f=sqrt(r^2+B1*B2*exp(-r^2/(4*B1*B2)))",
    f"-{CUSTOM_COULOMB}*(1/soluteDielectric-1/solventDielectric)*charge1*charge2*(1/f-CUT);"
    "f=sqrt(r^2+B1*B2*exp(-r^2/(4*B1*B2)))",
)
SURFACE = 28.3919551  # kJ / (mol nm^2), in these


def terms_of(system: Any, kelvin: float) -> list[Potential]:
    """The potentials of an `openmm.System`, in kT at `kelvin` and nm.

    Raises:
      ValueError: for a force, or a method of one, that is not known, with its name.
    """
    _check(system)
    kt = GAS_CONSTANT * kelvin
    found: list[Potential] = []
    for force in system.getForces():
        kind = type(force).__name__
        if kind == NOTHING:
            continue
        if kind not in READERS:
            raise ValueError(
                f"system must hold forces of {sorted(READERS)} and nothing else, got {kind}"
            )
        found += READERS[kind](force, kt)
    names = [term.name for term in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"system must hold one force of each kind, got more for {twice}")
    return found


def masses_of(system: Any) -> np.ndarray:
    """Of the particles, in g/mol, `[n]`."""
    return _numbers([[system.getParticleMass(i)] for i in range(system.getNumParticles())])[:, 0]


def _check(system: Any) -> None:
    if system.getNumConstraints():
        i, j, _ = system.getConstraintParameters(0)
        raise ValueError(
            f"system must have no constraints, which hold degrees of freedom (create it with "
            f"constraints=None, rigidWater=False), got {system.getNumConstraints()}, the first of "
            f"particles {i} and {j}"
        )
    for i in range(system.getNumParticles()):
        if system.isVirtualSite(i):
            raise ValueError(f"system must have no virtual sites, got one as particle {i}")


def _numbers(rows: Sequence[Any]) -> np.ndarray:
    """Quantities in OpenMM's own units (nm, kJ/mol, radians, e) as numbers, a row each."""
    # Not imported but here: an extra.
    from openmm import unit  # type: ignore[import-untyped]  # noqa: PLC0415

    md = unit.md_unit_system
    return np.array(
        [[v.value_in_unit_system(md) if unit.is_quantity(v) else v for v in row] for row in rows],
        np.float64,
    )


def _number(value: Any) -> float:
    return float(_numbers([[value]])[0, 0])


def _bonds(force: Any, kt: float) -> list[Potential]:
    rows = _numbers([force.getBondParameters(k) for k in range(force.getNumBonds())])
    if not len(rows):
        return []
    return [potentials.HarmonicBond(_int(rows[:, :2]), rows[:, 3] / kt, rows[:, 2], name="bonds")]


def _angles(force: Any, kt: float) -> list[Potential]:
    rows = _numbers([force.getAngleParameters(k) for k in range(force.getNumAngles())])
    if not len(rows):
        return []
    return [potentials.HarmonicAngle(_int(rows[:, :3]), rows[:, 4] / kt, rows[:, 3], name="angles")]


def _torsions(force: Any, kt: float) -> list[Potential]:
    rows = _numbers([force.getTorsionParameters(k) for k in range(force.getNumTorsions())])
    rows = rows[rows[:, 6] != 0] if len(rows) else rows
    if not len(rows):
        return []
    turn = potentials.PeriodicTorsion(
        _int(rows[:, :4]), rows[:, 6] / kt, _int(rows[:, 4]), rows[:, 5], name="torsions"
    )
    return [turn]


def _nonbonded(force: Any, kt: float) -> list[Potential]:
    cut = _cut(force)
    if cut is not None and force.getUseSwitchingFunction():
        raise ValueError("NonbondedForce must have no switching function, got one")
    for what in ("ParticleParameterOffsets", "ExceptionParameterOffsets"):
        if getattr(force, f"getNum{what}")():
            raise ValueError(f"NonbondedForce must have no {what}, got some")
    n = force.getNumParticles()
    charges, sigma, epsilon = _numbers([force.getParticleParameters(i) for i in range(n)]).T
    count = force.getNumExceptions()
    rows = _numbers([force.getExceptionParameters(k) for k in range(count)]).reshape(count, 5)
    special = _int(rows[:, :2])
    own = rows[:, 2] * COULOMB / kt, _positive(rows[:, 3], rows[:, 4]), rows[:, 4] / kt
    constant, sigma = COULOMB / kt, _positive(sigma, epsilon)
    options: dict[str, Any] = {"name": "lennard_jones"}
    if cut is None:
        return [
            potentials.PointCharges(
                charges,
                constant,
                special=special,
                special_strength=own[0],
                core=CORE,
                name="coulomb",
            ),
            potentials.LorentzBerthelot(
                epsilon / kt,
                sigma,
                special=special,
                special_sigma=own[1],
                special_epsilon=own[2],
                **options,
            ),
        ]
    # Special pairs are never cut, and see no reaction field.
    options |= {"cut": cut, "exclude": special}
    found: list[Potential] = [
        potentials.ReactionFieldCharges(
            charges,
            constant,
            cut=cut,
            dielectric=_number(force.getReactionFieldDielectric()),
            exclude=special,
            core=CORE,
            name="coulomb",
        ),
        potentials.LorentzBerthelot(epsilon / kt, sigma, **options),
    ]
    charged, sized = own[0] != 0, own[2] != 0
    if charged.any():
        found.append(
            potentials.CoulombOfPairs(special[charged], own[0][charged], name="coulomb_14")
        )
    if sized.any():
        found.append(
            potentials.LennardJonesOfPairs(
                special[sized], own[2][sized], own[1][sized], name="lennard_jones_14"
            )
        )
    return found


def _gbsa_obc(force: Any, kt: float) -> list[Potential]:
    n = force.getNumParticles()
    charges, radii, scales = _numbers([force.getParticleParameters(i) for i in range(n)]).T
    return [
        potentials.GeneralizedBorn(
            charges,
            radii,
            scales,
            constant=COULOMB / kt,
            solute_dielectric=_number(force.getSoluteDielectric()),
            solvent_dielectric=_number(force.getSolventDielectric()),
            surface=4 * np.pi * _number(force.getSurfaceAreaEnergy()) / kt,
            model="OBC2",
            counts_inside=True,
            cut=_cut(force),
            core=CORE,
        )
    ]


def _custom_gb(force: Any, kt: float) -> list[Potential]:
    """Those of OpenMM's files `implicit/obc1.xml` and `obc2.xml`, known by their formulas."""
    values = [force.getComputedValueParameters(k) for k in range(force.getNumComputedValues())]
    energies = [force.getEnergyTermParameters(k) for k in range(force.getNumEnergyTerms())]
    model = None
    if len(values) == 2 and _plain(values[0][1]) == _plain(INTEGRAL):  # noqa: PLR2004
        model = {_plain(k): v for k, v in BORN_MODELS.items()}.get(_plain(values[1][1]))
    if model is None:
        raise ValueError(
            "CustomGBForce must be one of implicit/obc1.xml or implicit/obc2.xml, got the values "
            f"{[value[1] for value in values]}"[:400]
        )
    settings: dict[str, float] = {}
    known, seen = {_plain(e) for e in ENERGIES}, []
    for expression, _ in energies:
        formula, given = _split(expression)
        settings |= given
        if _plain(formula) not in known:
            raise ValueError(f"CustomGBForce must have the usual energies, got {expression!r}")
        seen.append(_plain(formula))
    cut = _cut(force)
    if cut is not None and abs(settings.get("cutoff", cut) - cut) > 1e-9:  # noqa: PLR2004
        raise ValueError(f"cutoff of CustomGBForce must be {cut}, got {settings['cutoff']}")
    if settings.get("kappa", 0.0) != 0:
        raise ValueError(f"kappa of CustomGBForce must be 0, got {settings['kappa']}")
    n = force.getNumParticles()
    charges, spheres, scaled = _numbers([force.getParticleParameters(i) for i in range(n)]).T
    return [
        potentials.GeneralizedBorn(
            charges,
            spheres + settings["offset"],
            scaled / spheres,
            constant=CUSTOM_COULOMB / kt,
            solute_dielectric=settings["soluteDielectric"],
            solvent_dielectric=settings["solventDielectric"],
            surface=SURFACE / kt if _plain(ENERGIES[1]) in seen else 0.0,
            model=model,
            cut=cut,
            core=CORE,
        )
    ]


def _split(expression: str) -> tuple[str, dict[str, float]]:
    """A formula without the numbers it is given by name, and these."""
    settings = {}
    for name, value in re.findall(r";\s*(\w+)=([-+.\deE]+)(?=;|$)", expression):
        settings[name] = float(value)
    formula = re.sub(r";\s*\w+=[-+.\deE]+(?=;|$)", "", expression)
    return re.sub(r"\(1/f-[-+.\deE]+\)", "(1/f-CUT)", formula), settings


def _plain(expression: str) -> str:
    return re.sub(r"\s", "", expression)


def _cut(force: Any) -> float | None:
    """The cutoff, None for none; or raises for a method that is not known."""
    kind, method = type(force).__name__, force.getNonbondedMethod()
    if method == force.NoCutoff:
        return None
    if method == force.CutoffNonPeriodic:
        return _number(force.getCutoffDistance())
    names = ("CutoffPeriodic", "Ewald", "PME", "LJPME")
    name = next((v for v in names if getattr(force, v, None) == method), str(method))
    raise ValueError(
        f"nonbonded method of {kind} must be NoCutoff or CutoffNonPeriodic, got {name}"
    )


def _positive(sigma: np.ndarray, epsilon: np.ndarray) -> np.ndarray:
    """Sigmas, where an atom has no Lennard-Jones energy some number that is no zero."""
    return np.where((sigma > 0) | (epsilon != 0), sigma, LEAST_SIGMA)


def _int(rows: np.ndarray) -> np.ndarray:
    return rows.astype(np.int64)


READERS: dict[str, Callable[[Any, float], list[Potential]]] = {
    "HarmonicBondForce": _bonds,
    "HarmonicAngleForce": _angles,
    "PeriodicTorsionForce": _torsions,
    "NonbondedForce": _nonbonded,
    "GBSAOBCForce": _gbsa_obc,
    "CustomGBForce": _custom_gb,
}
