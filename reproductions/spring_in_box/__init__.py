"""The parts of the reproduction `toy`."""
