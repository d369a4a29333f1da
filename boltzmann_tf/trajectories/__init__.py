"""Configurations as files that programs for particles read and write: GSD, LAMMPS, DCD, XTC.

    from boltzmann_tf import trajectories

    trajectories.write("fluid.gsd", samples, system)
    data = trajectories.read("run.xtc", system, topology="run.pdb")  # for `fit`

What each reader takes from them is tested with gsd, freud, MDAnalysis, MDTraj and ASE. GSD, DCD and
XTC need `pip install 'boltzmann_tf[files]'`; LAMMPS' text needs nothing.
"""

from boltzmann_tf.trajectories.files import FORMATS, log_weights_of, write
from boltzmann_tf.trajectories.frames import Frames, frames
from boltzmann_tf.trajectories.reading import read

__all__ = ["FORMATS", "Frames", "frames", "log_weights_of", "read", "write"]
