"""`python -m boltzmann_tf.cli`, as `boltzmann-tf`."""

from boltzmann_tf.cli import main

main()
