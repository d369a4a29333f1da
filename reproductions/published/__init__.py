"""Numbers that the studies compare with and do not compute, each in a JSON file with its source."""

from __future__ import annotations

from pathlib import Path

from boltzmann_tf.reproduction import Numbers

published = Numbers(Path(__file__).parent)
