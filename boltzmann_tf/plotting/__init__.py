"""The pictures of the reports: functions of arrays that return a matplotlib figure.

Nothing here knows a system or a network. References are drawn in the same axes as the results, in
black; generated quantities carry the colour of their variant. A `Series` is a quantity over a
parameter from one source, which has the same look in every figure; a `Panel` shows several.
"""

from boltzmann_tf._support.series import SOURCES, Series
from boltzmann_tf.plotting.boxes import box_pictures
from boltzmann_tf.plotting.chains import chain_pictures
from boltzmann_tf.plotting.fluids import pair_distributions, structure_factors
from boltzmann_tf.plotting.lattices import spin_pictures
from boltzmann_tf.plotting.lines import convergence, energy_histograms, profiles
from boltzmann_tf.plotting.panels import Panel, curves, draw_panel
from boltzmann_tf.plotting.particles import particle_pictures
from boltzmann_tf.plotting.planes import (
    landscape,
    latent_circles,
    paths,
    potential,
    scatter_grid,
)
from boltzmann_tf.plotting.rods import rod_pictures
from boltzmann_tf.plotting.style import COLORS, STYLE, styled

__all__ = [
    "COLORS",
    "SOURCES",
    "STYLE",
    "Panel",
    "Series",
    "box_pictures",
    "chain_pictures",
    "convergence",
    "curves",
    "draw_panel",
    "energy_histograms",
    "landscape",
    "latent_circles",
    "pair_distributions",
    "particle_pictures",
    "paths",
    "potential",
    "profiles",
    "rod_pictures",
    "scatter_grid",
    "spin_pictures",
    "structure_factors",
    "styled",
]
