"""What `two_generators` is judged by: medians over pairs of networks, and none that failed."""

from __future__ import annotations

import numpy as np

from boltzmann_tf.reproduction import Context, Targets
from boltzmann_tf.reproductions.generator_pairs.pairs import CHECKED, Pairs

# In kT: of a difference of bounds, and reweighted.
TOLERANCES = {"published": 0.15, "bounds within the states": 0.15, "reweighted": 0.05}


def differences(context: Context, found: Pairs) -> None:
    """Free-energy differences by each estimator, and that no network ended in NaN."""
    case = found.case
    targets = Targets(context, case.name, "quadrature, boltzmann_tf.exact")
    for t in CHECKED:
        exact = case.system.exact.free_energy_difference(t)
        for kind, tolerance in TOLERANCES.items():
            # Of values and of stated errors, each by itself.
            median = np.median([pair[t][kind] for pair in found.estimates], axis=0)
            name, shown = f"ΔF at T = {t:g}, {kind} (kT)", t == 1.0 and kind == "reweighted"
            targets.close(name, median, exact, tolerance, headline=shown)
    for state, ensemble in found.ensembles.items():
        name = f"networks that ended in NaN, of {len(ensemble.members)}"
        own = Targets(context, f"{case.name}, {state}", why="none may")
        own.at_most(name, ensemble.nan_count, 0, widened=False)
