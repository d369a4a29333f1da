"""Exploration from one known state: the adaptive sampling of Noé et al. 2019.

A buffer starts with configurations of one state only. Each iteration trains on it by example and on
generated configurations by energy, then moves a batch of it by Metropolis steps in latent space.
The other states appear in the buffer without anybody having said where they are. Networks and
schedules are those of the authors' notebooks. Beside it stands what plain Metropolis would need,
from the mean first-passage time of diffusion over the known free-energy profile.
"""

from __future__ import annotations

from boltzmann_tf.reproduction import Context, main_for, reproduction
from boltzmann_tf.reproductions.exploration import figures, targets
from boltzmann_tf.reproductions.exploration.cases import Plan
from boltzmann_tf.reproductions.exploration.explored import explore


@reproduction("explore", "Exploration from one known state (Noé et al. 2019)")
def run(context: Context) -> None:
    """Explores each system, and estimates what plain Metropolis would need."""
    results = [explore(context, case) for case in Plan(context.preset).cases]
    for found in results:
        context.section(found.case.name)
        figures.exploration(context, found)
    context.section("Numbers")
    figures.what_the_network_buys(context, results)
    for found in results:
        targets.exploration(context, found)


if __name__ == "__main__":
    main_for("explore")
