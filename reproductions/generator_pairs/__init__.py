"""The parts of the reproduction `two_generators`."""
