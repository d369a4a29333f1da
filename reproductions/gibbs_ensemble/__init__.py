"""The parts of the reproduction `gibbs`."""
