"""Configurations as files that programs for particles read: GSD, LAMMPS, DCD and XTC.

    from boltzmann_tf import trajectories

    trajectories.write("fluid.gsd", samples, system)

What each reader takes from them is tested with gsd, freud, MDAnalysis, MDTraj and ASE. GSD, DCD and
XTC need `pip install 'boltzmann_tf[files]'`; LAMMPS' text needs nothing.
"""

from boltzmann_tf.trajectories.files import FORMATS, log_weights_of, write
from boltzmann_tf.trajectories.frames import Frames, frames

__all__ = ["FORMATS", "Frames", "frames", "log_weights_of", "write"]
