"""The parts of the reproduction `explore`."""
