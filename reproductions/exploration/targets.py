"""What `explore` is judged by."""

from __future__ import annotations

import numpy as np

from boltzmann_tf.reproduction import Context, Targets
from boltzmann_tf.reproductions.exploration.explored import Explored
from boltzmann_tf.reproductions.published import published

SOURCE = "Noé et al. 2019, the authors' exploration notebooks"
# The iteration by which all states must be in the buffer, and what J_KL must be below at the end.
LIMITS = {"double well": (300, -6.8), "Müller-Brown": (1500, -7.2), "dimer": (2000, 275.0)}


def exploration(context: Context, found: Explored) -> None:
    """When the states are found, at what cost, and where the losses end: alike in both presets."""
    case, last = found.case, slice(-100, None)
    found_by, kl_limit = LIMITS[case.name]
    targets = Targets(context, case.name, SOURCE, why="as in section 3.4 of the reference")
    name = "iteration by which every state is in the buffer"
    latest = max(found.first.values())
    targets.at_most(name, latest, found_by, widened=False, headline=True)
    name = "J_KL, median of the last 100 iterations (kT)"
    targets.at_most(name, np.nanmedian(found.history["kl"][last]), kl_limit, widened=False)
    if case.name == "double well":
        known = published("noe2019_exploration", "double_well")
        said = {"source": known["source"], "why": known["justification"]}
        targets = targets.of(reference_kind="published", **said)
        name, accepted = "acceptance of latent moves at full step", found.history["acceptance"]
        value, tolerance = known["value"], known["tolerance"]
        targets.close(name, np.mean(accepted[last]), value, tolerance, widened=False)
    if case.name == "dimer":
        umbrella = published("noe2019_dimer", "umbrella", "source")
        targets = Targets(context, case.name, f"diffusion over the measured profile; {umbrella}")
        name = "energies until open is found, over plain Metropolis"
        ratio = max(found.energies_until.values()) / found.needed
        targets.at_most(name, ratio, 0.01, widened=False, headline=True)
