"""`python -m boltzmann_tf`, as `boltzmann-tf`."""

from boltzmann_tf.cli import main

main()
