"""Alanine dipeptide for tests: force fields of OpenMM, one shape, and its Reference platform."""

from __future__ import annotations

from typing import Any

import numpy as np

from boltzmann_tf.reproductions.alanine_dipeptide.parameters import topology

# L, at a minimum of ff96 with OBC1, (phi, psi) = (-62, -49) degrees, nm.
SHAPE = np.array(
    [
        [-0.1636, 0.0125, -0.2812],
        [-0.1482, -0.0943, -0.2668],
        [-0.0792, -0.1323, -0.342],
        [-0.2435, -0.1462, -0.2758],
        [-0.0904, -0.1183, -0.1293],
        [-0.1516, -0.1871, -0.0476],
        [0.0273, -0.0615, -0.104],
        [0.0692, -0.0084, -0.1789],
        [0.1004, -0.0722, 0.0226],
        [0.1171, -0.1779, 0.0438],
        [0.2372, -0.0052, 0.0052],
        [0.225, 0.1006, -0.018],
        [0.2921, -0.0537, -0.0756],
        [0.2946, -0.0151, 0.0975],
        [0.0228, -0.0129, 0.1423],
        [0.0113, -0.077, 0.2474],
        [-0.0289, 0.1098, 0.1276],
        [-0.0137, 0.1536, 0.0377],
        [-0.1049, 0.1824, 0.2293],
        [-0.1944, 0.1261, 0.2564],
        [-0.1348, 0.2801, 0.1909],
        [-0.0437, 0.1968, 0.3185],
    ]
)


def force_field(*files: str, cut: float | None = None) -> Any:
    """An `openmm.System` of alanine dipeptide."""
    from openmm import app, unit

    options = {"constraints": None, "nonbondedMethod": app.NoCutoff}
    if cut is not None:
        options |= {
            "nonbondedMethod": app.CutoffNonPeriodic,
            "nonbondedCutoff": cut * unit.nanometer,
        }
    return app.ForceField(*files).createSystem(topology(), **options)


def shaken(n: int, seed: int = 0, size: float = 0.005) -> np.ndarray:
    """Positions about that shape, `[n, 22, 3]`, nm."""
    return SHAPE + size * np.random.default_rng(seed).standard_normal((n, *SHAPE.shape))


def reference(system: Any, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Energies and gradients by OpenMM's Reference platform, kJ/mol and kJ/(mol nm)."""
    import openmm
    from openmm import unit

    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(1e-3), platform)
    md, energies, gradients = unit.md_unit_system, [], []
    for r in positions:
        context.setPositions(r)
        state = context.getState(energy=True, forces=True)
        energies.append(state.getPotentialEnergy().value_in_unit_system(md))
        gradients.append(-state.getForces(asNumpy=True).value_in_unit_system(md))
    return np.array(energies), np.array(gradients)
