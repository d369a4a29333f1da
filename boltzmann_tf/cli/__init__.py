"""The command line `boltzmann-tf`."""

from boltzmann_tf.cli.application import app, main

__all__ = ["app", "main"]
