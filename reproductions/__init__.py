"""One script for each system or figure; see `boltzmann-tf list`."""
