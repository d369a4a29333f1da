"""The parts of the reproduction `nematic`."""
