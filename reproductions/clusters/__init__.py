"""Clusters of particles that nothing holds in place: what `dw4` and `lj13` share."""

from __future__ import annotations

from boltzmann_tf.reproductions.clusters.case import Case, Sizes
from boltzmann_tf.reproductions.clusters.study import reproduce

__all__ = ["Case", "Sizes", "reproduce"]
